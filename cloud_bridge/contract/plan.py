"""The patient's shared, versioned treatment plan: defaults until a clinician approves each number."""

from datetime import date, datetime
from functools import cached_property
from typing import Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator, model_validator

from cloud_bridge.contract.care import (
    LINES_MAX,
    Advice,
    Asked,
    Conditions,
    Contact,
    Escalation,
    Follow,
    Targets,
)
from cloud_bridge.contract.night_settings import NightSettings
from cloud_bridge.contract.rule_settings import Rules
from cloud_bridge.contract.schedule import Schedule
from cloud_bridge.contract.trend_settings import TrendSettings
from devices.kinds import Kind
from devices.readings import Setting
from devices.spirometry.gli import GROUPS, Equation, Group, Sex, name_of

Level = Literal["yellow", "red"]
Side = Literal["below", "above"]

KEEP_DAYS = 400
"""A year and a month: a doctor's yearly look back still finds everything in the home."""

KEEP_DAYS_MIN = 7
"""Less would take away what a ward that was restored from its backup asks for again."""

LIMITS_MAX = 60
"""So many limits a plan has at most: what the judge remembers stays small."""

ZONE = ZoneInfo("Europe/Oslo")
"""Where a plan asks for nothing, it names no zone."""

_DAYS_A_YEAR = 365.25
_FEV1_L_MIN, _FEV1_L_MAX = 0.2, 10.0
_PEF_L_MIN, _PEF_L_MAX = 30.0, 1_000.0
"""A number outside is one in another unit: millilitres, litres a second."""

# A limit that is no number would never be broken, and nobody would notice.
_STRICT = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Limit(BaseModel):
    """One individual threshold: opens below or above a value, closes only once back past `clear`."""

    model_config = _STRICT

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    kind: Kind
    level: Level
    below: float | None = None
    above: float | None = None
    clear: float
    in_a_row: int = Field(default=1, ge=1, le=10)
    usual: float | None = None

    @model_validator(mode="after")
    def _one_side_with_hysteresis(self) -> Self:
        if (self.below is None) == (self.above is None):
            raise ValueError("write either below or above, not both and not neither")
        if self.below is not None and self.clear < self.below:
            raise ValueError(f"write a clear of {self.below:g} or more, else the alert flickers")
        if self.above is not None and self.clear > self.above:
            raise ValueError(f"write a clear of {self.above:g} or less, else the alert flickers")
        return self

    @property
    def side(self) -> Side:
        """On which side of its edge the limit is broken."""
        return "above" if self.below is None else "below"

    @property
    def edge(self) -> float:
        """The value beyond which an alert opens; the value itself is still within."""
        edge = self.above if self.below is None else self.below
        assert edge is not None, "a limit has exactly one side"
        return edge

    def is_beyond(self, value: float) -> bool:
        """Tell whether a value breaks the limit."""
        return value < self.edge if self.side == "below" else value > self.edge

    def is_clear(self, value: float) -> bool:
        """Tell whether a value lies back where an open alert may close."""
        return value >= self.clear if self.side == "below" else value <= self.clear


class Best(BaseModel):
    """A personal best, and where it was set: it is compared with readings from there only."""

    model_config = _STRICT

    value: float = Field(gt=0)
    setting: Setting


class PlanPerson(BaseModel):
    """What the equations must know of a person, and what to compare with; no name, no date of birth.

    A year is enough: whoever was born in it counts as born on its first of July, half a year wrong
    at most.
    """

    model_config = _STRICT

    sex: Sex
    birth_year: int = Field(ge=1900, le=2100)
    height_cm: float = Field(ge=80, le=250)
    equation: Equation
    group: Group | None = None
    fev1_best: Best | None = None
    pef_best: Best | None = None

    @model_validator(mode="after")
    def _group_where_the_equation_has_some(self) -> Self:
        if self.equation == "GLI-2012" and self.group is None:
            raise ValueError(f"GLI-2012 is five equations; write which as group: {', '.join(GROUPS)}")
        if self.equation == "GLI Global 2022" and self.group is not None:
            raise ValueError("GLI Global 2022 is one equation for everybody; remove group")
        return self

    @field_validator("fev1_best")
    @classmethod
    def _in_litres(cls, best: Best | None) -> Best | None:
        if best is not None and not _FEV1_L_MIN <= best.value <= _FEV1_L_MAX:
            raise ValueError("write the best FEV1 in litres, such as 1.32")
        return best

    @field_validator("pef_best")
    @classmethod
    def _in_litres_a_minute(cls, best: Best | None) -> Best | None:
        if best is not None and not _PEF_L_MIN <= best.value <= _PEF_L_MAX:
            raise ValueError("write the best PEF in litres a minute, such as 310")
        return best

    @property
    def reference(self) -> str:
        """The whole name of the equation, as it stands beside each value that it gave."""
        return name_of(self.equation, self.group)

    def age_years(self, at: datetime) -> float:
        """Return how old the person was then, as if born in the middle of the year."""
        return (at.date() - date(self.birth_year, 7, 1)).days / _DAYS_A_YEAR


class Plan(BaseModel):
    """What the hub runs and both organisations see. A change is a new version, never an edit."""

    model_config = _STRICT

    version: int = Field(ge=1)
    approved_at: AwareDatetime
    approved_by_role: str
    is_verified: bool = False
    stale_h: float = Field(default=48.0, gt=0)
    keep_days: int = Field(default=KEEP_DAYS, ge=KEEP_DAYS_MIN)
    """So long an entry stays on the hub after the ward has it."""
    limits: tuple[Limit, ...] = Field(max_length=LIMITS_MAX)
    person: PlanPerson | None = None
    """Who is compared with whom; None where nobody has said, and then nothing is compared."""

    # What follows came later: a plan from before says nothing of it, and then nothing of it is in force.
    follow: Follow | None = None
    targets: Targets | None = None
    conditions: Conditions = Conditions()
    questions: tuple[Asked, ...] = Field(default=(), max_length=LINES_MAX)
    advice: Advice = Advice()
    contacts: tuple[Contact, ...] = Field(default=(), max_length=LINES_MAX)
    escalation: Escalation | None = None
    rules: Rules | None = None
    """None is a plan that knows single limits only."""
    trend: TrendSettings | None = None
    """None is a plan without a trend."""
    schedule: Schedule | None = None
    """What is asked for and when; None is a plan that misses nothing."""
    night: NightSettings | None = None
    """None is a plan under which no night is summed up."""

    @cached_property
    def zone(self) -> ZoneInfo:
        """The patient's own time zone, in which a day begins and ends."""
        return ZONE if self.schedule is None else self.schedule.zone

    @field_validator("limits")
    @classmethod
    def _ids_differ(cls, limits: tuple[Limit, ...]) -> tuple[Limit, ...]:
        ids = [limit.id for limit in limits]
        if twice := next((id_ for id_ in ids if ids.count(id_) > 1), None):
            raise ValueError(f"two limits share the id {twice}; give each an id of its own")
        return limits

    @field_validator("questions")
    @classmethod
    def _asked_once(cls, questions: tuple[Asked, ...]) -> tuple[Asked, ...]:
        words = [each.question for each in questions]
        if twice := next((word for word in words if words.count(word) > 1), None):
            raise ValueError(f"{twice} is asked twice; ask it once")
        return questions
