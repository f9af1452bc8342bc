"""Where a plan contradicts itself: values that a page or a command says in words."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product

from cloud_bridge.contract.answers import Question
from cloud_bridge.contract.plan import Limit, Plan
from cloud_bridge.contract.rule_settings import Rules
from devices.kinds import Kind

_FLOOR = {"88-92": 88.0, "94-98": 94.0}
_CEILING = {"88-92": 92.0, "94-98": 98.0}

RED_FLAGS = (Question.CONFUSED, Question.CANNOT_SPEAK, Question.CHEST_PAIN, Question.BLUE_LIPS)
ANTHONISEN = (Question.BREATHLESSNESS, Question.SPUTUM_VOLUME, Question.SPUTUM_COLOUR)


@dataclass(frozen=True, slots=True)
class Contradiction:
    """One thing that can't be meant; a grave one is reason for the hub to refuse the plan."""

    key: str
    parts: dict[str, float | str] = field(default_factory=dict)
    is_grave: bool = False


def contradictions(plan: Plan) -> tuple[Contradiction, ...]:
    """Return everything in which the plan contradicts itself, the grave ones first."""
    found = [*_limits(plan), *_targets(plan), *_rules(plan), *_people(plan)]
    return tuple(sorted(found, key=lambda one: not one.is_grave))


def _limits(plan: Plan) -> Iterator[Contradiction]:
    reds = [limit for limit in plan.limits if limit.level == "red"]
    yellows = [limit for limit in plan.limits if limit.level == "yellow"]
    for red, yellow in product(reds, yellows):
        is_alike = (red.kind, red.side) == (yellow.kind, yellow.side)
        if is_alike and red.edge != yellow.edge and not yellow.is_beyond(red.edge):
            yield Contradiction("yellow_beyond_red", {"yellow": yellow.id, "red": red.id})
    for limit in plan.limits:
        if limit.usual is not None and limit.is_beyond(limit.usual):
            yield Contradiction("usual_beyond_limit", {"limit": limit.id, "usual": limit.usual})
        if plan.targets is not None and limit.kind is Kind.SPO2:
            yield from _against_target(limit, plan.targets.saturation)


def _against_target(limit: Limit, saturation: str) -> Iterator[Contradiction]:
    parts: dict[str, float | str] = {"limit": limit.id, "edge": limit.edge, "target": saturation}
    if limit.side == "below" and limit.edge > _FLOOR[saturation]:
        yield Contradiction("limit_within_target", parts)
    if limit.side == "above" and limit.edge < _CEILING[saturation]:
        yield Contradiction("limit_within_target", parts)


def _targets(plan: Plan) -> Iterator[Contradiction]:
    targets = plan.targets
    if targets is None:
        return
    if targets.news2_scale == 2 and targets.saturation != "88-92":
        yield Contradiction("scale_2_without_target", {"target": targets.saturation}, is_grave=True)
    if targets.is_ltot and targets.oxygen == "air":
        yield Contradiction("ltot_without_oxygen", is_grave=True)
    if targets.oxygen_l_min is not None and targets.oxygen == "air":
        yield Contradiction("flow_on_air", {"flow": targets.oxygen_l_min}, is_grave=True)
    usual = targets.usual.spo2
    if usual is not None and usual < _FLOOR[targets.saturation]:
        yield Contradiction("usual_under_target", {"usual": usual, "target": targets.saturation})


def _rules(plan: Plan) -> Iterator[Contradiction]:
    rules = plan.rules
    if rules is None:
        return
    very_low, low = rules.spo2_very_low, rules.spo2_low
    if very_low.below > low.below or very_low.fall < low.fall:
        yield Contradiction("red_before_yellow", is_grave=True)
    if not rules.red_flags.is_on:
        yield Contradiction("red_flags_off", is_grave=True)
    if rules.news2.red_from < rules.news2.yellow_from:
        yield Contradiction("news2_red_before_yellow", is_grave=True)
    if rules.pef.red_below_percent > rules.pef.yellow_below_percent:
        yield Contradiction("pef_red_before_yellow", is_grave=True)
    if rules.pef.is_on and (plan.person is None or plan.person.pef_best is None):
        yield Contradiction("pef_without_best", is_grave=True)
    yield from _rules_and_person(plan, rules)


def _rules_and_person(plan: Plan, rules: Rules) -> Iterator[Contradiction]:
    usual = None if plan.targets is None else plan.targets.usual.spo2
    if usual is None:
        yield Contradiction("no_usual_spo2")
    elif usual < rules.spo2_low.below:
        yield Contradiction("usual_beyond_limit", {"limit": "T2", "usual": usual})
    if plan.targets is None:
        yield Contradiction("no_target")
    elif rules.spo2_low.below > _FLOOR[plan.targets.saturation]:
        parts: dict[str, float | str] = {"limit": "T2", "edge": rules.spo2_low.below}
        yield Contradiction("limit_within_target", {**parts, "target": plan.targets.saturation})
    conditions = plan.conditions
    if rules.pulse.is_on and (conditions.takes_beta_blocker or conditions.has_pacemaker):
        yield Contradiction("pulse_says_little")
    if conditions.has_heart_failure and not rules.weight_gain.is_on:
        yield Contradiction("heart_failure_without_weight")
    asked = {each.question for each in plan.questions}
    if rules.symptoms.is_on and not asked.issuperset(ANTHONISEN):
        yield Contradiction("symptoms_not_asked")
    if not asked.issuperset(RED_FLAGS):
        yield Contradiction("red_flags_not_asked")


def _people(plan: Plan) -> Iterator[Contradiction]:
    if plan.rules is None and plan.follow is None and not plan.contacts:
        return  # a plan from before knew neither
    if plan.follow is None:
        yield Contradiction("nobody_follows")
    if not any("red" in contact.zones for contact in plan.contacts):
        yield Contradiction("no_contact_in_red")
    spoken = set(plan.advice.green) | set(plan.advice.yellow) | set(plan.advice.red)
    for zone in ("green", "yellow", "red"):
        missing = sorted(({"nb"} | spoken) - set(getattr(plan.advice, zone)))
        if missing:
            yield Contradiction("advice_missing", {"zone": zone, "languages": ", ".join(missing)})
