"""The twin of a thermometer (service 0x1809): Beurer's FT95, which speaks °F and measures walls too."""

import asyncio
from datetime import datetime
from random import Random

from devices.drivers.health_thermometer import OBJECT, SERVICE, TEMPERATURE, Temperature
from devices.kinds import Kind
from simulators.peripherals.memory import Fact, Record
from simulators.peripherals.peripheral import Peripheral
from simulators.peripherals.twin import Characteristic, Hub, Property, Service

LINGER_S = 1.0
"""So long it stays after its last word."""

FOREHEAD = 2


class HealthThermometerTwin(Peripheral):
    """Remembers temperatures of people and of things, tells them oldest first, hangs up and sleeps."""

    first_address = "F0:00:00:00:14:01"
    model = "FT95"

    @property
    def advertised_services(self) -> tuple[str, ...]:
        """The UUIDs in its advertisement."""
        return (SERVICE,)

    @property
    def services(self) -> tuple[Service, ...]:
        """Its GATT table."""
        temperature = Characteristic(TEMPERATURE, Property.INDICATE, is_secured=self.is_secured)
        return (Service(SERVICE, (temperature,)),)

    def measure(
        self, now_local: datetime, tenths_f: int | None, *, site: int = FOREHEAD, is_clock_set: bool = True
    ) -> Record:
        """Put one temperature (in tenths of a °F) into memory, and wake up; None is a failed one."""
        moment = now_local.replace(tzinfo=None, microsecond=0) if is_clock_set else None
        degrees = None if tenths_f is None else tenths_f / 10
        frame = Temperature(degrees, True, moment, not is_clock_set, site)
        is_body = tenths_f is not None and site != OBJECT
        facts = (Fact(Kind.BODY_TEMPERATURE, _tenths_c(tenths_f or 0) / 10, moment),) if is_body else ()
        record = Record(moment, facts, bytes(frame))
        self.memory.put(record)
        self.is_awake = True
        return record

    def measure_any(self, now_local: datetime, dice: Random) -> Record:
        """Measure as somebody would on that day, now and then the bath water first."""
        if dice.random() < 0.5:
            self.measure(now_local, dice.randint(700, 1050), site=OBJECT)
        return self.measure(now_local, dice.randint(968, 1022))

    async def subscribed(self, char: str, hub: Hub) -> None:
        """Tell what it remembers, then hang up."""
        if char != TEMPERATURE:
            return
        await self.memory.tell(hub, TEMPERATURE)
        self.is_awake = self.memory.waiting_count > 0
        await asyncio.sleep(LINGER_S)
        await hub.hang_up()


def _tenths_c(tenths_f: int) -> int:
    """By whole numbers, so that the twin doesn't err as the driver might; there are no ties to break."""
    return ((tenths_f - 320) * 10 + 9) // 18
