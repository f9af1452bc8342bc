"""The organisation's key pair: the public half lies on hubs, the private one never does.

Both are files of 64 hexadecimal digits behind a word that says which half it is, so that nobody
puts the private one on a hub by mistake; PEM, as openssl makes it, is read as well.
"""

import hashlib
import os
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from gateway.store.durable import sync_folder
from gateway.store.keys import KeyFileError

PUBLIC, PRIVATE = "pusterom-public-key ", "pusterom-private-key "
_PEM_PRIVATE = "PRIVATE KEY-----"


def public_key_in(file: Path) -> X25519PublicKey:
    """Return the organisation's public key; raise KeyFileError if the file holds none, or the wrong half."""
    text = _text(file)
    if text.startswith(PRIVATE) or _PEM_PRIVATE in text:
        raise KeyFileError(
            f"{file} is the organisation's PRIVATE key, which must never lie on a hub. Remove it from here,"
            " put the public one in its place, and let the organisation make a new pair."
        )
    try:
        if text.startswith("-----"):
            found = load_pem_public_key(text.encode())
        else:
            found = X25519PublicKey.from_public_bytes(bytes.fromhex(text.removeprefix(PUBLIC)))
    except (ValueError, UnsupportedAlgorithm):
        found = None
    if not isinstance(found, X25519PublicKey) or _is_weak(found):
        raise KeyFileError(
            f"{file} is no X25519 public key. `pusterom store new-organisation-key` makes one."
        )
    return found


def private_key_in(file: Path) -> X25519PrivateKey:
    """Return the organisation's private key; raise KeyFileError if the file holds none."""
    text = _text(file)
    try:
        if text.startswith("-----"):
            found = load_pem_private_key(text.encode(), None)
        elif text.startswith(PRIVATE):
            found = X25519PrivateKey.from_private_bytes(bytes.fromhex(text.removeprefix(PRIVATE)))
        else:
            found = None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        found = None
    if not isinstance(found, X25519PrivateKey):
        raise KeyFileError(
            f"{file} is no X25519 private key of ours, or has a passphrase. Name the file that"
            " `pusterom store new-organisation-key` made."
        )
    return found


def make_pair(private_file: Path, public_file: Path) -> X25519PublicKey:
    """Write a new pair into two files that must not exist yet, the private one for its owner alone."""
    key = X25519PrivateKey.generate()
    write_new(private_file, f"{PRIVATE}{key.private_bytes_raw().hex()}\n", 0o600)
    write_new(public_file, f"{PUBLIC}{key.public_key().public_bytes_raw().hex()}\n", 0o644)
    return key.public_key()


def write_new(file: Path, text: str, mode: int) -> None:
    """Write a file durably where none stands; raise KeyFileError where one does, or it can't be."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "w", encoding="ascii") as opened:
            opened.write(text)
            opened.flush()
            os.fsync(opened.fileno())
        sync_folder(file.absolute().parent)
    except OSError as error:
        raise KeyFileError(f"{file} can't be made: {error.strerror}. Name another file.") from error


def fingerprint(key: X25519PublicKey) -> str:
    """Return sixteen digits by which people compare public keys over the phone."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]


def _is_weak(key: X25519PublicKey) -> bool:
    """Tell a public key of small order: to seal to it fails, and the hub would learn that too late."""
    try:
        X25519PrivateKey.generate().exchange(key)
    except ValueError:
        return True
    return False


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise KeyFileError(f"{file} can't be read as a key: {type(error).__name__}. Name another.") from None
