"""A BlueZ of our own making: bleak backends that misbehave as the real one was seen to."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData, BaseBleakScanner
from bleak.backends.service import BleakGATTService, BleakGATTServiceCollection

Step = Callable[[], Awaitable[Any]]
ADDRESS = "00:11:22:33:44:55"
CHAR = "00002a5e-0000-1000-8000-00805f9b34fb"


async def hang() -> None:
    """Never answer."""
    await asyncio.Event().wait()


async def agree() -> bytearray:
    """Answer."""
    return bytearray(b"ok")


class Scanner(BaseBleakScanner):
    """Hears what `heard` says, once per start; fails where `failure` says so."""

    heard: list[tuple[str, AdvertisementData]]
    failure: Exception | None = None

    def __init__(self, detection_callback: Any, service_uuids: Any, _mode: str, **_given: object) -> None:
        super().__init__(detection_callback, service_uuids)

    async def start(self) -> None:
        if self.failure is not None:
            raise self.failure
        for address, data in self.heard:
            self.call_detection_callbacks(BLEDevice(address, None, None), data)

    async def stop(self) -> None:
        if self.failure is not None:
            raise self.failure


class Client(BaseBleakClient):
    """Does at each step what the test put there, and keeps a list of it."""

    did: list[str]
    steps: dict[str, list[Step]]
    tell: Callable[[bytearray], None]
    is_connected = True
    mtu_size = 23

    def __init__(self, device: BLEDevice, **given: Any) -> None:
        super().__init__(device, **given)

    async def _step(self, name: str) -> Any:
        self.did.append(name)
        steps = self.steps.get(name, [])
        return await (steps.pop(0) if steps else agree)()

    async def connect(self, *_given: object) -> None:
        await self._step("connect")
        self.services = BleakGATTServiceCollection()
        service = BleakGATTService(None, 1, "0000")
        self.services.add_service(service)
        for handle in (2, 3):
            char = BleakGATTCharacteristic(None, handle, CHAR, ["read"], lambda: 20, service)
            self.services.add_characteristic(char)

    async def disconnect(self) -> None:
        await self._step("disconnect")

    async def pair(self, *_args: object, **_given: object) -> None:
        await self._step("pair")

    async def unpair(self) -> None:
        await self._step("unpair")

    async def read_gatt_char(self, characteristic: BleakGATTCharacteristic, **_given: object) -> bytearray:
        return bytearray(await self._step(f"read {characteristic.handle}"))

    async def write_gatt_char(self, *_given: object) -> None:
        await self._step("write")

    async def start_notify(self, _char: object, callback: Any, **_given: object) -> None:
        type(self).tell = staticmethod(callback)
        await self._step("subscribe")

    async def stop_notify(self, *_given: object) -> None:
        await self._step("unsubscribe")

    async def read_gatt_descriptor(self, *_given: object) -> bytearray:
        raise AssertionError("nobody reads descriptors")

    async def write_gatt_descriptor(self, *_given: object) -> None:
        raise AssertionError("nobody writes descriptors")
