"""One virtual person: who they are, when they get worse, and what their devices show. All from one seed."""

from dataclasses import dataclass
from math import sqrt

import numpy as np

from cloud_bridge.contract.trend_settings import PulseDoubt
from simulators.cohort.physiology import Exacerbations, Physiology


@dataclass(frozen=True, slots=True)
class Illness:
    """One exacerbation; days are counted from the first one of the cohort."""

    onset: int
    amplitude: float
    """The composite score at its peak, in personal SDs; nothing where it is invisible."""
    is_visible: bool
    is_spoken_of: bool
    treated_on: int | None
    is_treatment_told: bool


@dataclass(frozen=True, slots=True)
class Swap:
    """Another oximeter from this day on, and how it differs from the one before."""

    on: int
    spo2: float
    pulse: float
    is_paired: bool


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who was made up, as the physiology has it."""

    number: int
    spo2: float
    pulse: float
    spo2_sd: float
    pulse_sd: float
    pulse_response: float
    is_on_oxygen: bool
    doubts: tuple[PulseDoubt, ...]
    is_declining: bool
    illnesses: tuple[Illness, ...] = ()
    swaps: tuple[Swap, ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """One spot check: when, by which device, and what it showed."""

    day: int
    minute: int
    device: int
    spo2: float
    pulse: float
    is_poor: bool = False


@dataclass(frozen=True, slots=True)
class Day:
    """What came from a person on one day; no answer is None."""

    day: int
    checks: tuple[Check, ...]
    is_worse: bool | None


def dice_of(seed: int, number: int, purpose: int = 0) -> np.random.Generator:
    """Return the dice of one person: the same, whoever is simulated beside and by how many processes."""
    return np.random.default_rng([seed, number, purpose])


def person_of(physiology: Physiology, dice: np.random.Generator, number: int, days: int) -> Person:
    """Make up one person and their whole fate."""
    people, stable = physiology.people, physiology.stable
    is_on_oxygen = dice.random() < people.oxygen_share
    has_blocker = dice.random() < people.beta_blocker_share
    has_fibrillation = dice.random() < people.fibrillation_share
    spo2 = dice.normal(people.spo2_mean, people.spo2_between_sd) + people.oxygen_spo2 * is_on_oxygen
    pulse = dice.normal(people.pulse_mean, people.pulse_between_sd) + people.beta_blocker_pulse * has_blocker
    spo2_sd, pulse_sd = np.exp(dice.normal(0, stable.sd_between, 2)) * (stable.spo2_sd, stable.pulse_sd)
    doubts: list[PulseDoubt] = ["beta_blocker"] if has_blocker else []
    doubts += ["atrial_fibrillation"] if has_fibrillation else []
    return Person(
        number=number,
        spo2=float(np.clip(spo2, 86, 97)),
        pulse=float(np.clip(pulse, 50, 105)),
        # The sources' SD is that of what a display showed, in whole points: its rounding is in it already.
        spo2_sd=sqrt(max(0.1, float(spo2_sd) ** 2 - 1 / 12)),
        pulse_sd=float(pulse_sd) * (people.fibrillation_sd if has_fibrillation else 1.0),
        pulse_response=people.beta_blocker_response if has_blocker else 1.0,
        is_on_oxygen=bool(is_on_oxygen),
        doubts=tuple(doubts),
        is_declining=bool(dice.random() < people.decliner_share),
        illnesses=_illnesses(physiology, dice, days),
        swaps=_swaps(physiology, dice, days),
    )


def _illnesses(physiology: Physiology, dice: np.random.Generator, days: int) -> tuple[Illness, ...]:
    illness = physiology.exacerbations
    a_year = illness.a_year * dice.gamma(illness.clustering, 1 / illness.clustering)
    onsets: list[int] = []
    for onset in sorted(dice.uniform(0, days, dice.poisson(a_year * days / 365))):
        if not onsets or onset - onsets[-1] >= illness.apart_days_min:
            onsets.append(int(onset))
    return tuple(illness_of(physiology, dice, onset) for onset in onsets)


def illness_of(
    physiology: Physiology, dice: np.random.Generator, onset: int, *, is_visible: bool | None = None
) -> Illness:
    """Make up one exacerbation that begins on this day."""
    illness = physiology.exacerbations
    if is_visible is None:
        is_visible = dice.random() >= illness.invisible_share
    amplitude = max(0.0, dice.normal(illness.amplitude_mean, illness.amplitude_sd))
    after = max(0, round(dice.normal(illness.treated_after_days, illness.treated_after_sd)))
    is_treated = dice.random() < illness.treated_share
    return Illness(
        onset=onset,
        amplitude=amplitude if is_visible else 0.0,
        is_visible=is_visible,
        is_spoken_of=is_visible and dice.random() >= physiology.symptoms.silent_share,
        treated_on=onset + after if is_treated else None,
        is_treatment_told=is_treated and dice.random() < illness.treatment_told_share,
    )


def _swaps(physiology: Physiology, dice: np.random.Generator, days: int) -> tuple[Swap, ...]:
    devices = physiology.devices
    on = np.sort(dice.integers(1, max(2, days), dice.poisson(devices.swaps_a_year * days / 365)))
    return tuple(
        Swap(
            int(day),
            float(dice.normal(0, devices.spo2_bias_sd)),
            float(dice.normal(0, devices.pulse_bias_sd)),
            bool(dice.random() < devices.pairs_share),
        )
        for day in dict.fromkeys(on.tolist())
    )


def course(illness: Exacerbations, since_onset: np.ndarray) -> np.ndarray:
    """Return how ill somebody is, from 0 to 1, so many days after the onset: a ramp up, a slow way back."""
    rise = (since_onset - illness.rise_from_day) / (illness.rise_until_day - illness.rise_from_day)
    way_back = np.exp(-np.maximum(0, since_onset - illness.rise_until_day) / illness.recovery_days)
    return np.asarray(np.clip(rise, 0, 1) * np.where(way_back > 0.05, way_back, 0))
