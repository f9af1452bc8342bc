"""Several processes take in for one ward: a real broker shares the messages, one PostgreSQL keeps them."""

import asyncio
import signal
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from cloud_bridge.backend.ingest import FIRST_OF_MANY, WORKER
from cloud_bridge.backend.live import Elsewhere
from cloud_bridge.backend.postgres import PostgresDatabase
from cloud_bridge.backend.start import SHARING
from cloud_bridge.backend.tables import Tables, open_tables
from cloud_bridge.broker import Message
from cloud_bridge.contract.entries import Batch
from cloud_bridge.contract.receipts import Receipt, answer_from_bytes
from cloud_bridge.contract.topics import home_of, topic
from cloud_bridge.mqtt import PahoBroker
from tests.contracts.mosquitto import mosquitto
from tests.contracts.tables.facts import HOME, NOON, OTHER, batch, reading, told
from tests.contracts.tables.paused import Paused
from tests.program import Program, pusterom

pytestmark = pytest.mark.anyio

HOMES = tuple(f"{number:016x}" for number in range(1, 31))
BATCHES_PER_HOME = 6
BATCH_COUNT = 5
SEND_AGAIN_S = 2.0
NAMES = {"one", "two", "three"}


class Hubs:
    """All hubs as one: tells every batch twice, and again until it has a receipt for it."""

    def __init__(self, session) -> None:
        self._session = session
        self.waiting = {
            (home, 1 + BATCH_COUNT * number): self._batch(home, 1 + BATCH_COUNT * number)
            for number in range(BATCHES_PER_HOME)
            for home in HOMES
        }
        self.is_under_way, self.is_done = asyncio.Event(), asyncio.Event()
        self.told = self.answered = 0
        self.workers: set[str] = set()
        self._half = len(self.waiting) // 2

    @staticmethod
    def _batch(home: str, first: int) -> Batch:
        return batch(*(told(seq, reading(seq)) for seq in range(first, first + BATCH_COUNT)), home=home)

    async def tell(self) -> None:
        """Send what has no receipt, each twice, until everything has one."""
        while not self.is_done.is_set():
            for (home, _), each in list(self.waiting.items()):
                for _ in range(2):
                    self.told += 1
                    await self._session.publish(topic(home, "up"), bytes(each))
            with suppress(TimeoutError):
                async with asyncio.timeout(SEND_AGAIN_S):
                    await self.is_done.wait()

    async def listen(self) -> None:
        """Take receipts, from whatever worker and in whatever order."""
        while self.waiting:
            message = await self._session.receive()
            receipt = answer_from_bytes(message.payload)
            assert isinstance(receipt, Receipt), receipt
            self.workers.add(receipt.by)
            self.answered += 1
            for span in receipt.kept:
                self.waiting.pop((home_of(message.topic), span.first), None)
            if len(self.waiting) <= self._half and self.workers == NAMES:
                self.is_under_way.set()
        self.is_done.set()


async def assert_all_there_once(tables: Tables) -> None:
    due = BATCHES_PER_HOME * BATCH_COUNT
    for home in HOMES:
        figures = await tables.figures(home)
        assert (figures.entries, figures.readings) == (due, due)
        assert (figures.gaps, figures.duplicates, figures.quarantined) == (0, 0, 0)
        assert (await tables.receipt(home, "log1")).up_to == due


@pytest.mark.mosquitto
@pytest.mark.postgres
async def test_a_killed_worker_costs_nothing(postgres_url: str, tmp_path: Path) -> None:
    """Three processes, every batch twice, one killed midway: nothing is missing, nothing is there twice."""
    with ExitStack() as stack:
        port = stack.enter_context(mosquitto(tmp_path))
        url = f"mqtt://127.0.0.1:{port}"
        text = f'database = "{postgres_url}"\nbroker = "{url}"\ntimezone = "Europe/Oslo"\n'
        workers: list[Program] = []
        for name in sorted(NAMES):
            settings = tmp_path / f"{name}.toml"
            settings.write_text(f'{text}name = "{name}"\n')
            workers.append(stack.enter_context(pusterom("ward", "intake", "--config", str(settings))))
        for worker in workers:
            await asyncio.to_thread(worker.wait_for, "taking in")
        broker = PahoBroker(url)
        async with (
            asyncio.timeout(60),
            broker.session("hubs", subscriptions=(topic("+", "down"),)) as session,
            asyncio.TaskGroup() as tasks,
        ):
            hubs = Hubs(session)
            tasks.create_task(hubs.listen())
            tasks.create_task(hubs.tell())
            await hubs.is_under_way.wait()
            workers[0].tell(signal.SIGKILL)
        assert hubs.answered <= hubs.told, "each batch goes to one worker"
        assert [worker.code is None for worker in workers[1:]] == [True, True]
    tables = open_tables(postgres_url)
    await assert_all_there_once(tables)
    tables.close()


@pytest.mark.mosquitto
async def test_the_ward_beside_workers_hears_births_that_came_before_it(tmp_path: Path) -> None:
    """Brokers differ in whether they send retained births to who shares: the ward hears them by its own."""
    with mosquitto(tmp_path) as port:
        broker = PahoBroker(f"mqtt://127.0.0.1:{port}", patience=SHARING)
        async with asyncio.timeout(20), broker.session("hub") as hub:
            await hub.publish(topic(HOME, "state"), b"born", is_retained=True)
            async with broker.session("ward", subscriptions=FIRST_OF_MANY) as ward:
                assert await ward.receive() == Message(topic(HOME, "state"), b"born")


@pytest.mark.mosquitto
async def test_nothing_waits_for_a_worker_that_has_gone(tmp_path: Path) -> None:
    """All that is told once a worker has gone comes to the one that is there, and none to a session left."""
    with mosquitto(tmp_path) as port:
        broker = PahoBroker(f"mqtt://127.0.0.1:{port}", patience=SHARING)
        async with asyncio.timeout(20), broker.session("hub") as hub:
            async with broker.session("gone", subscriptions=WORKER):
                pass
            async with broker.session("here", subscriptions=WORKER) as here:
                for each in (b"1", b"2"):
                    await hub.publish(topic(HOME, "up"), each)
                assert [(await here.receive()).payload for _ in range(2)] == [b"1", b"2"]


@pytest.mark.postgres
async def test_two_new_logs_of_one_home_take_their_turns(postgres_url: str) -> None:
    """Two workers that begin a log of one home at once do not both call theirs the newest."""
    first, second = Paused(PostgresDatabase(postgres_url)), PostgresDatabase(postgres_url)
    await Tables(second).commit(batch(told(1), log="log0"), at=NOON)
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(Tables(first).commit(batch(told(1), log="log1"), at=NOON))
        await asyncio.to_thread(first.is_there.wait, 20)
        other = group.create_task(Tables(second).commit(batch(told(1), log="log2"), at=NOON))
        await first.let_go_once_waited_for(postgres_url, other)
    with second.transaction() as transaction:
        turns = transaction.rows("select turn from log order by turn")
    assert turns == [(1,), (2,), (3,)]
    first.close()
    second.close()


async def test_what_another_process_has_taken_in_is_news(tables: Tables) -> None:
    """Whoever looks hears of a home at the first look after a commit, once, and of no other home."""
    for home in (HOME, OTHER):
        await tables.commit(batch(told(1), home=home), at=NOON)
    news: list[str] = []
    elsewhere = Elsewhere(tables.commits, news.append)
    await elsewhere.look()
    assert news == []
    await tables.commit(batch(told(2)), at=NOON)
    await elsewhere.look()
    await elsewhere.look()
    assert news == [HOME]
