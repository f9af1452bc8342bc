"""MiBeacon version 5: what Xiaomi's devices call under service data 0xFE95, open or encrypted."""

from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESCCM

from devices.codecs.cursor import Cursor

VERSION = 5
HEAD_SIZE = 4
"""Control and product: all that anybody can read without a key, and the same in every call."""

ENCRYPTED, HAS_ADDRESS, HAS_CAPABILITY, HAS_OBJECT = 1 << 3, 1 << 4, 1 << 5, 1 << 6
_CAPABILITY_IO = 1 << 5
_EXTENSION_SIZE, _TAG_SIZE, _ADDRESS_SIZE = 3, 4, 6
_ASSOCIATED = b"\x11"
_SEALED_CONTROL = VERSION << 12 | 2 << 10 | 1 << 8 | HAS_OBJECT | ENCRYPTED


@dataclass(frozen=True, slots=True)
class Beacon:
    """One call, still closed; `address` stands in it only where the device repeats its own."""

    control: int
    product: int
    counter: int
    address: bytes | None
    payload: bytes

    @classmethod
    def from_bytes(cls, data: bytes) -> "Beacon":
        """Take the head apart; raise ValueError on anything that is no call of this version."""
        cursor = Cursor(data)
        control, product, counter = cursor.take_uint(2), cursor.take_uint(2), cursor.take_uint(1)
        if control >> 12 != VERSION:
            raise ValueError(f"version {control >> 12} of a language of which we know version {VERSION}")
        address = cursor.take(_ADDRESS_SIZE)[::-1] if control & HAS_ADDRESS else None
        if control & HAS_CAPABILITY and cursor.take_uint(1) & _CAPABILITY_IO:
            cursor.take(2)
        return cls(control, product, counter, address, cursor.rest())

    @property
    def has_object(self) -> bool:
        """Whether it says anything besides "I am here"."""
        return bool(self.control & HAS_OBJECT)

    @property
    def is_encrypted(self) -> bool:
        """Whether it takes a key to read what it says."""
        return bool(self.control & ENCRYPTED)

    def opened(self, key: bytes, address: str) -> bytes:
        """Return what it says; raise ValueError where this key doesn't fit."""
        closing = _EXTENSION_SIZE + _TAG_SIZE
        if len(self.payload) <= closing:
            raise ValueError(f"{len(self.payload)} octets are too few to hold anything encrypted")
        sealed, extension = self.payload[:-closing], self.payload[-closing:-_TAG_SIZE]
        nonce = _nonce(self.address or address_octets(address), self.product, self.counter, extension)
        try:
            return _cipher(key).decrypt(nonce, sealed + self.payload[-_TAG_SIZE:], _ASSOCIATED)
        except InvalidTag as error:
            raise ValueError("does not decrypt") from error


def sealed(said: bytes, *, key: bytes, address: str, product: int, count: int) -> bytes:
    """Return the call that says this, the `count`-th of its device, as only a key can open it.

    >>> call = sealed(b"hello", key=bytes(16), address="F0:00:00:00:26:01", product=0x3BD5, count=7)
    >>> Beacon.from_bytes(call).opened(bytes(16), "F0:00:00:00:26:01")
    b'hello'
    """
    counter, extension = count & 0xFF, (count >> 8).to_bytes(_EXTENSION_SIZE, "little")
    nonce = _nonce(address_octets(address), product, counter, extension)
    closed = _cipher(key).encrypt(nonce, said, _ASSOCIATED)
    head = _SEALED_CONTROL.to_bytes(2, "little") + product.to_bytes(2, "little") + bytes((counter,))
    return head + closed[:-_TAG_SIZE] + extension + closed[-_TAG_SIZE:]


def address_octets(address: str) -> bytes:
    """Return a device's address as six octets; raise ValueError where it is none.

    >>> address_octets("D0:7B:6F:27:D7:29").hex()
    'd07b6f27d729'
    """
    octets = bytes.fromhex(address.replace(":", ""))
    if len(octets) != _ADDRESS_SIZE:
        raise ValueError(f"{address!r} is no device address")
    return octets


def _nonce(address: bytes, product: int, counter: int, extension: bytes) -> bytes:
    return address[::-1] + product.to_bytes(2, "little") + bytes((counter,)) + extension


def _cipher(key: bytes) -> AESCCM:
    return AESCCM(key, tag_length=_TAG_SIZE)
