"""One room with every device on the shelf, one hub: real ATT and pairing, and a lost link for each."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from cloud_bridge.contract.bodies import reading_from
from cloud_bridge.contract.entries import EntryKind
from devices.catalog import DRIVERS, driver_by_id
from devices.readings import Block
from gateway.app import Hub
from gateway.radio import Waits
from gateway.visits import Visits
from simulators.broker import SmallBroker
from simulators.radio.air import Air
from simulators.radio.backend import air_radio
from simulators.radio.host import hosted
from simulators.shelf import SHELF
from simulators.virtual_disk import VirtualDisk
from simulators.virtual_mqtt import VirtualBroker
from tests.given import NOON, SPO2_LOW, plan, store

pytestmark = pytest.mark.anyio

TEST_S = 120.0
OSLO = ZoneInfo("Europe/Oslo")
LOOK_S = 0.05


@dataclass
class Guest:
    """One twin in the room, and the link it loses in the middle of its first talk."""

    driver_id: str
    twin: object
    drops: int = 0
    told: int = 0
    host: object = None
    seen: set = field(default_factory=set)

    def tells(self, _record):
        """Lose the link as the second record is on its way, or as the only one is."""
        if self.host is None:  # it broadcasts: there is no link to lose
            return
        self.told += 1
        is_middle = self.told == min(2, len(self.twin.measured))
        if is_middle and not self.drops:
            self.drops += 1
            self.host.drop_link()


def guests():
    found = []
    for driver_id, make in SHELF.items():
        guest = Guest(driver_id, make())
        guest.twin.memory.on_told = guest.tells
        dice = Random(3)
        is_heard_live = driver_by_id(driver_id).overhear is None
        for day in range(2 if is_heard_live else 1):  # who broadcasts has forgotten all but the last
            guest.twin.measure_any((NOON - timedelta(days=2 - day)).astimezone(OSLO), dice)
        found.append(guest)
    return found


def facts_of(hub_store, address):
    """Every number in the log that came from one device; a Block counts as its samples."""
    kept = set()
    for entry in hub_store.entries(after=0, count_max=10**6):
        if entry.kind != EntryKind.READING:
            continue
        one = reading_from(entry.body)
        if one.device == address:
            numbers = one.samples if isinstance(one, Block) else (one.value,)
            kept |= {(one.kind, number) for number in numbers if number is not None}
    return kept


def measured(twin):
    return {(fact.kind, fact.value) for record in twin.measured for fact in record.facts}


def told(twin):
    return {(fact.kind, fact.value) for fact in twin.facts()}


async def until_all_sleep(room):
    talkers = [guest.twin for guest in room if driver_by_id(guest.driver_id).overhear is None]
    while any(twin.is_awake for twin in talkers):  # noqa: ASYNC110 - a device falls asleep without a word
        await asyncio.sleep(LOOK_S)


async def test_a_hub_meets_every_device(tmp_path):
    """Found, paired where it must be, cut off in the middle, met again: all that was told is kept."""
    room, air = guests(), Air(supervision_s=0.3)
    log = store(tmp_path)
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    hub = Hub(
        radio=air_radio(air, waits=Waits(scan_round_s=1.0)),
        store=log,
        broker=VirtualBroker(SmallBroker(), Random(1)),
        plan=plan(SPO2_LOW),
        now=lambda: NOON + timedelta(seconds=loop.time() - began_s),
        timezone=OSLO,
        disk=VirtualDisk(),
        dice=Random(1),
        visits=Visits(cool_down_s=0.1),
        told={guest.twin.address: guest.twin.told for guest in room},
    )
    async with asyncio.timeout(TEST_S), hosted(air, [guest.twin for guest in room], interval_ms=50) as hosts:
        for guest, host in zip(room, hosts, strict=True):
            guest.host = host
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(hub.run())
            await until_all_sleep(room)
            running.cancel()
    for guest in room:
        kept = facts_of(log, guest.twin.address)
        assert told(guest.twin) <= kept <= measured(guest.twin), guest.driver_id
        assert kept, guest.driver_id
        assert guest.twin.deletes_asked == 0, guest.driver_id
    log.close()
    assert {guest.driver_id for guest in room} == {driver.id for driver in DRIVERS}
    assert all(guest.drops for guest in room if driver_by_id(guest.driver_id).overhear is None)
