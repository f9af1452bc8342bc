"""What every twin has in common: a name, a place in the air, a memory, a count of its own."""

from collections.abc import Callable, Mapping
from datetime import datetime
from random import Random
from typing import ClassVar

from devices.driver import NOTHING_TOLD, Told
from simulators.peripherals.memory import Fact, Memory, Record
from simulators.peripherals.twin import Hub, Service


class Peripheral:
    """A twin that offers nothing yet: a device adds its services, its measuring and its answers."""

    first_address: ClassVar[str] = "F0:00:00:00:00:01"
    """The one it has when nobody gives it another."""

    model: ClassVar[str] = "Device"

    def __init__(
        self,
        address: str | None = None,
        name: str | None = None,
        *,
        passkey: int | None = None,
        is_secured: bool = False,
        on_told: Callable[[Record], None] | None = None,
    ) -> None:
        self.address = address or self.first_address
        self.name = self.model if name is None else name
        self.passkey = passkey
        self.is_secured = is_secured
        self.is_awake = False
        self.is_keeping = False
        """Whether a device whose memory can be asked for keeps what it has told, and tells it anew."""
        self.deletes_asked = 0
        self.memory = Memory(on_told=on_told)
        self.prepare()

    def prepare(self) -> None:
        """Make ready what this device needs besides."""

    @property
    def advertised_services(self) -> tuple[str, ...]:
        """The UUIDs in its advertisement."""
        return ()

    @property
    def service_data(self) -> Mapping[str, bytes]:
        """The service data in its advertisement."""
        return {}

    @property
    def manufacturer_data(self) -> Mapping[int, bytes]:
        """The manufacturer data in its advertisement."""
        return {}

    @property
    def services(self) -> tuple[Service, ...]:
        """Its GATT table; an empty one takes no connection."""
        return ()

    @property
    def told(self) -> Told:
        """What a person must tell the hub, so that it can talk to this device for its patient."""
        return NOTHING_TOLD

    @property
    def measured(self) -> list[Record]:
        """Everything it has ever measured, told or not."""
        return self.memory.measured

    def facts(self) -> tuple[Fact, ...]:
        """The single facts it knows to have told."""
        return self.memory.facts()

    def measure_any(self, now_local: datetime, dice: Random) -> Record:
        """Measure something that its driver can read, as somebody would on that day, and wake up."""
        raise NotImplementedError

    async def subscribed(self, char: str, hub: Hub) -> None:
        """The hub has subscribed."""

    async def written(self, char: str, data: bytes, hub: Hub) -> None:
        """The hub has written."""
