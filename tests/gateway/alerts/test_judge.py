"""The judge: opens and closes in turn, says why, and refuses rather than guesses."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from devices.kinds import Kind
from devices.readings import Quality
from gateway.alerts.judge import judge, take_plan
from gateway.alerts.state import JudgeState
from tests.given import NOON, PULSE_HIGH, SPO2_LOW, SPO2_RED, plan, reading

PLAN = plan(SPO2_LOW, SPO2_RED, PULSE_HIGH)


def judged(values, state=None, the_plan=PLAN):
    """Judge these SpO2 values, a minute apart; return the last state and all changes."""
    state, changes = state or JudgeState(), []
    for minute, value in enumerate(values):
        verdict = judge(the_plan, state, reading(value, minute=minute))
        state = verdict.state
        changes += verdict.changes
    return state, changes


def test_a_value_under_the_limit_opens_an_alert_that_says_why():
    """The alert carries rule, level, plan version, the reading behind it and a reason in plain words."""
    _, (alert,) = judged([91, 87])
    assert (alert.rule, alert.level, alert.change, alert.plan_version) == ("spo2_low", "yellow", "opened", 1)
    assert alert.readings == (reading(87, minute=1).id,)
    assert "87" in alert.reason
    assert "88" in alert.reason
    assert "91" in alert.reason


def test_the_limit_itself_is_still_within():
    """Exactly at the limit nobody is told."""
    assert judged([88, 88.0])[1] == []


def test_an_open_alert_is_not_opened_again():
    """Ten low readings are one alert, not ten."""
    assert len(judged([87] * 10)[1]) == 1


def test_an_alert_closes_only_past_its_clear_value():
    """Between limit and clear value nothing flickers; at the clear value the alert closes with a reason."""
    opened, closed = judged([87, 88, 88.5, 89])[1]
    assert (closed.id, closed.change) == (opened.id, "closed")
    assert "89" in closed.reason


def test_red_needs_as_many_in_a_row_as_the_plan_says():
    """One slip of the finger is yellow at most; a good reading between starts the count anew."""
    assert [alert.rule for alert in judged([84, 92, 84])[1]].count("spo2_low_red") == 0
    red = [alert for alert in judged([84, 83])[1] if alert.level == "red"]
    assert [alert.because.values for alert in red] == [(84, 83)]
    assert len(red[0].readings) == 2


def test_a_limit_above_works_as_one_below():
    """Too high a pulse opens, and closes under its clear value."""
    state, changes = JudgeState(), []
    for minute, value in enumerate([110, 111, 106, 105]):
        verdict = judge(PLAN, state, reading(value, kind=Kind.PULSE_RATE, minute=minute))
        state, changes = verdict.state, [*changes, *verdict.changes]
    assert [(alert.change, alert.because.values) for alert in changes] == [
        ("opened", (111,)),
        ("closed", (105,)),
    ]


def test_a_stale_reading_is_refused_and_said():
    """What was measured three days ago opens nothing today; the refusal is a value."""
    verdict = judge(PLAN, JudgeState(), reading(70, late_s=3 * 86400))
    assert verdict.changes == ()
    assert {why for _, why in verdict.refusals} == {"stale"}


def test_a_poor_reading_is_refused():
    """A reading that the device calls invalid is kept, but nobody is told because of it."""
    for flag in (Quality.INVALID, Quality.DEMO, Quality.CALIBRATING, Quality.SENSOR_FAULT):
        verdict = judge(PLAN, JudgeState(), reading(70, quality=(flag,)))
        assert (verdict.changes, {why for _, why in verdict.refusals}) == ((), {"poor quality"})


def test_an_older_reading_does_not_undo_a_newer_one():
    """A memory told late can't close what a newer reading opened."""
    state, _ = judged([91, 91, 91, 87])
    verdict = judge(PLAN, state, reading(95, minute=1))
    assert verdict.changes == ()
    assert verdict.state == state
    assert {why for _, why in verdict.refusals} == {"older than what was judged"}


def test_other_kinds_do_not_touch_a_limit():
    """A weight of 70 is no saturation of 70."""
    verdict = judge(PLAN, JudgeState(), reading(70, kind=Kind.BODY_WEIGHT))
    assert (verdict.changes, verdict.state) == ((), JudgeState())


def test_a_new_plan_closes_what_it_no_longer_knows():
    """An alert whose limit is gone closes and names the plan; others stay open under the new version."""
    state, _ = judged([84, 83])
    verdict = take_plan(plan(SPO2_RED, version=2), state, NOON)
    assert [(alert.rule, alert.change) for alert in verdict.changes] == [("spo2_low", "closed")]
    assert "versjon 2" in verdict.changes[0].reason
    assert [alert.rule for alert in verdict.state.open_alerts] == ["spo2_low_red"]
    assert verdict.state.plan_version == 2


def test_red_stands_before_yellow():
    """The most urgent alert comes first."""
    state, _ = judged([84, 83])
    assert [alert.level for alert in state.open_alerts] == ["red", "yellow"]


@given(st.lists(st.integers(70, 100), max_size=30), st.integers(0, 30))
def test_a_restart_changes_no_decision(values, cut):
    """The state written with the log and read again decides as the one in memory does."""
    state, changes = judged(values)
    before, first = judged(values[:cut])
    resumed = JudgeState.from_bytes(bytes(before))
    assert resumed == before
    rest = []
    for minute, value in enumerate(values[cut:], start=min(cut, len(values))):
        verdict = judge(PLAN, resumed, reading(value, minute=minute))
        resumed, rest = verdict.state, [*rest, *verdict.changes]
    assert ([*first, *rest], resumed) == (changes, state)


@given(st.lists(st.floats(0, 100), max_size=40))
def test_alerts_open_and_close_in_turn(values):
    """For any values, each alert opens once and closes at most once, and the open ones are the state's."""
    state, changes = judged(values)
    for rule in ("spo2_low", "spo2_low_red"):
        turns = [(alert.id, alert.change) for alert in changes if alert.rule == rule]
        assert [change for _, change in turns] == ["opened", "closed"] * (len(turns) // 2) + ["opened"] * (
            len(turns) % 2
        )
        assert all(turns[i][0] == turns[i + 1][0] for i in range(0, len(turns) - 1, 2))
    is_open = {alert.id for alert in changes} - {alert.id for alert in changes if alert.change == "closed"}
    assert {alert.id for alert in state.open_alerts} == is_open


def test_an_empty_memory_is_an_empty_state():
    """Before the first commit the judge knows nothing."""
    assert JudgeState.from_bytes(None) == JudgeState()
    assert replace(JudgeState(), plan_version=1) != JudgeState()
