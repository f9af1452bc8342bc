"""A twin on the air: bumble's GATT server, advertising and pairing, around a twin that knows no radio."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from bumble import att
from bumble.device import AdvertisingType, Connection, Device, DeviceConfiguration
from bumble.hci import Address
from bumble.host import Host

from simulators.peripherals.twin import Twin
from simulators.radio.adverts import advertising_bytes
from simulators.radio.air import Air
from simulators.radio.bonds import bonds_of, twin_pairing
from simulators.radio.controller import AirController
from simulators.radio.errors import quiet_bumble
from simulators.radio.firmly import firmly
from simulators.radio.table import Table
from simulators.radio.visit import Visit

INTERVAL_MS = 100.0


class TwinHost:
    """Lends one twin a radio. Call `refresh` after the twin has measured, so that its waking is heard."""

    def __init__(
        self,
        air: Air,
        twin: Twin,
        tasks: asyncio.TaskGroup,
        *,
        bonds: Path | None = None,
        interval_ms: float = INTERVAL_MS,
    ) -> None:
        self.twin = twin
        self._air = air
        self._tasks = tasks
        self._interval_ms = interval_ms
        self._advertising = asyncio.Lock()
        self._visit: Visit | None = None
        self._is_off = False
        self._controller = AirController(twin.address, air)
        host = Host(self._controller, self._controller)
        config = DeviceConfiguration(name=twin.name, address=Address(twin.address))
        self._device = Device(config=config, host=host)
        self._device.keystore = bonds_of(twin.address, bonds)
        self._device.pairing_config_factory = lambda _: twin_pairing(twin.passkey)
        self._device.on("connection", self._connected)
        self._table = Table(twin, self._device, self._subscribed, self._written)

    async def power_on(self) -> None:
        """Start, and be heard if the twin is awake."""
        await firmly(self._device.power_on())
        await self.refresh()

    def power_off(self) -> None:
        """Leave the air without a word."""
        self._is_off = True
        self._air.detach(self._controller)
        self._disconnected(0)

    async def refresh(self) -> None:
        """Advertise while the twin is awake and nobody is connected; cheap when nothing has changed."""
        async with self._advertising:
            is_wanted = self.twin.is_awake and self._visit is None and not self._is_off
            if is_wanted:
                data, response = advertising_bytes(self.twin)
                is_new = (data, response) != (self._device.advertising_data, self._device.scan_response_data)
                if is_new or not self._device.is_advertising:
                    start = self._device.start_advertising(
                        _type_for(self.twin, response),
                        advertising_data=data,
                        scan_response_data=response,
                        advertising_interval_min=self._interval_ms,
                        advertising_interval_max=self._interval_ms,
                    )
                    await firmly(start)
            elif self._device.is_advertising:
                await firmly(self._device.stop_advertising())

    def set_in_range(self, is_in_range: bool) -> None:
        """Carry the device out of everybody's reach, or back."""
        self._air.set_in_range(self._controller, is_in_range)

    def drop_link(self) -> None:
        """Lose the link as by interference: no farewell, at both ends at once."""
        self._air.lose_links(self._controller)

    def send_raw(self, pdu: bytes) -> None:
        """Send any bytes on the attribute channel, such as none that the protocol knows."""
        if self._visit is not None:
            self._device.send_l2cap_pdu(self._visit.connection.handle, att.ATT_CID, pdu)

    async def forget_bonds(self) -> None:
        """Forget everybody, as a device does when its battery is changed."""
        assert self._device.keystore is not None, "set when the host was made"
        await self._device.keystore.delete_all()

    def _connected(self, connection: Connection) -> None:
        self._visit = Visit(connection, self._table, self._tasks, self._changed)
        connection.on(connection.EVENT_DISCONNECTION, self._disconnected)
        # bumble keeps the failed session, and a second attempt on the same link would hang.
        connection.on(
            connection.EVENT_PAIRING_FAILURE,
            lambda _: self._device.smp_manager.sessions.pop(connection.handle, None),
        )

    def _disconnected(self, _reason: int) -> None:
        if (visit := self._visit) is not None:
            self._visit = None
            visit.end()

    def _changed(self) -> None:
        if not self._is_off:
            self._tasks.create_task(self.refresh())

    def _subscribed(self, char: str, is_on: bool) -> None:
        if (visit := self._visit) is not None and visit.is_news(char, is_on):
            visit.run(lambda: self.twin.subscribed(char, visit))

    def _written(self, char: str, data: bytes) -> None:
        if (visit := self._visit) is not None:
            visit.run(lambda: self.twin.written(char, data, visit))


def _type_for(twin: Twin, response: bytes) -> AdvertisingType:
    if twin.services:
        return AdvertisingType.UNDIRECTED_CONNECTABLE_SCANNABLE
    return AdvertisingType.UNDIRECTED_SCANNABLE if response else AdvertisingType.UNDIRECTED


@contextlib.asynccontextmanager
async def hosted(
    air: Air, twins: Sequence[Twin], *, bonds: Path | None = None, interval_ms: float = INTERVAL_MS
) -> AsyncIterator[tuple[TwinHost, ...]]:
    """Put these twins on the air while the context is open."""
    quiet_bumble()
    async with asyncio.TaskGroup() as tasks:
        hosts = tuple(TwinHost(air, twin, tasks, bonds=bonds, interval_ms=interval_ms) for twin in twins)
        try:
            for host in hosts:
                await host.power_on()
            yield hosts
        finally:
            for host in hosts:
                host.power_off()
