"""The vocabulary of the house: one Reading is one measured fact about one person."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from hashlib import blake2b

CLOCK_AHEAD_S_MAX = 300.0
"""A device whose clock runs further ahead of ours than this is not believed."""

FIRST_CREDIBLE_YEAR = 2026
"""No hub and no reading of ours is older than the house itself."""

LAST_CREDIBLE_YEAR = 2099
"""Nothing of ours is that young either, even where the hub has no clock to compare with."""


class Kind(StrEnum):
    """What was measured; the unit is that of its Coding, always."""

    SPO2 = "spo2"
    PULSE_RATE = "pulse_rate"
    PERFUSION_INDEX = "perfusion_index"
    BODY_WEIGHT = "body_weight"


@dataclass(frozen=True, slots=True)
class Coding:
    """How the world outside names a Kind: IEEE 11073 MDC, LOINC where verified, UCUM."""

    mdc: int
    loinc: tuple[str, ...]
    unit: str


CODINGS: dict[Kind, Coding] = {
    Kind.SPO2: Coding(150456, ("2708-6", "59408-5"), "%"),
    Kind.PULSE_RATE: Coding(149530, ("8867-4",), "/min"),
    Kind.PERFUSION_INDEX: Coding(150448, ("61006-3",), "%"),
    Kind.BODY_WEIGHT: Coding(188736, ("29463-7",), "kg"),
}


class Quality(StrEnum):
    """A reason to read a number with care."""

    FROM_STORAGE = "from_storage"
    EARLY = "early"
    QUESTIONABLE = "questionable"
    INVALID = "invalid"
    DEMO = "demo"
    CALIBRATING = "calibrating"
    POOR_SIGNAL = "poor_signal"
    LOW_PERFUSION = "low_perfusion"
    SENSOR_FAULT = "sensor_fault"
    TIME_UNCERTAIN = "time_uncertain"
    UNKNOWN_USER = "unknown_user"


NOT_JUDGED = frozenset({Quality.INVALID, Quality.DEMO, Quality.CALIBRATING, Quality.SENSOR_FAULT,
                        Quality.UNKNOWN_USER})  # fmt: skip
"""Kept and shown, but never the ground for an alert."""


@dataclass(frozen=True, slots=True)
class Heard:
    """Who said it and when we heard it: all that a reading needs besides its frame."""

    device: str
    driver: str
    received_at: datetime
    timezone: tzinfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One measured fact. Never edited; a correction is a new Reading.

    `measured_at` is what we believe, `device_time` is what the device said (its own wall clock,
    without a zone). `is_continuous` marks one of a stream, which a Block will gather.
    """

    id: str
    kind: Kind
    value: float
    device: str
    driver: str
    measured_at: datetime
    received_at: datetime
    device_time: datetime | None = None
    quality: tuple[Quality, ...] = ()
    user_slot: int | None = None
    is_continuous: bool = False

    @property
    def age_s(self) -> float:
        """Seconds between the measurement and its arrival here."""
        return (self.received_at - self.measured_at).total_seconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Block(Reading):
    """A Reading that holds equally spaced samples; its value is the median of those that are numbers.

    `measured_at` is the moment of the first sample; None stands where the device had no number.
    """

    period_s: float
    samples: tuple[float | None, ...]


def reading_id(device: str, kind: Kind, value: float, said_at: datetime) -> str:
    """Return the identity of a reading: what the device said, never when we heard it.

    A device without a clock gives no moment of its own; there `said_at` is the second of arrival,
    the only one known (decision D2 in this floor's README).
    """
    moment = said_at.replace(microsecond=0).isoformat()
    words = f"{device}|{kind}|{float(value)!r}|{moment}"
    return blake2b(words.encode(), digest_size=12).hexdigest()


def believed_time(
    device_time: datetime | None, heard: Heard, *, is_clock_set: bool = True
) -> datetime | None:
    """Return when the device measured, by its own clock and in UTC, or None where that can't be believed.

    A hub that has no clock yet (it stands in 1970) has nothing better than the device's word. In
    autumn an hour of wall clock comes twice: we believe the later one that isn't ahead of us.
    """
    if device_time is None or not is_clock_set:
        return None
    if not FIRST_CREDIBLE_YEAR <= device_time.year <= LAST_CREDIBLE_YEAR:
        return None
    zone = heard.timezone
    both = [device_time.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)]
    if heard.received_at.year < FIRST_CREDIBLE_YEAR:
        return both[0]
    latest = heard.received_at + timedelta(seconds=CLOCK_AHEAD_S_MAX)
    return max((moment for moment in both if moment <= latest), default=None)


def reading_of(
    kind: Kind,
    value: float,
    heard: Heard,
    *,
    device_time: datetime | None = None,
    is_clock_set: bool = True,
    quality: tuple[Quality, ...] = (),
    user_slot: int | None = None,
    is_continuous: bool = False,
) -> Reading:
    """Return the Reading of one number, with its identity and the time we believe."""
    believed = believed_time(device_time, heard, is_clock_set=is_clock_set)
    is_doubtful = believed is None and device_time is not None
    return Reading(
        id=reading_id(heard.device, kind, value, device_time or heard.received_at),
        kind=kind,
        value=value,
        device=heard.device,
        driver=heard.driver,
        measured_at=believed or heard.received_at,
        received_at=heard.received_at,
        device_time=device_time,
        quality=(*quality, Quality.TIME_UNCERTAIN) if is_doubtful else quality,
        user_slot=user_slot,
        is_continuous=is_continuous,
    )
