"""Rules T1 to T5 on single readings: saturation, too much oxygen, pulse and temperature."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from cloud_bridge.contract.alert import MODERATE, SERIOUS
from cloud_bridge.contract.answers import Answer, Question
from cloud_bridge.contract.plan import Level, Plan
from cloud_bridge.contract.rule_settings import Confirmed, Rule, Rules
from cloud_bridge.contract.unjudged import Reason
from devices.kinds import Kind
from devices.readings import Reading
from gateway.alerts import bands
from gateway.alerts.admission import judged_at, refusal_of, refusal_of_answer
from gateway.alerts.bands import Band
from gateway.alerts.confirming import Suspicion, weighed
from gateway.alerts.family import Around, Event, Finding, Status, Step, finding_of

NAMES = ("T1", "T2", "T3", "T4", "T5")
_LOW = "T2.yellow"
_KINDS = frozenset({Kind.SPO2, Kind.PULSE_RATE, Kind.CUFF_PULSE_RATE, Kind.BODY_TEMPERATURE})


@dataclass(frozen=True, slots=True)
class OxygenSaid:
    """How many litres a minute somebody said that they breathe, and when; 0 is air."""

    l_min: float
    at: datetime


@dataclass(frozen=True, slots=True)
class ThresholdsMemory:
    """What waits for a second reading, by rule; the newest judged, by kind; the last word about oxygen."""

    suspicions: dict[str, Suspicion] = field(default_factory=dict)
    judged_at: dict[Kind, datetime] = field(default_factory=dict)
    oxygen: OxygenSaid | None = None


def rules(plan: Plan) -> frozenset[str]:
    """Return which of T1 to T5 this plan uses."""
    if plan.rules is None:
        return frozenset()
    return frozenset(name for name, rule in _by_name(plan.rules).items() if rule.is_on)


def fitted(plan: Plan, memory: ThresholdsMemory) -> ThresholdsMemory:
    """Return the memory without what waited under a rule that this plan does not use."""
    known = rules(plan)
    kept = {key: each for key, each in memory.suspicions.items() if key.partition(".")[0] in known}
    return memory if len(kept) == len(memory.suspicions) else replace(memory, suspicions=kept)


def _by_name(rules: Rules) -> dict[str, Rule]:
    each = (rules.spo2_very_low, rules.spo2_low, rules.too_much_oxygen, rules.pulse, rules.temperature)
    return dict(zip(NAMES, each, strict=True))


def step(plan: Plan, memory: ThresholdsMemory, event: Event, around: Around) -> Step:
    """Judge one reading; an answer about oxygen is remembered for those that follow."""
    if plan.rules is None:
        return Step(memory)
    if isinstance(event, Answer):
        return Step(_with_oxygen(plan, memory, event))
    if not isinstance(event, Reading) or event.kind not in _KINDS:
        return Step(memory)
    before = memory.judged_at.get(event.kind)
    if refusal := refusal_of(plan.stale_h, before, event):
        return Step(memory, refusals=(("T1-T5", refusal),))
    if (at := judged_at(before, event)) is not None:
        memory = replace(memory, judged_at={**memory.judged_at, event.kind: at})
    if event.kind is Kind.SPO2:
        return _saturation(plan, memory, event, around)
    if event.kind is Kind.BODY_TEMPERATURE:
        rule = plan.rules.temperature
        return _confirmed("T5", rule, memory, event, bands.temperature(rule, event))
    return _confirmed("T4", plan.rules.pulse, memory, event, bands.pulse(plan.rules.pulse, event))


def is_on_oxygen(plan: Plan, said: OxygenSaid | None, at: datetime) -> bool | None:
    """Return whether somebody breathed oxygen then, by a fresh answer, else by the plan; None if unknown."""
    counts_h = plan.rules.too_much_oxygen.answer_counts_h if plan.rules is not None else 24.0
    if said is not None and abs((at - said.at).total_seconds()) <= counts_h * 3600:
        return said.l_min > 0
    return None if plan.targets is None else plan.targets.oxygen == "oxygen"


def _with_oxygen(plan: Plan, memory: ThresholdsMemory, answer: Answer) -> ThresholdsMemory:
    if answer.question != Question.OXYGEN_L_MIN or refusal_of_answer(plan.stale_h, answer):
        return memory
    if memory.oxygen is not None and memory.oxygen.at > answer.answered_at:
        return memory
    return replace(memory, oxygen=OxygenSaid(answer.value, answer.answered_at))


def _saturation(plan: Plan, memory: ThresholdsMemory, reading: Reading, around: Around) -> Step:
    """One low reading is one alert: what T1 tells, T2 does not tell; it counts as a first one for it."""
    rules = plan.rules
    assert rules is not None, "nothing is judged without"
    first = _confirmed("T1", rules.spo2_very_low, memory, reading, bands.very_low(plan, rules, reading))
    low = _low(rules, first.memory, reading, bands.low(plan, rules, reading), around)
    findings, refusals = list(first.findings), list[tuple[str, Reason]]()
    if any(finding.status != "clear" for finding in findings):
        low = Step(_untold(low.memory, reading))
    else:
        findings += low.findings
    if plan.targets is not None and plan.targets.news2_scale == 2:
        if is_on_oxygen(plan, memory.oxygen, reading.measured_at):
            findings += _plain(
                "T3", rules.too_much_oxygen, reading, bands.too_much(rules.too_much_oxygen, reading)
            )
        else:
            refusals.append(("T3", "on air"))
    if bands.usual_spo2(plan, reading) is None:
        refusals.append(("T1", "no usual value"))
    return Step(low.memory, tuple(findings), tuple(refusals))


def _low(rules: Rules, memory: ThresholdsMemory, reading: Reading, band: Band, around: Around) -> Step:
    """T2: at once, or silently until a second reading confirms it: one slip of a finger is no call."""
    rule = rules.spo2_low
    if rule.is_told_at_once:
        return Step(memory, tuple(_plain("T2", rule, reading, band)))
    weighed_ = _confirmed("T2", rule, memory, reading, band)
    if "T2" in around.open_rules:
        return weighed_
    told = tuple(finding for finding in weighed_.findings if finding.status != "suspected")
    return Step(weighed_.memory, told)


def _untold(memory: ThresholdsMemory, reading: Reading) -> ThresholdsMemory:
    """What T1 told in T2's place is a first reading for T2: a confirmation that nobody heard grows old."""
    known = memory.suspicions.get(_LOW)
    if known is None or not known.is_confirmed:
        return memory
    first = Suspicion(reading.id, reading.value, reading.measured_at)
    return replace(memory, suspicions={**memory.suspicions, _LOW: first})


def _plain(name: str, rule: Rule, reading: Reading, band: Band) -> Iterator[Finding]:
    if rule.is_on and band.level is not None:
        yield _finding(name, rule, reading, band, "clear" if band.level == "clear" else "broken")


def _confirmed(name: str, rule: Confirmed, memory: ThresholdsMemory, reading: Reading, band: Band) -> Step:
    if not rule.is_on or band.level is None:
        return Step(memory)
    if band.level == "clear":
        others = {key: known for key, known in memory.suspicions.items() if key.partition(".")[0] != name}
        if len(others) < len(memory.suspicions):
            memory = replace(memory, suspicions=others)
        return Step(memory, (_finding(name, rule, reading, band, "clear"),))
    # What is red is yellow, too: a red reading may confirm a yellow one before it is confirmed itself.
    levels: tuple[Level, ...] = ("yellow",) if band.level == "yellow" else ("red", "yellow")
    known, findings = dict(memory.suspicions), []
    for level in levels:
        key = f"{name}.{level}"
        status, known[key] = weighed(rule, known.get(key), reading)
        finding = _finding(name, rule, reading, replace(band, level=level), status)
        first = known[key].id
        findings.append(
            finding
            if first == reading.id
            else replace(finding, readings=(first, reading.id), is_confirmed=status == "broken")
        )
    told = next((finding for finding in findings if finding.status == "broken"), findings[0])
    return Step(replace(memory, suspicions=known), (told,))


def _finding(name: str, rule: Rule, reading: Reading, band: Band, status: Status) -> Finding:
    level: Level = "red" if band.level == "red" else "yellow"
    severity = SERIOUS if level == "red" and status == "broken" else MODERATE
    return finding_of(
        rule, name, reading, status, level=level, severity=severity, because=band.because, said=band.said
    )
