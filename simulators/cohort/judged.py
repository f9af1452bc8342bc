"""The one seam between the cohort and the rules: the hub's own judge, and what of its word is counted."""

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Literal

from cloud_bridge.contract.alert import Alert
from cloud_bridge.contract.answers import Answer, Question
from cloud_bridge.contract.care import Targets, Usual
from cloud_bridge.contract.plan import Plan
from cloud_bridge.contract.rule_settings import Rules as RuleSettings
from cloud_bridge.contract.schedule import Schedule
from cloud_bridge.contract.trend_settings import PulseDoubt, TrendSettings
from devices.kinds import Kind
from devices.readings import Reading
from gateway.alerts.family import Event
from gateway.alerts.judge import judge, take_plan
from gateway.alerts.state import JudgeState

RULES = (
    "the hub's whole judge, with the defaults of its rules; T2 waits for a second reading, as the shipped"
    " plans say; the plan asks for nothing by a schedule"
)
"""Said in every output."""

Family = Literal["trend", "drift", "symptom", "threshold", "technical"]

LOW_TARGET_SPO2 = 90.0
"""Whose usual saturation is higher has no target of 88 to 92."""

_SIGNED_AT = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Told:
    """What the plan of one person says: their habitual values, as somebody typed them in."""

    spo2: float
    pulse: float
    is_on_oxygen: bool
    doubts: tuple[PulseDoubt, ...]


@dataclass(frozen=True, slots=True)
class Opened:
    """An alert opened."""

    family: Family
    level: Literal["yellow", "red", "technical"]


class Rules:
    """One person's judge and what it remembers. The seam: `hear`, `answer`, `treat`."""

    def __init__(self, told: Told, settings: TrendSettings) -> None:
        self._plan = _plan(told, settings)
        self._state = take_plan(self._plan, JudgeState(), _SIGNED_AT).state
        self._ids = count()

    @property
    def is_compared(self) -> bool:
        """Whether there is a baseline for what the trend looks at."""
        assert self._plan.trend is not None
        usual = self._state.memory_of("trend").day.usuals.get(Kind.SPO2)
        return usual is not None and usual.baseline.is_ready(self._plan.trend)

    def hear(self, reading: Reading, now: datetime) -> list[Opened]:
        """Judge one reading."""
        return self._judged(reading, now)

    def answer(self, is_worse: bool, now: datetime) -> list[Opened]:
        """Judge the day's answers: two of three Anthonisen items worse than usual, or none."""
        asked = (Question.BREATHLESSNESS, Question.SPUTUM_VOLUME)
        return [one for each in asked for one in self._judged(self._said(each, is_worse, now), now)]

    def treat(self, now: datetime) -> None:
        """Take in that antibiotics, steroids or an admission began."""
        self._judged(self._said(Question.MEDICATION_STARTED, True, now), now)

    def _said(self, question: Question, is_so: bool, now: datetime) -> Answer:
        return Answer(
            id=f"answer-{next(self._ids)}",
            question=question,
            value=float(is_so),
            answered_at=now,
            received_at=now,
        )

    def _judged(self, event: Event, now: datetime) -> list[Opened]:
        verdict = judge(self._plan, self._state, event, now)
        self._state = verdict.state
        return [_opened(alert) for alert in verdict.changes if alert.change == "opened"]


def _plan(told: Told, settings: TrendSettings) -> Plan:
    """Return the plan of one person: fixed limits lie below their usual value, as a clinician signs them."""
    defaults = RuleSettings()
    very_low = min(defaults.spo2_very_low.below, told.spo2 - defaults.spo2_very_low.fall + 1)
    low = min(defaults.spo2_low.below, told.spo2 - defaults.spo2_low.fall + 1)
    rules = defaults.model_copy(
        update={
            "spo2_very_low": defaults.spo2_very_low.model_copy(update={"below": very_low}),
            "spo2_low": defaults.spo2_low.model_copy(update={"below": low, "is_told_at_once": False}),
        }
    )
    is_low_target = told.is_on_oxygen and told.spo2 <= LOW_TARGET_SPO2
    targets = Targets(
        saturation="88-92" if is_low_target else "94-98",
        oxygen="oxygen" if told.is_on_oxygen else "air",
        news2_scale=2 if is_low_target else 1,
        usual=Usual(spo2=told.spo2, pulse_rate=told.pulse),
    )
    return Plan(
        version=1,
        approved_at=_SIGNED_AT,
        approved_by_role="nobody: these people were made up",
        limits=(),
        targets=targets,
        rules=rules,
        trend=settings.model_copy(update={"pulse_doubts": told.doubts}),
        schedule=Schedule(timezone="UTC"),
    )


def _opened(alert: Alert) -> Opened:
    if alert.is_technical and alert.code != "pusterom:new_level":
        return Opened("technical", "technical")
    name, _, rest = alert.rule.partition(".")
    family: Family = "threshold"
    if name == "K1":
        family = "trend" if rest in {"", "night"} else "drift"
    elif name == "T6":
        family = "symptom"
    return Opened(family, alert.level)
