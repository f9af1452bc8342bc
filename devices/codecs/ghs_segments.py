"""Segments of the Generic Health Sensor Service: one observation over many notifications.

Each begins with an octet: bit 0 on the first, bit 1 on the last, and above them a counter that
rolls over at 64. Where the counter jumps, the whole observation is lost, and the next one is good.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from devices.codecs.ghs import HEAD_SIZE, STRAY_SIZE

FIRST, LAST = 1, 2
COUNTER_MAX = 63

BODY_SIZE_MAX = 0xFFFF


@dataclass(frozen=True, slots=True)
class Lost:
    """An observation that can't be put together any more: why, and what had come of it."""

    reason: str
    data: bytes


@dataclass(slots=True)
class Assembler:
    """Puts segments of one characteristic together; holds at most one observation of the length it announces.

    `prefix_size` octets stand before the observation: a stored one has its record number there.
    """

    prefix_size: int = 0
    _begun: bytearray | None = None
    _next: int = 0
    _is_skipping: bool = False

    def feed(self, segment: bytes) -> tuple[bytes | Lost, ...]:
        """Take one notification; return the observation that is now whole, and before it what is lost."""
        if not segment:
            return self._lose("a notification without a header", segment, is_last=False)
        header, body = segment[0], segment[1:]
        if header & FIRST:
            broken = () if self._begun is None else self._lose("broken off by the next", b"", is_last=False)
            self._begun, self._is_skipping = bytearray(), False
            return broken + self._put(header, body)
        if self._is_skipping:  # the rest of what is known to be lost
            self._is_skipping = not header & LAST
            return ()
        is_last = bool(header & LAST)
        if self._begun is None:
            return self._lose("its beginning never came", segment, is_last=is_last)
        if header >> 2 != self._next:
            return self._lose(f"segment {header >> 2} instead of {self._next}", body, is_last=is_last)
        return self._put(header, body)

    def _put(self, header: int, body: bytes) -> tuple[bytes | Lost, ...]:
        assert self._begun is not None, "feed has seen its beginning"
        if len(self._begun) + len(body) > self._size_max(body):
            return self._lose("longer than it announces", body, is_last=bool(header & LAST))
        self._begun += body
        self._next = (header >> 2) + 1 & COUNTER_MAX
        if not header & LAST:
            return ()
        whole, self._begun = bytes(self._begun), None
        return (whole,)

    def _size_max(self, body: bytes) -> int:
        """What the observation says of its own length, as soon as it has said it."""
        assert self._begun is not None, "feed has seen its beginning"
        head_end = self.prefix_size + HEAD_SIZE
        head = bytes(self._begun[:head_end]) + body[:head_end]
        if len(head) < head_end:
            return head_end + BODY_SIZE_MAX
        return head_end + int.from_bytes(head[head_end - 2 : head_end], "little") + STRAY_SIZE

    def _lose(self, reason: str, data: bytes, *, is_last: bool) -> tuple[Lost]:
        begun, self._begun = bytes(self._begun or b""), None
        self._is_skipping = not is_last
        return (Lost(f"an observation is lost: {reason}", begun + data),)


def segments(data: bytes, counter: int, *, size_max: int = 20) -> Iterator[bytes]:
    """Cut an observation into segments of at most so many octets, counting on from `counter`.

    >>> [each.hex() for each in segments(bytes(5), 63, size_max=4)]
    ['fd000000', '020000']
    """
    step = size_max - 1
    for at in range(0, len(data), step):
        flags = (at == 0) * FIRST | (at + step >= len(data)) * LAST
        yield bytes(((counter + at // step & COUNTER_MAX) << 2 | flags,)) + data[at : at + step]
