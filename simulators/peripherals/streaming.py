"""What twins have in common that measure as long as a finger is in, say it at once and keep nothing."""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from random import Random

from devices.kinds import Kind
from simulators.peripherals.memory import Fact, Record
from simulators.peripherals.peripheral import Peripheral
from simulators.peripherals.twin import Hub

LINGER_S = 1.0
"""So long it stays after its last word."""

PERIOD_S = 1.0


class Streaming(Peripheral):
    """Tells one second after the other, then that the finger is gone; hangs up and sleeps.

    It can't know whether a hub has a number: what went out counts as told.
    """

    def prepare(self) -> None:
        """Make ready for one thing said at a time."""
        self._one_voice = asyncio.Lock()

    def numbers(self, spo2: int, pulse: int, perfusion: float) -> bytes:
        """Return the frame that tells these numbers."""
        raise NotImplementedError

    def second(self, numbers: bytes) -> Iterable[bytes]:
        """Return the notifications of one second in which this frame is told."""
        raise NotImplementedError

    def without_finger(self) -> Iterable[bytes]:
        """Return the notifications of one second without a finger."""
        raise NotImplementedError

    def measure(self, spo2: int, pulse: int, perfusion: float = 0.0) -> Record:
        """Have one second's numbers ready for whoever subscribes, and wake up."""
        told = {Kind.SPO2: spo2, Kind.PULSE_RATE: pulse, Kind.PERFUSION_INDEX: perfusion}
        facts = tuple(Fact(kind, float(value), None) for kind, value in told.items() if value)
        record = Record(None, facts, self.numbers(spo2, pulse, perfusion))
        self.memory.put(record)
        self.is_awake = True
        return record

    def measure_any(self, now_local: datetime, dice: Random) -> Record:  # noqa: ARG002 - it has no clock
        """Measure as somebody would on that day."""
        return self.measure(dice.randint(84, 99), dice.randint(50, 120), dice.randint(1, 80) / 10)

    async def say(self, hub: Hub, char: str, notifications: Iterable[bytes]) -> None:
        """Say one thing after the other, and nothing in between."""
        async with self._one_voice:
            for data in notifications:
                await hub.notify(char, data)

    async def play(self, hub: Hub, char: str) -> None:
        """Tell everything, second by second, then hang up."""
        await self.say(hub, char, self.without_finger())
        for record in self.memory.waiting:
            self.memory.begin(record)
            await self.say(hub, char, self.second(record.data))
            self.memory.confirm(record)
            self.is_awake = self.memory.waiting_count > 0
            await asyncio.sleep(PERIOD_S)
        await self.say(hub, char, self.without_finger())
        await asyncio.sleep(LINGER_S)
        await hub.hang_up()
