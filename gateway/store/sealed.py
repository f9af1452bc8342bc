"""Sealing to the organisation's public key: a stream of any length, or a few bytes.

Anybody can seal, only the organisation can open: a broken hub's card gives nobody its own backups.
That also means that a seal says nothing of who made it; what is inside must say that itself.

A sealed stream is `MAGIC`, then a random file key sealed with HPKE (RFC 9180) to the public key, then
pieces of `PIECE_BYTES`, each AES-256-GCM under the file key. A piece's nonce is its number and whether
it is the last, so that a piece cut off, moved, doubled or altered can't be opened (the STREAM
construction of Hoang, Reyhanitabar, Rogaway and Vizár, 2015). The last piece may be short, or empty.
"""

from collections.abc import Iterable, Iterator

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

MAGIC = b"PUSTEROM-SEAL-1\n"
PIECE_BYTES = 65536
_TAG_BYTES = 16
_KEY_BYTES = 32
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_SEALED_KEY_BYTES = KEM.X25519.enc_length() + _KEY_BYTES + _TAG_BYTES
HEADER_BYTES = len(MAGIC) + _SEALED_KEY_BYTES


class SealError(Exception):
    """What was sealed can't be opened: another key, another purpose, or altered on the way."""


def sealed_bytes(plain: bytes, public_key: X25519PublicKey, info: bytes) -> bytes:
    """Return a few bytes, such as a key, sealed at once; `info` says for what, and opens only the same."""
    return _SUITE.encrypt(plain, public_key, info)


def unsealed_bytes(blob: bytes, private_key: X25519PrivateKey, info: bytes) -> bytes:
    """Return what `sealed_bytes` was given, or raise SealError."""
    try:
        return _SUITE.decrypt(blob, private_key, info)
    except (InvalidTag, ValueError):
        raise SealError(
            "this can't be opened with this private key: it was sealed to another key, for another purpose,"
            " or was altered. Try the organisation's other keys, then another copy."
        ) from None


def sealed(plain: Iterable[bytes], public_key: X25519PublicKey, info: bytes) -> Iterator[bytes]:
    """Yield the sealed stream, with one piece in memory at a time; `info` says what it is."""
    key = AESGCM.generate_key(8 * _KEY_BYTES)
    yield MAGIC + sealed_bytes(key, public_key, MAGIC + info)
    cipher = AESGCM(key)
    for nonce, piece in _numbered(plain, PIECE_BYTES):
        yield cipher.encrypt(nonce, piece, None)


def unsealed(blobs: Iterable[bytes], private_key: X25519PrivateKey, info: bytes) -> Iterator[bytes]:
    """Yield what was sealed; raise SealError where it was altered or cut.

    What was yielded is genuine, but it is the whole only when the iteration ends without SealError:
    use nothing of it before.
    """
    source = iter(blobs)
    header, rest = _header(source)
    if not header.startswith(MAGIC):
        raise SealError("this is nothing that Pusterom has sealed, or it is cut off. Try another copy.")
    cipher = AESGCM(unsealed_bytes(header[len(MAGIC) :], private_key, MAGIC + info))
    for nonce, piece in _numbered(_chained(rest, source), PIECE_BYTES + _TAG_BYTES):
        try:
            yield cipher.decrypt(nonce, piece, None)
        except (InvalidTag, ValueError):
            number = int.from_bytes(nonce[:-1], "big")
            raise SealError(
                f"piece {number} was altered or moved, or the file ends too early. Try another copy."
            ) from None


def _header(source: Iterator[bytes]) -> tuple[bytes, bytes]:
    held = b""
    while len(held) < HEADER_BYTES and (more := next(source, None)) is not None:
        held += more
    return held[:HEADER_BYTES], held[HEADER_BYTES:]


def _chained(first: bytes, others: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from others


def _numbered(source: Iterable[bytes], size: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield nonce and piece; only the last is short, and a piece is the last if nothing stands behind it."""
    held, number = bytearray(), 0
    for more in source:
        held += more
        while len(held) > size:
            yield number.to_bytes(11, "big") + b"\0", bytes(held[:size])
            del held[:size]
            number += 1
    yield number.to_bytes(11, "big") + b"\1", bytes(held)
