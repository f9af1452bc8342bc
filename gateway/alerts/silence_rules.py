"""D1 among the families of rules: what the watch of silence finds, in the judge's words.

It moves by what stands in the log, and by time alone only where that opens or ends something.
"""

from dataclasses import replace
from datetime import datetime

from cloud_bridge.contract.alert import Said
from cloud_bridge.contract.answers import Answer
from cloud_bridge.contract.nights import NightSummary
from cloud_bridge.contract.plan import Plan
from cloud_bridge.contract.schedule import Ask, Schedule
from devices.readings import Reading
from gateway.alerts import family, silence
from gateway.alerts.family import Around, Began, Event, NightOver, Step, Tick
from gateway.alerts.silence_memory import Finding, SilenceMemory, When
from gateway.alerts.silence_memory import Step as Told

NOTHING_ASKED = Schedule()
DAY_S = 86400.0


def rules(plan: Plan) -> frozenset[str]:
    """Return one rule for each thing that the plan asks for."""
    return (
        frozenset(_rule(ask.id) for ask in plan.schedule.asks) if plan.schedule is not None else frozenset()
    )


def step(plan: Plan, memory: SilenceMemory, event: Event, around: Around) -> Step:
    """Take what came, or look at what has not come."""
    if plan.schedule is None:
        return Step(memory)
    when = When(around.now, around.clock)
    told = _told(plan.schedule, memory, event, when)
    if isinstance(event, Tick) and not told.findings:
        return Step(memory)
    return _in_words(plan.schedule, told, around)


def put_in_force(plan: Plan, memory: SilenceMemory, around: Around) -> Step:
    """Take what a plan asks for: what it no longer asks for is over."""
    schedule = plan.schedule or NOTHING_ASKED
    told = silence.put_in_force(schedule, memory, When(around.now, around.clock))
    return Step(told.memory, tuple(each for found in told.findings for each in _said(schedule, found)))


def agreed(memory: SilenceMemory, rule: str, is_open: bool) -> SilenceMemory:
    """Return the memory in which nothing is open whose alert is closed; what is open it finds by itself."""
    id_ = rule.partition("-")[2]
    known = memory.asks.get(id_)
    if is_open or known is None or known.open is None:
        return memory
    return memory.with_ask(id_, replace(known, open=None))


def _told(schedule: Schedule, memory: SilenceMemory, event: Event, when: When) -> Told:
    match event:
        case Reading():
            return silence.hear(schedule, memory, event, when)
        case Answer():
            return silence.answer(schedule, memory, event.form, event.answered_at, when)
        case NightOver(night=NightSummary(last_at=last_at)):
            return silence.sum_up(schedule, memory, last_at, when)
        case Began():
            return silence.look(schedule, silence.begin(memory, when), when)
        case _:
            return silence.look(schedule, memory, when)


def _in_words(schedule: Schedule, told: Told, around: Around) -> Step:
    findings = [each for found in told.findings for each in _said(schedule, found)]
    about = {finding.rule for finding in findings}
    for ask in schedule.asks:
        # An alert that a log from before left open, and of which this memory knows nothing.
        rule, known = _rule(ask.id), told.memory.asks.get(ask.id)
        if rule in around.open_rules and rule not in about and (known is None or known.open is None):
            findings.append(_clear(rule, "came", around.now, ()))
    refusals = tuple((_rule(ask), why) for ask, why in told.refusals)
    return Step(told.memory, tuple(findings), refusals)


def _said(schedule: Schedule, found: Finding) -> tuple[family.Finding, ...]:
    """Return a finding in the judge's words; one that grows serious closes and opens as another."""
    rule = _rule(found.ask)
    ending = () if found.reading is None else (found.reading,)
    if found.change == "closed":
        return (_clear(rule, found.why, found.at, ending),)
    since = found.last_at or found.asked_since_at or found.due_at
    days = round((found.at - since).total_seconds() / DAY_S, 1)
    opened = family.Finding(
        rule=rule,
        status="broken",
        at=found.at,
        cause=f"{found.at:%Y%m%dT%H%M%S}",
        said=Said(
            f"silence_{found.why}", {"what": (_word(schedule.ask(found.ask)),), "days": max(0.0, days)}
        ),
        severity=found.severity,
        code=found.code,
    )
    return (_clear(rule, "raised", found.at, ()), opened) if found.change == "raised" else (opened,)


def _clear(rule: str, why: str, at: datetime, readings: tuple[str, ...]) -> family.Finding:
    said = Said(f"silence_{why}")
    return family.Finding(rule=rule, status="clear", at=at, cause="over", readings=readings, said=said)


def _word(ask: Ask | None) -> str:
    if ask is None or ask.is_night:
        return "asked_night"
    return "asked_form" if ask.form is not None else f"kind_{ask.kind}"


def _rule(ask_id: str) -> str:
    return f"silence-{ask_id}"
