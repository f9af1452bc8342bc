"""The days of one virtual person: the body's state, the checks of the devices, the answers."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt

import numpy as np

from simulators.cohort.person import Check, Day, Person, Swap, course
from simulators.cohort.physiology import Physiology

MORNING_MINUTE = 8 * 60
PAIR_MINUTES = range(1, 7)
REPEAT_MINUTES, SECOND_MINUTES = 10, 9 * 60

Array = np.ndarray


@dataclass(frozen=True, slots=True)
class Life:
    """A person's values day by day, before any device or reading adds its own."""

    physiology: Physiology
    person: Person
    spo2: Array
    pulse: Array
    is_there: Array
    is_worse: Array


@dataclass(frozen=True, slots=True)
class Oximeter:
    """The device in use, and by how much it differs from the first one."""

    number: int = 0
    spo2: float = 0.0
    pulse: float = 0.0

    def after(self, swap: Swap) -> "Oximeter":
        """Return the one that takes its place."""
        return Oximeter(self.number + 1, self.spo2 + swap.spo2, self.pulse + swap.pulse)


def life_of(physiology: Physiology, person: Person, dice: np.random.Generator, days: int) -> Life:
    """Let somebody live so many days."""
    spo2, pulse = _bodies(physiology, person, dice, days)
    is_there = _presence(physiology, dice, days)
    return Life(physiology, person, spo2, pulse, is_there, _answers(physiology, person, dice, days))


def _bodies(
    physiology: Physiology, person: Person, dice: np.random.Generator, days: int
) -> tuple[Array, Array]:
    stable, illness, day = physiology.stable, physiology.exacerbations, np.arange(days)
    slow = sqrt(1 - stable.within_day_share)
    spo2 = person.spo2 + slow * person.spo2_sd * _alike(dice, days, stable.autocorrelation)
    pulse = person.pulse + slow * person.pulse_sd * _alike(dice, days, stable.autocorrelation)
    for each in person.illnesses:
        score = each.amplitude * course(illness, day - each.onset)
        spo2 -= 2 * (1 - illness.pulse_share) * score * person.spo2_sd
        pulse += 2 * illness.pulse_share * score * person.pulse_sd * person.pulse_response
    if person.is_declining:
        spo2 += physiology.people.decline_spo2_a_year * day / 365
        pulse += physiology.people.decline_pulse_a_year * day / 365
    return spo2, pulse


def _alike(dice: np.random.Generator, days: int, autocorrelation: float) -> Array:
    """Return noise of variance 1 in which each day resembles the one before."""
    fresh = dice.standard_normal(days)
    found, share = np.empty(days), sqrt(1 - autocorrelation**2)
    last = fresh[0] if days else 0.0
    for day in range(days):
        last = fresh[day] if day == 0 else autocorrelation * last + fresh[day] * share
        found[day] = last
    return found


def _presence(physiology: Physiology, dice: np.random.Generator, days: int) -> Array:
    measuring = physiology.measuring
    is_there = dice.random(days) >= measuring.missing_share
    for begin in dice.integers(0, max(1, days), dice.poisson(measuring.away_a_year * days / 365)):
        is_there[begin : begin + measuring.away_days] = False
    return np.asarray(is_there)


def _answers(physiology: Physiology, person: Person, dice: np.random.Generator, days: int) -> Array:
    symptoms, day = physiology.symptoms, np.arange(days)
    chance = np.full(days, symptoms.false_share)
    for each in person.illnesses:
        if each.is_spoken_of:
            since = day - each.onset
            chance[(since >= symptoms.from_day) & (since <= symptoms.until_day)] = symptoms.true_share
    return np.asarray(dice.random(days) < chance)


def lived(life: Life, dice: np.random.Generator) -> Iterator[Day]:
    """Yield each day as the hub hears of it: the checks in their order, then the answer."""
    swaps = {swap.on: swap for swap in life.person.swaps}
    oximeter = Oximeter()
    waiting: Swap | None = None
    for day in range(len(life.spo2)):
        waiting = swaps.get(day, waiting)
        if not life.is_there[day]:
            yield Day(day, (), None)
            continue
        before, was_swapped = oximeter, waiting
        if waiting is not None:
            oximeter, waiting = oximeter.after(waiting), None
        if was_swapped is not None and was_swapped.is_paired:
            sides = (before, oximeter)
            minutes = ((MORNING_MINUTE + minute, sides[minute % 2]) for minute in PAIR_MINUTES)
            checks = tuple(_check(life, dice, day, minute, side) for minute, side in minutes)
        else:
            checks = tuple(_checks(life, dice, day, oximeter))
        yield Day(day, checks, bool(life.is_worse[day]))


def _checks(life: Life, dice: np.random.Generator, day: int, oximeter: Oximeter) -> Iterator[Check]:
    measuring = life.physiology.measuring
    first = _check(life, dice, day, MORNING_MINUTE, oximeter)
    yield first
    if first.spo2 <= round(life.person.spo2) - 3 and dice.random() < measuring.repeat_low_share:
        yield _check(life, dice, day, MORNING_MINUTE + REPEAT_MINUTES, oximeter)
    if dice.random() < measuring.second_share:
        yield _check(life, dice, day, MORNING_MINUTE + SECOND_MINUTES, oximeter)


def _check(life: Life, dice: np.random.Generator, day: int, minute: int, oximeter: Oximeter) -> Check:
    person, measuring = life.person, life.physiology.measuring
    fast = sqrt(life.physiology.stable.within_day_share)
    noise, luck = dice.standard_normal(2), dice.random(2)
    artefact = measuring.artefact_spo2 if luck[0] < measuring.artefact_share else 0.0
    spo2 = life.spo2[day] + fast * person.spo2_sd * noise[0] + oximeter.spo2 + artefact
    pulse = life.pulse[day] + fast * person.pulse_sd * noise[1] + oximeter.pulse
    return Check(
        day=day,
        minute=minute,
        device=oximeter.number,
        spo2=float(min(100, max(50, round(float(spo2))))),
        pulse=float(min(220, max(25, round(float(pulse))))),
        is_poor=bool(luck[1] < measuring.poor_share),
    )
