"""One visit: what was said is committed before anything else is waited for, however the visit ends."""

import asyncio
from contextlib import asynccontextmanager
from zoneinfo import ZoneInfo

import pytest

from cloud_bridge.contract.entries import EntryKind
from devices.decoder import WholeFrames
from devices.driver import Driver, LinkError
from devices.kinds import Kind
from gateway.pipeline import Pipeline
from gateway.store.file import StoreError
from gateway.talk import talk
from tests.given import NOON, OXIMETER, SPO2_LOW, plan, reading, store
from tests.play import ScriptedLink


class OneLink:
    """A radio that has just this link."""

    def __init__(self, link):
        self._link = link

    @asynccontextmanager
    async def connect(self, _address):
        yield self._link


class Watched(ScriptedLink):
    """A link that notes how much is durable each time it is asked for something."""

    def __init__(self, kept, *script):
        super().__init__(*((("char", bytes([n]))) for n in script), has=("char",), values={"char": b""})
        self._kept = kept
        self.durable = []

    async def receive(self, *, timeout_s):
        self.durable.append(self._kept())
        return await super().receive(timeout_s=timeout_s)

    async def write(self, char, data, *, with_response=True):
        self.durable.append(self._kept())
        await super().write(char, data, with_response=with_response)


def driver(session):
    """Return a driver with this session; each frame is a minute past noon."""
    return Driver(
        id="scripted",
        title="Scripted",
        tier="reported",
        kinds=(Kind.SPO2,),
        matches=lambda _ad: True,
        session=session,
        decoder=lambda: WholeFrames({}),
        readings=lambda minute, _heard: (reading(91, minute=minute),),
    )


async def listening(link, _now):
    """Subscribe and pass on what comes."""
    await link.subscribe("char")
    while True:
        _, data = await link.receive(timeout_s=1)
        yield data[0]


class House:
    """A pipeline, and how many readings of it are durable."""

    def __init__(self, folder):
        self.store = store(folder)
        self.pipeline = Pipeline(
            self.store, plan(SPO2_LOW), now=lambda: NOON, timezone=ZoneInfo("UTC"), on_commit=lambda: None
        )

    def kept(self):
        return self.store.count(EntryKind.READING)

    def visit(self, link, session):
        return asyncio.run(talk(OneLink(link), self.pipeline, driver(session), OXIMETER))


def test_a_single_record_is_durable_before_the_next_is_waited_for(tmp_path):
    """With nothing more in the inbox, what was heard is committed at once."""
    house = House(tmp_path)
    link = Watched(house.kept, 1, 2, 3)
    link._is_late = True
    assert house.visit(link, listening)
    assert link.durable == [0, 1, 2, 3]


def test_a_burst_is_one_transaction(tmp_path):
    """Records that have arrived together are committed together, before the wait behind them."""
    house = House(tmp_path)
    link = Watched(house.kept, 1, 2, 3)
    assert house.visit(link, listening)
    assert link.durable == [0, 0, 0, 3]


def test_what_was_heard_is_durable_before_the_device_is_told_anything(tmp_path):
    """A device may forget what it told when it gets its next order: commit first."""

    async def ordering(link, _now):
        await link.subscribe("char")
        _, data = await link.receive(timeout_s=1)
        yield data[0]
        await link.write("char", b"next")

    house = House(tmp_path)
    link = Watched(house.kept, 1, 2)
    house.visit(link, ordering)
    assert link.durable[-1] == 1


def test_a_lost_link_costs_nothing_that_was_heard(tmp_path):
    """A link that breaks ends the visit; what arrived before stands in the log."""
    house = House(tmp_path)

    async def breaking(link, now):
        async for frame in listening(link, now):
            yield frame
            if frame == 2:
                raise LinkError("walked away")

    assert house.visit(Watched(house.kept, 1, 2, 3), breaking)
    assert house.kept() == 2


def test_a_bug_in_a_driver_is_a_fault_of_that_device_only(tmp_path):
    """The visit ends, the fault is kept with its name, the good readings stay, and the hub lives."""
    house = House(tmp_path)

    async def broken(link, now):
        async for frame in listening(link, now):
            yield frame
            raise ZeroDivisionError("a stranger's bug")

    assert house.visit(Watched(house.kept, 1, 2), broken)
    assert house.kept() == 1
    assert house.store.devices()[0].fault == "driver fault: ZeroDivisionError"


def test_a_log_that_is_broken_stops_the_hub(tmp_path):
    """A StoreError is nobody's driver fault: it is raised, so that the process stops and is seen."""
    house = House(tmp_path)
    house.store._db.execute("drop table told")
    with pytest.raises(StoreError):
        house.visit(Watched(house.kept, 1), listening)


def test_stopping_the_hub_keeps_what_was_heard(tmp_path):
    """Ctrl-C in the middle of a visit commits what has arrived."""
    house = House(tmp_path)

    async def hanging(link, now):
        async for frame in listening(link, now):
            yield frame
            await asyncio.Event().wait()

    async def stopped():
        task = asyncio.get_running_loop().create_task(
            talk(OneLink(Watched(house.kept, 1, 2)), house.pipeline, driver(hanging), OXIMETER)
        )
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(stopped())
    assert house.kept() == 1


def test_a_visit_without_a_word_is_told_apart(tmp_path):
    """Who gave nothing is given more time to rest: the answer says so."""
    house = House(tmp_path)
    assert house.visit(Watched(house.kept), listening) is False
