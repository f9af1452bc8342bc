"""What the ward offers over HTTP, as an OpenAPI document made from what each route declares."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cloud_bridge.backend.access import NEEDS, Need
from cloud_bridge.backend.door import SECURE_TICKET
from cloud_bridge.backend.fhir_api import MEDIA_TYPE
from cloud_bridge.contract.topics import HOME_ID
from cloud_bridge.fhir.asking import PARAMETERS, TYPES

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Said:
    """What a route's declaration does not say: a sentence, what it answers, the fields of a form."""

    summary: str
    media: str = "text/html"
    fields: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()


_HANDOVER_FIELDS = ("to", "days", "why_now", "summary", "offer", "reason", "by")
_SAID: Mapping[tuple[str, str], _Said] = {
    ("GET", "/"): _Said("The work list: open alerts by severity and age, what is missing, everybody."),
    ("GET", "/patient/{home}"): _Said("One patient: trends with limits, alerts, answers, values, the plan."),
    ("GET", "/patient/{home}/handover"): _Said("Who is accountable; the offer that stands or can be made."),
    ("POST", "/patient/{home}/handover"): _Said(
        "Offer, accept, refuse or withdraw; what is decided upon is what stood on the page.",
        fields=("act", "id", "seen"), optional=_HANDOVER_FIELDS,
    ),
    ("GET", "/patient/{home}/plan"): _Said("The plan in force, the one on its way, and a form for the next."),
    ("POST", "/patient/{home}/plan"): _Said(
        "Write the next version: only what changes, and the version that it was read from.",
        fields=("base",),
    ),
    ("GET", "/patient/{home}/looks"): _Said("Who has looked at this patient, and who has acted."),
    ("POST", "/handle"): _Said(
        "Say that a matter is seen, taken, put off or done.",
        fields=("home", "matter", "act", "upto"), optional=("note", "hours", "of_no_use", "back"),
    ),
    ("GET", "/figures"): _Said("The quality indicators of a period, the same for every organisation."),
    ("GET", "/figures.csv"): _Said("The same figures as CSV.", "text/csv"),
    ("GET", "/figures.json"): _Said("The same figures as JSON.", "application/json"),
    ("GET", "/changes"): _Said("Events: one says that something has changed.", "text/event-stream"),
    ("GET", "/fhir/metadata"): _Said("The CapabilityStatement: what can be asked here.", MEDIA_TYPE),
    ("GET", "/fhir/{kind}"): _Said(
        "Search: a Bundle of what may be seen, in the order in which it was told.", MEDIA_TYPE
    ),
    ("GET", "/fhir/{kind}/{id}"): _Said("Read one resource at its newest.", MEDIA_TYPE),
    ("GET", "/look/{name}"): _Said("A file of the pages' look.", "*/*"),
    ("GET", "/health"): _Said("Whether the ward is up, and how many it follows.", "application/json"),
    ("GET", "/login"): _Said("Begin to log in: leads to the provider."),
    ("GET", "/login/callback"): _Said("Where the provider sends people back to."),
    ("POST", "/logout"): _Said("End the session here."),
}  # fmt: skip
"""A route that stands in `access.NEEDS` and not here can't be documented, and a test says so."""

_SCHEMAS = {"home": {"type": "string", "pattern": HOME_ID}, "kind": {"type": "string", "enum": list(TYPES)}}
_ANSWERS = {
    "200": "As asked.",
    "303": "Go there: to the login, or back to the page, which says what became of it.",
    "400": "What was asked can't be answered as it stands; it says what to write.",
    "401": "Nobody is logged in, or the token is not good here.",
    "403": "Not for this role, or the form came from another site. Nothing was changed.",
    "404": "Nothing that this organisation may see is called so.",
    "503": "The database is away: nothing is shown that can't be noted.",
}


def openapi(version: str) -> Json:
    """Return the document for a ward where people log in."""
    paths: dict[str, Json] = {}
    for (method, path), need in NEEDS.items():
        paths.setdefault(path, {})[method.lower()] = _operation(path, method, need)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Pusterom ward",
            "version": version,
            "description": "Pages for people, FHIR R4 for the systems of organisations.",
            "license": {"name": "See the project"},
        },
        "paths": paths,
        "components": {
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": SECURE_TICKET},
                "program": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
            },
        },
    }


def _operation(path: str, method: str, need: Need) -> Json:
    said = _SAID[method, path]
    operation: Json = {
        "summary": said.summary,
        "operationId": re.sub(r"[^a-z]+", "_", f"{method.lower()}{path}").strip("_"),
        "tags": ["fhir" if need.is_fhir else "pages" if said.media == "text/html" else "data"],
        "parameters": _parameters(path),
        "responses": {
            code: {"description": _ANSWERS[code]} | _content(said, need, code)
            for code in _codes(method, path, need)
        },
        "security": _security(need),
    }
    if need.roles:
        operation["x-roles"] = sorted(need.roles)
    if said.fields:
        operation["requestBody"] = _form(said)
    return operation


def _parameters(path: str) -> list[Json]:
    named = [
        {"name": name, "in": "path", "required": True, "schema": _SCHEMAS.get(name, {"type": "string"})}
        for name in re.findall(r"\{(\w+)\}", path)
    ]
    if path.startswith("/figures"):
        day = {"type": "string", "format": "date"}
        return [{"name": name, "in": "query", "schema": day} for name in ("from", "to")]
    if path != "/fhir/{kind}":
        return named
    return named + [
        {
            "name": name,
            "in": "query",
            "required": False,
            "schema": {"type": "string"},
            "description": f"FHIR: {kind}",
        }
        for name, kind in PARAMETERS.items()
    ]


def _codes(method: str, path: str, need: Need) -> list[str]:
    codes = ["303"] if (method == "POST" and path != "/logout") or path.startswith("/login") else ["200"]
    if path == "/fhir/{kind}" or path.startswith("/figures"):
        codes.append("400")
    if need.roles:
        codes += ["303" if need.is_page and method == "GET" else "401", "403", "503"]
    if need.concerns in ("home_in_path", "home_in_form") or (need.is_fhir and need.roles):
        codes.append("404")
    return sorted({*codes, *(["403"] if method == "POST" or path.startswith("/login") else [])})


def _content(said: _Said, need: Need, code: str) -> Json:
    if code == "303":
        return {"headers": {"location": {"schema": {"type": "string"}}}}
    media = said.media if code == "200" else MEDIA_TYPE if need.is_fhir else "text/html"
    return {"content": {media: {"schema": {"type": "object" if media.endswith("json") else "string"}}}}


def _security(need: Need) -> list[Json]:
    if not need.roles:
        return []
    return [{"session": []}, {"program": []}] if need.is_fhir else [{"session": []}]


def _form(said: _Said) -> Json:
    fields = {name: {"type": "string"} for name in (*said.fields, *said.optional)}
    schema = {"type": "object", "properties": fields, "required": list(said.fields)}
    return {"required": True, "content": {"application/x-www-form-urlencoded": {"schema": schema}}}
