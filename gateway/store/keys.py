"""The hub's secret, from a systemd credential or a file of its owner's alone, and the log's key.

Neither is ever an argument, an environment value or a word in a log. The secret opens the keyring
(`keyring.py`), and the keyring holds the log's key.
"""

import os
import secrets
import stat
from pathlib import Path

from gateway.store import durable

CREDENTIAL = "pusterom-log-key"
KEY_BYTES, SALT_BYTES = 32, 16
SECRET_BYTES = KEY_BYTES + SALT_BYTES
_HEX_DIGITS = 2 * SECRET_BYTES
_DEVICE_SECRET_BYTES_MIN, _DEVICE_SECRET_BYTES_MAX = 8, 4096


class KeyFileError(Exception):
    """The key can't be used as it lies there; a person must act before the hub starts."""


class LogKey:
    """Key and salt of the encrypted log; its text never shows them."""

    __slots__ = ("_hex",)

    def __init__(self, hex_digits: str) -> None:
        _assert_digits(hex_digits, "a log key")
        self._hex = hex_digits

    @classmethod
    def made(cls) -> "LogKey":
        """Return a new random one."""
        return cls(secrets.token_hex(SECRET_BYTES))

    def __repr__(self) -> str:
        return "LogKey(…)"

    def pragma(self) -> str:
        """Return the raw-key literal for SQLCipher; a raw key skips 140 ms of derivation."""
        return f"x'{self._hex}'"

    @property
    def octets(self) -> bytes:
        """Return what is wrapped: key and salt."""
        return bytes.fromhex(self._hex)

    @property
    def salt(self) -> bytes:
        """Return what a log of this key begins with, unencrypted; tells a wrong key from a damaged page."""
        return bytes.fromhex(self._hex[2 * KEY_BYTES :])


class HubSecret:
    """What the key of the keyring is derived from; its text never shows it."""

    __slots__ = ("_hex",)

    def __init__(self, hex_digits: str) -> None:
        _assert_digits(hex_digits, "a hub's secret")
        self._hex = hex_digits

    @classmethod
    def made(cls) -> "HubSecret":
        """Return a new random one."""
        return cls(secrets.token_hex(SECRET_BYTES))

    def __repr__(self) -> str:
        return "HubSecret(…)"

    @property
    def octets(self) -> bytes:
        """Return what a key is derived from."""
        return bytes.fromhex(self._hex)

    @property
    def in_file(self) -> bytes:
        """Return what a key file holds."""
        return f"{self._hex}\n".encode()

    def as_log_key(self) -> LogKey:
        """Return it as the key of a log itself: one from before there were keyrings, or from escrow."""
        return LogKey(self._hex)


def credentials_folder() -> Path | None:
    """Return where systemd put the credentials of this service, if it did."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    return Path(folder) if folder else None


def credential_in(credentials: Path | None) -> Path | None:
    """Return the credential that goes before the key file, if there is one."""
    file = None if credentials is None else credentials / CREDENTIAL
    return file if file is not None and file.is_file() else None


def hub_secret(path: Path, *, credentials: Path | None, may_be_made: bool) -> HubSecret:
    """Return the secret: the systemd credential if there is one, else the file, made where it may be.

    Raises KeyFileError when the file is readable by others, malformed, or missing although a log
    exists: a new secret would make the old log unreadable for ever.
    """
    try:
        if (credential := credential_in(credentials)) is not None:
            return read_secret(credential)
        if not path.exists():
            if not may_be_made:
                raise KeyFileError(
                    f"{path} is missing, but there is a log that was written with it. Put the key file back,"
                    " or open the organisation's escrow; a new key can't open the old log."
                )
            durable.put(path, HubSecret.made().in_file)
        assert_private(path)
        return read_secret(path)
    except OSError as error:
        what = f"{error.filename or path}: {error.strerror}"
        raise KeyFileError(f"{what}. Give this user the right to it, or set another `key_file`.") from error


def assert_private(path: Path) -> None:
    """Raise KeyFileError when others than its owner can read a file."""
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise KeyFileError(f"{path} can be read by others. Write: chmod 600 {path}")


def read_secret(path: Path) -> HubSecret:
    """Return the secret in a file; raise KeyFileError, which repeats nothing of it."""
    try:
        return HubSecret(path.read_text(encoding="ascii").strip())
    except (OSError, UnicodeDecodeError) as error:
        raise KeyFileError(f"{path} can't be read as a key: {type(error).__name__}") from None
    except KeyFileError as error:
        raise KeyFileError(f"{path} is no key: {error}. Put the right file back.") from None


def device_secret(path: Path | None) -> bytes | None:
    """Return what this board alone can say, without the blanks and zero octets around it.

    Raises KeyFileError when the file is named and can't be read, or holds too little to be one.
    """
    if path is None:
        return None
    try:
        with path.open("rb") as file:
            octets = file.read(_DEVICE_SECRET_BYTES_MAX + 1).strip(b"\0 \t\r\n")
    except OSError as error:
        raise KeyFileError(
            f"`device_secret_file` {path}: {error.strerror}. Is this the board, and was its TPM asked?"
            " Without it only the organisation's escrow opens the log."
        ) from error
    if not _DEVICE_SECRET_BYTES_MIN <= len(octets) <= _DEVICE_SECRET_BYTES_MAX:
        raise KeyFileError(
            f"`device_secret_file` {path} holds {len(octets)} octets; a device secret has"
            f" {_DEVICE_SECRET_BYTES_MIN} to {_DEVICE_SECRET_BYTES_MAX}. Name another file."
        )
    return octets


def _assert_digits(text: str, what: str) -> None:
    if len(text) != _HEX_DIGITS or not set(text) <= set("0123456789abcdef"):
        raise KeyFileError(f"{what} is {_HEX_DIGITS} hexadecimal digits")
