"""Waiting grows, has an end, and spreads a fleet."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from cloud_bridge.backoff import backoff_s


@given(st.integers(0, 1000), st.integers(0, 2**32))
def test_backoff_is_full_jitter_under_a_ceiling(attempt, seed):
    """Anything from nothing to a ceiling that doubles and ends at the maximum."""
    wait_s = backoff_s(attempt, Random(seed), s_max=60.0)
    assert 0 <= wait_s <= min(60.0, 2.0 ** min(attempt, 10))


def test_backoff_spreads_a_fleet():
    """A thousand hubs that lost one broker do not come back in the same second."""
    waits = [backoff_s(5, Random(seed)) for seed in range(1000)]
    assert max(sum(second <= wait < second + 1 for wait in waits) for second in range(32)) < 80
