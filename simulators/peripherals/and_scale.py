"""The twins of A&D's UC-352BLE: silent unless the clock is set at once, and one with old firmware."""

import asyncio
from datetime import datetime
from random import Random

from devices.device_information import MANUFACTURER, MODEL, SYSTEM_ID
from devices.device_information import SERVICE as INFORMATION_SERVICE
from devices.driver import uuid16
from devices.drivers.and_scale import DATE_TIME, OLD_SERVICE, OLD_WEIGHT, WEIGHT, Weighing
from devices.kinds import Kind
from simulators.peripherals.memory import Fact, Record
from simulators.peripherals.peripheral import Peripheral
from simulators.peripherals.twin import Characteristic, Hub, Property, Service

PATIENCE_S = 5.0
"""From the first touch of what is encrypted: so long it waits for its clock and for a listener."""

LINGER_S = 1.0
STEPS_PER_KG = 200

SERVICE = uuid16(0x181D)
BUFFER_SERVICE = "233bf000-5a34-1b6d-975c-000d5690abe4"
BUFFER = "233bf001-5a34-1b6d-975c-000d5690abe4"
DELETES, ENDS_BOND = 0x12, 0x10
"""Commands of the vendor's buffer, whose words are: size, type, command."""

_READ_WRITE = Property.READ | Property.WRITE


class AndScaleTwin(Peripheral):
    """Keeps its weighings until the clock is set in time; tells oldest first, hangs up and sleeps."""

    first_address = "F0:00:00:00:12:01"
    model = "A&D_UC-352BLE_0A1B2C"
    weight_service, weight_char = SERVICE, WEIGHT

    def prepare(self) -> None:
        """Make ready for a first connection."""
        self.clock = bytes(7)
        self.refused_count = 0
        self.bonds_ended = 0
        self._hub: Hub | None = None
        self._met_s = 0.0
        self._is_set = self._is_heard = self._is_telling = False

    @property
    def advertised_services(self) -> tuple[str, ...]:
        """The UUIDs in its advertisement."""
        return (self.weight_service,)

    @property
    def services(self) -> tuple[Service, ...]:
        """Its GATT table; who it is, it says without a bond."""
        weighing = Characteristic(self.weight_char, Property.INDICATE, is_secured=True)
        clock = Characteristic(DATE_TIME, _READ_WRITE, self.clock, is_secured=True)
        buffer = Characteristic(BUFFER, _READ_WRITE | Property.NOTIFY, is_secured=True)
        words = {MANUFACTURER: b"A&D", MODEL: b"UC-352BLE", SYSTEM_ID: bytes.fromhex("f026aafeffb51434")}
        information = tuple(Characteristic(char, Property.READ, word) for char, word in words.items())
        return (
            Service(self.weight_service, (weighing, clock)),
            Service(INFORMATION_SERVICE, information),
            Service(BUFFER_SERVICE, (buffer,)),
        )

    def measure(self, now_local: datetime, kg: float | None, *, user: int | None = None) -> Record:
        """Put one weighing into memory, by the scale's own clock, and wake up; None is a failed one."""
        moment = now_local.replace(tzinfo=None, microsecond=0)
        frame = Weighing(None if kg is None else round(kg * STEPS_PER_KG), device_time=moment, user=user)
        facts = () if kg is None else (Fact(Kind.BODY_WEIGHT, kg, moment),)
        record = Record(moment, facts, bytes(frame))
        self.memory.put(record)
        self.is_awake = True
        return record

    def measure_any(self, now_local: datetime, dice: Random) -> Record:
        """Measure as somebody would on that day: this scale shows 50 g."""
        return self.measure(now_local, dice.randrange(800, 4_000) / 20)

    async def subscribed(self, char: str, hub: Hub) -> None:
        """Somebody listens; tell, if the clock came in time."""
        if char == self.weight_char:
            self._meet(hub)
            self._is_heard = True
            await self._tell_if_ready(hub)

    async def written(self, char: str, data: bytes, hub: Hub) -> None:
        """Take the clock, but not while telling; count what nobody should ask."""
        self._meet(hub)
        if char == BUFFER:
            self.deletes_asked += data[2:3] == bytes((DELETES,))
            self.bonds_ended += data[2:3] == bytes((ENDS_BOND,))
        elif char == DATE_TIME and self._is_telling:
            self.refused_count += 1
        elif char == DATE_TIME:
            self.clock, self._is_set = data, True
            await self._tell_if_ready(hub)

    async def _tell_if_ready(self, hub: Hub) -> None:
        is_late = asyncio.get_running_loop().time() - self._met_s > PATIENCE_S
        if is_late or self._is_telling or not (self._is_set and self._is_heard):
            return
        self._is_telling = True
        await self.memory.tell(hub, self.weight_char)
        self.is_awake = self.memory.waiting_count > 0
        await asyncio.sleep(LINGER_S)
        await hub.hang_up()

    def _meet(self, hub: Hub) -> None:
        """Another connection begins: its seconds count from its first touch."""
        if hub is not self._hub:
            self._hub = hub
            self._met_s = asyncio.get_running_loop().time()
            self._is_set = self._is_heard = self._is_telling = False


class OldAndScaleTwin(AndScaleTwin):
    """The same with old firmware: another service, and a step that nobody has settled."""

    weight_service, weight_char = OLD_SERVICE, OLD_WEIGHT
