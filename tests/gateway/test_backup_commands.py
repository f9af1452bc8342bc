"""`pusterom store backup`, `restore`, `open-backup`, `begin-anew`: a hub is made of another by commands."""

import json
import stat
import subprocess
import sys
from contextlib import closing

import pytest

from gateway.settings import Settings
from gateway.start import open_store
from tests.gateway.conftest import HUB, PLAN, on_disk
from tests.gateway.test_recover import numbers
from tests.gateway.test_store_tools import told
from tests.given import HOME, NOON

COUNT, USAGE, DATA, CONFIG, SPANS = 700, 64, 65, 78, 2


@pytest.fixture
def hub(folder):
    """Settings of a hub with a log of some hundred readings."""
    with closing(open_store(settings(folder))) as store:
        store.commit([told(minute) for minute in range(COUNT)], at=NOON)
    return folder / "hub.toml"


@pytest.fixture
def other(folder):
    """Settings of a new hub of the same home, in a folder of its own."""
    (folder / "new").mkdir()
    (folder / "new" / "plan.toml").write_text(PLAN)
    (folder / "new" / "hub.toml").write_text(HUB)
    return folder / "new" / "hub.toml"


@pytest.fixture
def organisation(run, folder):
    """The organisation's key pair; returns the private one's file."""
    private = folder / "organisation.key"
    run("store", "new-organisation-key", "--out", private)
    return private


def settings(folder):
    return Settings.load(folder / "hub.toml")


def public(private):
    return private.with_name(f"{private.name}.pub")


@pytest.fixture
def backup(run, folder, hub, organisation):
    """A sealed backup of the hub."""
    out = folder / "hub.backup"
    code, said, err = run("store", "backup", "--config", hub, "--to", public(organisation), "--out", out)
    assert code == 0, err
    assert f"home {HOME}" in said
    return out


def test_a_backup_is_sealed_its_owners_alone_and_never_written_over(run, hub, backup, organisation):
    """Mode 0600, not a word of the log to be read in it, and a second one needs another name."""
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    data = backup.read_bytes()
    assert data.startswith(b"PUSTEROM-SEAL")
    assert HOME.encode() not in data
    assert b"spo2" not in data
    code, _, err = run("store", "backup", "--config", hub, "--to", public(organisation), "--out", backup)
    assert (code, "nothing is written over" in err) == (USAGE, True)
    assert backup.read_bytes() == data


def test_another_hub_is_made_of_a_backup_and_is_sound(run, folder, backup, other, organisation):
    """It has every entry, a key of its own, and goes on under a new name; verify finds nothing wrong."""
    code, said, err = run(
        "store", "restore", "--config", other, "--in", backup, "--private-key", organisation
    )
    assert code == 0, err
    assert f"{COUNT} entries wait" in said
    with closing(open_store(settings(folder / "new"))) as store:
        assert (numbers(store), len(store.spans)) == (list(range(1, COUNT + 1)), SPANS)
        store.commit([told(COUNT)], at=NOON)
    code, lines, _ = run("store", "verify", "--config", other)
    assert code == 0, lines
    assert ", then " in lines
    assert (folder / "new" / "hub.key").read_text() != (folder / "hub.key").read_text()
    code, said, err = run("store", "export", "--config", other)
    header, *entries = map(json.loads, said.splitlines())
    assert (code, header["count"], len(entries)) == (0, COUNT + 1, COUNT + 1)
    assert header["spans"][0]["first"] == 1


def test_the_private_key_need_not_come_to_the_hub(folder, backup, other, organisation):
    """Opened elsewhere and sent through a pipe, the backup makes the same hub."""
    opened = pusterom("open-backup", "--in", backup, "--private-key", organisation)
    assert opened.returncode == 0, opened.stderr
    made = pusterom("restore", "--in", "-", "--config", other, stdin=opened.stdout)
    assert made.returncode == 0, made.stderr
    with closing(open_store(settings(folder / "new"))) as store:
        assert numbers(store) == list(range(1, COUNT + 1))


def pusterom(*words, stdin=b""):
    """Run a store command in a process of its own."""
    program = [sys.executable, "-m", "gateway", "store", *map(str, words)]
    return subprocess.run(program, input=stdin, capture_output=True, timeout=60)


def test_another_hub_is_made_of_the_old_card(run, folder, hub, other):
    """The folder as the old hub left it, with its secret: everything, and nothing there is changed."""
    assert hub.exists()
    before = on_disk(folder / "log")
    words = ("--from-folder", folder / "log", "--key-file", folder / "hub.key")
    code, _, err = run("store", "restore", "--config", other, *words)
    assert code == 0, err
    assert on_disk(folder / "log") == before
    with closing(open_store(settings(folder / "new"))) as store:
        assert numbers(store) == list(range(1, COUNT + 1))


def test_what_cannot_be_restored_is_said_and_leaves_no_log(run, folder, backup, other, organisation):
    """Another key, an altered byte, a folder with a log, words that don't belong together."""
    run("store", "new-organisation-key", "--out", folder / "wrong.key")
    spoilt = folder / "spoilt"
    spoilt.write_bytes(backup.read_bytes()[:-1] + b"x")
    here, theirs = folder / "hub.toml", ("--config", other)
    for code, hint, words in (
        (DATA, "can't be opened with this private key",
         (*theirs, "--in", backup, "--private-key", folder / "wrong.key")),
        (DATA, "altered", (*theirs, "--in", spoilt, "--private-key", organisation)),
        (CONFIG, "nothing is restored over it",
         ("--config", here, "--in", backup, "--private-key", organisation)),
        (USAGE, "--in FILE, or --from-folder", theirs),
        (USAGE, "goes with", (*theirs, "--in", backup)),
    ):  # fmt: skip
        found, _, err = run("store", "restore", *words)
        assert (found, hint in err) == (code, True), err
        assert not (folder / "new" / "log" / "log.db").exists()


def test_a_lost_log_is_begun_anew_when_the_home_is_said_once_more(run, folder, hub):
    """A log that is gone starts no hub until a person says so; then the numbers go on."""
    (folder / "log" / "log.db").unlink()
    assert run("store", "begin-anew", "--config", hub, "--yes", "another")[0] == USAGE
    code, said, err = run("store", "begin-anew", "--config", hub, "--yes", HOME)
    assert (code, "quarantine" in said) == (0, True), err
    with closing(open_store(settings(folder))) as store:
        assert (store.highest, len(store.spans)) == (COUNT, SPANS)


@pytest.mark.parametrize(
    ("command", "lesson"),
    [
        ("backup", "that only the organisation opens"),
        ("restore", "must never be switched on again"),
        ("open-backup", "into a pipe, never a terminal"),
        ("begin-anew", "was not mounted this is the wrong command"),
    ],
)
def test_help_teaches_what_to_do_next(run, command, lesson):
    """Who asks for help reads what the command promises."""
    assert lesson in " ".join(run("store", command, "--help")[1].split())
