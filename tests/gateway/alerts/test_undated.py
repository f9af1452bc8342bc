"""Judging without a time: what is measured now can open a red alert, undatable history opens nothing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.readings import Quality
from gateway.alerts.judge import judge
from gateway.alerts.state import JudgeState
from tests.given import NOON, SPO2_RED, plan, reading

RED = plan(SPO2_RED)
LONG_AGO = datetime(1970, 1, 2, tzinfo=UTC)
DECADE = timedelta(days=3652)


def live(value: float, at: datetime):
    """Return a reading of a device without a clock, as it comes in at this hub time."""
    return replace(reading(value), id=f"{value}@{at}", measured_at=at, received_at=at)


def judged(*readings):
    """Judge them in order of arrival; return the last state, and what opened and closed."""
    state, changes = JudgeState(), []
    for one in readings:
        verdict = judge(RED, state, one)
        state, changes = verdict.state, [*changes, *(alert.change for alert in verdict.changes)]
    return state, changes


def test_a_live_reading_without_a_time_can_open_a_red_alert():
    """A box that has lost its time still tells when the patient is ill, however much was judged before."""
    seconds = [LONG_AGO + timedelta(seconds=second) for second in (5, 65)]
    assert judged(live(91, NOON), *(live(80, at) for at in seconds))[1] == ["opened"]


def test_order_of_arrival_counts_where_there_is_no_time():
    """Two boots without a time, the later one with the smaller uptime: what came last was measured last."""
    first = [LONG_AGO + timedelta(seconds=second) for second in (500, 560)]
    later = [LONG_AGO + timedelta(seconds=second) for second in (5, 65)]
    low, good = [live(80, at) for at in first], [live(95, at) for at in later]
    assert judged(*low, *good)[1] == ["opened", "closed"]


def test_a_time_without_credit_moves_no_memory():
    """After a spell without time a device's old memory is still older than what was judged before."""
    state, _ = judged(live(91, NOON), live(91, LONG_AGO))
    old = replace(reading(80), measured_at=NOON - timedelta(hours=1), received_at=NOON + timedelta(hours=1))
    assert {why for _, why in judge(RED, state, old).refusals} == {"older than what was judged"}
    at_1970 = replace(old, received_at=LONG_AGO)
    assert {why for _, why in judge(RED, state, at_1970).refusals} == {"older than what was judged"}


@given(st.floats(3600, 3652 * 86_400.0))
def test_a_clock_that_ran_ahead_silences_nobody(ahead_s):
    """What was judged hours or ten years ahead is no measure for what comes once the clock is right."""
    ahead = NOON + timedelta(seconds=ahead_s)
    after = [NOON + timedelta(minutes=minute) for minute in (6, 7)]
    assert judged(live(91, ahead), *(live(80, at) for at in after))[1] == ["opened"]


@pytest.mark.parametrize("at", [NOON, LONG_AGO])
def test_undatable_history_opens_nothing(at):
    """A record from a device's memory whose time nobody knows is kept and shown, and tells nobody."""
    quality = (Quality.FROM_STORAGE, Quality.TIME_UNCERTAIN)
    for value in (70, 71):
        verdict = judge(RED, JudgeState(), replace(live(value, at), quality=quality))
        assert (verdict.changes, {why for _, why in verdict.refusals}) == ((), {"undated"})


def test_a_device_whose_clock_was_never_set_is_still_heard():
    """Uncertain about the time is not silent about the patient: what it measures now is judged."""
    uncertain = [replace(live(80 + n, NOON), quality=(Quality.TIME_UNCERTAIN,)) for n in (0, 1)]
    assert judged(*uncertain)[1] == ["opened"]


def test_history_that_a_device_dated_is_judged_as_before():
    """A memory with times of its own is judged by them."""
    stored = [replace(reading(80, minute=n), quality=(Quality.FROM_STORAGE,)) for n in (0, 1)]
    assert judged(*stored)[1] == ["opened"]


def test_a_clock_ahead_by_less_than_the_tolerance_is_a_clock():
    """Small differences between two clocks stay small: the older reading is not judged."""
    state, _ = judged(live(91, NOON + timedelta(seconds=200)))
    assert {why for _, why in judge(RED, state, live(80, NOON)).refusals} == {"older than what was judged"}
    assert judge(RED, judged(live(91, NOON + DECADE))[0], live(80, NOON)).refusals == ()
