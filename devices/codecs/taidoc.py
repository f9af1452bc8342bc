"""The words of TaiDoc's product line (TaiDoc, FORA, TNG): a command, four octets, a direction, a sum.

"Power off" and "erase" are only here so that a twin can tell when it is asked: nobody sends them.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Self

START, FROM_HUB, FROM_DEVICE = 0x51, 0xA3, 0xA5
SIZE, PAYLOAD_SIZE, PAYLOAD_AT = 8, 4, 2
AROUND_WEIGHING = 5
"""A word about weight says how long it is: so many octets more than its third one."""

WEIGHING_SIZES = range(7, 41)
"""The hub's request is the shortest, a weighing with body composition the longest known."""

FIRST_YEAR = 2000


class Command(IntEnum):
    """What is asked, and answered under the same number."""

    READ_CLOCK = 0x23
    MODEL = 0x24
    RECORD_TIME = 0x25
    RECORD_VALUE = 0x26
    SERIAL_LOW = 0x27
    SERIAL_HIGH = 0x28
    COUNT = 0x2B
    SET_CLOCK = 0x33
    MEASURE_TEMPERATURE = 0x41
    MEASURE_PRESSURE = 0x43
    MEASURE_OXYGEN = 0x47
    POWER_OFF = 0x50
    ERASE = 0x52
    READY = 0x54
    LIVE = 0x61
    WEIGHT = 0x71


@dataclass(frozen=True, slots=True)
class Word:
    """One thing said, by either side.

    >>> bytes(Word(Command.MODEL)).hex()
    '512400000000a318'
    """

    command: int
    payload: bytes = bytes(PAYLOAD_SIZE)
    is_from_device: bool = False

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Decode; raise ValueError where this is no whole word with a right sum."""
        if len(data) < WEIGHING_SIZES.start or data[0] != START or len(data) != _size(data):
            raise ValueError(f"{len(data)} octets that are no word")
        if data[-2] not in (FROM_HUB, FROM_DEVICE):
            raise ValueError(f"a word from neither side: {data[-2]:#04x}")
        if data[-1] != sum(data[:-1]) & 0xFF:
            raise ValueError("the sum is wrong")
        command = Command(data[1]) if data[1] in set(Command) else data[1]
        return cls(command, data[PAYLOAD_AT:-2], data[-2] == FROM_DEVICE)

    def __bytes__(self) -> bytes:
        said = bytes((START, self.command)) + self.payload
        said += bytes((FROM_DEVICE if self.is_from_device else FROM_HUB,))
        return said + bytes((sum(said) & 0xFF,))

    @property
    def number(self) -> int:
        """Its first two octets, least first: a count, a record's place, a model in decimal digits."""
        return int.from_bytes(self.payload[:2], "little")


@dataclass(frozen=True, slots=True)
class Moment:
    """A device's wall clock, to the minute; `flags` are the two bits above the minute, whatever they mean."""

    year: int
    month: int
    day: int
    hour: int
    minute: int
    flags: int = 0

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Decode four octets.

        >>> Moment.from_bytes(bytes.fromhex("61340f08"))
        Moment(year=2026, month=3, day=1, hour=8, minute=15, flags=0)
        """
        date = int.from_bytes(data[:2], "little")
        year, month, day = FIRST_YEAR + (date >> 9), date >> 5 & 0x0F, date & 0x1F
        return cls(year, month, day, data[3], data[2] & 0x3F, data[2] >> 6)

    @classmethod
    def of(cls, wall: datetime) -> Self:
        """Return this wall clock as the device keeps it."""
        return cls(wall.year, wall.month, wall.day, wall.hour, wall.minute)

    def __bytes__(self) -> bytes:
        date = (self.year - FIRST_YEAR) << 9 | self.month << 5 | self.day
        return date.to_bytes(2, "little") + bytes((self.flags << 6 | self.minute, self.hour))

    @property
    def wall(self) -> datetime | None:
        """The wall clock, or None where there is no such moment."""
        try:
            return datetime(self.year, self.month, self.day, self.hour, self.minute)  # noqa: DTZ001 - a wall clock has no zone
        except ValueError:
            return None


class Splitter:
    """Cuts a stream into whole words and what lies between them; keeps the beginning of the next one."""

    def __init__(self) -> None:
        self._begun = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Take one notification; return words and rubbish, in their order."""
        heard = self._begun + data
        pieces: list[bytes] = []
        at = cut = 0
        while at < len(heard):
            size = _size(heard[at:])
            if size > len(heard) - at:
                break
            if size and _is_word(heard[at : at + size]):
                pieces += [heard[cut:at]] * (cut < at) + [heard[at : at + size]]
                at = cut = at + size
            else:
                at += 1
        self._begun = heard[at:]
        return pieces + [heard[cut:at]] * (cut < at)


def _size(data: bytes) -> int:
    """How long a word that begins like this is, as far as one can tell; 0 where none can begin so."""
    if data[0] != START:
        return 0
    if data[1:2] != bytes((Command.WEIGHT,)):
        return SIZE
    size = data[PAYLOAD_AT] + AROUND_WEIGHING if len(data) > PAYLOAD_AT else WEIGHING_SIZES.start
    return size if size in WEIGHING_SIZES else 0


def _is_word(data: bytes) -> bool:
    return data[-2] in (FROM_HUB, FROM_DEVICE) and data[-1] == sum(data[:-1]) & 0xFF
