"""What nobody has seen in time is told to whoever the plan names, in every database."""

from datetime import datetime, timedelta

import pytest

from cloud_bridge.backend.sharing import Organisation
from cloud_bridge.backend.tables import Tables
from cloud_bridge.backend.views import Act, Handled
from cloud_bridge.backend.who import Role, Who
from cloud_bridge.contract.care import Escalation
from cloud_bridge.contract.handover import Offer
from cloud_bridge.contract.handover_content import Content, HandedAlert
from tests.contracts.tables.facts import HOME, NOON, alert, applied, at, batch, told
from tests.contracts.tables.test_streams import HOSPITAL, MUNICIPALITY, accepted, followed, hear

pytestmark = pytest.mark.anyio

WITHIN_MIN = 30
KARI = Who("k1", MUNICIPALITY, Role.NURSE)


async def waiting(tables: Tables, to: str = HOSPITAL) -> None:
    """A red alert opened at noon, in a home whose plan names who is to look after half an hour."""
    await followed(tables)
    soon = Escalation(red_seen_within_min=WITHIN_MIN, yellow_seen_within_h=1, to=to)
    await tables.commit(batch(applied(1, version=1, escalation=soon), told(2, alert(1, "opened"))), at=NOON)


def done_by(who: Who, act: Act, minutes: float, upto: datetime = NOON) -> Handled:
    """What somebody did at this minute."""
    until = at(minutes + 60) if act == "put_off" else None
    return Handled(home=HOME, matter="limits", act=act, by=who, at=at(minutes), upto=upto, until=until)


async def escalations(tables: Tables) -> list[tuple[str, datetime, datetime]]:
    """To whom something was escalated, when, and up to which alert."""
    acts = await tables.handled()
    return [(each.by.organisation, each.at, each.upto) for each in acts if each.act == "escalated"]


async def test_what_nobody_has_seen_in_time_is_escalated_once(tables: Tables) -> None:
    """Not a second too early; then once, however often the ward looks, and the home's pages are told."""
    await waiting(tables)
    assert HOME not in await tables.watch(at(WITHIN_MIN) - timedelta(seconds=1))
    assert await escalations(tables) == []
    assert HOME in await tables.watch(at(WITHIN_MIN))
    for minutes in (31, 600):
        await tables.watch(at(minutes))
    assert await escalations(tables) == [(HOSPITAL, at(WITHIN_MIN), NOON)]


async def test_an_alert_that_opens_later_is_escalated_anew(tables: Tables) -> None:
    """Whoever was told of one has not been told of the next."""
    await waiting(tables)
    await tables.watch(at(40))
    await tables.commit(batch(told(3, alert(2, "opened", minutes=50))), at=at(50))
    await tables.watch(at(51))  # the first one is still overdue
    assert await escalations(tables) == [(HOSPITAL, at(40), NOON), (HOSPITAL, at(51), at(50))]


@pytest.mark.parametrize(("act", "is_escalated"), [("seen", False), ("taken", False), ("put_off", True)])
async def test_who_has_seen_it_ends_it_and_who_puts_it_off_does_not(
    tables: Tables, act: Act, is_escalated: bool
) -> None:
    """Snoozing is not acknowledging."""
    await waiting(tables)
    await tables.keep_handled(done_by(KARI, act, 10))
    await tables.watch(at(40))
    assert bool(await escalations(tables)) == is_escalated


@pytest.mark.parametrize("to", ["", "vakthavende lege", "fremmedgata sykehjem", MUNICIPALITY])
async def test_a_plan_opens_no_door(tables: Tables, to: str) -> None:
    """Nobody is told who takes no part, nor an organisation that may not see the home."""
    await waiting(tables, to)
    await tables.watch(at(600))
    assert await escalations(tables) == []


async def test_whoever_may_see_the_home_at_last_is_told_then(tables: Tables) -> None:
    """A hand-over that is accepted in the middle of it makes the plan's word good."""
    await waiting(tables, MUNICIPALITY)
    handed = (HandedAlert(id="a1", goes="moves"),)
    content = Content(plan_version=1, why_now="stabil", alerts=handed)
    said = {"home": HOME, "by": HOSPITAL, "role": "lege", "seen": 1}
    await tables.hand_over(Offer(id="o1", to=MUNICIPALITY, until=at(600), content=content, **said), at(1))
    await tables.watch(at(40))
    await accepted(tables, 41)
    await tables.watch(at(42))
    assert await escalations(tables) == [(MUNICIPALITY, at(42), NOON)]


@pytest.mark.parametrize("said", ["Sykehuset Innlandet", " SYKEHUSET innlandet ", HOSPITAL.upper()])
async def test_a_plan_may_name_it_as_people_do(tables: Tables, said: str) -> None:
    """By id or by name, in any case."""
    await waiting(tables, said)
    await tables.enrol_organisations((Organisation(HOSPITAL, "Sykehuset Innlandet", "hospital"),))
    await tables.watch(at(40))
    assert [to for to, _, _ in await escalations(tables)] == [HOSPITAL]


async def test_the_stream_says_who_is_asked_to_look(tables: Tables) -> None:
    """One Task for the matter: requested of whom the plan names, then in progress with whoever took it."""
    await waiting(tables)
    await tables.watch(at(40))
    await tables.keep_handled(done_by(KARI, "taken", 50))
    task = [line.resource for line in await hear(tables, HOSPITAL, now=at(51)) if line.type == "Task"]
    assert [each["status"] for each in task] == ["in-progress"]
    await tables.commit(batch(told(3, alert(2, "opened", minutes=60))), at=at(60))
    await tables.watch(at(95))
    (again,) = [line.resource for line in await hear(tables, HOSPITAL, now=at(96)) if line.type == "Task"]
    assert (again["id"], again["status"]) == (task[0]["id"], "requested")
    assert again["owner"]["identifier"]["value"] == HOSPITAL
    assert "performerType" not in again
