"""A hub that has just been plugged in and has no clock yet: it believes to live in 1970."""

import asyncio
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import httpx

from cloud_bridge.backend.app import ward_app
from cloud_bridge.backend.views import Person
from cloud_bridge.contract.bodies import reading_from
from devices.kinds import Kind
from gateway.view import View
from gateway.web.app import hub_app
from simulators.broker import SmallBroker
from simulators.home import Home, HomeParts
from simulators.peripherals.pulse_oximeter import PulseOximeterTwin
from simulators.peripherals.weight_scale import WeightScaleTwin
from simulators.virtual_mqtt import VirtualBroker
from simulators.virtual_radio import VirtualRadio
from simulators.ward import Ward
from tests.given import HOME, NOON, SPO2_LOW, plan
from tests.virtual_time import in_virtual_time

OSLO = ZoneInfo("Europe/Oslo")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LATER = NOON + timedelta(minutes=4)
DAY_S = 86_400.0


def clock(begins_at: datetime):
    """Return a clock that stands at this moment when the test begins."""
    return lambda: begins_at + timedelta(seconds=asyncio.get_running_loop().time())


async def shown(app) -> str:
    """Return the front page of a site."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://page") as browser:
        answer = await browser.get("/")
    assert answer.status_code == 200
    return answer.text


def moved_in(folder, broker: SmallBroker, tasks: asyncio.TaskGroup) -> tuple[Home, Ward]:
    """Return a home with two devices that know the time, and a ward that does."""
    oximeter, scale, dice = PulseOximeterTwin(), WeightScaleTwin(), Random(1)
    parts = HomeParts(
        home=HOME,
        folder=folder / "log",
        oximeter=oximeter,
        scale=scale,
        radio=VirtualRadio((oximeter, scale)),
        broker=VirtualBroker(broker, dice),
        plan=plan(SPO2_LOW),
        now=clock(NOON),
        timezone=OSLO,
        dice=dice,
        backoff_s_max=2.0,
    )
    url = f"sqlite:///{folder}/ward.db"
    ward = Ward(url, VirtualBroker(broker, dice), now=clock(NOON), dice=dice, tasks=tasks)
    ward.boot()
    return Home(parts, tasks), ward


async def delivered(ward: Ward, count: int) -> None:
    """Return once the ward has this many readings."""
    async with asyncio.timeout(DAY_S):
        with ward.changes.subscribe() as news:
            while len(await ward.tables.readings(HOME)) < count:
                await news.wait()


async def see(home: Home, ward: Ward) -> None:
    """See that everything is there once, as of today, on both sides and on the work list."""
    kept = [each.reading for each in await ward.tables.readings(HOME)]
    assert {(each.kind, each.value, each.measured_at) for each in kept} == {
        (Kind.BODY_WEIGHT, 62.0, NOON),
        (Kind.PULSE_RATE, 90.0, NOON), (Kind.PULSE_RATE, 80.0, LATER),
        (Kind.SPO2, 84.0, NOON), (Kind.SPO2, 91.0, LATER),
    }  # fmt: skip
    assert [each.quality for each in kept] == [()] * 5
    on_hub = [entry for entry in home.hub.store.entries(after=0, count_max=99) if entry.kind == "reading"]
    assert {reading_from(entry.body).id for entry in on_hub} == {each.id for each in kept}
    assert len(on_hub) == 5
    alerts = [each.alert for each in await ward.tables.alerts(HOME)]
    assert {(alert.change, alert.because.values) for alert in alerts} == {
        ("opened", (84.0,)),
        ("closed", (91.0,)),
    }
    assert await ward.tables.open_alerts() == ()
    assert (await ward.tables.figures(HOME)).gaps == 0
    app = ward_app(ward.tables, ward.changes, home.parts.now, OSLO)
    assert "Kari N." in await shown(app)


def test_a_hub_in_1970_keeps_the_devices_own_time(tmp_path):
    """What was measured today is kept, judged, shown and delivered as of today."""

    async def life() -> None:
        async with asyncio.TaskGroup() as tasks:
            home, ward = moved_in(tmp_path, SmallBroker(), tasks)
            await ward.tables.enrol(Person(HOME, "Kari N.", 1955))
            home.boot(now=clock(EPOCH))
            home.parts.oximeter.measure(NOON.astimezone(OSLO), 84.0, 90.0)
            home.parts.scale.measure(NOON.astimezone(OSLO), 62.0)
            await delivered(ward, 3)
            assert {each.reading.received_at.year for each in await ward.tables.readings(HOME)} == {1970}
            assert "84" in await shown(hub_app(View(home.hub), OSLO))

            await home.unplug()
            home.boot()  # the time has come from the network
            home.parts.oximeter.measure(LATER.astimezone(OSLO), 91.0, 80.0)
            await delivered(ward, 5)
            await see(home, ward)
            await home.unplug()
            await ward.unplug()

    in_virtual_time(life())
