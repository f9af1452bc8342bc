"""Keys over a hub's life: begun, rotated, bound to a board, destroyed; and never said."""

import re
import shutil
import stat
import traceback

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from gateway.store import durable, keyring
from gateway.store.episodes import discharge, look_key, open_key, rotate
from gateway.store.file import LOG_FILE, WITNESS_FILE
from gateway.store.key_place import KeyPlace
from gateway.store.keyring import Kek, Keyring
from gateway.store.keys import CREDENTIAL, HubSecret, KeyFileError, LogKey
from gateway.store.log import Store
from tests.gateway.conftest import on_disk
from tests.given import HOME, NOON, OTHER_HOME, fact

SERIAL = b"10000000abcdef01\0"


@pytest.fixture
def place(tmp_path):
    """Where a hub's keys lie."""
    return KeyPlace(tmp_path / "log", tmp_path / "hub.key")


def start(place, home=HOME, name="a", **more):
    """Start as a hub does and keep one entry; return the key."""
    key = open_key(place, home, NOON, **more)
    store = Store.open(place.folder, home, key)
    store.commit([fact(name)], at=NOON)
    store.close()
    return key


def ring_of(place):
    """Return the keyring as it lies there."""
    return keyring.read(place.ring_file)


def credential(place, secret, name="credentials"):
    """Return the place as systemd shows it, with this secret."""
    folder = place.folder.parent / name
    folder.mkdir(exist_ok=True)
    (folder / CREDENTIAL).write_bytes(secret.in_file)
    return KeyPlace(place.folder, place.key_file, place.device_secret_file, folder)


def on_board(place, serial=SERIAL):
    """Return the place on a board that has a secret."""
    file = place.folder.parent / "serial-number"
    file.write_bytes(serial)
    return KeyPlace(place.folder, place.key_file, file, place.credentials)


def refusal(act, *args):
    """Return what is said, which holds nothing as long as a key; not a byte is changed."""
    folder = next(arg.folder for arg in args if isinstance(arg, KeyPlace)).parent
    before = on_disk(folder)
    with pytest.raises(KeyFileError) as caught:
        act(*args)
    assert on_disk(folder) == before
    assert not re.search(r"[0-9a-fA-F]{20}", "".join(traceback.format_exception(caught.value)))
    return str(caught.value)


def test_a_first_start_makes_a_keyring_for_its_owner_alone(place):
    """Random, mode 0600, the same at each later start and for who only looks; the secret is not the key."""
    key = start(place)
    assert stat.S_IMODE(place.ring_file.stat().st_mode) == 0o600
    assert start(place, name="b").pragma() == look_key(place, HOME).pragma() == key.pragma()
    assert key.octets.hex() not in place.key_file.read_text()
    assert (
        len(
            {open_key(KeyPlace(place.folder / n, place.folder / f"{n}.key"), HOME, NOON).octets for n in "ab"}
        )
        == 2
    )


def test_a_wrong_secret_opens_nothing_and_changes_nothing(place):
    """Starting, looking and rotating refuse, say what to do, and leave each byte as it was."""
    start(place)
    right = place.key_file.read_bytes()
    place.key_file.write_bytes(HubSecret.made().in_file)
    for act, args in (
        (open_key, (place, HOME, NOON)),
        (look_key, (place, HOME)),
        (rotate, (place, HOME, NOON)),
    ):
        assert "open the organisation's escrow" in refusal(act, *args)
    place.key_file.write_bytes(right)
    assert look_key(place, HOME)


def test_a_lost_secret_is_not_made_anew_though_no_log_stands_there(place):
    """A keyring without a log may be one whose log was moved away: its key is kept."""
    start(place)
    place.key_file.unlink()
    for name in (LOG_FILE, WITNESS_FILE):
        (place.folder / name).unlink()
    assert "Put the key file back" in refusal(open_key, place, HOME, NOON)


def test_nothing_secret_stands_in_any_file_but_the_secrets_own(place):
    """Key, salt, secret and board's secret: in no file of the folder, raw or as digits, at any time."""
    place = on_board(place)
    to = X25519PrivateKey.generate()
    secrets = {
        start(place, escrow_to=to.public_key()).octets,
        HubSecret(place.key_file.read_text().strip()).octets,
    }
    rotate(place, HOME, NOON)
    secrets |= {HubSecret(place.key_file.read_text().strip()).octets, SERIAL.strip(b"\0")}
    for file in place.folder.iterdir():
        data = file.read_bytes()
        for secret in secrets:
            key = secret[:32]  # the salt behind it is the log's first sixteen octets, as SQLCipher keeps it
            assert key not in data
            assert key.hex().encode() not in data.lower()
    salts = {secret[32:].hex().encode() for secret in secrets if len(secret) > 32}
    assert not any(salt in place.ring_file.read_bytes() for salt in salts)


def test_after_a_rotation_the_old_secret_opens_nothing(place):
    """Against the new keyring it is refused; a copy of the old keyring beside it would still open."""
    key = start(place)
    old, ring = place.key_file.read_bytes(), place.ring_file.read_bytes()
    rotate(place, HOME, NOON)
    assert start(place, name="b").pragma() == key.pragma()
    assert len(ring_of(place).current.wrapped) == 1
    new = place.key_file.read_bytes()
    place.key_file.write_bytes(old)
    refusal(open_key, place, HOME, NOON)
    place.ring_file.write_bytes(ring)
    assert look_key(place, HOME).pragma() == key.pragma()
    place.key_file.write_bytes(new)
    refusal(open_key, place, HOME, NOON)


def test_a_rotated_credential_and_its_follower_both_open_until_the_follower_is_used(place, tmp_path):
    """Only systemd replaces a credential: nobody is locked out before it has; the old one is out after."""
    before = credential(place, HubSecret.made())
    key, handed = start(before), tmp_path / "new-key"
    rotate(before, HOME, NOON, handed)
    rotate(before, HOME, NOON, tmp_path / "newer-key")
    assert stat.S_IMODE(handed.stat().st_mode) == 0o600
    for file in (handed, tmp_path / "newer-key"):
        assert start(before, name=f"b{file}").pragma() == key.pragma()
        after = credential(place, HubSecret(file.read_text().strip()), file.name + "s")
        assert start(after, name=f"c{file}").pragma() == key.pragma()
    refusal(open_key, before, HOME, NOON)
    assert not place.key_file.exists()


def test_the_secret_in_use_is_no_new_one(place, tmp_path):
    """A person who hands over the old secret again is told so, and nothing is written."""
    secret = HubSecret.made()
    sealed = credential(place, secret)
    start(sealed)
    durable.put(tmp_path / "same", secret.in_file)
    assert "opens already" in refusal(rotate, sealed, HOME, NOON, tmp_path / "same")


def test_a_rotation_where_no_hub_has_run_makes_nothing(place):
    """Neither key nor keyring nor log."""
    assert "no hub has run there" in refusal(rotate, place, HOME, NOON)


def test_a_boards_secret_is_part_of_the_key_from_the_next_start_on(place):
    """Named in the settings it binds the log to the board; missing, changed or unnamed it is asked for."""
    key = start(place)
    board = on_board(place)
    assert start(board, name="b").pragma() == key.pragma()
    assert ring_of(place).has_device_secret
    assert len(ring_of(place).current.wrapped) == 1
    assert "Write `device_secret_file` again" in refusal(open_key, place, HOME, NOON)
    assert "and this device secret" in refusal(open_key, on_board(place, b"another board"), HOME, NOON)
    rotate(on_board(place), HOME, NOON)
    assert start(board, name="c").pragma() == key.pragma()
    board.device_secret_file.unlink()
    assert "Is this the board" in refusal(look_key, board, HOME)


def test_a_board_named_while_a_credential_is_on_its_way_locks_nobody_out(place, tmp_path):
    """The credential that waits was wrapped without the board; it still opens when its turn comes."""
    before = credential(place, HubSecret.made())
    key = start(before)
    rotate(before, HOME, NOON, tmp_path / "new-key")
    assert start(on_board(before), name="b").pragma() == key.pragma()
    after = on_board(credential(place, HubSecret((tmp_path / "new-key").read_text().strip())))
    assert start(after, name="c").pragma() == key.pragma()
    assert start(after, name="d").pragma() == key.pragma()
    assert ring_of(place).has_device_secret


def test_a_discharged_log_opens_for_nobody_with_this_card(place):
    """No pair of what lay there and what lies there now opens it, but the old keyring with the old secret."""
    to = X25519PrivateKey.generate()
    key = start(place, escrow_to=to.public_key())
    kept = place.folder.parent / "kept"
    shutil.copytree(place.folder, kept)
    old = place.key_file.read_bytes()
    (place.folder / "bonds.json").write_text("{}")
    left = discharge(place, ring_of(place).current.id, NOON)
    assert left == (keyring.KEYRING_FILE,)
    new, ring = place.key_file.read_bytes(), place.ring_file.read_bytes()
    assert b"wrapped" not in ring.replace(b'"wrapped": []', b"")
    assert b"blob" not in ring

    def opens(secret, folder, rings):
        case = KeyPlace(folder, place.key_file)
        place.key_file.write_bytes(secret)
        case.ring_file.write_bytes(rings)
        try:
            return look_key(case, HOME).pragma() == key.pragma()
        except KeyFileError:
            return False

    before = (kept / keyring.KEYRING_FILE).read_bytes()
    assert [opens(secret, kept, rings) for secret in (old, new) for rings in (before, ring)] == [
        True, False, False, False,
    ]  # fmt: skip


def test_after_a_discharge_another_home_begins_anew_and_the_old_one_never(place):
    """The empty folder is not taken for a lost log; the discharged home's numbers are not begun again."""
    key = start(place)
    episode = ring_of(place).current.id
    discharge(place, episode, NOON)
    assert "was discharged" in refusal(open_key, place, HOME, NOON)
    assert start(place, OTHER_HOME).pragma() != key.pragma()
    assert [each.home for each in ring_of(place).episodes] == [HOME, OTHER_HOME]
    assert "not what was said" in refusal(discharge, place, episode, NOON)


def test_a_key_file_in_the_hubs_own_folder_outlives_a_discharge(tmp_path):
    """Its name may begin as the log's do: it is made anew, and not removed with them."""
    place = KeyPlace(tmp_path / "log", tmp_path / "log" / "log.key")
    start(place)
    old = place.key_file.read_bytes()
    assert discharge(place, ring_of(place).current.id, NOON) == (keyring.KEYRING_FILE, "log.key")
    assert place.key_file.read_bytes() not in (old, b"")


def test_an_older_logs_key_is_taken_over_once(place):
    """From then on the keyring opens it; rotated, what was the key of the log is no key of the hub."""
    secret = HubSecret.made()
    durable.put(place.key_file, secret.in_file)
    store = Store.open(place.folder, HOME, secret.as_log_key())
    store.commit([fact("a")], at=NOON)
    store.close()
    assert start(place, name="b").pragma() == secret.as_log_key().pragma()
    rotate(place, HOME, NOON)
    assert start(place, name="c").pragma() == secret.as_log_key().pragma()
    place.key_file.write_bytes(secret.in_file)
    refusal(open_key, place, HOME, NOON)


def test_a_lost_keyring_is_not_made_anew(place):
    """Its log is not one from before: the secret was never that log's key."""
    start(place)
    place.ring_file.unlink()
    for act, args in (
        (open_key, (place, HOME, NOON)),
        (look_key, (place, HOME)),
        (rotate, (place, HOME, NOON)),
    ):
        assert "is missing. Put it back" in refusal(act, *args)


def test_a_keyring_that_makes_no_sense_is_refused(place):
    """Two running episodes, one without a key, one discharged with it: whole by its sum, and still none."""
    start(place)
    ring = ring_of(place)
    one = ring.current
    for episodes in (
        (one, one),
        (one.model_copy(update={"wrapped": ()}),),
        (one.model_copy(update={"discharged_at": NOON}),),
    ):
        keyring.written(place.ring_file, ring.model_copy(update={"episodes": episodes}))
        assert "damaged or no keyring" in refusal(open_key, place, HOME, NOON)
    keyring.written(place.ring_file, ring.model_copy(update={"version": 2}))
    assert "newer Pusterom" in refusal(open_key, place, HOME, NOON)


def test_another_homes_settings_open_nothing(place):
    """The settings of another home are refused before the log is looked at."""
    start(place)
    assert f"not of {OTHER_HOME}" in refusal(open_key, place, OTHER_HOME, NOON)


RING = Keyring().begun(HOME, Kek(HubSecret.made(), None), LogKey.made(), at=NOON, has_device_secret=False)


@given(st.data())
def test_a_keyring_with_one_flipped_bit_or_cut_off_is_refused(tmp_path_factory, data):
    """Nothing of a damaged keyring is believed, and nothing of it is repeated."""
    file = tmp_path_factory.getbasetemp() / "ring.json"
    keyring.written(file, RING)
    assert keyring.read(file) == RING
    octets = bytearray(file.read_bytes())
    at = data.draw(st.integers(0, len(octets) - 2))  # the last is a line's end
    if data.draw(st.booleans()):
        octets[at] ^= 1 << data.draw(st.integers(0, 7))
    else:
        del octets[at:]
    file.write_bytes(octets)
    with pytest.raises(KeyFileError, match="is damaged or no keyring") as caught:
        keyring.read(file)
    assert caught.value.__cause__ is None
    assert RING.current.wrapped[0].key not in str(caught.value)


def test_an_altered_wrapped_key_is_never_taken_for_another(place):
    """Altered with its sum, as only somebody who means it can, it still opens nothing."""
    start(place)
    ring = ring_of(place)
    (wrapped,) = ring.current.wrapped
    flipped = wrapped.model_copy(update={"key": f"{int(wrapped.key, 16) ^ 1:0{len(wrapped.key)}x}"})
    keyring.written(place.ring_file, ring._with(ring.current.model_copy(update={"wrapped": (flipped,)})))
    assert "was altered" in refusal(open_key, place, HOME, NOON)
