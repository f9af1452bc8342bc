"""Every twin on the shelf against its driver: what the display shows is what the hub reads."""

import asyncio
from datetime import timedelta
from random import Random

import pytest

from devices.catalog import DRIVERS, driver_by_id, driver_for
from devices.driver import FrameError, LinkError, OfItself, Visitor
from devices.readings import Heard
from simulators.fate import Unkindness
from simulators.shelf import SHELF
from simulators.virtual_radio import VirtualRadio
from tests.devices.vectors import OSLO
from tests.play import HERE, NOON
from tests.simulators.visit import heard_once
from tests.virtual_time import in_virtual_time

EVERY = [driver.id for driver in DRIVERS]
LATER = NOON + timedelta(days=60)
MEASURES = 3
VISITS = 40


class Listener:
    """What a hub would have after visiting one twin again and again."""

    def __init__(self, driver_id, unkindness=None, seed=1):
        self.twin = SHELF[driver_id]()
        self.driver = driver_by_id(driver_id)
        self.dice = Random(seed)
        self.radio = VirtualRadio([self.twin], dice=Random(seed), unkindness=unkindness or Unkindness())
        self.readings = []
        self.errors = []

    def measure(self, number=0):
        """Let the twin measure, another day each time."""
        local = NOON.astimezone(OSLO) + timedelta(days=number)
        return self.twin.measure_any(local, self.dice)

    async def visit(self):
        """Hear the twin and take what it says, in a call or in a talk."""
        advertisement = await heard_once(self.radio)
        assert driver_for(advertisement) is self.driver, "another driver takes this device for its own"
        if self.driver.overhear is not None:
            self._take(self.driver.overhear(advertisement, self.twin.told))
            self.twin.is_awake = False
            return
        visitor = Visitor(HERE.wall_clock, self.twin.told)
        try:
            async with self.radio.connect(self.twin.address) as link:
                async for said in self.driver.session(link, visitor):
                    self._take(said)
        except LinkError:
            await asyncio.sleep(1)

    def _take(self, said):
        if isinstance(said, FrameError):
            self.errors.append(said)
        elif said is not None and not isinstance(said, OfItself):
            slot = self.twin.told.user_slot
            listener = Heard(
                self.twin.address, self.driver.id, NOON + timedelta(days=60), OSLO, patient_slot=slot
            )
            self.readings += self.driver.readings(said, listener)

    def heard(self):
        return {(reading.kind, reading.value, reading.device_time) for reading in self.readings}


def shown(facts):
    return {(fact.kind, fact.value, fact.device_time) for fact in facts}


def everything(twin):
    return shown(fact for record in twin.measured for fact in record.facts)


def test_every_driver_has_its_twin():
    """A driver that can't be tried without the device is half a driver."""
    assert set(SHELF) == set(EVERY)
    assert len({factory().address for factory in SHELF.values()}) == len(EVERY), "they share one air"


@pytest.mark.parametrize("driver_id", EVERY)
def test_what_the_display_shows_is_what_the_hub_reads(driver_id):
    """Kind, value and the device's own time of every fact; no error; and the twin goes to sleep."""
    listener = Listener(driver_id)

    async def days():
        for number in range(MEASURES):
            listener.measure(number)
            assert listener.twin.is_awake, "who has measured calls"
            await listener.visit()
            assert not listener.twin.is_awake, "who has nothing more to tell sleeps"

    in_virtual_time(days())
    assert listener.errors == []
    assert listener.heard() == shown(listener.twin.facts()) == everything(listener.twin)
    assert len(listener.heard()) >= MEASURES
    assert {kind for kind, _, _ in listener.heard()} <= set(listener.driver.kinds)
    assert listener.twin.deletes_asked == 0


@pytest.mark.parametrize("driver_id", EVERY)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_link_that_breaks_again_and_again_loses_nothing_that_was_told(driver_id, seed):
    """What the twin believes to have told was heard, and nothing was heard that it never measured."""
    listener = Listener(driver_id, Unkindness(link_lost=0.1, confirm_lost=0.1, connect_lost=0.1), seed)

    async def days():
        for number in range(MEASURES):
            listener.measure(number)
            for _ in range(VISITS):
                if listener.twin.is_awake:
                    await listener.visit()

    in_virtual_time(days())
    assert shown(listener.twin.facts()) <= listener.heard() <= everything(listener.twin)
    assert listener.heard(), "forty visits to a weak link, and nothing at all was heard"
    assert listener.twin.deletes_asked == 0


@pytest.mark.parametrize("driver_id", EVERY)
def test_garbled_bytes_are_errors_and_not_the_end(driver_id):
    """A device that stutters costs frames, never the visit, and no exception but a lost link."""
    listener = Listener(driver_id, Unkindness(frame_garbled=0.3))

    async def days():
        for number in range(MEASURES):
            listener.measure(number)
            for _ in range(5):
                if listener.twin.is_awake:
                    await listener.visit()

    in_virtual_time(days())
    assert listener.twin.deletes_asked == 0
    assert listener.readings or listener.errors or listener.driver.overhear is not None
