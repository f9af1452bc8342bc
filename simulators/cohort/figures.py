"""How good the rules were: figures with confidence intervals, by resampling whole people."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from simulators.cohort.judged import Family, Opened
from simulators.cohort.years import Year

BEFORE_DAYS, UNTIL_DAYS = 7, 3
"""An event is found when any clinical alert opens from seven days before its onset to three after."""

OWN_DAYS = 21
"""An alert from seven days before an onset to this many after belongs to that event; else it is false."""

EPISODE_DAYS = 7
"""Alerts that open within a week of an episode's first one are one episode, and one call."""

SETTLE_DAYS = 28
"""The first weeks are not counted: the plan says then that there is no baseline yet."""

PATIENTS_A_NURSE, WEEK_BY_WORKDAYS = 80, 7 / 5
DAYS_A_MONTH = 365.25 / 12
RESAMPLES = 1_000
CLINICAL: tuple[Family, ...] = ("trend", "drift", "symptom", "threshold")

Figure = dict[str, float | None]


@dataclass(slots=True)
class Sums:
    """What one person adds to the figures."""

    counts: dict[str, float] = field(default_factory=dict)
    lead_onset: list[float] = field(default_factory=list)
    lead_treated: list[float] = field(default_factory=list)

    def add(self, name: str, count: float = 1) -> None:
        """Count something."""
        self.counts[name] = self.counts.get(name, 0) + count


def sums_of(year: Year) -> Sums:
    """Count one person's alerts against what truly happened."""
    found = Sums()
    found.add("days", max(0, year.days - SETTLE_DAYS))
    clinical = [(day, each) for day, each in year.opened if each.family in CLINICAL]
    onsets = [each.onset for each in year.person.illnesses]
    _count_events(year, clinical, found)
    for name, wanted in _KINDS.items():
        begun = episodes([day for day, each in clinical if wanted(each)])
        for day in begun:
            if day >= SETTLE_DAYS and not (name == "drift" and year.person.is_declining):
                found.add(f"episodes {name}")
                found.add(f"false {name}", not _is_of_an_event(day, onsets))
    found.add("compared", year.compared_days)
    found.add("all days", year.days)
    found.add("technical", sum(each.family == "technical" for _, each in year.opened))
    return found


_KINDS: dict[str, Callable[[Opened], bool]] = {
    "any": lambda _: True,
    "red": lambda each: each.level == "red",
    "trend": lambda each: each.family == "trend",
    "drift": lambda each: each.family == "drift",
    "symptom": lambda each: each.family == "symptom",
    "threshold": lambda each: each.family == "threshold",
}


def episodes(days: Sequence[int]) -> list[int]:
    """Return the first days of episodes: what opens within a week of one belongs to it.

    >>> episodes([3, 5, 10, 11, 30])
    [3, 10, 30]
    """
    begun: list[int] = []
    for day in sorted(days):
        if not begun or day - begun[-1] >= EPISODE_DAYS:
            begun.append(day)
    return begun


def _count_events(year: Year, clinical: Sequence[tuple[int, Opened]], found: Sums) -> None:
    days = [day for day, _ in clinical]
    trends = [day for day, each in clinical if each.family == "trend"]
    for each in year.person.illnesses:
        if not SETTLE_DAYS <= each.onset < year.days - UNTIL_DAYS:
            continue
        near = [day for day in days if -BEFORE_DAYS <= day - each.onset <= UNTIL_DAYS]
        is_trend = any(-BEFORE_DAYS <= day - each.onset <= UNTIL_DAYS for day in trends)
        found.add("events")
        found.add("found", bool(near))
        if each.is_visible:
            found.add("visible")
            found.add("visible found", bool(near))
            found.add("visible found by trend", is_trend)
            found.add("visible found early", any(day <= each.onset for day in near))
        if near:
            found.lead_onset.append(each.onset - near[0])
            if each.treated_on is not None:
                found.lead_treated.append(each.treated_on - near[0])


def _is_of_an_event(day: int, onsets: Sequence[int]) -> bool:
    return any(-BEFORE_DAYS <= day - onset <= OWN_DAYS for onset in onsets)


def figures(sums: Sequence[Sums], dice: np.random.Generator) -> dict[str, Figure]:
    """Return every figure with its 95 % interval; people are resampled, for one person's days are alike."""
    weights = dice.multinomial(len(sums), np.full(len(sums), 1 / len(sums)), RESAMPLES)

    def column(name: str) -> np.ndarray:
        return np.array([each.counts.get(name, 0.0) for each in sums])

    def rate(above: np.ndarray, below: np.ndarray, times: float = 1.0) -> Figure:
        return _ratio(above, below, weights, times)

    days = column("days")
    own = column("episodes any") - column("false any")
    found = {
        "sensitivity": rate(column("visible found"), column("visible")),
        "sensitivity_all": rate(column("found"), column("events")),
        "sensitivity_before_onset": rate(column("visible found early"), column("visible")),
        "sensitivity_trend": rate(column("visible found by trend"), column("visible")),
        "ppv": rate(own, column("episodes any")),
        "false_alerts_per_patient_month": rate(column("false any"), days, DAYS_A_MONTH),
        "alerts_per_nurse_day_at_80_patients": rate(
            column("episodes any"), days, PATIENTS_A_NURSE * WEEK_BY_WORKDAYS
        ),
        "lead_days_before_treatment_median": _median([each.lead_treated for each in sums], weights),
        "lead_days_before_onset_median": _median([each.lead_onset for each in sums], weights),
        "days_with_baseline": rate(column("compared"), column("all days")),
        "technical_per_patient_month": rate(column("technical"), column("all days"), DAYS_A_MONTH),
    }
    for name in ("trend", "drift", "symptom", "threshold", "red"):
        found[f"false_{name}_per_patient_month"] = rate(column(f"false {name}"), days, DAYS_A_MONTH)
    return found


def interval(values: np.ndarray, weights: np.ndarray) -> Figure:
    """Return the mean of one value per person, with its interval."""
    return _ratio(values, np.ones(len(values)), weights, 1.0)


def _ratio(above: np.ndarray, below: np.ndarray, weights: np.ndarray, times: float) -> Figure:
    total = float(below.sum())
    if total <= 0:
        return {"value": None, "low": None, "high": None}
    bottoms = weights @ below
    tops = (weights @ above)[bottoms > 0]
    low, high = np.quantile(times * tops / bottoms[bottoms > 0], (0.025, 0.975))
    return _figure(times * float(above.sum()) / total, float(low), float(high))


def _median(lists: Sequence[Sequence[float]], weights: np.ndarray) -> Figure:
    """Resample people, not events; medians of whole days, so that intervals may have no width."""
    owners = np.repeat(np.arange(len(lists)), [len(each) for each in lists])
    values = np.array([value for each in lists for value in each], dtype=float)
    if not len(values):
        return {"value": None, "low": None, "high": None}
    order = np.argsort(values, kind="stable")
    values, heavy = values[order], np.cumsum(weights[:, owners[order]], axis=1)
    found = values[np.argmax(heavy * 2 >= heavy[:, -1:], axis=1)]
    low, high = np.quantile(found, (0.025, 0.975))
    return _figure(float(np.median(values)), float(low), float(high))


def _figure(value: float, low: float, high: float) -> Figure:
    return {"value": round(value, 4), "low": round(low, 4), "high": round(high, 4)}
