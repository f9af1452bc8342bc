"""The log keeps all or nothing, without a gap, for ever."""

import sqlite3
from dataclasses import replace

import pytest
from sqlcipher3 import dbapi2

from cloud_bridge.contract.entries import Clock, EntryKind
from gateway.store.file import StoreError
from gateway.store.log import Fact
from gateway.store.log_reader import Met
from tests.given import NOON, OXIMETER, fact, store


def test_numbers_have_no_gap_over_restarts(tmp_path):
    """Entries are numbered 1, 2, 3 …, also when the hub restarts in between."""
    first = store(tmp_path)
    kept = first.commit([fact("a"), fact("b")], at=NOON)
    first.close()
    again = store(tmp_path)
    kept += again.commit([fact("c")], at=NOON)
    assert [entry.seq for entry in kept] == [1, 2, 3]
    assert again.entries(after=0, count_max=10) == kept


def test_how_the_clock_stood_is_kept_with_each_entry(tmp_path):
    """Boot, uptime and trust come back as they were told; where nobody told, nothing is said."""
    log = store(tmp_path)
    log.commit([fact("a")], at=NOON)
    kept = log.commit([fact("b"), fact("c")], at=NOON, clock=Clock(3, 0.1 + 0.2, "kept"))
    log.close()
    assert [entry.clock for entry in kept] == [Clock(3, 0.1 + 0.2, "kept")] * 2
    assert store(tmp_path).entries(after=1, count_max=9) == kept
    assert store(tmp_path).entries(after=0, count_max=1)[0].clock is None


def test_a_commit_that_fails_half_way_leaves_nothing(tmp_path):
    """One bad fact in a group: no entry, no state, no number used."""
    log = store(tmp_path)
    log.commit([fact("a")], at=NOON, judge_state=b"old")
    with pytest.raises(StoreError):
        log.commit([fact("b"), fact("a")], at=NOON, judge_state=b"new")
    assert log.told_before(["a", "b"]) == {"a"}
    assert log.judge_state() == b"old"
    assert log.commit([fact("c")], at=NOON)[0].seq == 2


def test_what_another_process_sees_is_whole_groups(tmp_path):
    """Readings, alert and judge state appear together or not at all: there is one transaction."""
    log, other = store(tmp_path), store(tmp_path)
    statements: list[str] = []
    log._db.set_trace_callback(statements.append)
    log.commit([fact("a"), fact("b")], at=NOON, judge_state=b"{}", met=Met(OXIMETER, "x", NOON))
    words = [statement.split()[0].lower() for statement in statements]
    assert words.count("begin") == 1
    assert words.count("commit") == 1
    assert words[0] == "begin"
    assert words[-1] == "commit"
    assert len(other.entries(after=0, count_max=9)) == 2


def test_the_judges_state_survives_a_restart(tmp_path):
    """What the judge knew at the last commit is what it knows after the next start."""
    log = store(tmp_path)
    log.commit([], at=NOON, judge_state=b'{"open":1}')
    log.close()
    assert store(tmp_path).judge_state() == b'{"open":1}'


def test_the_cursor_moves_forward_only_and_survives(tmp_path):
    """An old receipt never makes the hub forget a newer one."""
    log = store(tmp_path)
    log.commit([fact("a"), fact("b"), fact("c")], at=NOON)
    log.move_cursor(2)
    log.move_cursor(1)
    log.close()
    assert store(tmp_path).cursor == 2


def test_the_cursor_never_passes_what_was_written(tmp_path):
    """A receipt for what was never written is a bug of ours or a foreign log: we stop."""
    with pytest.raises(AssertionError):
        store(tmp_path).move_cursor(1)


def test_what_was_told_is_known_for_ever(tmp_path):
    """A device may tell its memory a hundred times: the identity stands in the log."""
    log = store(tmp_path)
    log.commit([fact("a"), fact("b")], at=NOON)
    log.close()
    assert store(tmp_path).told_before(["a", "b", "c"]) == {"a", "b"}


def test_readings_of_one_kind_come_newest_last(tmp_path):
    """The hub's page gets the newest readings of a kind by the time they were measured."""
    log = store(tmp_path)
    for minute in (3, 1, 2):
        at = NOON.replace(minute=minute)
        one = Fact(EntryKind.READING, f'{{"minute":{minute}}}'.encode(), f"id{minute}", ("spo2", at))
        log.commit([one, replace(one, id=f"w{minute}", series=("body_weight", at))], at=NOON)
    assert log.readings("spo2", count_max=2) == [b'{"minute":2}', b'{"minute":3}']


def test_the_last_fault_of_a_device_goes_when_it_behaves(tmp_path):
    """The device list shows how the last visit went."""
    log = store(tmp_path)
    log.commit([], at=NOON, met=Met(OXIMETER, "pulse_oximeter", NOON, "cut short"))
    assert log.devices()[0].fault == "cut short"
    log.commit([], at=NOON, met=Met(OXIMETER, "pulse_oximeter", NOON))
    assert [met.fault for met in log.devices()] == [None]


def test_the_file_is_encrypted(tmp_path):
    """Neither an ordinary SQLite nor a search for a word finds anything in the file or its journal."""
    log = store(tmp_path)
    log.commit([fact("needle-in-the-log", b'{"word":"needle-in-the-log"}')], at=NOON)
    for path in tmp_path.iterdir():
        assert b"needle" not in path.read_bytes(), path
    with pytest.raises(sqlite3.DatabaseError):
        sqlite3.connect(tmp_path / "log.db").execute("select * from entry")


def test_every_commit_is_flushed_to_the_disk(tmp_path):
    """The log is written with WAL and FULL: what is acknowledged survives a power cut."""
    log = store(tmp_path)
    assert log._db.execute("pragma journal_mode").fetchone()[0] == "wal"
    assert log._db.execute("pragma synchronous").fetchone()[0] in (2, "2")


def test_a_disk_that_does_not_take_is_a_store_error(tmp_path):
    """What SQLite says of a broken disk reaches us as StoreError, and nothing counts as kept."""
    log = store(tmp_path)
    log._db.execute("pragma query_only = on")
    with pytest.raises(StoreError, match="can't be written") as caught:
        log.commit([fact("a")], at=NOON)
    assert isinstance(caught.value.__cause__, dbapi2.DatabaseError)
    assert log.highest == 0
