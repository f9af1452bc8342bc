"""Frames that begin with their kind and their own length, and end with the sum of their octets."""

from collections.abc import Iterator, Set

SIZE_MIN = 4
"""Kind, length, one octet of something, sum."""

_HEAD_SIZE = 2


def frame(kind: int, body: bytes) -> bytes:
    """Return the frame of this kind around this body.

    >>> frame(0x21, bytes.fromhex("ff01")).hex()
    '2105ff0126'
    """
    open_end = bytes((kind, len(body) + _HEAD_SIZE + 1)) + body
    return open_end + bytes((sum(open_end) & 0xFF,))


def body_of(data: bytes) -> bytes:
    """Return what stands between head and sum of one whole frame; raise ValueError where it is none.

    >>> body_of(bytes.fromhex("2105ff0126")).hex()
    'ff01'
    """
    if len(data) < SIZE_MIN or data[1] != len(data):
        raise ValueError(f"{len(data)} octets, which is not the length that they say")
    if sum(data[:-1]) & 0xFF != data[-1]:
        raise ValueError("the sum is wrong")
    return data[_HEAD_SIZE:-1]


class SummedStream:
    """Puts frames together from notifications, however they were cut; one notification begins each frame.

    What can't be a frame is handed out too, as `(bytes, False)`. Of what is kept, nothing is older
    than one unfinished frame: at most 254 octets.
    """

    def __init__(self, kinds: Set[int]) -> None:
        self._kinds = kinds
        self._pieces: list[bytes] = []

    def feed(self, data: bytes) -> Iterator[tuple[bytes, bool]]:
        """Take one notification; yield what is now whole, and what never will be."""
        if data:
            self._pieces.append(data)
        while self._pieces:
            buffer = b"".join(self._pieces)
            size = buffer[1] if len(buffer) >= _HEAD_SIZE else SIZE_MIN
            if buffer[0] not in self._kinds or size < SIZE_MIN:
                yield self._pieces.pop(0), False
            elif len(buffer) < size:
                if not self._is_begun_anew():
                    return
                yield b"".join(self._pieces[:-1]), False
                del self._pieces[:-1]
            elif _is_whole(buffer[:size]):
                self._pieces = [buffer[size:]] if buffer[size:] else []
                yield buffer[:size], True
            else:
                yield self._pieces.pop(0), False

    def _is_begun_anew(self) -> bool:
        """A whole frame in one notification is the next one, not the rest of the last."""
        return len(self._pieces) > 1 and self._pieces[-1][0] in self._kinds and _is_whole(self._pieces[-1])


def _is_whole(data: bytes) -> bool:
    try:
        body_of(data)
    except ValueError:
        return False
    return True
