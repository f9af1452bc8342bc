"""A wire in memory: two transports that hand each other bytes, driven by the event loop alone."""

import asyncio
from collections import deque
from collections.abc import Callable

Latency = Callable[[], float]
"""Returns how many seconds the next bytes take; later bytes never overtake them."""


class WireEnd(asyncio.Transport):
    """One end of the wire. It is infinitely wide: nothing ever waits to be written."""

    def __init__(self, protocol: asyncio.Protocol, latency: Latency) -> None:
        super().__init__()
        self.is_mute = False
        self._protocol = protocol
        self._latency = latency
        self._loop = asyncio.get_running_loop()
        self._other: WireEnd
        self._under_way: deque[bytes | None] = deque()  # None is the goodbye
        self._is_closing = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send bytes."""
        if not self._is_closing:
            self._send(bytes(data))

    def close(self) -> None:
        """Say goodbye behind the bytes already sent."""
        if not self._is_closing:
            self._send(None)
            self._end()

    def abort(self) -> None:
        """Cut: bytes under way are lost in both directions."""
        if not self._is_closing:
            self._under_way.clear()
            self._other._under_way.clear()
            self._send(None)
            self._end()

    def mute(self) -> None:
        """Let all bytes vanish from now on, in both directions, goodbyes too."""
        self.is_mute = self._other.is_mute = True

    def mute_answers(self) -> None:
        """Let only what comes from the other end vanish."""
        self._other.is_mute = True

    def is_closing(self) -> bool:
        """Tell whether this end has said goodbye."""
        return self._is_closing

    def get_write_buffer_size(self) -> int:
        """Return 0: the wire takes everything at once."""
        return 0

    def _send(self, data: bytes | None) -> None:
        if self.is_mute:
            return
        self._under_way.append(data)
        # Whichever of its timers comes first hands over the oldest: so nothing is ever overtaken.
        delay_s = self._latency()
        if delay_s > 0:
            self._loop.call_later(delay_s, self._arrive)
        else:
            self._loop.call_soon(self._arrive)

    def _arrive(self) -> None:
        if not self._under_way:
            return  # an abort has taken it
        data = self._under_way.popleft()
        if self.is_mute:
            return
        if data is None:
            self._other._end()
        elif not self._other._is_closing:
            self._other._protocol.data_received(data)

    def _end(self) -> None:
        if not self._is_closing:
            self._is_closing = True
            self._loop.call_soon(self._protocol.connection_lost, None)


def join(first: asyncio.Protocol, second: asyncio.Protocol, latency: Latency) -> tuple[WireEnd, WireEnd]:
    """Connect two protocols; both hear connection_made, the second one first, as a server does."""
    ends = WireEnd(first, latency), WireEnd(second, latency)
    ends[0]._other, ends[1]._other = ends[1], ends[0]
    second.connection_made(ends[1])
    first.connection_made(ends[0])
    return ends
