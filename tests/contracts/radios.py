"""The three radios that keep the same promises, each with a room full of devices around it."""

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from gateway.ports import Radio
from gateway.radio import Waits
from simulators.radio.air import Air
from simulators.radio.backend import air_radio, unix_radio
from simulators.radio.host import TwinHost, hosted
from simulators.virtual_radio import VirtualRadio
from tests.contracts.teller import Teller

SUPERVISION_S = 0.3
INTERVAL_MS = 20.0
WAITS = Waits(scan_round_s=0.3, connect_s=0.6)

NAMES = ("teller-a", "teller-b")


class Room(Protocol):
    """A radio, and orders to the devices around it."""

    radio: Radio

    async def order(self, name: str, what: str, **how: Any) -> Any:
        """Order a device to do something, or something to be done to it."""
        ...


def address_of(name: str) -> str:
    """Return the address of a device in the room."""
    return f"F0:00:00:00:00:{NAMES.index(name):02X}"


def tellers() -> tuple[Teller, ...]:
    """Return the devices of a room, asleep."""
    return tuple(Teller(name, address_of(name)) for name in NAMES)


def obey_twin(twin: Teller, what: str, *, records: Sequence[str] = (), stops_after: int | None = None) -> Any:
    """Carry out one order on a device itself."""
    match what:
        case "measure":
            twin.measure(*map(bytes.fromhex, records), stops_after=stops_after)
        case "sleep":
            twin.is_awake = False
        case "untold":
            return [record.hex() for record in twin.untold]
        case _:
            raise AssertionError(f"nobody understands {what}")
    return None


async def obey(host: TwinHost, what: str, **how: Any) -> Any:
    """Carry out one order on a device in the air, or on its place there."""
    assert isinstance(host.twin, Teller)
    if what in ("lose", "find"):
        return host.set_in_range(what == "find")
    answer = obey_twin(host.twin, what, **how)
    await host.refresh()
    return answer


class VirtualRoom:
    """The radio made of nothing, at the level of links."""

    def __init__(self) -> None:
        self._twins = {twin.name: twin for twin in tellers()}
        self.radio = self._virtual = VirtualRadio(
            self._twins.values(), advertising_interval_s=INTERVAL_MS / 1000
        )

    async def order(self, name: str, what: str, **how: Any) -> Any:
        """Order at once."""
        twin = self._twins[name]
        if what in ("lose", "find"):
            return self._virtual.set_in_range(twin.address, what == "find")
        return obey_twin(twin, what, **how)


class AirRoom:
    """The virtual air in this process."""

    def __init__(self, radio: Radio, hosts: Sequence[TwinHost]) -> None:
        self.radio = radio
        self._hosts = {host.twin.name: host for host in hosts}

    async def order(self, name: str, what: str, **how: Any) -> Any:
        """Order at once."""
        return await obey(self._hosts[name], what, **how)


class FarRoom:
    """The virtual air in another process, ordered through a socket of its own."""

    def __init__(self, radio: Radio, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.radio = radio
        self._reader, self._writer = reader, writer

    async def order(self, name: str, what: str, **how: Any) -> Any:
        """Order, and wait for the answer."""
        self._writer.write(json.dumps({"name": name, "what": what, **how}).encode() + b"\n")
        await self._writer.drain()
        return json.loads(await self._reader.readline())


class AirProcess:
    """A process that owns an air; it can die and come back."""

    def __init__(self, folder: Path) -> None:
        self.radio_path = folder / "radio.sock"
        self.orders_path = folder / "orders.sock"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def spec(self) -> str:
        """How the hub names this radio."""
        return f"unix:{self.radio_path}"

    def start(self) -> None:
        """Start, and return when it serves."""
        program = [sys.executable, "-W", "error", "-m", "tests.contracts.air_process"]
        self._process = subprocess.Popen([*program, self.spec, str(self.orders_path)], stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ready\n"

    def die(self) -> None:
        """Die as by `kill -9`: the sockets stay behind."""
        if self._process is not None:
            assert self._process.poll() is None, "it was to live until now"
            self._process.kill()
            self._process.wait()
            assert self._process.stdout is not None
            self._process.stdout.close()
            self._process = None


@contextlib.asynccontextmanager
async def open_virtual() -> AsyncIterator[Room]:
    """Open a room without a radio."""
    yield VirtualRoom()


@contextlib.asynccontextmanager
async def open_air() -> AsyncIterator[Room]:
    """Open a room in this process."""
    air = Air(SUPERVISION_S)
    async with hosted(air, tellers(), interval_ms=INTERVAL_MS) as hosts:
        yield AirRoom(air_radio(air, waits=WAITS), hosts)


@contextlib.asynccontextmanager
async def open_far(process: AirProcess) -> AsyncIterator[Room]:
    """Open a room in the other process; it is cleared when this context ends."""
    reader, writer = await asyncio.open_unix_connection(process.orders_path)
    try:
        yield FarRoom(unix_radio(process.spec, waits=WAITS), reader, writer)
    finally:
        writer.write_eof()
        assert await reader.readline() == b"", "the room says nothing more once it is cleared"
        writer.close()
        await writer.wait_closed()
