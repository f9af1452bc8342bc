"""The nine-byte Elapsed Time of the Bluetooth SIG: ticks, UTC, or a wall clock with or without a zone."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from devices.codecs.cursor import Cursor

SIZE = 9

RESOLUTIONS = (timedelta(seconds=1), timedelta(milliseconds=100), timedelta(milliseconds=1),
               timedelta(microseconds=100))  # fmt: skip
"""How long one count is, by the number that says so."""

EPOCH = datetime(2000, 1, 1)  # noqa: DTZ001 - of a wall clock that has no zone
ZONE_UNKNOWN = -128
QUARTER = timedelta(minutes=15)

_TICK, _UTC, _ZONE, _CURRENT = 1 << 0, 1 << 1, 1 << 4, 1 << 5
_FLAGS = 0b0011_1111


@dataclass(frozen=True, slots=True)
class ElapsedTime:
    """One moment by the device's own counting, since it began or since 2000.

    `quarters` is the offset from UTC in quarters of an hour, summer time included; None where the
    device doesn't say it. A moment that isn't `is_current` was counted before the clock was set
    anew: how far it is from now, nobody knows. `source` names where the device has its time from.
    """

    count: int
    resolution: int = 0
    is_tick: bool = False
    is_utc: bool = False
    quarters: int | None = None
    is_current: bool = True
    source: int = 0

    @classmethod
    def from_bytes(cls, data: bytes) -> "ElapsedTime":
        """Decode; raise ValueError on another length and on flags that nobody has defined."""
        if len(data) != SIZE:
            raise ValueError(f"{len(data)} octets instead of {SIZE} for an elapsed time")
        cursor = Cursor(data)
        flags, count, source = cursor.take_uint(1), cursor.take_uint(6), cursor.take_uint(1)
        if flags & ~_FLAGS:
            raise ValueError(f"flags {flags:#04x} of an elapsed time that nobody has defined")
        quarters = int.from_bytes(cursor.take(1), "little", signed=True) if flags & _ZONE else None
        is_tick, is_utc = bool(flags & _TICK), bool(flags & _UTC)
        return cls(count, flags >> 2 & 3, is_tick, is_utc, quarters, bool(flags & _CURRENT), source)

    def __bytes__(self) -> bytes:
        has_zone = self.quarters is not None
        flags = self.is_tick | self.is_utc << 1 | self.resolution << 2 | has_zone << 4 | self.is_current << 5
        zone = (self.quarters or 0).to_bytes(1, "little", signed=True)
        return bytes((flags,)) + self.count.to_bytes(6, "little") + bytes((self.source,)) + zone

    def wall_clock(self, zone: tzinfo) -> datetime | None:
        """Return this moment as clocks in that zone show it, in whole seconds; None where it is no time.

        A counter of ticks has no beginning that anybody knows. UTC, or a local time that says its
        zone, is an instant. A local time that says none is taken for a clock of that zone.

        >>> ElapsedTime(86_400, is_utc=True).wall_clock(UTC)
        datetime.datetime(2000, 1, 2, 0, 0)
        >>> ElapsedTime(86_400, is_tick=True).wall_clock(UTC) is None
        True
        """
        if self.is_tick:
            return None
        try:
            moment = EPOCH + RESOLUTIONS[self.resolution] * self.count
            has_zone = self.quarters not in (None, ZONE_UNKNOWN)
            if self.is_utc or has_zone:
                ahead = timedelta() if self.is_utc else QUARTER * (self.quarters or 0)
                moment = (moment - ahead).replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None)
        except OverflowError:  # forty-eight bits of seconds are nine million years
            return None
        return moment.replace(microsecond=0, fold=0)


def elapsed_at(moment: datetime, *, quarters: int | None = None, resolution: int = 0) -> ElapsedTime:
    """Return what a device's clock counts when it shows this wall clock.

    >>> bytes(elapsed_at(datetime(2000, 1, 1, 0, 1), quarters=4)).hex()
    '303c00000000000004'
    """
    return ElapsedTime((moment - EPOCH) // RESOLUTIONS[resolution], resolution, quarters=quarters)
