"""What goes over MQTT, as an AsyncAPI document made from the types that the program reads and writes."""

from typing import Any

from pydantic import TypeAdapter

from cloud_bridge.backend.meaning import State
from cloud_bridge.contract.accountable import Accountable
from cloud_bridge.contract.alert import Alert
from cloud_bridge.contract.answers import Answer
from cloud_bridge.contract.baseline import Baselines
from cloud_bridge.contract.bodies import DeviceFault
from cloud_bridge.contract.dating import ClockFound
from cloud_bridge.contract.entries import BATCH_COUNT_MAX, SEQ_MAX, VERSION, Clock, EntryKind
from cloud_bridge.contract.looked import Looked
from cloud_bridge.contract.nights import Night
from cloud_bridge.contract.plan import Plan
from cloud_bridge.contract.receipts import Receipt, Refusal
from cloud_bridge.contract.topics import HOME_ID, topic
from cloud_bridge.contract.trouble import Trouble
from cloud_bridge.contract.unjudged import Unjudged
from cloud_bridge.fhir.asking import TYPES
from devices.readings import Block, Reading

Json = dict[str, Any]

SCHEMA_FORMAT = "application/schema+json;version=draft-2020-12"
_AT = "#/components/schemas/{model}"

BODIES: dict[str, Any] = {
    EntryKind.READING: Block | Reading,
    EntryKind.ALERT: Alert,
    EntryKind.ALERT_CONFIRMED: Alert,
    EntryKind.ANSWER: Answer,
    EntryKind.BASELINE: Baselines,
    EntryKind.CLOCK_FOUND: ClockFound,
    EntryKind.DEVICE_FAULT: DeviceFault,
    EntryKind.NIGHT: Night,
    EntryKind.NOT_JUDGED: Unjudged,
    EntryKind.PLAN_APPLIED: Plan,
    EntryKind.RESPONSIBILITY: Accountable,
    EntryKind.TROUBLE: Trouble,
}
"""What the body of an entry is; any other kind has an object of its own."""

_TYPED = {"receipt": Receipt, "refusal": Refusal, "state": State, "clock": Clock}
_WRAPPED = {"plan": Plan, "accountable": Accountable, "looked": Looked}
_DOWN = ("receipt", "refusal", *_WRAPPED)
_MESSAGES = ("batch", *_DOWN, "state", "resource")
_HOME = topic("+", "up").replace("+/up", "{home}")


def asyncapi(version: str) -> Json:
    """Return the document of every topic, from the hub's side of the broker to the organisations'."""
    schemas = _schemas()
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Pusterom over MQTT 5",
            "version": version,
            "description": "Between homes and ward, and from the ward to organisations; QoS 1.",
        },
        "defaultContentType": "application/json",
        "channels": {
            "up": _channel(f"{_HOME}/up", ("batch",), "What a hub has kept, in its order."),
            "down": _channel(f"{_HOME}/down", _DOWN, "What the ward says to a hub."),
            "state": _channel(f"{_HOME}/state", ("state",), "Birth, farewell and last will; retained."),
            "stream": _channel(
                "pusterom/v1/org/{organisation}/{home}/{type}", ("resource",),
                "What an organisation may know of a home: one FHIR R4 resource.",
            ),
        },
        "operations": {
            name: {"action": "send", "channel": {"$ref": f"#/channels/{name}"}}
            for name in ("up", "down", "state", "stream")
        },
        "components": {
            "messages": {name: _message(name) for name in _MESSAGES},
            "schemas": schemas,
        },
    }  # fmt: skip


def _channel(address: str, messages: tuple[str, ...], said: str) -> Json:
    parameters = {
        "home": {"description": "Sixteen hexadecimal digits, made at random."},
        "organisation": {"description": "The id of an organisation."},
        "type": {"description": "The type of the resource.", "enum": list(TYPES)},
    }
    return {
        "address": address,
        "description": said,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
        "parameters": {name: each for name, each in parameters.items() if f"{{{name}}}" in address},
    }


def _message(name: str) -> Json:
    content = {"batch": "application/zstd", "resource": "application/fhir+json"}.get(name, "application/json")
    schema = {"$ref": _AT.format(model=name)}
    return {
        "name": name,
        "contentType": content,
        "payload": {"schemaFormat": SCHEMA_FORMAT, "schema": schema},
    }


def _schemas() -> Json:
    adapters = [
        *((name, "validation", TypeAdapter(type_)) for name, type_ in (_TYPED | BODIES).items()),
        *((f"{name}_said", "validation", TypeAdapter(type_)) for name, type_ in _WRAPPED.items()),
    ]
    made, shared = TypeAdapter.json_schemas(adapters, ref_template=_AT)  # type: ignore[arg-type] # adapters of many types
    named = {name: schema for (name, _), schema in made.items()}
    bodies = {f"body_{kind}": named[kind] for kind in BODIES}
    typed = {name: named[name] for name in _TYPED}
    wrapped = {name: _wrapped(name, named[f"{name}_said"]) for name in _WRAPPED}
    resource = {"type": "object", "required": ["resourceType", "id", "meta"]}
    known = {"batch": _batch(), "entry": _entry(), "resource": resource}
    return {**shared.get("$defs", {}), **bodies, **typed, **wrapped, **known}


def _wrapped(name: str, schema: Json) -> Json:
    return {
        "type": "object",
        "required": ["type", name],
        "properties": {"type": {"const": name}, name: schema},
    }


def _batch() -> Json:
    items = {"$ref": _AT.format(model="entry")}
    entries = {"type": "array", "minItems": 1, "maxItems": BATCH_COUNT_MAX, "items": items}
    return {
        "type": "object",
        "required": ["version", "home", "log", "entries"],
        "properties": {
            "version": {"const": VERSION},
            "home": {"type": "string", "pattern": f"^{HOME_ID}$"},
            "log": {"type": "string"},
            "first": {"type": "integer", "minimum": 1},
            "entries": entries,
        },
    }


def _entry() -> Json:
    """Number, moment, kind, body, and how the clock stood; what a newer hub says more is passed over."""
    head = [
        {"type": "integer", "minimum": 1, "maximum": SEQ_MAX},
        {"type": "string", "format": "date-time"},
        {"type": "string"},
    ]
    clock = {"anyOf": [{"$ref": _AT.format(model="clock")}, {"type": "null"}]}
    by_kind = [
        {
            "if": {"prefixItems": [True, True, {"const": kind}]},
            "then": {"prefixItems": [True, True, True, {"$ref": _AT.format(model=f"body_{kind}")}]},
        }
        for kind in BODIES
    ]
    return {"type": "array", "minItems": 4, "prefixItems": [*head, True, clock], "allOf": by_kind}
