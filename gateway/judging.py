"""Readings and answers from a file, judged one by one: what a line must say, and what comes of it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from cloud_bridge.contract.alert import Alert
from cloud_bridge.contract.answers import DAILY, Answer, answer_id, value_of
from cloud_bridge.contract.bodies import alert_body
from cloud_bridge.contract.plain import has_moment, is_plain_name
from cloud_bridge.contract.plan import Plan
from cloud_bridge.contract.unjudged import Reason
from cloud_bridge.look.say import reason_said
from cloud_bridge.look.words import LANGUAGES
from devices.kinds import CODINGS, PLAUSIBLE, Kind
from devices.readings import HOME, Quality, Reading, reading_id
from gateway.alerts.family import Event, Tick
from gateway.alerts.judge import judge, take_plan
from gateway.alerts.state import JudgeState

LINE_LENGTH_MAX = 100_000

_READING = frozenset(
    {"kind", "value", "unit", "measured_at", "received_at", "device", "quality", "grade", "setting", "id"}
)
_LOGGED = frozenset(
    {
        "mdc", "loinc", "driver", "device_time", "user_slot", "is_continuous", "identity", "tier",
        "reference", "clock_offset_s",
    }
)  # fmt: skip
"""What a log says besides; the judge of a file needs none of it."""
_ANSWER = frozenset({"question", "value", "answered_at", "received_at", "form", "teller", "id", "word"})


class LineError(ValueError):
    """A line that says nothing that can be judged: what to write instead."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What one line led to; `problem` says why it was no event."""

    line: int
    changes: tuple[Alert, ...] = ()
    refusals: tuple[tuple[str, Reason], ...] = ()
    problem: str | None = None


def replayed(plan: Plan, lines: Iterable[bytes | str]) -> Iterator[Judged]:
    """Judge line after line from an empty memory; a line that can't be read changes nothing."""
    state = JudgeState()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            event = event_in(line)
        except LineError as error:
            yield Judged(number, problem=str(error))
            continue
        if state.plan_version == 0:
            state = take_plan(plan, state, _moment(event)).state
        verdict = judge(plan, state, event)
        state = verdict.state
        yield Judged(number, verdict.changes, verdict.refusals)


def _moment(event: Event) -> datetime:
    return event.received_at if isinstance(event, Reading | Answer) else event.at


def event_in(line: bytes | str) -> Event:
    """Return the event in a line of JSON; raise LineError."""
    if len(line) > LINE_LENGTH_MAX:
        raise LineError(f"a line of {len(line)} characters: write one reading or answer a line")
    try:
        said = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise LineError(f"is not JSON: {error}") from error
    if not isinstance(said, dict):
        raise LineError('is not an object: write {"kind": …, "value": …, "measured_at": …}')
    return event_of(said)


def event_of(said: dict[str, Any]) -> Event:
    """Return what was said as an event: a reading, an answer, or time that passes; raise LineError."""
    if "kind" in said:
        return _reading(said)
    if "question" in said:
        return _answer(said)
    if "passed_at" in said:
        return Tick(_at(said, "passed_at"))
    raise LineError("says neither kind (a reading), nor question (an answer), nor passed_at (time)")


def alert_line(judged: Judged, alert: Alert) -> bytes:
    """Return a change of an alert as a line of JSON, with its reason in every language."""
    told = orjson.loads(alert_body(alert))
    reasons = {language: reason_said(alert, language).replace("\u00a0", " ") for language in LANGUAGES}
    return orjson.dumps({"line": judged.line, **told, "reasons": reasons})


def _reading(said: dict[str, Any]) -> Reading:
    _assert_known(said, _READING | _LOGGED)
    if said["kind"] not in {kind.value for kind in Kind}:
        raise LineError(f"kind: {str(said['kind'])[:40]!r} is not measured; write one such as spo2")
    kind, value = Kind(said["kind"]), _number(said)
    if (unit := said.get("unit", CODINGS[kind].unit)) != CODINGS[kind].unit:
        raise LineError(f"unit: {kind} is told in {CODINGS[kind].unit}, not in {str(unit)[:20]!r}")
    measured_at = _at(said, "measured_at")
    received_at = _at(said, "received_at") if "received_at" in said else measured_at
    device = _name(said, "device", "unnamed")
    quality = _quality(said.get("quality", ()))
    least, most = PLAUSIBLE[kind]
    if not least <= value <= most:
        quality |= {Quality.INVALID}
    if (setting := said.get("setting", HOME)) not in ("home", "clinic"):
        raise LineError(f"setting: write home or clinic, not {str(setting)[:20]!r}")
    grade = said.get("grade")
    return Reading(
        id=_name(said, "id", reading_id(device, kind, value, measured_at)),
        kind=kind,
        value=value,
        device=device,
        driver="file",
        measured_at=measured_at,
        received_at=received_at,
        quality=tuple(flag for flag in Quality if flag in quality),
        grade=None if grade is None else str(grade)[:1],
        setting=setting,
    )


def _answer(said: dict[str, Any]) -> Answer:
    _assert_known(said, _ANSWER)
    question, form = _name(said, "question", ""), _name(said, "form", DAILY)
    try:
        value = value_of(question, said.get("value"))
    except ValueError as error:
        raise LineError(f"value: {error}") from error
    answered_at = _at(said, "answered_at")
    return Answer(
        id=_name(said, "id", answer_id(question, value, answered_at, form)),
        question=question,
        value=value,
        answered_at=answered_at,
        received_at=_at(said, "received_at") if "received_at" in said else answered_at,
        form=form,
        teller="helper" if said.get("teller") == "helper" else "patient",
    )


def _assert_known(said: dict[str, Any], known: frozenset[str]) -> None:
    if unknown := sorted(set(said) - known):
        raise LineError(f"{unknown[0][:40]}: is not a word we know here; mend its spelling or remove it")


def _number(said: dict[str, Any]) -> float:
    value = said.get("value")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise LineError(f"value: write a number, not {str(value)[:40]!r}")
    return float(value)


def _name(said: dict[str, Any], key: str, otherwise: str) -> str:
    name = said.get(key, otherwise)
    if not isinstance(name, str) or not is_plain_name(name):
        raise LineError(f"{key}: write one to a hundred plain characters without spaces")
    return name


def _at(said: dict[str, Any], key: str) -> datetime:
    text = said.get(key)
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        raise LineError(f"{key}: write a moment such as 2027-01-05T07:30:00+01:00") from None
    if not has_moment(at):
        raise LineError(f"{key}: say the time zone, too, such as +01:00")
    return at


def _quality(said: object) -> set[Quality]:
    if not isinstance(said, list | tuple):
        raise LineError('quality: write a list, such as ["low_perfusion"]')
    known = {flag.value: flag for flag in Quality}
    if unknown := [flag for flag in said if flag not in known]:
        raise LineError(f"quality: {str(unknown[0])[:40]!r} is no quality; write one such as low_perfusion")
    return {known[flag] for flag in said}
