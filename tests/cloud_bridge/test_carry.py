"""The carrier: empties the log over any road, moves the cursor on receipts only, and stops when told."""

import asyncio
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from hashlib import blake2b
from random import Random

import orjson
import pytest

from cloud_bridge.carry import Carrier
from cloud_bridge.contract.entries import Batch, Entry, EntryKind, LogSpan
from cloud_bridge.contract.receipts import Receipt, Refusal
from cloud_bridge.contract.topics import topic
from cloud_bridge.together import together
from cloud_bridge.uplink import PATIENCE_S
from simulators.broker import SmallBroker
from simulators.virtual_mqtt import VirtualBroker
from tests.given import HOME, NOON
from tests.virtual_time import in_virtual_time


class MemoryLog:
    """A log in memory: entries and a cursor."""

    def __init__(self, count: int) -> None:
        self.home, self.log, self.cursor, self.highest = HOME, "log-1", 0, count
        self.alerts: dict[int, bytes] = {}
        self.received: list[tuple[int, datetime, str]] = []

    @property
    def spans(self):
        return (LogSpan(self.log, 1, self.highest),)

    def entries(self, *, after, count_max):
        last = min(self.highest, after + count_max)
        return tuple(
            Entry(seq, NOON, EntryKind.ALERT, self.alerts[seq])
            if seq in self.alerts
            else Entry(seq, NOON, EntryKind.READING, b"{}")
            for seq in range(after + 1, last + 1)
        )

    def hurried(self, *, after):
        return tuple(seq for seq in sorted(self.alerts, reverse=True) if after < seq <= self.highest)

    def numbers_of(self, ids):
        return tuple(map(int, ids))

    def move_cursor(self, up_to, *, at, by):
        assert up_to <= self.highest
        self.cursor = max(self.cursor, up_to)
        self.received.append((up_to, at, by))


class Town:
    """A log, a broker, a carrier and a ward whose answers the test gives."""

    def __init__(self, count: int = 3, log: MemoryLog | None = None, **more) -> None:
        self.log = log or MemoryLog(count)
        self.broker = SmallBroker()
        self.road = VirtualBroker(self.broker, Random(1))
        self.refusals: list[Refusal] = []
        self.denials: list[str] = []
        self.changed = asyncio.Event()
        self.more = more
        self.carrier = self.carrying()

    def carrying(self) -> Carrier:
        """Return a carrier that knows what the log says now."""
        return Carrier(
            self.log,
            self.road,
            now=lambda: NOON + timedelta(seconds=asyncio.get_running_loop().time()),
            dice=Random(1),
            on_change=self.changed.set,
            on_refusal=self.refusals.append,
            on_denied=self.denials.append,
            **self.more,
        )

    @asynccontextmanager
    async def living(self):
        """Let the carrier run, and hand out the ward's own session."""
        ward = VirtualBroker(self.broker, Random(2))
        async with ward.session("ward", subscriptions=(topic("+", "up"), topic("+", "state"))) as session:
            task = asyncio.get_running_loop().create_task(self.carrier.run())
            try:
                yield session
            finally:
                task.cancel()
                await asyncio.wait({task})

    async def until(self, is_true):
        """Wait until something about the carrier is true."""
        async with asyncio.timeout(3600):
            while not is_true():
                self.changed.clear()
                await self.changed.wait()


async def next_batch(session) -> Batch:
    """Return the next batch that reaches the ward."""
    while True:
        message = await session.receive()
        if message.topic.endswith("/up"):
            return Batch.from_bytes(message.payload)


async def birth(session) -> None:
    """Wait until the hub listens, so that a word reaches it."""
    while not (await session.receive()).topic.endswith("/state"):
        pass


async def answer(session, said) -> None:
    """Let the ward say something to the home."""
    await session.publish(topic(HOME, "down"), bytes(said))


def test_the_log_is_empty_only_after_the_receipt():
    """The broker's acknowledgement moves nothing; the ward's receipt does."""

    async def story():
        town = Town()
        async with town.living() as ward:
            batch = await next_batch(ward)
            await asyncio.sleep(5)
            assert (len(batch.entries), town.log.cursor) == (3, 0)
            await answer(ward, Receipt("log-1", 3))
            await town.until(lambda: town.log.cursor == 3)

    in_virtual_time(story())


def test_without_a_receipt_the_batch_comes_again():
    """Silence from the ward is no delivery: after a while the same entries are sent once more."""

    async def story():
        town = Town()
        async with town.living() as ward:
            first = await next_batch(ward)
            begun_s = asyncio.get_running_loop().time()
            assert await next_batch(ward) == first
            assert asyncio.get_running_loop().time() - begun_s == pytest.approx(PATIENCE_S, abs=2)

    in_virtual_time(story())


def test_a_lost_line_loses_nothing():
    """After an outage the carrier comes back by itself and sends what has no receipt."""

    async def story():
        town = Town()
        async with town.living() as ward:
            await next_batch(ward)
            town.road.set_reachable(False)
            await town.until(lambda: not town.carrier.road.is_connected)
            assert town.carrier.road.problem
            town.log.highest = 5
            town.road.set_reachable(True)
            await town.until(lambda: town.carrier.road.is_connected)
            batch = await next_batch(ward)
            assert [entry.seq for entry in batch.entries] == [1, 2, 3, 4, 5]

    in_virtual_time(story())


def test_a_broker_that_is_away_at_start_is_waited_for():
    """The hub starts without a road and finds it when it is there."""

    async def story():
        town = Town()
        town.road.set_reachable(False)
        async with town.living() as ward:
            await asyncio.sleep(1000)
            assert not town.carrier.road.is_connected
            town.road.set_reachable(True)
            assert len((await next_batch(ward)).entries) == 3

    in_virtual_time(story())


def test_a_new_entry_is_carried_at_once():
    """Nobody polls: what is kept now is on its way now."""

    async def story():
        town = Town(count=0)
        async with town.living() as ward:
            await town.until(lambda: town.carrier.road.is_connected)
            await asyncio.sleep(100)
            town.log.highest = 1
            begun_s = asyncio.get_running_loop().time()
            town.carrier.wake()
            await next_batch(ward)
            assert asyncio.get_running_loop().time() - begun_s < 0.1

    in_virtual_time(story())


def test_a_refused_batch_is_noted_and_cut_smaller():
    """What the ward can't read is a deviation on this end too, and the rest gets past it."""

    async def story():
        town = Town(count=8)
        async with town.living() as ward:
            batch = await next_batch(ward)
            assert len(batch.entries) == 8
            digest = blake2b(bytes(batch), digest_size=16).hexdigest()
            await answer(ward, Refusal(digest, "a batch with a broken part"))
            assert len((await next_batch(ward)).entries) == 4
            assert [refusal.reason for refusal in town.refusals] == ["a batch with a broken part"]

    in_virtual_time(story())


def test_an_answer_that_cannot_be_read_stops_nothing():
    """Garbage on the way down is ignored; the next receipt counts."""

    async def story():
        town = Town()
        async with town.living() as ward:
            await next_batch(ward)
            await ward.publish(topic(HOME, "down"), b"\xff not JSON")
            await ward.publish(topic(HOME, "down"), b'{"type":"receipt","log":1}')
            await answer(ward, Receipt("log-1", 3))
            await town.until(lambda: town.log.cursor == 3)

    in_virtual_time(story())


def test_a_receipt_for_more_than_we_wrote_is_said_and_not_believed():
    """A ward that has more of our log than we do points to a restored hub: the page says so."""

    async def story():
        town = Town()
        async with town.living() as ward:
            await next_batch(ward)
            await answer(ward, Receipt("log-1", 99))
            await town.until(lambda: town.carrier.road.problem is not None)
            assert (town.log.cursor, "more of this log" in town.carrier.road.problem) == (0, True)

    in_virtual_time(story())


def test_birth_and_farewell_tell_whether_the_hub_is_there():
    """The home's state is retained: online with its log when connected, offline when it left on purpose."""

    async def story():
        town = Town()
        states = []
        async with VirtualBroker(town.broker, Random(3)).session(
            "w", subscriptions=(topic(HOME, "state"),)
        ) as w:
            async with town.living():
                states.append(orjson.loads((await w.receive()).payload))
            states.append(orjson.loads((await w.receive()).payload))
        assert [state["is_online"] for state in states] == [True, False]
        assert states[0]["log"] == "log-1"

    in_virtual_time(story())


def test_a_stopped_carrier_stays_stopped_even_when_the_line_breaks_in_the_same_moment():
    """Found by the simulation: a hub without power must not live on as a ghost."""

    async def story():
        town = Town()
        task = asyncio.get_running_loop().create_task(town.carrier.run())
        await town.until(lambda: town.carrier.road.is_connected)
        await asyncio.sleep(1)
        town.road.set_reachable(False)
        task.cancel()
        done, _ = await asyncio.wait({task}, timeout=5)
        assert task in done
        assert task.cancelled()

    in_virtual_time(story())


def test_together_prefers_being_cancelled_to_a_failing_side():
    """Whatever a side raises in the moment of the cancellation, the cancellation is what comes out."""

    async def story():
        fails = asyncio.get_running_loop().create_future()

        async def side():
            await fails

        task = asyncio.get_running_loop().create_task(together(side(), asyncio.sleep(1000)))
        await asyncio.sleep(0.1)
        fails.set_exception(ValueError("the line broke"))
        task.cancel()
        await asyncio.wait({task}, timeout=5)
        assert task.cancelled()

    in_virtual_time(story())


def test_together_raises_what_a_side_raised_and_stops_the_other():
    """When one side fails, the other is stopped and the failure comes out as it is, not in a group."""

    async def story():
        other = asyncio.get_running_loop().create_future()

        async def failing():
            await asyncio.sleep(1)
            raise ValueError("the line broke")

        async def waiting():
            await other

        with pytest.raises(ValueError, match="the line broke"):
            await together(failing(), waiting())
        assert other.cancelled()

    in_virtual_time(story())
