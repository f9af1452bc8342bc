"""The streams: at least once over any line, to nobody else, and what was missed is fetched."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial
from random import Random

import httpx
import orjson
import pytest

from cloud_bridge.backend.sharing import Organisation
from cloud_bridge.backend.streams import Streams
from cloud_bridge.backend.tables import Tables
from cloud_bridge.broker import DeniedError, UplinkError
from cloud_bridge.contract.handover import Accept, Offer
from cloud_bridge.contract.handover_content import Content, HandedAlert
from cloud_bridge.fhir.naming import Resource
from cloud_bridge.mqtt import PahoBroker
from simulators.receiver import Fetch, Receiver
from simulators.streamed import due
from tests.cloud_bridge.backend.some_login import AUDIENCE, SCOPE
from tests.cloud_bridge.backend.test_login import Stage, stage_of
from tests.cloud_bridge.houses import desk_house
from tests.contracts.tables.facts import HOME, NOON, OTHER, alert, at, batch, reading, told

pytestmark = pytest.mark.anyio

HOSPITAL, MUNICIPALITY = "sykehuset", "ringsaker"
JOURNAL = {"client_id": "journal", "scope": SCOPE, "org": "983971709"}
SETTLED_S = 30.0
OF_PATIENT = ("Observation", "Device", "DetectedIssue")


class Line:
    """A broker's session that takes so many messages, and is lost; it may deny an organisation."""

    def __init__(self, takes: int = 10**6, denied: str = "none") -> None:
        self.taken: list[tuple[str, Resource]] = []
        self._takes, self._denied = takes, denied

    async def publish(self, topic: str, payload: bytes, *, is_retained: bool = False) -> None:
        """Take a message."""
        assert not is_retained, "a resource that is retained would outlive an entitlement"
        if f"/{self._denied}/" in topic:
            raise DeniedError("0x87")
        if len(self.taken) == self._takes:
            raise UplinkError("the line is lost")
        self.taken.append((topic, orjson.loads(payload)))

    async def receive(self):
        """Nothing is said to the streams."""
        raise AssertionError("nobody listens")


def streams_of(tables: Tables, broker=None) -> Streams:
    """The streams of a ward, on dice that never wait long."""
    return Streams(tables, broker, lambda: at(10), dice=Random(0), every_s=0.1)


async def followed(tables: Tables) -> None:
    """One home of the hospital and one of the municipality, each with five readings and an alert."""
    organisations = (Organisation(each, each, "gp") for each in (HOSPITAL, MUNICIPALITY))
    await tables.enrol_organisations(organisations)
    for home, organisation in ((HOME, HOSPITAL), (OTHER, MUNICIPALITY)):
        assert await tables.begin_follow_up(home, organisation, "lege", NOON) is None
        entries = [told(seq, reading(seq, minutes=seq)) for seq in range(1, 6)]
        await tables.commit(batch(*entries, told(6, alert(1, "opened")), home=home), at=at(6))


async def handed_over(tables: Tables, home: str, giver: str, receiver: str) -> None:
    """A home that has changed hands with its alert; the giver sees it until minute 30."""
    content = Content(
        plan_version=1,
        why_now="stabil",
        alerts=(HandedAlert(id="a1", goes="moves"),),
        giver_sees_until=at(30),
    )
    said = {"home": home, "role": "lege", "id": f"o-{home}"}
    await tables.hand_over(
        Offer(by=giver, seen=1, to=receiver, until=at(600), content=content, **said), at(7)
    )
    accept = Accept(id=f"a-{home}", home=home, by=receiver, role="lege", seen=2, offer=f"o-{home}")
    assert (await tables.hand_over(accept, at(8))).answer.what == "accepted"


async def test_wherever_the_line_is_lost_the_rest_comes_and_nothing_twice(tables: Tables) -> None:
    """After each number of messages: what the broker has taken is not told again, everything else is."""
    await followed(tables)
    whole, streams = Line(), streams_of(tables)
    await streams.tell(whole)
    assert len(whole.taken) == 14
    for takes in range(len(whole.taken)):
        await tables._ask(lambda transaction: transaction.change("delete from stream"))
        first, second = Line(takes), Line()
        with suppress(UplinkError):
            await streams.tell(first)
        await streams.tell(second)
        assert sorted(map(str, (*first.taken, *second.taken))) == sorted(map(str, whole.taken))


async def test_a_right_that_ends_on_the_way_ends_there(tables: Tables) -> None:
    """Wherever it ends in between: of that home nothing more, of one that stays everything."""
    await followed(tables)
    for home, giver, receiver in ((HOME, HOSPITAL, MUNICIPALITY), (OTHER, MUNICIPALITY, HOSPITAL)):
        await handed_over(tables, home, giver, receiver)
    counts = set()
    for takes in range(40):
        await tables._ask(lambda transaction: transaction.change("delete from stream"))
        line = Line()
        now = partial(lambda line, takes: at(29 if len(line.taken) < takes else 30), line, takes)
        await Streams(tables, line, now, dice=Random(0)).tell(line)
        names = [topic.split("/")[3:] for topic, _ in line.taken]
        ended, stays = (
            [
                place
                for place, name in enumerate(names)
                if name[:2] == [HOSPITAL, home] and name[2] in OF_PATIENT
            ]
            for home in (HOME, OTHER)
        )
        assert max(ended, default=-1) < takes
        assert len(stays) == 7
        counts.add(len(ended))
    assert counts == set(range(8)), "it ended before each of them, and after the last"


async def test_a_topic_names_organisation_home_and_type(tables: Tables) -> None:
    """So that a receiver subscribes to what it needs; each organisation hears its own home only."""
    await followed(tables)
    line = Line()
    await streams_of(tables).tell(line)
    heard = {topic.rsplit("/", 1)[0] for topic, _ in line.taken}
    assert heard == {f"pusterom/v1/org/{HOSPITAL}/{HOME}", f"pusterom/v1/org/{MUNICIPALITY}/{OTHER}"}
    assert all(topic.endswith(resource["resourceType"]) for topic, resource in line.taken)


async def test_one_that_is_denied_stops_nobody_else(tables: Tables) -> None:
    """Where the broker's rules forbid an organisation's topic the others are told; later it is told, too."""
    await followed(tables)
    streams, line = streams_of(tables), Line(denied=MUNICIPALITY)
    await streams.tell(line)
    assert {topic.split("/")[3] for topic, _ in line.taken} == {HOSPITAL}
    assert MUNICIPALITY in (streams.trouble or "")
    mended = Line()
    await streams.tell(mended)
    assert {topic.split("/")[3] for topic, _ in mended.taken} == {MUNICIPALITY}
    assert streams.trouble is None


def over_http(stage: Stage) -> Fetch:
    """Fetch as a program does: with a token, by `_lastUpdated`, page after page."""

    async def fetch(kind: str, since: str | None) -> AsyncIterator[Resource]:
        token = stage.provider.program_token(AUDIENCE, JOURNAL)
        told_since = {} if since is None else {"_lastUpdated": "gt" + since.replace("+00:00", "Z")}
        url = str(httpx.URL(f"{stage.ward}/fhir/{kind}", params={**told_since, "_count": "7"}))
        while url:
            page = (await stage.browser.get(url, headers={"authorization": f"Bearer {token}"})).json()
            for each in page.get("entry", ()):
                yield each["resource"]
            url = next((each["url"] for each in page["link"] if each["relation"] == "next"), "")

    return fetch


async def know_everything(tables: Tables, receiver: Receiver) -> None:
    """Wait until a receiver has what its organisation may know now."""
    while await tables.index_next(at(10), "nb"):
        pass
    wanted = {
        (line.type, line.resource["id"]): line.turn
        async for line in due(tables, receiver.organisation, at(10))
    }
    async with asyncio.timeout(SETTLED_S):
        await receiver.knows(wanted)
    assert set(receiver.known) == set(wanted)


@pytest.mark.mosquitto
async def test_a_receiver_that_was_away_for_a_day_misses_nothing(tables: Tables, tmp_path) -> None:
    """On Mosquitto with our rules: it fetches what came while it was away, and hears what comes then."""
    await followed(tables)
    with desk_house(tmp_path) as port:
        url = f"mqtt://127.0.0.1:{port}"
        async with stage_of(tables) as stage, asyncio.TaskGroup() as tasks:
            streams = streams_of(tables, PahoBroker(url, username="ward"))
            telling = tasks.create_task(streams.run())
            receiver = Receiver(HOSPITAL, PahoBroker(url, username=f"org-{HOSPITAL}"), over_http(stage))
            listening = tasks.create_task(receiver.run())
            await know_everything(tables, receiver)
            listening.cancel()
            await asyncio.wait({listening})
            heard_before = receiver.heard_count
            for seq in range(7, 300):
                await tables.commit(batch(told(seq, reading(seq, minutes=seq))), at=at(9))
            await tables.commit(batch(told(300, alert(1, "closed", minutes=9))), at=at(9))
            while (await tables.next_stretch(HOSPITAL, "homes", at(10), count_max=1, language="nb")).lines:
                streams.wake()
                await asyncio.sleep(0)
            listening = tasks.create_task(receiver.run())
            await know_everything(tables, receiver)
            assert receiver.heard_count == heard_before, "what was missed was fetched, not heard"
            await tables.commit(batch(told(301, reading(301, minutes=9))), at=at(9))
            streams.wake()
            await know_everything(tables, receiver)
            assert receiver.heard_count > heard_before
            listening.cancel()
            telling.cancel()
