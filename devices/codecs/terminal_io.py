"""Telit's (Stollmann's) Terminal I/O: a serial line over Bluetooth LE in which each packet costs a credit."""

from collections.abc import Mapping, Set
from dataclasses import dataclass

TO_DEVICE, FROM_DEVICE, OUR_GRANTS, ITS_GRANTS = (
    f"0000000{number}-0000-1000-8000-008025000000" for number in (1, 2, 3, 4)
)
"""Its characteristics: bytes to the device and from it, and who lets whom send how many packets."""

SERVICE = "0000fefb-0000-1000-8000-00805f9b34fb"
COMPANY, TERMINAL = 0x008F, b"\x09\xb0"
"""Who made the module, and how its word in the advertisement begins."""

PACKET_SIZE_MAX = 20
CREDITS_MAX, CREDITS_LOW = 0x40, 16
"""So many we grant, and at so few that are left we grant anew."""


def is_terminal(services: Set[str], manufacturer_data: Mapping[int, bytes]) -> bool:
    """Tell whether an advertisement is one of Terminal I/O.

    >>> is_terminal(frozenset(), {0x008F: bytes.fromhex("09b0000101")})
    True
    """
    return SERVICE in services or manufacturer_data.get(COMPANY, b"").startswith(TERMINAL)


@dataclass(frozen=True, slots=True)
class Grant:
    """How many more packets the other side may send."""

    count: int

    @classmethod
    def from_bytes(cls, data: bytes) -> "Grant":
        """Decode; raise ValueError on anything else than one octet."""
        if len(data) != 1:
            raise ValueError(f"{len(data)} octets for a number of credits")
        return cls(data[0])

    def __bytes__(self) -> bytes:
        return bytes((self.count,))
