"""Who may be visited when."""

import pytest

from gateway.visits import COOL_DOWN_S, FAILURE_WAIT_S_MAX, Visits


def test_a_device_is_visited_by_one_at_a_time():
    """A device that advertises during its visit is not visited twice."""
    visits = Visits()
    assert visits.begin("a", 0)
    assert not visits.begin("a", 1)


def test_the_radio_has_so_many_slots():
    """A small controller is never asked for more links than it can hold."""
    visits = Visits(slots_max=2)
    assert visits.begin("a", 0)
    assert visits.begin("b", 0)
    assert not visits.begin("c", 0)
    visits.end("a", 1, did_talk=True)
    assert visits.begin("c", 1)


def test_a_device_rests_after_it_talked():
    """A device that goes on advertising is not asked again at once."""
    visits = Visits()
    visits.begin("a", 0)
    visits.end("a", 10, did_talk=True)
    assert not visits.begin("a", 10 + COOL_DOWN_S - 0.1)
    assert visits.begin("a", 10 + COOL_DOWN_S)


def test_patience_grows_with_failures_up_to_a_minute():
    """A device that never answers costs less and less, but is never given up."""
    visits, now_s, waits = Visits(), 0.0, []
    for _ in range(12):
        assert visits.begin("a", now_s)
        visits.end("a", now_s, did_talk=False)
        wait_s = 1.0
        while not visits.begin("a", now_s + wait_s):
            wait_s *= 2
        visits.end("a", now_s + wait_s, did_talk=False)
        waits.append(wait_s)
        now_s += 10_000
    assert waits == sorted(waits)
    assert FAILURE_WAIT_S_MAX <= waits[-1] < 2 * FAILURE_WAIT_S_MAX + 10


def test_one_good_visit_forgives_all_failures():
    """A device that talks again is met with full patience."""
    visits = Visits()
    for now_s in (0, 1000, 2000, 3000):
        visits.begin("a", now_s)
        visits.end("a", now_s, did_talk=now_s == 2000)
    assert visits.begin("a", 3001)


def test_a_visit_ends_once():
    """Giving back what one does not have is a bug of ours."""
    visits = Visits()
    visits.begin("a", 0)
    visits.end("a", 0, did_talk=True)
    with pytest.raises(AssertionError):
        visits.end("a", 0, did_talk=True)
