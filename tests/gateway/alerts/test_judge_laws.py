"""Laws of the judge for any input: it never raises, never forgets, never grows, and alerts pair up."""

import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from cloud_bridge.contract.answers import Answer, Question
from cloud_bridge.contract.bodies import alert_body, alert_from
from cloud_bridge.look.say import reason_said
from cloud_bridge.look.words import WORDS
from devices.kinds import Kind
from devices.readings import Quality, Reading
from gateway.alerts.family import DeviceSeen, Tick
from gateway.alerts.judge import judge, take_plan
from gateway.alerts.state import JudgeState
from tests.gateway.alerts.scenarios import plan_named
from tests.given import NOON, reading

EVERYTHING = plan_named(
    "hypercapnic",
    {
        "rules.pef.is_on": True,
        "rules.news2.is_on": True,
        "conditions.has_heart_failure": True,
        "limits": [{"id": "own", "kind": "spo2", "level": "red", "below": 85, "clear": 86, "in_a_row": 2}],
        "person": {
            "sex": "male",
            "birth_year": 1950,
            "height_cm": 176,
            "equation": "GLI Global 2022",
            "pef_best": {"value": 300, "setting": "home"},
        },
    },
)
STATE_BYTES_MAX = 30_000

moments = st.one_of(
    st.integers(0, 60 * 24 * 200).map(lambda minute: NOON + timedelta(minutes=minute)),
    st.datetimes(timezones=st.just(UTC)),
)
readings = st.builds(
    Reading,
    id=st.integers(0, 10**6).map(str),
    kind=st.sampled_from(Kind),
    value=st.floats(0, 250) | st.floats(),
    device=st.sampled_from(["one", "two"]),
    driver=st.just("x"),
    measured_at=moments,
    received_at=moments,
    quality=st.lists(st.sampled_from(Quality), unique=True, max_size=2).map(tuple),
    grade=st.none() | st.sampled_from("ABCDEUF"),
    setting=st.sampled_from(["home", "clinic"]),
)
answers = st.builds(
    Answer,
    id=st.integers(0, 10**6).map(str),
    question=st.sampled_from([*(each.value for each in Question), "how_was_the_film"]),
    value=st.floats(-1, 15) | st.floats(),
    answered_at=moments,
    received_at=moments,
)
events = st.one_of(
    readings, answers, moments.map(Tick), st.builds(DeviceSeen, st.just("d"), st.just("x"), moments)
)


def judged(happened, plan=EVERYTHING, state=None):
    """Judge these events in order; return the state and every change."""
    state, changes = state or take_plan(plan, JudgeState(), NOON).state, []
    for event in happened:
        verdict = judge(plan, state, event)
        state, changes = verdict.state, [*changes, *verdict.changes]
    return state, changes


@settings(max_examples=150, deadline=None)
@given(st.lists(events, max_size=25))
def test_nothing_makes_the_judge_raise_and_its_memory_survives(happened):
    """Whatever comes, in whatever order and at whatever time: a verdict, and a restart keeps it all."""
    state, changes = judged(happened)
    if any(not -1e9 < getattr(event, "value", 0) < 1e9 for event in happened):
        return  # JSON has no such numbers, and neither have the log and the wire
    assert JudgeState.from_bytes(bytes(state)) == state
    for alert in changes:
        assert alert_from(alert_body(alert)) == alert
        assert reason_said(alert, "nb")
        assert reason_said(alert, "en")


def at(minute, kind=Kind.SPO2, value=90.0, **more):
    """Return a reading of this minute."""
    return replace(reading(value, kind=kind, minute=minute), **more)


plausible = st.lists(
    st.builds(
        at,
        st.integers(0, 60 * 24 * 20),
        st.sampled_from([Kind.SPO2, Kind.PULSE_RATE, Kind.BODY_TEMPERATURE, Kind.BODY_WEIGHT]),
        st.integers(35, 140).map(float),
    ),
    max_size=40,
    unique_by=lambda one: (one.measured_at, one.kind),
)


@settings(max_examples=80, deadline=None)
@given(plausible, st.integers(0, 40))
def test_a_restart_anywhere_changes_no_decision(happened, cut):
    """Judged in one go, or with the state written and read in the middle: the same alerts."""
    happened = sorted(happened, key=lambda one: one.measured_at)
    state, changes = judged(happened)
    before, first = judged(happened[:cut])
    after, rest = judged(happened[cut:], state=JudgeState.from_bytes(bytes(before)))
    assert ([*first, *rest], after) == (changes, state)


@settings(max_examples=80, deadline=None)
@given(plausible)
def test_alerts_open_once_and_close_at_most_once(happened):
    """For each alert: opened, perhaps confirmed, perhaps closed, in this order; of one rule one is open."""
    state, changes = judged(sorted(happened, key=lambda one: one.measured_at))
    by_id = {}
    for alert in changes:
        by_id.setdefault(alert.id, []).append(alert.change)
    for turns in by_id.values():
        assert turns in (["opened"], ["opened", "closed"], ["opened", "confirmed"],
                         ["opened", "confirmed", "closed"])  # fmt: skip
    still_open = {id_ for id_, turns in by_id.items() if turns[-1] != "closed"}
    assert {alert.id for alert in state.open_alerts} == still_open
    assert max(Counter(alert.rule for alert in state.open_alerts).values(), default=1) == 1


@settings(max_examples=60, deadline=None)
@given(plausible, st.randoms(use_true_random=False))
def test_stored_readings_of_one_visit_may_come_in_any_order(happened, dice):
    """A visit is judged by when things were measured: shuffled before it is sorted, it is the same."""
    mixed = list(happened)
    dice.shuffle(mixed)

    def in_order(one):
        return (one.measured_at, one.kind)

    assert judged(sorted(mixed, key=in_order)) == judged(sorted(happened, key=in_order))


@settings(max_examples=60, deadline=None)
@given(plausible)
def test_an_older_reading_that_comes_late_changes_no_alert(happened):
    """What was measured before the newest judged one of its kind is refused, and opens and closes nothing."""
    judgeable = [one for one in happened if one.kind is Kind.SPO2 and one.value >= 70]
    happened = sorted([*judgeable, at(0, value=90.0)], key=lambda one: one.measured_at)
    state, _ = judged(happened)
    late = at(-5, value=80.0, received_at=happened[-1].measured_at + timedelta(minutes=1), id="late")
    by_time_alone = judge(EVERYTHING, state, Tick(late.received_at))
    verdict = judge(EVERYTHING, state, late)
    assert verdict.changes == by_time_alone.changes
    assert {why for rule, why in verdict.refusals if rule != "D2"} <= {"older than what was judged", "stale"}


def test_five_years_leave_a_memory_of_a_few_kilobytes():
    """The state after five years is no larger than after half a year: it is kept with every commit."""
    state = take_plan(EVERYTHING, JudgeState(), NOON).state
    values = {Kind.SPO2: 90, Kind.PULSE_RATE: 90, Kind.BODY_WEIGHT: 90, Kind.FEV1: 0.8, Kind.PEF: 290}
    sizes = {}
    for day in range(5 * 365):
        for kind, value in values.items():
            one = at(day * 1440, kind, float(value), grade="A", id=f"{kind}{day}")
            state = judge(EVERYTHING, state, one).state
        for question in Question:
            when = NOON + timedelta(days=day)
            answer = Answer(
                id=f"{question}{day}", question=question, value=0, answered_at=when, received_at=when
            )
            state = judge(EVERYTHING, state, answer).state
        sizes[day] = len(bytes(state))
    assert sizes[5 * 365 - 1] <= 1.1 * sizes[200] < STATE_BYTES_MAX


def test_every_reason_has_its_words():
    """Each key that a family gives as a reason stands in the table of words."""
    keys = set()
    folder = Path(__file__).parents[3] / "gateway/alerts"
    for file in folder.glob("*.py"):
        keys |= set(re.findall(r'Said\(\s*"(\w+)"', file.read_text()))
    assert len(keys) > 10
    assert {f"why_{key}" for key in keys} <= set(WORDS)


def test_a_time_without_end_is_no_reason_to_fail():
    """An alert opened at the end of the calendar stands without an error."""
    end = datetime(9999, 12, 31, 23, tzinfo=UTC)
    low = at(0, value=60.0, measured_at=end, received_at=end)
    state, _ = judged([replace(low, value=75.0), Tick(end)])
    assert JudgeState.from_bytes(bytes(state)) == state


def test_a_value_that_is_no_number_is_refused_by_every_rule():
    """It opens nothing, is remembered by nobody, and is said to be of poor quality."""
    empty = take_plan(EVERYTHING, JudgeState(), NOON).state
    for kind in Kind:
        for value in (float("nan"), float("inf"), float("-inf")):
            verdict = judge(EVERYTHING, empty, at(0, kind, value, grade="A"))
            assert verdict.changes == ()
            assert {why for rule, why in verdict.refusals if rule not in ("D2", "T3")} <= {"poor quality"}
            assert set(verdict.state.memories) <= {"quality"}
