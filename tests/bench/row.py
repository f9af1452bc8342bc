"""What a row of the bench is made of, and how its figures are said."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Protocol, TypeVar


class _Closed(Protocol):
    def close(self) -> object: ...


_ClosedT = TypeVar("_ClosedT", bound=_Closed)


class NotHereError(Exception):
    """The row can't be measured on this machine; the reason says what it lacks."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure, measured in several rounds."""

    values: tuple[float, ...]
    unit: str = ""

    @property
    def median(self) -> float:
        """The middle of the rounds."""
        return median(self.values)

    def __str__(self) -> str:
        middle, unit = plain(self.median), f" {self.unit}" if self.unit else ""
        if len(self.values) < 2:
            return f"{middle}{unit}"
        return f"{middle} ({plain(min(self.values))}–{plain(max(self.values))}){unit}"


def plain(number: float) -> str:
    """Return a number with as many digits as anybody believes.

    >>> plain(0.01234), plain(0.87), plain(2.341), plain(38.2), plain(53211.4)
    ('0.0123', '0.87', '2.34', '38', '53,211')
    """
    if number == 0:
        return "0"
    if abs(number) < 0.1:
        return f"{number:.3g}"
    return f"{number:.2f}" if abs(number) < 10 else f"{number:,.0f}"


@dataclass(frozen=True, slots=True)
class Goal:
    """At least, or at most, this number."""

    sign: str
    number: float
    unit: str = ""

    def is_reached(self, figure: Figure) -> bool:
        """Tell whether the median of the rounds is on the right side."""
        return figure.median >= self.number if self.sign == "≥" else figure.median <= self.number

    def __str__(self) -> str:
        return f"{self.sign} {self.number:g}{f' {self.unit}' if self.unit else ''}"


def least(number: float) -> Goal:
    """Return the goal of at least this much."""
    return Goal("≥", number)


def most(number: float, unit: str = "") -> Goal:
    """Return the goal of at most this much."""
    return Goal("≤", number, unit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One line of the table; without a goal it stands there to be compared with."""

    what: str
    ours: Figure
    against: str
    theirs: Figure | None = None
    ratio: Figure | None = None
    goal: Goal | None = None
    why: str = ""
    """Why the goal is missed, where it is."""

    @property
    def is_missed(self) -> bool:
        """Whether there is a goal and it was not reached."""
        return self.goal is not None and not self.goal.is_reached(self.ratio or self.ours)


@dataclass(slots=True)
class Bench:
    """What a row is given: a folder on a real disk, how much to do, and somebody to tell how far it is."""

    folder: Path
    is_small: bool
    say: Callable[[str], None]
    stack: ExitStack = field(default_factory=ExitStack)
    """What must be ended after the row, whatever happens."""

    def closing(self, opened: _ClosedT) -> _ClosedT:
        """Return what was opened; it is closed when the row is over."""
        return self.stack.enter_context(closing(opened))

    def many(self, full: int, small: int) -> int:
        """Return how often to do something: as often as a figure needs, or just so that it has run."""
        return small if self.is_small else full

    def place(self, name: str) -> Path:
        """Return a new folder of this name."""
        made = self.folder / name
        made.mkdir()
        return made


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table: its name, what the issue calls it, what exactly is measured, and how."""

    name: str
    title: str
    measured: str
    run: Callable[[Bench], list[Outcome]]


def took_s(work: Callable[[], object]) -> float:
    """Return how many seconds this took."""
    began = perf_counter()
    work()
    return perf_counter() - began


def figure(values: Sequence[float], unit: str = "", *, times: float = 1.0) -> Figure:
    """Return the figure of these rounds, in another unit."""
    return Figure(tuple(value * times for value in values), unit)


def ratio(above: Sequence[float], below: Sequence[float]) -> Figure:
    """Return the ratio of two figures that were measured side by side, round by round."""
    return Figure(tuple(one / other for one, other in zip(above, below, strict=True)))
