"""The keyring read aloud: which episodes there are and how their keys are kept, and no secret."""

from collections.abc import Iterator

from gateway.settings import Settings
from gateway.store import keyring
from gateway.store.file import is_first_start
from gateway.store.key_place import KeyPlace
from gateway.store.keyring import Episode
from gateway.store.organisation_key import fingerprint, public_key_in


def keys_told(settings: Settings) -> Iterator[str]:
    """Yield a line for each thing to know; raise KeyFileError for a keyring or public key that is none."""
    place = KeyPlace.of(settings)
    ring = keyring.read(place.ring_file)
    if ring is None:
        fresh = is_first_start(settings.folder)
        yield f"{place.ring_file}: none yet; the first start makes one" + (
            "" if fresh else ", and takes over the log that is there"
        )
    else:
        where = "a systemd credential" if place.is_sealed else str(place.key_file)
        board = " and the device's secret" if ring.has_device_secret else ""
        yield f"{place.ring_file}: episodes so far {len(ring.episodes)}, opened by {where}{board}"
        yield from map(_episode, ring.episodes)
    if settings.escrow_public_key_file is not None:
        number = fingerprint(public_key_in(settings.escrow_public_key_file))
        yield f"{settings.escrow_public_key_file}: the organisation's key {number}"


def _episode(one: Episode) -> str:
    if one.discharged_at is not None:
        state = "" if one.is_erased else "; not brought to its end, the next start does that"
        return f"  episode {one.id}: discharged {one.discharged_at:%Y-%m-%d}, its key is destroyed{state}"
    sealed = f"sealed to the organisation's key {one.escrow.to}" if one.escrow else "NOT in escrow"
    two = "" if len(one.wrapped) == 1 else ", a rotation is on its way: old and new secret open"
    return f"  episode {one.id}: home {one.home}, begun {one.begun_at:%Y-%m-%d}, {sealed}{two}"
