"""N1 among the families of rules: nights of oximetry held against the plan, in the judge's words."""

from dataclasses import replace
from datetime import datetime

from cloud_bridge.contract.alert import MODERATE, Said
from cloud_bridge.contract.plan import Plan
from devices.readings import Block
from gateway.alerts import family, night_watch
from gateway.alerts.family import Around, Event, NightOver, Step, concerned
from gateway.alerts.night_watch import NightFinding, NightMemory

NIGHTS = "N1"


def rules(plan: Plan) -> frozenset[str]:
    """Return the one rule, where the plan has a goal."""
    has_goal = plan.night is not None and plan.night.goal is not None
    return frozenset({NIGHTS}) if has_goal else frozenset()


def step(plan: Plan, memory: NightMemory, event: Event, around: Around) -> Step:
    """Note what came of a night, or judge one that was summed up."""
    settings = plan.night
    if settings is None:
        return Step(memory)
    if isinstance(event, Block):
        told = night_watch.hear(settings, memory, event, around.now, plan.zone)
        return Step(told.memory, refusals=concerned(NIGHTS, told.refusal))
    if isinstance(event, NightOver):
        told = night_watch.take(settings, memory, event.night)
        return Step(told.memory, () if told.finding is None else (_said(told.finding, event.at),))
    return Step(memory)


def put_in_force(plan: Plan, memory: NightMemory, around: Around) -> Step:
    """Take other settings: without a goal nothing is missed any more."""
    told = night_watch.put_in_force(plan.night, memory)
    return Step(told.memory, () if told.finding is None else (_said(told.finding, around.now),))


def agreed(memory: NightMemory, rule: str, is_open: bool) -> NightMemory:
    """Return the memory in which a run of nights is open as long as its alert is."""
    if rule != NIGHTS or is_open == bool(memory.open_id):
        return memory
    return replace(memory, open_id=NIGHTS if is_open else "")


def _said(found: NightFinding, at: datetime) -> family.Finding:
    parts: dict[str, float | tuple[str, ...]] = {"nights": float(found.nights)}
    if found.share is not None and found.goal_share is not None:
        parts |= {"share": float(round(100 * found.share)), "goal": float(round(100 * found.goal_share))}
    return family.Finding(
        rule=NIGHTS,
        status="broken" if found.change == "opened" else "clear",
        at=at,
        cause=found.id,
        said=Said(f"night_{found.why}", parts),
        severity=MODERATE,
        code="pusterom:night_below_goal",
    )
