"""Where the parts of a key lie: secret, board, keyring; and what a disk that refuses means."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

from gateway.store.file import DiskError
from gateway.store.keyring import KEYRING_FILE, Kek, Keyring
from gateway.store.keys import (
    HubSecret,
    KeyFileError,
    credential_in,
    credentials_folder,
    device_secret,
    hub_secret,
)

ESCROW = "or open the organisation's escrow (`pusterom store open-escrow`)"
_DISK_ERRORS = {errno.ENOSPC, errno.EIO, errno.EROFS, errno.EDQUOT}


class KeySettings(Protocol):
    """What the hub's settings say of keys."""

    @property
    def folder(self) -> Path:
        """The folder of the log."""
        ...

    @property
    def key_file(self) -> Path:
        """The file of the hub's secret."""
        ...

    @property
    def device_secret_file(self) -> Path | None:
        """The file of the board's secret."""
        ...


@dataclass(frozen=True, slots=True)
class KeyPlace:
    """Where everything lies that a key is made of."""

    folder: Path
    key_file: Path
    device_secret_file: Path | None = None
    credentials: Path | None = None

    @classmethod
    def of(cls, settings: KeySettings) -> Self:
        """Return the place that the settings name, and systemd's credentials if there are any."""
        return cls(settings.folder, settings.key_file, settings.device_secret_file, credentials_folder())

    @property
    def ring_file(self) -> Path:
        """The keyring."""
        return self.folder / KEYRING_FILE

    @property
    def is_sealed(self) -> bool:
        """Tell whether the secret is a credential, which only systemd can replace."""
        return credential_in(self.credentials) is not None

    def secret(self, *, may_be_made: bool = False) -> HubSecret:
        """Return the hub's secret; raise KeyFileError."""
        return hub_secret(self.key_file, credentials=self.credentials, may_be_made=may_be_made)

    def kek(self, ring: Keyring, secret: HubSecret) -> Kek:
        """Return the key that the keyring should open with; raise KeyFileError where a part is missing."""
        if ring.has_device_secret and self.device_secret_file is None:
            raise KeyFileError(
                f"{self.ring_file} was made with a device secret, but the settings name none. Write"
                f" `device_secret_file` again, {ESCROW}."
            )
        salt = device_secret(self.device_secret_file) if ring.has_device_secret else None
        return Kek(secret, salt)


@contextmanager
def told(place: KeyPlace) -> Iterator[None]:
    """Say what the disk means, in our words."""
    try:
        yield
    except OSError as error:
        what = f"{error.filename or place.folder}: {error.strerror}"
        if error.errno in _DISK_ERRORS:
            raise DiskError(f"no key can be written: {what}. Is the disk full or broken?") from error
        raise KeyFileError(f"{what}. Give this user the right to it.") from error
