"""One virtual person's years under the rules: what was opened, and when, beside what truly happened."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cloud_bridge.contract.trend_settings import TrendSettings
from devices.kinds import Kind
from devices.readings import Quality, Reading
from simulators.cohort.judged import Opened, Rules, Told
from simulators.cohort.life import life_of, lived
from simulators.cohort.person import Check, Day, Person, dice_of, person_of
from simulators.cohort.physiology import Physiology

FIRST_DAY = datetime(2027, 1, 4, tzinfo=UTC)
ANSWER_MINUTE = 20 * 60

_POOR = (Quality.POOR_SIGNAL,)


@dataclass(frozen=True, slots=True)
class Year:
    """What came of one person's time: every alert with its day."""

    person: Person
    days: int
    compared_days: int
    """Days on which the trend had a baseline."""
    readings: int
    opened: tuple[tuple[int, Opened], ...]


def year_of(physiology: Physiology, settings: TrendSettings, seed: int, number: int, days: int) -> Year:
    """Let one person live and be judged; the same seed and number give the same, always."""
    person = person_of(physiology, dice_of(seed, number), number, days)
    life = life_of(physiology, person, dice_of(seed, number, 1), days)
    rules = Rules(told_of(person), settings)
    treated = {each.treated_on for each in person.illnesses if each.is_treatment_told}
    opened: list[tuple[int, Opened]] = []
    compared, count = 0, 0
    for day in lived(life, dice_of(seed, number, 2)):
        opened += ((day.day, each) for each in judged_day(rules, day, is_treated=day.day in treated))
        compared += rules.is_compared
        count += 2 * len(day.checks)
    return Year(person, days, compared, count, tuple(opened))


def told_of(person: Person) -> Told:
    """Return what a plan says of somebody: their true usual values, rounded."""
    return Told(round(person.spo2), round(person.pulse), person.is_on_oxygen, person.doubts)


def judged_day(rules: Rules, day: Day, *, is_treated: bool = False) -> Iterator[Opened]:
    """Hand the rules one day, reading by reading, then the answer; yield what opens."""
    midnight = FIRST_DAY + timedelta(days=day.day)
    if is_treated:
        rules.treat(midnight)
    for check in day.checks:
        at = midnight + timedelta(minutes=check.minute)
        for reading in readings_of(check, at):
            yield from rules.hear(reading, at)
    if day.is_worse is not None:
        yield from rules.answer(day.is_worse, midnight + timedelta(minutes=ANSWER_MINUTE))


def readings_of(check: Check, at: datetime) -> tuple[Reading, Reading]:
    """Return what an oximeter's spot check becomes in the hub: saturation first, then pulse."""
    return _reading(check, Kind.SPO2, check.spo2, at), _reading(check, Kind.PULSE_RATE, check.pulse, at)


def _reading(check: Check, kind: Kind, value: float, at: datetime) -> Reading:
    return Reading(
        id=f"{check.day}-{check.minute}-{kind}",
        kind=kind,
        value=value,
        device=f"oximeter {check.device}",
        driver="pulse_oximeter",
        measured_at=at,
        received_at=at,
        quality=_POOR if check.is_poor else (),
    )
