"""bleak's client over the virtual adapter."""

from collections.abc import Callable
from typing import Any

from bleak.args import SizedBuffer
from bleak.backends.characteristic import BleakGATTCharacteristic
from bleak.backends.client import BaseBleakClient, NotifyCallback
from bleak.backends.descriptor import BleakGATTDescriptor
from bleak.backends.device import BLEDevice
from bleak.exc import BleakError
from bumble import gatt, hci
from bumble.device import Connection

from simulators.radio.adapter import Adapter
from simulators.radio.discovery import services_of
from simulators.radio.errors import asked

_CCCD = gatt.GATT_CLIENT_CHARACTERISTIC_CONFIGURATION_DESCRIPTOR


class AirClient(BaseBleakClient):
    """One connection over the virtual air; it pairs only when told to."""

    adapter: Adapter

    def __init__(
        self,
        address_or_ble_device: BLEDevice | str,
        services: set[str] | None,
        *,
        disconnected_callback: Callable[[], None] | None,
        timeout: float,
        **_platforms: object,
    ) -> None:
        super().__init__(address_or_ble_device, disconnected_callback=disconnected_callback, timeout=timeout)
        assert isinstance(address_or_ble_device, BLEDevice), "only a device that was heard is connected to"
        assert services is None, "every service is discovered"
        self._device = address_or_ble_device
        self._connection: Connection | None = None

    @property
    def name(self) -> str:
        """The name it was heard by."""
        return self._device.name or self.address

    @property
    def mtu_size(self) -> int:
        """The size both ends agreed upon."""
        return self._link().att_mtu

    @property
    def is_connected(self) -> bool:
        """Whether the link lives."""
        return self._connection is not None

    async def connect(self, pair: bool, **_given: object) -> None:
        """Connect, encrypt where there is a bond (as BlueZ does), discover."""
        radio = await self.adapter.attach(self)
        try:
            link = await self.adapter.connect(radio, self._device.details)
            link.on(link.EVENT_DISCONNECTION, self._ended)
            self._connection = link
            if link.handle not in radio.connections:
                self._ended(0)  # before there was anybody to be told
            if pair or await self.adapter.bonds.get(str(link.peer_address)):
                await self.pair()
            self.services = await asked("discover", services_of(self._link()))
        except BaseException:
            await self.disconnect()
            raise

    async def disconnect(self) -> None:
        """Hang up."""
        try:
            if self._connection is not None:
                await asked(
                    "disconnect", self._connection.disconnect(hci.HCI_REMOTE_USER_TERMINATED_CONNECTION_ERROR)
                )
        finally:
            self.adapter.detach(self)

    async def pair(self, *_args: object, **_given: object) -> None:
        """Encrypt with the bond there is, or make one."""
        link = self._link()
        if link.is_encrypted:
            return
        if await self.adapter.bonds.get(str(link.peer_address)):
            await asked("encrypt", link.encrypt())
        else:
            await asked("pairing failed", link.pair())

    async def unpair(self) -> None:
        """Forget our half of the bond."""
        await self.disconnect()
        await self.adapter.forget(self._device.details)

    async def read_gatt_char(
        self,
        characteristic: BleakGATTCharacteristic,
        **_given: object,
    ) -> bytearray:
        """Return the value, asked for anew."""
        self._link()
        return bytearray(await asked("read", characteristic.obj.read_value()))

    async def write_gatt_char(
        self, characteristic: BleakGATTCharacteristic, data: SizedBuffer, response: bool
    ) -> None:
        """Write."""
        self._link()
        await asked("write", characteristic.obj.write_value(bytes(data), with_response=response))

    async def start_notify(
        self,
        characteristic: BleakGATTCharacteristic,
        callback: NotifyCallback,
        **_given: object,
    ) -> None:
        """Subscribe; to notifications where both are offered, as bleak demands."""
        is_notify = "notify" in characteristic.properties
        told = self._told(is_notify)
        # Before the subscription: the first indication may come right behind its answer.
        told[characteristic.handle] = {lambda value: callback(bytearray(value))}
        try:
            await self._write_cccd(characteristic, 1 if is_notify else 2)
        except BaseException:
            told.pop(characteristic.handle, None)
            raise

    async def stop_notify(self, characteristic: BleakGATTCharacteristic) -> None:
        """Unsubscribe."""
        await self._write_cccd(characteristic, 0)
        for is_notify in (True, False):
            self._told(is_notify).pop(characteristic.handle, None)

    async def read_gatt_descriptor(
        self,
        descriptor: BleakGATTDescriptor,
        **_given: object,
    ) -> bytearray:
        """Return the value, asked for anew."""
        self._link()
        return bytearray(await asked("read", descriptor.obj.read_value()))

    async def write_gatt_descriptor(self, descriptor: BleakGATTDescriptor, data: SizedBuffer) -> None:
        """Write."""
        self._link()
        await asked("write", descriptor.obj.write_value(bytes(data), with_response=True))

    async def _write_cccd(self, characteristic: BleakGATTCharacteristic, value: int) -> None:
        self._link()
        if (cccd := characteristic.obj.get_descriptor(_CCCD)) is None:
            raise BleakError(f"{characteristic.uuid} can't be subscribed to")
        await asked("subscribe", cccd.write_value(value.to_bytes(2, "little"), with_response=True))

    def _told(self, is_notify: bool) -> dict[int, set[Any]]:
        client = self._link().gatt_client
        told: dict[int, set[Any]] = (
            client.notification_subscribers if is_notify else client.indication_subscribers
        )
        return told

    def _link(self) -> Connection:
        if self._connection is None:
            raise BleakError("the link was lost")
        return self._connection

    def _ended(self, _reason: int) -> None:
        self._connection = None
        self.services = None
        self.adapter.detach(self)
        if self._disconnected_callback is not None:
            self._disconnected_callback()
