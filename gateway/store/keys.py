"""The log's key: from a systemd credential or a file of its owner's alone, made at first start.

The key is never an argument, an environment value or a word in a log.
"""

import os
import secrets
import stat
from pathlib import Path

CREDENTIAL = "pusterom-log-key"
KEY_BYTES, SALT_BYTES = 32, 16
_HEX_DIGITS = 2 * (KEY_BYTES + SALT_BYTES)


class KeyFileError(Exception):
    """The key can't be used as it lies there; a person must act before the hub starts."""


class LogKey:
    """Key and salt of the encrypted log; its text never shows them."""

    __slots__ = ("_hex",)

    def __init__(self, hex_digits: str) -> None:
        if len(hex_digits) != _HEX_DIGITS or not set(hex_digits) <= set("0123456789abcdef"):
            raise KeyFileError(f"a log key is {_HEX_DIGITS} hexadecimal digits")
        self._hex = hex_digits

    def __repr__(self) -> str:
        return "LogKey(…)"

    def pragma(self) -> str:
        """Return the raw-key literal for SQLCipher; a raw key skips 140 ms of derivation."""
        return f"x'{self._hex}'"

    @property
    def salt(self) -> bytes:
        """Return what a log of this key begins with, unencrypted; tells a wrong key from a damaged page."""
        return bytes.fromhex(self._hex[2 * KEY_BYTES :])


def credentials_folder() -> Path | None:
    """Return where systemd put the credentials of this service, if it did."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    return Path(folder) if folder else None


def log_key(path: Path, *, credentials: Path | None, is_first_start: bool) -> LogKey:
    """Return the key: the systemd credential if there is one, else the file, made at first start.

    Raises KeyFileError when the file is readable by others, malformed, or missing although a log
    exists: a new key would make the old log unreadable for ever.
    """
    try:
        return _log_key(path, credentials, is_first_start=is_first_start)
    except OSError as error:
        what = f"{error.filename or path}: {error.strerror}"
        raise KeyFileError(f"{what}. Give this user the right to it, or set another `key_file`.") from error


def _log_key(path: Path, credentials: Path | None, *, is_first_start: bool) -> LogKey:
    if credentials is not None and (credentials / CREDENTIAL).is_file():
        return _read(credentials / CREDENTIAL)
    if not path.exists():
        if not is_first_start:
            raise KeyFileError(
                f"{path} is missing, but there is a log that was written with it. Put the key file back "
                "(from the organisation's escrow); a new key can't open the old log."
            )
        _make(path)
    _assert_private(path)
    return _read(path)


def _make(path: Path) -> None:
    """Write the key beside and rename it when it is whole: half a key would refuse every later start."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(KEY_BYTES + SALT_BYTES) + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
    sync_folder(path.parent)


def _assert_private(path: Path) -> None:
    status = path.stat()
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise KeyFileError(f"{path} can be read by others. Write: chmod 600 {path}")


def _read(path: Path) -> LogKey:
    try:
        return LogKey(path.read_text(encoding="ascii").strip())
    except (OSError, UnicodeDecodeError) as error:
        raise KeyFileError(f"{path} can't be read as a key: {type(error).__name__}") from None
    except KeyFileError as error:
        raise KeyFileError(f"{path} is no key: {error}. Put the right file back.") from None


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable, as fsync of a file alone does not."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
