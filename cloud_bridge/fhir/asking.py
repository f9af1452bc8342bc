"""What may be asked of our FHIR: a search in plain values, or why it is none; and what we say we can do."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from cloud_bridge.fhir.codes import words_called
from cloud_bridge.fhir.naming import OURS, Resource

TYPES = ("CarePlan", "DetectedIssue", "Device", "Observation", "Provenance", "Task")
"""What there is of a home."""

COUNT, COUNT_MAX = 100, 500
"""So many resources are on a page, unless asked otherwise; and at most."""

_RELEASED = "2026-11-23"
_DATE = re.compile(r"(eq|ge|gt|le|lt)?(\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(\.\d{1,6})?(?:Z|[+-]\d\d:\d\d))?)")
_TURN = re.compile(r"\d{1,18}")
PARAMETERS = {
    "_id": "token", "patient": "reference", "code": "token", "date": "date", "_lastUpdated": "date",
    "_count": "number",
}  # fmt: skip
"""What a search may say, and of which of FHIR's kinds it is."""

_ONCE = frozenset({"_id", "patient", "code", "_count", "_after"})

Edge = Literal["from", "before"]


@dataclass(frozen=True, slots=True)
class Bound:
    """A moment that something is not before (`from`), or is `before`."""

    edge: Edge
    at: datetime


@dataclass(frozen=True, slots=True)
class Asked:
    """A search: what is None is not asked for. `after` is where the page before has ended."""

    type: str
    id: str | None = None
    home: str | None = None
    words: frozenset[str] | None = None
    dates: tuple[Bound, ...] = ()
    told: tuple[Bound, ...] = ()
    count: int = COUNT
    after: int = 0


class SearchError(ValueError):
    """What was asked can't be answered as it stands; the message says what to write."""


def asked_from(kind: str, parameters: Iterable[tuple[str, str]]) -> Asked:
    """Return the search; raise SearchError for what we would have to pass over.

    >>> asked_from("Observation", [("patient", "Patient/00c0ffee00c0ffee"), ("_count", "5")]).home
    '00c0ffee00c0ffee'
    """
    said: dict[str, list[str]] = {}
    for name, value in parameters:
        said.setdefault(name, []).append(value)
    for name, values in said.items():
        if name not in PARAMETERS and name != "_after":
            raise SearchError(f"we do not know {name[:40]!r}; there are {', '.join(PARAMETERS)}")
        if name in _ONCE and len(values) > 1:
            raise SearchError(f"{name} may be said once")
    one = {name: values[0] for name, values in said.items()}
    return Asked(
        kind,
        one.get("_id"),
        None if "patient" not in one else one["patient"].removeprefix("Patient/"),
        None if "code" not in one else _words(one["code"]),
        _bounds("date", said.get("date", ())),
        _bounds("_lastUpdated", said.get("_lastUpdated", ())),
        min(_number("_count", one.get("_count", str(COUNT))), COUNT_MAX),
        _number("_after", one.get("_after", "0")),
    )


def _words(text: str) -> frozenset[str]:
    return frozenset(word for token in text.split(",") for word in words_called(*_token(token)))


def _token(text: str) -> tuple[str | None, str]:
    system, bar, code = text.rpartition("|")
    return (system if bar else None), code


def _bounds(name: str, values: Iterable[str]) -> tuple[Bound, ...]:
    return tuple(bound for value in values for bound in _bound(name, value))


def _bound(name: str, text: str) -> tuple[Bound, ...]:
    """A day is as long as it is, a second too: `gt` a day begins behind its end."""
    match = _DATE.fullmatch(text)
    try:
        if match is None:
            raise ValueError
        at = datetime.fromisoformat(match[2])
        first = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
        length = timedelta(days=1) if "T" not in match[2] else timedelta(seconds=1)
        behind = first + (timedelta(microseconds=1) if match[3] else length)
    except (ValueError, OverflowError):
        raise SearchError(f"{name}: write a day or a moment, such as ge2027-01-05T12:00:00Z") from None
    match match[1] or "eq":
        case "ge":
            return (Bound("from", first),)
        case "gt":
            return (Bound("from", behind),)
        case "lt":
            return (Bound("before", first),)
        case "le":
            return (Bound("before", behind),)
    return (Bound("from", first), Bound("before", behind))


def _number(name: str, text: str) -> int:
    if _TURN.fullmatch(text) is None:
        raise SearchError(f"{name}: write a number")
    return int(text)


def bundle(found: Iterable[Resource], base: str, here: str, further: str | None) -> Resource:
    """Return a page of a search: what was found, and where it goes on."""
    links = [{"relation": "self", "url": here}]
    if further is not None:
        links.append({"relation": "next", "url": further})
    entries = [
        {
            "fullUrl": f"{base}/{each['resourceType']}/{each['id']}",
            "resource": each,
            "search": {"mode": "match"},
        }
        for each in found
    ]
    return {"resourceType": "Bundle", "type": "searchset", "link": links} | (
        {"entry": entries} if entries else {}
    )


def outcome(code: str, words: str) -> Resource:
    """Return why there is no answer, for a program and for whoever reads its log."""
    issue = {"severity": "error", "code": code, "diagnostics": words}
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def capability_statement(profiles: Mapping[str, Iterable[str]]) -> Resource:
    """Return what our FHIR can do: read and search, of each type, and nothing is written."""
    parameters = [{"name": name, "type": kind} for name, kind in PARAMETERS.items() if name != "_count"]
    resources = []
    for kind in TYPES:
        said: Resource = {
            "type": kind,
            "interaction": [{"code": "read"}, {"code": "search-type"}],
            "versioning": "versioned",
            "searchParam": parameters,
        }
        if supported := sorted(profiles.get(kind, ())):
            said["supportedProfile"] = supported
        resources.append(said)
    return {
        "resourceType": "CapabilityStatement",
        "url": f"{OURS}/CapabilityStatement/ward",
        "status": "active",
        "date": _RELEASED,
        "kind": "instance",
        "software": {"name": "Pusterom"},
        "implementation": {"description": "What organisations may read of the homes they are entitled to."},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json"],
        "rest": [
            {
                "mode": "server",
                "security": {"description": "A bearer token of the ward's provider, or a person's session."},
                "resource": resources,
            }
        ],
    }
