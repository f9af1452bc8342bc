"""The hub's virtual Bluetooth adapter: there while somebody scans or is connected, and no longer."""

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

from bleak.exc import BleakBluetoothNotAvailableError, BleakBluetoothNotAvailableReason, BleakError
from bumble import hci
from bumble.device import Advertisement, Connection, Device, DeviceConfiguration
from bumble.hci import Address
from bumble.host import Host

from simulators.radio.air import Air
from simulators.radio.bonds import Passkey, bonds_of, hub_pairing
from simulators.radio.controller import AirController
from simulators.radio.errors import BUMBLE_ERRORS, asked
from simulators.radio.pipe import Pipe

HUB_ADDRESS = "F0:0D:00:00:00:01"
"""Two hubs in one air need two addresses."""

CANCEL_S = 2.0

Hear = Callable[[Advertisement], None]


class Adapter:
    """One adapter, in this process's own air or behind a unix socket; it starts with its first user."""

    def __init__(
        self,
        place: Air | Path,
        *,
        bonds: Path | None = None,
        passkey: Passkey | None = None,
        address: str = HUB_ADDRESS,
    ) -> None:
        self.bonds = bonds_of(address, bonds)
        self._address = address
        self._place = place
        self._passkey = passkey
        self._device: Device | None = None
        self._leave: Callable[[], None] = lambda: None
        self._users: set[object] = set()
        self._listeners: dict[object, Hear] = {}
        self._changing = asyncio.Lock()
        self._connecting = asyncio.Lock()

    async def attach(self, user: object) -> Device:
        """Return the running device, started if `user` is the first; raise BleakError when that fails."""
        async with self._changing:
            if self._device is None:
                await self._start()
            if self._device is None:
                raise BleakError("the radio went away while starting")
            self._users.add(user)
            return self._device

    def detach(self, user: object) -> None:
        """Let go; with its last user the adapter leaves the air. Who lets go twice stops nobody's start."""
        if user in self._users:
            self._users.discard(user)
            if not self._users:
                self._stop()

    async def listen(self, user: object, hear: Hear, *, is_active: bool) -> None:
        """Let `hear` have every advertisement, from now on."""
        device = await self.attach(user)
        self._listeners[user] = hear
        if not device.scanning:
            await asked("start scanning", device.start_scanning(active=is_active, filter_duplicates=False))

    async def stop_listening(self, user: object) -> None:
        """Hear no more."""
        self._listeners.pop(user, None)
        try:
            if self._device is not None and not self._listeners:
                await asked("stop scanning", self._device.stop_scanning())
        finally:
            self.detach(user)

    async def connect(self, device: Device, address: Address) -> Connection:
        """Return an open link, or raise BleakError; a cancelled attempt leaves nothing pending behind."""
        async with self._connecting:
            try:
                return await asked("connect", device.connect(address, timeout=None))
            except asyncio.CancelledError:
                if self._device is device:  # a radio that is gone has nothing to take back
                    await _give_up(device, address)
                raise

    async def forget(self, address: Address) -> None:
        """Forget the bond with a device, where there is one."""
        if await self.bonds.get(str(address)) is not None:
            await self.bonds.delete(str(address))

    async def _start(self) -> None:
        source = await self._open()
        host = Host(source, source)
        device = Device(config=DeviceConfiguration(name="hub", address=Address(self._address)), host=host)
        device.keystore = self.bonds
        device.pairing_config_factory = lambda link: hub_pairing(str(link.peer_address), self._passkey)
        device.on("advertisement", self._heard)
        self._device = device
        try:
            await asked("start the virtual adapter", device.power_on())
        except ValueError as error:
            raise BleakError(f"the file of bonds is damaged, delete it: {error}") from error
        finally:
            if not device.powered_on:
                self._stop()

    async def _open(self) -> AirController | Pipe:
        if isinstance(self._place, Air):
            air, one = self._place, AirController(self._address, self._place)
            self._leave = lambda: air.detach(one)
            return one
        try:
            _, pipe = await asyncio.get_running_loop().create_unix_connection(
                lambda: Pipe(lambda _: None, self._lost), str(self._place)
            )
        except OSError as error:
            raise BleakBluetoothNotAvailableError(
                f"nobody serves {self._place} ({error.strerror or error}); start: pusterom simulate",
                BleakBluetoothNotAvailableReason.NO_BLUETOOTH,
            ) from error
        self._leave = pipe.close
        return pipe

    def _heard(self, advertisement: Advertisement) -> None:
        for hear in list(self._listeners.values()):
            hear(advertisement)

    def _lost(self, pipe: Pipe) -> None:
        device = self._device
        if device is None or device.host.hci_sink is not pipe:
            return
        self._device = None
        self._users.clear()
        self._listeners.clear()
        device.host.on_transport_lost()  # which ends every link, and every wait for an answer

    def _stop(self) -> None:
        if self._device is not None:
            self._device = None
            self._leave()


async def _give_up(device: Device, address: Address) -> None:
    """Take back a connection request: bumble forgets it and the controller goes on trying for ever."""
    with contextlib.suppress(*BUMBLE_ERRORS, TimeoutError):
        async with asyncio.timeout(CANCEL_S):
            # Refused where the link has been opened in the meantime; then there is one to close.
            with contextlib.suppress(hci.HCI_Error):
                await device.send_sync_command(hci.HCI_LE_Create_Connection_Cancel_Command())
            for connection in list(device.connections.values()):
                if connection.peer_address == address:
                    await connection.disconnect()
