"""The file in which a Viatom ring stores a night: version 3, a header and records of five octets."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from struct import Struct

VERSION = 3
LAST_YEAR = 2099
PERIODS_S = (2, 4)
"""So many seconds lie between two records; the header only tells how long they took together."""

DURATION_S_MAX = 0xFFFF
RECORD_SIZE = 5
HEADER_SIZE = 40
RECORD_COUNT_MAX = 18_000
FILE_SIZE_MAX = HEADER_SIZE + RECORD_COUNT_MAX * RECORD_SIZE
"""Ten hours at a record every two seconds, 90,040 octets; whoever claims more has no night to tell."""

_HEADER = Struct("<BBHBBBBBIHHBBBB19s")
_RECORD = Struct("<BHBB")


@dataclass(frozen=True, slots=True)
class Header:
    """What the ring says of a whole night: when, how long, its SpO2 in percent, and drops by 3 and by 4 %.

    `rest` has times below 90 %, a score and steps: people who have read it don't agree where.
    """

    start: datetime
    size: int
    duration_s: int
    mode: int = 0
    asleep_s: int = 0
    spo2_average: int = 0
    spo2_lowest: int = 0
    drops_by_3: int = 0
    drops_by_4: int = 0
    rest: bytes = bytes(19)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Header":
        """Decode; raise ValueError where these octets are no header that we know."""
        if len(data) != HEADER_SIZE:
            raise ValueError(f"{len(data)} octets instead of {HEADER_SIZE} for a header")
        version, mode, year, month, day, hour, minute, second, *numbers, rest = _HEADER.unpack(data)
        if version != VERSION:
            raise ValueError(f"a file of version {version}")
        if year > LAST_YEAR:
            raise ValueError(f"the year {year}")
        start = datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - a wall clock has no zone
        size, duration, asleep, average, lowest, by_3, by_4 = numbers
        return cls(start, size, duration, mode, asleep, average, lowest, by_3, by_4, rest)

    def __bytes__(self) -> bytes:
        at = self.start
        moment = (at.year, at.month, at.day, at.hour, at.minute, at.second)
        numbers = (self.size, self.duration_s, self.asleep_s, self.spo2_average, self.spo2_lowest)
        drops = (self.drops_by_3, self.drops_by_4)
        return _HEADER.pack(VERSION, self.mode, *moment, *numbers, *drops, self.rest)


@dataclass(frozen=True, slots=True)
class Record:
    """One record: SpO2 in percent, pulse per minute, how much the hand moved, whether the ring shook.

    Some read the pulse's upper octet as "no number"; what is above 255 is none either way.
    """

    spo2: int
    pulse: int
    motion: int = 0
    shaken: int = 0

    def __bytes__(self) -> bytes:
        return _RECORD.pack(self.spo2, self.pulse, self.motion, self.shaken)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Records in a row, from the first one's moment on, in the form of a file of their own."""

    start: datetime
    period_s: int
    records: tuple[Record, ...]

    @classmethod
    def from_bytes(cls, data: bytes) -> "Stretch":
        """Decode a whole file; raise ValueError where it is none."""
        header, body = Header.from_bytes(data[:HEADER_SIZE]), data[HEADER_SIZE:]
        if len(body) % RECORD_SIZE or len(data) > FILE_SIZE_MAX:
            raise ValueError(f"{len(body)} octets of records")
        records = tuple(Record(*fields) for fields in _RECORD.iter_unpack(body))
        return cls(header.start, _period_s(header.duration_s, len(records)), records)

    def __bytes__(self) -> bytes:
        size = HEADER_SIZE + len(self.records) * RECORD_SIZE
        header = Header(self.start, size, len(self.records) * self.period_s)
        return bytes(header) + b"".join(map(bytes, self.records))

    def timed(self) -> Iterator[tuple[datetime, Record]]:
        """Yield each record with its moment, by the ring's own clock."""
        for number, record in enumerate(self.records):
            yield self.start + timedelta(seconds=number * self.period_s), record

    def parts(self, length_s: int) -> Iterator["Stretch"]:
        """Yield it in parts of so many seconds."""
        count = length_s // self.period_s
        for at in range(0, len(self.records), count):
            start = self.start + timedelta(seconds=at * self.period_s)
            yield Stretch(start, self.period_s, self.records[at : at + count])


def _period_s(duration_s: int, count: int) -> int:
    """Return the period that fits best, one record more or less; raise ValueError where none does."""
    period = min(PERIODS_S, key=lambda period: abs(duration_s - period * count))
    if count == 0 or abs(duration_s - period * count) > period or period * count > DURATION_S_MAX:
        raise ValueError(f"{count} records in {duration_s} s")
    return period
