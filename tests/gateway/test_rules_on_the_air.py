"""A twin's readings over the virtual air open and close alerts by the rules, and the ward has them all."""

import asyncio
from dataclasses import replace
from random import Random
from zoneinfo import ZoneInfo

import httpx

from cloud_bridge.contract.bodies import alert_from
from cloud_bridge.contract.entries import EntryKind
from gateway.judged_anew import judged_anew
from gateway.view import View
from gateway.web.app import hub_app
from simulators.home import Home
from simulators.virtual_radio import VirtualRadio
from tests.gateway.alerts.scenarios import plan_named
from tests.gateway.replaced_hub import in_town
from tests.given import HOME, KEY

OSLO = ZoneInfo("Europe/Oslo")
MINUTE_S, HOUR_S = 60.0, 3600.0
PLAN = plan_named(
    "copd",
    {"rules.spo2_very_low.latch_h": 1, "rules.spo2_low.latch_h": 1, "schedule.timezone": "Europe/Oslo"},
)


def at_home(town):
    """Return a home whose oximeter and scale are in the air, with a plan that has every rule."""
    parts = town.parts()
    parts = replace(parts, plan=PLAN, timezone=OSLO)
    parts = replace(parts, radio=VirtualRadio((parts.oximeter, parts.scale), dice=Random(4)))
    town.home = Home(parts, town._tasks)
    town.home.key = lambda: KEY
    return town.home


async def measured(town, spo2, pulse=78.0, then_s=6 * MINUTE_S):
    """Let the patient measure, and some time pass."""
    town.home.parts.oximeter.measure(town.now().astimezone(OSLO), spo2, pulse)
    await asyncio.sleep(then_s)


async def cut(town):
    """Take the power without a word, and give it back."""
    await town.unplug()
    town.home.boot()


def changes(town):
    """Return what the hub's log says of alerts, in order."""
    kinds = (EntryKind.ALERT, EntryKind.ALERT_CONFIRMED)
    entries = town.home.hub.store.entries(after=0, count_max=10_000)
    return [alert_from(entry.body) for entry in entries if entry.kind in kinds]


def test_a_fall_is_asked_about_confirmed_and_closed_over_power_cuts(tmp_path):
    """Yellow at the first very low reading, red at the second, over once it is well: power cuts between."""

    async def story(town):
        at_home(town).boot()
        await measured(town, 95.0)
        await measured(town, 80.0)
        await cut(town)
        await measured(town, 81.0)
        await cut(town)
        await measured(town, 95.0, then_s=2 * HOUR_S)
        told = [(one.rule, one.level, one.change) for one in changes(town)]
        assert told == [
            ("T1", "yellow", "opened"), ("T1", "yellow", "closed"), ("T1", "red", "opened"),
            ("T1", "red", "closed"),
        ]  # fmt: skip
        await town.settled()
        assert await town.ward.tables.open_alerts(HOME) == ()
        shown = await town.ward.tables.alerts(HOME, count_max=100)
        assert sorted((one.alert.id, one.alert.change) for one in shown) == sorted(
            (one.id, one.change) for one in changes(town)
        )
        steps = judged_anew(town.home.hub.store.entries(after=0, count_max=10_000))
        assert [one for step in steps for one in step.verdict.changes] == changes(town)

    in_town(tmp_path, story)


def test_a_sign_of_danger_that_is_ticked_is_answered_at_once(tmp_path):
    """The very next page shows whom to call, before anything else, with no ward and no network asked."""

    async def story(town):
        home = at_home(town)
        home.boot()
        await measured(town, 95.0)
        transport = httpx.ASGITransport(hub_app(View(home.hub), OSLO))
        async with httpx.AsyncClient(transport=transport, base_url="http://hub") as browser:
            assert 'id="emergency"' not in (await browser.get("/")).text
            answer = await browser.post("/answers", content=b"cough=usual&blue_lips=yes")
            page = (await browser.get(answer.headers["location"])).text
            assert page.index('id="emergency"') < page.index('id="zone"')
            assert "svarene dine er tatt imot" in page
            await browser.post("/answers", content=b"cough=usual")
            assert "Du er i rød sone" in (await browser.get("/")).text, "no unticked box ends it in a minute"
        told = [(one.rule, one.level, one.change) for one in changes(town)]
        assert told == [("T7", "red", "opened")]
        await town.settled()
        assert [one.alert.rule for one in await town.ward.tables.open_alerts(HOME)] == ["T7"]

    in_town(tmp_path, story)
