"""The twin of a Jumper JPD-500F: numbers once a second, and pieces of the wave between them."""

import asyncio
from datetime import datetime
from random import Random

from devices.drivers.jumper_jpd500f import NAME, SERVICE, STREAM, WAVE, Frame
from devices.kinds import Kind
from simulators.peripherals.memory import Fact, Record
from simulators.peripherals.peripheral import Peripheral
from simulators.peripherals.twin import Characteristic, Hub, Property, Service

PERIOD_S = 1.0
LINGER_S = 1.0

NO_FINGER = Frame(None, None)
PIECE_OF_WAVE = bytes((WAVE, 10, 20, 40, 60, 80, 70, 50, 30, 20, 10))
"""Its length is made up; that it begins with 80 is all that is known."""


class JumperTwin(Peripheral):
    """Says "no finger" until there is one, and draws its wave all the while."""

    first_address = "F0:00:00:00:23:01"
    model = NAME

    @property
    def advertised_services(self) -> tuple[str, ...]:
        """The UUIDs in its advertisement."""
        return (SERVICE,)

    @property
    def services(self) -> tuple[Service, ...]:
        """Its GATT table."""
        return (Service(SERVICE, (Characteristic(STREAM, Property.NOTIFY),)),)

    def measure(self, spo2: int | None, pulse: int | None, perfusion_percent: float = 6.8) -> Record:
        """Have one second ready for whoever subscribes, and wake up."""
        numbers = {Kind.SPO2: spo2, Kind.PULSE_RATE: pulse, Kind.PERFUSION_INDEX: perfusion_percent}
        facts = tuple(Fact(kind, float(value), None) for kind, value in numbers.items() if value)
        record = Record(None, facts, bytes(Frame(pulse, spo2, perfusion_percent)))
        self.memory.put(record)
        self.is_awake = True
        return record

    def measure_any(self, _now_local: datetime, dice: Random) -> Record:
        """Measure as somebody would on that day; it has no clock."""
        return self.measure(dice.randint(84, 99), dice.randint(50, 120), dice.randint(2, 120) / 10)

    async def subscribed(self, char: str, hub: Hub) -> None:
        """Tell what it measures, and switch off when the finger is out."""
        if char != STREAM:
            return
        await hub.notify(STREAM, bytes(NO_FINGER))

        async def send(record: Record) -> None:
            await asyncio.sleep(PERIOD_S)
            await hub.notify(STREAM, PIECE_OF_WAVE)
            await hub.notify(STREAM, record.data)

        await self.memory.play(send)
        self.is_awake = False
        await hub.notify(STREAM, bytes(NO_FINGER))
        await asyncio.sleep(LINGER_S)
        await hub.hang_up()
