"""Runs a cohort over the processors there are, and gathers its figures: same seed, same figures."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from typing import Any, TypeVar

import numpy as np

from cloud_bridge.contract.trend_settings import TrendSettings
from simulators.cohort import figures, swaps
from simulators.cohort.figures import Sums
from simulators.cohort.judged import RULES
from simulators.cohort.physiology import Physiology
from simulators.cohort.plot import Point
from simulators.cohort.swaps import Outcomes
from simulators.cohort.years import year_of

SWAP_PATIENTS_MAX = 1_000
"""The table of device changes needs no more for its second digit, and costs forty lives a person."""

LIMITS = (0.5, 0.75, 0.9, 1.1, 1.4)
POINT_PATIENTS_MAX = 300
"""The operating points: these limits of the score, with and without symptoms, so many people each."""

CHUNK = 8

Progress = Callable[[int, int], object]
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What to simulate."""

    patients: int
    days: int
    seed: int
    physiology: Physiology
    settings: TrendSettings
    jobs: int = 0
    """Processes; 0 is one for each processor."""
    has_swaps: bool = True


def cohort(wishes: Wishes, progress: Progress) -> dict[str, Any]:
    """Return the one object that `pusterom cohort --json` prints."""
    begun = _processor_s()
    swapped = min(wishes.patients, SWAP_PATIENTS_MAX) if wishes.has_swaps else 0
    total = wishes.patients + swapped
    sums = list(_over(wishes, _sums, wishes.patients, partial(_moved, progress, 0, total)))
    took_s = _processor_s() - begun
    found: dict[str, Any] = {
        "rules": RULES,
        "patients": wishes.patients,
        "days": wishes.days,
        "seed": wishes.seed,
        "events": sum(each.counts.get("events", 0) for each in sums),
        **figures.figures(sums, np.random.default_rng([wishes.seed, 1])),
    }
    if swapped:
        moved = partial(_moved, progress, wishes.patients, total)
        outcomes = list(_over(wishes, _swaps, swapped, moved))
        found["device_swaps"] = swaps.table(outcomes, np.random.default_rng([wishes.seed, 2]))
    found["processor_s_per_patient_year"] = round(took_s / (wishes.patients * wishes.days / 365), 4)
    return found


def operating_points(wishes: Wishes, progress: Progress) -> list[Point]:
    """Return what the trend gives under other limits: the same people, lived again under each."""
    patients = min(wishes.patients, POINT_PATIENTS_MAX)
    total = 2 * len(LIMITS) * patients
    found = []
    for number, (limit, is_with) in enumerate(product(LIMITS, (True, False))):
        low = wishes.settings.limit_with_symptoms if is_with else limit
        changed = {"limit_alone": limit, "limit_with_symptoms": min(low, limit)}
        settings = wishes.settings.model_copy(update=changed)
        asked = replace(wishes, settings=settings, patients=patients)
        begun = partial(_moved, progress, number * patients, total)
        counts = [each.counts for each in _over(asked, _sums, patients, begun)]
        found.append(
            Point(
                limit,
                is_with,
                _summed(counts, "visible found by trend") / max(1, _summed(counts, "visible")),
                _summed(counts, "false trend") * figures.DAYS_A_MONTH / max(1, _summed(counts, "days")),
            )
        )
    return found


def _summed(counts: Sequence[Mapping[str, float]], name: str) -> float:
    return sum(each.get(name, 0.0) for each in counts)


def _moved(progress: Progress, before: int, total: int, done: int) -> None:
    progress(before + done, total)


def _processor_s() -> float:
    """Return what this process and those that it has waited for have used: a busy machine changes little."""
    return sum(os.times()[:4])


def _jobs(wishes: Wishes) -> int:
    return wishes.jobs or os.cpu_count() or 1


def _over(
    wishes: Wishes, work: Callable[[Wishes, int], _T], count: int, moved: Callable[[int], object]
) -> Iterator[_T]:
    """Yield what each person gives, in their order, however many processes there are."""
    if _jobs(wishes) == 1:
        given: Iterator[_T] = (work(wishes, number) for number in range(count))
        yield from _counted(given, moved)
        return
    with ProcessPoolExecutor(_jobs(wishes)) as pool:
        yield from _counted(pool.map(partial(work, wishes), range(count), chunksize=CHUNK), moved)


def _counted(given: Iterator[_T], moved: Callable[[int], object]) -> Iterator[_T]:
    for done, each in enumerate(given, start=1):
        moved(done)
        yield each


def _sums(wishes: Wishes, number: int) -> Sums:
    year = year_of(wishes.physiology, wishes.settings, wishes.seed, number, wishes.days)
    return figures.sums_of(year)


def _swaps(wishes: Wishes, number: int) -> Outcomes:
    return swaps.swaps_of(wishes.physiology, wishes.settings, wishes.seed, number)
