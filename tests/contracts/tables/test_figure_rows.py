"""The rows behind the figures for both, over both databases."""

from datetime import datetime, time, timedelta
from typing import Literal

import pytest

from cloud_bridge.backend.figure_rows import home_rows
from cloud_bridge.backend.indicators import Period, Tally
from cloud_bridge.backend.sharing import Organisation
from cloud_bridge.backend.tables import Tables
from cloud_bridge.backend.views import Handled
from cloud_bridge.backend.who import Role, Who
from cloud_bridge.contract.bodies import plan_body
from cloud_bridge.contract.dating import ClockFound, found_body
from cloud_bridge.contract.entries import Clock, Entry, EntryKind
from cloud_bridge.contract.plan import Limit, Plan
from cloud_bridge.contract.schedule import Ask, Pause, Schedule, Window
from cloud_bridge.contract.trouble import Trouble, TroubleKind, trouble_body
from devices.kinds import Kind
from tests.contracts.tables.facts import HOME, NOON, OTHER, alert, at, batch, reading, told

pytestmark = pytest.mark.anyio

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
MIDNIGHT = NOON - 12 * HOUR
FORTNIGHT = Period(MIDNIGHT, MIDNIGHT + 14 * DAY)
LIMIT = Limit(id="low", kind=Kind.SPO2, level="red", below=85, clear=88)
AT_NOON = Ask(id="spo2", kind=Kind.SPO2, windows=(Window(begins=time(11), ends=time(13)),))
TWICE_A_WEEK = Ask(id="weight", kind=Kind.BODY_WEIGHT, times_a_week=2)


def plan(seq: int, *asks: Ask, pauses: tuple[Pause, ...] = ()) -> Entry:
    """The entry of a plan that asks for these."""
    schedule = Schedule(timezone="UTC", asks=asks, pauses=pauses)
    body = plan_body(
        Plan(version=seq, approved_at=NOON, approved_by_role="lege", limits=(LIMIT,), schedule=schedule)
    )
    return Entry(seq, NOON, EntryKind.PLAN_APPLIED, body)


def trouble(seq: int, change: Literal["opened", "closed"], minutes: float) -> Entry:
    """The radio goes away or comes back."""
    body = trouble_body(Trouble("t1", TroubleKind.RADIO_AWAY, change, at(minutes)))
    return Entry(seq, NOON, EntryKind.TROUBLE, body)


async def of(tables: Tables, id_: str, period: Period = FORTNIGHT, organisation: str | None = None) -> Tally:
    """The tally of one indicator."""
    found = await tables.indicators(period)
    figures = found.whole if organisation is None else found.by_organisation[organisation]
    return next(each.tally for each in figures if each.id == id_)


async def asked(tables: Tables, period: Period = FORTNIGHT) -> list[tuple[datetime, bool]]:
    """What was due, and whether it came."""
    rows = await tables._ask(lambda transaction: home_rows(transaction, HOME, period))
    return [] if rows is None else sorted(rows.asked)


async def test_nothing_is_no_figure(tables: Tables) -> None:
    """A ward without homes counts nothing, and says no nought."""
    found = await tables.indicators(FORTNIGHT)
    assert found.by_organisation == {}
    assert {each.value for each in found.whole} == {None}


async def test_what_came_within_its_window_was_done(tables: Tables) -> None:
    """By when it was measured, however late it came here; another kind's and one out of time do not count."""
    await tables.commit(batch(plan(1, AT_NOON)), at=MIDNIGHT)
    entries = (
        told(2, reading(1)),
        told(3, reading(2, kind=Kind.PULSE_RATE, minutes=1440)),
        told(4, reading(3, minutes=2 * 1440 + 60)),
        told(5, reading(4, minutes=3 * 1440 - 60)),
    )
    await tables.commit(batch(*entries), at=NOON + 9 * DAY)
    came = await asked(tables, Period(MIDNIGHT, MIDNIGHT + 5 * DAY))
    assert [is_done for _, is_done in came] == [True, False, False, True, False]
    assert came[0][0] == at(60)
    first, second = (
        Period(MIDNIGHT, MIDNIGHT + 3 * DAY), Period(MIDNIGHT + 3 * DAY, MIDNIGHT + 5 * DAY)
    )  # fmt: skip
    assert await asked(tables, first) + await asked(tables, second) == came


async def test_so_many_days_of_a_week(tables: Tables) -> None:
    """The k-th of a week is done once there were k different days before it was due."""
    await tables.commit(batch(plan(1, TWICE_A_WEEK)), at=MIDNIGHT)
    weights = [
        told(2 + place, reading(place, kind=Kind.BODY_WEIGHT, minutes=minutes))
        for place, minutes in enumerate((0, 5, 7 * 1440, 9 * 1440))
    ]
    await tables.commit(batch(*weights), at=NOON + 10 * DAY)
    assert await of(tables, "adherence", Period(MIDNIGHT, MIDNIGHT + 15 * DAY)) == Tally(3, 4)


async def test_each_day_by_the_plan_in_force_and_none_in_a_pause(tables: Tables) -> None:
    """What opened under a plan is asked for by that plan; in a pause nothing is; before a plan neither."""
    await tables.commit(batch(plan(1, AT_NOON)), at=MIDNIGHT + 2 * DAY)
    holiday = Pause(
        first_on=(MIDNIGHT + 6 * DAY).date(), last_on=(MIDNIGHT + 7 * DAY).date(), reason="holiday"
    )
    morning = Ask(id="pulse", kind=Kind.PULSE_RATE, windows=(Window(begins=time(7), ends=time(8)),))
    await tables.commit(batch(plan(2, AT_NOON, morning, pauses=(holiday,))), at=MIDNIGHT + 4 * DAY)
    dues = [due_at for due_at, _ in await asked(tables, Period(MIDNIGHT, MIDNIGHT + 9 * DAY))]
    days = [2, 3, 4, 4, 5, 5, 8, 8]
    assert [(due_at - MIDNIGHT).days for due_at in dues] == days


async def test_alerts_are_timed_by_the_clock_that_was_found_later(tables: Tables) -> None:
    """An alert that a hub without a clock told belongs to the time that became known afterwards."""
    told_wrong = alert(1, "opened", minutes=-40 * 1440)
    entries = (
        Entry(1, told_wrong.at, EntryKind.ALERT, told(1, told_wrong).body, Clock(1, 10.0, "unknown")),
        Entry(
            2, NOON, EntryKind.CLOCK_FOUND,
            found_body(ClockFound(1, 1, 70.0, at(1), "synced", 40 * 86_400.0)), Clock(1, 70.0, "synced"),
        ),
    )  # fmt: skip
    await tables.commit(batch(*entries), at=NOON)
    assert (await of(tables, "alerts")).part == 1
    await tables.keep_handled(
        Handled(home=HOME, matter="limits", act="seen", by=Who("k", "a", Role.NURSE), at=at(30), upto=at(0))
    )
    assert await of(tables, "seen") == Tally(1, 1, 0, {1800: 1})


async def test_a_receipt_for_every_line_but_the_missing_and_the_lost(tables: Tables) -> None:
    """A gap in a home's numbers counts as written and not here; so does what the hub itself has lost."""
    await tables.commit(batch(told(1), told(2), told(5, reading(1))), at=at(2))
    await tables.commit(batch(Entry(6, NOON, EntryKind.LOST, b"{}")), at=at(3))
    await tables.commit(batch(told(1, reading(2, minutes=5)), home=OTHER), at=at(5 + 61))
    assert await of(tables, "receipt") == Tally(4, 7)
    assert await of(tables, "late") == Tally(1, 2, 0, {120: 1, 3660: 1})


async def test_how_late_is_counted_in_both_halves_and_once(tables: Tables) -> None:
    """A period longer than a page, split anywhere, counts each reading once."""
    entries = [told(1 + day, reading(day, minutes=day * 1440)) for day in range(13)]
    await tables.commit(batch(*entries), at=NOON + 13 * DAY)
    whole, middle = await of(tables, "late"), MIDNIGHT + 10 * DAY
    halves = (Period(FORTNIGHT.since, middle), Period(middle, FORTNIGHT.until))
    assert [(await of(tables, "late", half)).whole for half in halves] == [10, 3]
    assert (whole.part, sum(whole.seconds.values())) == (13, 13)


async def test_time_without_a_radio_is_down(tables: Tables) -> None:
    """From when the hub says so until it says that it is over, of the time since it was heard of."""
    await tables.commit(batch(trouble(1, "opened", 10), trouble(2, "closed", 40)), at=NOON)
    assert await of(tables, "downtime", Period(MIDNIGHT, NOON + DAY)) == Tally(1800, 86_400)


async def test_each_organisation_reads_what_it_was_accountable_for(tables: Tables) -> None:
    """Before anybody follows it is nobody's; afterwards theirs; together the whole."""
    await tables.enrol_organisations([Organisation("town", "Ringsaker", "municipality")])
    await tables.commit(batch(told(1, alert(1, "opened")), told(2, alert(2, "opened", minutes=90))), at=NOON)
    await tables.begin_follow_up(HOME, "town", "nurse", NOON + HOUR)
    assert (await of(tables, "alerts", organisation="")).part == 1
    assert (await of(tables, "alerts", organisation="town")).part == 1
    assert (await of(tables, "alerts")).part == 2
