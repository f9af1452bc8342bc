"""The ward's own watch of the schedule: by the hub's arithmetic, later than the hub, and never twice."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from cloud_bridge.backend.asked import CAUGHT_UP_AFTER, PATIENCE, can_be_asked, not_come
from cloud_bridge.backend.standing import Known, Standing, findings
from cloud_bridge.backend.views import HomeState, OpenTrouble, Person
from cloud_bridge.backend.worklist import Followed, silence_of
from cloud_bridge.contract.due import Progress, silence_id
from cloud_bridge.contract.plan import Plan
from cloud_bridge.contract.schedule import Ask, Schedule, Window
from devices.kinds import Kind

BEGAN = datetime(2027, 1, 4, tzinfo=UTC)
SPO2 = Ask(id="spo2", kind=Kind.SPO2, windows=(Window(begins=time(6), ends=time(12)),))
SCHEDULE = Schedule(timezone="UTC", asks=(SPO2, Ask(id="daily", form="daily")))
DUE = BEGAN + timedelta(hours=36)
"""A day after the first noon."""
NONE_CAME = {"spo2": Progress()}
SECOND = timedelta(seconds=1)


def missed(now, came=None, said=()):
    """Return what the ward misses now."""
    return [each.about for each in not_come(SCHEDULE, came or NONE_CAME, {"spo2": BEGAN}, said, now)]


def test_the_ward_speaks_an_hour_after_the_hub_would_have():
    """What the hub says in time, the ward need not say; a form it can't see, and says nothing of."""
    assert missed(DUE + PATIENCE - SECOND) == []
    assert missed(DUE + PATIENCE) == ["spo2"]


def test_what_the_hub_has_said_the_ward_does_not_say_again():
    """An open silence of this ask is enough; one of another ask is not."""
    assert missed(DUE + PATIENCE, said=[silence_id(SPO2, DUE)]) == []
    assert missed(DUE + PATIENCE, said=[silence_id(SCHEDULE.asks[1], DUE)]) == ["spo2"]


def test_what_has_come_is_not_missed():
    """By the same arithmetic as in the hub."""
    came = {"spo2": Progress().came(BEGAN + timedelta(hours=13), SCHEDULE.zone)}
    assert missed(DUE + PATIENCE, came) == []


@pytest.mark.parametrize(
    ("change", "can"),
    [
        ({}, True),
        ({"is_online": False}, False),
        ({"missing_count": 1}, False),
        ({"state_at": None}, False),
        ({"state_at": DUE - CAUGHT_UP_AFTER + SECOND}, False),
    ],
)
def test_a_home_that_may_have_more_to_tell_is_not_asked(change, can):
    """Offline, with gaps, or just back: what has not come may lie in the hub, and its line says so."""
    home = Standing("h", True, DUE - CAUGHT_UP_AFTER, DUE, 0, Known())
    assert can_be_asked(replace(home, **change), DUE) is can


def test_where_the_plan_has_a_schedule_that_alone_says_what_is_silence():
    """On holiday a hub may say nothing for a month, and nobody is told."""
    home = Standing("h", True, BEGAN, BEGAN, 0, Known(), quiet_after_h=None)
    assert list(findings(home, BEGAN + timedelta(days=30))) == []


class Asking(Plan):
    """A plan with a schedule."""

    schedule: Schedule | None = SCHEDULE


def test_the_list_says_what_the_plan_asks_for_and_not_how_old_the_newest_is():
    """With a schedule three quiet days are nothing, and what the ward misses is a line of its own."""
    plan = Asking(version=1, approved_at=BEGAN, approved_by_role="lege", limits=())
    state = HomeState("h", True, BEGAN, BEGAN, 1, 0)
    who = Followed(Person("h", "Kari", 1950), state, plan, (), {}, ())
    now = BEGAN + timedelta(days=3)
    assert silence_of(who, now) is None
    trouble = OpenTrouble("h", "t", "ward", "measurement_missing", "spo2", "due", DUE)
    assert (silence_of(who, now, trouble).why, silence_of(who, now, trouble).since) == (
        "silent_not_come",
        DUE,
    )
    assert silence_of(replace(who, plan=None), now).why == "silent_no_reading_ever"
