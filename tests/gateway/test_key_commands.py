"""`pusterom store rotate-key`, `discharge` and escrow, as a person says them."""

import io
import json
import os
import stat
import sys

import pytest

from cloud_bridge.contract.entries import EntryKind
from gateway.settings import Settings
from gateway.start import open_store
from gateway.store import keyring
from gateway.store.file import lock
from gateway.store.keys import CREDENTIAL, HubSecret
from gateway.store.log import Fact
from tests.gateway.conftest import CONFIG, on_disk
from tests.given import HOME, NOON, OTHER_HOME

USAGE, DATA = 64, 65


def lived(folder):
    """Start as a hub does, keep one entry, and return the running episode."""
    settings = Settings.load(folder / "hub.toml")
    os.close(lock(settings.folder))
    store = open_store(settings)
    store.commit([Fact(EntryKind.HUB_STARTED, b'{"at":"2027-01-05T12:00:00+00:00"}')], at=NOON)
    store.close()
    return keyring.read(settings.folder / "keyring.json").current


def received(folder):
    """Let the ward have received everything."""
    store = open_store(Settings.load(folder / "hub.toml"))
    store.move_cursor(store.highest)
    store.close()


def with_line(folder, line):
    """Write one more setting."""
    file = folder / "hub.toml"
    file.write_text(f"{line}\n{file.read_text()}")


@pytest.fixture
def say(run, folder):
    """Say a command of the store with this hub's settings."""
    return lambda *words: run("store", *words, "--config", folder / "hub.toml")


@pytest.fixture
def answers(monkeypatch):
    """Have answers ready for what is asked."""
    return lambda *lines: monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{one}\n" for one in lines)))


def test_a_rotation_is_one_command(say, folder):
    """The key file is new, the log opens, and no secret is said."""
    lived(folder)
    before = (folder / "hub.key").read_text().strip()
    code, out, err = say("rotate-key")
    after = (folder / "hub.key").read_text().strip()
    assert (code, err) == (0, "")
    assert before != after
    assert before not in out
    assert after not in out
    assert say("verify")[0] == 0


def test_keys_are_left_alone_while_a_hub_runs(refused, folder):
    """Rotation and discharge need the folder for themselves: they say so and change nothing."""
    episode = lived(folder).id
    held = lock(folder / "log")
    config = ("--config", folder / "hub.toml")
    assert "another hub already runs" in refused("store", "rotate-key", *config)
    assert "another hub already runs" in refused(
        "store", "discharge", "--episode", episode, "--yes", episode, *config
    )
    os.close(held)


def test_a_credential_is_rotated_with_words_for_systemd(say, folder, monkeypatch, tmp_path_factory):
    """It needs --new-secret; old and new open; what to do next is said as commands, and no secret."""
    credentials = tmp_path_factory.mktemp("credentials")
    (credentials / CREDENTIAL).write_bytes(HubSecret.made().in_file)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    lived(folder)
    assert say("rotate-key")[0] == USAGE
    code, out, _ = say("rotate-key", "--new-secret", folder / "new-key")
    assert code == 0
    assert f"systemd-creds encrypt --name={CREDENTIAL} {folder}/new-key" in " ".join(out.split())
    assert (folder / "new-key").read_text().strip() not in out
    assert say("verify")[0] == 0
    (credentials / CREDENTIAL).write_text((folder / "new-key").read_text())
    assert say("verify")[0] == 0
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    assert say("rotate-key", "--new-secret", folder / "other")[0] == USAGE


@pytest.mark.parametrize(
    "said", [(), ("wrong",), ("{episode}",), ("{episode}", "yes"), ("DISCHARGE", "DISCHARGE")]
)
def test_a_discharge_asks_twice_and_anything_else_than_both_answers_destroys_nothing(
    say, folder, answers, said
):
    """The episode once more, then the word; an end of input is no answer either."""
    episode = lived(folder).id
    received(folder)
    answers(*(one.format(episode=episode) for one in said))
    before = on_disk(folder)
    code, _, _ = say("discharge", "--episode", episode)
    assert code != 0
    assert on_disk(folder) == before


def test_a_discharge_destroys_and_says_what_it_cant_promise(say, run, folder, answers):
    """After both answers log and key are gone; flash, copies and ward are named; a new home begins."""
    episode = lived(folder).id
    received(folder)
    answers(episode, "DISCHARGE")
    code, out, _ = say("discharge", "--episode", episode)
    assert code == 0
    for word in ("flash", "escrow", "ward's database", "new-home"):
        assert word in out
    assert {path.name for path in (folder / "log").iterdir()} == {"keyring.json", "lock"}
    assert "was discharged" in run("hub", "run", "--config", folder / "hub.toml")[2]
    assert "discharged" in run("hub", "check", "--config", folder / "hub.toml")[1]
    file = folder / "hub.toml"
    file.write_text(file.read_text().replace(HOME, OTHER_HOME))
    assert lived(folder).home == OTHER_HOME
    assert say("verify")[0] == 0


def test_what_the_ward_lacks_is_not_destroyed_by_oversight(say, folder):
    """Entries without a receipt, or a log that nobody can read, need --even-unsent."""
    episode = lived(folder).id
    words = ("discharge", "--episode", episode, "--yes", episode)
    before = on_disk(folder)
    code, _, err = say(*words)
    assert (code, on_disk(folder)) == (CONFIG, before)
    assert "1 entries wait without a receipt" in err
    (folder / "hub.key").unlink()
    assert "nobody can tell what the ward lacks" in say(*words)[2]
    assert say(*words[:-1], "other", "--even-unsent")[0] == USAGE
    assert (folder / "log" / "log.db").exists()
    assert say(*words, "--even-unsent")[0] == 0
    assert not (folder / "log" / "log.db").exists()
    assert not (folder / "hub.key").exists()


def test_another_episode_than_the_running_one_is_not_discharged(say, folder):
    """A slip of the finger destroys nothing."""
    lived(folder)
    before = on_disk(folder)
    code, _, err = say("discharge", "--episode", "0" * 16, "--yes", "0" * 16, "--even-unsent")
    assert (code, on_disk(folder)) == (USAGE, before)
    assert "here runs" in err


def test_the_organisation_reads_a_dead_hubs_log(say, run, folder, tmp_path):
    """Escrow is made at start; its private key, the log and nothing else of the hub are enough."""
    assert run("store", "new-organisation-key", "--out", tmp_path / "org")[0] == 0
    assert "Start the hub first" in say("escrow", "--out", tmp_path / "none")[2]
    lived(folder)
    assert "start it once" in say("escrow", "--out", tmp_path / "none")[2]
    with_line(folder, f'escrow_public_key_file = "{tmp_path}/org.pub"')
    escrow = lived(folder).escrow
    assert lived(folder).escrow == escrow, "one is enough"
    assert say("escrow", "--out", tmp_path / "sealed")[0] == 0
    for number, source in enumerate((tmp_path / "sealed", folder / "log" / "keyring.json")):
        key = tmp_path / f"key{number}"
        words = ("--private-key", tmp_path / "org", "--in", source, "--out", key)
        code, out, _ = run("store", "open-escrow", *words)
        assert code == 0
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
        assert key.read_text().strip() not in out
        assert run("store", "open-escrow", *words)[0] == CONFIG, "never written over"
    (folder / "log" / "keyring.json").unlink()
    (folder / "hub.key").write_text(key.read_text())
    code, out, _ = say("export")
    assert code == 0
    assert json.loads(out.splitlines()[0])["home"] == HOME
    lived(folder)
    assert say("rotate-key")[0] == 0
    assert say("verify")[0] == 0


def test_an_escrow_that_was_altered_or_sealed_to_another_opens_nothing(say, run, folder, tmp_path):
    """Another key, another home, another episode, other bytes: one line, and no key file."""
    for name in ("org", "other"):
        run("store", "new-organisation-key", "--out", tmp_path / name)
    with_line(folder, f'escrow_public_key_file = "{tmp_path}/org.pub"')
    lived(folder)
    say("escrow", "--out", tmp_path / "sealed")
    whole = json.loads((tmp_path / "sealed").read_text())
    blob = whole["sealed"]["blob"]
    flipped = blob[:-2] + ("00" if blob[-2:] != "00" else "11")
    for wrong, private, code in (
        (whole, "other", DATA),
        ({**whole, "home": OTHER_HOME}, "org", DATA),
        ({**whole, "episode": "0" * 16}, "org", DATA),
        ({**whole, "sealed": {**whole["sealed"], "blob": flipped}}, "org", DATA),
        ({**whole, "sealed": {**whole["sealed"], "blob": "00"}}, "org", DATA),
        ({**whole, "more": 1}, "org", CONFIG),
    ):  # fmt: skip
        (tmp_path / "wrong").write_text(json.dumps(wrong))
        words = ("--private-key", tmp_path / private, "--in", tmp_path / "wrong", "--out", tmp_path / "key")
        found, _, err = run("store", "open-escrow", *words)
        assert (found, err.count("\n")) == (code, 1)
        assert not (tmp_path / "key").exists()


def test_another_organisations_key_replaces_the_escrow(folder, run, tmp_path):
    """At the next start the log's key is sealed to the key in the settings, and to no other."""
    for name in ("org", "other"):
        run("store", "new-organisation-key", "--out", tmp_path / name)
    with_line(folder, f'escrow_public_key_file = "{tmp_path}/org.pub"')
    first = lived(folder).escrow
    (tmp_path / "org.pub").write_text((tmp_path / "other.pub").read_text())
    second = lived(folder).escrow
    assert first.to != second.to
    assert second.to in run("hub", "check", "--config", folder / "hub.toml")[1]


def test_check_reads_the_keyring_aloud_and_changes_nothing(run, folder):
    """Which episode, whether in escrow, whether a rotation is on its way; and not one octet of a key."""
    before = on_disk(folder)
    assert "none yet; the first start makes one" in run("hub", "check", "--config", folder / "hub.toml")[1]
    assert on_disk(folder) == before
    episode = lived(folder)
    before = on_disk(folder)
    code, out, _ = run("hub", "check", "--config", folder / "hub.toml")
    assert (code, on_disk(folder)) == (0, before)
    assert f"episode {episode.id}: home {HOME}" in out
    assert "NOT in escrow" in out
    assert (folder / "hub.key").read_text()[:16] not in out
    assert episode.wrapped[0].key[:16] not in out
