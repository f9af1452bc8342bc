"""A log or a database that is not ours to open: one line, exit code 78, and not a byte is changed."""

import os
import sqlite3
from pathlib import Path

import psycopg
import pytest
from sqlcipher3 import dbapi2

from cloud_bridge.backend.tables import open_tables
from gateway.settings import Settings
from gateway.start import open_store
from gateway.store.episodes import look_key, open_key
from gateway.store.file import lock
from gateway.store.key_place import KeyPlace
from gateway.store.log import Store
from gateway.store.organisation_key import make_pair
from tests.contracts.tables.conftest import postgres_url, server
from tests.gateway.conftest import CONFIG, UNAVAILABLE
from tests.given import HOME, NOON, OTHER_HOME, fact

__all__ = ["postgres_url", "server"]


def begun(folder: Path) -> Settings:
    """Begin a log as a first start does, with one entry, and return the settings."""
    settings = Settings.load(folder / "hub.toml")
    os.close(lock(settings.folder))
    key = open_key(KeyPlace.of(settings), settings.home, NOON)
    store = Store.open(settings.folder, settings.home, key)
    store.commit([fact("a")], at=NOON)
    store.close()
    return settings


def wrong_key(settings):
    """Put another hub's key in place of the right one."""
    settings.key_file.write_text("cd" * 48)


def wrong_key_after_a_crash(settings):
    """The same, while what was committed last still stands in the write-ahead log alone."""
    log = Store.open(settings.folder, settings.home, look_key(KeyPlace.of(settings), settings.home))
    log.commit([fact("b")], at=NOON)
    crashed = {path: path.read_bytes() for path in settings.folder.glob("log.db*")}
    log.close()
    for path, data in crashed.items():
        path.write_bytes(data)
    wrong_key(settings)


def shared_key(settings):
    """Let others read the key."""
    settings.key_file.chmod(0o644)


def no_key(settings):
    """Lose the key."""
    settings.key_file.unlink()


def key_folder(settings):
    """Put a folder where the key should be."""
    settings.key_file.unlink()
    settings.key_file.mkdir(mode=0o700)


def empty_log(settings):
    """Let the log be cut off to nothing."""
    (settings.folder / "log.db").write_bytes(b"")


def no_log(settings):
    """Lose the log, but not its witness."""
    (settings.folder / "log.db").unlink()


def foreign_log(settings):
    """Put an ordinary SQLite file in its place."""
    (settings.folder / "log.db").unlink()
    with sqlite3.connect(settings.folder / "log.db") as other:
        other.execute("create table guests (name text)")
    other.close()


def log_folder(settings):
    """Put a folder where the log should be."""
    (settings.folder / "log.db").unlink()
    (settings.folder / "log.db").mkdir()


def newer_log(settings):
    """Let a newer program have changed the log's tables."""
    log = dbapi2.connect(str(settings.folder / "log.db"), isolation_level=None)
    log.execute(f'''pragma key = "{look_key(KeyPlace.of(settings), settings.home).pragma()}"''')
    log.execute("insert into _sqlite_migrations (migration_set, name, applied_at) "
                "values ('pusterom-hub', 'm9999_tomorrow', '2030')")  # fmt: skip
    log.close()


def other_home(settings):
    """Give the hub the settings of another home."""
    file = settings.folder.parent / "hub.toml"
    file.write_text(file.read_text().replace(HOME, OTHER_HOME))


def unreadable_witness(settings):
    """Damage the file that names the log."""
    (settings.folder / "log.json").write_text("{")


def torn_keyring(settings):
    """Let a broken card have kept half of the keyring."""
    ring = settings.folder / "keyring.json"
    ring.write_bytes(ring.read_bytes()[:300])


def no_keyring(settings):
    """Lose the keyring."""
    (settings.folder / "keyring.json").unlink()


def private_key_on_the_hub(settings):
    """Put the organisation's private key where the public one should be."""
    file = settings.folder.parent / "hub.toml"
    make_pair(file.parent / "org", file.parent / "org.pub")
    file.write_text('escrow_public_key_file = "org"\n' + file.read_text())


@pytest.mark.parametrize(
    ("damage", "hint"),
    [
        (torn_keyring, "is damaged or no keyring"),
        (no_keyring, "keyring.json, which holds its wrapped key, is missing. Put it back"),
        (private_key_on_the_hub, "PRIVATE key, which must never lie on a hub"),
        (wrong_key, "wrong key, foreign or damaged"),
        (wrong_key_after_a_crash, "wrong key, foreign or damaged"),
        (shared_key, "chmod 600"),
        (no_key, "Put the key file back"),
        (key_folder, "can't be read as a key"),
        (no_log, "is gone"),
        (foreign_log, "is a foreign file: an ordinary SQLite database"),
        (log_folder, "can't be opened"),
        (newer_log, "newer Pusterom (m9999_tomorrow)"),
        (other_home, f"the log of home {HOME}, not of {OTHER_HOME}"),
    ],
)
def test_a_log_that_is_not_ours_to_open_is_refused(refused, folder, damage, hint):
    """One line that says what to do; not a byte of log, key or witness is changed by the refusal."""
    damage(begun(folder))
    assert hint in refused("hub", "run", "--config", folder / "hub.toml")


@pytest.mark.parametrize("damage", [empty_log, unreadable_witness])
def test_a_log_that_only_a_machine_can_help_is_replaced_and_not_refused(folder, damage):
    """Nobody stands beside a hub: it goes on under a new name, and has something to tell."""
    settings = begun(folder)
    damage(settings)
    store = open_store(settings)
    assert len(store.spans) == 2
    assert store.note("replaced")
    store.close()


def test_a_wrong_key_after_a_crash_costs_nothing(run, folder):
    """Once the right key lies there again, everything that was committed before the crash is there."""
    settings = begun(folder)
    right = settings.key_file.read_text()
    wrong_key_after_a_crash(settings)
    assert run("hub", "run", "--config", folder / "hub.toml")[0] == CONFIG
    settings.key_file.write_text(right)
    key = look_key(KeyPlace.of(settings), settings.home)
    store = Store.open(settings.folder, settings.home, key)
    assert store.told_before(["a", "b"]) == {"a", "b"}
    store.close()


def test_a_file_where_the_folder_should_be_is_refused(refused, folder):
    """A folder that can't be made is named, with what to do."""
    (folder / "log").write_text("not a folder")
    assert f"{folder}/log" in refused("hub", "run", "--config", folder / "hub.toml")


def test_a_folder_that_another_hub_holds_is_refused(refused, folder):
    """Two hubs never write one log: the second one says why it ends."""
    begun(folder)
    held = lock(folder / "log")
    assert f"another hub already runs on {folder}/log" in refused(
        "hub", "run", "--config", folder / "hub.toml"
    )
    os.close(held)


def empty_database(path):
    """Leave nothing but a name."""
    path.write_bytes(b"")


def foreign_database(path):
    """Somebody else's tables."""
    with sqlite3.connect(path) as other:
        other.execute("create table guests (name text)")
    other.close()


def no_database(path):
    """Bytes that are no database at all."""
    path.write_bytes(b"not a database at all, but long enough" * 200)


def newer_database(path):
    """A ward from tomorrow."""
    open_tables(f"sqlite:///{path}").close()
    with sqlite3.connect(path) as other:
        other.execute("update pusterom_schema set version = 9999")
    other.close()


@pytest.mark.parametrize(
    ("damage", "hint"),
    [
        (empty_database, "is empty where a database should be"),
        (foreign_database, "database of another program"),
        (no_database, "not a database"),
        (newer_database, "schema version 9999"),
    ],
)
@pytest.mark.parametrize("command", ["run", "enrol"])
def test_a_database_that_is_not_the_wards_is_refused(refused, folder, damage, hint, command):
    """Neither running nor enrolling changes a byte of what is not the ward's."""
    damage(folder / "ward.db")
    more = ("--home", HOME, "--name", "Kari N.", "--birth-year", "1955") if command == "enrol" else ()
    assert hint in refused("ward", command, "--config", folder / "ward.toml", *more)


@pytest.mark.parametrize("url", ["mysql://db/ward", "ward.db", "postgresql://ward:s3cret%zz@db/ward"])
def test_a_database_that_we_do_not_speak_is_refused(refused, folder, url):
    """The message says what to write, and repeats no password."""
    said = refused("ward", "run", "--config", folder / "ward.toml", "--database", url)
    assert "write" in said
    assert "s3cret" not in said


def test_a_server_that_is_away_is_refused(refused, folder):
    """No PostgreSQL at that place: one line, a question that helps, and no password."""
    url = f"postgresql://ward:s3cret@/ward?host={folder}"
    said = refused("ward", "run", "--config", folder / "ward.toml", "--database", url, code=UNAVAILABLE)
    assert "is it running, and is the url right?" in said
    assert "s3cret" not in said


@pytest.mark.postgres
def test_a_newer_schema_on_a_server_is_refused(refused, folder, postgres_url):
    """A ward of yesterday leaves the tables of tomorrow alone."""
    open_tables(postgres_url).close()
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("update pusterom_schema set version = 9999")
    said = refused("ward", "run", "--config", folder / "ward.toml", "--database", postgres_url)
    assert "schema version 9999" in said
