"""Rule D2: does this reading speak of the patient, or of the measuring? Technical, never clinical."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from math import isfinite

from cloud_bridge.contract.plan import Plan
from cloud_bridge.contract.rule_settings import Quality as QualityRule
from cloud_bridge.contract.unjudged import Reason
from devices.kinds import Kind
from devices.readings import FIRST_CREDIBLE_YEAR, NOT_JUDGED, Quality, Reading, series_name
from gateway.alerts.family import Around, Event, Step

TOGETHER_S = 120.0
"""What one device, or two on one person, say within this time is of one moment."""

DAY_S = 86_400.0

_WEAK = frozenset({Quality.LOW_PERFUSION, Quality.POOR_SIGNAL, Quality.MOTION, Quality.POOR_FIT})


@dataclass(frozen=True, slots=True)
class Seen:
    """One value, when it was measured and on which device."""

    value: float
    at: datetime
    device: str


@dataclass(frozen=True, slots=True)
class QualityMemory:
    """The newest of each kind that another one is compared with."""

    seen: dict[Kind, Seen] = field(default_factory=dict)
    implausible: Seen | None = None
    """The newest saturation that was too low to be believed alone."""


def rules(plan: Plan) -> frozenset[str]:
    """Return no rule: a doubt opens no alert that a plan could close."""
    return frozenset({"D2"} if plan.rules is not None and plan.rules.quality.is_on else ())


def step(plan: Plan, memory: QualityMemory, event: Event, _around: Around) -> Step:
    """Return the doubt about one reading, if there is one."""
    if plan.rules is None or not plan.rules.quality.is_on or not isinstance(event, Reading):
        return Step(memory)
    is_weak = not NOT_JUDGED.isdisjoint(event.quality) or not isfinite(event.value)
    if is_weak or event.series != series_name(event.kind):
        return Step(memory)
    rule = plan.rules.quality
    if event.kind is Kind.SPO2:
        return _saturation(rule, memory, event)
    doubt = _doubt(rule, memory, event)
    return _said(_with(memory, event, is_doubtful=doubt is not None), doubt)


def _saturation(rule: QualityRule, memory: QualityMemory, reading: Reading) -> Step:
    if doubt := _of_finger(rule, memory, reading):
        return _said(memory, doubt)
    if reading.value >= rule.spo2_below:
        return Step(memory if memory.implausible is None else replace(memory, implausible=None))
    before = memory.implausible
    memory = replace(memory, implausible=_seen(reading))
    is_again = before is not None and 0 <= _apart_s(before, reading) <= rule.within_min * 60
    return Step(memory) if is_again else _said(memory, "implausible")


def _said(memory: QualityMemory, doubt: Reason | None) -> Step:
    if doubt is None:
        return Step(memory)
    return Step(memory, refusals=(("D2", doubt),), doubt=doubt)


def _doubt(rule: QualityRule, memory: QualityMemory, reading: Reading) -> Reason | None:
    if reading.kind is Kind.PULSE_RATE and (doubt := _of_finger(rule, memory, reading)):
        return doubt
    if reading.kind in (Kind.PULSE_RATE, Kind.CUFF_PULSE_RATE):
        other = Kind.CUFF_PULSE_RATE if reading.kind is Kind.PULSE_RATE else Kind.PULSE_RATE
        before = memory.seen.get(other)
        is_near = before is not None and abs(_apart_s(before, reading)) <= TOGETHER_S
        if before is not None and is_near and abs(before.value - reading.value) > rule.pulse_apart:
            return "two devices disagree on the pulse"
    if reading.kind is Kind.BODY_WEIGHT and (before := memory.seen.get(Kind.BODY_WEIGHT)) is not None:
        share = abs(reading.value - before.value) / before.value if before.value else 0.0
        if 100 * share > rule.weight_jump_percent and abs(_apart_s(before, reading)) <= DAY_S:
            return "another person on the scale?"
    return None


def _of_finger(rule: QualityRule, memory: QualityMemory, reading: Reading) -> Reason | None:
    if not _WEAK.isdisjoint(reading.quality):
        return "poor signal"
    perfusion = memory.seen.get(Kind.PERFUSION_INDEX)
    if perfusion is None or perfusion.device != reading.device:
        return None
    is_weak = perfusion.value < rule.perfusion_below and abs(_apart_s(perfusion, reading)) <= TOGETHER_S
    return "low perfusion" if is_weak else None


def _with(memory: QualityMemory, reading: Reading, *, is_doubtful: bool) -> QualityMemory:
    """A doubtful weight is not what the next one is compared with: after a day any weight is believed."""
    compared = (Kind.PERFUSION_INDEX, Kind.PULSE_RATE, Kind.CUFF_PULSE_RATE, Kind.BODY_WEIGHT)
    if reading.kind not in compared or reading.measured_at.year < FIRST_CREDIBLE_YEAR:
        return memory
    before = memory.seen.get(reading.kind)
    if before is not None and before.at > reading.measured_at:
        return memory
    if reading.kind is Kind.BODY_WEIGHT and is_doubtful:
        return memory
    return replace(memory, seen={**memory.seen, reading.kind: _seen(reading)})


def _seen(reading: Reading) -> Seen:
    return Seen(reading.value, reading.measured_at, reading.device)


def _apart_s(before: Seen, reading: Reading) -> float:
    return (reading.measured_at - before.at).total_seconds()
