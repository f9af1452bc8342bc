"""One connection to a real broker: paho-mqtt, MQTT 5, its socket watched by the event loop itself.

Only the blocking opening of the connection runs in a thread, and that thread never writes a byte of MQTT.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import cast

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from cloud_bridge.broker import Message, UplinkError
from cloud_bridge.flow import PACKET_BYTES_MAX, RECEIVE_MAX, Flow, Patience
from cloud_bridge.tls import Renewal
from cloud_bridge.tls_words import Peer, speaks_tls, words_for_plain

LEAVE_TIMEOUT_S = 2.0

_properties: Callable[[int], Properties] = Properties  # its __init__ says nothing of types

_NORMAL = 0x00
_UNSUPPORTED_VERSION = 0x84
_NOT_AUTHORIZED = 0x87
_MQTT5_HINT = "Pusterom needs a broker that speaks MQTT 5, such as Mosquitto 2"
_RENEWED = "the certificate files were renewed: connecting anew with them"


class PahoSession:
    """One connection; its callbacks all run on the event loop, out of `_readable` and `_writable`."""

    def __init__(self, client: Client, peer: Peer, renewal: Renewal, patience: Patience) -> None:
        self._client = client
        self._peer = peer
        self._renewal = renewal
        self._address = peer.address
        self._patience = patience
        self._loop = asyncio.get_running_loop()
        self._flow = Flow(self._close, patience.ack_timeout_s)
        self._answer: asyncio.Future[list[ReasonCode]] = self._loop.create_future()
        self._closed = asyncio.Event()
        self._is_watched = False
        self._is_accepted = False
        self._is_unanswered = False
        self._goodbye = "the session was left"
        self._timer: asyncio.TimerHandle | None = None
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        client.on_disconnect = self._on_disconnect

    # What the hub and the ward call.

    async def publish(self, topic: str, payload: bytes, *, is_retained: bool = False) -> None:
        """Publish at QoS 1 and return once the broker has acknowledged it."""

        def send() -> int:
            info = self._client.publish(topic, payload, qos=1, retain=is_retained)
            if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
                raise UplinkError(f"the message could not be sent: {info.rc.name}")
            return info.mid

        await self._flow.publish(len(topic.encode()) + len(payload), send)

    async def receive(self) -> Message:
        """Return the next message; the broker's copy of it is acknowledged only now."""
        return await self._flow.receive()

    # From dialling to leaving.

    async def open(self) -> None:
        """Reach the broker and wait for its CONNACK."""
        # A hook that does nothing keeps paho from writing in the thread: CONNECT waits for the loop,
        # so a session that is cancelled while it dials takes over nobody else's session.
        self._client.on_socket_register_write = _not_yet
        dialling = self._loop.run_in_executor(None, self._dial)
        try:
            await asyncio.shield(dialling)
        except (OSError, ValueError) as error:
            raise UplinkError(self._peer.unreachable(error)) from error
        except asyncio.CancelledError:
            dialling.add_done_callback(self._hang_up)
            raise
        self._watch()
        try:
            await self._answer
        except UplinkError:
            if self._is_unanswered and await self._loop.run_in_executor(None, self._is_a_port_for_tls):
                raise UplinkError(words_for_plain(self._address)) from None
            raise

    async def subscribe(self, filters: tuple[str, ...]) -> None:
        """Subscribe and look at each reason code: a refusal is an UplinkError."""
        if not filters:
            return
        self._answer = self._loop.create_future()
        self._client.subscribe([(pattern, 1) for pattern in filters])
        reasons = await self._answer
        if len(reasons) != len(filters):
            raise UplinkError(f"the broker answered {len(reasons)} of {len(filters)} subscriptions")
        for pattern, reason in zip(filters, reasons, strict=True):
            if reason.is_failure:
                raise UplinkError(f"the broker refuses the subscription {pattern}: {_said(reason)}")

    async def leave(self) -> None:
        """Say goodbye, so that no will is published; give up on goodbye after LEAVE_TIMEOUT_S."""
        try:
            if self._is_watched and self._flow.reason is None:
                self._client.disconnect()
                async with asyncio.timeout(LEAVE_TIMEOUT_S):
                    await self._closed.wait()
        except TimeoutError:
            pass  # the broker hears of it from the closed socket
        finally:
            self._flow.lose("the session was left")

    def _dial(self) -> None:
        asked = _properties(PacketTypes.CONNECT)
        asked.SessionExpiryInterval = self._patience.session_expiry_s
        asked.ReceiveMaximum = RECEIVE_MAX
        asked.MaximumPacketSize = PACKET_BYTES_MAX
        host, port = self._address.host, self._address.port
        self._client.connect(host, port, self._patience.keepalive_s, clean_start=False, properties=asked)

    def _is_a_port_for_tls(self) -> bool:
        return not self._address.is_tls and speaks_tls(self._address)

    def _hang_up(self, dialling: asyncio.Future[None]) -> None:
        if not dialling.cancelled():
            dialling.exception()  # seen; whoever would have cared is gone
        self._close()

    # The socket, watched by the event loop.

    def _watch(self) -> None:
        sock = cast("socket.socket | None", self._client.socket())
        if sock is None:
            self._flow.lose("the connection was closed while it was opened")
            return
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else receipts wait 40 ms
        self._client.on_socket_close = self._unwatch
        self._client.on_socket_register_write = self._watch_write
        self._client.on_socket_unregister_write = self._unwatch_write
        self._is_watched = True
        self._loop.add_reader(sock, self._readable)
        self._loop.add_writer(sock, self._writable)
        self._look_after()

    def _unwatch(self, _client: Client, _data: object, sock: object) -> None:
        raw = cast("socket.socket", sock)
        if raw.fileno() >= 0:
            self._loop.remove_reader(raw)
            self._loop.remove_writer(raw)

    def _watch_write(self, _client: Client, _data: object, sock: object) -> None:
        self._loop.add_writer(cast("socket.socket", sock), self._writable)

    def _unwatch_write(self, _client: Client, _data: object, sock: object) -> None:
        self._loop.remove_writer(cast("socket.socket", sock))

    def _readable(self) -> None:
        try:
            self._client.loop_read()
            # TLS hands out a record at a time: what is decrypted already wakes no selector.
            while isinstance(sock := self._client.socket(), ssl.SSLSocket) and sock.pending():
                self._client.loop_read()
        except Exception as error:  # noqa: BLE001 - paho raises whatever its decoder stumbled over
            self._flow.lose(f"the broker sent what is not MQTT 5: {error!r}")

    def _writable(self) -> None:
        self._client.loop_write()

    def _look_after(self) -> None:
        """Let paho ping, and notice a missing answer; a broker may have set another keepalive."""
        self._client.loop_misc()
        if self._is_accepted and self._renewal.is_due():
            self._goodbye = _RENEWED
            self._client.disconnect()  # no will is spoken: we are back at once
        if self._flow.reason is None:
            self._timer = self._loop.call_later(max(self._client.keepalive, 1) / 4, self._look_after)

    def _close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        client = self._client
        client.on_connect = client.on_subscribe = client.on_publish = None
        client.on_message = client.on_disconnect = None
        client.on_socket_close = client.on_socket_unregister_write = None
        client.on_socket_register_write = _not_yet  # a thread may still be dialling
        sock = client.socket()
        if sock is not None:
            self._unwatch(client, None, sock)
            sock.close()
        if not self._answer.done():
            self._answer.set_exception(UplinkError(self._flow.reason or "the session was left"))
            self._answer.exception()  # nobody need be waiting for it
        self._closed.set()

    # What paho calls.

    def _on_connect(
        self,
        _client: Client,
        _data: object,
        _flags: ConnectFlags,
        reason: ReasonCode,
        allowed: Properties | None,
    ) -> None:
        if reason.is_failure:
            hint = f"; {_MQTT5_HINT}" if reason.value == _UNSUPPORTED_VERSION else ""
            self._flow.lose(f"{self._address} refused the connection: {_said(reason)}{hint}")
            return
        self._flow.agree(
            getattr(allowed, "ReceiveMaximum", None), getattr(allowed, "MaximumPacketSize", None)
        )
        self._is_accepted = True
        self._answer.set_result([reason])

    def _on_subscribe(
        self, _client: Client, _data: object, _mid: int, reasons: list[ReasonCode], *_rest: object
    ) -> None:
        if not self._answer.done():
            self._answer.set_result(reasons)

    def _on_publish(
        self, _client: Client, _data: object, mid: int, reason: ReasonCode, *_rest: object
    ) -> None:
        is_denied = reason.value == _NOT_AUTHORIZED
        self._flow.acked(mid, _said(reason) if reason.is_failure else None, is_denied=is_denied)

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        def take() -> None:
            self._client.ack(message.mid, message.qos)

        self._flow.arrived(Message(message.topic, bytes(message.payload)), take)

    def _on_disconnect(
        self, _client: Client, _data: object, flags: DisconnectFlags, reason: ReasonCode, *_rest: object
    ) -> None:
        if flags.is_disconnect_packet_from_server:
            self._flow.lose(f"{self._address} ended the connection: {_said(reason)}")
        elif reason.value == _NORMAL:
            self._flow.lose(self._goodbye)
        elif self._is_accepted:
            self._flow.lose(f"the connection to {self._address} was lost: {_said(reason)}")
        elif self._address.is_tls:
            self._flow.lose(self._peer.hung_up())
        else:
            self._is_unanswered = True
            self._flow.lose(f"{self._address} closed the connection without an answer; {_MQTT5_HINT}")


def _said(reason: ReasonCode) -> str:
    """Say a reason code in words and in its number."""
    return f"{reason.getName()} (0x{reason.value:02x})"


def _not_yet(_client: Client, _data: object, _sock: object) -> None:
    """Leave what paho wants to write until the event loop writes it."""
