"""One end of a socket that carries HCI packets (H4) between a Bluetooth host and its controller."""

import asyncio
from collections.abc import Callable
from typing import cast

from bumble import core
from bumble.transport.common import PacketParser, TransportSink

UNREAD_BYTES_MAX = 1_000_000
"""A host that leaves this much unread has stopped; it is cut off, the air goes on."""


class Pipe(asyncio.Protocol):
    """Parses what arrives, sends what is put in, and says once when the other end is gone."""

    def __init__(self, opened: "Callable[[Pipe], None]", lost: "Callable[[Pipe], None]") -> None:
        self._opened = opened
        self._lost = lost
        self._parser = PacketParser()
        self._transport: asyncio.Transport | None = None
        self.terminated: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def set_packet_sink(self, sink: TransportSink) -> None:
        """Send every packet that arrives there."""
        self._parser.set_packet_sink(sink)

    def on_packet(self, packet: bytes) -> None:
        """Send a packet to the other end."""
        if self._transport is None or self._transport.is_closing():
            return
        self._transport.write(packet)
        if self._transport.get_write_buffer_size() > UNREAD_BYTES_MAX:
            self._transport.abort()

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take over the open socket."""
        self._transport = cast(asyncio.Transport, transport)
        self._opened(self)

    def data_received(self, data: bytes) -> None:
        """Take in bytes; whoever sends anything but HCI is cut off."""
        try:
            self._parser.feed_data(data)
        except core.InvalidPacketError:
            self.close()

    def connection_lost(self, _error: Exception | None) -> None:
        """Tell that the other end is gone."""
        self.terminated.set_result(None)
        self._lost(self)
