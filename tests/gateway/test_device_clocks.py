"""A device's clock in a visit: compared only with a time that we have, and kept with the reading."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import orjson
import pytest

from cloud_bridge.contract.bodies import reading_body, reading_from
from cloud_bridge.contract.entries import EntryKind
from devices.clocks import DeviceClock
from devices.codecs.elapsed_time import ElapsedTime
from devices.codecs.ghs_frames import Clock
from devices.codecs.viatom_night import Record, Stretch
from devices.codecs.viatom_oxy import Info
from devices.drivers import generic_health_sensor, viatom_o2ring
from devices.readings import Quality
from gateway.pipeline import Pipeline
from tests.given import NOON, OXIMETER, SPO2_LOW, plan, reading, store
from tests.play import ScriptedLink, play

OSLO = ZoneInfo("Europe/Oslo")
WALL = NOON.astimezone(OSLO).replace(tzinfo=None)
LONG_AGO = datetime(1970, 1, 2, tzinfo=UTC)


def kept(folder, *said, now=NOON, driver=viatom_o2ring.DRIVER):
    """Return the readings that a visit leaves in the log, and the alerts."""
    log = store(folder)
    pipeline = Pipeline(log, plan(SPO2_LOW), now=lambda: now, timezone=OSLO, on_commit=lambda: None)
    visit = pipeline.visit(driver, OXIMETER)
    for one in said:
        visit.take(one)
    visit.close()
    entries = log.entries(after=0, count_max=99)
    alerts = [entry for entry in entries if entry.kind == EntryKind.ALERT]
    return [reading_from(entry.body) for entry in entries if entry.kind == EntryKind.READING], alerts


def night(start: datetime, spo2: int = 80) -> Stretch:
    """Return a minute of a night that begins then by the ring's own clock."""
    return Stretch(start, 4, tuple(Record(spo2, 60) for _ in range(15)))


@pytest.mark.parametrize("off", [timedelta(days=-4000), timedelta(days=3652), timedelta(hours=-1)])
def test_a_ring_whose_clock_is_off_tells_its_night_at_the_right_time(tmp_path, off):
    """The offset of this visit dates the night, is kept in the body, and `device_time` is what it said."""
    began = WALL + off - timedelta(hours=8)
    readings, _ = kept(tmp_path, DeviceClock(WALL + off, is_set_next=True), night(began))
    block = readings[0]
    assert (block.measured_at, block.device_time) == (NOON - timedelta(hours=8), began)
    assert block.clock_offset_s == off.total_seconds()
    assert (Quality.TIME_UNCERTAIN in block.quality) == (abs(off) > timedelta(days=1))
    assert reading_from(reading_body(block)) == block


def test_without_a_time_of_our_own_nothing_is_compared(tmp_path):
    """A hub that stands in 1970 measures no offset: the device's word is the best there is."""
    clock = DeviceClock(WALL - timedelta(hours=3))
    for now, is_compared in ((LONG_AGO, False), (NOON, True)):
        pipeline = Pipeline(
            store(tmp_path / str(now.year)), plan(), now=lambda now=now: now, timezone=OSLO, on_commit=list
        )
        visit = pipeline.visit(viatom_o2ring.DRIVER, OXIMETER)
        visit.take(clock)
        assert (visit.heard().clock is not None) is is_compared
    readings, _ = kept(tmp_path, clock, night(WALL - timedelta(hours=8)), now=LONG_AGO)
    assert readings[0].clock_offset_s is None
    assert readings[0].measured_at == NOON - timedelta(hours=8)


def test_an_old_night_is_no_news_once_it_is_dated(tmp_path):
    """Three days old by the offset, today by its own wrong clock: it opens no alert."""
    clock = DeviceClock(WALL + timedelta(days=3))
    readings, alerts = kept(tmp_path, clock, night(WALL - timedelta(hours=1)))
    assert readings[0].measured_at == NOON - timedelta(days=3, hours=1)
    assert alerts == []


def test_the_offset_goes_unsaid_where_there_is_none():
    """An older reader sees no new key in a reading like those that it knows."""
    assert "clock_offset_s" not in orjson.loads(reading_body(reading()))
    assert orjson.loads(reading_body(replace(reading(), clock_offset_s=-3600.0)))["clock_offset_s"] == -3600


def test_a_rings_clock_is_set_only_where_it_is_off():
    """By a hub that knows the time, and never by the same time again."""
    info = Info('{"CurTIME":"2015-01-01,00:00:05"}')
    assert info.clock_order(None) is None
    assert info.clock_order(info.clock) is None
    assert info.clock_order(WALL) is not None


def test_a_sensor_with_a_zone_says_no_wall_clock():
    """A clock that counts UTC needs no offset, and none is guessed from it."""
    for time in (ElapsedTime(77, is_utc=True), ElapsedTime(77, is_tick=True), ElapsedTime(77, quarters=4)):
        clock = Clock(time, status=0, capabilities=0)
        link = ScriptedLink(
            has=(generic_health_sensor.LIVE,), values={generic_health_sensor.CLOCK: bytes(clock)}
        )
        assert play(generic_health_sensor.session, link) == []
