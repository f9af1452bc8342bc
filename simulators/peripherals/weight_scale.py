"""The twin of a weight scale (service 0x181D): weighings from memory."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime

from devices.drivers.weight_scale import SERVICE, WEIGHT, Frame
from devices.readings import Kind
from simulators.peripherals.memory import Fact, Memory, Record
from simulators.peripherals.twin import Characteristic, Hub, Property, Service

LINGER_S = 1.0
"""So long it stays after its last word."""

STEPS_PER_KG = 200


class WeightScaleTwin:
    """Remembers weighings until they are confirmed, tells them oldest first, hangs up and sleeps."""

    def __init__(
        self,
        address: str = "F0:00:00:00:0B:01",
        name: str = "Scale",
        *,
        passkey: int | None = None,
        is_secured: bool = False,
        on_told: Callable[[Record], None] | None = None,
    ) -> None:
        self.address = address
        self.name = name
        self.passkey = passkey
        self.is_awake = False
        self.memory = Memory(on_told=on_told)
        self._is_secured = is_secured

    @property
    def advertised_services(self) -> tuple[str, ...]:
        """The UUIDs in its advertisement."""
        return (SERVICE,)

    @property
    def service_data(self) -> Mapping[str, bytes]:
        """Nothing: it is talked to, it doesn't broadcast."""
        return {}

    @property
    def services(self) -> tuple[Service, ...]:
        """Its GATT table."""
        weight = Characteristic(WEIGHT, Property.INDICATE, is_secured=self._is_secured)
        return (Service(SERVICE, (weight,)),)

    @property
    def measured(self) -> list[Record]:
        """Everything it has ever measured, told or not."""
        return self.memory.measured

    def facts(self) -> tuple[Fact, ...]:
        """The single facts it knows to have told."""
        return self.memory.facts()

    def measure(self, now_local: datetime, kg: float | None, *, user: int | None = None) -> Record:
        """Put one weighing into memory, by the scale's own clock, and wake up; None is a failed one."""
        moment = now_local.replace(tzinfo=None, microsecond=0)
        frame = Frame(None if kg is None else _steps(kg), device_time=moment, user=user)
        facts = () if kg is None else (Fact(Kind.BODY_WEIGHT, kg, moment),)
        record = Record(moment, facts, bytes(frame))
        self.memory.put(record)
        self.is_awake = True
        return record

    async def subscribed(self, char: str, hub: Hub) -> None:
        """Tell what it remembers, then hang up."""
        if char != WEIGHT:
            return
        await self.memory.tell(hub, WEIGHT)
        self.is_awake = self.memory.waiting_count > 0
        await asyncio.sleep(LINGER_S)
        await hub.hang_up()

    async def written(self, char: str, data: bytes, hub: Hub) -> None:
        """Take no orders: it offers nothing to write to."""


def _steps(kg: float) -> int:
    steps = round(kg * STEPS_PER_KG)
    if steps / STEPS_PER_KG != kg:
        raise ValueError(f"{kg} kg: this scale weighs in steps of 5 g")
    return steps
