"""The wire as cloud_bridge/README.md shows it is the wire as the program speaks it."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import orjson
import pytest
import zstandard

from cloud_bridge.backend.ingest import _refusal
from cloud_bridge.backend.meaning import KeepBatch, KeepState, Quarantine, meaning_of
from cloud_bridge.backend.standing import Birth
from cloud_bridge.broker import Message, UplinkError
from cloud_bridge.carry import Carrier
from cloud_bridge.contract.accountable import Accountable
from cloud_bridge.contract.bodies import reading_body
from cloud_bridge.contract.down import accountable_message, down_from_bytes, looked_message
from cloud_bridge.contract.entries import (
    BATCH_BYTES_MAX,
    BATCH_COUNT_MAX,
    Batch,
    Clock,
    Entry,
    EntryKind,
    LogSpan,
)
from cloud_bridge.contract.errors import ContractError
from cloud_bridge.contract.looked import Looked, ReadLook, looked_body
from cloud_bridge.contract.receipts import Receipt, Span, answer_from_bytes
from cloud_bridge.contract.topics import topic
from tests.given import HOME, NOON, reading
from tests.house.papers import ROOT, code_blocks

PAPER = ROOT / "cloud_bridge" / "README.md"
LOG = "5aa404154a3e1967"
BATCH, RECEIPT, REFUSAL, ACCOUNTABLE, LOOKED, BIRTH, EARLIER = code_blocks(PAPER, "json")


class Listener:
    """A broker that hears one birth and its will, and then breaks."""

    def __init__(self) -> None:
        self.will: Message | None = None
        self.said: list[tuple[Message, bool]] = []

    @asynccontextmanager
    async def session(self, _client_id, *, subscriptions=(), will=None):
        assert subscriptions == (topic(HOME, "down"),)
        self.will = will
        yield self

    async def publish(self, name, payload, *, is_retained=False):
        self.said.append((Message(name, payload), is_retained))
        raise UplinkError("broken")


class EmptyLog:
    """A log that nobody has written to."""

    home, cursor, highest, spans = HOME, 0, 0, (LogSpan(LOG, 1, 0),)

    def hurried(self, *, after):
        assert after == 0
        return ()


def heard_at_birth(log=None) -> Listener:
    """Let a carrier say that it is there, and return who heard it."""
    listener = Listener()

    async def story():
        heard = asyncio.Event()
        carrier = Carrier(
            log or EmptyLog(),
            listener,
            now=lambda: NOON,
            dice=Random(1),
            on_change=lambda: heard.set() if listener.said else None,
            on_refusal=lambda _refusal: None,
        )
        task = asyncio.get_running_loop().create_task(carrier.run())
        async with asyncio.timeout(5):
            await heard.wait()
        task.cancel()
        await asyncio.wait({task})

    asyncio.run(story())
    return listener


def test_the_batch_is_the_one_that_the_hub_sends():
    """The example of a batch is what a hub packs, and the ward keeps it."""
    at = NOON + timedelta(seconds=2)
    clock = Clock(7, 5025.25, "synced")
    batch = Batch(HOME, LOG, (Entry(2, at, EntryKind.READING, reading_body(reading()), clock),))
    assert orjson.loads(zstandard.ZstdDecompressor().decompress(bytes(batch))) == orjson.loads(BATCH)
    packed = zstandard.ZstdCompressor().compress(orjson.dumps(orjson.loads(BATCH)))
    meant = meaning_of(Message(topic(HOME, "up"), packed), NOON)
    assert isinstance(meant, KeepBatch)
    assert replace(meant.batch.entries[0], body=b"") == replace(batch.entries[0], body=b"")


def test_the_receipt_is_the_one_that_the_ward_sends():
    """The example of a receipt is what the ward says, and the hub reads it."""
    digest = "b6ee2286f3d5700cf30b15b9e939e468"
    receipt = Receipt(
        LOG, 40, (Span(41, 60),), (7,), kept=(Span(61, 80),), highest=80, by="ward", digest=digest
    )
    assert orjson.loads(bytes(receipt)) == orjson.loads(RECEIPT)
    assert answer_from_bytes(RECEIPT.encode()) == receipt


def test_the_refusal_is_the_one_that_the_ward_sends():
    """The example of a refusal is what the ward says of bytes that are no batch."""
    meant = meaning_of(Message(topic(HOME, "up"), b"not a batch"), NOON)
    assert isinstance(meant, Quarantine)
    said = _refusal(meant.data, meant.reason)
    assert orjson.loads(bytes(said)) == orjson.loads(REFUSAL)
    assert answer_from_bytes(REFUSAL.encode()) == said


def test_birth_and_last_will_are_those_of_the_hub():
    """The example is the birth, retained; the will differs in one word; the ward reads both."""
    listener = heard_at_birth()
    (birth, is_retained), will = listener.said[0], listener.will
    assert is_retained
    assert (birth.topic, orjson.loads(birth.payload)) == (topic(HOME, "state"), orjson.loads(BIRTH))
    assert (will.topic, orjson.loads(will.payload)) == (
        birth.topic,
        {**orjson.loads(BIRTH), "is_online": False},
    )
    assert meaning_of(Message(birth.topic, BIRTH.encode()), NOON) == KeepState(
        HOME, True, NOON, Birth(LOG, "91b7584a2265b1f5", 1, 0)
    )


def test_who_is_accountable_travels_as_the_paper_says():
    """The paper's message is the one that the program makes of what it says, and reads."""
    since = datetime(2027, 1, 5, 12, tzinfo=UTC)
    told = Accountable(3, 2, "ringsaker", "Ringsaker kommune", since)
    assert down_from_bytes(accountable_message(told)) == told
    said = orjson.loads(accountable_message(told))
    assert datetime.fromisoformat(said["accountable"].pop("since")) == since
    wanted = orjson.loads(ACCOUNTABLE)
    assert datetime.fromisoformat(wanted["accountable"].pop("since").replace("Z", "+00:00")) == since
    assert said == wanted


def test_topics_kinds_and_limits_are_those_of_the_program():
    """Every topic, every kind of entry and both limits of a batch stand in the paper."""
    text = PAPER.read_text()
    for direction in ("up", "down", "state"):
        assert f"`{topic(HOME, direction).replace(HOME, '{home}')}`" in text
    assert all(f"`{kind}`" in text for kind in EntryKind)
    assert f"1 to {BATCH_COUNT_MAX} entries, at most {BATCH_BYTES_MAX:,} bytes" in text


def test_a_log_that_begins_later_says_so_and_its_birth_names_the_earlier():
    """Where a log begins goes unsaid when that is 1; otherwise batch and birth are those of the paper."""
    entry = Entry(101, NOON, EntryKind.HUB_STARTED, b"{}")
    assert b'"first"' not in zstandard.ZstdDecompressor().decompress(bytes(Batch(HOME, LOG, (entry,))))
    assert Batch.from_bytes(bytes(Batch(HOME, LOG, (entry,), 101))).first == 101
    birth = orjson.dumps({**orjson.loads(BIRTH), **orjson.loads(EARLIER)})
    meant = meaning_of(Message(topic(HOME, "state"), birth), NOON)
    assert isinstance(meant, KeepState)
    assert meant.earlier == (LogSpan("09c1fe12ab34cd56", 1, 4200),)
    log = EmptyLog()
    log.spans = (LogSpan("09c1fe12ab34cd56", 1, 4200), LogSpan(LOG, 5001, 5000))
    said, _ = heard_at_birth(log).said[0]
    assert orjson.loads(said.payload) == orjson.loads(birth)


@pytest.mark.parametrize("first", [0, -1, True, "1", 1.5, None, 102])
def test_a_batch_that_begins_nowhere_is_refused(first):
    """The first number is a number, and none of the batch stands before it."""
    line = [101, NOON.isoformat(), "reading", {}]
    said = {"version": 1, "home": HOME, "log": LOG, "first": first, "entries": [line]}
    with pytest.raises(ContractError):
        Batch.from_bytes(zstandard.ZstdCompressor().compress(orjson.dumps(said)))


def test_the_paper_shows_who_has_looked_as_it_is_said():
    """The example is read, and said again in the same words."""
    looked = down_from_bytes(orjson.dumps(orjson.loads(LOOKED)))
    assert looked == Looked(NOON, (ReadLook("Ringsaker kommune", "nurse", NOON - timedelta(minutes=2)),))
    assert orjson.loads(looked_message(looked)) == orjson.loads(LOOKED) | {
        "looked": orjson.loads(looked_body(looked))
    }
