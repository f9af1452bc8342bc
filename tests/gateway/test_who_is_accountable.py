"""A hand-over in the ward reaches the home, whatever lies between, and the home knows one organisation."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from cloud_bridge.backend.sharing import Organisation
from cloud_bridge.contract.accountable import Accountable, accountable_from
from cloud_bridge.contract.down import accountable_message
from cloud_bridge.contract.entries import EntryKind
from cloud_bridge.contract.handover import Accept, Offer
from cloud_bridge.contract.handover_content import Content
from cloud_bridge.contract.handover_record import HandoverFact
from cloud_bridge.contract.topics import topic
from gateway.store.keys import LogKey
from simulators.virtual_mqtt import VirtualBroker
from tests.gateway.replaced_hub import in_town
from tests.given import HOME

HOSPITAL = Organisation("sykehuset", "Sykehuset", "hospital")
TOWN = Organisation("ringsaker", "Ringsaker kommune", "municipality")


async def begin(town):
    """Let the hospital follow the home."""
    tables = town.ward.tables
    await tables.enrol_organisations((HOSPITAL, TOWN))
    assert await tables.begin_follow_up(HOME, "sykehuset", "lege", town.now()) is None


async def hand_over(town, giver="sykehuset", receiver="ringsaker"):
    """Offer and accept at once; return the acceptance."""
    tables = town.ward.tables
    number = (await tables.handovers(HOME)).number
    words = {"home": HOME, "role": "sykepleier"}
    content = Content(plan_version=1, why_now="stable")
    until = town.now() + timedelta(days=3)
    offer = Offer(id=f"o{number}", by=giver, seen=number, to=receiver, until=until, content=content, **words)
    assert isinstance((await tables.hand_over(offer, town.now())).answer, HandoverFact)
    accept = Accept(id=f"a{number}", by=receiver, seen=number + 1, offer=offer.id, **words)
    return (await tables.hand_over(accept, town.now())).answer


async def say(town, *accountable):
    """Say it to the home, as whoever may write there."""
    async with VirtualBroker(town.broker, Random(9)).session("another") as session:
        for each in accountable:
            await session.publish(topic(HOME, "down"), accountable_message(each))
    await asyncio.sleep(5)


def learnt(hub):
    """Return what the home has learnt, in the order of its log."""
    entries = hub.store.entries(after=0, count_max=10_000)
    return [accountable_from(one.body) for one in entries if one.kind == EntryKind.RESPONSIBILITY]


def test_a_home_learns_who_is_accountable_within_two_minutes_and_once(tmp_path):
    """Told again each minute until it says that it knows, it keeps one line of it."""

    async def story(town):
        hub = town.boot()
        await town.settled()
        assert hub.responsible.known is None, "nobody has said anything yet"
        await begin(town)
        await asyncio.sleep(120)
        assert (hub.responsible.known.name, hub.responsible.known.term) == ("Sykehuset", 1)
        accepted = await hand_over(town)
        await asyncio.sleep(120)
        known = hub.responsible.known
        assert (known.organisation, known.since) == ("ringsaker", accepted.at)
        await asyncio.sleep(600)
        assert [each.organisation for each in learnt(hub)] == ["sykehuset", "ringsaker"]
        assert await town.ward.tables.untold() == ()

    in_town(tmp_path, story)


def test_a_home_that_was_away_learns_it_when_it_comes_back_and_keeps_it(tmp_path):
    """The ward has decided at once; the home hears the newest, and knows it after a restart, too."""

    async def story(town):
        await begin(town)
        town.boot()
        await town.settled()
        await town.unplug()
        await hand_over(town)
        await hand_over(town, giver="ringsaker", receiver="sykehuset")
        assert (await town.ward.tables.handovers(HOME)).responsibility.accountable == "sykehuset"
        hub = town.boot()
        await town.settled()
        assert (hub.responsible.known.organisation, hub.responsible.known.term) == ("sykehuset", 3)
        await town.unplug()
        hub = town.boot()
        assert hub.responsible.known.term == 3
        await town.settled()
        assert [each.term for each in learnt(hub)] == [1, 3]

    in_town(tmp_path, story)


def test_another_hub_of_the_same_home_is_told(tmp_path):
    """A hub that begins anew says that it knows nothing."""

    async def story(town):
        await begin(town)
        town.boot()
        await town.settled()
        await town.unplug()
        hub = town.boot("another", LogKey.made())
        await town.settled()
        assert hub.responsible.known.organisation == "sykehuset"

    in_town(tmp_path, story)


def test_what_comes_late_or_contradicts_changes_nothing(tmp_path):
    """An older word is passed over in silence; two accountable in one term are a technical alert."""

    async def story(town):
        hub = town.boot()
        await town.settled()
        first = Accountable(1, 1, "sykehuset", "Sykehuset", town.now())
        third = replace(first, number=3, term=2, organisation="ringsaker", name="Ringsaker kommune")
        await say(town, third, first, third)
        assert hub.responsible.known == third
        assert not hub.troubles.open
        await say(town, replace(third, number=4, organisation="sykehuset"))
        assert hub.responsible.known == third
        assert [one.what for one in hub.troubles.open] == ["responsibility_refused"]
        await say(town, replace(first, number=5, term=3))
        assert (hub.responsible.known.term, hub.troubles.open) == (3, ())

    in_town(tmp_path, story)


@pytest.mark.parametrize(
    "payload",
    [
        b'{"type":"accountable","accountable":{}}',
        b'{"type":"accountable","accountable":' + b"[" * 100_000,
        b'{"type":"accountable","accountable":{"number":1,"term":2,"organisation":"a","name":"A",'
        b'"since":"2026-01-01T00:00:00Z"}}',
        b'{"type":"accountable","accountable":{"number":1,"term":1,"organisation":"a/#","name":"A",'
        b'"since":"2026-01-01T00:00:00Z"}}',
        b'{"type":"accountable","accountable":{"number":1,"term":1,"organisation":"a","name":"01019012345",'
        b'"since":"2026-01-01T00:00:00Z"}}',
        b'{"type":"accountable","accountable":{"number":1,"term":1,"organisation":"a","name":"A",'
        b'"since":"2026-01-01T00:00:00"}}',
    ],
)
def test_bytes_that_name_nobody_are_passed_over(tmp_path, payload):
    """What can't be read, or can't be true, leaves the home with what it knew, and the hub at work."""

    async def story(town):
        hub = town.boot()
        await town.settled()
        async with VirtualBroker(town.broker, Random(9)).session("another") as session:
            await session.publish(topic(HOME, "down"), payload)
        await asyncio.sleep(5)
        assert hub.responsible.known is None
        await say(town, Accountable(1, 1, "sykehuset", "Sykehuset", town.now()))
        assert hub.responsible.known is not None

    in_town(tmp_path, story)
