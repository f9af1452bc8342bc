"""The twins of a Medisana BS444 and of an ADE BA1600: silent until they know the time, or are answered."""

import asyncio
from datetime import datetime
from random import Random

from devices.driver import Told
from devices.drivers.medisana_a3 import (
    ADE_SERVICE,
    ADE_WEIGHT,
    ANSWER,
    BODY,
    CHALLENGE,
    ORDERS,
    SERVICE,
    SET_CLOCK,
    UPLOAD,
    VENDOR_EPOCH,
    WEIGHT,
    Body,
    Upload,
    Weighing,
)
from devices.kinds import Kind
from simulators.peripherals.memory import Fact, Record
from simulators.peripherals.peripheral import Peripheral
from simulators.peripherals.twin import Characteristic, Hub, Property, Service

LINGER_S = 1.0
"""So long it stays after its last word."""

SET_CLOCK_SIZE = 5
USER = 2


class MedisanaA3Twin(Peripheral):
    """Remembers weight and composition apart, and tells both, oldest first, once its clock is set."""

    first_address = "F0:00:00:00:27:01"
    model = "0202B60127000000F0"
    service, weight_char = SERVICE, WEIGHT

    def prepare(self) -> None:
        """Make ready for one talk at a time."""
        self.clock_orders: list[bytes] = []
        self._one_talk = asyncio.Lock()

    @property
    def advertised_services(self) -> tuple[str, ...]:
        """The UUIDs in its advertisement."""
        return (self.service,)

    @property
    def services(self) -> tuple[Service, ...]:
        """Its GATT table."""
        told = (self.weight_char, BODY, UPLOAD)
        chars = [Characteristic(char, Property.INDICATE, is_secured=self.is_secured) for char in told]
        orders = Characteristic(ORDERS, Property.WRITE, is_secured=self.is_secured)
        return (Service(self.service, (*chars, orders)),)

    @property
    def told(self) -> Told:
        """The patient is its second user."""
        return Told(user_slot=USER)

    def measure(
        self, now_local: datetime, kg: float, *, fat: float | None = None, muscle: float | None = None
    ) -> Record:
        """Put one weighing into memory, and what it makes of that where feet were bare; wake up."""
        moment = now_local.replace(tzinfo=None, microsecond=0)
        clock_s = int((moment - VENDOR_EPOCH).total_seconds())
        frame = Weighing(kg, clock_s, r2=450.0, user=USER, status=9, trailing=bytes(4))
        record = self._put(self.weight_char, moment, {Kind.BODY_WEIGHT: kg}, bytes(frame))
        if fat is not None and muscle is not None:
            body = Body(fat, clock_s, USER, 1800, 50.0, muscle, 3.0, bytes(3))
            self._put(BODY, moment, {Kind.BODY_FAT: fat, Kind.MUSCLE_PERCENTAGE: muscle}, bytes(body))
        self.is_awake = True
        return record

    def measure_any(self, now_local: datetime, dice: Random) -> Record:
        """Weigh as somebody would on that day, on bare feet."""
        kg, fat = dice.randrange(400, 1200) / 10, dice.randrange(150, 400) / 10
        return self.measure(now_local, kg, fat=fat, muscle=dice.randrange(300, 450) / 10)

    async def written(self, char: str, data: bytes, hub: Hub) -> None:
        """Take the time, and tell what is remembered."""
        if char == ORDERS and data[:1] == bytes((SET_CLOCK,)) and len(data) == SET_CLOCK_SIZE:
            self.clock_orders.append(data)
            await self._tell(hub)

    async def _tell(self, hub: Hub) -> None:
        async with self._one_talk:
            await self.memory.tell(hub, self.weight_char)
            self.is_awake = self.memory.waiting_count > 0
            await asyncio.sleep(LINGER_S)
            await hub.hang_up()

    def _put(self, char: str, moment: datetime, numbers: dict[Kind, float], data: bytes) -> Record:
        facts = tuple(Fact(kind, value, moment) for kind, value in numbers.items())
        record = Record(moment, facts, data, char)
        self.memory.put(record)
        return record


class AdeTwin(MedisanaA3Twin):
    """Asks whoever subscribes to repeat a number, and tells nothing to who can't."""

    model = "01257B0127000000F0"
    service, weight_char = ADE_SERVICE, ADE_WEIGHT

    def prepare(self) -> None:
        """Make ready for the first challenge."""
        super().prepare()
        self._challenges = 0

    async def subscribed(self, char: str, hub: Hub) -> None:
        """Challenge who subscribes to that."""
        if char == UPLOAD:
            self._challenges += 1
            await hub.indicate(UPLOAD, bytes(Upload(CHALLENGE, self._number)))

    async def written(self, char: str, data: bytes, hub: Hub) -> None:
        """Take the time; tell what is remembered to who repeats the number."""
        if char != ORDERS:
            return
        if data[:1] == bytes((SET_CLOCK,)):
            self.clock_orders.append(data)
        elif data == bytes((ANSWER,)) + self._number:
            await self._tell(hub)

    @property
    def _number(self) -> bytes:
        return self._challenges.to_bytes(2, "little") + bytes.fromhex("b899")
