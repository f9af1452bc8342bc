"""The log's key on its way to the organisation, and what the organisation makes of it."""

from pathlib import Path

import orjson
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from pydantic import BaseModel, ConfigDict, ValidationError

from gateway.store import keyring
from gateway.store.keyring import Episode, Escrow, Sixteen, escrow_info
from gateway.store.keys import KeyFileError, LogKey
from gateway.store.organisation_key import fingerprint
from gateway.store.sealed import SealError, unsealed_bytes

VERSION = 1


class SealedKey(BaseModel):
    """One episode's key, sealed, with what it is bound to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    pusterom_escrow: int = VERSION
    home: Sixteen
    episode: Sixteen
    sealed: Escrow

    @classmethod
    def of(cls, episode: Episode, sealed: Escrow) -> "SealedKey":
        """Return an episode's escrow as it is sent."""
        return cls(home=episode.home, episode=episode.id, sealed=sealed)

    @property
    def text(self) -> str:
        """What stands in the file; it opens nothing without the private key."""
        return orjson.dumps(self.model_dump(), option=orjson.OPT_INDENT_2).decode() + "\n"

    def key(self, private: X25519PrivateKey) -> LogKey:
        """Return the log's key; raise SealError."""
        ours = fingerprint(private.public_key())
        if ours != self.sealed.to:
            raise SealError(f"this was sealed to key {self.sealed.to}, not to {ours}. Name that private key.")
        blob, info = bytes.fromhex(self.sealed.blob), escrow_info(self.home, self.episode)
        return LogKey(unsealed_bytes(blob, private, info).hex())


def sealed_key_of(ring_file: Path) -> SealedKey:
    """Return the escrow of the episode that runs; raise KeyFileError where there is none."""
    ring = keyring.read(ring_file)
    current = None if ring is None else ring.current
    if current is None:
        raise KeyFileError(f"no episode runs: {ring_file} says of none. Start the hub first.")
    if current.escrow is None:
        raise KeyFileError(
            "no escrow was made: write `escrow_public_key_file` into the hub's settings and start it once."
        )
    return SealedKey.of(current, current.escrow)


def sealed_key_in(file: Path) -> SealedKey:
    """Return the escrow in a file that `pusterom store escrow` made, or in a hub's keyring."""
    try:
        text = file.read_bytes()
        if b'"pusterom_escrow"' not in text:
            return sealed_key_of(file)
        return SealedKey.model_validate_json(text)
    except OSError as error:
        raise KeyFileError(f"{file}: {error.strerror}. Name another file.") from error
    except ValidationError:
        raise KeyFileError(f"{file} is no escrow of ours, or damaged. Try another copy.") from None
