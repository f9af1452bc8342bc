"""A hub whose box learns the time a quarter of an hour after it started: told, dated, and never silent."""

import asyncio

from cloud_bridge.contract.entries import EntryKind
from cloud_bridge.contract.trouble import trouble_from
from gateway.view import View
from simulators.broker import SmallBroker
from simulators.virtual_box import VirtualBox
from tests.given import HOME, NOON
from tests.processes.test_clock import OSLO, clock, delivered, moved_in
from tests.virtual_time import in_virtual_time

TOLD_AFTER_S = 900.0
MEASURED_AFTER_S = 60.0


def test_a_hub_without_a_time_tells_so_alerts_and_is_dated_afterwards(tmp_path):
    """A trouble after ten minutes, ended by the time; an alert at once, shown when it really was."""

    async def life() -> None:
        async with asyncio.TaskGroup() as tasks:
            home, ward = moved_in(tmp_path, SmallBroker(), tasks)
            box = VirtualBox(clock(NOON), "boot", TOLD_AFTER_S)
            home.boot(clock=box)
            await asyncio.sleep(MEASURED_AFTER_S)
            home.parts.oximeter.measure(clock(NOON)().astimezone(OSLO), 84.0, 90.0)
            await delivered(ward, 2)
            (undated,) = await ward.tables.open_alerts(HOME)
            assert (undated.alert.at.year, undated.at) == (1970, undated.alert.at)
            await asyncio.sleep(TOLD_AFTER_S + 60)
            (alert,) = await ward.tables.open_alerts(HOME)
            assert alert.alert == undated.alert
            assert abs((alert.at - box.true_at(MEASURED_AFTER_S)).total_seconds()) < 30
            (on_page,) = View(home.hub).open_alerts()
            assert on_page.at == alert.at
            entries = home.hub.store.entries(after=0, count_max=99)
            told = [trouble_from(entry.body) for entry in entries if entry.kind == EntryKind.TROUBLE]
            assert [(one.what, one.change) for one in told] == [
                ("clock_unknown", "opened"),
                ("clock_unknown", "closed"),
            ]
            assert [entry.kind for entry in entries].count(EntryKind.CLOCK_FOUND) == 1
            assert (await ward.tables.figures(HOME)).quarantined == 0
            await home.unplug()
            await ward.unplug()

    in_virtual_time(life())
