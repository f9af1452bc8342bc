"""A whole plan in plain words: who follows, what is aimed at, when somebody is told, what is amiss."""

from collections.abc import Iterator
from difflib import ndiff

from cloud_bridge.contract.contradictions import Contradiction
from cloud_bridge.contract.plan import Plan
from cloud_bridge.contract.rule_settings import Rules
from cloud_bridge.contract.schedule import WEEKDAYS, Ask, Schedule
from cloud_bridge.look.say import limit_said, part_said, person_said
from cloud_bridge.look.words import Language, listed, word


def plan_said(plan: Plan, language: Language) -> Iterator[str]:
    """Yield the plan line by line; what it does not speak of has no line."""
    yield word(language, "planned_version", version=plan.version, role=plan.approved_by_role)
    if not plan.is_verified:
        yield word(language, "planned_unverified")
    yield from _people(plan, language)
    yield from _targets(plan, language)
    for limit in plan.limits:
        yield limit_said(limit, language)
    if plan.rules is None:
        yield word(language, "planned_no_rules")
    else:
        yield from _rules(plan, plan.rules, language)
    yield from _watched(plan, language)
    if plan.person is not None:
        yield person_said(plan.person, language)
    for zone in ("green", "yellow", "red"):
        if text := getattr(plan.advice, zone).get(language):
            yield word(language, "planned_advice", zone=word(language, f"status_{zone}"), text=text)


def plan_changes_said(before: Plan, after: Plan, language: Language) -> tuple[tuple[str, str], ...]:
    """Return what differs between two plans, line by line: what is gone, and what is new."""
    lines = ndiff(tuple(plan_said(before, language)), tuple(plan_said(after, language)))
    words = {"- ": "gone", "+ ": "new"}
    return tuple((words[line[:2]], line[2:]) for line in lines if line[:2] in words)


def contradiction_said(found: Contradiction, language: Language) -> str:
    """Return in what a plan contradicts itself."""
    parts = {
        name: part_said(part, language) if isinstance(part, float) else part
        for name, part in found.parts.items()
    }
    return word(language, f"doubt_{found.key}", **parts)


def _people(plan: Plan, language: Language) -> Iterator[str]:
    if plan.follow is not None:
        informed = listed(language, plan.follow.informed) or word(language, "planned_nobody")
        yield word(language, "planned_follow", accountable=plan.follow.accountable, informed=informed)
    for contact in plan.contacts:
        zones = listed(language, tuple(word(language, f"status_{zone}").lower() for zone in contact.zones))
        hours = f" ({contact.open_hours})" if contact.open_hours else ""
        yield word(
            language, "planned_contact", who=contact.who, phone=contact.phone, hours=hours, zones=zones
        )
    if plan.questions:
        asked = tuple(word(language, f"ask_{each.question}") for each in plan.questions)
        yield word(language, "planned_questions", asked=listed(language, asked))
    if plan.escalation is not None:
        yield word(
            language,
            "planned_escalation",
            red=part_said(plan.escalation.red_seen_within_min, language),
            yellow=part_said(plan.escalation.yellow_seen_within_h, language),
            to=plan.escalation.to or word(language, "planned_nobody"),
        )


def _targets(plan: Plan, language: Language) -> Iterator[str]:
    targets = plan.targets
    if targets is not None:
        yield word(
            language,
            f"planned_target_{targets.oxygen}",
            saturation=targets.saturation.replace("-", "–"),
            flow=""
            if targets.oxygen_l_min is None
            else f" {part_said(targets.oxygen_l_min, language)} L/min",
            scale=targets.news2_scale,
        )
        if targets.is_ltot:
            yield word(language, "planned_ltot")
    for name in ("has_heart_failure", "has_pacemaker", "takes_beta_blocker"):
        if getattr(plan.conditions, name):
            yield word(language, f"planned_{name}")


def _watched(plan: Plan, language: Language) -> Iterator[str]:
    """Say what is compared with the usual, what is asked for, and what is expected of nights."""
    if plan.trend is not None and plan.trend.is_on:
        parts = (plan.trend.limit_alone, plan.trend.limit_with_symptoms)
        alone, with_symptoms = (part_said(part, language) for part in parts)
        yield word(language, "planned_trend", alone=alone, with_symptoms=with_symptoms)
    if plan.schedule is not None:
        for ask in plan.schedule.asks:
            yield _asked(plan.schedule, ask, language)
        for pause in plan.schedule.pauses:
            until = "…" if pause.last_on is None else pause.last_on.isoformat()
            yield word(language, "planned_pause", first=pause.first_on.isoformat(), last=until)
    if plan.night is not None and (goal := plan.night.goal) is not None:
        above, share = part_said(goal.above, language), part_said(100 * goal.share, language)
        yield word(language, "planned_night", above=above, share=share, nights=goal.nights_in_a_row)


def _asked(schedule: Schedule, ask: Ask, language: Language) -> str:
    what = "asked_night" if ask.is_night else "asked_form" if ask.form else f"kind_{ask.kind}"
    rhythm = ", ".join(f"{window.begins:%H:%M}–{window.ends:%H:%M}" for window in ask.windows)
    if ask.times_a_week is not None:
        rhythm = word(language, "planned_times_a_week", times=ask.times_a_week)
    elif len(ask.days) < len(WEEKDAYS):
        rhythm += f" ({listed(language, tuple(word(language, f'day_{day}') for day in ask.days))})"
    hours = part_said(schedule.yellow_after_s(ask) / 3600, language)
    return word(language, "planned_ask", what=word(language, what), rhythm=rhythm, hours=hours)


def _rules(plan: Plan, rules: Rules, language: Language) -> Iterator[str]:
    """One line for each rule in use, with the numbers that it uses for this patient."""
    usual = None if plan.targets is None else plan.targets.usual.spo2
    is_scale_2 = plan.targets is not None and plan.targets.news2_scale == 2
    for number, (name, rule) in enumerate(
        ((name, rule) for name, rule in rules if hasattr(rule, "is_on")), 1
    ):
        if not rule.is_on or (name == "too_much_oxygen" and not is_scale_2):
            continue
        parts = {
            key: part_said(float(value), language) for key, value in rule if isinstance(value, int | float)
        }
        if name in ("spo2_very_low", "spo2_low"):
            below = (
                rule.below
                if name == "spo2_low" or not is_scale_2
                else rules.spo2_very_low.scale_2_at_most + 1
            )
            parts["edge"] = part_said(below if usual is None else max(below, usual - rule.fall + 1), language)
        key = {13: "D2", 14: "N2"}.get(number, f"T{number}")
        said = word(language, f"rule_{name}", **parts)
        if name == "spo2_low" and not rule.is_told_at_once:
            rest, hours = parts["rest_min"], parts["counts_within_h"]
            said = word(language, "rule_second_reading", said=said, rest=rest, hours=hours)
        yield f"{key}: {said}"
    if not rules.is_verified:
        yield word(language, "planned_rules_unverified")
