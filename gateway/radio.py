"""The Radio over bleak: BlueZ on a Pi, the virtual air in tests. No other file of the hub knows bleak."""

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import TypeVar

from bleak import BleakClient, BleakScanner
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.exc import BleakError, BleakGATTProtocolError, BleakGATTProtocolErrorCode

from devices.driver import Advertisement, LinkError
from gateway.inbox import Inbox
from gateway.ports import Radio, RadioError

T = TypeVar("T")

HEARD_COUNT_MAX = 512
"""Phones change their address every quarter of an hour: the oldest addresses are forgotten."""

WAITING_ADVERTISEMENTS_MAX = 256
"""When nobody listens the oldest go first: an awake device calls again within seconds."""

_RSSI_UNKNOWN_DBM = -127
"""What bleak says when BlueZ gave no signal strength."""

# A D-Bus that is away, refuses us or breaks off says so as OSError, ValueError or EOFError.
_FOREIGN = (BleakError, OSError, EOFError, ValueError)

_NEEDS_PAIRING = {
    BleakGATTProtocolErrorCode.INSUFFICIENT_AUTHENTICATION,
    BleakGATTProtocolErrorCode.INSUFFICIENT_ENCRYPTION,
}

_GROUP = "pusterom.radios"


@dataclass(frozen=True, slots=True)
class Waits:
    """How long each step may take; without them BlueZ can hang for ever on a protected read.

    BlueZ pairs by itself inside a read or a subscription, hence their patience.
    """

    scan_round_s: float = 30.0
    connect_s: float = 20.0
    pair_s: float = 60.0
    read_s: float = 30.0
    write_s: float = 30.0
    subscribe_s: float = 30.0
    disconnect_s: float = 10.0


class BleakLink:
    """A Link over one connected BleakClient."""

    def __init__(self, client: BleakClient, inbox: Inbox, waits: Waits) -> None:
        self._client = client
        self._inbox = inbox
        self._waits = waits
        # A UUID that occurs twice means its first characteristic; bleak itself would refuse to choose.
        self._chars: dict[str, BleakGATTCharacteristic] = {}
        for char in client.services.characteristics.values():
            self._chars.setdefault(char.uuid.lower(), char)

    @property
    def backlog(self) -> int:
        """How many notifications have arrived that nobody has received yet."""
        return len(self._inbox)

    def has(self, char: str) -> bool:
        """Tell whether the device offers this characteristic."""
        return char in self._chars

    async def read(self, char: str) -> bytes:
        """Return the characteristic's value, or raise LinkError."""
        found = self._find(char)
        return bytes(
            await self._do(f"read {char}", self._waits.read_s, lambda: self._client.read_gatt_char(found))
        )

    async def write(self, char: str, data: bytes, *, with_response: bool = True) -> None:
        """Write, or raise LinkError."""
        found = self._find(char)
        await self._do(
            f"write {char}",
            self._waits.write_s,
            lambda: self._client.write_gatt_char(found, data, response=with_response),
        )

    async def subscribe(self, char: str) -> None:
        """Ask for notifications or indications; pairs first where the device demands it."""
        found = self._find(char)

        def take(_: BleakGATTCharacteristic, data: bytearray) -> None:
            self._inbox.put(char, bytes(data))

        try:
            await self._do(
                f"subscribe to {char}",
                self._waits.subscribe_s,
                lambda: self._client.start_notify(found, take),
            )
        except LinkError:
            # It may tell all and hang up before the answer is through to us: what it told proves the answer.
            if not self._inbox.has(char):
                raise

    async def receive(self, *, timeout_s: float) -> tuple[str, bytes]:
        """Return the next notification, or raise LinkError after the last one that arrived."""
        return await self._inbox.take(timeout_s)

    def _find(self, char: str) -> BleakGATTCharacteristic:
        if (found := self._chars.get(char)) is None:
            raise LinkError(f"{self._client.address} offers no characteristic {char}")
        return found

    async def _do(self, what: str, timeout_s: float, step: Callable[[], Awaitable[T]]) -> T:
        """Take one step; where the device demands a bond, pair and take it once more."""
        try:
            return await self._once(what, timeout_s, step)
        except LinkError as error:
            if not _asks_for_pairing(error.__cause__):
                raise
        await self._once("pair", self._waits.pair_s, self._client.pair)
        return await self._once(what, timeout_s, step)

    async def _once(self, what: str, timeout_s: float, step: Callable[[], Awaitable[T]]) -> T:
        try:
            if self._inbox.end is None:
                with _link_errors(f"{self._client.address}: {what}"):
                    async with self._inbox.patience(timeout_s):
                        return await step()
        except LinkError:
            if self._inbox.end is None:
                raise
        raise LinkError(f"{self._client.address}: {what}: {self._inbox.end}")


class BleakRadio:
    """A Radio over bleak; with no backend given it is the platform's own, BlueZ on a Pi."""

    def __init__(
        self,
        scanner_backend: type[BaseBleakScanner] | None = None,
        client_backend: type[BaseBleakClient] | None = None,
        *,
        waits: Waits | None = None,
    ) -> None:
        self._scanner_backend = scanner_backend
        self._client_backend = client_backend
        self._waits = waits or Waits()
        self._heard: OrderedDict[str, BLEDevice] = OrderedDict()
        # BlueZ answers a second Connect with InProgress: one at a time.
        self._connecting = asyncio.Lock()

    async def scan(self) -> AsyncIterator[Advertisement]:
        """Yield advertisements until cancelled; raise RadioError when the radio is away.

        bleak does not tell that a radio died while scanning: each round starts anew, and a dead one can't.
        """
        self._heard.clear()
        heard: asyncio.Queue[Advertisement] = asyncio.Queue(WAITING_ADVERTISEMENTS_MAX)
        while True:
            scanner = await self._start_scanner(heard)
            try:
                ends_at = asyncio.get_running_loop().time() + self._waits.scan_round_s
                while (advertisement := await _next_before(ends_at, heard)) is not None:
                    yield advertisement
            finally:
                # A radio that can't stop can't start either, and starting is what reports it.
                with contextlib.suppress(*_FOREIGN):
                    await scanner.stop()

    @contextlib.asynccontextmanager
    async def connect(self, address: str) -> AsyncIterator[BleakLink]:
        """Open a link, discover its characteristics; raise LinkError when the device is not there."""
        inbox = Inbox()
        client = self._client(address, lambda _: inbox.close("the device hung up or went out of reach"))
        try:
            async with self._connecting:
                with _link_errors(f"{address}: connect"):
                    async with asyncio.timeout(self._waits.connect_s):
                        await client.connect()
            with _link_errors(f"{address}: connect"):
                link = BleakLink(client, inbox, self._waits)
            yield link
        finally:
            # The talk is over either way; what it brought must not be lost to a clumsy goodbye.
            with contextlib.suppress(*_FOREIGN):
                async with asyncio.timeout(self._waits.disconnect_s):
                    await client.disconnect()

    async def forget(self, address: str) -> None:
        """Drop our half of the bond, so that the next visit pairs anew; raise LinkError when it can't."""
        with _link_errors(f"{address}: forget the bond"):
            await self._client(address, lambda _: None).unpair()

    def _client(self, address: str, gone: Callable[[BleakClient], None]) -> BleakClient:
        if (device := self._heard.get(address)) is None:
            raise LinkError(f"{address} was not heard in this scan")
        return BleakClient(device, gone, timeout=2 * self._waits.connect_s, backend=self._client_backend)

    async def _start_scanner(self, heard: asyncio.Queue[Advertisement]) -> BleakScanner:
        def hear(device: BLEDevice, data: AdvertisementData) -> None:
            self._heard[device.address] = device
            self._heard.move_to_end(device.address)
            if len(self._heard) > HEARD_COUNT_MAX:
                self._heard.popitem(last=False)
            if heard.full():
                heard.get_nowait()
            heard.put_nowait(_advertisement(device, data))

        try:
            scanner = BleakScanner(hear, backend=self._scanner_backend)
            await scanner.start()
        except _FOREIGN as error:
            raise RadioError(
                f"no Bluetooth radio: {_said(error)}. Is the adapter there and the service running? "
                "On a Pi: systemctl status bluetooth; rfkill list"
            ) from error
        return scanner


def open_radio(spec: str, *, bonds: Path | None) -> Radio:
    """Return the radio that `spec` names: "bluez", or "scheme:place" of an installed other one."""
    if spec == "bluez":
        return BleakRadio()
    others = entry_points(group=_GROUP)
    scheme = spec.partition(":")[0]
    for other in others:
        if other.name == scheme and ":" in spec:
            try:
                opener: Callable[..., Radio] = other.load()
            except ImportError as error:
                raise RadioError(f"radio {spec}: {error}. Try: pip install 'pusterom[simulators]'") from error
            return opener(spec, bonds=bonds)
    known = ", ".join(["bluez", *sorted(f"{other.name}:<place>" for other in others)])
    raise RadioError(f"radio {spec!r} is unknown; known are: {known}. Set one of these as the hub's radio")


async def _next_before(ends_at: float, heard: asyncio.Queue[Advertisement]) -> Advertisement | None:
    try:
        async with asyncio.timeout_at(ends_at):
            return await heard.get()
    except TimeoutError:
        return None


def _advertisement(device: BLEDevice, data: AdvertisementData) -> Advertisement:
    return Advertisement(
        address=device.address,
        name=data.local_name or "",
        services=frozenset(uuid.lower() for uuid in data.service_uuids),
        service_data={uuid.lower(): bytes(value) for uuid, value in data.service_data.items()},
        manufacturer_data={company: bytes(value) for company, value in data.manufacturer_data.items()},
        rssi_dbm=None if data.rssi == _RSSI_UNKNOWN_DBM else data.rssi,
    )


@contextlib.contextmanager
def _link_errors(what: str) -> Iterator[None]:
    try:
        yield
    except _FOREIGN as error:
        raise LinkError(f"{what}: {_said(error)}") from error


def _said(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return str(error) or type(error).__name__


def _asks_for_pairing(error: BaseException | None) -> bool:
    return isinstance(error, BleakGATTProtocolError) and error.code in _NEEDS_PAIRING
