"""What a family of rules is handed, and what it says: the only words that it shares with the judge."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from cloud_bridge.contract.alert import Because, Said
from cloud_bridge.contract.answers import Answer
from cloud_bridge.contract.entries import Clock
from cloud_bridge.contract.nights import Night
from cloud_bridge.contract.plan import Level, Plan
from cloud_bridge.contract.rule_settings import Rule
from cloud_bridge.contract.unjudged import ELSEWHERE, Reason
from devices.readings import Reading


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed, and nothing else has happened."""

    at: datetime


@dataclass(frozen=True, slots=True)
class DeviceSeen:
    """A device was heard for the first time, or for the first time under this driver."""

    device: str
    driver: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Began:
    """The hub has started, or its clock was put right."""

    at: datetime


@dataclass(frozen=True, slots=True)
class NightOver:
    """A night of oximetry is over, and was summed up."""

    night: Night
    at: datetime


Event = Reading | Answer | DeviceSeen | NightOver | Began | Tick


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What a family may know besides the event: the hub's time, and what other families found before."""

    now: datetime
    clock: Clock | None = None
    """How far the hub's time is to be believed; None from a hub that says nothing of it."""
    worsened_at: datetime | None = None
    """When symptoms were last worse than usual."""
    treated_at: datetime | None = None
    """When medication for a worsening was last begun."""
    open_rules: frozenset[str] = frozenset()
    """Of which rules an alert is open."""


Status = Literal["suspected", "broken", "clear"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one rule says of one event.

    `suspected` wants a confirmation: it is told as yellow and says so. `cause` makes the alert's id: what
    it was that happened, by its own id, or the moment that was due.
    """

    rule: str
    status: Status
    at: datetime
    cause: str
    level: Level = "yellow"
    readings: tuple[str, ...] = ()
    because: Because | None = None
    said: Said | None = None
    severity: int | None = None
    code: str = ""
    rule_version: int = 1
    is_confirmed: bool = False
    latch_s: float = 0.0
    lockout_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Step:
    """What one event led to in one family; `refusals` says by rule why it was not judged.

    `doubt` says that a reading speaks of the measuring and not of the patient: only families that
    want even such readings hear of it.
    """

    memory: Any
    findings: tuple[Finding, ...] = ()
    refusals: tuple[tuple[str, Reason], ...] = ()
    doubt: Reason | None = None


def _as_it_is(_plan: Plan, memory: Any) -> Any:  # noqa: ANN401 - a memory is private to its family
    return memory


def _unmoved(memory: Any, _rule: str, _is_open: bool) -> Any:  # noqa: ANN401 - as above
    return memory


@dataclass(frozen=True, slots=True)
class Family:
    """One family: a pure step, its memory (a frozen dataclass that can be made empty), and its rules."""

    name: str
    memory: Callable[[], Any]
    step: Callable[[Plan, Any, Event, Around], Step]
    rules: Callable[[Plan], frozenset[str]]
    """The rules that this plan knows: an open alert of another one closes with the plan."""
    fitted: Callable[[Plan, Any], Any] = _as_it_is
    """The memory without what this plan no longer has."""
    put_in_force: Callable[[Plan, Any, Around], Step] | None = None
    """What another plan leads to by itself: its findings are told before orphaned alerts close."""
    hears_doubtful: bool = False
    agreed: Callable[[Any, str, bool], Any] = _unmoved
    """The memory that agrees with the log on whether the alert of this rule is open."""


def concerned(rule: str, refusal: Reason | None) -> tuple[tuple[str, Reason], ...]:
    """Return the refusal of a rule; none where the event was never its business."""
    return () if refusal is None or refusal in ELSEWHERE else ((rule, refusal),)


def finding_of(rule: Rule, name: str, event: Reading | Answer, status: Status, **more: Any) -> Finding:  # noqa: ANN401 - the words of a Finding
    """Return what a rule with these settings says of a reading or an answer."""
    told: dict[str, Any] = {
        "readings": (event.id,),
        "code": f"pusterom:{name}",
        "latch_s": rule.latch_h * 3600,
        "lockout_s": rule.lockout_h * 3600,
    }
    return Finding(rule=name, status=status, at=event.received_at, cause=event.id, **(told | more))
