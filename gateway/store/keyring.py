"""The keyring: which patient episodes this hub has had, and the wrapped key of the one that runs.

It lies beside the log and holds nothing that opens anything by itself: keys wrapped (AES-KWP,
RFC 5649) under a key derived from the hub's secret and, where there is one, the board's; and seals
that only the organisation opens. Every change is a new value, and becomes the file at once or not.
"""

import hashlib
import secrets
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Self

import orjson
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.keywrap import (
    InvalidUnwrap,
    aes_key_unwrap_with_padding,
    aes_key_wrap_with_padding,
)
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from gateway.store import durable
from gateway.store.keys import HubSecret, KeyFileError, LogKey
from gateway.store.organisation_key import fingerprint
from gateway.store.sealed import sealed_bytes

KEYRING_FILE = "keyring.json"
VERSION = 1
_KEK, _CHECK = b"pusterom kek 1", b"pusterom kek check 1"
_KEK_BYTES, _CHECK_BYTES = 32, 8

Sixteen = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
Hex = Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{2})+$")]


class Kek:
    """The key that keys are wrapped under, and the check by which it is known; its text shows neither."""

    __slots__ = ("_key", "check")

    def __init__(self, secret: HubSecret, device_secret: bytes | None) -> None:
        self._key = _derived(secret, device_secret, _KEK, _KEK_BYTES)
        self.check = _derived(secret, device_secret, _CHECK, _CHECK_BYTES).hex()

    def __repr__(self) -> str:
        return "Kek(…)"

    def wrap(self, key: LogKey) -> "Wrapped":
        """Return the log's key as only this key opens it."""
        return Wrapped(kek=self.check, key=aes_key_wrap_with_padding(self._key, key.octets).hex())

    def unwrap(self, wrapped: "Wrapped") -> LogKey | None:
        """Return the log's key, or None where what is wrapped was altered."""
        try:
            return LogKey(aes_key_unwrap_with_padding(self._key, bytes.fromhex(wrapped.key)).hex())
        except (InvalidUnwrap, ValueError, KeyFileError):
            return None


def _derived(secret: HubSecret, device_secret: bytes | None, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, device_secret, info).derive(secret.octets)


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Wrapped(_Part):
    """The log's key under one key; while a rotation is on its way there are two."""

    kek: Sixteen
    key: Hex


class Escrow(_Part):
    """The log's key, sealed to the organisation's public key with this fingerprint."""

    to: Sixteen
    blob: Hex


class Episode(_Part):
    """One patient's time with this hub. After discharge nothing is left but that it was."""

    id: Sixteen
    home: Sixteen
    begun_at: datetime
    wrapped: tuple[Wrapped, ...] = ()
    escrow: Escrow | None = None
    discharged_at: datetime | None = None
    is_erased: bool = False

    @property
    def escrow_info(self) -> bytes:
        """What an escrow is bound to, so that it can't be taken for another's."""
        return escrow_info(self.home, self.id)


def escrow_info(home: str, episode: str) -> bytes:
    """Return what the escrow of this home's episode is bound to."""
    return f"pusterom escrow 1\n{home}\n{episode}".encode()


class Keyring(_Part):
    """All episodes, oldest first; at most the last one is not discharged."""

    version: int = VERSION
    has_device_secret: bool = False
    episodes: tuple[Episode, ...] = ()

    @property
    def current(self) -> Episode | None:
        """The episode that runs."""
        last = self.episodes[-1] if self.episodes else None
        return None if last is None or last.discharged_at else last

    @property
    def unerased(self) -> Episode | None:
        """The episode whose discharge was begun and not brought to its end."""
        last = self.episodes[-1] if self.episodes else None
        return last if last is not None and last.discharged_at and not last.is_erased else None

    @property
    def has_one_key(self) -> bool:
        """Whether no rotation is on its way."""
        return len(self._now.wrapped) == 1

    def is_opened_by(self, kek: Kek) -> bool:
        """Tell whether this key is one that the running episode's key is wrapped under."""
        return self._wrapped(kek) is not None

    def key(self, kek: Kek) -> LogKey | None:
        """Return the log's key; None when this key doesn't open it, or what it opens was altered."""
        wrapped = self._wrapped(kek)
        return None if wrapped is None else kek.unwrap(wrapped)

    def begun(self, home: str, kek: Kek, key: LogKey, *, at: datetime, has_device_secret: bool) -> Self:
        """Return the keyring with a new episode."""
        assert self.current is None, "one episode at a time"
        one = Episode(id=secrets.token_hex(8), home=home, begun_at=at, wrapped=(kek.wrap(key),))
        return self.model_copy(
            update={"episodes": (*self.episodes, one), "has_device_secret": has_device_secret}
        )

    def rewrapped(self, key: LogKey, kek: Kek, *, has_device_secret: bool) -> Self:
        """Return the keyring that opens with this key as well; the newest stands last."""
        now = self._now
        others = tuple(each for each in now.wrapped if each.kek != kek.check)
        ring = self._with(now.model_copy(update={"wrapped": (*others, kek.wrap(key))}))
        return ring.model_copy(update={"has_device_secret": has_device_secret})

    def settled(self, kek: Kek) -> Self:
        """Return the keyring without older wrappings, once the newest key is the one in use."""
        now = self._now
        is_newest = now.wrapped[-1].kek == kek.check
        return self._with(now.model_copy(update={"wrapped": now.wrapped[-1:]})) if is_newest else self

    def escrowed(self, key: LogKey, to: X25519PublicKey) -> Self:
        """Return the keyring with the log's key sealed to this public key, and to no other."""
        now, known = self._now, fingerprint(to)
        if now.escrow is not None and now.escrow.to == known:
            return self
        blob = sealed_bytes(key.octets, to, now.escrow_info)
        return self._with(now.model_copy(update={"escrow": Escrow(to=known, blob=blob.hex())}))

    def discharged(self, *, at: datetime) -> Self:
        """Return the keyring in which the running episode has no key any more."""
        now = self._now
        return self._with(Episode(id=now.id, home=now.home, begun_at=now.begun_at, discharged_at=at))

    def erased(self) -> Self:
        """Return the keyring that knows the last discharge brought to its end."""
        return self._with(self.episodes[-1].model_copy(update={"is_erased": True}))

    @property
    def _now(self) -> Episode:
        assert self.current is not None, "an episode must run"
        return self.current

    def _wrapped(self, kek: Kek) -> Wrapped | None:
        known = self.current.wrapped if self.current else ()
        return next((each for each in known if each.kek == kek.check), None)

    def _with(self, last: Episode) -> Self:
        return self.model_copy(update={"episodes": (*self.episodes[:-1], last)})


def written(path: Path, ring: Keyring) -> Keyring:
    """Make the keyring the file, at once or not at all; return it."""
    body = ring.model_dump(mode="json")
    data = {"keyring": body, "sha256": _sum(body)}
    durable.put(path, orjson.dumps(data, option=orjson.OPT_INDENT_2) + b"\n")
    return ring


def read(path: Path) -> Keyring | None:
    """Return the keyring; None where there is none. Raises KeyFileError when it is not whole."""
    try:
        data = orjson.loads(path.read_bytes())
        body = data["keyring"]
        if data["sha256"] != _sum(body):
            raise ValueError("its sum is wrong")
        if body["version"] != VERSION:
            raise KeyFileError(f"{path} was written by a newer Pusterom. Install that version again.")
        return _assert_sense(Keyring.model_validate(body))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise KeyFileError(
            f"{path}: {error.strerror}. It holds the log's wrapped key: give this user the right to it."
        ) from error
    except (ValueError, KeyError, TypeError, ValidationError):
        # Nothing of it is repeated: what stands there may be anything.
        raise KeyFileError(
            f"{path} is damaged or no keyring; it holds the log's wrapped key. Put a sound copy back, or open"
            " the organisation's escrow."
        ) from None


def _assert_sense(ring: Keyring) -> Keyring:
    *before, last = ring.episodes or (None,)
    if any(each is None or each.discharged_at is None for each in before):
        raise ValueError("an older episode still runs")
    if last is not None and bool(last.wrapped) == bool(last.discharged_at):
        raise ValueError("an episode without a key, or a discharged one with it")
    return ring


def _sum(body: Any) -> str:  # noqa: ANN401 - JSON of any shape, until it was checked
    return hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()
