"""A whole hub notices what does not work, says it, and takes it back when it works again."""

import asyncio
from contextlib import asynccontextmanager
from random import Random

import pytest

from cloud_bridge.contract.topics import topic
from devices.driver import Advertisement
from gateway.app import RADIO_AWAY_S, Hub
from gateway.ports import RadioError
from gateway.store.log_reader import Met
from gateway.view import View
from simulators.broker import SmallBroker
from simulators.virtual_disk import VirtualDisk
from simulators.virtual_mqtt import VirtualBroker
from simulators.ward import Ward
from tests.given import HOME, NOON, plan, reading, store
from tests.virtual_time import in_virtual_time


class MoodyRadio:
    """A radio that hears a neighbour's lamp each second, or is away."""

    def __init__(self) -> None:
        self.is_away = False

    async def scan(self):
        while True:
            if self.is_away:
                raise RadioError("no adapter")
            yield Advertisement("AA:AA:AA:AA:AA:AA", "lamp")
            await asyncio.sleep(1)


@asynccontextmanager
async def hub_and_ward(folder):
    """A hub, its broker and its ward; the ward calls itself as shipped."""
    broker, radio = SmallBroker(), MoodyRadio()
    hub = Hub(
        radio=radio,
        store=store(folder),
        broker=VirtualBroker(broker, Random(1)),
        plan=plan(),
        now=lambda: NOON,
        timezone=NOON.tzinfo,
        dice=Random(1),
        disk=VirtualDisk(),
    )
    async with asyncio.TaskGroup() as tasks:
        ward = Ward(
            f"sqlite:///{folder}/ward.db",
            VirtualBroker(broker, Random(2)),
            now=lambda: NOON,
            dice=Random(3),
            tasks=tasks,
        )
        ward.boot()
        running = tasks.create_task(hub.run())
        yield hub, radio, broker
        running.cancel()
        await asyncio.wait({running})
        await ward.unplug()


@pytest.mark.parametrize(("away_s", "opened"), [(RADIO_AWAY_S / 2, []), (2 * RADIO_AWAY_S, ["radio_away"])])
def test_a_radio_that_stays_away_is_a_trouble_until_it_hears_again(tmp_path, away_s, opened):
    """A restart of the Bluetooth service is none; a minute without a radio is one, and ends by itself."""

    async def story():
        async with hub_and_ward(tmp_path) as (hub, radio, _broker):
            await asyncio.sleep(100)
            radio.is_away = True
            await asyncio.sleep(away_s)
            assert [trouble.what for trouble in View(hub).troubles()] == opened
            radio.is_away = False
            await asyncio.sleep(10)
            assert View(hub).troubles() == ()

    in_virtual_time(story())


def test_a_denied_publish_stands_on_the_hubs_page_and_reaches_the_ward_later(tmp_path):
    """Within seconds it is said at home; when the road opens the ward gets it all, and it is over."""

    async def story():
        async with hub_and_ward(tmp_path) as (hub, _radio, broker):
            await asyncio.sleep(100)
            broker.denied_topics.add(topic(HOME, "up"))
            view = View(hub)
            hub.pipeline.keep([reading()], [], Met(reading().device, "pulse_oximeter", NOON))
            await asyncio.sleep(5)
            assert [trouble.what for trouble in view.troubles()] == ["publish_denied"]
            assert view.journey(reading()).last == "waits"
            broker.denied_topics.clear()
            await asyncio.sleep(1000)
            assert view.troubles() == ()
            assert hub.store.cursor == hub.store.highest
            journey = view.journey(reading())
            assert (journey.last, journey.by) == ("received_when_by", "ward")
            assert not view.connection().is_alert_waiting

    in_virtual_time(story())
