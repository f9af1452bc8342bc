"""What two ends remember of each other, and what they can show and type while they pair."""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path

from bumble.keys import JsonKeyStore, KeyStore, MemoryKeyStore
from bumble.pairing import PairingConfig, PairingDelegate

Passkey = Callable[[str], Awaitable[int | None]]
"""Asks a person for the number on the display of the device at this address; None gives up."""


class BondFile(JsonKeyStore):
    """Bonds in a file that only its owner may read; the keys in it open the link."""

    async def save(self, db: dict[str, dict[str, dict[str, object]]]) -> None:
        """Write everything anew."""
        before = os.umask(0o177)
        try:
            await super().save(db)
        finally:
            os.umask(before)


def bonds_of(address: str, path: Path | None) -> KeyStore:
    """Return where `address` keeps its bonds: in this file, or only as long as it lives."""
    return MemoryKeyStore() if path is None else BondFile(address, str(path))


def hub_pairing(address: str, passkey: Passkey | None) -> PairingConfig:
    """Return how the hub pairs with a device: it can type if somebody is there to be asked."""
    return PairingConfig(sc=True, mitm=passkey is not None, bonding=True, delegate=_Hub(address, passkey))


def twin_pairing(passkey: int | None) -> PairingConfig:
    """Return how a device pairs: it shows its passkey, or has no display and trusts."""
    return PairingConfig(sc=True, mitm=passkey is not None, bonding=True, delegate=_Display(passkey))


class _Hub(PairingDelegate):
    def __init__(self, address: str, passkey: Passkey | None) -> None:
        # Only the encryption key: with an identity key in the store bumble's connect() would first
        # scan for the resolved address, without a limit in time.
        only = PairingDelegate.KeyDistribution.DISTRIBUTE_ENCRYPTION_KEY
        can = PairingDelegate.IoCapability
        super().__init__(can.KEYBOARD_INPUT_ONLY if passkey else can.NO_OUTPUT_NO_INPUT, only, only)
        self._address = address
        self._passkey = passkey

    async def get_number(self) -> int | None:
        """Ask for the passkey."""
        return None if self._passkey is None else await self._passkey(self._address)


class _Display(PairingDelegate):
    def __init__(self, passkey: int | None) -> None:
        can = PairingDelegate.IoCapability
        super().__init__(can.NO_OUTPUT_NO_INPUT if passkey is None else can.DISPLAY_OUTPUT_ONLY)
        self._passkey = passkey

    async def generate_passkey(self) -> int:
        """Return the number on the display."""
        assert self._passkey is not None, "a device without a display is never asked for a number"
        return self._passkey
