"""The log judged anew: what followed from its entries when they were kept follows from them again."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from cloud_bridge.contract.answers import answer_from
from cloud_bridge.contract.bodies import plan_from, reading_from
from cloud_bridge.contract.entries import Entry, EntryKind
from cloud_bridge.contract.errors import ContractError
from cloud_bridge.contract.plan import Plan
from gateway.alerts.family import Event, Tick
from gateway.alerts.judge import Verdict, judge, take_plan
from gateway.alerts.state import JudgeState


@dataclass(frozen=True, slots=True)
class Step:
    """One entry, the plan in force after it, and what it led to."""

    entry: Entry
    plan: Plan | None
    verdict: Verdict


def judged_anew(entries: Iterable[Entry]) -> Iterator[Step]:
    """Judge entry after entry from an empty memory; of one that says no event, its moment counts.

    Before the first plan nothing is judged. What can't be read is stepped over.
    """
    plan: Plan | None = None
    state = JudgeState()
    for entry in entries:
        verdict = Verdict(state)
        with suppress(ContractError):
            if entry.kind == EntryKind.PLAN_APPLIED:
                plan = plan_from(entry.body)
                verdict = take_plan(plan, state, entry.at)
            elif plan is not None:
                verdict = judge(plan, state, _event(entry), clock=entry.clock)
        state = verdict.state
        yield Step(entry, plan, verdict)


def _event(entry: Entry) -> Event:
    match entry.kind:
        case EntryKind.READING:
            return reading_from(entry.body)
        case EntryKind.ANSWER:
            return answer_from(entry.body)
        case _:
            return Tick(entry.at)
