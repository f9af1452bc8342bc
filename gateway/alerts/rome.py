"""Rule T8: the Rome signs of an exacerbation, as many as a home can measure."""

from datetime import datetime

from cloud_bridge.contract.alert import SERIOUS, Said
from cloud_bridge.contract.answers import Answer, Question
from cloud_bridge.contract.plan import Plan
from cloud_bridge.contract.rule_settings import Rome
from devices.kinds import Kind
from devices.readings import Reading
from gateway.alerts.family import Around, Event, Step, finding_of
from gateway.alerts.latest import Latest, Value, moment, taken

VAS, RATE = Question.DYSPNOEA_VAS.value, Question.RESPIRATORY_RATE.value
PULSE, SPO2 = Kind.PULSE_RATE.value, Kind.SPO2.value
NAMES = frozenset({VAS, RATE, PULSE, SPO2})


def rules(plan: Plan) -> frozenset[str]:
    """Return T8 where the plan uses it."""
    return frozenset({"T8"} if plan.rules is not None and plan.rules.rome.is_on else ())


def step(plan: Plan, memory: Latest, event: Event, _around: Around) -> Step:
    """Count the signs among what was told within a day of this event."""
    at = moment(event)
    if plan.rules is None or not plan.rules.rome.is_on or at is None:
        return Step(memory)
    after, refusal = taken(plan, memory, event, NAMES)
    if refusal is not None:
        return Step(memory, refusals=(("T8", refusal),))
    if after is memory or not isinstance(event, Reading | Answer):
        return Step(memory)
    return _counted(plan, plan.rules.rome, after, event, at)


def _counted(plan: Plan, rule: Rome, memory: Latest, event: Reading | Answer, at: datetime) -> Step:
    near = memory.within(rule.within_h, at)
    usual = None if plan.targets is None else plan.targets.usual.spo2
    there = tuple(name for name in sorted(near) if _is_sign(rule, name, near[name], usual))
    if len(there) < rule.count_min:
        said = Said("rome_fewer", {"count": float(len(there)), "of": float(len(near))})
        return Step(memory, (finding_of(rule, "T8", event, "clear", said=said),))
    missing = (*(f"rome_{name}" for name in sorted(NAMES - set(near))), "rome_blood")
    said = Said(
        "rome",
        {
            "count": float(len(there)),
            "of": float(len(near)),
            "signs": tuple(f"rome_{name}" for name in there),
            "missing": missing,
        },
    )
    readings = tuple(near[name].id for name in there)
    finding = finding_of(
        rule, "T8", event, "broken", level="red", severity=SERIOUS, said=said, readings=readings
    )
    return Step(memory, (finding,))


def _is_sign(rule: Rome, name: str, value: Value, usual: float | None) -> bool:
    if name == SPO2:
        is_fallen = usual is not None and usual - value.value > rule.fall_over
        return value.value < rule.spo2_below or is_fallen
    edges = {VAS: rule.vas_from, RATE: rule.respiratory_rate_from, PULSE: rule.pulse_from}
    return value.value >= edges[name]
