"""The intake: a receipt for what is kept, a refusal for what cannot be read, nobody waits for another."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import blake2b
from itertools import count
from pathlib import Path
from random import Random

import orjson
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from cloud_bridge.backend.database import TablesError, Transaction
from cloud_bridge.backend.ingest import Ingest
from cloud_bridge.backend.meaning import KeepBatch, KeepState, meaning_of
from cloud_bridge.backend.sqlite import SqliteDatabase
from cloud_bridge.backend.tables import Tables
from cloud_bridge.backend.views import HomeState
from cloud_bridge.broker import Broker, Message, Session, UplinkError
from cloud_bridge.contract.entries import Batch, Entry, EntryKind
from cloud_bridge.contract.receipts import Receipt, Refusal, Span, answer_from_bytes
from cloud_bridge.contract.topics import topic
from tests.given import bare

HOME, OTHER = "00c0ffee00c0ffee", "0badcafe0badcafe"
NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Dice(Random):
    """Dice that always fall on the shortest wait."""

    def uniform(self, a: float, b: float) -> float:
        return min(a, b)


class Post:
    """A broker with one client: what homes send waits for it, what it publishes can be read."""

    def __init__(self) -> None:
        self.retained: dict[str, bytes] = {}
        self.denied: set[str] = set()
        self.sessions: list[tuple[str, tuple[str, ...]]] = []
        self.inbox: asyncio.Queue[Message | None] = asyncio.Queue()
        self.outbox: asyncio.Queue[Message] = asyncio.Queue()

    @asynccontextmanager
    async def session(
        self, client_id: str, *, subscriptions: tuple[str, ...] = (), will: Message | None = None
    ) -> AsyncIterator[Session]:
        del will
        self.sessions.append((client_id, subscriptions))
        for name, payload in self.retained.items():
            self.inbox.put_nowait(Message(name, payload))
        yield self

    async def publish(self, topic: str, payload: bytes, *, is_retained: bool = False) -> None:
        assert not is_retained, "an answer is for now"
        if topic in self.denied:
            raise UplinkError("not authorized")
        self.outbox.put_nowait(Message(topic, payload))

    async def receive(self) -> Message:
        message = await self.inbox.get()
        if message is None:
            raise UplinkError("connection lost")
        return message

    def say(self, direction: str, payload: bytes, *, home: str = HOME) -> None:
        self.inbox.put_nowait(Message(f"pusterom/v1/home/{home}/{direction}", payload))

    def lose(self) -> None:
        self.inbox.put_nowait(None)

    async def heard(self) -> tuple[str, Receipt | Refusal]:
        """The next answer of the ward, and whose it is; of a receipt, how the log stands."""
        message = await self.outbox.get()
        return message.topic, bare(answer_from_bytes(message.payload))


class Fragile:
    """A database that is away for the next transactions, and tells when it was asked in vain."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database
        self.away = 0
        self.fails_at_commit = False

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        if self.away and not self.fails_at_commit:
            self.away -= 1
            raise TablesError("the database is away")
        with self._database.transaction() as transaction:
            yield transaction
            if self.away:
                self.away -= 1
                raise TablesError("the disk is full")

    def close(self) -> None:
        self._database.close()


class Ward:
    """An intake at work, with its post, its database and the homes it told of."""

    def __init__(self, folder: Path) -> None:
        self.database = Fragile(SqliteDatabase(folder / "ward.db"))
        self.tables = Tables(self.database)
        self.post = Post()
        self.told: list[str] = []
        broker: Broker = self.post
        self.ingest = Ingest(self.tables, broker, lambda: NOON, self.told.append, dice=Dice())


@pytest.fixture
def idle(tmp_path: Path) -> Iterator[Ward]:
    ward = Ward(tmp_path)
    yield ward
    ward.tables.close()


@asynccontextmanager
async def at_work(ward: Ward) -> AsyncIterator[Ward]:
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        task = group.create_task(ward.ingest.run())
        yield ward
        task.cancel()


def entries(*seqs: int) -> tuple[Entry, ...]:
    return tuple(Entry(seq, NOON, EntryKind.HUB_STARTED, b'{"seq":%d}' % seq) for seq in seqs)


def batch(*seqs: int, home: str = HOME, log: str = "log1") -> bytes:
    return bytes(Batch(home, log, entries(*seqs)))


def packed(**words: object) -> bytes:
    """A message that is a batch but for these words."""
    line = [1, NOON.isoformat(), "hub_started", {}]
    said = {"version": 1, "home": HOME, "log": "log1", "entries": [line]} | words
    return zstandard.ZstdCompressor().compress(orjson.dumps(said))


def digest(payload: bytes) -> str:
    return blake2b(payload, digest_size=16).hexdigest()


@pytest.mark.anyio
async def test_a_batch_is_kept_and_then_receipted(idle: Ward) -> None:
    """Kept, told to the pages, receipted, in this order; a second delivery is receipted alike."""
    async with at_work(idle) as ward:
        for _ in range(2):
            ward.post.say("up", batch(1, 2, 4))
            assert await ward.post.heard() == (topic(HOME, "down"), Receipt("log1", 2, (Span(3, 3),)))
            assert (await ward.tables.figures(HOME)).entries == 3
    assert ward.told == [HOME, HOME]
    assert ward.post.sessions == [("ward-ingest", (topic("+", "up"), topic("+", "state")))]


@pytest.mark.anyio
async def test_a_receipt_names_what_it_answers_and_who_gives_it(idle: Ward) -> None:
    """Numbers out of order are named one by one; a birth is answered with a position, which names none."""
    async with at_work(idle) as ward:
        ward.post.say("up", batch(1, 2, 9))
        ward.post.say("state", b'{"is_online":true,"at":"2026-11-02T12:00:00+00:00","log":"log1"}')
        answers = [answer_from_bytes((await ward.post.outbox.get()).payload) for _ in range(2)]
    kept = (Span(1, 2), Span(9, 9))
    assert [mark.seq for mark in answers[1].marks] == [2, 9]
    assert answers[0].digest == blake2b(batch(1, 2, 9), digest_size=16).hexdigest()
    assert [replace(answer, marks=(), digest="") for answer in answers] == [
        Receipt("log1", 2, (Span(3, 8),), kept=kept, highest=9, by="ward"),
        Receipt("log1", 2, (Span(3, 8),), highest=9, by="ward"),
    ]


@pytest.mark.anyio
@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\x00\xff rubbish",
        batch(1, home=OTHER),
        batch(1, log="l" * 5000),
        batch(1, log="a\0b"),
        batch(2**60),
        packed(version=2),
        packed(entries=[]),
        packed(entries=[[1, "0001-01-01T00:00:00+14:00", "reading", {}]]),
        packed(entries=[[1, "2026-11-02T12:00:00+00:00", "a kind of tomorrow", {}]]),
    ],
    ids=count(),
)
async def test_a_batch_that_cannot_be_read_is_refused(idle: Ward, payload: bytes) -> None:
    """Its bytes and the reason are kept, the home hears which and why, the next batch is taken in."""
    async with at_work(idle) as ward:
        ward.post.say("up", payload)
        name, answer = await ward.post.heard()
        assert name == topic(HOME, "down")
        assert isinstance(answer, Refusal)
        assert answer.digest == digest(payload)
        (aside,) = await ward.tables.quarantined()
        assert (aside.home, aside.seq, aside.data, aside.at) == (HOME, None, payload, NOON)
        assert aside.reason == answer.reason != ""
        assert (await ward.tables.figures(OTHER)).entries == 0
        ward.post.say("up", batch(1))
        assert await ward.post.heard() == (topic(HOME, "down"), Receipt("log1", 1))


@pytest.mark.anyio
async def test_what_the_database_itself_refuses_is_refused_once(idle: Ward) -> None:
    """A value that no check foresaw is poison of one batch, not bad weather for all."""
    with idle.database.transaction() as transaction:
        transaction.change("create trigger picky before insert on entry when new.seq = 13 begin "
                           "select raise(abort, 'unlucky'); end")  # fmt: skip
    async with at_work(idle) as ward:
        ward.post.say("up", batch(1, 13))
        _, answer = await ward.post.heard()
        assert isinstance(answer, Refusal)
        assert "unlucky" in answer.reason
        assert (await ward.tables.figures(HOME)).entries == 0
        assert len(await ward.tables.quarantined()) == 1
        ward.post.say("up", batch(1))
        assert (await ward.post.heard())[1] == Receipt("log1", 1)


@pytest.mark.anyio
@pytest.mark.parametrize("fails_at_commit", [False, True])
async def test_no_receipt_while_the_database_is_away(idle: Ward, fails_at_commit: bool) -> None:
    """What is not kept has no receipt and is not told; sent again when the database is back, it is."""
    idle.database.away, idle.database.fails_at_commit = 2, fails_at_commit
    async with at_work(idle) as ward:
        ward.post.say("up", batch(1, 2))
        ward.post.say("up", b"rubbish")
        ward.post.say("up", batch(1))
        assert await ward.post.heard() == (topic(HOME, "down"), Receipt("log1", 1))
        ward.post.say("up", batch(1, 2))
        assert await ward.post.heard() == (topic(HOME, "down"), Receipt("log1", 2))
        assert ward.post.outbox.empty()
        assert ward.told == [HOME, HOME]
        assert len(ward.post.sessions) == 3, "each failure leaves the session, so that births come again"


@pytest.mark.anyio
async def test_one_home_does_not_stop_another(idle: Ward) -> None:
    """Rubbish from one home, in every form, stands between two batches of another: both are kept."""
    async with at_work(idle) as ward:
        ward.post.denied.add(topic(OTHER, "down"))
        ward.post.say("up", batch(1))
        for rubbish in (b"", b"{}", batch(1, 2**62, home=OTHER), batch(1, home=HOME), b"\xff" * 2_000_000):
            ward.post.say("up", rubbish, home=OTHER)
            ward.post.say("state", rubbish, home=OTHER)
        ward.post.say("up", b"", home="NOT-A-HOME")
        ward.post.say("up", batch(2))
        assert await ward.post.heard() == (topic(HOME, "down"), Receipt("log1", 1))
        assert await ward.post.heard() == (topic(HOME, "down"), Receipt("log1", 2))
        assert ward.post.outbox.empty()
        assert len(ward.post.sessions) == 1
        assert {aside.home for aside in await ward.tables.quarantined()} == {OTHER, ""}


@pytest.mark.anyio
async def test_a_newborn_hub_hears_where_its_log_stands(idle: Ward) -> None:
    """A birth is kept and answered with the receipt of its log, up to 0 for a log never seen."""
    said = b'{"is_online":true,"at":"2026-11-02T11:00:00+01:00","log":"%s"}'
    async with at_work(idle) as ward:
        ward.post.say("state", said % b"log1")
        assert await ward.post.heard() == (topic(HOME, "down"), Receipt("log1", 0))
        ward.post.say("up", batch(1, 3))
        await ward.post.heard()
        ward.post.say("state", said % b"log1")
        assert await ward.post.heard() == (topic(HOME, "down"), Receipt("log1", 1, (Span(2, 2),)))
        born_at = datetime(2026, 11, 2, 10, tzinfo=UTC)
        assert await ward.tables.home_state(HOME) == HomeState(HOME, True, born_at, NOON, 1, 1)
    assert ward.told == [HOME, HOME, HOME]


@pytest.mark.parametrize("log", ["", "a\\u0000b", "l" * 5000])
def test_a_birth_with_a_log_of_no_name_is_a_birth(log: str) -> None:
    """What cannot be the name of a log is never asked of the database; that the home is there, is kept."""
    said = f'{{"is_online":true,"at":"2026-11-02T12:00:00Z","log":"{log}"}}'
    meaning = meaning_of(Message(topic(HOME, "state"), said.encode()), NOON)
    assert meaning == KeepState(HOME, True, NOON, None)


@pytest.mark.anyio
async def test_a_last_will_is_kept_and_not_answered(idle: Ward) -> None:
    """A will was written when the line was good: the home is offline since we heard of it."""
    async with at_work(idle) as ward:
        ward.post.say("state", b'{"is_online":false,"at":"2026-10-01T08:00:00+00:00","log":"log1"}')
        ward.post.say("state", b'{"is_online":true,"at":"2026-11-02T12:00:00+00:00"}', home=OTHER)
        ward.post.say("up", batch(1))
        assert await ward.post.heard() == (topic(HOME, "down"), Receipt("log1", 1))
        assert await ward.tables.home_state(HOME) == HomeState(HOME, False, NOON, NOON, 1, 0)


@pytest.mark.anyio
@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{}",
        b"[]",
        b'{"is_online":1,"at":"2026-11-02T12:00:00+00:00"}',
        b'{"is_online":true,"at":"2026-11-02T12:00:00"}',
        b'{"is_online":true,"at":"0001-01-01T00:00:00+14:00"}',
    ],
)
async def test_a_state_that_cannot_be_read_is_kept_aside(idle: Ward, payload: bytes) -> None:
    """It goes to quarantine, without an answer: a refusal is for batches."""
    async with at_work(idle) as ward:
        ward.post.say("state", payload)
        ward.post.say("up", batch(1))
        assert await ward.post.heard() == (topic(HOME, "down"), Receipt("log1", 1))
        assert [aside.data for aside in await ward.tables.quarantined()] == [payload]


@pytest.mark.anyio
async def test_a_lost_connection_is_made_again(idle: Ward) -> None:
    """A new session, the same subscriptions, and the retained births are answered again."""
    idle.post.retained[topic(HOME, "state")] = b'{"is_online":true,"at":"2026-11-02T12:00:00Z","log":"log1"}'
    async with at_work(idle) as ward:
        for _ in range(3):
            assert await ward.post.heard() == (topic(HOME, "down"), Receipt("log1", 0))
            ward.post.lose()
    assert len(set(ward.post.sessions)) == 1


anything = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=6,
)
near_batches = st.builds(
    lambda words: packed(**words),
    st.dictionaries(st.sampled_from(["version", "home", "log", "entries"]), anything, max_size=2)
    | st.lists(st.tuples(anything, anything, anything, anything), min_size=1, max_size=3).map(
        lambda lines: {"entries": lines}
    ),
)


@given(
    direction=st.sampled_from(["up", "state", "down", "x"]),
    payload=st.binary(max_size=200) | anything.map(orjson.dumps) | near_batches,
)
def test_any_bytes_have_a_meaning(direction: str, payload: bytes) -> None:
    """Whatever comes on whatever topic, deciding never raises; only what tables can keep is a batch."""
    meaning = meaning_of(Message(f"pusterom/v1/home/{HOME}/{direction}", payload), NOON)
    if isinstance(meaning, KeepBatch):
        assert direction == "up"
        assert (meaning.home, meaning.batch.home) == (HOME, HOME)
