"""Waiting grows, has an end, and spreads a fleet."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from cloud_bridge.backoff import SHORT_TRIES_MAX, STEADY_S, Tries, backoff_s


@given(st.integers(0, 1000), st.integers(0, 2**32))
def test_backoff_is_full_jitter_under_a_ceiling(attempt, seed):
    """Anything from nothing to a ceiling that doubles and ends at the maximum."""
    wait_s = backoff_s(attempt, Random(seed), s_max=60.0)
    assert 0 <= wait_s <= min(60.0, 2.0 ** min(attempt, 10))


def test_backoff_spreads_a_fleet():
    """A thousand hubs that lost one broker do not come back in the same second."""
    waits = [backoff_s(5, Random(seed)) for seed in range(1000)]
    assert max(sum(second <= wait < second + 1 for wait in waits) for second in range(32)) < 80


def test_being_let_in_and_thrown_out_is_no_success():
    """Connections that end soon are followed by ever longer waits; only one that lasts makes them short."""
    tries, dice = Tries(), Random(1)
    for _ in range(9):
        tries.ended(lasted_s=1.0, has_carried=False)
        tries.wait_s(dice)
    assert tries.count == 9
    tries.ended(lasted_s=1.0, has_carried=True)
    assert tries.count == SHORT_TRIES_MAX
    tries.ended(lasted_s=STEADY_S, has_carried=False)
    assert tries.count == 0
