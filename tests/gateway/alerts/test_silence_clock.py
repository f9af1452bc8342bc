"""Silence and time: nothing opens or closes on a time that nobody vouches for, and no jump does harm."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from cloud_bridge.contract.entries import TRUSTS, Clock
from devices.kinds import Kind
from devices.readings import Quality
from gateway.alerts.silence import open_silences
from gateway.alerts.silence_memory import SilenceMemory, When
from tests.gateway.alerts.silent_home import (
    DAY,
    FORM,
    HOUR,
    SPO2,
    WEIGHT,
    SilentHome,
    at,
    measured,
    pause,
)

SYNCED = Clock(1, 0.0, "synced")
LONG_AGO = datetime(1970, 1, 2, tzinfo=UTC)


def test_a_hub_without_a_road_decides_all_the_same():
    """No time service answers any more, but the box has run on since one did: silence opens and closes."""
    home = SilentHome(SPO2)
    home.clock = SYNCED
    home.look(at(4, 1))
    home.clock = Clock(1, 9e4, "kept")
    home.look(at(6))
    home.hear(measured(at(6, 1)))
    assert home.told == [("opened", "never_heard"), ("closed", "came")]


def test_a_box_that_started_without_a_time_service_opens_nothing():
    """Its clock is plausible, and nobody vouches for it: it may be three days behind or ahead."""
    home = SilentHome(SPO2)
    home.clock = SYNCED
    home.look(at(4, 1))
    home.clock = Clock(2, 60.0, "kept")
    home.start(at(9))
    home.look_hourly(at(9), at(20))
    assert home.found == []
    home.clock = Clock(2, 9e5, "synced")
    home.look(at(20))
    assert home.look(at(20, 1)) == ["opened"]


def test_a_hub_that_knows_no_time_neither_opens_nor_closes():
    """Open stays open, closed stays closed; what comes is counted once the time is known."""
    home = SilentHome(SPO2)
    home.clock = SYNCED
    home.look(at(6))
    home.clock = Clock(2, 100.0, "unknown")
    home.start(LONG_AGO)
    home.look(LONG_AGO + 100 * DAY)
    step = home.hear(measured(LONG_AGO))
    assert step.refusals == (("spo2", "clock unknown"),)
    assert home.told == [("opened", "never_heard")]
    home.clock = Clock(2, 100.0 + 7200, "synced")
    home.look(at(8, 10))
    assert home.told[1:] == [("closed", "came")]
    assert home.found[1].last_at == at(8, 8)


def test_what_came_in_another_start_of_the_box_is_never_dated():
    """It ran for who knows how long in between: the silence goes on, and says that something came."""
    home = SilentHome(SPO2)
    home.clock = Clock(2, 100.0, "unknown")
    home.hear(measured(LONG_AGO))
    home.clock = Clock(3, 500.0, "synced")
    home.look(at(8))
    home.look(at(10, 12))
    assert home.told == [("opened", "undated")]


def test_a_plan_that_came_before_the_time_is_in_force_from_when_it_is_known():
    """Nobody asked for anything in 1970."""
    home = SilentHome(SPO2, since=LONG_AGO)
    home.look(at(4, 13))
    home.look(at(6, 11))
    assert home.found == []
    home.look(at(6, 12))
    assert home.found[0].asked_since_at == at(4, 13)


def test_a_jump_ahead_that_is_taken_back_leaves_nothing_open():
    """A time service was wrong by ten days: what opened says why it closes, and no id comes again."""
    home = SilentHome(SPO2)
    home.hear(measured(at(4, 8)))
    home.start(at(14, 11))
    home.look(at(14, 12))
    home.look(at(4, 10))
    assert home.told == [("opened", "not_done"), ("closed", "time_corrected")]
    home.look(at(6, 12))
    assert home.told[2:] == [("opened", "not_done")]
    assert home.found[2].id != home.found[0].id


def test_a_jump_ahead_waits_as_after_a_start():
    """The hub was a week behind: what devices kept meanwhile may still come."""
    home = SilentHome(SPO2)
    home.hear(measured(at(4, 8)))
    home.start(at(11, 9))
    assert home.look(at(11, 9, 30)) == []


def test_what_was_measured_in_a_false_future_silences_nothing_for_long():
    """Dated a year ahead by a wrong clock, it counts as done now, once the clock is right."""
    home = SilentHome(SPO2)
    home.hear(measured(at(4, 8) + 365 * DAY))
    home.look(at(4, 9))
    home.look(at(6, 12))
    assert home.told == [("opened", "not_done")]
    assert home.found[0].last_at == at(4, 9)


def test_a_jump_back_opens_nothing_and_asks_for_nothing_twice():
    """The hub was a week ahead; what is in force and what was done lie in the past again."""
    home = SilentHome(SPO2, since=at(11, 7))
    home.hear(measured(at(11, 8)))
    home.look_hourly(at(4, 8), at(6, 12))
    assert home.found == []
    assert home.look(at(6, 12)) == ["opened"]


MOMENTS = st.integers(-100, 24 * 60).map(lambda hours: at(4) + hours * HOUR)
WHENS = st.builds(
    lambda now, boot, uptime_s, trust: When(now, Clock(boot, uptime_s, trust)),
    MOMENTS | st.just(LONG_AGO) | st.just(datetime.max.replace(tzinfo=UTC)),
    st.integers(1, 3),
    st.floats(0, 1e7),
    st.sampled_from(TRUSTS),
)
READINGS = st.builds(
    lambda moment, kind, quality: measured(moment, kind=kind, quality=quality),
    MOMENTS | st.just(LONG_AGO) | st.just(datetime.min.replace(tzinfo=UTC)),
    st.sampled_from([Kind.SPO2, Kind.BODY_WEIGHT, Kind.BATTERY_LEVEL, Kind.FEV1]),
    st.lists(st.sampled_from(Quality), max_size=2).map(tuple),
)


@given(
    st.lists(st.tuples(WHENS, READINGS | st.sampled_from(["look", "start", "daily", "plan"])), max_size=20)
)
def test_whatever_happens_openings_and_closings_alternate_and_nothing_raises(events):
    """Any readings under any clocks: each ask has at most one silence open, and the memory stays small."""
    home = SilentHome(SPO2, WEIGHT, FORM, pauses=(pause(20, 22),))
    for when, event in events:
        home.clock = when.clock
        if event == "look":
            home.look(when.now)
        elif event == "start":
            home.start(when.now)
        elif event == "daily":
            home.answer("daily", when.now)
        elif event == "plan":
            home.new_plan(SPO2, WEIGHT, FORM, now=when.now)
        else:
            home.hear(event, when.now)
    for ask in ("spo2", "weight", "daily"):
        changes = [finding.change for finding in home.found if finding.ask == ask]
        turns = [change for change in changes if change != "raised"]
        assert turns == ["opened", "closed"] * (len(turns) // 2) + ["opened"] * (len(turns) % 2)
        assert (ask in dict(open_silences(home.memory))) == (len(turns) % 2 == 1)
    assert len(bytes(home.memory)) < 5000
    assert SilenceMemory.from_bytes(bytes(home.memory)) == home.memory


@given(st.lists(MOMENTS.filter(lambda moment: moment > at(4)), max_size=12), st.randoms())
def test_the_order_in_which_a_memory_is_told_changes_nothing(moments, dice):
    """Stored readings in any order leave the same silences open."""
    open_then = []
    for _ in range(2):
        home = SilentHome(SPO2, WEIGHT)
        for moment in moments:
            home.hear(measured(moment, quality=(Quality.FROM_STORAGE,)), at(8, month=3))
            home.hear(
                measured(moment, 70.0, kind=Kind.BODY_WEIGHT, quality=(Quality.FROM_STORAGE,)), at(8, month=3)
            )
        home.look(at(8, month=3) + timedelta(minutes=1))
        open_then.append([(ask, each.due_at, each.level) for ask, each in open_silences(home.memory)])
        dice.shuffle(moments)
    assert open_then[0] == open_then[1]
