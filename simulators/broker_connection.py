"""One client's connection to the small broker: its packets in, its answers out."""

import asyncio
from typing import Protocol, cast

import mqtt5
from mqtt5 import ConnAckReasonCode, DisconnectReasonCode, Packet, PubAckReasonCode, QoS

from simulators.broker_session import Session
from simulators.broker_state import BrokerState
from simulators.broker_topics import is_topic
from simulators.mqtt_packets import Framer, OldVersionError, OversizeError, PacketError

RECEIVE_MAX = 100
PACKET_BYTES_MAX = 5_000_000
HANDSHAKE_S = 10.0
"""A connection that has not said CONNECT by then is closed."""

LINGER_S = 2.0

_CONNACK_OF_MQTT3 = bytes.fromhex("20020001")  # computed: "unacceptable protocol version"
_NEVER_EXPIRES = 0xFFFF_FFFF


class Home(Protocol):
    """What a connection needs of its broker."""

    state: BrokerState
    denied_topics: set[str]

    def is_welcome(self) -> bool:
        """Tell a new connection whether it may stay."""
        ...

    def lost(self, connection: "Connection") -> None:
        """Forget a connection that has ended."""
        ...


class _Refused(Exception):  # noqa: N818 - it ends one connection, by rule, and nothing else
    def __init__(self, reason: DisconnectReasonCode) -> None:
        super().__init__(reason.name)
        self.reason = reason


class Connection(asyncio.Protocol):
    """Speaks MQTT 5 over any transport; whatever the bytes are, at most this connection ends."""

    def __init__(self, broker: Home) -> None:
        self._broker = broker
        self._state = broker.state
        self._framer = Framer(PACKET_BYTES_MAX)
        self._loop = asyncio.get_running_loop()
        self._session: Session | None = None
        self._will: mqtt5.Will | None = None
        self._patience_s = HANDSHAKE_S
        self._heard_at = self._loop.time()
        self._timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport | None = None
        self._is_congested = False

    # What the transport calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for CONNECT, unless the internet is cut."""
        self._transport = cast("asyncio.Transport", transport)
        if not self._broker.is_welcome():
            self._transport.abort()
        self._look_after()

    def data_received(self, data: bytes) -> None:
        """Take each complete packet; the first that breaks the rules ends the connection."""
        self._heard_at = self._loop.time()
        try:
            for packet in self._framer.feed(data):
                if self._transport is None or self._transport.is_closing():
                    return
                self._take(packet)
        except OldVersionError:
            self._write(_CONNACK_OF_MQTT3)
            self._close()
        except OversizeError:
            self.end(DisconnectReasonCode.PACKET_TOO_LARGE)
        except PacketError:
            self.end(DisconnectReasonCode.MALFORMED_PACKET)
        except _Refused as refused:
            self.end(refused.reason)

    def connection_lost(self, _error: Exception | None) -> None:
        """Speak the will, unless the client took its leave; let the session begin to expire."""
        self._broker.lost(self)
        if self._timer is not None:
            self._timer.cancel()
        self._detach()
        self._transport = None

    def pause_writing(self) -> None:
        """Stop reading from whom doesn't read: his answers would pile up without end."""
        self._is_congested = True
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Go on."""
        self._is_congested = False
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()
        if self._session is not None:
            self._session.pump()

    # What the session and the broker call.

    @property
    def is_congested(self) -> bool:
        """Whether the client reads more slowly than we write."""
        return self._is_congested

    def send(self, packet: Packet) -> None:
        """Write a packet."""
        self._write(packet.write())

    def end(self, reason: DisconnectReasonCode) -> None:
        """Say why, and close; a will is spoken before anybody else can have the session."""
        if self._session is not None:
            self.send(mqtt5.DisconnectPacket(reason_code=reason))
        self._detach()
        self._close()

    def abort(self) -> None:
        """Cut the line."""
        if self._transport is not None:
            self._transport.abort()

    def forget(self) -> None:
        """Cut the line as a broker does that falls over: no will, no session left behind."""
        self._session = self._will = None
        self.abort()

    # What the packets ask for.

    def _take(self, packet: Packet) -> None:
        if self._session is None:
            if not isinstance(packet, mqtt5.ConnectPacket):
                raise _Refused(DisconnectReasonCode.PROTOCOL_ERROR)
            self._connect(packet)
            return
        match packet:
            case mqtt5.PublishPacket():
                self._publish(packet, self._session)
            case mqtt5.PubAckPacket():
                self._session.acknowledged(packet.packet_id)
            case mqtt5.SubscribePacket():
                self._subscribe(packet, self._session)
            case mqtt5.UnsubscribePacket():
                reasons = [self._state.unsubscribe(self._session, name) for name in packet.patterns]
                self.send(mqtt5.UnsubAckPacket(packet.packet_id, reasons))
            case mqtt5.PingReqPacket():
                self.send(mqtt5.PingRespPacket())
            case mqtt5.DisconnectPacket():
                self._leave(packet, self._session)
            case _:
                raise _Refused(DisconnectReasonCode.PROTOCOL_ERROR)

    def _connect(self, packet: mqtt5.ConnectPacket) -> None:
        if (refusal := self._refusal(packet)) is not None:
            self.send(mqtt5.ConnAckPacket(reason_code=refusal))
            self._close()
            return
        client_id = packet.client_id or self._state.assign_id()
        self._session, is_present = self._state.open(packet, client_id, self)
        self._will = packet.will
        self._patience_s = packet.keep_alive * 1.5  # as the standard has it; 0 means for ever
        self._look_after()
        self.send(
            mqtt5.ConnAckPacket(
                session_present=is_present,
                receive_max=RECEIVE_MAX,
                max_qos=QoS.AT_LEAST_ONCE,
                max_packet_size=PACKET_BYTES_MAX,
                assigned_client_id=None if packet.client_id else client_id,
                subscription_id_available=False,
                shared_subscription_available=False,
            )
        )
        self._session.resume()

    def _refusal(self, packet: mqtt5.ConnectPacket) -> ConnAckReasonCode | None:
        if packet.authentication_method is not None:
            return ConnAckReasonCode.BAD_AUTHENTICATION_METHOD
        if packet.will is not None and not is_topic(packet.will.topic):
            return ConnAckReasonCode.TOPIC_NAME_INVALID
        if self._state.is_full and packet.client_id not in self._state.sessions:
            return ConnAckReasonCode.QUOTA_EXCEEDED
        return None

    def _publish(self, packet: mqtt5.PublishPacket, session: Session) -> None:
        if packet.qos == QoS.EXACTLY_ONCE:
            raise _Refused(DisconnectReasonCode.QOS_NOT_SUPPORTED)
        if packet.topic_alias is not None:
            raise _Refused(DisconnectReasonCode.TOPIC_ALIAS_INVALID)  # we allowed none
        if not is_topic(packet.topic):
            raise _Refused(DisconnectReasonCode.TOPIC_NAME_INVALID)
        if packet.topic in self._broker.denied_topics:
            reason = PubAckReasonCode.NOT_AUTHORIZED
        else:
            reason = self._state.publish(packet, session.client_id)
        if packet.packet_id is not None:
            self.send(mqtt5.PubAckPacket(packet.packet_id, reason_code=reason))

    def _subscribe(self, packet: mqtt5.SubscribePacket, session: Session) -> None:
        if packet.subscription_id is not None:
            raise _Refused(DisconnectReasonCode.SUBSCRIPTION_IDS_NOT_SUPPORTED)
        answers = [self._state.subscribe(session, wanted) for wanted in packet.topic_filters]
        self.send(mqtt5.SubAckPacket(packet.packet_id, [reason for reason, _ in answers]))
        for _, kept in answers:
            for message in kept:
                session.deliver(message)

    def _leave(self, packet: mqtt5.DisconnectPacket, session: Session) -> None:
        if packet.session_expiry_interval is not None:
            session.expiry_s = packet.session_expiry_interval
        if packet.reason_code == DisconnectReasonCode.NORMAL_DISCONNECTION:
            self._will = None
        self._close()

    # Time, and the end.

    def _look_after(self) -> None:
        """Close when the client has been silent for too long; sleeps exactly until that moment."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._patience_s:
            return
        until = self._heard_at + self._patience_s
        if self._loop.time() >= until:
            self.end(DisconnectReasonCode.KEEP_ALIVE_TIMEOUT)
        else:
            self._timer = self._loop.call_at(until, self._look_after)

    def _detach(self) -> None:
        session, will = self._session, self._will
        self._session = self._will = None
        if session is None:
            return
        session.outlet = None
        if session.expiry_s == 0:
            self._state.drop(session)
        elif session.expiry_s != _NEVER_EXPIRES:
            session.expiry = self._loop.call_later(session.expiry_s, self._state.drop, session)
        if will is not None:
            self._state.publish_will(will, session.client_id)

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def _close(self) -> None:
        if self._transport is None:
            return
        self._transport.close()
        if self._transport.get_write_buffer_size():  # whoever doesn't read would hold us for ever
            self._loop.call_later(LINGER_S, self._transport.abort)
