"""What devices call into the room: heard hundreds of times, kept once, never connected to."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from cloud_bridge.broker import UplinkError
from cloud_bridge.contract.bodies import reading_from
from cloud_bridge.contract.entries import EntryKind
from devices.catalog import DRIVERS, HOUSE, Catalog, driver_by_id
from devices.driver import NOTHING_TOLD, Advertisement
from devices.kinds import Kind
from gateway.app import Hub
from gateway.store.file import StoreError
from gateway.talk import OVERHEARD_COUNT_MAX, Overheard
from simulators.peripherals.weight_scale import WeightScaleTwin
from simulators.peripherals.xiaomi_s400 import XiaomiS400Twin
from simulators.peripherals.xiaomi_scale import FirstXiaomiScaleTwin, XiaomiScaleTwin
from simulators.virtual_disk import VirtualDisk
from simulators.virtual_radio import VirtualRadio
from tests.devices.vectors import OSLO
from tests.given import NOON, plan, store
from tests.virtual_time import in_virtual_time

INTERVAL_S = 0.1
MORNING = NOON.astimezone(OSLO) - timedelta(hours=1)


class NoBroker:
    """A road that is down: nothing here is about it."""

    @asynccontextmanager
    async def session(self, *_words, **_more):
        raise UplinkError("no road")
        yield


class CountingRadio(VirtualRadio):
    """Counts what is heard and whom somebody wants to connect to; each call is another strength."""

    def __init__(self, twins):
        super().__init__(twins, advertising_interval_s=INTERVAL_S)
        self.heard_count = 0
        self.connected = []

    async def scan(self) -> AsyncIterator[Advertisement]:
        async for seen in super().scan():
            self.heard_count += 1
            yield replace(seen, rssi_dbm=-40 - self.heard_count % 30)

    def connect(self, address):
        self.connected.append(address)
        return super().connect(address)


class House:
    """A hub and the devices around it, in virtual time."""

    def __init__(self, folder, *twins, told=None, catalog=HOUSE):
        self.catalog = catalog
        self.radio = CountingRadio(twins)
        self.store = store(folder)
        self.told = told or {}

    def live(self, *acts, each_s=60.0):
        """Boot a hub, let these things happen one after another, and end it."""
        in_virtual_time(self._live(acts, each_s))

    async def _live(self, acts, each_s):
        loop = asyncio.get_running_loop()
        hub = Hub(
            radio=self.radio, store=self.store, broker=NoBroker(), plan=plan(), timezone=OSLO,
            dice=Random(0), disk=VirtualDisk(),
            now=lambda: NOON + timedelta(seconds=loop.time()), told=self.told, catalog=self.catalog,
        )  # fmt: skip
        running = loop.create_task(hub.run())
        for act in acts:
            act()
            await asyncio.wait([running], timeout=each_s)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

    def kept(self):
        entries = self.store.entries(after=0, count_max=1000)
        readings = [reading_from(entry.body) for entry in entries if entry.kind == EntryKind.READING]
        return [(one.device, one.kind, one.value) for one in readings]


def test_hundreds_of_calls_are_one_reading_each_and_no_connection(tmp_path):
    """A weight and its impedance, once; also when the person steps off, and when the hub restarts."""
    twin = XiaomiScaleTwin()
    house = House(tmp_path, twin)
    house.live(lambda: twin.measure(MORNING, 74.5, ohm=503), twin.step_off)
    house.live(lambda: twin.measure(MORNING + timedelta(minutes=9), 74.6, ohm=501), lambda: twin.waver(80.0))
    assert house.radio.heard_count > 2_000
    assert house.radio.connected == []
    assert house.kept() == [
        (twin.address, Kind.BODY_WEIGHT, 74.5), (twin.address, Kind.IMPEDANCE, 503.0),
        (twin.address, Kind.BODY_WEIGHT, 74.6), (twin.address, Kind.IMPEDANCE, 501.0),
    ]  # fmt: skip
    assert len(twin.facts()) == 4


def test_a_scale_that_is_visited_and_one_that_calls_live_side_by_side(tmp_path):
    """The one is connected to, the other is not; each weight is kept."""
    caller, visited = FirstXiaomiScaleTwin(), WeightScaleTwin()
    house = House(tmp_path, caller, visited)
    house.live(lambda: (caller.measure(MORNING, 74.5), visited.measure(MORNING, 75.0)))
    assert set(house.kept()) == {
        (caller.address, Kind.BODY_WEIGHT, 74.5),
        (visited.address, Kind.BODY_WEIGHT, 75.0),
    }
    assert set(house.radio.connected) == {visited.address}


def test_a_key_that_was_told_opens_the_calls_of_its_device(tmp_path):
    """The other frequency adds nothing; an older call, played again by somebody, adds nothing either."""
    twin = XiaomiS400Twin()
    house = House(tmp_path, twin, told={twin.address: twin.told})
    first = twin.measure(MORNING, 74.5, ohm=503.4, pulse=80)
    house.live(
        lambda: None,
        lambda: twin.call_other_frequency(MORNING, 455.1),
        lambda: twin.measure(MORNING + timedelta(minutes=9), 74.6),
        lambda: twin.replay(first.data),
    )
    assert [fact[1:] for fact in house.kept()] == [
        (Kind.BODY_WEIGHT, 74.5), (Kind.IMPEDANCE, 503.4), (Kind.BODY_WEIGHT, 74.6)
    ]  # fmt: skip
    assert house.store.devices()[0].fault is None


def test_a_missing_key_is_one_fault_that_says_what_to_do(tmp_path):
    """However many calls there are, each encrypted anew: one line in the log, none of them a reading."""
    twin = XiaomiS400Twin()
    house = House(tmp_path, twin)
    house.live(*[lambda: twin.measure(MORNING, 74.5)] * 20, each_s=2.0)
    assert (house.kept(), house.store.count(EntryKind.DEVICE_FAULT)) == ([], 1)
    assert "set bind_key_file" in house.store.devices()[0].fault


def test_a_bug_in_a_driver_is_a_fault_of_that_device_and_the_scan_goes_on(tmp_path):
    """It is named, its device is not heard, and every other device is."""

    def broken(_seen, _told):
        raise ZeroDivisionError("a stranger's bug")

    ill, well = FirstXiaomiScaleTwin("F0:00:00:00:25:02"), XiaomiScaleTwin()
    bug = replace(driver_by_id("xiaomi_scale"), overhear=broken)
    bug = replace(bug, matches=lambda seen: seen.address == ill.address)
    house = House(tmp_path, ill, well, catalog=Catalog((bug, *DRIVERS)))
    house.live(lambda: ill.measure(MORNING, 60.0), lambda: well.measure(MORNING, 74.5))
    assert house.kept() == [(well.address, Kind.BODY_WEIGHT, 74.5)]
    faults = {device.address: device.fault for device in house.store.devices()}
    assert faults == {ill.address: "driver fault: ZeroDivisionError", well.address: None}
    assert house.store.count(EntryKind.DEVICE_FAULT) == 1


def test_a_log_that_is_broken_stops_the_hub(tmp_path):
    """It is nobody's fault in the room: the process must stop and be seen."""
    twin = XiaomiScaleTwin()
    house = House(tmp_path, twin)

    def break_the_log():
        house.store._db.execute("drop table told")
        twin.measure(MORNING, 74.5)

    with pytest.raises(ExceptionGroup) as stopped:
        house.live(lambda: None, break_the_log)
    assert stopped.group_contains(StoreError)


class CountingPipeline:
    """Counts visits; takes nothing."""

    def __init__(self):
        self.visit_count = 0

    def visit(self, *_words):
        self.visit_count += 1
        return self

    def take(self, frame):
        assert frame is not None

    def close(self):
        """Keep nothing."""


def test_the_same_call_costs_nothing_however_loud_it_is():
    """For hours, its name coming and going, two words taking turns: nothing is decoded or kept again."""
    twin, pipeline = XiaomiScaleTwin(), CountingPipeline()
    overheard, driver = Overheard(pipeline), driver_by_id("xiaomi_scale")
    said = []
    for kg in (74.5, 74.6):
        twin.measure(MORNING, kg)
        said.append(dict(twin.service_data))
    for rssi_dbm in range(-90, -30):
        name = twin.name if rssi_dbm % 3 else ""
        for data in said:
            seen = Advertisement(twin.address, name, service_data=data, rssi_dbm=rssi_dbm)
            overheard.take(driver, seen, NOTHING_TOLD)
    assert pipeline.visit_count == 2


def test_a_street_full_of_scales_is_not_remembered_for_ever():
    """What is kept of the neighbours' devices is bounded."""
    overheard, driver = Overheard(CountingPipeline()), driver_by_id("xiaomi_scale")
    twin = XiaomiScaleTwin()
    twin.measure(MORNING, 74.5)
    for number in range(3 * OVERHEARD_COUNT_MAX):
        overheard.take(driver, Advertisement(f"F0:{number}", service_data=twin.service_data), NOTHING_TOLD)
    assert len(overheard._heard) == OVERHEARD_COUNT_MAX
