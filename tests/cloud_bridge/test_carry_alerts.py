"""Alerts on the road: ahead of a month of backlog, behind no back-off, and never in silence."""

import asyncio
from random import Random

import orjson

from cloud_bridge.broker import Message
from cloud_bridge.contract.alert import Alert, Because
from cloud_bridge.contract.bodies import alert_body
from cloud_bridge.contract.entries import Batch
from cloud_bridge.contract.receipts import spans_of
from cloud_bridge.contract.topics import topic
from devices.kinds import Kind
from simulators.virtual_faults import Faults
from simulators.virtual_mqtt import VirtualBroker
from tests.cloud_bridge.some_far_end import FarEnd
from tests.cloud_bridge.test_carry import Town, answer
from tests.given import HOME, NOON
from tests.virtual_time import in_virtual_time

MONTH = 43_200 + 100_000
"""Blocks of a month of nights, and single readings."""


def red_alert(town: Town, *readings: int) -> int:
    """Commit a red alert over these readings; return its number."""
    because = Because(Kind.SPO2, (84.0,), "below", 85, 88, None)
    town.log.highest += 1
    seq = town.log.highest
    ids = tuple(map(str, readings))
    alert = Alert(f"a{seq}", "low", "red", "opened", "too low", because, 1, ids, NOON)
    town.log.alerts[seq] = alert_body(alert)
    town.carrier.wake()
    return seq


def now_s() -> float:
    """Virtual seconds."""
    return asyncio.get_running_loop().time()


class Ward:
    """A ward that takes half a second for each batch, and remembers when what came."""

    def __init__(self, session, took_s: float = 0.5) -> None:
        self.far = FarEnd("log-1")
        self.at_s: dict[int, float] = {}
        self.counts: list[int] = []
        self._session = session
        self._took_s = took_s

    async def work(self, until=lambda: False) -> None:
        """Take what comes and answer it, until something is true."""
        while not until():
            message = await self._session.receive()
            if message.topic.endswith("/state"):
                if orjson.loads(message.payload)["is_online"]:
                    await answer(self._session, self.far.position())
                continue
            await asyncio.sleep(self._took_s)
            numbers = [entry.seq for entry in Batch.from_bytes(message.payload).entries]
            self.counts.append(len(numbers))
            for number in numbers:
                self.at_s.setdefault(number, now_s())
            await answer(self._session, self.far.take(spans_of(numbers)))


def test_a_red_alert_passes_a_month_of_backlog():
    """Committed while a month drains, it is with the ward within ten seconds, and what it rests on too."""

    async def story():
        town = Town(count=MONTH)
        town.road.set_faults(Faults(latency_s=(0.01, 0.4)))
        async with town.living() as session:
            ward = Ward(session)
            working = asyncio.get_running_loop().create_task(ward.work())
            await town.until(lambda: town.log.cursor > 0)
            for wait_s in (0, 7.3, 60, 111):
                await asyncio.sleep(wait_s)
                begun_s, behind = now_s(), town.log.highest
                seq = red_alert(town, behind - 1, behind)
                while seq not in ward.at_s:
                    await asyncio.sleep(0.1)
                    assert now_s() - begun_s < 10
                assert {behind - 1, behind} <= set(ward.at_s)
            assert ward.far.up_to < MONTH / 2
            await town.until(lambda: town.log.cursor == town.log.highest)
            assert sum(ward.counts) == town.log.highest, "nothing was sent twice"
            working.cancel()

    in_virtual_time(story())


def test_an_alert_that_waited_for_the_line_comes_first():
    """What was committed while the line was down is the first that the ward hears when it is back."""

    async def story():
        town = Town(count=MONTH)
        town.road.set_reachable(False)
        async with town.living() as session:
            await asyncio.sleep(1000)
            seq = red_alert(town)
            await asyncio.sleep(100)
            town.road.set_reachable(True)
            begun_s = now_s()
            ward = Ward(session)
            await ward.work(until=lambda: ward.counts)
            assert (list(ward.at_s), ward.counts) == ([seq], [1])
            assert now_s() - begun_s < 10

    in_virtual_time(story())


def test_an_alert_ends_the_wait_for_the_next_try():
    """Who waits five minutes for a broker that was away tries at once when there is an alert to tell."""

    async def story():
        town = Town(count=10)
        town.road.set_reachable(False)
        async with town.living() as session:
            await asyncio.sleep(3000)
            town.road.set_reachable(True)
            seq, begun_s = red_alert(town), now_s()
            ward = Ward(session)
            await ward.work(until=lambda: ward.counts)
            assert list(ward.at_s) == [seq]
            assert now_s() - begun_s < 5

    in_virtual_time(story())


def test_after_a_restart_the_alerts_without_a_receipt_are_found_again():
    """A hub that begins anew with a long backlog sends the alerts in it first, the newest of them first."""

    async def story():
        town = Town(count=5_000)
        numbers = [red_alert(town) for _ in range(3)]
        town.log.highest += 5_000
        async with town.living() as session:
            ward = Ward(session)
            await ward.work(until=lambda: ward.counts)
            assert list(ward.at_s) == numbers

    in_virtual_time(story())


def test_a_ward_that_was_restored_gets_the_alerts_that_it_lost_first():
    """Its position lies behind what it had: what it lost is sent again, and the alert in it ahead of all."""

    async def story():
        town = Town(count=3_000)
        seq = red_alert(town)
        town.log.highest += 3_000
        async with town.living() as session:
            ward = Ward(session)
            await ward.work(until=lambda: ward.far.up_to == town.log.highest)
            await town.until(lambda: town.log.cursor == town.log.highest)
            restored = Ward(session)
            await answer(session, restored.far.position())
            await restored.work(until=lambda: restored.counts)
            assert list(restored.at_s) == [seq]

    in_virtual_time(story())


def test_a_denied_publish_is_told_within_seconds():
    """A broker that forbids us to deliver is a word to whoever minds, at once, and not asked in a hurry."""

    async def story():
        town = Town()
        town.broker.denied_topics.add(topic(HOME, "up"))
        async with town.living() as session:
            ward = Ward(session)
            working = asyncio.get_running_loop().create_task(ward.work())
            await asyncio.sleep(10)
            assert "Not authorized (0x87)" in town.denials[0]
            await asyncio.sleep(3600)
            assert len(town.denials) < 60
            town.broker.denied_topics.clear()
            await town.until(lambda: town.log.cursor == 3)
            working.cancel()

    in_virtual_time(story())


def test_a_broker_that_lets_us_in_and_throws_us_out_is_not_asked_for_ever_in_a_hurry():
    """A connection that ends after the first receipt counts as a try that failed: no endless fast loop."""

    async def story():
        town, connections = Town(count=0), 0
        async with town.living():
            guard = VirtualBroker(town.broker, Random(3))
            async with guard.session("guard", subscriptions=(topic(HOME, "state"),)) as session:
                begun_s = now_s()
                while now_s() - begun_s < 3600:
                    message: Message = await session.receive()
                    if orjson.loads(message.payload)["is_online"]:
                        connections += 1
                        await answer(session, FarEnd("log-1").position())
                        await asyncio.sleep(0.2)
                        town.road.set_reachable(False)
                        town.road.set_reachable(True)
        assert 5 < connections < 60

    in_virtual_time(story())
