"""A log that is not ours is refused with words that help; nothing of it is changed."""

import re

import pytest
from sqlcipher3 import dbapi2

from gateway.store.file import StoreError, is_first_start, lock
from gateway.store.keys import LogKey
from gateway.store.log import Store
from tests.given import HOME, KEY, NOON, OTHER_HOME, fact, store


def refusal(folder, home=HOME, key=KEY) -> str:
    """Return why the log in this folder is refused, after seeing that the refusal changed nothing."""
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(StoreError) as caught:
        Store.open(folder, home, key)
    after = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert {name: after.get(name) for name in before} == before
    return str(caught.value)


def begun(folder):
    """Begin a log with one entry and close it."""
    log = store(folder)
    log.commit([fact("a")], at=NOON)
    log.close()


def test_a_first_start_begins_a_log(tmp_path):
    """An empty folder is a new home; afterwards it is none."""
    assert is_first_start(tmp_path / "hub")
    assert store(tmp_path / "hub").highest == 0
    assert not is_first_start(tmp_path / "hub")


def test_the_wrong_key_is_refused(tmp_path):
    """A wrong key opens nothing and says so."""
    begun(tmp_path)
    assert "wrong key, foreign or damaged" in refusal(tmp_path, key=LogKey("cd" * 48))
    assert store(tmp_path).highest == 1


def test_an_empty_file_is_not_a_new_log(tmp_path):
    """SQLite would open zero bytes silently as empty; we say that something was lost."""
    begun(tmp_path)
    (tmp_path / "log.db").write_bytes(b"")
    assert "is empty" in refusal(tmp_path)


def test_a_vanished_file_is_not_a_first_start(tmp_path):
    """The witness remembers that there was a log."""
    begun(tmp_path)
    for path in tmp_path.glob("log.db*"):
        path.unlink()
    assert "is gone" in refusal(tmp_path)


def test_a_foreign_file_is_refused(tmp_path):
    """Bytes that are no database of ours are named as such."""
    (tmp_path / "log.db").write_bytes(b"not a database at all, but long enough" * 200)
    assert "foreign or damaged" in refusal(tmp_path)


def test_an_encrypted_database_without_our_tables_is_refused(tmp_path):
    """The right key on somebody else's tables is still not our log."""
    other = dbapi2.connect(str(tmp_path / "log.db"), isolation_level=None)
    other.execute(f'pragma key = "{KEY.pragma()}"')
    other.execute("create table guests (name text)")
    other.close()
    with pytest.raises(StoreError, match="not a log of Pusterom"):
        store(tmp_path)
    other = dbapi2.connect(str(tmp_path / "log.db"), isolation_level=None)
    other.execute(f'pragma key = "{KEY.pragma()}"')
    assert other.execute("select name from sqlite_master").fetchall() == [("guests",)]


def test_the_log_of_another_home_is_refused(tmp_path):
    """A log never changes homes."""
    begun(tmp_path)
    assert re.search(f"home {HOME}, not of {OTHER_HOME}", refusal(tmp_path, home=OTHER_HOME))


def test_another_log_in_place_of_ours_is_refused(tmp_path):
    """An exchanged file, though of the same home and key, is noticed by its name."""
    begun(tmp_path / "one")
    begun(tmp_path / "two")
    (tmp_path / "one" / "log.db").write_bytes((tmp_path / "two" / "log.db").read_bytes())
    assert "belongs here" in refusal(tmp_path / "one")


def test_a_newer_schema_is_refused(tmp_path):
    """A file that a newer program has changed is not touched by an older one."""
    begun(tmp_path)
    log = store(tmp_path)
    log._db.execute("insert into _sqlite_migrations (migration_set, name, applied_at) "
                    "values ('pusterom-hub', 'm9999_tomorrow', '2030')")  # fmt: skip
    log.close()
    assert "newer Pusterom (m9999_tomorrow)" in refusal(tmp_path)


def test_two_hubs_never_share_a_folder(tmp_path):
    """The second hub is told that the first one runs."""
    held = lock(tmp_path)
    with pytest.raises(StoreError, match="another hub"):
        lock(tmp_path)
    assert held > 0


def test_a_begin_that_was_cut_off_is_begun_again(tmp_path):
    """Power lost while the log was being made leaves a draft, never a half log."""
    (tmp_path / "log.new").write_bytes(b"half")
    assert store(tmp_path).highest == 0
