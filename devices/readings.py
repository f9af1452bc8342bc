"""The vocabulary of the house: one Reading is one measured fact about one person."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from hashlib import blake2b
from typing import Literal

from devices.clocks import HeardClock
from devices.identity import NOT_TOLD, DeviceIdentity
from devices.kinds import PLAUSIBLE, Kind

CLOCK_AHEAD_S_MAX = 300.0
"""A device whose clock runs further ahead of ours than this is not believed."""

CLOCK_OFF_S_MAX = 60.0
"""A device's clock that is off by less is right: its own seconds are no finer than that."""

CLOCK_FAR_OFF_S = 86_400.0
"""One that is off by more than a day was never set, or lost its battery: what it says is uncertain."""

FIRST_CREDIBLE_YEAR = 2026
"""No hub and no reading of ours is older than the house itself."""

LAST_CREDIBLE_YEAR = 2099
"""Nothing of ours is that young either, even where the hub has no clock to compare with."""


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
    MOTION = "motion"
    IRREGULAR_PULSE = "irregular_pulse"
    POOR_FIT = "poor_fit"
    OUT_OF_RANGE = "out_of_range"
    POOR_EFFORT = "poor_effort"
    AFTER_MEDICATION = "after_medication"
    MANUAL = "manual"
    LOW_BATTERY = "low_battery"
    TIME_UNCERTAIN = "time_uncertain"
    DATED_AFTERWARDS = "dated_afterwards"
    UNKNOWN_USER = "unknown_user"


Tier = Literal["captured", "specified", "reported"]
"""How we know the device's language: real captures, a vendor's or SIG document, public code only."""

Setting = Literal["home", "clinic"]
"""Where it was measured: a clinic's spirometer reads higher, so the two never share a series."""

HOME: Setting = "home"

OF_DEVICE = "device"
"""The reference of what a device compared by itself, with a best that somebody once told it."""

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
    identity: DeviceIdentity = NOT_TOLD
    tier: Tier | None = None
    clock: HeardClock | None = None
    """What its clock showed in this visit; None where it did not say, or we had no time to compare."""
    patient_slot: int | None = None
    """The patient's own number on a device that several people share; None where nobody has told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One measured fact. Never edited; a correction is a new Reading.

    `measured_at` is what we believe, `device_time` is what the device said (its own wall clock,
    without a zone). `is_continuous` marks one of a stream, which a Block will gather. `reference`
    names what a derived value was compared with (an equation, a best), `grade` how good a
    spirometry was, A to F.
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
    identity: DeviceIdentity = NOT_TOLD
    tier: Tier | None = None
    setting: Setting = HOME
    grade: str | None = None
    reference: str | None = None
    clock_offset_s: float | None = None
    """By how much the device's clock was ahead of ours, where its moment was put right by that."""

    @property
    def age_s(self) -> float:
        """Seconds between the measurement and its arrival here."""
        return (self.received_at - self.measured_at).total_seconds()

    @property
    def is_in_hub_time(self) -> bool:
        """Whether its moment is told by the hub's clock: what is wrong with that one is wrong here too."""
        is_heard_then = self.device_time is None or self.measured_at == self.received_at
        return is_heard_then or self.clock_offset_s is not None

    @property
    def series(self) -> str:
        """The name of the series that it is a point of; what a device compared by itself is none of ours."""
        name = series_name(self.kind, self.setting)
        return f"{name}.{OF_DEVICE}" if self.reference == OF_DEVICE else name

    @property
    def is_derived(self) -> bool:
        """Whether the hub worked it out from another reading, instead of a device telling it."""
        return self.reference not in (None, OF_DEVICE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block(Reading):
    """A Reading that holds equally spaced samples; its value is the median of those that are numbers.

    `measured_at` is the moment of the first sample; None stands where the device had no number.
    """

    period_s: float
    samples: tuple[float | None, ...]


def series_name(kind: Kind, setting: Setting = HOME) -> str:
    """Return under which name readings are found together: home and clinic never under one.

    >>> series_name(Kind.FEV1), series_name(Kind.FEV1, "clinic")
    ('fev1', 'fev1.clinic')
    """
    return kind.value if setting == HOME else f"{kind}.{setting}"


def dated(reading: Reading, measured_at: datetime) -> Reading:
    """Return a reading as it is shown at the time that is known now, and marked where that has moved.

    What stands in the log stays as it is. One that still has no time is marked as uncertain.
    """
    if measured_at != reading.measured_at:
        mark = Quality.DATED_AFTERWARDS
    elif measured_at.year < FIRST_CREDIBLE_YEAR:
        mark = Quality.TIME_UNCERTAIN
    else:
        return reading
    return replace(reading, measured_at=measured_at, quality=_in_order({*reading.quality, mark}))


def reading_id(device: str, kind: Kind, value: float, said: datetime | int) -> str:
    """Return the identity of a reading: what the device said, never when we heard it.

    A device without a clock gives no moment of its own; there `said` is the reading's number in
    the device's memory, or else the second of arrival (decision D2 in this floor's README).
    """
    moment = said.replace(microsecond=0).isoformat() if isinstance(said, datetime) else f"record {said}"
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
    quality: Collection[Quality] = (),
    user_slot: int | None = None,
    is_continuous: bool = False,
    record: int | None = None,
    grade: str | None = None,
    reference: str | None = None,
) -> Reading:
    """Return the Reading of one number, with its identity and the time we believe.

    One of another slot than the patient's, or that nobody can have, is kept and not judged. `record`
    is its number in the device's memory; it counts only where the device says no time.
    """
    corrected = _corrected(device_time, heard, quality) if is_clock_set else None
    believed, offset_s = corrected or (believed_time(device_time, heard, is_clock_set=is_clock_set), None)
    is_dated = (believed is not None or device_time is None) and abs(offset_s or 0) <= CLOCK_FAR_OFF_S
    return Reading(
        id=reading_id(heard.device, kind, value, device_time or _place(heard, record)),
        kind=kind,
        value=value,
        device=heard.device,
        driver=heard.driver,
        measured_at=believed or heard.received_at,
        received_at=heard.received_at,
        device_time=device_time,
        quality=_in_order({*quality, *_doubts(kind, value, heard, user_slot, is_dated=is_dated)}),
        user_slot=user_slot,
        is_continuous=is_continuous,
        identity=heard.identity,
        tier=heard.tier,
        grade=grade,
        reference=reference,
        clock_offset_s=offset_s,
    )


def _place(heard: Heard, record: int | None) -> datetime | int:
    return heard.received_at if record is None else record


def _corrected(
    device_time: datetime | None, heard: Heard, quality: Collection[Quality]
) -> tuple[datetime, float] | None:
    """Return when the device measured, put right by the offset of this visit, and that; None without need.

    A clock that is set in this visit was off before, not after: only what was stored is put right.
    What then lies in the future was measured before the clock lost its time: the offset says nothing.
    """
    if device_time is None or heard.clock is None:
        return None
    offset_s = heard.clock.offset_s(heard.timezone)
    is_set_next = heard.clock.clock.is_set_next and Quality.FROM_STORAGE not in quality
    if is_set_next or abs(offset_s) <= CLOCK_OFF_S_MAX:
        return None
    moment = heard.clock.instant(device_time)
    if moment is None or not FIRST_CREDIBLE_YEAR <= moment.year <= LAST_CREDIBLE_YEAR:
        return None
    is_ahead = moment > heard.received_at + timedelta(seconds=CLOCK_AHEAD_S_MAX)
    return None if is_ahead else (moment, offset_s)


def _in_order(flags: set[Quality]) -> tuple[Quality, ...]:
    return tuple(flag for flag in Quality if flag in flags)


def _doubts(
    kind: Kind, value: float, heard: Heard, user_slot: int | None, *, is_dated: bool
) -> Iterator[Quality]:
    least, most = PLAUSIBLE[kind]
    if not least <= value <= most:
        yield Quality.INVALID
    if user_slot is not None and user_slot != heard.patient_slot:
        yield Quality.UNKNOWN_USER
    if not is_dated:
        yield Quality.TIME_UNCERTAIN
