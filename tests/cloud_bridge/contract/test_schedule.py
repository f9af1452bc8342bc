"""The schedule: what is asked for when, through daylight saving, pauses and weeks, and what is refused."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from cloud_bridge.contract.due import (
    Progress,
    done_by,
    first_slot,
    next_due,
    overdue,
    pause_at,
    slots_between,
    waits_for,
)
from cloud_bridge.contract.schedule import WHOLE_DAY, Ask, Pause, Schedule, Window
from devices.kinds import Kind
from devices.readings import Quality
from tests.given import reading

OSLO = ZoneInfo("Europe/Oslo")
MORNING = Window(begins=time(6), ends=time(12))
EVENING = Window(begins=time(16), ends=time(22))
NIGHT = Window(begins=time(21), ends=time(9))
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def at(day: int, hour: int = 0, minute: int = 0, month: int = 1) -> datetime:
    """Return a moment of 2027 by the home's clock; the 4th of January is a Monday."""
    return datetime(2027, month, day, hour, minute, tzinfo=OSLO).astimezone(UTC)


def asked(*asks: Ask, pauses: tuple[Pause, ...] = ()) -> Schedule:
    """Return a schedule in Oslo."""
    return Schedule(asks=asks, pauses=pauses)


SPO2 = Ask(id="spo2", kind=Kind.SPO2, windows=(MORNING, EVENING))
WEIGHT = Ask(id="weight", kind=Kind.BODY_WEIGHT, times_a_week=2)
FORM = Ask(id="daily", form="daily", days=("mon", "wed"))
BOTH = asked(SPO2, WEIGHT, FORM)
LONG_AGO = at(4)


def spans(schedule, ask, since, until):
    """Return what was asked for as hours of UTC, day and hour."""
    return [
        (f"{slot.opens_at:%dT%H}", f"{slot.due_at:%dT%H}")
        for slot in slots_between(schedule, ask, since, until)
    ]


def test_twice_a_day_is_two_windows():
    """Each day asks for as much as it has windows, in winter an hour after UTC."""
    assert spans(BOTH, SPO2, at(4), at(5)) == [("04T05", "04T11"), ("04T15", "04T21")]


def test_days_of_the_week_are_the_homes_own():
    """Mondays and Wednesdays, from midnight to midnight in Oslo."""
    assert spans(BOTH, FORM, at(4), at(11)) == [("03T23", "04T23"), ("05T23", "06T23")]


@pytest.mark.parametrize(("month", "day", "hours"), [(3, 28, 23), (10, 31, 25), (6, 6, 24)])
def test_a_day_is_as_long_as_the_clocks_make_it(month, day, hours):
    """When clocks go forward a day has 23 hours, when they go back 25: it is asked for once, all of it."""
    whole = Ask(id="x", kind=Kind.SPO2, windows=(WHOLE_DAY,))
    (slot,) = slots_between(asked(whole), whole, at(day, month=month), at(day, 23, month=month))
    assert slot.due_at - slot.opens_at == hours * HOUR
    following = first_slot(asked(whole), whole, slot.opens_at + timedelta.resolution)
    assert following.opens_at == slot.due_at


@pytest.mark.parametrize(("month", "day"), [(3, 28), (10, 31)])
def test_a_window_in_the_hour_that_comes_twice_or_never_leaves_more_room(month, day):
    """02:15 to 02:45 exists twice in autumn and never in spring: it is not shorter than half an hour."""
    odd = Ask(id="x", kind=Kind.SPO2, windows=(Window(begins=time(2, 15), ends=time(2, 45)),))
    (slot,) = slots_between(asked(odd), odd, at(day, month=month), at(day, 12, month=month))
    assert slot.due_at - slot.opens_at == timedelta(minutes=90)


def test_a_night_ends_on_the_next_day():
    """What ends by the clock before it begins ends tomorrow."""
    night = Ask(id="night", is_night=True, windows=(NIGHT,))
    assert spans(asked(night), night, at(4), at(5)) == [("04T20", "05T08")]


def test_whoever_measures_is_not_silent():
    """What comes in the evening fills the missed morning too; the next thing waited for is tomorrow's."""
    slot = waits_for(BOTH, SPO2, Progress().came(at(5, 17), OSLO), LONG_AGO)
    assert slot.opens_at == at(6, 6)


def test_what_came_too_early_leaves_its_window_open():
    """Between two windows the evening is still asked for."""
    slot = waits_for(BOTH, SPO2, Progress().came(at(5, 13), OSLO), LONG_AGO)
    assert slot.opens_at == at(5, 16)


def test_twice_a_week_is_any_two_days():
    """The first is due when one day is left, the second when none is; twice in one day is once."""
    progress = Progress()
    assert waits_for(BOTH, WEIGHT, progress, LONG_AGO).due_at == at(10)
    progress = progress.came(at(5, 8), OSLO).came(at(5, 20), OSLO)
    assert waits_for(BOTH, WEIGHT, progress, LONG_AGO).due_at == at(11)
    progress = progress.came(at(6, 8), OSLO)
    assert waits_for(BOTH, WEIGHT, progress, LONG_AGO).due_at == at(17)


def test_a_plan_asks_from_the_first_window_that_opens_in_it():
    """In force on a Tuesday at noon: that evening, and weight from the next Monday on."""
    assert waits_for(BOTH, SPO2, Progress(), at(5, 13)).opens_at == at(5, 16)
    assert waits_for(BOTH, WEIGHT, Progress(), at(5, 13)).opens_at == at(11)


def test_nothing_is_asked_for_in_a_pause():
    """Both days are in it, and so is the window that lies half in it."""
    away = Pause(first_on=date(2027, 1, 6), last_on=date(2027, 1, 8), reason="holiday")
    schedule = asked(SPO2, Ask(id="night", is_night=True, windows=(NIGHT,)), pauses=(away,))
    assert waits_for(schedule, SPO2, Progress().came(at(5, 17), OSLO), LONG_AGO).opens_at == at(9, 6)
    assert first_slot(schedule, schedule.asks[1], at(5, 12)).opens_at == at(9, 21)
    assert pause_at(schedule, SPO2, at(8, 23, 59)) == away
    assert pause_at(schedule, SPO2, at(9)) is None


def test_a_pause_without_an_end_asks_for_nothing_any_more():
    """An admission is over when somebody says so."""
    away = Pause(first_on=date(2027, 1, 6), reason="admission")
    schedule = asked(SPO2, pauses=(away,))
    assert waits_for(schedule, SPO2, Progress().came(at(5, 17), OSLO), LONG_AGO) is None
    assert overdue(schedule, SPO2, Progress(), LONG_AGO, at(9)) is None
    assert next_due(schedule, {}, at(7)) == ()


def test_a_pause_may_be_of_one_thing():
    """The scale is at the repairer's; saturation is asked for all the same."""
    away = Pause(first_on=date(2027, 1, 4), reason="other", asks=("weight",))
    schedule = asked(SPO2, WEIGHT, pauses=(away,))
    assert first_slot(schedule, WEIGHT, LONG_AGO) is None
    assert first_slot(schedule, SPO2, LONG_AGO).opens_at == at(4, 6)


def test_what_was_waited_for_before_a_pause_is_not_waited_for_after_it():
    """Nobody is told on the way home from a holiday about the morning before it."""
    away = Pause(first_on=date(2027, 1, 6), last_on=date(2027, 1, 8), reason="holiday")
    schedule = asked(SPO2, pauses=(away,))
    assert overdue(schedule, SPO2, Progress(), LONG_AGO, at(9, 12)) is None
    assert overdue(schedule, SPO2, Progress(), LONG_AGO, at(10, 12)).slot.opens_at == at(9, 6)


def test_grace_is_counted_from_the_end_of_the_window():
    """A day later it is noted, two days later somebody is told; a second before, neither."""
    morning = asked(Ask(id="x", kind=Kind.SPO2, windows=(MORNING,)))
    for hours, level in ((24, "noted"), (48, "yellow")):
        due_at = at(4, 12) + hours * HOUR
        assert overdue(morning, morning.asks[0], Progress(), LONG_AGO, due_at).level == level
        sooner = overdue(morning, morning.asks[0], Progress(), LONG_AGO, due_at - timedelta(seconds=1))
        assert (sooner and sooner.level) == (None if hours == 24 else "noted")


def test_what_is_next_stands_first():
    """Soonest due first; what is done for now gives way to the next time."""
    now = at(4, 8)
    assert [slot.ask for slot in next_due(BOTH, {}, now)] == ["spo2", "daily", "weight"]
    done = {"spo2": Progress().came(at(4, 7), OSLO)}
    assert next((slot.ask, slot.due_at) for slot in next_due(BOTH, done, now)) == ("spo2", at(4, 22))
    assert next_due(asked(), {}, now) == ()


@pytest.mark.parametrize(
    ("quality", "done"),
    [
        ((), "done"),
        ((Quality.POOR_SIGNAL, Quality.LOW_PERFUSION), "done"),
        ((Quality.INVALID,), "tried"),
        ((Quality.SENSOR_FAULT,), "tried"),
        ((Quality.UNKNOWN_USER,), "not this"),
        ((Quality.DEMO,), "not this"),
    ],
)
def test_a_poor_number_is_a_try_and_another_persons_is_nothing(quality, done):
    """A doubtful number is a measurement; none at all was tried; somebody else's says nothing."""
    assert done_by(reading(quality=quality), SPO2) == done
    assert done_by(reading(quality=quality), WEIGHT) == "not this"


def test_what_was_measured_in_a_clinic_is_not_what_the_home_is_asked_for():
    """Somebody else has measured; the home's own is still to come."""
    assert done_by(replace(reading(), setting="clinic"), SPO2) == "not this"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"id": "x"}, "one of kind, form"),
        ({"id": "x", "kind": "spo2", "form": "daily"}, "one of kind, form"),
        ({"id": "x", "kind": "spo2", "days": ["mon", "mon"]}, "once"),
        ({"id": "x", "kind": "spo2", "times_a_week": 2, "days": ["mon"]}, "either times_a_week"),
        ({"id": "x", "kind": "spo2", "noted_after_h": 60}, "yellow_after_h"),
        ({"id": "x", "kind": "spo2", "windows": [{"begins": "16:00", "ends": "17:00"}] * 2}, "order"),
        ({"id": "x", "kind": "spo2", "windows": [{"begins": "16:00Z", "ends": "17:00"}]}, "without a zone"),
    ],
)
def test_what_contradicts_itself_is_refused_with_what_to_write(wrong, says):
    """A schedule that can't be meant says which word is wrong."""
    with pytest.raises(ValidationError, match=says):
        Schedule.model_validate({"asks": [wrong]})


def test_a_schedule_that_cant_be_kept_is_refused():
    """An unknown zone, two asks of one name, a pause of nothing, and one that ends before it begins."""
    one = {"id": "x", "kind": "spo2"}
    for wrong in (
        {"timezone": "Europe/Atlantis"},
        {"asks": [one, one]},
        {"asks": [one], "pauses": [{"first_on": "2027-01-01", "reason": "other", "asks": ["y"]}]},
        {"pauses": [{"first_on": "2027-01-02", "last_on": "2027-01-01", "reason": "other"}]},
        {"pauses": [{"first_on": "2027-01-02", "last_on": "9999-12-31", "reason": "other"}]},
    ):
        with pytest.raises(ValidationError):
            Schedule.model_validate(wrong)


def test_a_schedule_survives_the_wire():
    """Out as JSON and back it is the same, and asks for the same."""
    again = Schedule.model_validate_json(BOTH.model_dump_json())
    assert again == BOTH
    assert next_due(again, {}, at(4)) == next_due(BOTH, {}, at(4))


MOMENTS = st.integers(0, 370 * 24).map(lambda hours: at(4) + hours * HOUR)
ASKS = st.sampled_from(
    [
        SPO2,
        WEIGHT,
        FORM,
        Ask(id="night", is_night=True, windows=(NIGHT,)),
        Ask(id="w", form="w", times_a_week=7),
    ]
)
PAUSES = st.lists(
    st.builds(
        lambda first, days: Pause(
            first_on=date(2027, 1, 4) + first * DAY,
            last_on=date(2027, 1, 4) + (first + days) * DAY,
            reason="other",
        ),
        st.integers(0, 380),
        st.integers(0, 20),
    ),
    max_size=4,
).map(tuple)


@given(ASKS, PAUSES, MOMENTS)
def test_the_first_slot_is_the_first_of_all_that_are_asked_for(ask, pauses, since):
    """Asking for the next one and counting them all agree, whatever pauses and clocks do."""
    schedule = asked(ask, pauses=pauses)
    assert first_slot(schedule, ask, since) == next(slots_between(schedule, ask, since, since + 60 * DAY * 7))


@given(ASKS, PAUSES, st.lists(MOMENTS, max_size=12), st.randoms())
def test_the_order_of_arrival_changes_nothing(ask, pauses, moments, dice):
    """What is told late or twice leads to the same thing waited for."""
    schedule, shuffled = asked(ask, pauses=pauses), [*moments, *moments[:3]]
    dice.shuffle(shuffled)
    in_order, as_told = Progress(), Progress()
    for moment in sorted(moments):
        in_order = in_order.came(moment, OSLO)
    for moment in shuffled:
        as_told = as_told.came(moment, OSLO)
    assert in_order == as_told
    slot = waits_for(schedule, ask, in_order, LONG_AGO)
    assert slot is not None
    assert pause_at(schedule, ask, slot.opens_at) is None
