"""A plan that was written in the ward comes into force in the home, whatever lies between."""

import asyncio
from random import Random

import pytest

from cloud_bridge.backend.views import WrittenPlan
from cloud_bridge.contract.bodies import plan_from
from cloud_bridge.contract.down import UnreadablePlan, down_from_bytes, plan_message
from cloud_bridge.contract.entries import EntryKind
from cloud_bridge.contract.errors import ContractError
from cloud_bridge.contract.topics import topic
from gateway.store.keys import LogKey
from simulators.virtual_mqtt import VirtualBroker
from tests.gateway.replaced_hub import in_town
from tests.given import HOME, SPO2_LOW, plan

FIRST = plan(SPO2_LOW)
SECOND = FIRST.model_copy(update={"version": 2, "stale_h": 24.0})
THIRD = FIRST.model_copy(update={"version": 3, "stale_h": 12.0})


def applied(hub):
    """Return the versions that came into force, in the order of the log."""
    entries = hub.store.entries(after=0, count_max=10_000)
    return [plan_from(one.body).version for one in entries if one.kind == EntryKind.PLAN_APPLIED]


async def write(town, written, by="lege"):
    """Write a plan in the ward."""
    return await town.ward.tables.write_plan(HOME, WrittenPlan(written, by, town.now()))


async def say(town, payload, times=1):
    """Say something to the home, as whoever may write there."""
    async with VirtualBroker(town.broker, Random(9)).session("another") as session:
        for _ in range(times):
            await session.publish(topic(HOME, "down"), payload)
    await asyncio.sleep(5)


def troubles(hub):
    """Return what is wrong at the hub."""
    return [(one.what, one.about) for one in hub.troubles.open]


def test_a_plan_that_is_written_is_in_force_within_two_minutes_and_the_ward_knows_since_when(tmp_path):
    """Until then it waits, and both is said; it comes into force once, though it is sent again."""

    async def story(town):
        hub = town.boot()
        await town.settled()
        assert await write(town, SECOND) is None
        assert (await town.ward.tables.plans(HOME)).waiting.plan == SECOND
        await asyncio.sleep(120)
        assert hub.pipeline.plan == SECOND
        plans = await town.ward.tables.plans(HOME)
        assert (plans.in_force, plans.waiting) == (SECOND, None)
        assert plans.since <= town.now()
        await asyncio.sleep(600)
        assert applied(hub) == [1, 2]

    in_town(tmp_path, story)


def test_a_home_that_was_away_hears_of_its_plan_when_it_comes_back(tmp_path):
    """Two were written meanwhile: the newest comes into force, and the one between is never needed."""

    async def story(town):
        town.boot()
        await town.settled()
        await town.unplug()
        assert await write(town, SECOND) is None
        assert await write(town, THIRD) is None
        await asyncio.sleep(3600)
        hub = town.boot()
        await town.settled()
        assert applied(hub) == [1, 3]
        await town.unplug()
        hub = town.boot()
        await town.settled()
        assert (applied(hub), troubles(hub)) == ([1, 3], []), "its plan file is older, and that is no trouble"

    in_town(tmp_path, story)


def test_a_birth_that_was_lost_on_its_way_is_made_good_before_anybody_is_told(tmp_path):
    """The ward takes the hub for away; within ten minutes the hub says that it is there."""

    async def story(town):
        hub = town.boot()
        await town.settled()
        await town.ward.tables.set_home_state(HOME, False, town.now())
        await write(town, SECOND)
        await asyncio.sleep(720)
        assert hub.pipeline.plan == SECOND
        assert (await town.ward.tables.home_state(HOME)).is_online
        assert not [one for one in await town.ward.tables.troubles() if one.what == "home_offline"]

    in_town(tmp_path, story)


def test_another_hub_of_the_same_home_gets_the_plan_that_was_in_force(tmp_path):
    """A hub that begins anew, with the plan of the factory, is told the patient's own at its first word."""

    async def story(town):
        town.boot()
        await town.settled()
        await write(town, SECOND)
        await asyncio.sleep(120)
        await town.unplug()
        hub = town.boot("another", LogKey.made())
        await town.settled()
        assert hub.pipeline.plan == SECOND

    in_town(tmp_path, story)


@pytest.mark.parametrize(
    ("payload", "is_told"),
    [
        (plan_message(FIRST.model_copy(update={"stale_h": 1.0})), True),
        (plan_message(FIRST), False),
        (b'{"type":"plan","plan":{"version":7}}', True),
        (b'{"type":"plan","plan":' + b"[" * 100_000, True),
        (b'{"type":"plan","plan":"' + b"x" * 300_000 + b'"}', True),
    ],
)
def test_a_plan_that_can_not_be_is_told_and_changes_nothing(tmp_path, payload, is_told):
    """Other words under one number, or bytes that are no plan: a trouble, until a sound one is in force."""

    async def story(town):
        hub = town.boot()
        await town.settled()
        await say(town, payload, times=2)
        assert hub.pipeline.plan == FIRST
        assert (("plan_refused", "ward") in troubles(hub)) == is_told
        await say(town, plan_message(SECOND))
        assert (hub.pipeline.plan, troubles(hub)) == (SECOND, [])
        await say(town, plan_message(FIRST))
        assert (hub.pipeline.plan, troubles(hub)) == (SECOND, []), "an old one was long on its way"

    in_town(tmp_path, story)


def test_the_ward_writes_no_plan_that_a_hub_would_refuse(tmp_path):
    """Older, the same number with other words, or nothing new: a reason, and nothing is kept."""

    async def story(town):
        town.boot()
        await town.settled()
        assert "nothing changes" in await write(town, FIRST)
        assert "other words" in await write(town, FIRST.model_copy(update={"stale_h": 1.0}))
        assert await write(town, THIRD) is None
        assert "older" in await write(town, SECOND)
        assert (await town.ward.tables.plans(HOME)).written.plan == THIRD

    in_town(tmp_path, story)


def test_a_log_with_another_name_says_again_which_plan_is_in_force(tmp_path):
    """Seed 2028: what told it was lost with a damaged page before the ward had it; nobody knew the plan."""

    async def story(town):
        town.ward.tables.close()
        hub = town.boot()
        (told,) = hub.store.entries(after=0, count_max=1)
        assert told.kind == EntryKind.PLAN_APPLIED
        hub.store.outrun(hub.store.log, hub.store.highest + 50)
        await town.unplug()
        hub = town.boot()
        assert len(applied(hub)) == 2
        await town.unplug()
        assert len(applied(town.boot())) == 2, "once for each name"

    in_town(tmp_path, story)


def test_a_reason_quotes_no_plan():
    """What is said of a plan that can't be read goes into logs: no word of the plan goes with it."""
    told = down_from_bytes(b'{"type":"plan","plan":{"version":"Kari Nordmann"}}')
    assert isinstance(told, UnreadablePlan)
    assert "Kari" not in told.reason
    assert down_from_bytes(plan_message(SECOND)) == SECOND
    with pytest.raises(ContractError):
        down_from_bytes(b'{"type": "planet"}')
