"""A device that says what it is told to say: the smallest twin that shows every promise of a radio."""

import asyncio
from collections.abc import Mapping

from devices.driver import uuid16
from simulators.peripherals.twin import Characteristic, Hub, Property, Service

SERVICE = uuid16(0x1822)
DATA_SERVICE = uuid16(0x181D)
TOLD = uuid16(0x2A5E)
FEATURE = uuid16(0x2A60)
SECRET = "5a5a0001-0000-4000-8000-00805f9b34fb"
ORDERS = "5a5a0002-0000-4000-8000-00805f9b34fb"
ECHO = "5a5a0003-0000-4000-8000-00805f9b34fb"
ABSENT = uuid16(0x2A9D)


class Teller:
    """Tells its records on subscription, then sleeps; echoes what is written to it."""

    def __init__(self, name: str, address: str, *, passkey: int | None = None) -> None:
        self.name = name
        self.address = address
        self.passkey = passkey
        self.is_awake = False
        self.untold: list[bytes] = []
        self.stops_after: int | None = None
        self.answers: list[bool] = []

    @property
    def advertised_services(self) -> tuple[str, ...]:
        return (SERVICE,)

    @property
    def manufacturer_data(self) -> Mapping[int, bytes]:
        return {}

    @property
    def service_data(self) -> Mapping[str, bytes]:
        return {DATA_SERVICE: b"\x01\x02"}

    @property
    def services(self) -> tuple[Service, ...]:
        told = Characteristic(TOLD, Property.INDICATE, is_secured=True)
        feature = Characteristic(FEATURE, Property.READ, b"feature")
        secret = Characteristic(SECRET, Property.READ, b"secret", is_secured=True)
        orders = Characteristic(ORDERS, Property.WRITE)
        echo = Characteristic(ECHO, Property.NOTIFY)
        return (Service(SERVICE, (told, feature, secret, orders, echo)),)

    def measure(self, *records: bytes, stops_after: int | None = None) -> None:
        """Have something to tell, and wake; fall silent in the middle if so ordered."""
        self.untold.extend(records)
        self.stops_after = stops_after
        self.answers.clear()
        self.is_awake = True

    async def subscribed(self, char: str, hub: Hub) -> None:
        """Tell everything, in order, each once it has been confirmed."""
        if char != TOLD:
            return
        while self.untold:
            if self.stops_after is not None and len(self.answers) >= self.stops_after:
                await asyncio.Event().wait()
            self.answers.append(await hub.indicate(TOLD, self.untold[0]))
            if not self.answers[-1]:
                return
            self.untold.pop(0)
        self.is_awake = False
        await hub.hang_up()

    async def written(self, char: str, data: bytes, hub: Hub) -> None:
        """Echo each byte as a notification of its own."""
        assert char == ORDERS, "only orders may be written"
        for byte in data:
            await hub.notify(ECHO, bytes([byte]))
