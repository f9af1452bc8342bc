"""From findings to alerts: open, confirm, raise, close; latch, lockout and episode. Knows no rule."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from cloud_bridge.contract.alert import Alert, Confirmation, Said
from cloud_bridge.contract.dating import moved
from cloud_bridge.contract.plan import Level, Plan
from cloud_bridge.contract.unjudged import Reason
from cloud_bridge.look.say import reason_said
from gateway.alerts.family import Finding
from gateway.alerts.state import Episode, JudgeState, Standing


@dataclass(frozen=True, slots=True)
class Told:
    """What one finding led to."""

    state: JudgeState
    changes: tuple[Alert, ...] = ()
    refusal: Reason | None = None


def tell(plan: Plan, state: JudgeState, finding: Finding) -> Told:
    """Open, confirm, raise or close the alert of this rule, or leave it as it is."""
    standing = state.standing.get(finding.rule)
    if finding.status == "clear":
        return Told(state) if standing is None else _clear(plan, state, standing, finding)
    if standing is None:
        return _open(plan, state, finding)
    alert, is_broken = standing.alert, finding.status == "broken"
    if is_broken and alert.level == "yellow" and finding.level == "red":
        return _raise(plan, state, standing, finding)
    if is_broken and alert.confirmation == "waiting":
        return _confirm(plan, state, standing, finding)
    if standing.over is not None:
        state = _with(state, finding.rule, replace(standing, over=None))
    return Told(state)


def close_due(plan: Plan, state: JudgeState, now: datetime) -> Told:
    """Close what has been over for a while and has now stood long enough; each at its own moment."""
    due = [
        (_due_at(standing.alert, standing.over), standing)
        for standing in state.standing.values()
        if standing.over is not None
    ]
    changes: tuple[Alert, ...] = ()
    for at, standing in sorted(due, key=lambda one: (one[0], one[1].alert.id)):
        if at <= now and standing.over is not None:
            told = _close(plan, state, standing.alert, replace(standing.over, at=at))
            state, changes = told.state, (*changes, *told.changes)
    return Told(state, changes)


def close_unknown(plan: Plan, state: JudgeState, known: frozenset[str], at: datetime) -> Told:
    """Close what is open under a rule that the plan no longer has, and say so."""
    changes: tuple[Alert, ...] = ()
    for alert in state.open_alerts:
        if alert.rule not in known:
            said = Said("plan_changed", {"version": float(plan.version)})
            closed = _changed(plan, replace(alert, change="closed", said=said, at=at))
            state, changes = _without(state, alert.rule, at), (*changes, closed)
    return Told(state, changes)


def _due_at(alert: Alert, over: Finding) -> datetime:
    return moved(alert.at, timedelta(seconds=_latch_s(alert, over)))


def _latch_s(alert: Alert, over: Finding) -> float:
    """What nobody has confirmed stands no longer than until the next good reading."""
    return 0.0 if alert.confirmation == "waiting" else over.latch_s


def _open(plan: Plan, state: JudgeState, finding: Finding) -> Told:
    is_waiting = finding.status == "suspected"
    level: Level = "yellow" if is_waiting else finding.level
    if refusal := _locked(state, finding, level):
        return Told(state, refusal=refusal)
    id_ = f"{finding.rule}-{finding.cause}"
    episode = _episode(plan, state, id_, finding.at)
    alert = _changed(
        plan,
        Alert(
            id=id_,
            rule=finding.rule,
            level=level,
            change="opened",
            reason="",
            because=finding.because,
            plan_version=plan.version,
            readings=finding.readings,
            at=finding.at,
            said=finding.said,
            rule_version=finding.rule_version,
            severity=finding.severity,
            code=finding.code,
            confirmation="waiting" if is_waiting else _confirmation(finding),
            episode="" if episode is None else episode.id,
        ),
    )
    told_at = (
        {**state.told_at, _lock(finding.rule, level): finding.at} if finding.lockout_s else state.told_at
    )
    state = replace(state, told_at=told_at, episode=episode)
    return Told(_with(state, finding.rule, Standing(alert)), (alert,))


def _confirmation(finding: Finding) -> Confirmation:
    return "confirmed" if finding.is_confirmed else "not_needed"


def _raise(plan: Plan, state: JudgeState, standing: Standing, finding: Finding) -> Told:
    """A yellow alert that becomes red closes, and a red one opens: every reader sees the red one open."""
    if _locked(state, finding, "red"):
        return Told(state)
    said = Said("raised")
    over = replace(finding, said=said, because=standing.alert.because)
    closed = _close(plan, state, standing.alert, over)
    opened = _open(plan, closed.state, finding)
    return Told(opened.state, (*closed.changes, *opened.changes))


def _confirm(plan: Plan, state: JudgeState, standing: Standing, finding: Finding) -> Told:
    ground = _ground_of(finding)
    alert = replace(
        standing.alert,
        confirmation="confirmed",
        severity=finding.severity,
        readings=finding.readings,
        **ground,
    )
    alert = _changed(plan, alert)
    confirmed = replace(alert, change="confirmed", plan_version=plan.version, at=finding.at)
    return Told(_with(state, finding.rule, Standing(alert)), (confirmed,))


def _clear(plan: Plan, state: JudgeState, standing: Standing, finding: Finding) -> Told:
    # A rule without a latch asks no clock: a hub that has lost its time closes by order of arrival.
    if _latch_s(standing.alert, finding) and finding.at < _due_at(standing.alert, finding):
        over = standing.over or finding
        return Told(_with(state, finding.rule, replace(standing, over=over)))
    return _close(plan, state, standing.alert, finding)


def _close(plan: Plan, state: JudgeState, alert: Alert, finding: Finding) -> Told:
    closed = _changed(
        plan,
        replace(alert, change="closed", readings=finding.readings, at=finding.at, **_ground_of(finding)),
    )
    return Told(_without(state, alert.rule, finding.at), (closed,))


def _ground_of(finding: Finding) -> dict[str, Any]:
    return {"because": finding.because, "said": finding.said}


def _changed(plan: Plan, alert: Alert) -> Alert:
    """Return the change under the plan in force, with its reason in words."""
    return replace(alert, plan_version=plan.version, reason=reason_said(alert, "nb"))


def _lock(rule: str, level: Level) -> str:
    return f"{rule}.{level}"


def _locked(state: JudgeState, finding: Finding, level: Level) -> Reason | None:
    before = state.told_at.get(_lock(finding.rule, level))
    if before is None or not timedelta(0) <= finding.at - before < timedelta(seconds=finding.lockout_s):
        return None
    return "told before in this episode"


def _episode(plan: Plan, state: JudgeState, id_: str, at: datetime) -> Episode | None:
    """A plan that knows single limits only has no episodes: its alerts travel as they always did."""
    if plan.rules is None:
        return state.episode
    before = state.episode
    is_same = before is not None and (
        bool(state.standing) or at - before.last_at <= timedelta(hours=plan.rules.episode_h)
    )
    return Episode(before.id if is_same and before is not None else id_, at)


def _with(state: JudgeState, rule: str, standing: Standing) -> JudgeState:
    return replace(state, standing={**state.standing, rule: standing})


def _without(state: JudgeState, rule: str, at: datetime) -> JudgeState:
    episode = None if state.episode is None else replace(state.episode, last_at=at)
    return replace(state.closed(rule), episode=episode)
