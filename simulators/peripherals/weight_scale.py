"""The twin of a weight scale (service 0x181D): weighings from memory."""

import asyncio
from datetime import datetime
from random import Random

from devices.drivers.weight_scale import SERVICE, WEIGHT, Frame
from devices.kinds import Kind
from simulators.peripherals.memory import Fact, Record
from simulators.peripherals.peripheral import Peripheral
from simulators.peripherals.twin import Characteristic, Hub, Property, Service

LINGER_S = 1.0
"""So long it stays after its last word."""

STEPS_PER_KG = 200


class WeightScaleTwin(Peripheral):
    """Remembers weighings until they are confirmed, tells them oldest first, hangs up and sleeps."""

    first_address = "F0:00:00:00:0B:01"
    model = "Scale"

    @property
    def advertised_services(self) -> tuple[str, ...]:
        """The UUIDs in its advertisement."""
        return (SERVICE,)

    @property
    def services(self) -> tuple[Service, ...]:
        """Its GATT table."""
        weight = Characteristic(WEIGHT, Property.INDICATE, is_secured=self.is_secured)
        return (Service(SERVICE, (weight,)),)

    def measure(self, now_local: datetime, kg: float | None, *, user: int | None = None) -> Record:
        """Put one weighing into memory, by the scale's own clock, and wake up; None is a failed one."""
        moment = now_local.replace(tzinfo=None, microsecond=0)
        frame = Frame(None if kg is None else _steps(kg), device_time=moment, user=user)
        facts = () if kg is None else (Fact(Kind.BODY_WEIGHT, kg, moment),)
        record = Record(moment, facts, bytes(frame))
        self.memory.put(record)
        self.is_awake = True
        return record

    def measure_any(self, now_local: datetime, dice: Random) -> Record:
        """Measure as somebody would on that day."""
        return self.measure(now_local, dice.randrange(8_000, 24_000) / STEPS_PER_KG)

    async def subscribed(self, char: str, hub: Hub) -> None:
        """Tell what it remembers, then hang up."""
        if char != WEIGHT:
            return
        await self.memory.tell(hub, WEIGHT)
        self.is_awake = self.memory.waiting_count > 0
        await asyncio.sleep(LINGER_S)
        await hub.hang_up()


def _steps(kg: float) -> int:
    steps = round(kg * STEPS_PER_KG)
    if steps / STEPS_PER_KG != kg:
        raise ValueError(f"{kg} kg: this scale weighs in steps of 5 g")
    return steps
