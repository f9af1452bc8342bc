"""One device in an air of this process."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from devices.driver import Advertisement, Link
from gateway.radio import BleakRadio, Waits
from simulators.radio.air import Air
from simulators.radio.backend import air_radio
from simulators.radio.bonds import Passkey
from simulators.radio.host import TwinHost, hosted
from tests.contracts.teller import Teller

WAITS = Waits(scan_round_s=0.3, connect_s=3.0)
ADDRESS = "F0:00:00:00:00:0A"


@dataclass
class Bench:
    """A device in the air, and hubs made as they are wanted."""

    air: Air
    host: TwinHost
    twin: Teller

    def hub(self, *, bonds: Path | None = None, passkey: Passkey | None = None) -> BleakRadio:
        """Return a hub that has just been switched on."""
        return air_radio(self.air, bonds=bonds, passkey=passkey, waits=WAITS)

    async def measure(self, *records: bytes) -> None:
        """Let the device have something to tell."""
        self.twin.measure(*records)
        await self.host.refresh()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@contextlib.asynccontextmanager
async def bench(*, passkey: int | None = None, name: str = "teller") -> AsyncIterator[Bench]:
    """Open an air with one device in it."""
    air = Air(supervision_s=0.3)
    twin = Teller(name, ADDRESS, passkey=passkey)
    async with hosted(air, [twin], interval_ms=20) as (host,):
        yield Bench(air, host, twin)


async def hear(radio: BleakRadio) -> Advertisement:
    """Return the next advertisement."""
    async with contextlib.aclosing(radio.scan()) as scan:
        return await anext(scan)


@contextlib.asynccontextmanager
async def link_to(radio: BleakRadio) -> AsyncIterator[Link]:
    """Hear the device and open a link to it."""
    await hear(radio)
    async with radio.connect(ADDRESS) as link:
        yield link
