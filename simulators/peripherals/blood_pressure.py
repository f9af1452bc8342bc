"""The twin of a blood pressure monitor (service 0x1810): A&D's, which counts the seconds."""

import asyncio
from contextlib import suppress
from datetime import datetime
from random import Random

from devices.codecs.gatt_time import decode_date_time
from devices.drivers.blood_pressure import DATE_TIME, FEATURES, RESULT, SERVICE, Features, Result
from devices.kinds import Kind
from simulators.peripherals.memory import Fact, Record
from simulators.peripherals.peripheral import Peripheral
from simulators.peripherals.twin import Characteristic, Hub, Property, Service

LINGER_S = 1.0
"""So long it stays after its last word."""

PATIENCE_S = 5.0
"""So long it waits for its clock to be set, once somebody has subscribed; then it keeps what it has."""


class BloodPressureTwin(Peripheral):
    """Remembers results and failed runs; tells them, oldest first, to a hub that has set its clock."""

    first_address = "F0:00:00:00:13:01"
    model = "A&D_UA-651BLE_A1B2C3"

    def prepare(self) -> None:
        """Make ready for a hub that sets the clock."""
        self.clock_set_to: datetime | None = None
        self._set_by: Hub | None = None
        self._is_set = asyncio.Event()

    @property
    def advertised_services(self) -> tuple[str, ...]:
        """The UUIDs in its advertisement."""
        return (SERVICE,)

    @property
    def services(self) -> tuple[Service, ...]:
        """Its GATT table; the clock stands in the same service, as A&D has it."""
        table = (
            (RESULT, Property.INDICATE, b""),
            (DATE_TIME, Property.READ | Property.WRITE, bytes(7)),
            (FEATURES, Property.READ, bytes(Features(0b11_1111))),
        )
        return (Service(SERVICE, tuple(Characteristic(*row, is_secured=self.is_secured) for row in table)),)

    def measure(
        self,
        now_local: datetime,
        pressures: tuple[float, float, float],
        pulse: float | None,
        *,
        status: int = 0,
        user: int | None = None,
    ) -> Record:
        """Put one result into memory (systolic, diastolic, mean; in mmHg), and wake up."""
        moment = now_local.replace(tzinfo=None, microsecond=0)
        frame = Result(*pressures, device_time=moment, pulse=pulse, user=user, status=status)
        kinds = (Kind.SYSTOLIC_PRESSURE, Kind.DIASTOLIC_PRESSURE, Kind.MEAN_PRESSURE)
        numbers = {**dict(zip(kinds, pressures, strict=True)), Kind.CUFF_PULSE_RATE: pulse}
        facts = tuple(Fact(kind, value, moment) for kind, value in numbers.items() if value)
        return self._remember(Record(moment, facts, bytes(frame)))

    def fail(self, now_local: datetime) -> Record:
        """Put a run that failed into memory, as A&D does: a good time, and NaN everywhere."""
        moment = now_local.replace(tzinfo=None, microsecond=0)
        return self._remember(
            Record(moment, (), bytes(Result(None, None, None, device_time=moment, status=0)))
        )

    def measure_any(self, now_local: datetime, dice: Random) -> Record:
        """Measure as somebody would on that day, now and then at the second try."""
        if dice.random() < 0.3:
            self.fail(now_local)
        systolic, diastolic = float(dice.randint(105, 165)), float(dice.randint(60, 95))
        mean = round((systolic + 2 * diastolic) / 3) * 1.0
        return self.measure(now_local, (systolic, diastolic, mean), float(dice.randint(50, 110)))

    async def subscribed(self, char: str, hub: Hub) -> None:
        """Wait for the clock, tell what it remembers, and hang up; without the clock, only hang up."""
        if char != RESULT:
            return
        if await self._is_set_by(hub):
            await self.memory.tell(hub, RESULT)
            self.is_awake = self.memory.waiting_count > 0
            await asyncio.sleep(LINGER_S)
        await hub.hang_up()

    async def written(self, char: str, data: bytes, hub: Hub) -> None:
        """Take the time of day."""
        if char == DATE_TIME:
            self.clock_set_to, self._set_by = decode_date_time(data), hub
            self._is_set.set()

    async def _is_set_by(self, hub: Hub) -> bool:
        """A clock that an earlier visit has set is set no longer: A&D asks for it each time."""
        if self._set_by is not hub:
            self._is_set = asyncio.Event()
            with suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE_S):
                    await self._is_set.wait()
        return self._set_by is hub

    def _remember(self, record: Record) -> Record:
        self.memory.put(record)
        self.is_awake = True
        return record
