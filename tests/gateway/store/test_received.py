"""What the log knows of its way to the ward: what must go first, and what was received, when and by whom."""

from datetime import timedelta

import pytest

from cloud_bridge.contract.entries import EntryKind
from gateway.store.log import Fact
from gateway.store.received import RECEIVED_KEPT
from gateway.store.schema import MIGRATIONS
from tests.given import NOON, fact, store


def test_alerts_and_troubles_are_found_newest_first_without_reading_the_log(tmp_path):
    """A hub that starts with a year of backlog finds its alerts by an index that holds nothing else."""
    log = store(tmp_path)
    kinds = (EntryKind.ALERT, EntryKind.HUB_STARTED, EntryKind.TROUBLE, EntryKind.ALERT)
    for kind in kinds:
        log.commit([Fact(kind, b"{}"), fact()], at=NOON)
    assert log.hurried(after=0) == (7, 5, 1)
    assert log.hurried(after=5) == (7,)
    asked = (
        "explain query plan select seq from entry indexed by entry_hurried"
        " where kind in ('alert', 'trouble') and seq > 5 order by seq desc"
    )
    (plan,) = log._db.execute(asked).fetchall()
    assert "SEARCH entry USING INDEX entry_hurried (seq>?)" in plan[-1]


def test_the_readings_behind_an_alert_are_found_by_their_identities(tmp_path):
    """What an alert rests on can go with it; what is not in the log has no number."""
    log = store(tmp_path)
    log.commit([fact("a"), fact("b"), fact("c")], at=NOON)
    assert sorted(log.numbers_of(["c", "a", "never told"])) == [1, 3]


def test_an_entry_tells_when_and_by_whom_it_was_received(tmp_path):
    """The first receipt that covers it counts; before that it is kept and not received."""
    log = store(tmp_path)
    log.commit([fact("a"), fact("b"), fact("c")], at=NOON)
    later = NOON + timedelta(hours=1)
    log.move_cursor(1, at=later, by="ward")
    log.move_cursor(2, at=later + timedelta(hours=1), by="Lungeavdelingen")
    ways = [log.way(id_) for id_ in ("a", "b", "c", "never told")]
    assert [(way.received_at, way.by) for way in ways[:2]] == [
        (later, "ward"),
        (later + timedelta(hours=1), "Lungeavdelingen"),
    ]
    assert (ways[2].is_received, ways[2].kept_at, ways[3]) == (False, NOON, None)


def test_many_receipts_are_few_rows(tmp_path):
    """A backlog that drains leaves a row a minute; the time it tells is at most that much too late."""
    log = store(tmp_path)
    log.commit([fact(f"id{number}") for number in range(600)], at=NOON)
    for number in range(600):
        log.move_cursor(number + 1, at=NOON + timedelta(seconds=number), by="ward")
    assert log._db.execute("select count(*) from received").fetchone()[0] <= 10
    for number in (0, 59, 300, 599):
        late = log.way(f"id{number}").received_at - (NOON + timedelta(seconds=number))
        assert timedelta() <= late < timedelta(seconds=60)


def test_after_a_while_the_log_only_knows_that_something_was_received(tmp_path):
    """The table stays small for ever, and what has lost its time is not lent a later one."""
    log = store(tmp_path)
    log.commit([fact(f"id{number}") for number in range(400)], at=NOON)
    for number in range(400):
        log.move_cursor(number + 1, at=NOON + timedelta(days=number), by="ward")
    assert log._db.execute("select count(*) from received").fetchone()[0] <= RECEIVED_KEPT.days + 20
    old, new = log.way("id10"), log.way("id390")
    assert (old.is_received, old.received_at) == (True, None)
    assert new.received_at == NOON + timedelta(days=390)


def test_what_was_received_in_1970_was_so_at_a_time_that_nobody_knows(tmp_path):
    """A hub without a clock says that the ward has it, and not when."""
    log = store(tmp_path)
    log.commit([fact("a")], at=NOON)
    log.move_cursor(1, at=NOON.replace(year=1970), by="ward")
    assert (log.way("a").is_received, log.way("a").received_at) == (True, None)


@pytest.mark.parametrize("cursor", [None, 2])
def test_a_log_of_the_first_version_says_that_but_not_when_it_was_received(tmp_path, cursor):
    """What was received before the hub kept the times is received, and no later receipt lends it its own."""
    log = store(tmp_path)
    log.commit([fact("a"), fact("b"), fact("c")], at=NOON)
    if cursor is not None:
        log.move_cursor(cursor)
    log._db.execute("drop table received")
    log._db.execute("drop index entry_hurried")
    name = next(step.name for step in MIGRATIONS.applied(_database(log)) if step.name.startswith("m0005"))
    log._db.execute("delete from _sqlite_migrations where name = ?", (name,))
    log._db.execute("commit") if log._db.in_transaction else None
    log.close()
    again = store(tmp_path)
    again.move_cursor(3, at=NOON + timedelta(hours=1), by="ward")
    known = NOON + timedelta(hours=1)
    assert again.way("a").received_at == (None if cursor else known)
    assert again.way("c").received_at == known


def _database(log):
    from sqlite_utils import Database

    return Database(log._db)
