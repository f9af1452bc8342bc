"""The judge: hands each event to the families of rules, and makes alerts of what they find."""

from dataclasses import dataclass, replace
from datetime import datetime

from cloud_bridge.contract.alert import Alert
from cloud_bridge.contract.answers import Answer, Question
from cloud_bridge.contract.contradictions import ANTHONISEN
from cloud_bridge.contract.entries import Clock
from cloud_bridge.contract.plan import Plan
from cloud_bridge.contract.unjudged import Reason
from devices.readings import Reading
from gateway.alerts.admission import refusal_of_answer
from gateway.alerts.alerting import close_due, close_unknown, tell
from gateway.alerts.families import FAMILIES
from gateway.alerts.family import Around, Event, Finding
from gateway.alerts.state import JudgeState

_SYMPTOMS = frozenset({*ANTHONISEN, Question.COUGH})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one event led to; `refusals` says by rule why something was kept but not judged."""

    state: JudgeState
    changes: tuple[Alert, ...] = ()
    refusals: tuple[tuple[str, Reason], ...] = ()


def judge(
    plan: Plan, state: JudgeState, event: Event, now: datetime | None = None, clock: Clock | None = None
) -> Verdict:
    """Judge one event under every rule of the plan. Without `now` it is when the event reached the hub."""
    now = now or arrived_at(event)
    due = close_due(plan, state, now)
    state, changes = _noted(plan, due.state, event), list(due.changes)
    refusals: list[tuple[str, Reason]] = []
    is_doubtful = False
    for family in FAMILIES:
        if is_doubtful and not family.hears_doubtful:
            continue
        around = Around(
            now=now,
            clock=clock,
            worsened_at=state.worsened_at,
            treated_at=state.treated_at,
            open_rules=frozenset(state.standing),
        )
        step = family.step(plan, state.memory_of(family.name), event, around)
        state = state.with_memory(family.name, step.memory)
        state, changed, refused = _told(plan, state, step.findings)
        changes += changed
        refusals += [*step.refusals, *refused]
        is_doubtful = is_doubtful or step.doubt is not None
    return Verdict(state, tuple(changes), tuple(refusals))


def take_plan(plan: Plan, state: JudgeState, at: datetime, clock: Clock | None = None) -> Verdict:
    """Put a plan in force: an alert whose rule is gone closes and says so, the others stay open."""
    known, changes = _rules_of(plan), list[Alert]()
    for family in FAMILIES:
        if family.put_in_force is not None:
            around = Around(now=at, clock=clock, open_rules=frozenset(state.standing))
            step = family.put_in_force(plan, state.memory_of(family.name), around)
            state, changed, _ = _told(plan, state.with_memory(family.name, step.memory), step.findings)
            changes += changed
    told = close_unknown(plan, state, known, at)
    changes += told.changes
    state = replace(told.state, plan_version=plan.version)
    for family in FAMILIES:
        state = state.with_memory(family.name, family.fitted(plan, state.memory_of(family.name)))
    told_at = {name: when for name, when in state.told_at.items() if name.rpartition(".")[0] in known}
    return Verdict(replace(state, told_at=told_at), tuple(changes))


def as_told(plan: Plan, state: JudgeState, told: tuple[Alert, ...]) -> JudgeState:
    """Return the state in which those alerts are open that were told last to be open; one change each."""
    for alert in told:
        open_now = state.standing.get(alert.rule)
        if alert.change == "closed":
            if open_now is not None and open_now.alert.id == alert.id:
                state = _agreed(plan, state.closed(alert.rule), alert.rule, is_open=False)
        elif open_now is None and alert.rule in _rules_of(plan):
            opened = replace(alert, change="opened")
            state = _agreed(plan, state.opened(opened), alert.rule, is_open=True)
    return state


def _agreed(plan: Plan, state: JudgeState, rule: str, *, is_open: bool) -> JudgeState:
    for family in FAMILIES:
        if rule in family.rules(plan):
            memory = family.agreed(state.memory_of(family.name), rule, is_open)
            state = state.with_memory(family.name, memory)
    return state


def _rules_of(plan: Plan) -> frozenset[str]:
    return frozenset().union(*(family.rules(plan) for family in FAMILIES))


def arrived_at(event: Event) -> datetime:
    """Return when an event reached the hub."""
    return event.received_at if isinstance(event, Reading | Answer) else event.at


def _told(
    plan: Plan, state: JudgeState, findings: tuple[Finding, ...]
) -> tuple[JudgeState, list[Alert], list[tuple[str, Reason]]]:
    changes: list[Alert] = []
    refusals: list[tuple[str, Reason]] = []
    for finding in findings:
        told = tell(plan, state, finding)
        state = told.state
        changes += told.changes
        refusals += [] if told.refusal is None else [(finding.rule, told.refusal)]
    return state, changes, refusals


def _noted(plan: Plan, state: JudgeState, event: Event) -> JudgeState:
    """What every family may know of answers: when symptoms were last worse, when treatment last began."""
    if not isinstance(event, Answer) or event.value <= 0 or refusal_of_answer(plan.stale_h, event):
        return state
    at = event.answered_at
    if event.question in _SYMPTOMS:
        return replace(state, worsened_at=max(at, state.worsened_at or at))
    if event.question == Question.MEDICATION_STARTED:
        return replace(state, treated_at=max(at, state.treated_at or at))
    return state
