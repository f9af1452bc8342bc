"""The hand-over page: who may decide what on it, and what a form can't do."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import get_args

import httpx
import pytest

from cloud_bridge.backend.app import ward_app
from cloud_bridge.backend.heard import Told
from cloud_bridge.backend.who import AT_THIS_MACHINE, Role, Who
from cloud_bridge.contract.baseline import BaselineEpoch
from cloud_bridge.contract.handover_record import HandoverWhy, Happened, begun
from cloud_bridge.look.words import WORDS
from devices.kinds import Kind
from tests.cloud_bridge.backend.some_ward import NOW, OSLO, SomeWard, alert, reading

pytestmark = pytest.mark.anyio

HOME = "00c0ffee00c0ffee"
GIVER = Who("l1", "sykehuset", Role.PHYSICIAN)
RECEIVER = Who("k1", "ringsaker", Role.NURSE)
STRANGER = Who("s1", "hamar", Role.NURSE)
OFFER = {"act": "offer", "id": "o1", "seen": "1", "to": "ringsaker", "days": "3", "why_now": "stabil"}
ACCEPT = {"act": "accept", "id": "a1", "seen": "2", "offer": "o1"}
REFUSE = {"act": "refuse", "id": "r1", "seen": "2", "offer": "o1", "reason": "ikke plass"}


def followed():
    """A ward in which the hospital follows one home, with an alert open."""
    ward = SomeWard()
    ward.enrol(HOME, "Kari Nordmann")
    ward.open(HOME, alert("red", (84.0,), NOW - timedelta(hours=2)))
    ward.follow[HOME] = begun(HOME, "sykehuset", "lege", NOW - timedelta(days=9))
    return ward


def browser(ward, who):
    """Somebody's browser."""
    app = ward_app(ward, ward, lambda: NOW, OSLO, who_of=lambda _request: who)
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://ward", follow_redirects=True
    )


async def send(ward, who, fields, **headers):
    """Send a form; return the page that follows."""
    async with browser(ward, who) as at:
        return (await at.post(f"/patient/{HOME}/handover", data=fields, headers=headers)).text


async def look(ward, who, path=f"/patient/{HOME}/handover"):
    """Open the page."""
    async with browser(ward, who) as at:
        return (await at.get(path)).text


def forms(html):
    """Which forms the page offers."""
    return re.findall(r'name="act" value="(\w+)"', html)


def accountable(ward):
    """Who is accountable."""
    return ward.follow[HOME].responsibility.accountable


async def test_the_story_from_offer_to_acceptance():
    """Until the receiver accepts the giver's name stands everywhere; then the receiver's, and the record."""
    ward = followed()
    offered = OFFER | {"summary": "innlagt i ni dager", "alert:a-red": "moves", "check:medicines": "yes"}
    assert "Det er notert" in await send(ward, GIVER, offered)
    for path in ("", "/handover"):
        html = await look(ward, RECEIVER, f"/patient/{HOME}{path}")
        assert "Sykehuset Innlandet har ansvaret" in html
    assert "Sykehuset Innlandet tilbyr Ringsaker kommune" in await look(ward, RECEIVER, "/")
    for said in ("stabil", "innlagt i ni dager", "følger med til den som overtar", "Legemiddellisten"):
        assert said in html
    html = await send(ward, RECEIVER, ACCEPT)
    assert "Ringsaker kommune har ansvaret siden i dag 09:30" in html
    assert "Ringsaker kommune overtok etter Sykehuset Innlandet" in html
    assert accountable(ward) == "ringsaker"
    assert ward.follow[HOME].record[1].content.checklist[0].is_done


async def test_each_sees_the_forms_that_are_theirs():
    """The giver may offer and withdraw, the receiver accept and refuse, anybody else only read."""
    ward = followed()
    assert [forms(await look(ward, who)) for who in (GIVER, RECEIVER, STRANGER)] == [["offer"], [], []]
    await send(ward, GIVER, OFFER | {"alert:a-red": "moves"})
    assert forms(await look(ward, GIVER)) == ["withdraw"]
    assert forms(await look(ward, RECEIVER)) == ["accept", "refuse"]
    assert forms(await look(ward, STRANGER)) == []


@pytest.mark.parametrize(
    ("who", "fields", "said"),
    [
        (STRANGER, ACCEPT, "wrong_organisation"),
        (GIVER, ACCEPT, "wrong_organisation"),
        (RECEIVER, ACCEPT | {"by": "sykehuset", "act": "withdraw"}, "wrong_organisation"),
        (RECEIVER, ACCEPT | {"seen": "1"}, "stale"),
        (RECEIVER, ACCEPT | {"offer": "o9"}, "unknown_offer"),
        (RECEIVER, REFUSE | {"reason": " "}, "no_reason"),
        (GIVER, OFFER | {"id": "o2", "seen": "2", "alert:a-red": "moves"}, "offer_open"),
        (RECEIVER, ACCEPT | {"seen": "two"}, "unreadable"),
        (RECEIVER, {"act": "accept"}, "unreadable"),
        (RECEIVER, {"act": "eat", "id": "x", "seen": "2"}, "unreadable"),
        (RECEIVER, REFUSE | {"reason": "født 010190 12345"}, "unreadable"),
    ],
)
async def test_what_cannot_be_is_said_and_the_giver_stays(who, fields, said):
    """Nobody speaks for another, decides upon an old page, or gets past a form with words of their own."""
    ward = followed()
    await send(ward, GIVER, OFFER | {"alert:a-red": "moves"})
    before = ward.follow[HOME].record
    assert WORDS[f"handover_became_{said}"]["nb"] in await send(ward, who, fields)
    assert (ward.follow[HOME].record, accountable(ward)) == (before, "sykehuset")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({}, "alert_without_owner"),
        ({"alert:a-red": "kept"}, "unreadable"),
        ({"alert:a-red": "eaten"}, "unreadable"),
        ({"alert:a-red": "moves", "to": "hamar"}, "unknown_organisation"),
        ({"alert:a-red": "moves", "to": "sykehuset"}, "to_oneself"),
        ({"alert:a-red": "moves", "days": "31"}, "unreadable"),
        ({"alert:a-red": "moves", "why_now": ""}, "unreadable"),
        ({"alert:a-red": "moves", "why_now": "x" * 501}, "unreadable"),
        ({"alert:a-red": "moves", "summary": "01019012345"}, "unreadable"),
    ],
)
async def test_an_offer_that_leaves_something_open_is_none(change, said):
    """Each open alert is spoken for, with a reason where it stays; no identity number travels."""
    ward = followed()
    assert WORDS[f"handover_became_{said}"]["nb"] in await send(ward, GIVER, OFFER | change)
    assert ward.follow[HOME].offer is None


async def test_pressed_twice_it_is_one_command():
    """The same form again hears the same and makes no second fact."""
    ward = followed()
    offered = OFFER | {"alert:a-red": "moves"}
    for _ in range(2):
        assert WORDS["handover_became_done"]["nb"] in await send(ward, GIVER, offered)
    assert len(ward.follow[HOME].record) == 2


async def test_every_refusal_has_words():
    """Whatever the state machine may answer, the page can say it."""
    assert all(f"handover_became_{why}" in WORDS for why in get_args(HandoverWhy))
    assert all(f"handover_fact_{what}" in WORDS for what in Happened)


async def test_where_nobody_logs_in_the_form_says_for_whom_it_speaks():
    """At the ward's own machine both sides are played by one person, and it says so."""
    ward = followed()
    html = await send(ward, AT_THIS_MACHINE, OFFER | {"by": "sykehuset", "alert:a-red": "moves"})
    assert "Ingen logger inn her. Du svarer for Ringsaker kommune." in html
    await send(ward, AT_THIS_MACHINE, ACCEPT | {"by": "ringsaker"})
    assert accountable(ward) == "ringsaker"


async def test_another_site_decides_for_nobody_and_an_unknown_home_has_no_page():
    """A form from elsewhere is refused; where nobody follows there is nothing to hand over."""
    ward = followed()
    async with browser(ward, GIVER) as at:
        path = f"/patient/{HOME}/handover"
        answer = await at.post(path, data=OFFER, headers={"origin": "http://elsewhere"})
        assert answer.status_code == 403
        assert (await at.get("/patient/ffff000000000000/handover")).status_code == 404
        assert (await at.post("/patient/ffff000000000000/handover", data=OFFER)).status_code == 404
    assert ward.follow[HOME].offer is None


async def test_an_offer_carries_how_the_devices_stand():
    """Whoever takes over with other devices reads what the old ones said beside the usual."""
    ward = followed()
    ward.keep(HOME, reading(Kind.SPO2, 91.0, NOW - timedelta(hours=1)))
    device = ward.kept[HOME][0].reading.device
    learnt = {"kind": "spo2", "offset": 1.5, "variance": 0.3}
    epochs = (
        BaselineEpoch(device=device, is_settled=True, **learnt),
        BaselineEpoch(device="AA:BB", is_settled=False, **learnt),
        BaselineEpoch(device="AA:CC", is_settled=False, **learnt | {"kind": "co2"}),
    )
    ward.said[HOME] = Told(epochs=epochs)
    await send(ward, GIVER, OFFER | {"alert:a-red": "moves"})
    offer = ward.follow[HOME].offer
    assert offer is not None
    assert offer.content.epochs == epochs
    html = await look(ward, RECEIVER)
    assert "nonin 3230, metning: 1,5\N{NO-BREAK SPACE}% fra det første apparatet, kjent" in html
    assert "AA:BB, metning: 1,5\N{NO-BREAK SPACE}% fra det første apparatet, læres ennå" in html
    assert "AA:CC, co2: 1.5 fra" in html


async def test_an_organisation_goes_through_its_own_list():
    """What stands on the giver's list is asked and carried, not the ward's; a line gone meanwhile is not."""
    ward = followed()
    hospital, *others = ward.taking_part
    ward.taking_part = (replace(hospital, checklist=("Epikrise er sendt", "Taxi er bestilt")), *others)
    html = await look(ward, GIVER)
    assert "Epikrise er sendt" in html
    assert WORDS["check_medicines"]["nb"] not in html
    first, second = re.findall(r'name="(check:\w+)"', html)
    ward.taking_part = (replace(hospital, checklist=("Taxi er bestilt", "Nøkkel er levert")), *others)
    await send(ward, GIVER, OFFER | {"alert:a-red": "moves", first: "yes", second: "yes"})
    offer = ward.follow[HOME].offer
    assert offer is not None
    said = [(check.what, check.is_done) for check in offer.content.checklist]
    assert said == [("Taxi er bestilt", True), ("Nøkkel er levert", False)]
