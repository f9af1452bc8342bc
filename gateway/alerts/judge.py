"""The judge of single limits: O(1) per reading, refuses rather than guesses."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from cloud_bridge.contract.alert import Alert, Because
from cloud_bridge.contract.plan import Limit, Plan
from cloud_bridge.look.say import because_said
from cloud_bridge.look.words import word
from devices.readings import (
    CLOCK_AHEAD_S_MAX,
    FIRST_CREDIBLE_YEAR,
    NOT_JUDGED,
    Quality,
    Reading,
    series_name,
)
from gateway.alerts.state import JudgeState, LimitState

Refusal = Literal["of another series", "stale", "poor quality", "undated", "older than what was judged"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one reading led to; `refusals` says by limit why it was kept but not judged."""

    state: JudgeState
    changes: tuple[Alert, ...] = ()
    refusals: tuple[tuple[str, Refusal], ...] = ()


def judge(plan: Plan, state: JudgeState, reading: Reading) -> Verdict:
    """Judge one reading under every limit of the plan for its kind."""
    changes: list[Alert] = []
    refusals: list[tuple[str, Refusal]] = []
    for limit in plan.limits:
        if limit.kind is not reading.kind:
            continue
        memory = state.of(limit.id)
        if refusal := _refusal(plan, memory, reading):
            refusals.append((limit.id, refusal))
            continue
        memory, change = _judge_one(plan, limit, memory, reading)
        state = state.with_limit(limit.id, memory)
        if change is not None:
            changes.append(change)
    return Verdict(state, tuple(changes), tuple(refusals))


def _refusal(plan: Plan, memory: LimitState, reading: Reading) -> Refusal | None:
    if reading.series != series_name(reading.kind):
        return "of another series"
    if not NOT_JUDGED.isdisjoint(reading.quality):
        return "poor quality"
    if reading.age_s > plan.stale_h * 3600:
        return "stale"
    if _is_undated(reading) and Quality.FROM_STORAGE in reading.quality:
        return "undated"
    if memory.judged_at is not None and _is_older(reading, memory.judged_at):
        return "older than what was judged"
    return None


def _is_undated(reading: Reading) -> bool:
    return reading.is_in_hub_time and (
        Quality.TIME_UNCERTAIN in reading.quality or reading.measured_at.year < FIRST_CREDIBLE_YEAR
    )


def _is_older(reading: Reading, judged_at: datetime) -> bool:
    """Where the hub had no time, the order of arrival counts; what was judged tomorrow is no measure."""
    if reading.measured_at >= judged_at or reading.measured_at.year < FIRST_CREDIBLE_YEAR:
        return False
    has_hub_time = reading.received_at.year >= FIRST_CREDIBLE_YEAR
    return not has_hub_time or (judged_at - reading.received_at).total_seconds() <= CLOCK_AHEAD_S_MAX


def _judged_at(memory: LimitState, reading: Reading) -> datetime | None:
    """Return when the newest judged reading was measured; one without a time moves nothing."""
    has_time = reading.measured_at.year >= FIRST_CREDIBLE_YEAR
    return reading.measured_at if has_time else memory.judged_at


def _judge_one(
    plan: Plan, limit: Limit, memory: LimitState, reading: Reading
) -> tuple[LimitState, Alert | None]:
    is_turning = limit.is_beyond(reading.value) if memory.open is None else limit.is_clear(reading.value)
    if not is_turning:
        return LimitState(memory.open, judged_at=_judged_at(memory, reading)), None
    values, readings = (*memory.values, reading.value), (*memory.readings, reading.id)
    if len(values) < limit.in_a_row:
        return LimitState(memory.open, values, readings, _judged_at(memory, reading)), None
    because = Because(limit.kind, values, limit.side, limit.edge, limit.clear, limit.usual)
    if memory.open is None:
        alert = Alert(
            id=f"{limit.id}-{reading.id}",
            rule=limit.id,
            level=limit.level,
            change="opened",
            reason=because_said(because, "opened", "nb"),
            because=because,
            plan_version=plan.version,
            readings=readings,
            at=reading.received_at,
        )
        return LimitState(alert, judged_at=_judged_at(memory, reading)), alert
    closed = replace(
        memory.open,
        change="closed",
        reason=because_said(because, "closed", "nb"),
        because=because,
        plan_version=plan.version,
        readings=readings,
        at=reading.received_at,
    )
    return LimitState(judged_at=_judged_at(memory, reading)), closed


def take_plan(plan: Plan, state: JudgeState, at: datetime) -> Verdict:
    """Put a plan in force: an alert whose limit is gone closes and says so, the others stay open."""
    known = {limit.id for limit in plan.limits}
    orphans = [alert for alert in state.open_alerts if alert.rule not in known]
    closed = tuple(
        replace(alert, change="closed", reason=word("nb", "because_plan_changed", version=plan.version),
                plan_version=plan.version, at=at)
        for alert in orphans
    )  # fmt: skip
    kept = {limit_id: memory for limit_id, memory in state.limits.items() if limit_id in known}
    return Verdict(JudgeState(plan.version, kept), closed)
