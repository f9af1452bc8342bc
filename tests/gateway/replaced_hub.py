"""A broker and a ward in virtual time, and hubs on folders of logs that come and go."""

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta
from random import Random

from gateway.store.log_reader import Met
from simulators.broker import SmallBroker
from simulators.home import Home, HomeParts
from simulators.peripherals.pulse_oximeter import PulseOximeterTwin
from simulators.peripherals.weight_scale import WeightScaleTwin
from simulators.virtual_mqtt import VirtualBroker
from simulators.virtual_radio import VirtualRadio
from simulators.ward import Ward
from tests.given import HOME, KEY, NOON, OXIMETER, SPO2_LOW, plan, reading
from tests.virtual_time import in_virtual_time

SETTLED_S = 120.0


class Town:
    """One home id, one broker, one ward; whose hub has the home is the test's choice."""

    def __init__(self, folder, tasks):
        self.folder, self._tasks = folder, tasks
        self.broker = SmallBroker()
        self.road = VirtualBroker(self.broker, Random(1))
        url = f"sqlite:///{folder / 'ward.db'}"
        road = VirtualBroker(self.broker, Random(2))
        self.ward = Ward(url, road, now=self.now, dice=Random(3), tasks=tasks)
        self.home = None

    def now(self):
        return NOON + timedelta(seconds=asyncio.get_running_loop().time())

    def parts(self, name="hub"):
        """Return what a hub is made of whose log lies in the folder of this name."""
        return HomeParts(
            home=HOME,
            folder=self.folder / name,
            oximeter=PulseOximeterTwin(OXIMETER),
            scale=WeightScaleTwin("F0:00:00:00:0B:01"),
            radio=VirtualRadio((), dice=Random(4)),
            broker=self.road,
            plan=plan(SPO2_LOW),
            now=self.now,
            timezone=NOON.tzinfo,
            dice=Random(5),
        )

    def boot(self, name="hub", key=KEY):
        """Start a hub on the log of this name, and return it."""
        self.home = Home(self.parts(name), self._tasks)
        self.home.key = lambda: key
        self.home.boot()
        return self.home.hub

    async def unplug(self):
        """Take the hub's power."""
        await self.home.unplug()

    def says(self, *minutes):
        """Let the device tell one reading for each of these minutes."""
        met = Met(OXIMETER, "pulse_oximeter", NOON)
        self.home.hub.pipeline.keep([reading(91 + m % 7, minute=m) for m in minutes], [], met)

    async def settled(self):
        """Wait until all must have arrived, and see that the hub thinks so, too."""
        await asyncio.sleep(SETTLED_S)
        assert self.home.hub.store.waiting == 0, self.home.hub.carrier.road

    async def readings(self):
        """Return the identities of the readings in the ward, as often as they stand there."""
        kept = await self.ward.tables.readings(HOME, count_max=10**6)
        return sorted(one.reading.id for one in kept)

    async def logs(self):
        """Return how many entries the ward has of each log."""
        sql = "select log, count(*) from entry group by log"
        return dict(await self.ward.tables._rows(sql))


def ids(*minutes):
    """Return the identities of the readings of these minutes."""
    return sorted(reading(91 + m % 7, minute=m).id for m in minutes)


def in_town(folder, story):
    """Tell a story that begins with a ward and no hub; end whatever still runs."""

    @asynccontextmanager
    async def town(tasks):
        built = Town(folder, tasks)
        built.ward.boot()
        try:
            yield built
        finally:
            if built.home is not None and built.home.is_powered:
                await built.unplug()
            await built.ward.unplug()

    async def told():
        async with asyncio.TaskGroup() as tasks, town(tasks) as built:
            await story(built)

    in_virtual_time(told())
