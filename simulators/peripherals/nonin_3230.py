"""The twin of a Nonin 3230: a bonded stream, second by second, searching first."""

import asyncio
from datetime import datetime
from random import Random

from devices.drivers.nonin_3230 import CONTROL, OXIMETRY, SERVICE, Frame, Status
from devices.kinds import Kind
from simulators.peripherals.memory import Fact, Record
from simulators.peripherals.peripheral import Peripheral
from simulators.peripherals.twin import Characteristic, Hub, Property, Service

PERIOD_S = 1.0
LINGER_S = 1.0

GOOD = Status.DISPLAY_SYNC | Status.SMART_POINT | Status.ENCRYPTED
SEARCHING = Frame(None, None, status=Status.SEARCHING | Status.CORRECT_CHECK | Status.ENCRYPTED)

DELETE_BONDS, CLEAR_MEMORY = b"\x63", b"MCL!"


class NoninTwin(Peripheral):
    """Counts the seconds, looks for a finger before it finds one, and demands an encrypted link."""

    first_address = "F0:00:00:00:20:01"
    model = "Nonin3230_502031234"

    def prepare(self) -> None:
        """Begin to count the seconds."""
        self._counter_s = 0

    @property
    def advertised_services(self) -> tuple[str, ...]:
        """The UUIDs in its advertisement."""
        return (SERVICE,)

    @property
    def services(self) -> tuple[Service, ...]:
        """Its GATT table; nothing in it is open."""
        chars = (
            Characteristic(OXIMETRY, Property.NOTIFY, is_secured=True),
            Characteristic(CONTROL, Property.WRITE, is_secured=True),
        )
        return (Service(SERVICE, chars),)

    def measure(
        self, spo2: int | None, pulse: int | None, perfusion_percent: float = 6.5, status: Status = GOOD
    ) -> Record:
        """Have one second ready for whoever subscribes, and wake up."""
        frame = Frame(spo2, pulse, perfusion_percent, self._counter_s, status=status)
        numbers = {Kind.SPO2: spo2, Kind.PULSE_RATE: pulse, Kind.PERFUSION_INDEX: perfusion_percent}
        facts = tuple(Fact(kind, float(value), None) for kind, value in numbers.items() if value)
        record = Record(None, facts, bytes(frame))
        self._counter_s += 1
        self.memory.put(record)
        self.is_awake = True
        return record

    def measure_any(self, _now_local: datetime, dice: Random) -> Record:
        """Measure as somebody would on that day; it has no clock that it tells of."""
        return self.measure(dice.randint(84, 99), dice.randint(50, 120), dice.randint(20, 900) / 100)

    async def subscribed(self, char: str, hub: Hub) -> None:
        """Search for the finger, tell its seconds, and switch off when it is out."""
        if char != OXIMETRY:
            return
        await hub.notify(OXIMETRY, bytes(SEARCHING))

        async def send(record: Record) -> None:
            await asyncio.sleep(PERIOD_S)
            await hub.notify(OXIMETRY, record.data)

        await self.memory.play(send)
        self.is_awake = False
        await hub.notify(OXIMETRY, bytes(SEARCHING))
        await asyncio.sleep(LINGER_S)
        await hub.hang_up()

    async def written(self, char: str, data: bytes, _hub: Hub) -> None:
        """Count what would have deleted something."""
        if char == CONTROL and (data.startswith(DELETE_BONDS) or CLEAR_MEMORY in data):
            self.deletes_asked += 1
