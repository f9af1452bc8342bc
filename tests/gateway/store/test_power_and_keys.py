"""The power is cut at each step that keys take over the disk: what lies there opens, or never again."""

import shutil

import pytest

from gateway.store import durable, keyring
from gateway.store.episodes import discharge, look_key, open_key, rotate
from gateway.store.file import LOG_FILE
from gateway.store.key_place import KeyPlace
from gateway.store.keys import HubSecret, KeyFileError
from gateway.store.log import Store
from simulators.cutting_disk import KEEPS, CuttingDisk, PowerCutError
from tests.given import HOME, NOON, OTHER_HOME, fact


def lived(root) -> KeyPlace:
    """Return a place whose hub has run, with a log of one entry."""
    place = KeyPlace(root / "log", root / "hub.key")
    keep(place, open_key(place, HOME, NOON))
    return place


def keep(place, key, name="a"):
    """Keep one entry in the log of this key."""
    store = Store.open(place.folder, HOME, key)
    store.commit([fact(name)], at=NOON)
    store.close()


def opens(place, home=HOME) -> bool:
    """Start as a hub does; tell whether the entry is there."""
    store = Store.open(place.folder, home, open_key(place, home, NOON))
    try:
        return store.told_before(["a"]) == {"a"}
    finally:
        store.close()


@pytest.fixture
def cuts(tmp_path, monkeypatch):
    """Do the same to copies of one folder, cut at every step and in every way; yield what was left."""

    def every(root, act):
        count = 0
        for keeps in KEEPS:
            for cut_at in range(1, 1000):
                here = tmp_path / "cut" / f"{keeps}-{cut_at}"
                shutil.copytree(root, here)
                place = KeyPlace(here / "log", here / "hub.key")
                place.folder.mkdir(exist_ok=True)
                disk = CuttingDisk([here, place.folder], cut_at=cut_at, keeps=keeps)
                with monkeypatch.context() as patch:
                    patch.setattr(durable, "os", disk)
                    try:
                        act(place)
                        is_done = True
                    except PowerCutError:
                        is_done = False
                if is_done:
                    break
                count += 1
                yield place
                shutil.rmtree(here)
        assert count >= 3 * 5, "a walk that cuts nothing proves nothing"

    return every


def test_a_first_start_that_is_cut_is_followed_by_one_that_works(tmp_path, cuts):
    """Secret and keyring are durable before a log is: no log is ever begun that nobody can open again."""
    (tmp_path / "home").mkdir()
    for place in cuts(tmp_path / "home", lambda place: open_key(place, HOME, NOON)):
        keep(place, open_key(place, HOME, NOON))
        assert opens(place)


def test_a_takeover_that_is_cut_leaves_the_log_openable(tmp_path, cuts):
    """A log from before there were keyrings opens at each step, for looking and for a start."""
    home = tmp_path / "home"
    (home / "log").mkdir(parents=True)
    place, secret = KeyPlace(home / "log", home / "hub.key"), HubSecret.made()
    durable.put(place.key_file, secret.in_file)
    keep(place, secret.as_log_key())
    for left in cuts(home, lambda place: open_key(place, HOME, NOON)):
        assert look_key(left, HOME).pragma() == secret.as_log_key().pragma()
        assert opens(left)
        assert (left.folder / keyring.KEYRING_FILE).exists()


def test_a_rotation_that_is_cut_leaves_a_secret_that_opens(tmp_path, cuts):
    """At each step the key file opens the log; the next start leaves one wrapping and no waiting secret."""
    key = look_key(lived(tmp_path / "home"), HOME)
    seen = set()
    for left in cuts(tmp_path / "home", lambda place: rotate(place, HOME, NOON)):
        assert look_key(left, HOME).pragma() == key.pragma()
        assert opens(left)
        ring = keyring.read(left.ring_file)
        assert len(ring.current.wrapped) == 1
        assert not durable.draft_of(left.key_file).exists()
        seen.add(left.key_file.read_text() == (tmp_path / "home" / "hub.key").read_text())
    assert seen == {True, False}, "both sides of the rotation were met"


def test_a_rotation_cut_and_its_tidying_cut_again_still_opens(tmp_path, cuts, monkeypatch):
    """The second cut, while the start after the first one tidies up, loses nothing either."""
    place = lived(tmp_path / "home")
    key = look_key(place, HOME)
    monkeypatch.setattr(keyring.Keyring, "settled", lambda ring, _kek: ring)
    rotate(place, HOME, NOON)
    monkeypatch.undo()
    ring = keyring.read(place.ring_file)
    assert len(ring.current.wrapped) == 2
    shutil.copy(place.key_file, durable.draft_of(place.key_file))
    for left in cuts(tmp_path / "home", lambda place: open_key(place, HOME, NOON)):
        assert look_key(left, HOME).pragma() == key.pragma()
        assert opens(left)


def test_a_discharge_that_is_cut_is_either_not_begun_or_never_undone(tmp_path, cuts):
    """Before the keyring is written all is as it was; after it no start opens the log, but ends the work."""
    place = lived(tmp_path / "home")
    episode = keyring.read(place.ring_file).current.id
    secret, key = place.key_file.read_text(), look_key(place, HOME)
    seen = set()
    for left in cuts(tmp_path / "home", lambda place: discharge(place, episode, NOON)):
        is_begun = keyring.read(left.ring_file).current is None
        seen.add(is_begun)
        if not is_begun:
            assert opens(left)
            continue
        with pytest.raises(KeyFileError, match="was discharged"):
            open_key(left, HOME, NOON)
        assert not (left.folder / LOG_FILE).exists()
        assert left.key_file.read_text() != secret
        assert not durable.draft_of(left.ring_file).exists()
        assert open_key(left, OTHER_HOME, NOON).pragma() != key.pragma()
    assert seen == {True, False}


def test_a_discharge_cut_and_its_ending_cut_again_is_ended_by_the_third(tmp_path, cuts):
    """Also while a rotation was on its way: no secret that waited is left, and the log is gone."""
    place = lived(tmp_path / "home")
    old = place.key_file.read_text()
    waiting = HubSecret.made()
    durable.prepare(place.key_file, waiting.in_file)
    keyring.written(place.ring_file, keyring.read(place.ring_file).discharged(at=NOON))
    for left in cuts(tmp_path / "home", lambda place: open_key(place, OTHER_HOME, NOON)):
        open_key(left, OTHER_HOME, NOON)
        assert not (left.folder / LOG_FILE).exists()
        assert not durable.draft_of(left.key_file).exists()
        assert left.key_file.read_bytes() not in (old.encode(), waiting.in_file)
        assert [each.home for each in keyring.read(left.ring_file).episodes] == [HOME, OTHER_HOME]


def test_a_full_disk_at_a_start_keeps_no_hub_from_its_log(tmp_path, monkeypatch, caplog):
    """Tidying up can wait: the key is known, so the hub starts, and says that it left something undone."""
    place = lived(tmp_path / "home")
    key = look_key(place, HOME)
    durable.prepare(place.key_file, HubSecret.made().in_file)

    def full(_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(durable, "_blot", full)
        assert open_key(place, HOME, NOON).pragma() == key.pragma()
    assert "The next start tidies" in caplog.text
    assert opens(place)
