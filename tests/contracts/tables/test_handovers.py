"""Hand-overs in every database: one record, one command at a time, and what the home's hub knows of it."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from cloud_bridge.backend.sharing import Organisation, responsibility_of
from cloud_bridge.backend.tables import Tables
from cloud_bridge.contract.accountable import Accountable, accountable_body
from cloud_bridge.contract.entries import Entry, EntryKind
from cloud_bridge.contract.handover import Accept, Offer, Refuse, Wanted
from cloud_bridge.contract.handover_content import Content, HandedAlert
from cloud_bridge.contract.handover_record import HandoverFact, HandoverRefusal, HandoverState
from tests.contracts.tables.facts import HOME, NOON, OTHER, alert, at, batch, told

pytestmark = pytest.mark.anyio

HOSPITAL = Organisation("sykehuset", "Sykehuset", "hospital")
TOWN = Organisation("ringsaker", "Ringsaker kommune", "municipality")
GP = Organisation("legen", "Legekontoret", "gp")
WEEK = timedelta(days=7)


async def begun(tables: Tables) -> None:
    """Let the hospital follow the home from noon on."""
    await tables.enrol_organisations((HOSPITAL, TOWN, GP))
    assert await tables.begin_follow_up(HOME, HOSPITAL.organisation, "lege", NOON) is None


def offer(*alerts: HandedAlert, name: str = "o1", seen: int = 1) -> Offer:
    """The hospital's offer to the municipality, for a week."""
    return Offer(
        id=name, home=HOME, by=HOSPITAL.organisation, role="lege", seen=seen, to=TOWN.organisation,
        until=NOON + WEEK, content=Content(plan_version=1, why_now="stable", alerts=alerts),
    )  # fmt: skip


def accept(name: str = "a1", seen: int = 2) -> Accept:
    """The municipality's acceptance."""
    return Accept(id=name, home=HOME, by=TOWN.organisation, role="sykepleier", seen=seen, offer="o1")


async def done(tables: Tables, wanted: Wanted, minute: int = 1) -> HandoverFact:
    """What a command has made, that was granted."""
    stepped = await tables.hand_over(wanted, at(minute))
    assert stepped is not None
    assert isinstance(stepped.answer, HandoverFact), stepped.answer
    return stepped.answer


async def record(tables: Tables) -> HandoverState:
    """Where the home stands."""
    state = await tables.handovers(HOME)
    assert state is not None
    return state


async def test_an_acceptance_moves_the_home_everywhere_at_once(tables: Tables) -> None:
    """The record, who may see, and what the hub is told speak of one organisation from one instant."""
    await begun(tables)
    assert await tables.homes_of(TOWN.organisation, at(1)) == ()
    await done(tables, offer())
    assert (await record(tables)).responsibility.accountable == HOSPITAL.organisation
    accepted = await done(tables, accept(), minute=5)
    assert (await record(tables)).responsibility.accountable == accepted.accountable == TOWN.organisation
    held = await tables._ask(lambda transaction: responsibility_of(transaction, HOME))
    assert held == (await record(tables)).responsibility
    assert await tables.homes_of(TOWN.organisation, at(6)) == (HOME,)
    assert await tables.homes_of(HOSPITAL.organisation, at(6)) == (HOME,), "the giver may still see"
    assert await tables.homes_of(GP.organisation, at(6)) == ()


async def test_who_sees_until_a_day_sees_nothing_behind_it(tables: Tables) -> None:
    """The giver's seeing ends when both have agreed that it ends."""
    await begun(tables)
    content = Content(plan_version=1, why_now="stable", giver_sees_until=at(60))
    await done(tables, replace(offer(), content=content))
    await done(tables, accept(), minute=5)
    assert await tables.homes_of(HOSPITAL.organisation, at(59)) == (HOME,)
    assert await tables.homes_of(HOSPITAL.organisation, at(60)) == ()


async def test_a_refusal_is_remembered_and_moves_nothing(tables: Tables) -> None:
    """Said again it hears the same, also after the reason for it is gone."""
    await begun(tables)
    early = await tables.hand_over(accept(), at(1))
    assert early is not None
    assert isinstance(early.answer, HandoverRefusal)
    await done(tables, offer())
    again = await tables.hand_over(accept(), at(3))
    assert again is not None
    assert again.answer == early.answer
    assert (await record(tables)).responsibility.term == 1


async def test_an_alert_that_is_open_must_be_named(tables: Tables) -> None:
    """An offer that forgets one is refused; its owner follows from the record."""
    await begun(tables)
    await tables.commit(batch(told(1, alert(1, "opened"))), at=NOON)
    refused = await tables.hand_over(offer(), at(1))
    assert refused is not None
    assert isinstance(refused.answer, HandoverRefusal)
    assert refused.answer.why == "alert_without_owner"
    await done(tables, offer(HandedAlert(id=alert(1, "opened").id, goes="moves"), name="o2"))


async def test_of_two_at_once_one_counts(tables: Tables) -> None:
    """Accept and refuse in the same moment: one fact, and the other hears that it is decided."""
    await begun(tables)
    await done(tables, offer())
    words = {"home": HOME, "by": TOWN.organisation, "role": "leder", "seen": 2, "offer": "o1"}
    refuse = Refuse(id="r1", reason="no room", **words)
    both = await asyncio.gather(tables.hand_over(accept(), at(2)), tables.hand_over(refuse, at(2)))
    answers = [stepped.answer for stepped in both if stepped is not None]
    assert [type(answer).__name__ for answer in answers].count("HandoverFact") == 1
    assert (await record(tables)).number == 3


async def test_nobody_follows_a_home_twice(tables: Tables) -> None:
    """A home has one beginning; an organisation that nobody knows begins none."""
    await begun(tables)
    assert "already" in str(await tables.begin_follow_up(HOME, TOWN.organisation, "lege", at(1)))
    assert "no organisation" in str(await tables.begin_follow_up(OTHER, "nobody", "lege", at(1)))
    assert await tables.hand_over(replace(accept(), home=OTHER), at(1)) is None


async def test_an_offer_that_nobody_answers_goes_back(tables: Tables) -> None:
    """The watch notes the end, also where nobody opens a page; the giver is accountable as before."""
    await begun(tables)
    await done(tables, offer())
    assert await tables.watch(NOON + WEEK - timedelta(seconds=1)) == ()
    assert HOME in await tables.watch(NOON + WEEK)
    state = await record(tables)
    assert (state.offer, state.record[-1].what) == (None, "expired")
    assert state.responsibility.accountable == HOSPITAL.organisation


async def test_a_home_is_told_until_it_says_that_it_knows(tables: Tables) -> None:
    """Offline it waits; a birth or an entry says what it knows; one that never spoke of it is not asked."""
    await begun(tables)
    await tables.set_home_state(HOME, True, NOON)
    assert await tables.untold() == (), "a hub from before there was such a word"
    wanted = Accountable(1, 1, HOSPITAL.organisation, HOSPITAL.name, NOON)
    assert await tables.hub_knows(HOME, 0) == wanted
    assert await tables.untold() == ((HOME, wanted),)
    await tables.commit(batch(learnt(1, wanted)), at=NOON)
    assert await tables.untold() == ()
    await done(tables, offer())
    await tables.set_home_state(HOME, False, at(3))
    await done(tables, accept(), minute=5)
    assert await tables.untold() == (), "a home that is away hears nothing"
    await tables.set_home_state(HOME, True, at(7))
    moved = Accountable(3, 2, TOWN.organisation, TOWN.name, at(5))
    assert await tables.untold() == ((HOME, moved),)
    assert await tables.hub_knows(HOME, 3) is None
    assert await tables.untold() == ()
    assert await tables.hub_knows(HOME, 1) == moved, "a hub restored from an older copy hears it again"


def learnt(seq: int, accountable: Accountable) -> Entry:
    """A hub's word that it knows."""
    return Entry(seq, NOON, EntryKind.RESPONSIBILITY, accountable_body(accountable))


async def test_a_list_of_its_own_stays_until_another_comes(tables: Tables) -> None:
    """Whoever only changes a name need not say the list again."""
    own = Organisation("sykehuset", "Sykehuset", "hospital", ("Epikrise er sendt", "Taxi er bestilt"))
    await tables.enrol_organisations((own,))
    await tables.enrol_organisations((replace(own, name="Sykehuset Innlandet", checklist=()),))
    assert await tables.organisations() == (replace(own, name="Sykehuset Innlandet"),)
    await tables.enrol_organisations((replace(own, checklist=("Nøkkel er levert",)),))
    assert await tables.organisations() == (replace(own, checklist=("Nøkkel er levert",)),)
