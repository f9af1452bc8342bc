"""Quality indicators: tallies that add up, and what they say. Exact and pure: the same for everybody.

Everything is counted in integers; a figure is rounded once, at the end, half to even.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Literal

MONTH_S = 30 * 86_400
"""A patient-month is thirty days of one home being followed."""

Unit = Literal["percent", "per_month"]

UNITS: Mapping[str, Unit] = {
    "adherence": "percent",
    "seen": "percent",
    "taken": "percent",
    "done": "percent",
    "open_under_day": "percent",
    "open_under_week": "percent",
    "open_older": "percent",
    "handover": "percent",
    "alerts": "per_month",
    "of_no_use": "percent",
    "downtime": "percent",
    "receipt": "percent",
    "late": "percent",
}
"""Every indicator, in the order in which they are read."""


@dataclass(frozen=True, slots=True)
class Period:
    """From `since` on and before `until`."""

    since: datetime
    until: datetime

    def has(self, at: datetime) -> bool:
        """Tell whether a moment lies in it."""
        return self.since <= at < self.until


@dataclass(frozen=True, slots=True)
class Tally:
    """So many of so many; of those `waiting` nobody can say yet. `seconds` counts how long it took."""

    part: int = 0
    whole: int = 0
    waiting: int = 0
    seconds: Mapping[int, int] = field(default_factory=dict)

    def __add__(self, other: "Tally") -> "Tally":
        """Return both together."""
        seconds = Counter(self.seconds)
        seconds.update(other.seconds)
        return Tally(
            self.part + other.part, self.whole + other.whole, self.waiting + other.waiting, dict(seconds)
        )


@dataclass(frozen=True, slots=True)
class Indicator:
    """One figure and where it comes from."""

    id: str
    tally: Tally

    @property
    def unit(self) -> Unit:
        """In what it is said."""
        return UNITS[self.id]

    @property
    def value(self) -> Decimal | None:
        """The figure, rounded half to even; None where there is nothing to count among."""
        if not self.tally.whole:
            return None
        if self.unit == "per_month":
            return Decimal(round(Fraction(100 * self.tally.part * MONTH_S, self.tally.whole))).scaleb(-2)
        return Decimal(round(Fraction(1000 * self.tally.part, self.tally.whole))).scaleb(-1)

    @property
    def n(self) -> int:
        """Of how many the times are known."""
        return sum(self.tally.seconds.values())

    @property
    def median_s(self) -> int | None:
        """The smallest time within which half of them came."""
        return quantile(self.tally.seconds, Fraction(1, 2))

    @property
    def p90_s(self) -> int | None:
        """The smallest time within which nine of ten came."""
        return quantile(self.tally.seconds, Fraction(9, 10))


Counted = tuple[str, str, Tally]
"""Who was accountable (nobody is ''), of which indicator, how much."""


@dataclass(frozen=True, slots=True)
class Indicators:
    """The figures of all together, and of each organisation for what it was accountable for."""

    whole: tuple[Indicator, ...]
    by_organisation: Mapping[str, tuple[Indicator, ...]]


def quantile(seconds: Mapping[int, int], share: Fraction) -> int | None:
    """Return the smallest that at least this share does not exceed: one that occurs, and never a mean.

    >>> quantile({10: 1, 20: 1}, Fraction(1, 2)), quantile({}, Fraction(1, 2))
    (10, None)
    """
    wanted, so_far = share * sum(seconds.values()), 0
    for each in sorted(seconds):
        so_far += seconds[each]
        if so_far >= wanted:
            return each
    return None


def indicators(counted: Iterable[Counted]) -> Indicators:
    """Return the figures of what was counted, in whatever order."""
    sums: dict[str, dict[str, Tally]] = {}
    whole: dict[str, Tally] = {}
    for organisation, id_, tally in counted:
        if tally == Tally():
            continue
        own = sums.setdefault(organisation, {})
        own[id_] = own.get(id_, Tally()) + tally
        whole[id_] = whole.get(id_, Tally()) + tally
    return Indicators(_all(whole), {name: _all(sums[name]) for name in sorted(sums)})


def _all(tallies: Mapping[str, Tally]) -> tuple[Indicator, ...]:
    return tuple(Indicator(id_, tallies.get(id_, Tally())) for id_ in UNITS)
