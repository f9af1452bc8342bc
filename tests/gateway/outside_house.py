"""A hub with a scale, a device that only a driver from outside may know, and what may be installed."""

import asyncio
import sys
from collections.abc import Callable
from contextlib import asynccontextmanager, suppress
from random import Random

import httpx
import orjson

from cloud_bridge.contract.bodies import DeviceFault, reading_from
from cloud_bridge.contract.entries import EntryKind
from devices.driver import uuid16
from gateway.app import Hub
from gateway.outside import Outside, load_outside
from gateway.view import View
from gateway.visits import Visits
from gateway.web.app import hub_app
from simulators.broker import SmallBroker
from simulators.peripherals.weight_scale import WeightScaleTwin
from simulators.virtual_disk import VirtualDisk
from simulators.virtual_mqtt import VirtualBroker
from simulators.virtual_radio import VirtualRadio
from tests.devices.vectors import OSLO
from tests.given import NOON, SPO2_LOW, plan, store
from tests.installed import own_parts

TEST_S = 20.0
CALL_S = 0.8
THEIRS = "F0:00:00:00:FE:01"
OURS = WeightScaleTwin.first_address
STRANGE = uuid16(0xFEED)

MATCHES = """
    def knows(seen):
        return seen.name == "Stranger"
"""
WAITS = """
    from devices.decoder import WholeFrames, listen
    from devices.drivers.weight_scale import Frame

    async def talks(link, visitor):
        await link.subscribe(WEIGHT)
        async for said in listen(link, WholeFrames({WEIGHT: Frame.from_bytes}), silence_s=5):
            yield said
"""


class Stranger(WeightScaleTwin):
    """A scale that no driver of the house takes for its own."""

    model = "Stranger"

    @property
    def advertised_services(self):
        return (STRANGE,)


class House:
    """A running hub with a scale, and a device that only a driver from outside may know."""

    def __init__(self, folder, call_s=CALL_S):
        self.scale, self.stranger = WeightScaleTwin(), Stranger(THEIRS)
        self.radio = VirtualRadio((self.stranger, self.scale), advertising_interval_s=0.02)
        self.store = store(folder)
        self._changed = asyncio.Event()
        self.hub = Hub(
            radio=self.radio,
            store=self.store,
            broker=VirtualBroker(SmallBroker(), Random(1)),
            plan=plan(SPO2_LOW),
            now=lambda: NOON,
            timezone=OSLO,
            disk=VirtualDisk(),
            dice=Random(1),
            visits=Visits(cool_down_s=0.05),
            outside=Outside(load_outside(deadline_s=20.0), call_s),
        )
        self.view = View(self.hub)

    def weights(self, address):
        """Return what stands in the log of one device."""
        entries = self.store.entries(after=0, count_max=1000)
        said = [reading_from(entry.body) for entry in entries if entry.kind == EntryKind.READING]
        return [one.value for one in said if one.device == address]

    def faults(self):
        """Return the faults that stand in the log."""
        entries = self.store.entries(after=0, count_max=1000)
        return [
            DeviceFault(**orjson.loads(entry.body))
            for entry in entries
            if entry.kind == EntryKind.DEVICE_FAULT
        ]

    async def until(self, is_so: Callable[[], bool]):
        """Return once it is so; looked at whenever something is committed."""
        async with asyncio.timeout(TEST_S):
            while not is_so():
                await self.view.changed()

    async def page(self):
        """Return the hub's page as a browser gets it."""
        transport = httpx.ASGITransport(hub_app(self.view, OSLO))
        async with httpx.AsyncClient(transport=transport, base_url="http://hub") as browser:
            return (await browser.get("/")).text


@asynccontextmanager
async def running(folder, call_s=CALL_S):
    """Run a hub with what is installed."""
    house = House(folder, call_s)
    task = asyncio.get_running_loop().create_task(house.hub.run())
    try:
        yield house
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def play(folder, story):
    """Play a story in a running house."""

    async def played():
        async with running(folder) as house:
            return await story(house)

    return asyncio.run(played())


def outsider(*parts, **names):
    """Return the code of a driver that knows the stranger, and no other device."""
    return own_parts(MATCHES, WAITS, *parts, **({"matches": "knows", "session": "talks"} | names))


async def asked(name="theirs"):
    """Return once the driver from outside hangs."""
    assert await asyncio.to_thread(sys.modules[name].ASKED.wait, TEST_S), "it was never asked"
