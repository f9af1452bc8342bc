"""What is usual for a sex, an age and a height: the GLI equations of FEV1, FVC and their ratio.

M = exp(m + m·ln height + m·ln age + spline), S alike without height, L without exp; which numbers,
and where they come from, stands in SOURCES.md beside them.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import exp, isfinite, log
from typing import Literal, get_args

from devices.kinds import CODINGS, Kind

Equation = Literal["GLI Global 2022", "GLI-2012"]
Sex = Literal["female", "male"]
Group = Literal["caucasian", "african_american", "north_east_asian", "south_east_asian", "other"]
Refusal = Literal[
    "the equations know FEV1, FVC and FEV1/FVC only",
    "the equations are for 3 to 95 years",
    "a height is a number of centimetres above 0",
    "GLI-2012 needs one of its groups",
    "GLI Global 2022 has no groups",
]

EQUATIONS: tuple[Equation, ...] = get_args(Equation)
GROUPS: tuple[Group, ...] = get_args(Group)
KINDS = (Kind.FEV1, Kind.FVC, Kind.FEV1_FVC)
AGE_MIN, AGE_MAX = 3.0, 95.0

_FILES: dict[Equation, str] = {"GLI Global 2022": "gli_global_2022", "GLI-2012": "gli_2012"}
_ROWS_A_YEAR = 4
_LLN_Z = 1.645
"""The lower limit of normal: below it lies one healthy person in twenty."""


@dataclass(frozen=True, slots=True)
class Predicted:
    """How a value lies among healthy people: L its skew, M its median in the kind's unit, S its spread."""

    skew: float
    median: float
    spread: float

    def percent(self, value: float) -> float:
        """Return how many per cent of the median a value is."""
        return 100 * value / self.median

    def z(self, value: float) -> float:
        """Return how far from the median a value above 0 lies, in standard deviations."""
        return float(((value / self.median) ** self.skew - 1) / (self.skew * self.spread))

    @property
    def lower_limit(self) -> float:
        """The lower limit of normal, LLN."""
        return float(self.median * (1 - _LLN_Z * self.skew * self.spread) ** (1 / self.skew))


def predicted(
    equation: Equation,
    kind: Kind,
    sex: Sex,
    age_years: float,
    height_cm: float,
    *,
    group: Group | None = None,
) -> Predicted | Refusal:
    """Return what is usual, or in words why the equation can't say; nothing is guessed or clamped.

    Between two rows of a table, a quarter of a year apart, the spline is a straight line.
    """
    if refusal := _refusal(equation, kind, age_years, height_cm, group=group):
        return refusal
    table = _tables(equation)[sex, kind]
    known, ln_age = table.coefficients, log(age_years)
    skew, median, spread = table.splines_at(age_years)
    skew += known["l_0"] + known["l_ln_age"] * ln_age
    median += known["m_0"] + known["m_ln_height_cm"] * log(height_cm) + known["m_ln_age"] * ln_age
    spread += known["s_0"] + known["s_ln_age"] * ln_age
    # The first group is the one that the others are compared with: it has no terms of its own.
    median += known.get(f"m_{group}", 0.0)
    spread += known.get(f"s_{group}", 0.0)
    unit = 100.0 if CODINGS[kind].unit == "%" else 1.0
    return Predicted(skew, unit * exp(median), exp(spread))


def name_of(equation: Equation, group: Group | None = None) -> str:
    """Return the whole name of what a value was compared with.

    >>> name_of("GLI-2012", "south_east_asian")
    'GLI-2012 (south_east_asian)'
    """
    return equation if group is None else f"{equation} ({group})"


def _refusal(
    equation: Equation, kind: Kind, age_years: float, height_cm: float, *, group: Group | None
) -> Refusal | None:
    if kind not in KINDS:
        return "the equations know FEV1, FVC and FEV1/FVC only"
    if not AGE_MIN <= age_years <= AGE_MAX:
        return "the equations are for 3 to 95 years"
    if not (isfinite(height_cm) and height_cm > 0):
        return "a height is a number of centimetres above 0"
    if equation == "GLI-2012" and group is None:
        return "GLI-2012 needs one of its groups"
    if equation == "GLI Global 2022" and group is not None:
        return "GLI Global 2022 has no groups"
    return None


@dataclass(frozen=True, slots=True)
class _Table:
    """One sex and one kind: the coefficients by name, and L, M and S splines for each quarter of a year."""

    coefficients: dict[str, float]
    splines: tuple[tuple[float, float, float], ...]

    def splines_at(self, age_years: float) -> tuple[float, float, float]:
        place, share = divmod((age_years - AGE_MIN) * _ROWS_A_YEAR, 1)
        before = self.splines[int(place)]
        after = self.splines[min(int(place) + 1, len(self.splines) - 1)]
        skew, median, spread = ((1 - share) * a + share * b for a, b in zip(before, after, strict=True))
        return skew, median, spread


@cache
def _tables(equation: Equation) -> dict[tuple[str, Kind], _Table]:
    """Read an equation's tables, once; they are as much a part of the program as its code."""
    splines: dict[tuple[str, Kind], list[tuple[float, float, float]]] = {}
    for key, row in _rows(f"{_FILES[equation]}_splines.csv"):
        rows = splines.setdefault(key, [])
        assert row["age_years"] == AGE_MIN + len(rows) / _ROWS_A_YEAR, "a row for each quarter of a year"
        rows.append((row["l_spline"], row["m_spline"], row["s_spline"]))
    return {
        key: _Table(row, tuple(splines[key])) for key, row in _rows(f"{_FILES[equation]}_coefficients.csv")
    }


def _rows(name: str) -> Iterator[tuple[tuple[str, Kind], dict[str, float]]]:
    text = files(__package__).joinpath(name).read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines()):
        key = row.pop("sex"), Kind(row.pop("kind"))
        yield key, {column: float(number) for column, number in row.items()}
