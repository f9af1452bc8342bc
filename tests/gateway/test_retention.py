"""What the ward has and the plan no longer wants here goes; nothing else does."""

from datetime import UTC, datetime, timedelta

import pytest

from cloud_bridge.contract.entries import Clock
from gateway.retention import Retention
from gateway.store.log import RECENT_COUNT
from tests.given import NOON, fact, plan, store

DAY = timedelta(days=1)


def filled(folder, count, *, received, at=NOON):
    """Return a log of so many entries, one an hour, of which the ward has so many."""
    log = store(folder)
    for number in range(count):
        log.commit([fact(f"id-{number}")], at=at + number * timedelta(hours=1))
    log.move_cursor(received)
    return log


def numbers(log):
    """Return the numbers that still stand there."""
    return [entry.seq for entry in log.entries(after=0, count_max=100_000)]


def test_only_what_the_ward_has_is_removed(tmp_path):
    """Without a receipt nothing goes, however old it is."""
    log = filled(tmp_path, RECENT_COUNT + 200, received=50)
    assert log.remove_received(NOON + 1000 * DAY, count_max=10_000) == 50
    assert numbers(log) == list(range(51, RECENT_COUNT + 201))


def test_only_what_is_old_is_removed(tmp_path):
    """What the plan still wants here stays, delivered or not."""
    log = filled(tmp_path, RECENT_COUNT + 200, received=RECENT_COUNT + 200)
    assert log.remove_received(NOON + timedelta(hours=30), count_max=10_000) == 30
    assert log.remove_received(NOON + timedelta(hours=30), count_max=10_000) == 0


def test_the_newest_stay_and_the_numbering_goes_on(tmp_path):
    """However old all of it is, the newest entries stay, and after a restart no number is given twice."""
    log = filled(tmp_path, RECENT_COUNT + 20, received=RECENT_COUNT + 20)
    assert log.remove_received(NOON + 9999 * DAY, count_max=10_000) == 20
    log.close()
    again = store(tmp_path)
    assert [entry.seq for entry in again.commit([fact("new")], at=NOON)] == [RECENT_COUNT + 21]


def test_what_was_told_stays_known(tmp_path):
    """A device that tells a removed reading again is not believed twice."""
    log = filled(tmp_path, RECENT_COUNT + 5, received=RECENT_COUNT)
    log.remove_received(NOON + 9999 * DAY, count_max=10_000)
    assert log.told_before(["id-0"]) == {"id-0"}
    assert len(log.readings("spo2", count_max=10_000)) == RECENT_COUNT


def test_a_batch_is_small(tmp_path):
    """One step removes no more than it was allowed to, oldest first."""
    log = filled(tmp_path, RECENT_COUNT + 30, received=RECENT_COUNT + 30)
    assert [log.remove_received(NOON + 9999 * DAY, count_max=12) for _ in range(4)] == [12, 12, 6, 0]


@pytest.mark.parametrize("now", [datetime(1970, 1, 1, 0, 5, tzinfo=UTC), NOON + timedelta(days=6)])
def test_a_young_or_timeless_hub_removes_nothing(tmp_path, now):
    """A hub without a clock doesn't know what is old, and what is young stays."""
    log = filled(
        tmp_path, RECENT_COUNT + 30, received=RECENT_COUNT + 30, at=NOON - timedelta(hours=RECENT_COUNT)
    )
    assert Retention(log, plan, now=lambda: now).clear_up() == 0


def test_the_plan_says_how_long(tmp_path):
    """A shorter plan removes more, and never less than a week."""
    log = filled(tmp_path, RECENT_COUNT + 30, received=RECENT_COUNT + 30)
    short = plan().model_copy(update={"keep_days": 7})
    assert (
        Retention(log, lambda: short, now=lambda: NOON + timedelta(days=7, hours=10, minutes=30)).clear_up()
        == 11
    )


def test_a_disk_that_refuses_is_tried_again(tmp_path):
    """Clearing up fails without a word to the hub's loop; the next hour tries again."""
    log = filled(tmp_path, RECENT_COUNT + 30, received=RECENT_COUNT + 30)
    log._db.execute("pragma query_only = on")
    late = Retention(log, plan, now=lambda: NOON + 9999 * DAY)
    assert late.clear_up() == 0
    log._db.execute("pragma query_only = off")
    assert late.clear_up() == 30


@pytest.mark.parametrize(("trust", "removed"), [("unknown", 0), ("kept", 0), ("synced", 30)])
def test_only_a_confirmed_clock_says_what_is_old(tmp_path, trust, removed):
    """A clock that has leapt ten years, and that nobody confirms, must not empty the log."""
    log = filled(tmp_path, RECENT_COUNT + 30, received=RECENT_COUNT + 30)
    late = Retention(log, plan, now=lambda: NOON + 3652 * DAY, clock=lambda: Clock(1, 5.0, trust))
    assert late.clear_up() == removed


def test_the_newest_are_counted_and_not_their_numbers(tmp_path):
    """A million numbers left out between two names are no entries: the thousand newest stay all the same."""
    log = filled(tmp_path, 500, received=500)
    log.begin_log(above=10**6)
    log.commit([fact("new")], at=NOON)
    log.move_cursor(10**6 + 1)
    assert log.remove_received(NOON + 9999 * DAY, count_max=10_000) == 0
    assert len(numbers(log)) == 501
