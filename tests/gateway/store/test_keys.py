"""The hub's secret and the log's key: made once, private, and never said."""

import logging
import stat

import pytest

from gateway.store.keyring import Kek
from gateway.store.keys import CREDENTIAL, HubSecret, KeyFileError, LogKey, device_secret, hub_secret


def made(path, *, is_first_start=True, credentials=None):
    """Return the secret as the hub gets it."""
    return hub_secret(path, credentials=credentials, may_be_made=is_first_start)


def test_the_first_start_makes_a_private_key_and_keeps_it(tmp_path):
    """Mode 0600, 48 random bytes, the same at every later start."""
    path = tmp_path / "deep" / "hub.key"
    first = made(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert made(path, is_first_start=False).octets == first.octets
    assert made(tmp_path / "other.key").octets != first.octets


def test_a_key_half_made_when_the_power_went_is_made_anew(tmp_path):
    """It never stands under its own name before it is whole; what is left beside it stops no start."""
    (tmp_path / "hub.key.new").write_text("0123")
    made(tmp_path / "hub.key")
    assert [path.name for path in tmp_path.iterdir()] == ["hub.key"]


def test_a_key_that_others_can_read_is_refused(tmp_path):
    """The hub names the file and the command that mends it."""
    path = tmp_path / "hub.key"
    made(path)
    path.chmod(0o640)
    with pytest.raises(KeyFileError, match=f"chmod 600 {path}"):
        made(path)


def test_a_lost_key_is_not_replaced_by_a_new_one(tmp_path):
    """With a log already written, a new key would lock it for ever."""
    with pytest.raises(KeyFileError, match="is missing"):
        made(tmp_path / "hub.key", is_first_start=False)
    assert not (tmp_path / "hub.key").exists()


def test_a_systemd_credential_goes_before_the_file(tmp_path):
    """Where systemd hands the key over, no key file is made."""
    (tmp_path / CREDENTIAL).write_text("12" * 48)
    key = made(tmp_path / "hub.key", credentials=tmp_path)
    assert key.octets == bytes([0x12]) * 48
    assert not (tmp_path / "hub.key").exists()


@pytest.mark.parametrize("text", [b"", b"c0ffee-c0ffee", b"zz" * 48, b"AB" * 48, b"\xff" * 96])
def test_what_is_no_key_is_refused_without_repeating_it(tmp_path, text):
    """A malformed key file gives a clear error that does not show its content."""
    path = tmp_path / "hub.key"
    path.write_bytes(text)
    path.chmod(0o600)
    with pytest.raises(KeyFileError, match=r"is no key|can't be read") as caught:
        made(path)
    assert text == b"" or text.decode("latin-1") not in str(caught.value)


def test_a_key_never_shows_itself(caplog):
    """Printed, logged or in a trace, a key is three dots."""
    for key in (LogKey("ab" * 48), HubSecret("ab" * 48), Kek(HubSecret("ab" * 48), None)):
        with caplog.at_level(logging.DEBUG):
            logging.getLogger("test").warning("%s %r", key, key)
        assert "abab" not in caplog.text + repr([key]) + f"{key}"
        assert "…" in repr(key)


def test_a_device_secret_is_the_boards_word_without_its_blanks(tmp_path):
    """As the device tree says it, with a zero behind it; what is missing, too short or long is refused."""
    file = tmp_path / "serial-number"
    file.write_bytes(b" 10000000abcdef01\0\n")
    assert device_secret(file) == b"10000000abcdef01"
    assert device_secret(None) is None
    for wrong in (b"", b"\0" * 64, b"short", b"x" * 5000):
        file.write_bytes(wrong)
        with pytest.raises(KeyFileError, match="a device secret has 8 to 4096"):
            device_secret(file)
    with pytest.raises(KeyFileError, match="Is this the board"):
        device_secret(tmp_path / "none")
