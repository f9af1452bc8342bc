"""K1 among the families of rules: what the trend finds, in the judge's words. The arithmetic is in trend.py.

Only readings and answers move it, never time alone: so a log judged anew gives the same trend.
"""

from dataclasses import replace
from datetime import date, datetime

from cloud_bridge.contract.alert import MODERATE, NORMAL, Said
from cloud_bridge.contract.answers import Answer
from cloud_bridge.contract.plan import Plan
from devices.kinds import Kind
from devices.readings import Reading
from gateway.alerts import family, trend
from gateway.alerts.days import Part
from gateway.alerts.family import Around, Event, Step, concerned
from gateway.alerts.trend_memory import Around as TrendAround
from gateway.alerts.trend_memory import Finding, Ground, TrendMemory

TREND = "K1"
STANDS_S = 7 * 86400.0
"""What is told once and has no end of its own is shown for a week; unverified."""

LONG_AGO = date(2000, 1, 1)

_OF_ITS_OWN = (TREND, "silence-")
_SEVERITY = {"new_device": NORMAL}
_OVER = {"trend": "trend_over", "drift": "drift_over"}


def rules(plan: Plan) -> frozenset[str]:
    """Return the names of what the trend can tell."""
    settings = plan.trend
    if settings is None or not settings.is_on:
        return frozenset()
    drifts = (f"{TREND}.drift.{kind}" for kind in settings.signals)
    noted = (f"{TREND}.{name}" for name in ("new_level", "new_device", "devices_disagree"))
    days = (TREND, *drifts, *noted)
    return frozenset((*days, *(f"{name}.night" for name in days)))


def step(plan: Plan, memory: TrendMemory, event: Event, around: Around) -> Step:
    """Compare a reading with what is usual, or look again at what an answer makes of it."""
    if plan.trend is None or not isinstance(event, Reading | Answer):
        return Step(memory)
    given = TrendAround(
        now=around.now,
        zone=plan.zone,
        worsened_at=around.worsened_at,
        treated_at=around.treated_at,
        is_alert_open=any(not rule.startswith(_OF_ITS_OWN) for rule in around.open_rules),
        signed_at=plan.approved_at,
    )
    if isinstance(event, Answer):
        told = trend.look(plan.trend, memory, given)
    else:
        told = trend.hear(plan.trend, memory, event, given)
    findings = tuple(each for found in told.findings for each in _said(found, event.received_at))
    return Step(told.memory, findings, concerned(TREND, told.refusal))


def agreed(memory: TrendMemory, rule: str, is_open: bool) -> TrendMemory:
    """Return the memory in which the trend is open as long as its alert is."""
    if rule == TREND:
        return replace(memory, day=_agreed(memory.day, is_open))
    return replace(memory, night=_agreed(memory.night, is_open)) if rule == f"{TREND}.night" else memory


def _agreed(part: Part, is_open: bool) -> Part:
    if is_open == (part.opened_on is not None):
        return part
    return replace(part, opened_on=(part.told_on or LONG_AGO) if is_open else None)


def _said(found: Finding, at: datetime) -> tuple[family.Finding, ...]:
    """Return a finding in the judge's words; what is told once opens, and is over after a week."""
    rule = _rule(found)
    told = family.Finding(
        rule=rule,
        status="clear" if found.change == "closed" else "broken",
        at=at,
        cause=f"{found.on:%Y%m%d}",
        readings=found.ground.readings if found.ground is not None else (),
        said=_reason(found),
        severity=_SEVERITY.get(found.rule, MODERATE),
        code=f"pusterom:{found.rule}",
    )
    if found.change != "noted":
        return (told,)
    return told, replace(told, status="clear", said=Said("told_for_a_week"), latch_s=STANDS_S)


def _rule(found: Finding) -> str:
    name = TREND if found.rule == "trend" else f"{TREND}.{found.rule}"
    name = f"{name}.{found.kind}" if found.rule == "drift" else name
    return f"{name}.night" if found.part == "night" else name


def _reason(found: Finding) -> Said:
    if found.change == "closed":
        return Said(_OVER[found.rule], _of(found))
    if found.rule == "trend" and found.ground is not None:
        return _trend_said(found.ground)
    return Said(found.rule, _of(found))


def _of(found: Finding) -> dict[str, float | tuple[str, ...]]:
    parts: dict[str, float | tuple[str, ...]] = {}
    if found.kind is not None:
        parts["what"] = (f"kind_{found.kind}",)
    if found.amount is not None:
        parts["amount"] = round(abs(found.amount), 1)
    return parts


def _trend_said(ground: Ground) -> Said:
    """Say by how much and for how long: only what has moved to the worse side."""
    pulse, spo2 = ground.amounts.get(Kind.PULSE_RATE, 0.0), ground.amounts.get(Kind.SPO2, 0.0)
    parts: dict[str, float | tuple[str, ...]] = {"days": float(ground.days)}
    worse = []
    if round(pulse) > 0:
        parts["pulse"], worse = float(round(pulse)), ["pulse"]
    if round(-spo2) > 0:
        parts["spo2"] = float(round(-spo2))
        worse.append("spo2")
    key = "_".join(("trend", *worse))
    return Said(f"{key}_symptoms" if ground.is_with_symptoms else key, parts)
