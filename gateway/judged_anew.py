"""The log judged anew: what followed from its entries when they were kept follows from them again."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from cloud_bridge.contract.answers import answer_from
from cloud_bridge.contract.bodies import alert_from, plan_from, reading_from
from cloud_bridge.contract.entries import Entry, EntryKind
from cloud_bridge.contract.errors import ContractError
from cloud_bridge.contract.nights import night_from
from cloud_bridge.contract.plan import Plan
from gateway.alerts.family import Began, Event, NightOver, Tick
from gateway.alerts.judge import Verdict, judge, take_plan
from gateway.alerts.state import JudgeState


@dataclass(frozen=True, slots=True)
class Step:
    """One entry, the plan in force after it, and what it led to."""

    entry: Entry
    plan: Plan | None
    verdict: Verdict


def judged_anew(entries: Iterable[Entry], plan: Plan | None = None) -> Iterator[Step]:
    """Judge entry after entry from an empty memory.

    `plan` is in force until the log says another: the entry of an old plan may have been removed. Before
    any plan nothing is judged. What can't be read is stepped over.
    """
    state, due = JudgeState(), set[tuple[str, str]]()
    for entry in entries:
        verdict = Verdict(state)
        with suppress(ContractError):
            if entry.kind == EntryKind.PLAN_APPLIED:
                plan = plan_from(entry.body)
                verdict = take_plan(plan, state, entry.at, entry.clock)
            elif plan is not None and (event := _event(entry, due)) is not None:
                verdict = judge(plan, state, event, clock=entry.clock)
        state = verdict.state
        due |= {(alert.id, alert.change) for alert in verdict.changes}
        yield Step(entry, plan, verdict)


def _event(entry: Entry, due: set[tuple[str, str]]) -> Event | None:
    """Return what happened; an alert that nothing before it has led to was told because time had passed."""
    match entry.kind:
        case EntryKind.READING:
            return reading_from(entry.body)
        case EntryKind.ANSWER:
            return answer_from(entry.body)
        case EntryKind.NIGHT:
            return NightOver(night_from(entry.body), entry.at)
        case EntryKind.HUB_STARTED | EntryKind.CLOCK_FOUND:
            return Began(entry.at)
        case EntryKind.ALERT | EntryKind.ALERT_CONFIRMED:
            alert = alert_from(entry.body)
            return None if (alert.id, alert.change) in due else Tick(entry.at)
        case _:
            return None
