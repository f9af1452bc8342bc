"""Finds whole frames in a stream of octets that is cut without regard to them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

NO_FRAME = 0
"""A size that no frame has: none begins here."""

NOTHING_BEGINS = "no frame begins here"
NOT_SOUND = "a frame whose checksum is wrong"


@dataclass(frozen=True, slots=True)
class Piece:
    """What stood between two cuts: one whole frame, or octets that are none, and why."""

    data: bytes
    fault: str | None = None


class Stream:
    """Puts frames together; after octets that make no sense it goes on with the next that do.

    `size_of` is told the next octets, at least one and at most `head_size` of them: how many has
    the frame that begins here? None where they are too few to know. It sets the limit too: what
    it calls no frame is never waited for. `is_sound` checks a whole frame.

    >>> stream = Stream(2, lambda head: head[1] if head[1:] else None, lambda frame: True)
    >>> [piece.data.hex() for part in ("0203", "aaff") for piece in stream.feed(bytes.fromhex(part))]
    ['0203aa']
    """

    def __init__(
        self, head_size: int, size_of: Callable[[bytes], int | None], is_sound: Callable[[bytes], bool]
    ) -> None:
        self._head_size = head_size
        self._size_of = size_of
        self._is_sound = is_sound
        self._half = b""

    @property
    def is_waiting(self) -> bool:
        """Whether half a frame waits for its other half."""
        return bool(self._half)

    def take_half(self) -> bytes:
        """Return what waits for its other half, and forget it."""
        half, self._half = self._half, b""
        return half

    def feed(self, data: bytes) -> Iterator[Piece]:
        """Take octets; return every frame that is now whole, and the octets between that are none."""
        data = self.take_half() + data
        pieces = []
        at = good_until = 0
        fault = NOTHING_BEGINS
        while at < len(data):
            size = self._size_of(data[at : at + self._head_size])
            if size is None or at + size > len(data):
                break
            frame = data[at : at + size]
            if size != NO_FRAME and self._is_sound(frame):
                pieces += [Piece(data[good_until:at], fault)] if good_until < at else []
                pieces.append(Piece(frame))
                at = good_until = at + size
                fault = NOTHING_BEGINS
                continue
            if size != NO_FRAME:
                fault = NOT_SOUND
            at += 1
        self._half = data[at:]
        if good_until < at:
            pieces.append(Piece(data[good_until:at], fault))
        return iter(pieces)
