"""The plan's single limits on raw values: always on, whatever else is believed."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from cloud_bridge.contract.alert import MODERATE, SERIOUS, Because
from cloud_bridge.contract.plan import Limit, Plan
from cloud_bridge.contract.unjudged import Reason
from devices.readings import Reading
from gateway.alerts.admission import judged_at, refusal_of
from gateway.alerts.family import Around, Event, Finding, Step


@dataclass(frozen=True, slots=True)
class LimitState:
    """One limit's memory: is it broken, and the readings in a row that point the other way."""

    is_broken: bool = False
    values: tuple[float, ...] = ()
    readings: tuple[str, ...] = ()
    judged_at: datetime | None = None
    """When the newest judged reading was measured: an older one that comes later is not judged."""


@dataclass(frozen=True, slots=True)
class LimitsMemory:
    """A few words for each limit of the plan."""

    limits: dict[str, LimitState] = field(default_factory=dict)


def step(plan: Plan, memory: LimitsMemory, event: Event, _around: Around) -> Step:
    """Judge one reading under every limit of the plan for its kind.

    A plan from before speaks as hubs did then, without VKP's severity and our code.
    """
    if not isinstance(event, Reading):
        return Step(memory)
    states = dict(memory.limits)
    findings: list[Finding] = []
    refusals: list[tuple[str, Reason]] = []
    for limit in plan.limits:
        if limit.kind is not event.kind:
            continue
        state = states.get(limit.id, LimitState())
        if refusal := refusal_of(plan.stale_h, state.judged_at, event):
            refusals.append((limit.id, refusal))
            continue
        states[limit.id], finding = _judged(plan, limit, state, event)
        findings += [] if finding is None else [finding]
    return Step(memory if states == memory.limits else LimitsMemory(states), tuple(findings), tuple(refusals))


def rules(plan: Plan) -> frozenset[str]:
    """Return the ids of the plan's limits."""
    return frozenset(limit.id for limit in plan.limits)


def fitted(plan: Plan, memory: LimitsMemory) -> LimitsMemory:
    """Return the memory of those limits that the plan has."""
    known = rules(plan)
    return LimitsMemory({id_: state for id_, state in memory.limits.items() if id_ in known})


def agreed(memory: LimitsMemory, rule: str, is_open: bool) -> LimitsMemory:
    """Return the memory in which a limit is broken as long as its alert is open."""
    known = memory.limits.get(rule, LimitState())
    if known.is_broken == is_open:
        return memory
    return LimitsMemory({**memory.limits, rule: LimitState(is_open, judged_at=known.judged_at)})


def _judged(
    plan: Plan, limit: Limit, before: LimitState, reading: Reading
) -> tuple[LimitState, Finding | None]:
    at = judged_at(before.judged_at, reading)
    is_turning = limit.is_clear(reading.value) if before.is_broken else limit.is_beyond(reading.value)
    if not is_turning:
        return LimitState(before.is_broken, judged_at=at), None
    values, readings = (*before.values, reading.value), (*before.readings, reading.id)
    if len(values) < limit.in_a_row:
        return replace(before, values=values, readings=readings, judged_at=at), None
    finding = Finding(
        rule=limit.id,
        status="clear" if before.is_broken else "broken",
        level=limit.level,
        at=reading.received_at,
        cause=reading.id,
        readings=readings,
        because=Because(limit.kind, values, limit.side, limit.edge, limit.clear, limit.usual),
        severity=None if plan.rules is None else SERIOUS if limit.level == "red" else MODERATE,
        code="" if plan.rules is None else f"pusterom:limit_{limit.kind}",
    )
    return LimitState(not before.is_broken, judged_at=at), finding
