"""The documents of both interfaces are what the program does today, and others can read them."""

import re
from functools import cache
from typing import get_args

import orjson
import pytest
import zstandard
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from cloud_bridge.backend.access import NEEDS
from cloud_bridge.backend.api_documents import documents
from cloud_bridge.backend.asyncapi import asyncapi
from cloud_bridge.backend.openapi import openapi
from cloud_bridge.contract.accountable import Accountable
from cloud_bridge.contract.down import accountable_message, looked_message, plan_message
from cloud_bridge.contract.entries import Batch, Clock, Entry, EntryKind
from cloud_bridge.contract.errors import ContractError
from cloud_bridge.contract.looked import Looked, ReadLook
from cloud_bridge.contract.receipts import Mark, Receipt, Refusal, Span
from cloud_bridge.contract.topics import Direction, stream_topic, topic
from tests.cloud_bridge.backend.test_access import EVERY, LAWS
from tests.cloud_bridge.contract.test_wire import BATCH, BIRTH, EARLIER, PAPER
from tests.cloud_bridge.fhir.examples import PLAN, entries
from tests.given import HOME, NOON
from tests.house.papers import ROOT

ASYNC, OPEN = asyncapi("test"), openapi("test")
MESSAGES = {
    "receipt": [
        Receipt("log1", 4),
        Receipt("log1", 4, (Span(5, 6),), (1,), marks=(Mark(4, "ab"),), highest=9),
    ],
    "refusal": [Refusal("ab" * 16, "bytes that are no batch")],
    "plan": [plan_message(PLAN)],
    "accountable": [accountable_message(Accountable(3, 2, "ringsaker", "Ringsaker kommune", NOON))],
    "looked": [looked_message(Looked(NOON, (ReadLook("Ringsaker kommune", "nurse", NOON),)))],
    "state": [BIRTH.encode(), orjson.dumps(orjson.loads(BIRTH) | orjson.loads(EARLIER))],
}


@cache
def validator(name: str) -> Draft202012Validator:
    """What holds a message to its schema, with everything that the schema refers to."""
    schema = {**ASYNC, "$ref": f"#/components/schemas/{name}"}
    return Draft202012Validator(schema)


def unpacked(batch: Batch) -> dict:
    """A batch as JSON."""
    return orjson.loads(zstandard.ZstdDecompressor().decompress(bytes(batch)))


@pytest.mark.parametrize("name", documents())
def test_the_shipped_document_is_what_the_program_makes(name: str) -> None:
    """Byte for byte; after a change: make documents."""
    assert (ROOT / "docs" / name).read_bytes() == documents()[name]


def test_the_openapi_document_is_one() -> None:
    """Somebody else's reader of OpenAPI 3.1 takes it."""
    validate(OPEN)


def test_every_route_stands_in_the_document_with_what_it_answers() -> None:
    """No route more, none less; each answer that the laws of access give is named there."""
    routes = {(method.upper(), path) for path, said in OPEN["paths"].items() for method in said}
    assert routes == set(NEEDS)
    for (method, path), law in LAWS.items():
        said = OPEN["paths"][path][method.lower()]
        lost = set() if law.ways == EVERY else {"404"}
        answers = {str(law.good), str(law.stranger), "403", *lost}
        assert answers <= set(said["responses"]), path
        assert bool(said["security"]) == bool(NEEDS[method, path].roles)


@pytest.mark.parametrize("name", MESSAGES)
def test_what_the_program_says_keeps_its_schema(name: str) -> None:
    """Each message of each kind, as its bytes are; and without a required key it does not."""
    for message in MESSAGES[name]:
        said = orjson.loads(bytes(message))
        validator(name).validate(said)
        for key in ASYNC["components"]["schemas"][name].get("required", ()):
            assert not validator(name).is_valid({one: said[one] for one in said if one != key}), key


def test_a_batch_of_every_kind_keeps_its_schema() -> None:
    """Readings of each kind and quality, blocks, alerts, answers, a plan, and what a newer hub says."""
    told = [
        Entry(number, NOON, each.kind, each.body, Clock(7, 1.5, "synced") if number % 2 else None)
        for number, each in enumerate(entries(), start=1)
    ]
    told.append(Entry(len(told) + 1, NOON, "from_tomorrow", b"{}"))
    for number in range(0, len(told), 200):
        validator("batch").validate(unpacked(Batch(HOME, "log1", tuple(told[number : number + 200]))))
    validator("batch").validate(orjson.loads(BATCH))
    assert {each.kind for each in told} > {EntryKind.READING, EntryKind.ALERT, EntryKind.ANSWER}


@pytest.mark.parametrize("key", ["version", "home", "log", "entries"])
def test_schema_and_program_refuse_the_same_batch(key: str) -> None:
    """Without a part that it needs neither of them takes it."""
    said = orjson.loads(BATCH)
    del said[key]
    assert not validator("batch").is_valid(said)
    with pytest.raises(ContractError):
        Batch.from_bytes(zstandard.compress(orjson.dumps(said)))


def test_a_body_is_held_to_its_kind() -> None:
    """A reading without its value is no reading, by the schema, too."""
    said = orjson.loads(BATCH)
    del said["entries"][0][3]["value"]
    assert not validator("batch").is_valid(said)


def test_every_topic_has_its_channel() -> None:
    """Of homes and of organisations, as the program names them and as the paper does."""
    channels = {each["address"] for each in ASYNC["channels"].values()}
    ours = {topic(HOME, direction).replace(HOME, "{home}") for direction in get_args(Direction)}
    stream = stream_topic("{organisation}", HOME, "{type}").replace(HOME, "{home}")
    assert channels == ours | {stream}
    assert channels <= set(re.findall(r"`(pusterom/v1/[^`]*)`", PAPER.read_text()))


def test_nothing_in_the_document_leads_nowhere() -> None:
    """Each reference is answered, and each message that a channel names has its schema."""
    for reference in re.findall(r'"\$ref":"#/([^"]*)"', orjson.dumps(ASYNC).decode()):
        at = ASYNC
        for part in reference.split("/"):
            at = at[part]
    for name in ASYNC["components"]["messages"]:
        assert name in ASYNC["components"]["schemas"]
