"""The hub's time: believed when confirmed, carried on when the box jumps, and never guessed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from cloud_bridge.contract.dating import moved, shift_of
from gateway.clock import BEHIND_S_MAX, JUMP_S, ClockState, Tick, look, restored
from tests.given import NOON

DAY_S = 86_400.0
TEN_YEARS_S = 10 * 365 * DAY_S
jumps_s = st.floats(-TEN_YEARS_S, TEN_YEARS_S)


def tick(uptime_s: float, *, off_s: float = 0.0, is_synced: bool = False, at: datetime | None = None) -> Tick:
    """Return what a box shows that started at noon and is off by so much."""
    shown = NOON + timedelta(seconds=uptime_s + off_s) if at is None else at
    return Tick("boot", shown, uptime_s, is_synced)


def nothing(uptime_s: float) -> Tick:
    """Return what a box without any time shows."""
    return tick(uptime_s, at=datetime.fromtimestamp(uptime_s, UTC))


def trust_after(*ticks: Tick, newest: datetime | None = None) -> str:
    """Return how far the clock is trusted after these looks."""
    state = ClockState(1, 1, newest)
    for one in ticks:
        state, _ = look(state, one)
    return state.clock(ticks[-1].uptime_s).trust


def test_a_box_in_1970_knows_no_time():
    """Before the first credible year nothing is believed, whoever confirms it."""
    assert trust_after(nothing(5)) == "unknown"
    assert trust_after(replace(nothing(5), is_synced=True)) == "unknown"


def test_a_clock_behind_the_log_went_back():
    """What is older than the newest entry by more than minutes is no time; a little is no matter."""
    later = NOON + timedelta(seconds=BEHIND_S_MAX)
    assert trust_after(tick(0), newest=later) == "kept"
    assert trust_after(tick(0), newest=later + timedelta(seconds=1)) == "unknown"
    assert trust_after(tick(0, is_synced=True), newest=later + timedelta(days=3650)) == "synced"


def test_a_clock_years_ahead_of_the_log_was_set_wrong():
    """Found by the simulation: a box of 1970 that jumps to 2037 is not believed unless it is confirmed."""
    assert trust_after(nothing(5), tick(900, off_s=TEN_YEARS_S), newest=NOON) == "unknown"
    assert trust_after(nothing(5), tick(900, off_s=TEN_YEARS_S, is_synced=True), newest=NOON) == "synced"
    assert trust_after(nothing(5), tick(900, off_s=300 * DAY_S), newest=NOON) == "kept"


def test_only_a_time_service_confirms():
    """A plausible clock is kept; it is synced while a service says so, and kept again when that ends."""
    assert trust_after(tick(0)) == "kept"
    assert trust_after(tick(0), tick(9, is_synced=True)) == "synced"
    assert trust_after(tick(0, is_synced=True), tick(9)) == "kept"


def test_boots_without_time_never_share_a_moment():
    """Two boots that know no time stand on days of their own, both long before any credible year."""
    moments = [look(ClockState(boot, 1), nothing(7))[0].now(7) for boot in (1, 2)]
    assert len(set(moments)) == 2
    assert all(moment.year < 2026 for moment in moments)


@given(jump_s=jumps_s, uptimes_s=st.lists(st.floats(0, 1e6), min_size=3, max_size=3).map(sorted))
def test_a_jump_that_nobody_confirms_moves_nothing(jump_s, uptimes_s):
    """Ten years to either side: the hub counts on, and no entry is off by more than the tolerance."""
    state, _ = look(ClockState(1, 1), tick(uptimes_s[0], is_synced=True))
    state, found = look(state, tick(uptimes_s[1], off_s=jump_s))
    error_s = (state.now(uptimes_s[2]) - tick(uptimes_s[2]).at).total_seconds()
    assert abs(error_s) <= JUMP_S
    assert found is None
    assert (state.refused is not None) == (abs(jump_s) > JUMP_S)


@given(jump_s=st.floats(-300 * DAY_S, -JUMP_S - 1) | st.floats(JUMP_S + 1, TEN_YEARS_S))
def test_a_confirmed_jump_is_followed_and_noted(jump_s):
    """What a time service says holds, forth and back, and the log is told by how much it moved."""
    state, _ = look(ClockState(1, 1), tick(0))
    state, found = look(state, tick(60, off_s=jump_s, is_synced=True))
    assert found is not None
    assert abs(found.offset_s - jump_s) < 0.001
    assert state.now(60) == found.at == tick(60, off_s=jump_s).at


def test_a_clock_that_is_put_right_gently_is_no_jump():
    """A time service that turns the clock by seconds is followed without a word in the log."""
    state, _ = look(ClockState(1, 1), tick(0))
    for step in range(1, 20):
        state, found = look(state, tick(10.0 * step, off_s=2.0 * step))
        assert (found, state.refused) == (None, None)
    assert state.now(190) == tick(190, off_s=38).at


@given(
    entries_s=st.lists(st.floats(0, 9e5), min_size=1, max_size=20).map(sorted),
    found_s=st.floats(9e5, 1e6),
    trust=st.booleans(),
)
def test_what_was_unknown_is_dated_when_the_time_comes_back(entries_s, found_s, trust):
    """However long it took: each entry of the boot moves to when it was, to the millisecond."""
    state, _ = look(ClockState(3, 1), nothing(0))
    kept = [(seq, state.now(one_s), state.clock(one_s)) for seq, one_s in enumerate(entries_s, start=1)]
    state, found = look(state, tick(found_s, is_synced=trust))
    assert found is not None
    told = [(len(kept) + 1, found)]
    for (seq, at, clock), one_s in zip(kept, entries_s, strict=True):
        shift = shift_of(seq, at, clock, told)
        assert shift is not None
        assert abs((moved(at, shift) - tick(one_s).at).total_seconds()) < 0.001


def test_a_better_word_counts_more_than_an_earlier_one():
    """A kept clock that a service corrects later dates what was unknown and what was kept, in any order."""
    state, _ = look(ClockState(1, 1), nothing(0))
    unknown = (1, state.now(5), state.clock(5))
    state, guessed = look(state, tick(60, off_s=-86_400))
    kept = (3, state.now(70), state.clock(70))
    state, sure = look(state, tick(120, is_synced=True))
    told = [(4, sure), (2, guessed)]
    for (seq, at, clock), true_s in ((unknown, 5), (kept, 70)):
        for words in (told, told[::-1]):
            shift = shift_of(seq, at, clock, words)
            assert abs((moved(at, shift) - tick(true_s).at).total_seconds()) < 0.001


def test_no_word_dates_another_boot_or_what_comes_later():
    """Running times of two boots can't be compared; what is known already is left alone."""
    state, _ = look(ClockState(2, 5), nothing(0))
    _, found = look(state, tick(60, is_synced=True))
    at, clock = state.now(5), state.clock(5)
    assert shift_of(7, at, clock, [(9, found)]) is not None
    assert shift_of(7, at, replace(clock, boot=1), [(9, found)]) is None
    assert shift_of(9, at, clock, [(9, found)]) is None
    assert shift_of(4, at, clock, [(9, found)]) is None
    assert shift_of(7, at, replace(clock, trust="synced"), [(9, found)]) is None
    assert shift_of(7, at, None, [(9, found)]) is None


@given(jump_s=jumps_s)
def test_a_program_that_starts_anew_within_a_boot_goes_on(jump_s):
    """The newest entry of the boot is as good as memory: a jump is seen over a restart too."""
    before, _ = look(ClockState(1, 1), tick(10, is_synced=True))
    again = restored(ClockState(1, 1, before.newest), before.now(10), before.clock(10))
    again, _ = look(again, tick(500, off_s=jump_s))
    assert abs((again.now(500) - tick(500).at).total_seconds()) <= JUMP_S
