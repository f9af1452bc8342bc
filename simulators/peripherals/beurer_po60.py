"""The twin of a Beurer PO60: a memory of spot checks that it tells ten at a time, and keeps."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from devices.codecs.seven_bit import Word
from devices.drivers.beurer_po60 import (
    ANSWERS,
    BLOCK_COUNT_MAX,
    CLOCK,
    ORDERS,
    SERVICE,
    SPOTS,
    Stored,
    Version,
)
from devices.drivers.beurer_po60 import Record as Spot
from devices.kinds import Kind
from simulators.peripherals.memory import Fact, Record
from simulators.peripherals.peripheral import Peripheral
from simulators.peripherals.twin import Characteristic, Hub, Property, Service

LINGER_S = 1.0
"""So long it stays after the last order."""

PACKET_SIZE_MAX = 20

LAST_FLAG = 2
"""The bit that one of the two sources reads as "the last record" (0x20)."""

_FIRST, _AGAIN, _KEEP, _DELETE = 0x00, 0x02, 0x7E, 0x7F


class BeurerPo60Twin(Peripheral):
    """Tells whoever asks all that it has ever measured; sleeps once it was told to finish and keep."""

    first_address = "F0:00:00:00:1B:01"
    model = "PO60"

    def prepare(self) -> None:
        """Make ready for one talk at a time."""
        self.clock_set_to: list[bytes] = []
        """The orders that have set its clock."""
        self._one_talk = asyncio.Lock()
        self._selected_count = self._block_at = self._told_count = 0

    @property
    def advertised_services(self) -> tuple[str, ...]:
        """The UUIDs in its advertisement."""
        return (SERVICE,)

    @property
    def services(self) -> tuple[Service, ...]:
        """Its GATT table."""
        chars = (
            Characteristic(ORDERS, Property.WRITE, is_secured=self.is_secured),
            Characteristic(ANSWERS, Property.NOTIFY, is_secured=self.is_secured),
        )
        return (Service(SERVICE, chars),)

    def measure(self, now_local: datetime, spo2: int, pulse: int, *, duration_s: int = 22) -> Record:
        """Put one spot check into memory, by the device's own clock, and wake up."""
        started = now_local.replace(tzinfo=None, microsecond=0)
        ended = started + timedelta(seconds=duration_s - 1)
        saturation = (min(spo2 + 1, 100), max(spo2 - 5, 0), spo2)
        spot = Spot(started, ended, duration_s, saturation, (pulse + 4, pulse - 3, pulse))
        facts = (Fact(Kind.SPO2, float(spo2), started), Fact(Kind.PULSE_RATE, float(pulse), started))
        record = Record(started, facts, bytes(spot))
        self.memory.put(record)
        self.is_awake = True
        return record

    def measure_any(self, now_local: datetime, dice: Random) -> Record:
        """Measure as somebody would on that day."""
        return self.measure(now_local, dice.randint(84, 99), dice.randint(50, 140))

    async def written(self, char: str, data: bytes, hub: Hub) -> None:
        """Answer an order, in packets of 20; one whose sum is wrong is passed over."""
        async with self._one_talk:
            try:
                order = Word.from_bytes(data)
            except ValueError:
                return
            assert char == ORDERS, "nothing else can be written"
            for answer in self._answers(order):
                for at in range(0, len(answer), PACKET_SIZE_MAX):
                    await hub.notify(ANSWERS, answer[at : at + PACKET_SIZE_MAX])
            if order == Word(0x99, bytes((_KEEP,))):
                await self._finish(hub)

    async def _finish(self, hub: Hub) -> None:
        self.memory.confirm_up_to(self._told_count)
        self.is_awake = self.memory.waiting_count > 0
        await asyncio.sleep(LINGER_S)
        await hub.hang_up()

    def _answers(self, order: Word) -> list[bytes]:
        match order.code:
            case 0x82:
                return [bytes(Version("0.2.1", "0.3.1"))]
            case 0x83:
                self.clock_set_to.append(bytes(order))
                return [bytes(Word(CLOCK, b"\0"))]
            case 0x90:
                self._selected_count, self._block_at, self._told_count = len(self.measured), 0, 0
                return [bytes(Stored(SPOTS, self._selected_count))]
            case 0x99:
                return self._block(order.operands[0])
        return []

    def _block(self, step: int) -> list[bytes]:
        """The next ten records at most, each with its place among them."""
        self.deletes_asked += step == _DELETE
        if step in (_KEEP, _DELETE):
            return []
        if step == _FIRST:
            self._told_count = 0
        if step != _AGAIN:
            self._block_at = self._told_count
        end = self._told_count = min(self._block_at + BLOCK_COUNT_MAX, self._selected_count)
        self.memory.begin_up_to(end)
        spots = [Spot.from_bytes(record.data) for record in self.measured[self._block_at : end]]
        flags = [
            LAST_FLAG * (self._block_at + place + 1 == self._selected_count) for place in range(len(spots))
        ]
        return [bytes(replace(spot, index=place, flags=flags[place])) for place, spot in enumerate(spots)]
