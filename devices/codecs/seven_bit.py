"""How Contec's family writes (service 0xFF12): only a head has its eighth bit set, a sum ends a frame."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

HEAD = 0x80
"""The bit that begins a frame; so a new head in the middle of one says that the rest was lost."""

CLOCK_SIZE = 6
CENTURY = 2000


def checksum(data: bytes) -> int:
    """Return the sum that stands at the end of a frame.

    >>> hex(checksum(bytes.fromhex("9005")))
    '0x15'
    """
    return sum(data) & 0x7F


def sealed(data: bytes) -> bytes:
    """Return a frame with its sum.

    >>> sealed(bytes.fromhex("910001")).hex()
    '91000112'
    """
    return data + bytes((checksum(data),))


def opened(data: bytes) -> bytes:
    """Return a frame without its sum; raise ValueError where the sum is another, or this is no frame."""
    if len(data) < 2 or not data[0] & HEAD or any(octet & HEAD for octet in data[1:]):
        raise ValueError("this is not one head with seven-bit octets behind it")
    if data[-1] != checksum(data[:-1]):
        raise ValueError(f"the sum is {checksum(data[:-1]):#04x}, not {data[-1]:#04x}")
    return data[:-1]


def pair(low: int, high: int) -> int:
    """Return the number in two seven-bit octets.

    >>> pair(0x4B, 0x07)
    971
    """
    return low | high << 7


def pair_bytes(number: int) -> bytes:
    """Return two seven-bit octets, the low one first; raise ValueError for more than 14 bits."""
    if not 0 <= number < 1 << 14:
        raise ValueError(f"{number} does not fit in 14 bits")
    return bytes((number & 0x7F, number >> 7))


def decode_clock(data: bytes) -> datetime | None:
    """Return the wall clock in six octets, or None where the device has no date.

    >>> decode_clock(bytes.fromhex("1a0301081e05"))
    datetime.datetime(2026, 3, 1, 8, 30, 5)
    """
    if len(data) != CLOCK_SIZE:
        raise ValueError(f"{len(data)} octets instead of {CLOCK_SIZE} for a date and time")
    year, month, day, hour, minute, second = data
    if 0 in (month, day):
        return None
    return datetime(CENTURY + year, month, day, hour, minute, second)  # noqa: DTZ001 - a wall clock has no zone


def encode_clock(moment: datetime | None) -> bytes:
    """Return the six octets of a wall clock in whole seconds; None becomes all zeros."""
    if moment is None:
        return bytes(CLOCK_SIZE)
    if moment.tzinfo is not None or moment.microsecond or not CENTURY <= moment.year < CENTURY + HEAD:
        raise ValueError(f"{moment!r} is no wall clock that these devices can keep")
    rest = (moment.month, moment.day, moment.hour, moment.minute, moment.second)
    return bytes((moment.year - CENTURY, *rest))


def clock_order(moment: datetime) -> bytes:
    """Return the order that sets the device's clock; the milliseconds at its end are always 0.

    >>> clock_order(datetime(2026, 3, 1, 8, 30, 5)).hex()
    '831a0301081e0500004c'
    """
    return sealed(b"\x83" + encode_clock(moment) + bytes(2))


@dataclass(frozen=True, slots=True)
class Word:
    r"""Something short, said by either side: an order of the hub, or the device's answer to it.

    >>> Word.from_bytes(bytes.fromhex("997e17"))
    Word(code=153, operands=b'~')
    """

    code: int
    operands: bytes = b""

    @classmethod
    def from_bytes(cls, data: bytes) -> "Word":
        """Decode; raise ValueError where this is no whole frame."""
        whole = opened(data)
        return cls(whole[0], whole[1:])

    def __bytes__(self) -> bytes:
        return sealed(bytes((self.code,)) + self.operands)


@dataclass(frozen=True, slots=True)
class Piece:
    """What a Splitter has found: one whole frame, or octets that belong to none, and why."""

    data: bytes
    fault: str = ""


STRAY = "octets that belong to no frame"


class Splitter:
    """Cuts a stream of notifications into frames, and finds its feet again at the next head.

    `size_of` says how long the frame is that begins like this: 0 where nobody knows such a head,
    None while too little has arrived to tell.
    """

    def __init__(self, size_of: Callable[[bytes], int | None]) -> None:
        self._size_of = size_of
        self._begun = bytearray()
        self._size: int | None = None

    def feed(self, data: bytes) -> list[Piece]:
        """Return what is now whole, and what can't become whole any more."""
        found: list[Piece] = []
        for octet in data:
            if octet & HEAD and self._begun:
                found.append(self._give_up())
            self._begun.append(octet)
            if self._size is None:
                self._size = self._size_of(bytes(self._begun)) if self._begun[0] & HEAD else 0
            if len(self._begun) == self._size:
                found.append(Piece(self._clear()))
        if self._begun and self._size == 0:  # nothing that comes later can make sense of these
            found.append(self._give_up())
        return found

    def _give_up(self) -> Piece:
        if not self._begun[0] & HEAD:
            return Piece(self._clear(), STRAY)
        is_known = self._size != 0
        data = self._clear()
        return Piece(data, "cut short" if is_known else f"nothing is known of the head {data[0]:#04x}")

    def _clear(self) -> bytes:
        data = bytes(self._begun)
        self._begun.clear()
        self._size = None
        return data
