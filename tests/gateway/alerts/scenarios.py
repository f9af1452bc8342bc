"""Runs a story of tests/scenarios/: what happened goes in, every alert and every refusal comes out."""

import tomllib
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from cloud_bridge.contract.alert import Alert
from cloud_bridge.contract.answers import KNOWN
from cloud_bridge.contract.plan import Plan
from cloud_bridge.look.say import reason_said
from devices.kinds import Kind
from gateway.alerts.family import DeviceSeen, Event
from gateway.alerts.judge import arrived_at, judge, take_plan
from gateway.alerts.state import JudgeState
from gateway.judging import event_of

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / "tests/scenarios"
OSLO = ZoneInfo("Europe/Oslo")
KINDS = {kind.value for kind in Kind}
BESIDE = {"at", "measured", "device", "quality", "grade", "setting", "new_plan", "seen"}


@dataclass(frozen=True)
class Scenario:
    """A story as its file tells it."""

    name: str
    law: str
    plan: Plan
    said: dict[str, Any]
    events: list[Event | Plan] = field(default_factory=list)


@dataclass
class Outcome:
    """What came of it."""

    state: JudgeState = field(default_factory=JudgeState)
    changes: list[Alert] = field(default_factory=list)
    refusals: list[tuple[datetime, str, str]] = field(default_factory=list)


def files() -> list[Path]:
    """Return every story's file."""
    return sorted(FOLDER.glob("*.toml"))


def moment(said: str) -> datetime:
    """Return a moment by the home's clock: `5 jan 07:30` of 2027, `5 jan 2028 07:30` of another year."""
    is_dated = len(said.split()) == 4
    words, form = (said, "%d %b %Y %H:%M") if is_dated else (f"{said} 2027", "%d %b %H:%M %Y")
    return datetime.strptime(words, form).replace(tzinfo=OSLO)


def plan_named(name: str, change: dict[str, Any]) -> Plan:
    """Return a plan of the house with what is different in it."""
    places = (ROOT / "config/plans", FOLDER / "plans")
    file = next(place / f"{name}.toml" for place in places if (place / f"{name}.toml").exists())
    said = tomllib.loads(file.read_text())
    wished = {path.partition(".")[0] for path in change}
    for watch in {"trend", "schedule", "night"} - wished:
        said.pop(watch, None)  # whoever tells of a threshold tells nothing of what is missing meanwhile
    for path, value in change.items():
        *way, last = path.split(".")
        place = said
        for word in way:
            place = place.setdefault(word, {})
        place[last] = value
    return Plan.model_validate(said)


def read(file: Path) -> Scenario:
    """Read a story; whatever is misspelt in it fails."""
    said = tomllib.loads(file.read_text())
    assert set(said) <= {"law", "plan", "change", "happens", "told", "refused", "exactly_refused"}, file.name
    plan = plan_named(said["plan"], said.get("change", {}))
    scenario = Scenario(file.stem, said["law"], plan, said)
    for one in said["happens"]:
        scenario.events.extend(_events(said, one))
    return scenario


def _events(said: dict[str, Any], one: dict[str, Any]) -> list[Event | Plan]:
    at = moment(one["at"])
    if "new_plan" in one:
        return [plan_named(said["plan"], said.get("change", {}) | one["new_plan"])]
    if "seen" in one:
        return [DeviceSeen(one["seen"], "driver", at)]
    measured_at = moment(one.get("measured", one["at"])).isoformat()
    found: list[Event | Plan] = []
    for word, value in one.items():
        assert word in BESIDE | KINDS | KNOWN, word
        if word in KINDS:
            more = {key: one[key] for key in ("quality", "grade", "setting") if key in one}
            told = {"kind": word, "value": value, "device": one.get("device", "oximeter"), **more}
            times = {"measured_at": measured_at, "received_at": at.isoformat()}
            found.append(event_of({**told, **times}))
        elif word in KNOWN:
            found.append(event_of({"question": word, "value": value, "answered_at": measured_at,
                                   "received_at": at.isoformat()}))  # fmt: skip
    return found or [event_of({"passed_at": at.isoformat()})]


def run(scenario: Scenario) -> Outcome:
    """Judge the story; between any two events the state is written and read again, as over a restart."""
    plan, outcome = scenario.plan, Outcome()
    first = next(event for event in scenario.events if not isinstance(event, Plan))
    outcome.state = take_plan(plan, outcome.state, arrived_at(first)).state
    at = arrived_at(first)
    for event in scenario.events:
        if isinstance(event, Plan):
            plan = event
            verdict = take_plan(plan, outcome.state, at)
        else:
            at = arrived_at(event)
            verdict = judge(plan, outcome.state, event)
        outcome.state = JudgeState.from_bytes(bytes(verdict.state))
        assert outcome.state == verdict.state, "a restart loses nothing"
        outcome.changes += verdict.changes
        outcome.refusals += [(at, rule, why) for rule, why in verdict.refusals]
    return outcome


def as_told(alert: Alert, fields: set[str]) -> dict[str, Any]:
    """Return those fields of an alert that a story speaks of, in its words."""
    words: dict[str, Any] = {
        "at": alert.at.astimezone(OSLO).strftime("%-d %b %H:%M").lower(),
        "nb": reason_said(alert, "nb").replace("\u00a0", " "),
        "en": reason_said(alert, "en").replace("\u00a0", " "),
        "readings": len(alert.readings),
        "is_same_episode": alert.episode != alert.id,
    }
    return {name: words[name] if name in words else getattr(alert, name) for name in fields}
