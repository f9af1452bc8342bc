"""What happens to keys when a hub starts, when its secret is rotated, and when a patient is discharged.

Whoever calls `open_key`, `rotate` or `discharge` holds the folder's lock: two of them at once would
each write a keyring without the other's word. `look_key` changes nothing and needs no lock.
"""

import logging
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from gateway.store import durable, keyring
from gateway.store.file import LOG_FILE, is_first_start
from gateway.store.key_place import ESCROW, KeyPlace, told
from gateway.store.keyring import Kek, Keyring
from gateway.store.keys import (
    SALT_BYTES,
    HubSecret,
    KeyFileError,
    LogKey,
    assert_private,
    device_secret,
    read_secret,
)

ERASED = ("log*", "quarantine/*/*", "bonds.json*")
"""What a discharge removes from the folder: what is noise without its key, and the devices' bonds."""
_logger = logging.getLogger(__name__)


def open_key(place: KeyPlace, home: str, now: datetime, escrow_to: X25519PublicKey | None = None) -> LogKey:
    """Return the log's key at a start: begin an episode where none runs, take over, tidy up, seal escrow.

    Raises KeyFileError, or DiskError, with what to do. The keyring is durable before any log of it is.
    """
    with told(place):
        ring = keyring.read(place.ring_file)
        if ring is not None and ring.unerased is not None:
            ring = _erase(place, ring)
        if ring is None or ring.current is None:
            return _first(place, ring or Keyring(), home, now, escrow_to)
        secret = place.secret()
        key = _key(place, ring, place.kek(ring, secret), home)
        try:
            _tidy(place, ring, key, secret, escrow_to)
        except OSError as error:
            # A full disk is no reason to keep alerts from a patient: the key is known, and nothing is lost.
            _logger.warning("%s: %s. The next start tidies the keys up.", place.ring_file, error.strerror)
        return key


def look_key(place: KeyPlace, home: str) -> LogKey:
    """Return the log's key, and change nothing; raise KeyFileError."""
    try:
        return _looked(place, home)
    except KeyFileError:
        return _looked(place, home)  # a rotation beside us may have passed between our two files


def key_of_folder(folder: Path, key_file: Path, home: str) -> LogKey:
    """Return the key of a log in another hub's folder: by its keyring, or by an escrow that was opened."""
    place = KeyPlace(folder, key_file)
    with told(place):
        escrowed = place.secret().as_log_key()
        if _head(place) == escrowed.salt:
            return escrowed
    return look_key(place, home)


def _looked(place: KeyPlace, home: str) -> LogKey:
    with told(place):
        ring, secret = keyring.read(place.ring_file), place.secret()
        if ring is None or ring.current is None:
            return _before_keyrings(place, secret)
        return _key(place, ring, place.kek(ring, secret), home)


def _first(
    place: KeyPlace, ring: Keyring, home: str, now: datetime, escrow_to: X25519PublicKey | None
) -> LogKey:
    """Begin the first episode, the next after a discharge, or one with the log of an older Pusterom."""
    if any(each.home == home for each in ring.episodes):
        raise KeyFileError(
            f"home {home} was discharged from this hub. Write a new `home` into the settings, as"
            " `pusterom hub new-home` prints it."
        )
    is_new = is_first_start(place.folder)
    secret = place.secret(may_be_made=is_new)
    key = LogKey.made() if is_new else _before_keyrings(place, secret)
    if not is_new and not _head(place):
        return key  # nothing is there that it could open; whoever opens the log says so
    salt = device_secret(place.device_secret_file)
    ring = ring.begun(home, Kek(secret, salt), key, at=now, has_device_secret=salt is not None)
    if escrow_to is not None:
        ring = ring.escrowed(key, escrow_to)
    place.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    keyring.written(place.ring_file, ring)
    return key


def _before_keyrings(place: KeyPlace, secret: HubSecret) -> LogKey:
    """Return the secret as the key of the log itself, if the log begins as one of it does."""
    key, head = secret.as_log_key(), _head(place)
    if head and head != key.salt:
        raise KeyFileError(
            f"{place.folder / LOG_FILE} can't be read with this key: wrong key, foreign or damaged file; or"
            f" {place.ring_file}, which holds its wrapped key, is missing. Put it back, {ESCROW}."
            " Nothing was changed."
        )
    return key


def _head(place: KeyPlace) -> bytes:
    """Return the salt that the log begins with; nothing where no log can be read."""
    try:
        with (place.folder / LOG_FILE).open("rb") as file:
            return file.read(SALT_BYTES)
    except (FileNotFoundError, IsADirectoryError):
        return b""


def _key(place: KeyPlace, ring: Keyring, kek: Kek, home: str) -> LogKey:
    current = ring.current
    assert current is not None, "an episode must run"
    if not ring.is_opened_by(kek):
        also = " and this device secret" if ring.has_device_secret else ""
        raise KeyFileError(
            f"{place.ring_file} can't be opened with this secret{also}: wrong key, foreign or damaged file."
            f" Put the right one back, {ESCROW}. Nothing was changed."
        )
    if (key := ring.key(kek)) is None:
        raise KeyFileError(
            f"the key in {place.ring_file} was altered. Put a sound copy back, {ESCROW}. Nothing was changed."
        )
    if current.home != home:
        raise KeyFileError(
            f"{place.ring_file} opens the log of home {current.home}, not of {home}. Check `home` in the"
            f" settings; after a patient has left, `pusterom store discharge --episode {current.id}`."
        )
    return key


def _tidy(
    place: KeyPlace, before: Keyring, key: LogKey, secret: HubSecret, escrow_to: X25519PublicKey | None
) -> None:
    """Bring to its end what a cut or a rotation has left half done, and add what the settings now ask for."""
    ring, secret = before, _promoted(place, before, secret)
    ring = ring.settled(place.kek(ring, secret))
    if place.device_secret_file is not None and not ring.has_device_secret and ring.has_one_key:
        # Not while a credential is on its way: the one that waits was wrapped without the device.
        kek = Kek(secret, device_secret(place.device_secret_file))
        ring = ring.rewrapped(key, kek, has_device_secret=True).settled(kek)
    if escrow_to is not None:
        ring = ring.escrowed(key, escrow_to)
    if ring != before:
        keyring.written(place.ring_file, ring)


def _promoted(place: KeyPlace, ring: Keyring, secret: HubSecret) -> HubSecret:
    """Finish a rotation that was cut: a waiting secret is the new one if it opens, else never was in use."""
    draft = durable.draft_of(place.key_file.resolve())
    if place.is_sealed or not draft.exists():
        return secret
    try:
        waiting = read_secret(draft)
    except KeyFileError:  # cut while it was written
        durable.destroy(draft)
        return secret
    if not ring.is_opened_by(place.kek(ring, waiting)):
        durable.destroy(draft)
        return secret
    durable.promote(place.key_file)
    return waiting


def rotate(place: KeyPlace, home: str, now: datetime, new_secret_file: Path | None = None) -> None:
    """Wrap the log's key under a new secret; with a credential, so that old and new both open.

    A cut at any step leaves one secret where the next start looks for it, and it opens.
    """
    assert place.is_sealed == (new_secret_file is not None), "only systemd replaces a credential"
    with told(place):
        ring = keyring.read(place.ring_file)
        if is_first_start(place.folder) and (ring is None or ring.current is None):
            raise KeyFileError(f"there is no log in {place.folder}: no hub has run there. Check `folder`.")
        key = open_key(place, home, now)
        if (ring := keyring.read(place.ring_file)) is None:
            raise KeyFileError(f"the log in {place.folder} is gone or empty. Put it back first.")
        secret = HubSecret.made() if new_secret_file is None else _handed(new_secret_file)
        kek = place.kek(ring, secret)
        if ring.is_opened_by(kek):
            raise KeyFileError(f"{new_secret_file} holds a secret that opens already. Name a new file.")
        if new_secret_file is None:
            durable.prepare(place.key_file, secret.in_file)
        ring = ring.rewrapped(key, kek, has_device_secret=ring.has_device_secret)
        keyring.written(place.ring_file, ring)
        if new_secret_file is None:
            durable.promote(place.key_file)
            keyring.written(place.ring_file, ring.settled(kek))


def _handed(file: Path) -> HubSecret:
    """Return the secret that a person hands over, made where none stands yet."""
    if not file.exists():
        durable.put(file, HubSecret.made().in_file)
    assert_private(file)
    return read_secret(file)


def discharge(place: KeyPlace, episode: str, now: datetime) -> tuple[str, ...]:
    """Destroy what opens this episode's log, then the log; return the names that stay in the folder.

    Needs no secret: whoever may write here may destroy. Once the keyring is written there is no way
    back, and what a cut leaves undone is done by the next start.
    """
    with told(place):
        ring = keyring.read(place.ring_file)
        if ring is None or (ring.current or ring.unerased) is None:
            raise KeyFileError(f"no episode runs in {place.folder}: there is nothing to discharge.")
        known = (ring.current or ring.unerased or ring.episodes[-1]).id
        if known != episode:
            raise KeyFileError(f"--episode: here runs {known}, not what was said. Look with `hub check`.")
        if ring.current is not None:
            ring = keyring.written(place.ring_file, ring.discharged(at=now))
        _erase(place, ring)
        return tuple(sorted(each.name for each in place.folder.iterdir()))


def _erase(place: KeyPlace, ring: Keyring) -> Keyring:
    """Do what follows from a keyring without the key; each step may be done again."""
    key_files = {place.key_file.resolve(), durable.draft_of(place.key_file.resolve())}
    if not place.is_sealed and place.key_file.exists():
        durable.put(place.key_file, HubSecret.made().in_file)
    durable.destroy(durable.draft_of(place.key_file.resolve()))
    for pattern in ERASED:
        for file in sorted(place.folder.glob(pattern)):
            if file.is_file() and file.resolve() not in key_files:
                durable.unlink(file)
    durable.sync_folder(place.folder)
    return keyring.written(place.ring_file, ring.erased())
