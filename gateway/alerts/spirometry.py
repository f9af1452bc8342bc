"""Rules T11 and T12 on blows: peak flow where the plan asks for it, and a fall of FEV1 in two sessions."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from cloud_bridge.contract.alert import MODERATE, SERIOUS, Because, Said
from cloud_bridge.contract.plan import Plan
from cloud_bridge.contract.rule_settings import Fev1, Rules
from cloud_bridge.contract.unjudged import Reason
from devices.kinds import Kind
from devices.readings import Reading
from gateway.alerts.admission import judged_at, refusal_of
from gateway.alerts.family import Around, Event, Step, finding_of

SESSION_MIN = 30.0
"""Blows so close together are one session, and the best of them is its value."""


@dataclass(frozen=True, slots=True)
class Session:
    """The best blow of one session."""

    best: float
    id: str
    at: datetime
    """When the session began."""


@dataclass(frozen=True, slots=True)
class SpirometryMemory:
    """The session that is going on, the first low one before it, and the newest judged by kind."""

    session: Session | None = None
    low: Session | None = None
    judged_at: dict[Kind, datetime] = field(default_factory=dict)


def rules(plan: Plan) -> frozenset[str]:
    """Return T11 and T12 where the plan uses them."""
    if plan.rules is None:
        return frozenset()
    each = {"T11": plan.rules.pef, "T12": plan.rules.fev1}
    return frozenset(name for name, rule in each.items() if rule.is_on)


def step(plan: Plan, memory: SpirometryMemory, event: Event, _around: Around) -> Step:
    """Judge one blow."""
    if plan.rules is None or not isinstance(event, Reading) or event.kind not in (Kind.PEF, Kind.FEV1):
        return Step(memory)
    name = "T11" if event.kind is Kind.PEF else "T12"
    if name not in rules(plan):
        return Step(memory)
    if refusal := _refusal(plan, plan.rules, memory, event):
        return Step(memory, refusals=((name, refusal),))
    at = judged_at(memory.judged_at.get(event.kind), event)
    if at is not None:
        memory = replace(memory, judged_at={**memory.judged_at, event.kind: at})
    return (
        _peak(plan, plan.rules, memory, event) if name == "T11" else _volume(plan, plan.rules, memory, event)
    )


def _refusal(plan: Plan, rules: Rules, memory: SpirometryMemory, blow: Reading) -> Reason | None:
    if refusal := refusal_of(plan.stale_h, memory.judged_at.get(blow.kind), blow):
        return refusal
    if blow.kind is Kind.PEF:
        best = None if plan.person is None else plan.person.pef_best
        return None if best is not None and best.setting == blow.setting else "no baseline"
    if blow.grade not in rules.fev1.grades:
        return "grade too low" if blow.grade else "no grade"
    return None if _usual(plan) is not None else "no baseline"


def _usual(plan: Plan) -> float | None:
    return None if plan.targets is None else plan.targets.usual.fev1


def _peak(plan: Plan, rules: Rules, memory: SpirometryMemory, blow: Reading) -> Step:
    assert plan.person is not None, "without a best nothing is compared"
    assert plan.person.pef_best is not None, "without a best nothing is compared"
    best, rule = plan.person.pef_best.value, rules.pef
    percent = 100 * blow.value / best
    edge = best * rule.yellow_below_percent / 100
    because = Because(Kind.PEF, (blow.value,), "below", edge, edge, best)
    said = Said("pef_share", {"value": blow.value, "percent": round(percent, 1), "best": best})
    if percent >= rule.yellow_below_percent:
        return Step(memory, (finding_of(rule, "T11", blow, "clear", because=because, said=said),))
    is_red = percent < rule.red_below_percent
    severity = SERIOUS if is_red else MODERATE
    finding = finding_of(
        rule, "T11", blow, "broken", level="red" if is_red else "yellow",
        severity=severity, because=because, said=said,
    )  # fmt: skip
    return Step(memory, (finding,))


def _volume(plan: Plan, rules: Rules, memory: SpirometryMemory, blow: Reading) -> Step:
    rule, usual = rules.fev1, _usual(plan)
    assert usual is not None, "without a usual value nothing is compared"
    edge = round(usual - max(rule.fall_l, usual * rule.fall_percent / 100), 3)
    memory = _with_blow(rule, memory, blow, edge)
    session, low = memory.session, memory.low
    assert session is not None, "a blow belongs to a session"
    because = Because(Kind.FEV1, (session.best,), "below", edge, edge, usual)
    if session.best > edge:
        back = finding_of(
            rule, "T12", blow, "clear", because=because, said=Said("back", {"value": session.best})
        )
        return Step(memory, (back,))
    if low is None or session.at - low.at < timedelta(hours=rule.apart_h):
        return Step(memory)
    parts: dict[str, float | tuple[str, ...]] = {"first": low.best, "second": session.best, "usual": usual}
    finding = finding_of(
        rule, "T12", blow, "broken", severity=MODERATE, because=because,
        said=Said("fev1_fell", parts), readings=(low.id, session.id),
    )  # fmt: skip
    return Step(memory, (finding,))


def _with_blow(rule: Fev1, memory: SpirometryMemory, blow: Reading, edge: float) -> SpirometryMemory:
    """A session that is over and was low is remembered, the first of several; a good one clears it."""
    session, low = memory.session, memory.low
    if session is not None and 0 <= (blow.measured_at - session.at).total_seconds() <= SESSION_MIN * 60:
        is_better = blow.value > session.best
        best = Session(blow.value, blow.id, session.at) if is_better else session
        return replace(memory, session=best)
    if session is not None:
        low = None if session.best > edge else low or session
    if low is not None and blow.measured_at - low.at > timedelta(days=rule.counts_within_days):
        low = None
    return replace(memory, session=Session(blow.value, blow.id, blow.measured_at), low=low)
