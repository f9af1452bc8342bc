"""Rules T6 and T7 on answers: symptoms worse than usual on several days, and signs of danger."""

from dataclasses import dataclass, field, replace
from datetime import date

from cloud_bridge.contract.alert import CRITICAL, MODERATE, Said
from cloud_bridge.contract.answers import Answer
from cloud_bridge.contract.contradictions import ANTHONISEN, RED_FLAGS
from cloud_bridge.contract.plan import Plan
from cloud_bridge.contract.rule_settings import Rules, Symptoms
from gateway.alerts.admission import refusal_of_answer
from gateway.alerts.family import Around, Event, Finding, Step, finding_of

DAYS = 3
"""T6 looks at so many days, today included."""


@dataclass(frozen=True, slots=True)
class Day:
    """What was answered of the three symptoms on one date of the home: the last word on each counts."""

    on: date
    values: dict[str, float] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)

    @property
    def worse(self) -> tuple[str, ...]:
        """The symptoms worse than usual on that day."""
        return tuple(name for name in ANTHONISEN if self.values.get(name, 0.0) > 0)


@dataclass(frozen=True, slots=True)
class Flag:
    """A sign of danger that was answered with yes, and by which answer."""

    answer: str
    on: date


@dataclass(frozen=True, slots=True)
class SymptomsMemory:
    """Three days of three symptoms, and the signs of danger that nobody has taken back."""

    days: tuple[Day, ...] = ()
    flags: dict[str, Flag] = field(default_factory=dict)


def rules(plan: Plan) -> frozenset[str]:
    """Return T6 and T7 where the plan uses them; signs of danger it can't turn off."""
    if plan.rules is None:
        return frozenset()
    return frozenset({"T7"} | ({"T6"} if plan.rules.symptoms.is_on else set()))


def step(plan: Plan, memory: SymptomsMemory, event: Event, _around: Around) -> Step:
    """Judge one answer. Signs of danger are told at once; symptoms when enough of three days have enough."""
    if plan.rules is None or not isinstance(event, Answer):
        return Step(memory)
    is_danger, is_symptom = event.question in RED_FLAGS, event.question in ANTHONISEN
    if not is_danger and not is_symptom:
        return Step(memory)
    if refusal := refusal_of_answer(plan.stale_h, event):
        return Step(memory, refusals=(("T7" if is_danger else "T6", refusal),))
    return _danger(plan.rules, memory, event) if is_danger else _symptom(plan.rules, memory, event)


def _danger(rules: Rules, memory: SymptomsMemory, answer: Answer) -> Step:
    flags = {name: flag for name, flag in memory.flags.items() if name != answer.question}
    if answer.value > 0:
        flags[answer.question] = Flag(answer.id, answer.answered_at.date())
    memory = replace(memory, flags=flags)
    if not flags:
        return Step(memory, (finding_of(rules.red_flags, "T7", answer, "clear", said=Said("no_danger")),))
    said = Said("danger", {"signs": tuple(f"ask_{name}" for name in sorted(flags))})
    readings = tuple(flag.answer for flag in flags.values())
    finding = finding_of(
        rules.red_flags, "T7", answer, "broken", level="red", severity=CRITICAL, said=said, readings=readings
    )
    return Step(memory, (finding,))


def _symptom(rules: Rules, memory: SymptomsMemory, answer: Answer) -> Step:
    on = answer.answered_at.date()
    newest = max((day.on for day in memory.days), default=on)
    if (newest - on).days >= DAYS:
        return Step(memory, refusals=(("T6", "older than what was judged"),))
    day = next((day for day in memory.days if day.on == on), Day(on))
    day = Day(on, day.values | {answer.question: answer.value}, day.answers | {answer.question: answer.id})
    others = [one for one in memory.days if one.on != on and (on - one.on).days < DAYS]
    days = tuple(sorted((*others, day), key=lambda one: one.on))
    memory = replace(memory, days=days)
    return Step(memory, () if not rules.symptoms.is_on else _anthonisen(rules.symptoms, days, answer))


def _anthonisen(rule: Symptoms, days: tuple[Day, ...], answer: Answer) -> tuple[Finding, ...]:
    """Clear is said once no answer that is still to come can make the newest day a bad one.

    So a plan that never asks for all three closes what it has opened.
    """
    bad = [day for day in days if len(day.worse) >= rule.count_min]
    if len(bad) >= rule.days_min:
        names = tuple(sorted({name for day in bad for name in day.worse}))
        said = Said("symptoms", {"symptoms": tuple(f"ask_{name}" for name in names), "days": len(bad)})
        readings = tuple(day.answers[name] for day in bad for name in day.worse)
        return (finding_of(rule, "T6", answer, "broken", severity=MODERATE, said=said, readings=readings),)
    not_worse = len(days[-1].values) - len(days[-1].worse)
    if len(ANTHONISEN) - not_worse < rule.count_min:
        return (finding_of(rule, "T6", answer, "clear", said=Said("symptoms_better")),)
    return ()
