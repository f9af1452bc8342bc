"""Rules T9 and T10: too much weight in days, and too little in months, always on one and the same scale."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from cloud_bridge.contract.alert import MODERATE, Because, Said
from cloud_bridge.contract.answers import Answer, Question
from cloud_bridge.contract.plan import Plan
from cloud_bridge.contract.rule_settings import WeightGain, WeightLoss
from devices.kinds import Kind
from devices.readings import Reading
from gateway.alerts.admission import judged_at, refusal_of, refusal_of_answer
from gateway.alerts.family import Around, Event, Finding, Step, finding_of

RECENT_MAX = 16
WEEKS_MAX = 27
"""Half a year and a week: of each week the first weight is remembered."""

MONTH, HALF_YEAR = timedelta(days=31), timedelta(days=183)
SIGNS_COUNT = timedelta(days=3)
"""So long an answer about swelling, or about lying flat, counts for the weights around it."""

_SIGNS = frozenset({Question.OEDEMA.value, Question.ORTHOPNOEA.value})


@dataclass(frozen=True, slots=True)
class Weighed:
    """One weight: how much, when, by which reading and on which scale."""

    kg: float
    at: datetime
    id: str
    device: str


@dataclass(slots=True)
class Before:
    """What the same scale showed before: the least of some days, the most of a month and of half a year."""

    least: Weighed | None = None
    most_of_month: Weighed | None = None
    most: Weighed | None = None


@dataclass(frozen=True, slots=True)
class WeightMemory:
    """The last days one by one, half a year week by week, and when somebody last spoke of swelling."""

    recent: tuple[Weighed, ...] = ()
    weeks: tuple[Weighed, ...] = ()
    judged_at: datetime | None = None
    signs: dict[str, datetime] = field(default_factory=dict)


def rules(plan: Plan) -> frozenset[str]:
    """Return T9 and T10 where the plan uses them."""
    if plan.rules is None:
        return frozenset()
    each = {"T9": plan.rules.weight_gain, "T10": plan.rules.weight_loss}
    return frozenset(name for name, rule in each.items() if rule.is_on)


def step(plan: Plan, memory: WeightMemory, event: Event, _around: Around) -> Step:
    """Judge one weight; an answer about swelling or lying flat is remembered for those around it."""
    if plan.rules is None:
        return Step(memory)
    if isinstance(event, Answer):
        return Step(_with_sign(plan, memory, event))
    if not isinstance(event, Reading) or event.kind is not Kind.BODY_WEIGHT:
        return Step(memory)
    if refusal := refusal_of(plan.stale_h, memory.judged_at, event):
        return Step(memory, refusals=(("T9-T10", refusal),))
    if (at := judged_at(memory.judged_at, event)) is None or at != event.measured_at:
        return Step(memory, refusals=(("T9-T10", "undated"),))
    now = Weighed(event.value, at, event.id, event.device)
    before = _before(memory, now, timedelta(days=plan.rules.weight_gain.within_days))
    is_swollen = any(abs(at - when) <= SIGNS_COUNT for when in memory.signs.values())
    findings: tuple[Finding, ...] = _loss(plan.rules.weight_loss, before, (event, now))
    if plan.rules.weight_gain.is_on:
        is_told = is_swollen or plan.conditions.has_heart_failure
        findings = (*_gain(plan.rules.weight_gain, before, (event, now), is_told=is_told), *findings)
    return Step(_with_weight(memory, now), findings)


def _with_sign(plan: Plan, memory: WeightMemory, answer: Answer) -> WeightMemory:
    if answer.question not in _SIGNS or refusal_of_answer(plan.stale_h, answer):
        return memory
    signs = {name: at for name, at in memory.signs.items() if name != answer.question}
    if answer.value > 0:
        signs[answer.question] = answer.answered_at
    return replace(memory, signs=signs)


def _with_weight(memory: WeightMemory, now: Weighed) -> WeightMemory:
    weeks = memory.weeks
    if not weeks or _week(weeks[-1].at) != _week(now.at) or weeks[-1].device != now.device:
        weeks = (*weeks, now)[-WEEKS_MAX:]
    return replace(memory, recent=(*memory.recent, now)[-RECENT_MAX:], weeks=weeks, judged_at=now.at)


def _week(at: datetime) -> date:
    return at.date() - timedelta(days=at.weekday())


def _before(memory: WeightMemory, now: Weighed, lately: timedelta) -> Before:
    """Return what the same scale showed before: looked at once for all spans, of equals the oldest."""
    before, until = Before(), now.at
    since, month, late = until - HALF_YEAR, until - MONTH, until - min(lately, HALF_YEAR)
    for one in (*memory.weeks, *memory.recent):
        if one.device != now.device or not since <= one.at <= until:
            continue
        if before.most is None or one.kg > before.most.kg:
            before.most = one
        if one.at >= month and (before.most_of_month is None or one.kg > before.most_of_month.kg):
            before.most_of_month = one
        if one.at >= late and (before.least is None or one.kg < before.least.kg):
            before.least = one
    return before


def _gain(
    rule: WeightGain, before: Before, one: tuple[Reading, Weighed], *, is_told: bool
) -> Iterator[Finding]:
    event, now = one
    lowest = before.least
    if lowest is None:
        return
    if round(now.kg - lowest.kg, 3) < rule.gain_kg:
        yield finding_of(rule, "T9", event, "clear", said=Said("weight_steady"))
    elif is_told:
        said = Said(
            "weight_gain", {"value": now.kg, "gain": round(now.kg - lowest.kg, 2), "days": rule.within_days}
        )
        because = Because(
            Kind.BODY_WEIGHT, (now.kg,), "above", lowest.kg + rule.gain_kg, lowest.kg, lowest.kg
        )
        yield finding_of(
            rule, "T9", event, "broken", severity=MODERATE, said=said, because=because,
            readings=(lowest.id, now.id),
        )  # fmt: skip


def _loss(rule: WeightLoss, before: Before, one: tuple[Reading, Weighed]) -> tuple[Finding, ...]:
    event, now = one
    if not rule.is_on:
        return ()
    for highest, percent, key in (
        (before.most, rule.great_percent, "weight_loss_great"),
        (before.most_of_month, rule.month_percent, "weight_loss_month"),
        (before.most, rule.half_year_percent, "weight_loss_half_year"),
    ):
        edge = 0.0 if highest is None else round(highest.kg * (1 - percent / 100), 3)
        if highest is None or now.kg > edge:
            continue
        lost = round(100 * (highest.kg - now.kg) / highest.kg, 1)
        said = Said(key, {"value": now.kg, "percent": lost, "before": highest.kg})
        because = Because(Kind.BODY_WEIGHT, (now.kg,), "below", edge, edge, highest.kg)
        return (
            finding_of(rule, "T10", event, "broken", severity=MODERATE, said=said, because=because,
                       readings=(highest.id, now.id)),
        )  # fmt: skip
    if before.most is None:
        return ()
    return (finding_of(rule, "T10", event, "clear", said=Said("weight_steady")),)
