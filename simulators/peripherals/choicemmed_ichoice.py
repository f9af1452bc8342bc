"""The twin of an older ChoiceMMed iChoice: silent until it has heard its password, then one spot check."""

import asyncio
from datetime import datetime
from random import Random

from devices.drivers.choicemmed_ichoice import ANSWERS, ORDERS, SERVICE_PREFIX, Answer, Password, Spot
from devices.kinds import Kind
from simulators.peripherals.memory import Fact, Record
from simulators.peripherals.peripheral import Peripheral
from simulators.peripherals.twin import Characteristic, Hub, Property, Service

SETTLE_S = 3.0
"""So long a finger takes, and zeros are told meanwhile."""

LINGER_S = 10.0
"""So long it waits for the hub to leave, as it should."""

NOT_READY = Spot(0, 0)
WRONG = 0x01


class ChoiceMMedTwin(Peripheral):
    """Wants four subscriptions in their order, then four digits; tells one result and is left."""

    first_address = "F0:00:00:00:24:01"
    model = "iChoice"

    def prepare(self) -> None:
        """Begin with nobody listening."""
        self._subscribed: list[str] = []

    @property
    def advertised_services(self) -> tuple[str, ...]:
        """The UUIDs in its advertisement: the last octets of its address are in it."""
        return (SERVICE_PREFIX + self.address.replace(":", "")[2:].lower(),)

    @property
    def services(self) -> tuple[Service, ...]:
        """Its GATT table."""
        chars = tuple(Characteristic(char, Property.NOTIFY) for char in ANSWERS)
        return (Service(self.advertised_services[0], (*chars, Characteristic(ORDERS, Property.WRITE))),)

    def measure(self, spo2: int, pulse: int) -> Record:
        """Have one spot check ready, and wake up."""
        facts = (Fact(Kind.SPO2, float(spo2), None), Fact(Kind.PULSE_RATE, float(pulse), None))
        record = Record(None, facts, bytes(Spot(spo2, pulse)))
        self.memory.put(record)
        self.is_awake = True
        return record

    def measure_any(self, _now_local: datetime, dice: Random) -> Record:
        """Measure as somebody would on that day; it has no clock."""
        return self.measure(dice.randint(84, 99), dice.randint(50, 120))

    async def subscribed(self, char: str, _hub: Hub) -> None:
        """Remember the order of subscriptions; a new visit begins with the first."""
        if char == ANSWERS[0]:
            self._subscribed.clear()
        self._subscribed.append(char)

    async def written(self, char: str, data: bytes, hub: Hub) -> None:
        """Answer the password, then measure."""
        if char != ORDERS or tuple(self._subscribed) != ANSWERS:
            return
        if data != bytes(Password()):
            await hub.notify(ANSWERS[0], bytes(Answer(WRONG)))
            return
        await hub.notify(ANSWERS[0], bytes(Answer()))

        async def send(record: Record) -> None:
            await hub.notify(ANSWERS[-1], bytes(NOT_READY))
            await asyncio.sleep(SETTLE_S)
            await hub.notify(ANSWERS[-1], record.data)
            self.is_awake = self.memory.waiting_count > 1  # the hub leaves with this one

        await self.memory.play(send)
        await asyncio.sleep(LINGER_S)
        await hub.hang_up()
