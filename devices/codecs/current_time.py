"""The Current Time of the Bluetooth SIG (0x2A2B): a wall clock with its day of the week."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from devices.codecs.cursor import Cursor
from devices.codecs.gatt_time import SIZE, decode_date_time, encode_date_time

WEEKDAY_MAX = 7
BY_HAND = 0x01
"""The reason for a change that fits best: somebody else than the clock itself has set it."""


@dataclass(frozen=True, slots=True)
class CurrentTime:
    """A wall clock; Monday is 1, an unknown day 0, and `fractions` are 256ths of a second.

    >>> bytes(CurrentTime.at(datetime(2026, 3, 1, 8, 15, 30))).hex()
    'ea070301080f1e070001'
    """

    moment: datetime | None
    weekday: int
    fractions: int = 0
    reason: int = BY_HAND

    @classmethod
    def at(cls, moment: datetime) -> Self:
        """Return what sets a device's clock to this moment."""
        return cls(moment, moment.isoweekday())

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Decode; raise ValueError where this is no time."""
        cursor = Cursor(data)
        moment = decode_date_time(cursor.take(SIZE))
        weekday, fractions, reason = cursor.take_uint(1), cursor.take_uint(1), cursor.take_uint(1)
        if left := cursor.rest():
            raise ValueError(f"{len(left)} octets behind the time")
        if weekday > WEEKDAY_MAX:
            raise ValueError(f"day {weekday} of the week")
        return cls(moment, weekday, fractions, reason)

    def __bytes__(self) -> bytes:
        return encode_date_time(self.moment) + bytes((self.weekday, self.fractions, self.reason))
