"""One virtual client's connection: MQTT 5 over a wire in memory, and the faults of the road."""

import asyncio
from collections.abc import Callable
from typing import cast

import mqtt5
from mqtt5 import Packet, QoS

from cloud_bridge.broker import Message, UplinkError
from cloud_bridge.flow import PACKET_BYTES_MAX, RECEIVE_MAX, Flow, Patience
from simulators.mqtt_packets import Framer, PacketError
from simulators.virtual_faults import Luck
from simulators.virtual_wire import WireEnd

_REFUSAL = 0x80
_PACKET_ID_MAX = 65_535


class VirtualSession(asyncio.Protocol):
    """A Session as the simulation has it; the window, the time-out and the inbox are the real ones."""

    def __init__(self, connect: mqtt5.ConnectPacket, luck: Luck, patience: Patience) -> None:
        self._connect = connect
        self._luck = luck
        self._patience = patience
        self._loop = asyncio.get_running_loop()
        self._flow = Flow(self._close, patience.ack_timeout_s)
        self._framer = Framer(PACKET_BYTES_MAX)
        self._answer: asyncio.Future[Packet] = self._loop.create_future()
        self._wire: WireEnd | None = None
        self._last_id = 0
        self._acks_to_lose: dict[int, None] = {}
        self._heard_at = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None

    # What the hub and the ward call.

    async def publish(self, topic: str, payload: bytes, *, is_retained: bool = False) -> None:
        """Publish at QoS 1 and return once the broker has acknowledged it."""

        def send() -> int:
            packet_id = self._last_id = self._last_id % _PACKET_ID_MAX + 1
            packet = mqtt5.PublishPacket(
                topic, payload, qos=QoS.AT_LEAST_ONCE, retain=is_retained, packet_id=packet_id
            )
            self._send_publish(packet, packet_id)
            return packet_id

        await self._flow.publish(len(topic.encode()) + len(payload), send)

    async def receive(self) -> Message:
        """Return the next message; the broker's copy of it is acknowledged only now."""
        return await self._flow.receive()

    # From CONNECT to DISCONNECT.

    async def open(self) -> None:
        """Wait for the CONNACK."""
        answer = await self._answer
        if not isinstance(answer, mqtt5.ConnAckPacket):
            raise UplinkError(f"the broker answered CONNECT with {type(answer).__name__}")
        if int(answer.reason_code) >= _REFUSAL:
            raise UplinkError(f"the broker refused the connection: {_said(answer.reason_code)}")
        self._flow.agree(answer.receive_max, answer.max_packet_size)
        self._look_after()

    async def subscribe(self, filters: tuple[str, ...]) -> None:
        """Subscribe and look at each reason code: a refusal is an UplinkError."""
        if not filters:
            return
        self._answer = self._loop.create_future()
        wanted = [mqtt5.TopicFilter(pattern, max_qos=QoS.AT_LEAST_ONCE) for pattern in filters]
        self._write(mqtt5.SubscribePacket(_PACKET_ID_MAX, wanted))
        answer = await self._answer
        assert isinstance(answer, mqtt5.SubAckPacket), "nothing else is an answer after the CONNACK"
        for pattern, reason in zip(filters, answer.reason_codes, strict=True):
            if int(reason) >= _REFUSAL:
                raise UplinkError(f"the broker refuses the subscription {pattern}: {_said(reason)}")

    def leave(self) -> None:
        """Say goodbye, so that no will is published."""
        if self._flow.reason is None:
            self._write(mqtt5.DisconnectPacket())
        self._flow.lose("the session was left")

    def mute(self) -> None:
        """Let all bytes vanish from now on, in both directions."""
        if self._wire is not None:
            self._wire.mute()

    def mute_answers(self) -> None:
        """Let only the broker's bytes vanish: what we send still arrives."""
        if self._wire is not None:
            self._wire.mute_answers()

    def abort(self) -> None:
        """Cut the wire."""
        if self._wire is not None:
            self._wire.abort()

    # What the wire calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send CONNECT."""
        self._wire = cast("WireEnd", transport)
        self._write(self._connect)

    def data_received(self, data: bytes) -> None:
        """Take each complete packet."""
        self._heard_at = self._loop.time()
        try:
            for packet in self._framer.feed(data):
                self._take(packet)
        except PacketError as error:
            self._flow.lose(f"the broker sent what is not MQTT 5: {error}")

    def connection_lost(self, _error: Exception | None) -> None:
        """End everything that waits."""
        self._flow.lose("the connection to the broker was lost")

    # Packets, and the faults that befall them.

    def _take(self, packet: Packet) -> None:
        match packet:
            case mqtt5.PubAckPacket():
                self._take_ack(packet)
            case mqtt5.PublishPacket():
                self._take_publish(packet)
            case mqtt5.DisconnectPacket():
                self._flow.lose(f"the broker ended the connection: {_said(packet.reason_code)}")
            case mqtt5.ConnAckPacket() | mqtt5.SubAckPacket() if not self._answer.done():
                self._answer.set_result(packet)
            case _:
                pass  # PINGRESP: that anything came is all it says

    def _send_publish(self, packet: mqtt5.PublishPacket, packet_id: int) -> None:
        luck, faults = self._luck, self._luck.faults
        if luck.strikes(faults.connection_lost):
            self.abort()
        if luck.strikes(faults.half_open):
            self.mute()
        if luck.strikes(faults.publish_refused):
            refusal = mqtt5.PubAckReasonCode.QUOTA_EXCEEDED
            self._loop.call_later(luck.latency_s(), self._flow.acked, packet_id, _said(refusal))
            return
        if luck.strikes(faults.ack_lost):
            self._acks_to_lose[packet_id] = None
        self._write(packet)
        if luck.strikes(faults.duplicated):
            self._write(packet)

    def _take_ack(self, packet: mqtt5.PubAckPacket) -> None:
        if packet.packet_id in self._acks_to_lose:
            self.abort()
            self._flow.lose("the connection to the broker was lost")
            return
        reason = packet.reason_code
        refusal = _said(reason) if int(reason) >= _REFUSAL else None
        is_denied = reason == mqtt5.PubAckReasonCode.NOT_AUTHORIZED
        self._flow.acked(packet.packet_id, refusal, is_denied=is_denied)

    def _take_publish(self, packet: mqtt5.PublishPacket) -> None:
        if self._flow.reason is not None:
            return
        if self._luck.strikes(self._luck.faults.connection_lost):
            self.abort()
            self._flow.lose("the connection to the broker was lost")
            return

        def take() -> None:
            if packet.packet_id is not None:
                self._write(mqtt5.PubAckPacket(packet.packet_id))

        if self._luck.strikes(self._luck.faults.swallowed):
            take()
            return
        message = Message(packet.topic, packet.payload)
        if self._luck.strikes(self._luck.faults.overtaken):
            self._loop.call_later(self._luck.late_s(), self._arrive_late, message, take)
            return
        self._flow.arrived(message, take)

    def _arrive_late(self, message: Message, take: Callable[[], None]) -> None:
        if self._flow.reason is None:
            self._flow.arrived(message, take)

    def _write(self, packet: Packet) -> None:
        if self._wire is not None:
            self._wire.write(packet.write())

    # Time, and the end.

    def _look_after(self) -> None:
        """Ping once in a keepalive; a whole one without a byte after that is a lost connection."""
        silent_s = self._loop.time() - self._heard_at
        if silent_s >= 2 * self._patience.keepalive_s:
            self._flow.lose(
                "the connection to the broker was lost: nothing heard, not even an answer to a ping"
            )
            return
        self._write(mqtt5.PingReqPacket())
        self._timer = self._loop.call_later(self._patience.keepalive_s, self._look_after)

    def _close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._wire is not None:
            self._wire.close()
        if not self._answer.done():
            self._answer.set_exception(UplinkError(self._flow.reason or "the session was left"))
            self._answer.exception()  # nobody need be waiting for it


def connect_packet(client_id: str, patience: Patience, will: Message | None) -> mqtt5.ConnectPacket:
    """Return the CONNECT that says the same as the real client's."""
    last_word = None
    if will is not None:
        last_word = mqtt5.Will(will.topic, payload=will.payload, qos=QoS.AT_LEAST_ONCE, retain=True)
    return mqtt5.ConnectPacket(
        client_id,
        clean_start=False,
        will=last_word,
        keep_alive=patience.keepalive_s,
        session_expiry_interval=patience.session_expiry_s,
        receive_max=RECEIVE_MAX,
        max_packet_size=PACKET_BYTES_MAX,
    )


def _said(reason: int) -> str:
    """Say a reason code in words and in its number."""
    name = getattr(reason, "name", "unknown").replace("_", " ").capitalize()
    return f"{name} (0x{int(reason):02x})"
