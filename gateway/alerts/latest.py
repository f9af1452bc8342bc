"""The newest value of each thing that a score is made of, with its time and where it came from."""

from dataclasses import dataclass, field
from datetime import datetime

from cloud_bridge.contract.answers import Answer
from cloud_bridge.contract.plan import Plan
from cloud_bridge.contract.unjudged import Reason
from devices.readings import Block, Reading
from gateway.alerts.admission import judged_at, refusal_of, refusal_of_answer
from gateway.alerts.family import Event


@dataclass(frozen=True, slots=True)
class Value:
    """One value, when it was true, and the reading or the answer that told it."""

    value: float
    at: datetime
    id: str


@dataclass(frozen=True, slots=True)
class Latest:
    """The newest value under each name."""

    values: dict[str, Value] = field(default_factory=dict)

    def within(self, hours: float, at: datetime) -> dict[str, Value]:
        """Return those that are so close to a moment that they describe the same hour."""
        reach_s = hours * 3600
        return {
            name: value
            for name, value in self.values.items()
            if abs((at - value.at).total_seconds()) <= reach_s
        }


Taken = tuple[Latest, Reason | None]
"""What is known afterwards, and why something was not taken."""


def taken(plan: Plan, latest: Latest, event: Event, names: frozenset[str]) -> Taken:
    """Return what is known after an event; a name is a Kind or a Question."""
    if isinstance(event, Reading):
        if event.kind not in names or isinstance(event, Block):
            return latest, None
        before = latest.values.get(event.kind)
        refusal = refusal_of(plan.stale_h, None if before is None else before.at, event)
        at = judged_at(None if before is None else before.at, event)
        return _with(latest, event.kind.value, event.value, (at, event.id), refusal)
    if isinstance(event, Answer) and event.question in names:
        before = latest.values.get(event.question)
        is_older = before is not None and before.at > event.answered_at
        refusal = refusal_of_answer(plan.stale_h, event) or (
            "older than what was judged" if is_older else None
        )
        return _with(latest, event.question, event.value, (event.answered_at, event.id), refusal)
    return latest, None


def moment(event: Event) -> datetime | None:
    """Return when what an event tells of was true; None where it tells of nothing."""
    if isinstance(event, Reading):
        return event.measured_at
    return event.answered_at if isinstance(event, Answer) else None


def _with(
    latest: Latest, name: str, value: float, told: tuple[datetime | None, str], refusal: Reason | None
) -> Taken:
    at, id_ = told
    if refusal or at is None:
        return latest, refusal or "undated"
    return Latest({**latest.values, name: Value(value, at, id_)}), None
