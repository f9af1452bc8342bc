"""Silence (D1): what the plan asks for and does not come is told after its grace, and only then."""

from datetime import time, timedelta

import pytest

from cloud_bridge.contract.due import silence_of_ask
from devices.kinds import Kind
from devices.readings import Quality
from gateway.alerts.silence_memory import SilenceMemory
from tests.gateway.alerts.silent_home import (
    DAY,
    FORM,
    HOUR,
    MORNING,
    SPO2,
    WEIGHT,
    SilentHome,
    at,
    measured,
    pause,
)  # fmt: skip

SECOND = timedelta(seconds=1)


def test_what_does_not_come_is_noted_after_a_day_and_told_after_two():
    """Noted as not reported, raised to yellow, closed by the reading: one silence with one id."""
    home = SilentHome(SPO2)
    home.hear(measured(at(4, 8)))
    assert home.look(at(6, 12) - SECOND) == []
    assert home.look(at(6, 12)) == ["opened"]
    assert home.look(at(7, 12) - SECOND) == []
    assert home.look(at(7, 12)) == ["raised"]
    assert home.look(at(9, 12)) == []
    came = measured(at(9, 13))
    home.hear(came)
    noted, raised, closed = home.found
    assert (noted.level, noted.severity, noted.code, noted.why) == ("noted", 0, "5.3.2", "not_done")
    assert (raised.level, raised.severity, raised.due_at) == ("yellow", 20, at(5, 12))
    assert (closed.why, closed.reading, closed.last_at) == ("came", came.id, at(9, 13))
    assert {finding.id for finding in home.found} == {f"{noted.rule}-{noted.cause}"}
    assert (noted.rule, silence_of_ask(noted.id)) == ("silence-spo2", "spo2")


def test_who_measures_is_never_told_of():
    """A measurement a day, a little late or early, and nothing ever opens."""
    home = SilentHome(SPO2)
    for day in range(4, 30):
        home.hear(measured(at(day, 5 + day % 4 * 3)))
        home.look_hourly(at(day, 12), at(day + 1))
    assert home.found == []


def test_a_form_that_is_not_answered_has_a_code_of_its_own():
    """Answers close it, and a measurement does not."""
    home = SilentHome(FORM)
    home.look(at(6))
    home.hear(measured(at(6, 1)))
    assert [(finding.change, finding.code) for finding in home.found] == [("opened", "5.3.1")]
    home.answer("daily", at(6, 2))
    assert home.told[-1] == ("closed", "came")


def test_pauses_ask_for_nothing_and_end_what_was_open():
    """A holiday closes what was open; what comes after it has its whole grace again."""
    home = SilentHome(SPO2)
    home.look(at(6))
    home.new_plan(SPO2, now=at(6, 8), pauses=(pause(6, 12),))
    home.look_hourly(at(6, 9), at(14, 12))
    assert home.told == [("opened", "never_heard"), ("closed", "paused")]
    assert home.look(at(14, 12)) == ["opened"]
    assert home.found[-1].due_at == at(13, 12)


@pytest.mark.parametrize("month_day", [(3, 27), (10, 30)])
def test_daylight_saving_moves_the_window_with_the_homes_clock(month_day):
    """The window before and the one after the change are both due at noon by the wall; grace is in hours."""
    month, day = month_day
    home = SilentHome(SPO2, since=at(day, 1, month=month))
    home.hear(measured(at(day, 8, month=month)))
    home.look_hourly(at(day, 9, month=month), at(day + 1, 12, month=month) + DAY)
    assert home.found == []
    assert home.look(at(day + 1, 12, month=month) + DAY) == ["opened"]
    assert home.found[0].due_at == at(day + 1, 12, month=month)


def test_a_restart_forgets_nothing_and_waits_for_what_devices_have_kept():
    """An hour after the start it says what it would have said; what was open stays open with its id."""
    home = SilentHome(SPO2)
    home.look(at(4, 13))
    home.start(at(8))
    assert home.look(at(8, 0, 59)) == []
    assert home.look(at(8, 1)) == ["opened"]
    home.start(at(9))
    assert home.look(at(9)) == []
    home.hear(measured(at(9, 0, 1)))
    assert home.told == [("opened", "never_heard"), ("closed", "came")]
    assert home.found[0].id == home.found[1].id


def test_what_devices_kept_while_the_hub_was_off_is_no_silence():
    """Three days off; the oximeter tells its memory within the hour, and nobody is told of anything."""
    home = SilentHome(SPO2)
    home.hear(measured(at(4, 8)))
    home.start(at(8, 7))
    home.look(at(8, 7, 5))
    for day in (5, 6, 7):
        home.hear(measured(at(day, 8), received_at=at(8, 7, 9), quality=(Quality.FROM_STORAGE,)))
    home.look_hourly(at(8, 8), at(9, 12))
    assert home.found == []


def test_a_plan_that_changes_in_the_middle_asks_for_the_new_and_goes_on_with_the_rest():
    """The same ask keeps its silence; another rhythm begins anew, and what is dropped is over."""
    home = SilentHome(SPO2, FORM, WEIGHT)
    home.look(at(6))
    assert sorted(finding.ask for finding in home.found) == ["daily", "spo2"]
    home.found.clear()
    until_eleven = MORNING.model_copy(update={"ends": time(11)})
    home.new_plan(SPO2.model_copy(update={"windows": (until_eleven,)}), WEIGHT, now=at(6, 13))
    assert sorted((finding.ask, finding.why) for finding in home.found) == [
        ("daily", "not_asked"),
        ("spo2", "not_asked"),
    ]
    home.found.clear()
    home.look_hourly(at(6, 14), at(8, 11))
    assert home.found == []
    assert home.look(at(8, 11)) == ["opened"]
    assert home.found[0].asked_since_at == at(6, 13)


def test_a_hand_over_changes_nothing_of_a_silence():
    """The municipality's plan asks for the same: the hospital's open silence is not opened twice."""
    home = SilentHome(SPO2)
    home.look(at(6))
    home.new_plan(SPO2, FORM, now=at(6, 10))
    home.look(at(6, 11))
    home.hear(measured(at(6, 11, 30)))
    assert home.told == [("opened", "never_heard"), ("closed", "came")]


def test_an_admission_that_begins_and_ends_with_a_hand_over():
    """Admitted without an end, home again by the next plan: asked for from the next morning on."""
    home = SilentHome(SPO2)
    home.hear(measured(at(4, 8)))
    home.new_plan(SPO2, now=at(5, 9), pauses=(pause(5, None, "admission"),))
    home.look_hourly(at(5, 10), at(20))
    home.new_plan(SPO2, now=at(20, 9), pauses=(pause(5, 19, "admission"),))
    home.look_hourly(at(20, 10), at(21, 12))
    assert home.found == []
    assert home.look(at(21, 12)) == ["opened"]


def test_a_plan_with_nothing_due_says_nothing():
    """No asks, or none of what is measured: readings and time pass, and nothing is kept of them."""
    home = SilentHome()
    home.hear(measured(at(4, 8)))
    home.look_hourly(at(4), at(9))
    assert (home.found, home.memory.asks) == ([], {})


def test_a_device_that_said_it_was_low_is_named_as_the_reason():
    """Low by its own flag or by its battery level; a fresh one is no reason any more."""
    for told in (
        [measured(at(4, 8), quality=(Quality.LOW_BATTERY,))],
        [measured(at(4, 8)), measured(at(4, 8, 1), 9.0, kind=Kind.BATTERY_LEVEL)],
    ):
        home = SilentHome(SPO2)
        for one in told:
            home.hear(one)
        home.look(at(6, 12))
        assert home.told == [("opened", "battery_low")]
        assert home.found[0].device == told[0].device
    home.hear(measured(at(6, 13)))
    home.hear(measured(at(6, 13, 1), 95.0, kind=Kind.BATTERY_LEVEL))
    home.look(at(8, 12))
    assert home.told[-1] == ("opened", "not_done")


def test_a_device_that_was_never_paired_has_never_been_heard():
    """It is said so, and counted from when the plan came into force."""
    home = SilentHome(SPO2, since=at(5, 13))
    home.look_hourly(at(5, 13), at(7, 12))
    assert home.found == []
    home.look(at(7, 12))
    (found,) = home.found
    assert (found.why, found.asked_since_at, found.last_at, found.device) == (
        "never_heard",
        at(5, 13),
        None,
        "",
    )


def test_of_two_devices_of_one_kind_either_will_do():
    """The one that is empty is no silence while the other measures; the one heard last is named."""
    home = SilentHome(SPO2)
    home.hear(measured(at(4, 8), quality=(Quality.LOW_BATTERY,)))
    for day in (5, 6, 7):
        home.hear(measured(at(day, 8), device="the other"))
    home.look_hourly(at(7, 9), at(9, 12))
    assert home.found == []
    home.look(at(9, 12))
    assert (home.found[0].device, home.found[0].why) == ("the other", "not_done")


def test_a_reading_without_a_number_does_not_end_a_silence_but_says_that_somebody_tried():
    """Sensor fault: not done, and the reason says it; a weak signal with a number is done."""
    home = SilentHome(SPO2)
    step = home.hear(measured(at(4, 8), quality=(Quality.SENSOR_FAULT,)))
    assert step.refusals == (("spo2", "poor quality"),)
    home.look(at(6))
    assert home.told == [("opened", "no_number")]
    home.hear(measured(at(6, 1), quality=(Quality.UNKNOWN_USER,)))
    assert len(home.found) == 1
    home.hear(measured(at(6, 2), quality=(Quality.POOR_SIGNAL,)))
    assert home.told[-1] == ("closed", "came")


def test_an_old_reading_that_fills_the_gap_late_ends_the_silence():
    """It came from a memory, measured in time: what was said is taken back."""
    home = SilentHome(SPO2)
    home.look(at(5, 12))
    late = measured(at(4, 8), received_at=at(5, 13), quality=(Quality.FROM_STORAGE,))
    home.hear(late)
    assert home.told == [("opened", "never_heard"), ("closed", "came")]


def test_an_old_reading_that_fills_only_the_older_gap_ends_nothing():
    """Since then more was missed: the same silence stays open, without a word."""
    home = SilentHome(SPO2)
    home.look(at(8))
    home.hear(measured(at(4, 8), received_at=at(8, 1), quality=(Quality.FROM_STORAGE,)))
    assert home.told == [("opened", "never_heard")]


def test_what_nobody_can_date_does_not_count_and_is_said():
    """A memory without a clock: it may be from last year."""
    home = SilentHome(SPO2)
    undated = measured(at(4, 13), quality=(Quality.FROM_STORAGE, Quality.TIME_UNCERTAIN))
    assert home.hear(undated).refusals == (("spo2", "undated"),)
    home.look(at(6))
    assert home.told == [("opened", "undated")]


def test_twice_a_week_is_told_of_once_it_can_no_longer_be_done():
    """One weighing in a week: noted a day after Sunday; two in the next week end it at the first."""
    home = SilentHome(WEIGHT)
    home.hear(measured(at(5, 8), 70.0, kind=Kind.BODY_WEIGHT))
    home.look_hourly(at(5, 9), at(12))
    assert home.found == []
    assert home.look(at(12)) == ["opened"]
    home.hear(measured(at(12, 8), 70.0, kind=Kind.BODY_WEIGHT))
    assert home.told[-1] == ("closed", "came")


def test_the_memory_does_not_grow():
    """Two years of readings and looks later it has as many words as after a week."""
    home = SilentHome(SPO2, WEIGHT, FORM)
    sizes = []
    for day in range(2 * 365):
        moment = at(4, 8) + day * DAY
        home.hear(measured(moment))
        home.hear(measured(moment, 70.0, kind=Kind.BODY_WEIGHT))
        home.answer("daily", moment + HOUR)
        home.look(moment + 2 * HOUR)
        sizes.append(len(bytes(home.memory)))
    assert max(sizes) <= sizes[6] + 10
    assert SilenceMemory.from_bytes(bytes(home.memory)) == home.memory
