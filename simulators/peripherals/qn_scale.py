"""The twin of a QN scale: a talk of words and answers first, then a weight that is told again and again."""

import asyncio
from datetime import datetime
from random import Random

from devices.codecs.qn import ASKS, EPOCH, INFO, READY, SET_CLOCK, SET_UNIT, START, STORED, Live, Stored, Word
from devices.codecs.summed import body_of
from devices.driver import uuid16
from devices.drivers.qn_scale import NOTIFIED, ORDERS
from devices.kinds import Kind
from simulators.peripherals.memory import Fact, Record
from simulators.peripherals.peripheral import Peripheral
from simulators.peripherals.twin import Characteristic, Hub, Property, Service

LINGER_S = 1.0
"""So long it stays after its last word."""

PIECE_SIZE = 20
"""What one notification holds on a link that nobody has widened."""

REPEATS = 4
STEPS_PER_KG = 100

ABOUT_ITSELF = Word(INFO, bytes.fromhex("ff4ec70e0007ff010f4200020503e06f2b"))
"""As a GE CS 10 G says it, but for the ninth octet, which here says that its steps are of 10 g."""

_NEXT = {SET_UNIT: Word(READY, bytes.fromhex("ff0000010000000001")), SET_CLOCK: Word(ASKS, b"\xff\x01")}
"""What it says next, once it has heard this."""


class QnScaleTwin(Peripheral):
    """Says nothing of a weight before it was told kilograms, the time, and to start."""

    first_address = "F0:00:00:00:28:01"
    model = "QN-Scale"

    def prepare(self) -> None:
        """Make ready for one talk at a time."""
        self.clock_orders: list[bytes] = []
        self._one_talk = asyncio.Lock()

    @property
    def advertised_services(self) -> tuple[str, ...]:
        """The UUIDs in its advertisement."""
        return (uuid16(0xFFF0),)

    @property
    def services(self) -> tuple[Service, ...]:
        """Its GATT table."""
        chars = (
            Characteristic(NOTIFIED[0], Property.NOTIFY, is_secured=self.is_secured),
            Characteristic(ORDERS[0], Property.WRITE, is_secured=self.is_secured),
        )
        return (Service(uuid16(0xFFF0), chars),)

    def measure(self, kg: float, *, ohm: int | None = None) -> Record:
        """Have somebody stand on it until a hub comes; a live weight has no time of its own."""
        facts = [Fact(Kind.BODY_WEIGHT, kg, None)]
        if ohm is not None:
            facts.append(Fact(Kind.IMPEDANCE, float(ohm), None))
        live = Live(round(kg * STEPS_PER_KG), 2, ohm or 0, ohm or 0)
        return self._put(Record(None, tuple(facts), bytes(live)))

    def remember(self, now_local: datetime, kg: float) -> Record:
        """Keep a weighing while no hub is near, with the time on its own clock."""
        moment = now_local.replace(tzinfo=None, microsecond=0)
        clock_s = int((moment - EPOCH).total_seconds())
        stored = Stored(STORED, bytes.fromhex("0401f01001"), clock_s, round(kg * STEPS_PER_KG), bytes(30))
        return self._put(Record(moment, (Fact(Kind.BODY_WEIGHT, kg, moment),), bytes(stored)))

    def measure_any(self, now_local: datetime, dice: Random) -> Record:
        """Weigh as somebody would on that day: mostly before the hub's eyes, else into its memory."""
        kg = dice.randrange(4_000, 12_000) / STEPS_PER_KG
        return (
            self.remember(now_local, kg)
            if dice.random() < 0.3
            else self.measure(kg, ohm=dice.randrange(350, 650))
        )

    async def subscribed(self, char: str, hub: Hub) -> None:
        """Say what it is."""
        if char == NOTIFIED[0]:
            await self._say(hub, bytes(ABOUT_ITSELF))

    async def written(self, char: str, data: bytes, hub: Hub) -> None:
        """Answer an order that is whole; to any other it is deaf, as to one for another protocol."""
        try:
            body = body_of(data)
        except ValueError:
            return
        if char != ORDERS[0] or body[0] != ABOUT_ITSELF.protocol:
            return
        if data[0] == SET_CLOCK:
            self.clock_orders.append(data)
        if data[0] in _NEXT:
            await self._say(hub, bytes(_NEXT[data[0]]))
        elif data[0] == START:
            async with self._one_talk:
                await self._tell(hub)

    async def _tell(self, hub: Hub) -> None:
        while self.memory.waiting_count:
            record = self.memory.waiting[0]
            self.memory.begin(record)
            for told in _telling(record.data):
                await self._say(hub, told)
            self.memory.confirm(record)
        self.is_awake = False
        await asyncio.sleep(LINGER_S)
        await hub.hang_up()

    async def _say(self, hub: Hub, data: bytes) -> None:
        for at in range(0, len(data), PIECE_SIZE):
            await hub.notify(NOTIFIED[0], data[at : at + PIECE_SIZE])

    def _put(self, record: Record) -> Record:
        self.memory.put(record)
        self.is_awake = True
        return record


def _telling(data: bytes) -> list[bytes]:
    """Return everything that the scale says of one weighing: it moves, it settles, it knows more."""
    if data[0] == STORED:
        return [data]
    final = Live.from_bytes(data)
    moving = [Live(final.steps - 500, 0), Live(final.steps - 20, 1)]
    settled = [Live(final.steps, 2)] * REPEATS
    return [bytes(live) for live in (*moving, *settled, *[final] * REPEATS, Live(0, 0))]
