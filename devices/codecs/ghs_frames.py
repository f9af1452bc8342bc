"""What is said on the characteristics of the Generic Health Sensor and Elapsed Time Services, whole."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from devices.codecs.cursor import Cursor
from devices.codecs.elapsed_time import SIZE as TIME_SIZE
from devices.codecs.elapsed_time import ElapsedTime, elapsed_at
from devices.codecs.ghs import Observation
from devices.codecs.ghs_values import uint

RECORD_SIZE = 4

START, STOP, DONE, BUSY, ERROR = 0x01, 0x02, 0x80, 0x81, 0x82
"""What can be said at the control point: two orders, three answers."""


@dataclass(frozen=True, slots=True)
class Live:
    """An observation that is told as it is made (0x2B8B)."""

    observation: Observation

    @classmethod
    def from_bytes(cls, data: bytes) -> "Live":
        """Decode what segments were put together to; raise ValueError on anything else than one whole."""
        return cls(Observation.from_bytes(data))

    def __bytes__(self) -> bytes:
        return bytes(self.observation)


@dataclass(frozen=True, slots=True)
class Stored:
    """An observation from the sensor's memory, with its number there (0x2BDD)."""

    record: int
    observation: Observation

    @classmethod
    def from_bytes(cls, data: bytes) -> "Stored":
        """Decode what segments were put together to; raise ValueError on anything else than one whole."""
        cursor = Cursor(data)
        return cls(cursor.take_uint(RECORD_SIZE), Observation.from_bytes(cursor.rest()))

    def __bytes__(self) -> bytes:
        return uint(self.record, RECORD_SIZE) + bytes(self.observation)


@dataclass(frozen=True, slots=True)
class Control:
    """A word at the control point (0x2BF4): to start or stop live observations, and how that went."""

    op: int

    @classmethod
    def from_bytes(cls, data: bytes) -> "Control":
        """Decode; raise ValueError where this is no word that the standard knows."""
        if len(data) != 1:
            raise ValueError(f"{len(data)} octets instead of 1")
        if data[0] not in (START, STOP, DONE, BUSY, ERROR):
            raise ValueError(f"operation {data[0]:#04x} that nobody has defined")
        return cls(data[0])

    def __bytes__(self) -> bytes:
        return bytes((self.op,))


@dataclass(frozen=True, slots=True)
class Clock:
    """What the sensor's clock says now (0x2BF2); bit 0 of its status asks to be set."""

    time: ElapsedTime
    status: int
    capabilities: int

    @classmethod
    def from_bytes(cls, data: bytes) -> "Clock":
        """Decode; raise ValueError on anything else than eleven octets of a clock."""
        time, rest = ElapsedTime.from_bytes(data[:TIME_SIZE]), data[TIME_SIZE:]
        if len(rest) != 2:
            raise ValueError(f"{len(data)} octets instead of {TIME_SIZE + 2}")
        return cls(time, *rest)

    def __bytes__(self) -> bytes:
        return bytes(self.time) + bytes((self.status, self.capabilities))

    @property
    def shown(self) -> datetime | None:
        """What a display would show now; None from a counter, and from a clock that says a zone or UTC.

        Such a clock is right by itself, or wrong in a way that its zone hides.
        """
        is_plain = not (self.time.is_tick or self.time.is_utc) and self.time.quarters is None
        return self.time.wall_clock(UTC) if is_plain else None

    def set_to(self, wall_clock: datetime) -> "Clock | None":
        """Return what to write, or None: only a clock that asks, and keeps a time without a zone, is set.

        A hub's wall clock knows no zone, so a clock that counts UTC can't be set by it. We don't
        claim a source for our time: a sensor that wants a better one refuses.
        """
        is_plain = not (self.time.is_tick or self.time.is_utc) and self.time.quarters is None
        if not is_plain or not self.status & 1:
            return None
        return replace(self, time=elapsed_at(wall_clock, resolution=self.time.resolution), status=0)
