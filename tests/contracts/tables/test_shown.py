"""What the tables show: orders, limits and times, over every database they run on."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from cloud_bridge.backend.commit import MESSAGE_BYTES_MAX, MESSAGES_PER_HOME_MAX
from cloud_bridge.backend.tables import Tables
from cloud_bridge.backend.views import Figures, HomeState, Person, Quarantined, Views
from cloud_bridge.contract.entries import Entry, EntryKind
from devices.kinds import Kind
from devices.readings import OF_DEVICE, Block
from tests.contracts.tables.facts import HOME, NOON, OTHER, alert, applied, at, batch, reading, told

pytestmark = pytest.mark.anyio


async def test_readings_go_by_the_time_of_measurement(tables: Tables) -> None:
    """Late readings stand where they were measured; a limit keeps the newest, newest last."""
    minutes = [30, 10, 20, 0.5]
    facts = [reading(number, minutes=when) for number, when in enumerate(minutes)]
    weight = reading(9, kind=Kind.BODY_WEIGHT, value=71.5, minutes=15)
    entries = [told(seq, fact) for seq, fact in enumerate([*facts, weight], 1)]
    await tables.commit(batch(*entries), at=at(60))
    views: Views = tables
    everything = await views.readings(HOME)
    assert [kept.reading.id for kept in everything] == ["r3", "r1", "r9", "r2", "r0"]
    assert [kept.seq for kept in everything] == [4, 2, 5, 3, 1]
    assert {kept.committed_at for kept in everything} == {at(60)}
    assert all(kept.kept_at is not None for kept in everything)
    assert everything[2].reading == weight
    assert [kept.reading.id for kept in await views.readings(HOME, count_max=2)] == ["r2", "r0"]
    assert [kept.reading.id for kept in await views.readings(HOME, since=at(15))] == ["r9", "r2", "r0"]
    assert [kept.reading.id for kept in await views.readings(HOME, kind=Kind.BODY_WEIGHT)] == ["r9"]
    assert await views.readings(HOME, kind=Kind.BODY_WEIGHT, since=at(16)) == ()


async def test_home_and_clinic_are_two_series(tables: Tables) -> None:
    """Who asks for a kind gets what was measured at home and told or derived; a clinic's is asked for."""
    home, clinic = reading(1, kind=Kind.FEV1, value=1.3), reading(2, kind=Kind.FEV1, value=1.5, minutes=9)
    clinic = replace(clinic, setting="clinic")
    own = replace(reading(3, kind=Kind.FEV1, minutes=10), reference=OF_DEVICE)
    await tables.commit(batch(told(1, home), told(2, clinic), told(3, own)), at=at(60))
    views: Views = tables
    assert [kept.reading for kept in await views.readings(HOME, kind=Kind.FEV1)] == [home]
    assert [kept.reading for kept in await views.readings(HOME, kind=Kind.FEV1, count_max=1)] == [home]
    in_clinic = await views.readings(HOME, kind=Kind.FEV1, setting="clinic", since=at(1))
    assert [kept.reading for kept in in_clinic] == [clinic]
    assert [kept.reading for kept in await views.readings(HOME)] == [home, clinic, own]


async def test_a_block_comes_back_as_it_went(tables: Tables) -> None:
    """A reading that holds samples keeps every sample, and each place where there was none."""
    block = Block(
        id="b1", kind=Kind.SPO2, value=92.0, device="AA", driver="oximeter", measured_at=NOON,
        received_at=at(1), period_s=1.0, samples=(92.0, None, 93.0),
    )  # fmt: skip
    await tables.commit(batch(told(1, block)), at=NOON)
    assert [kept.reading for kept in await tables.readings(HOME)] == [block]


async def test_times_come_back_in_utc(tables: Tables) -> None:
    """Whatever zone a moment was told in, the tables sort and answer in UTC, to the microsecond."""
    oslo = timezone(timedelta(hours=1))
    moment = datetime(2026, 11, 2, 13, 0, 0, 250, tzinfo=oslo)
    entry = told(1)
    await tables.commit(batch(Entry(1, moment, entry.kind, entry.body)), at=moment)
    await tables.set_home_state(HOME, True, moment)
    state = await tables.home_state(HOME)
    assert state is not None
    assert state == HomeState(HOME, True, NOON + timedelta(microseconds=250), moment, 1, 0)
    assert state.state_at is not None
    assert state.state_at.tzinfo is UTC
    for seq, (zone, minutes) in enumerate([(oslo, 30), (UTC, 31), (oslo, 32)], 2):
        here = replace(reading(seq), measured_at=at(minutes).astimezone(zone))
        await tables.commit(batch(told(seq, here)), at=moment)
    kept = await tables.readings(HOME, since=at(31).astimezone(oslo))
    assert [kept.reading.id for kept in kept] == ["r3", "r4"]


async def test_open_alerts_stand_red_first_then_oldest(tables: Tables) -> None:
    """The most urgent is on top; among equals, the one that waits longest."""
    first = [
        alert(1, "opened", level="yellow", minutes=0),
        alert(2, "opened", level="red", minutes=5),
        alert(3, "opened", level="red", minutes=1),
    ]
    second = [alert(4, "opened", minutes=3), alert(5, "opened", minutes=0), alert(5, "closed", minutes=2)]
    await tables.commit(batch(*(told(seq, fact) for seq, fact in enumerate(first, 1))), at=NOON)
    others = batch(*(told(seq, fact) for seq, fact in enumerate(second, 1)), home=OTHER)
    await tables.commit(others, at=NOON)
    shown = await tables.open_alerts()
    assert [(opened.home, opened.alert.id) for opened in shown] == [
        (HOME, "a3"), (OTHER, "a4"), (HOME, "a2"), (HOME, "a1"),
    ]  # fmt: skip
    assert [opened.alert.id for opened in await tables.open_alerts(OTHER)] == ["a4"]
    assert shown[0].alert == first[2]
    assert shown[0].seq == 3


async def test_an_alert_closes_whatever_the_clock_and_the_order(tables: Tables) -> None:
    """A closing that comes before its opening, or is dated before it, closes it all the same."""
    await tables.commit(batch(told(2, alert(1, "closed", minutes=-600))), at=NOON)
    await tables.commit(batch(told(1, alert(1, "opened"))), at=NOON)
    assert await tables.open_alerts() == ()
    assert [(told_of.alert.change, told_of.seq) for told_of in await tables.alerts(HOME)] == [
        ("opened", 1), ("closed", 2),
    ]  # fmt: skip


async def test_alerts_of_a_home_newest_first(tables: Tables) -> None:
    """Every opening and closing, the newest on top, no more than asked for."""
    changes = [alert(1, "opened", minutes=1), alert(1, "closed", minutes=3), alert(2, "opened", minutes=2)]
    await tables.commit(batch(*(told(seq, change) for seq, change in enumerate(changes, 1))), at=NOON)
    assert [told_of.alert.at for told_of in await tables.alerts(HOME)] == [at(3), at(2), at(1)]
    assert [told_of.seq for told_of in await tables.alerts(HOME, count_max=1)] == [2]
    assert await tables.alerts(OTHER) == ()


async def test_people_by_name(tables: Tables) -> None:
    """Everyone enrolled, by name; a second word about a home replaces the first."""
    for person in (Person(HOME, "Ola", 1951), Person(OTHER, "Kari", 1949), Person(HOME, "Berit", 1950)):
        await tables.enrol(person)
    assert await tables.people() == (Person(HOME, "Berit", 1950), Person(OTHER, "Kari", 1949))
    assert await tables.home_state(HOME) is None, "enrolled is not heard of"


async def test_how_a_home_stands(tables: Tables) -> None:
    """Its state is what it last said, the rest is what was committed of its log."""
    assert await tables.home_state(HOME) is None
    await tables.set_home_state(HOME, True, NOON)
    assert await tables.home_state(HOME) == HomeState(HOME, True, NOON, None, 0, 0)
    await tables.commit(batch(told(1), told(3), told(7)), at=NOON)
    assert await tables.home_state(HOME) == HomeState(HOME, True, NOON, NOON, 1, 4)
    await tables.commit(batch(told(1), home=OTHER), at=NOON)
    assert await tables.home_state(OTHER) == HomeState(OTHER, False, None, NOON, 1, 0)


async def test_offline_since_the_first_time_it_was_told(tables: Tables) -> None:
    """A last will is told again at each of the ward's connects; since when it holds does not move."""
    await tables.set_home_state(HOME, True, at(0))
    for minutes in (5, 9):
        await tables.set_home_state(HOME, False, at(minutes))
    state = await tables.home_state(HOME)
    assert state is not None
    assert (state.is_online, state.state_at) == (False, at(5))
    await tables.set_home_state(HOME, True, at(12))
    state = await tables.home_state(HOME)
    assert state is not None
    assert (state.is_online, state.state_at) == (True, at(12))


async def test_messages_in_quarantine_newest_first(tables: Tables) -> None:
    """Bytes of any kind, with reason and time; the same bytes told again are one."""
    await tables.quarantine(HOME, b"\x00\xff", "no batch", NOON)
    await tables.quarantine("", b"", "a topic of no home \0", at(1))
    await tables.quarantine(HOME, b"\x00\xff", "no batch", at(2))
    newest, oldest = await tables.quarantined()
    assert oldest == Quarantined(oldest.id, HOME, None, "no batch", b"\x00\xff", NOON)
    assert (newest.home, newest.data, newest.at) == ("", b"", at(1))
    assert await tables.quarantined(count_max=1) == (newest,)
    assert (await tables.figures(HOME)).quarantined == 1
    assert await tables.home_state(HOME) is None, "rubbish on a topic is no home"


async def test_quarantine_has_limits(tables: Tables) -> None:
    """A broken hub that sends other rubbish each time fills neither the disk nor its neighbours' place."""
    for number in range(MESSAGES_PER_HOME_MAX + 3):
        await tables.quarantine(HOME, b"%d" % number, "no batch", NOON)
    await tables.quarantine(OTHER, b"x" * (MESSAGE_BYTES_MAX + 1), "no batch", NOON)
    assert (await tables.figures(HOME)).quarantined == MESSAGES_PER_HOME_MAX
    (newest,) = await tables.quarantined(count_max=1)
    assert len(newest.data) == MESSAGE_BYTES_MAX
    assert str(MESSAGE_BYTES_MAX + 1) in newest.reason


async def test_nothing_is_counted_of_a_home_never_heard_of(tables: Tables) -> None:
    """Empty tables answer with nothing, not with an error."""
    assert await tables.figures(HOME) == Figures(0, 0, 0, 0, 0, 0, 0)
    assert await tables.readings(HOME) == ()
    assert await tables.open_alerts() == await tables.alerts(HOME) == await tables.quarantined() == ()
    assert await tables.people() == ()


async def test_the_plan_shown_is_the_one_that_the_hub_applied_last(tables: Tables) -> None:
    """By the hub's own word: the newest version in its newest log; one that can't be read leaves the last."""
    assert await tables.plan(HOME) is None
    await tables.commit(batch(applied(1, version=1), applied(2, version=2)), at=NOON)
    await tables.commit(batch(Entry(3, NOON, EntryKind.PLAN_APPLIED, b'{"version":"x"}')), at=NOON)
    shown = await tables.plan(HOME)
    assert shown is not None
    assert shown.version == 2
    assert await tables.plan(OTHER) is None


async def test_a_kind_of_a_newer_hub_is_kept_and_counted(tables: Tables) -> None:
    """What this ward doesn't know stands in quarantine and in the log; numbering goes on behind it."""
    receipt = await tables.commit(batch(Entry(1, NOON, "answer", b"{}"), told(2, reading(1))), at=NOON)
    assert (receipt.up_to, receipt.unreadable) == (2, (1,))
    assert [kept.reading.id for kept in await tables.readings(HOME)] == ["r1"]


async def test_what_the_list_asks_at_once_is_what_each_question_says(tables: Tables, monkeypatch) -> None:
    """State, plan, the newest of each kind and the line since then, in groups: as if asked one by one."""
    monkeypatch.setattr("cloud_bridge.backend.database.HOMES_AT_ONCE", 2)
    weight = reading(3, kind=Kind.BODY_WEIGHT, value=71.5)
    told_of = (applied(1, version=1), told(2, reading(1)), told(3, reading(2, minutes=5)), told(4, weight))
    await tables.commit(batch(*told_of), at=NOON)
    newer = (told(1, reading(7, minutes=9)), applied(2, version=3), applied(4, version=4))
    await tables.commit(batch(*newer, home=OTHER), at=NOON)
    await tables.set_home_state("0" * 16, False, NOON)
    homes = ["0" * 16, "never", HOME, OTHER, "stranger"]
    kinds = (Kind.SPO2, Kind.BODY_WEIGHT, Kind.PEF)
    listed = await tables.listed(homes, kinds, at(5))
    assert list(listed) == homes
    for home in homes:
        assert listed[home].state == await tables.home_state(home)
        assert listed[home].plan == await tables.plan(home)
        newest = {kind: await tables.readings(home, kind=kind, count_max=1) for kind in kinds}
        assert listed[home].latest == {kind: kept[0] for kind, kept in newest.items() if kept}
        assert listed[home].spark == await tables.readings(home, kind=Kind.SPO2, since=at(5))
    ids = {kind: kept.reading.id for kind, kept in listed[HOME].latest.items()}
    assert ids == {Kind.SPO2: "r2", Kind.BODY_WEIGHT: "r3"}
    assert [len(each.spark) for each in listed.values()] == [0, 0, 1, 1, 0]
    assert listed[OTHER].plan is not None
    assert listed[OTHER].plan.version == 4
