"""What the plan asks for and when: measurements and answers, their windows, their grace, their pauses."""

from datetime import date, time
from functools import cached_property
from typing import Literal, Self, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from devices.kinds import Kind

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)

ASKS_MAX = 24
WINDOWS_MAX = 12
PAUSES_MAX = 50
"""What is looked at for each event has an end: who needs more pauses removes those that are over."""

LAST_DAY = date(2100, 12, 31)

_STRICT = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Window(BaseModel):
    """A part of the day by the home's own clock; one that ends where it begins lasts until tomorrow."""

    model_config = _STRICT

    begins: time
    ends: time

    @field_validator("begins", "ends")
    @classmethod
    def _by_the_homes_clock(cls, said: time) -> time:
        if said.tzinfo is not None:
            raise ValueError("write a time of day without a zone, such as 07:00: it is the home's own")
        return said

    @property
    def is_over_midnight(self) -> bool:
        """Whether it ends on the day after the one on which it began."""
        return self.ends <= self.begins


WHOLE_DAY = Window(begins=time(0), ends=time(0))


class Ask(BaseModel):
    """One thing that the plan asks for, again and again: a measurement, a form's answers, or a night.

    Either once in each window of each of these days, or on so many different days of a week, whichever
    they are (from Monday on).
    """

    model_config = _STRICT

    id: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    kind: Kind | None = None
    form: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9_]{0,39}$")
    is_night: bool = False
    """A night of oximetry; it is there once it has been summed up."""
    days: tuple[Weekday, ...] = WEEKDAYS
    windows: tuple[Window, ...] = Field(default=(WHOLE_DAY,), min_length=1, max_length=WINDOWS_MAX)
    times_a_week: int | None = Field(default=None, ge=1, le=7)
    noted_after_h: float | None = Field(default=None, ge=0, le=24 * 60)
    yellow_after_h: float | None = Field(default=None, ge=0, le=24 * 60)

    @model_validator(mode="after")
    def _one_thing_in_one_rhythm(self) -> Self:
        if (self.kind is not None) + (self.form is not None) + self.is_night != 1:
            raise ValueError("write one of kind, form, and is_night = true: one ask is for one thing")
        if not self.days or len(set(self.days)) != len(self.days):
            raise ValueError("write each of the days once, and at least one")
        if self.times_a_week is not None and (self.days != WEEKDAYS or self.windows != (WHOLE_DAY,)):
            raise ValueError("write either times_a_week, or days and windows: with both, which counts?")
        if any(
            later.begins <= sooner.begins
            for sooner, later in zip(self.windows, self.windows[1:], strict=False)
        ):
            raise ValueError("write windows in the order in which they begin")
        return self

    @property
    def of(self) -> str:
        """What is asked for, in one word."""
        return "night" if self.is_night else f"form {self.form}" if self.form else f"kind {self.kind}"

    @property
    def what(self) -> tuple[str, ...]:
        """What is asked for in which rhythm: while this stays, a new plan asks for the same as before."""
        if self.times_a_week is not None:
            return (self.of, f"{self.times_a_week} a week")
        return (self.of, *self.days, *(f"{each.begins}-{each.ends}" for each in self.windows))


class Pause(BaseModel):
    """Nothing is asked for on these days of the home, both included; without an end until further notice."""

    model_config = _STRICT

    first_on: date
    last_on: date | None = Field(default=None, le=LAST_DAY)
    reason: Literal["admission", "holiday", "other"]
    asks: tuple[str, ...] = ()
    """The ids of what is not asked for; all of it where none is named."""

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> Self:
        if self.last_on is not None and self.last_on < self.first_on:
            raise ValueError("write a last_on that is not before first_on")
        return self

    def has(self, ask: Ask) -> bool:
        """Tell whether it is about this ask."""
        return not self.asks or ask.id in self.asks


class Schedule(BaseModel):
    """All that the plan asks for, and how long we wait for it."""

    model_config = _STRICT

    timezone: str = "Europe/Oslo"
    """The home's own: in it a day begins and ends, and clocks are put forward and back."""
    asks: tuple[Ask, ...] = Field(default=(), max_length=ASKS_MAX)
    pauses: tuple[Pause, ...] = Field(default=(), max_length=PAUSES_MAX)
    noted_after_h: float = Field(default=24.0, ge=0, le=24 * 60)
    """So long after its window what did not come is noted as "not reported" (VKP 5.3.1, 5.3.2); own
    recommendation, unverified."""
    yellow_after_h: float = Field(default=48.0, ge=0, le=24 * 60)
    """So long after its window somebody is told; own recommendation, unverified."""
    battery_low_percent: float = Field(default=20.0, ge=0, le=100)
    """A device that said less before it fell silent is thought to be empty; unverified."""

    @field_validator("timezone")
    @classmethod
    def _a_zone_that_exists(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(f"no time zone is called {name}; write one such as Europe/Oslo") from error
        return name

    @model_validator(mode="after")
    def _names_that_can_be_told_apart(self) -> Self:
        ids = [ask.id for ask in self.asks]
        if twice := next((id_ for id_ in ids if ids.count(id_) > 1), None):
            raise ValueError(f"two asks share the id {twice}; give each an id of its own")
        named = {id_ for pause in self.pauses for id_ in pause.asks}
        if unknown := sorted(named - set(ids)):
            raise ValueError(f"a pause names what is not asked for: {', '.join(unknown)}")
        for ask in self.asks:
            if self.yellow_after_s(ask) < self.noted_after_s(ask):
                raise ValueError(f"{ask.id}: write a yellow_after_h of noted_after_h or more")
        return self

    @cached_property
    def zone(self) -> ZoneInfo:
        """The home's time zone."""
        return ZoneInfo(self.timezone)

    def ask(self, id_: str) -> Ask | None:
        """Return the ask of this id."""
        return next((ask for ask in self.asks if ask.id == id_), None)

    def noted_after_s(self, ask: Ask) -> float:
        """Return how long after its window what did not come is noted, in seconds."""
        return 3600 * (self.noted_after_h if ask.noted_after_h is None else ask.noted_after_h)

    def yellow_after_s(self, ask: Ask) -> float:
        """Return how long after its window somebody is told, in seconds."""
        own = self.yellow_after_h if ask.yellow_after_h is None else ask.yellow_after_h
        return 3600 * own
