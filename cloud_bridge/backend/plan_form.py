"""A plan as fields of a form, and a form's fields as the next version of a plan; pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from cloud_bridge.contract.plan import Plan
from cloud_bridge.contract.plan_change import refusal_of_plan

_LIMIT = ("below", "above", "clear", "in_a_row")
_WAITS = ("noted_after_h", "yellow_after_h")
_SEEN = ("red_seen_within_min", "yellow_seen_within_h")
_ENDS = ("begins", "ends")
_NUMBERED = ("spo2_very_low", "spo2_low")
"""Of these rules the value below which somebody is told can be written here."""


@dataclass(frozen=True, slots=True)
class Field:
    """One number, time or switch of a plan: where it stands there, and what it says as text."""

    path: str
    group: str
    """The key of the words for what it belongs to; `about` is filled into them."""
    about: Mapping[str, object]
    said: str

    @property
    def word(self) -> str:
        """The key of its own words."""
        return "plan_field_" + self.path.rpartition(".")[2]

    @property
    def shape(self) -> str:
        """How it is written: `switch`, `time` or `number`."""
        last = self.path.rpartition(".")[2]
        return "switch" if last == "is_on" else "time" if last in _ENDS else "number"


@dataclass(frozen=True, slots=True)
class Changed:
    """A field that says something else in the next version."""

    field: Field
    after: str


@dataclass(frozen=True, slots=True)
class Edited:
    """What a form makes of a plan: what differs, and the next version; else why there is none, as a key."""

    changes: tuple[Changed, ...]
    plan: Plan | None
    why: str = ""


def fields_of_plan(plan: Plan) -> tuple[Field, ...]:
    """Return all that can be written here; the rest of a plan is written in a file."""
    return tuple(_fields(plan, plan.model_dump(mode="json")))


def edited(plan: Plan, said: Mapping[str, str], by: str, now: datetime) -> Edited:
    """Return the version after this plan that these fields make, as approved by `by` now."""
    changes = tuple(
        Changed(field, after)
        for field in fields_of_plan(plan)
        if (after := _plain(said.get(field.path, field.said))) != field.said
    )
    if not changes:
        return Edited((), None, "plan_became_same")
    body = plan.model_dump(mode="json")
    for each in changes:
        _put(body, each.field.path.split("."), each.after)
    # Whoever signs numbers for one patient signs each of them: new ones are not signed yet.
    body |= {
        "version": plan.version + 1, "approved_at": now, "approved_by_role": by, "is_verified": False,
    }  # fmt: skip
    if body["rules"] is not None and any(each.field.path.startswith("rules.") for each in changes):
        body["rules"]["is_verified"] = False
    try:
        made = Plan.model_validate(body)
    except ValidationError as error:
        where = error.errors()[0]["loc"]
        return Edited(changes, None, "plan_became_limit" if "limits" in where else "plan_became_invalid")
    if refusal_of_plan(made, plan) is not None:
        return Edited(changes, None, "plan_became_contrary")
    return Edited(changes, made)


def _fields(plan: Plan, body: Mapping[str, Any]) -> Iterator[Field]:
    yield from _limits(plan, body)
    yield from _windows(plan, body)
    for group, names in (("schedule", _WAITS), ("escalation", _SEEN)):
        for name in names if body[group] is not None else ():
            yield Field(f"{group}.{name}", f"plan_group_{group}", {}, _text(body[group][name]))
    yield Field("stale_h", "plan_group_schedule", {}, _text(plan.stale_h))
    rules = [(name, rule) for name, rule in (body["rules"] or {}).items() if isinstance(rule, Mapping)]
    for number, (name, rule) in enumerate(rules, 1):
        yield from _rule(number, name, rule)


def _limits(plan: Plan, body: Mapping[str, Any]) -> Iterator[Field]:
    for place, limit in enumerate(plan.limits):
        about = {"level": limit.level, "kind": limit.kind}
        for name in _LIMIT:
            if (value := body["limits"][place][name]) is not None:
                yield Field(f"limits.{place}.{name}", "plan_group_limit", about, _text(value))


def _windows(plan: Plan, body: Mapping[str, Any]) -> Iterator[Field]:
    for place, ask in enumerate(() if plan.schedule is None else plan.schedule.asks):
        for part, window in enumerate(body["schedule"]["asks"][place]["windows"]):
            for name in _ENDS if ask.times_a_week is None else ():
                path = f"schedule.asks.{place}.windows.{part}.{name}"
                yield Field(path, "plan_group_ask", {"ask": ask.id}, _plain(window[name]))


def _rule(number: int, name: str, rule: Mapping[str, Any]) -> Iterator[Field]:
    about = {"number": number}
    yield Field(f"rules.{name}.is_on", "plan_group_rule", about, _text(rule["is_on"]))
    if name in _NUMBERED:
        yield Field(f"rules.{name}.below", "plan_group_rule", about, _text(rule["below"]))


def _text(value: float | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else f"{value:g}"


def _plain(said: str) -> str:
    """Return what was written as it is compared: a point for a comma, a time without seconds."""
    text = said.strip().replace(",", ".")
    if text.count(":") == 2 and text.endswith(":00"):
        return text[:5]
    try:
        return _text(float(text))
    except ValueError:
        return text


def _put(body: dict[str, Any], path: list[str], said: str) -> None:
    """Write a value where it stands; what is no number or switch is left for the plan to refuse."""
    *way, last = path
    part: Any = body
    for step in way:
        part = part[int(step)] if step.isdigit() else part[step]
    part[last] = said
