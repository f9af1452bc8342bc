"""The radios that stand on the virtual air: in this process, or in another one."""

from pathlib import Path

from gateway.ports import Radio
from gateway.radio import BleakRadio, Waits
from simulators.radio.adapter import HUB_ADDRESS, Adapter
from simulators.radio.air import Air
from simulators.radio.bonds import Passkey
from simulators.radio.client import AirClient
from simulators.radio.errors import quiet_bumble
from simulators.radio.scanner import AirScanner
from simulators.radio.server import path_of

PATIENCE = Waits(scan_round_s=2.0)
"""A virtual radio starts in milliseconds: look often whether it is still there."""


def open_radio(spec: str, *, bonds: Path | None) -> Radio:
    """Return a radio on the air that another process serves at "unix:/path"."""
    return unix_radio(spec, bonds=bonds)


def unix_radio(
    spec: str, *, bonds: Path | None = None, passkey: Passkey | None = None, waits: Waits = PATIENCE
) -> BleakRadio:
    """Return the same with somebody to ask for a passkey, and with another patience."""
    return _radio(Adapter(path_of(spec), bonds=bonds, passkey=passkey), waits)


def air_radio(
    air: Air,
    *,
    bonds: Path | None = None,
    passkey: Passkey | None = None,
    waits: Waits = PATIENCE,
    address: str = HUB_ADDRESS,
) -> BleakRadio:
    """Return a radio on an air of this process; a second hub needs another address."""
    return _radio(Adapter(air, bonds=bonds, passkey=passkey, address=address), waits)


def _radio(adapter: Adapter, waits: Waits) -> BleakRadio:
    quiet_bumble()
    # bleak wants classes and makes the instances itself: the adapter travels with the class.
    scanner = type("AirScanner", (AirScanner,), {"adapter": adapter})
    client = type("AirClient", (AirClient,), {"adapter": adapter})
    return BleakRadio(scanner, client, waits=waits)
