"""What the small broker keeps of one client, connected or not. No IO, no clock."""

import asyncio
from collections import deque
from typing import Protocol

from mqtt5 import ConnectPacket, DisconnectReasonCode, Packet, PublishPacket, QoS

QUEUE_COUNT_MAX = 10_000
QUEUE_BYTES_MAX = 64_000_000
_PACKET_ID_MAX = 65_535


class Outlet(Protocol):
    """The connection that a session has at the moment."""

    @property
    def is_congested(self) -> bool:
        """Whether the client reads more slowly than we write."""
        ...

    def send(self, packet: Packet) -> None:
        """Write a packet."""
        ...

    def end(self, reason: DisconnectReasonCode) -> None:
        """Say why, and close."""
        ...


class Session:
    """The queue and the unacknowledged messages of one client id."""

    def __init__(self, client_id: str) -> None:
        self.client_id = client_id
        self.outlet: Outlet | None = None
        self.expiry_s = 0
        self.expiry: asyncio.TimerHandle | None = None
        self.patterns: dict[str, None] = {}
        self.dropped_count = 0
        self._receive_max = _PACKET_ID_MAX
        self._packet_bytes_max: int | None = None
        self._queue: deque[PublishPacket] = deque()
        self._queued_bytes = 0
        self._in_flight: dict[int, PublishPacket] = {}
        self._last_id = 0

    def attach(self, outlet: Outlet, connect: ConnectPacket) -> None:
        """Take over a new connection, and what its CONNECT allows."""
        self.outlet = outlet
        self.expiry_s = connect.session_expiry_interval
        self._receive_max = connect.receive_max
        self._packet_bytes_max = connect.max_packet_size
        if self.expiry is not None:
            self.expiry.cancel()
            self.expiry = None

    def resume(self) -> None:
        """Send again what the last connection did not acknowledge, then what has waited since."""
        assert self.outlet is not None, "only an attached session resumes"
        for packet_id, packet in self._in_flight.items():
            self.outlet.send(published(packet, packet.qos, packet_id=packet_id, is_duplicate=True))
        self.pump()

    def deliver(self, packet: PublishPacket) -> None:
        """Send now, or keep for later; what can do neither is counted, never just gone."""
        is_at_once = packet.qos == QoS.AT_MOST_ONCE
        if is_at_once and self.outlet is not None and not self.outlet.is_congested and self._fits(packet):
            self.outlet.send(packet)
        elif is_at_once or self._is_full(packet):
            self.dropped_count += 1
        else:
            self._queue.append(packet)
            self._queued_bytes += len(packet.payload)
            self.pump()

    def pump(self) -> None:
        """Send from the queue as far as the client's receive maximum allows."""
        while self.outlet and self._queue and self._has_room(self.outlet):
            packet = self._queue.popleft()
            self._queued_bytes -= len(packet.payload)
            if not self._fits(packet):
                self.dropped_count += 1  # the client's own limit: it must never be sent
                continue
            packet_id = self._next_id()
            self._in_flight[packet_id] = packet
            self.outlet.send(published(packet, packet.qos, packet_id=packet_id))

    def acknowledged(self, packet_id: int) -> None:
        """Forget a message that the client now has."""
        self._in_flight.pop(packet_id, None)
        self.pump()

    def _has_room(self, outlet: Outlet) -> bool:
        return len(self._in_flight) < self._receive_max and not outlet.is_congested

    def _is_full(self, packet: PublishPacket) -> bool:
        is_over = self._queued_bytes + len(packet.payload) > QUEUE_BYTES_MAX
        return is_over or len(self._queue) >= QUEUE_COUNT_MAX

    def _fits(self, packet: PublishPacket) -> bool:
        if self._packet_bytes_max is None:
            return True
        packet_id = None if packet.qos == QoS.AT_MOST_ONCE else _PACKET_ID_MAX
        return len(published(packet, packet.qos, packet_id=packet_id).write()) <= self._packet_bytes_max

    def _next_id(self) -> int:
        while True:
            self._last_id = self._last_id % _PACKET_ID_MAX + 1
            if self._last_id not in self._in_flight:
                return self._last_id


def published(
    packet: PublishPacket,
    qos: QoS,
    *,
    packet_id: int | None = None,
    is_retained: bool | None = None,
    is_duplicate: bool = False,
) -> PublishPacket:
    """Return a message as it goes on to a subscriber, with every property its sender gave it."""
    return PublishPacket(
        packet.topic,
        packet.payload,
        qos=qos,
        retain=packet.retain if is_retained is None else is_retained,
        packet_id=packet_id or (None if qos == QoS.AT_MOST_ONCE else _PACKET_ID_MAX),
        duplicate=is_duplicate,
        payload_format_indicator=packet.payload_format_indicator,
        message_expiry_interval=packet.message_expiry_interval,
        content_type=packet.content_type,
        response_topic=packet.response_topic,
        correlation_data=packet.correlation_data,
        user_properties=packet.user_properties,
    )
