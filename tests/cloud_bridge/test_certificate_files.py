"""Certificate files in the settings: each mistake is said with file and key before anything is dialled."""

import shutil
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from cloud_bridge.certificates import WARNING_DAYS, warning_of
from cloud_bridge.road import broker_from, certificates_aloud
from cloud_bridge.settings import BrokerSettings, SettingsError
from tests.cloud_bridge.certificates import NOW, PAST, Authority

HOME = "00c0ffee00c0ffee"


@pytest.fixture
def folder(tmp_path):
    """Return a folder with an authority, a home's certificate and key, and files that are none of these."""
    authority = Authority(tmp_path)
    authority.of(HOME)
    for file in authority.folder.iterdir():
        shutil.copy2(file, tmp_path)
    authority.of(HOME)  # another pair under the same name
    shutil.copy2(authority.folder / f"{HOME}.key", tmp_path / "other.key")
    key = load_pem_private_key((tmp_path / f"{HOME}.key").read_bytes(), None)
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"1234"))
    (tmp_path / "locked.key").write_bytes(locked)
    (tmp_path / "locked.key").chmod(0o600)
    shutil.copy2(tmp_path / f"{HOME}.key", tmp_path / "open.key")
    (tmp_path / "open.key").chmod(0o604)
    (tmp_path / "junk").write_text("junk")
    (tmp_path / "junk").chmod(0o600)
    return tmp_path


def settings(folder, broker="mqtts://broker.example", **files):
    """Return settings that were read from a file in this folder."""
    said = {"broker": broker, **files}
    (folder / "some.toml").write_text("".join(f'{key} = "{value}"\n' for key, value in said.items()))
    return BrokerSettings.load(folder / "some.toml")


def pair(certificate=f"{HOME}.pem", key=f"{HOME}.key"):
    """Return a client's two settings."""
    return {"certificate_file": certificate, "certificate_key_file": key}


@pytest.mark.parametrize(
    ("broker", "files", "key", "words"),
    [
        ("mqtt://b", {"ca_file": "authority.pem"}, "ca_file", "certificates are for mqtts://"),
        ("mqtt://b", pair(), "certificate_file", "certificates are for mqtts://"),
        ("mqtts://b", {"certificate_file": f"{HOME}.pem"}, "certificate_key_file", "is missing"),
        ("mqtts://b", {"certificate_key_file": f"{HOME}.key"}, "certificate_file", "is missing"),
        ("mqtts://b", {"ca_file": "none"}, "ca_file", "No such file"),
        ("mqtts://b", {"ca_file": "junk"}, "ca_file", "holds no certificate"),
        ("mqtts://b", {"ca_file": f"{HOME}.key"}, "ca_file", "holds no certificate"),
        ("mqtts://b", pair(certificate="none"), "certificate_file", "No such file"),
        ("mqtts://b", pair(certificate="junk"), "certificate_file", "holds no certificate"),
        ("mqtts://b", pair(certificate="authority.pem"), "certificate_file", "is made out to 'authority'"),
        ("mqtts://b", pair(key="none"), "certificate_key_file", "No such file"),
        ("mqtts://b", pair(key="junk"), "certificate_key_file", "holds no private key"),
        ("mqtts://b", pair(key="other.key"), "certificate_key_file", "is not the key of certificate_file"),
        ("mqtts://b", pair(key="open.key"), "certificate_key_file", "chmod 600"),
        ("mqtts://b", pair(key="locked.key"), "certificate_key_file", "locked with a password"),
        ("mqtts://b", {"password_file": "none"}, "password_file", "can't read the password file"),
    ],
)
def test_mistake_is_said_with_file_and_key(folder, broker, files, key, words):
    """Which settings file, which key, which certificate file, and what to do; never what stands in a key."""
    with pytest.raises(SettingsError) as caught:
        broker_from(settings(folder, broker, **files), HOME)
    said = str(caught.value)
    assert said.startswith(f"{folder / 'some.toml'}: {key}: ")
    assert words in said
    secrets = [line for file in folder.glob("*.key") for line in file.read_text().splitlines()[1:-1]]
    assert len(secrets) > 9
    assert not any(secret in said for secret in secrets)


def test_key_of_a_systemd_credential_is_taken(folder):
    """A service gets its credentials with mode 0440: a group may read it, everybody may not."""
    (folder / f"{HOME}.key").chmod(0o440)
    broker = broker_from(settings(folder, ca_file="authority.pem", **pair()), HOME)
    assert broker.certificate_expiry == (NOW + timedelta(days=1)).replace(microsecond=0)


def test_expired_certificate_does_not_keep_a_hub_from_starting(tmp_path):
    """A hub measures without a road, too: an expired certificate is for the broker to refuse."""
    authority = Authority(tmp_path)
    files = authority.of(HOME, PAST)
    given = settings(tmp_path, **pair(files.certificate_file, files.certificate_key_file))
    assert broker_from(given, HOME).certificate_expiry == PAST.expires_at.replace(microsecond=0)


def test_certificates_are_read_aloud_without_their_keys(folder):
    """Whose, vouched for by whom, until when; a key that only the service can read is no matter."""
    given = settings(folder, ca_file="authority.pem", **pair(key="/run/credentials/none/key"))
    own, trusted = certificates_aloud(given, HOME, NOW)
    until = f"good until {NOW + timedelta(days=1):%Y-%m-%d}"
    assert own == f"{folder}/{HOME}.pem: {HOME}, vouched for by authority, {until}, 0 more days"
    assert trusted.startswith(f"{folder}/authority.pem: trusts authority, vouched for by authority, {until}")
    assert "EXPIRED" in certificates_aloud(given, HOME, NOW + timedelta(days=3))[0]
    assert "NOT YET VALID" in certificates_aloud(given, HOME, datetime(1970, 1, 1, tzinfo=UTC))[0]


def test_warning_comes_at_each_step_and_not_before():
    """30, 14, 7 days before the end, and at the end: each step once, by whole days."""
    now = datetime(2027, 1, 1, tzinfo=UTC)
    steps = {left: warning_of(now + timedelta(days=left), now) for left in range(-3, 40)}
    assert {left for left, warning in steps.items() if warning is None} == set(range(31, 40))
    told = [steps[left].step for left in (30, 15, 14, 8, 7, 1, 0, -3)]
    assert told == [30, 30, 14, 14, 7, 7, 0, 0]
    assert WARNING_DAYS == (30, 14, 7, 0)
    assert (steps[13].days_left, steps[-3].days_left) == (13, -3)
    assert warning_of(now, datetime(1970, 1, 1, tzinfo=UTC)) is None
