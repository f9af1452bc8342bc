"""The twin of a pulse oximeter (service 0x1822): spot checks from memory, a stream, a record access point."""

import asyncio
from collections import deque
from collections.abc import Iterable
from datetime import datetime
from random import Random

from devices.codecs import racp
from devices.drivers.pulse_oximeter import (
    CONTINUOUS,
    FEATURES,
    RECORDS,
    SERVICE,
    SPOT_CHECK,
    Continuous,
    Spot,
)
from devices.kinds import Kind
from simulators.peripherals.memory import Fact, Record
from simulators.peripherals.peripheral import Peripheral
from simulators.peripherals.twin import Characteristic, Hub, Property, Service

LINGER_S = 1.0
"""So long it stays after its last word, in case the hub has a question."""

STREAM_PERIOD_S = 1.0

FEATURES_VALUE = (1 << 2 | 1 << 3 | 1 << 6).to_bytes(2, "little")
"""It stores, it has a clock, it knows the perfusion index."""


class PulseOximeterTwin(Peripheral):
    """Remembers spot checks until they are confirmed, tells them oldest first, hangs up and sleeps."""

    first_address = "F0:00:00:00:0A:01"
    model = "Oximeter"

    def prepare(self) -> None:
        """Make ready for a stream, and for one talk at a time."""
        self._stream: deque[Continuous] = deque()
        self._one_talk = asyncio.Lock()
        self._retold_count = 0

    @property
    def advertised_services(self) -> tuple[str, ...]:
        """The UUIDs in its advertisement."""
        return (SERVICE,)

    @property
    def services(self) -> tuple[Service, ...]:
        """Its GATT table."""
        table = (
            (SPOT_CHECK, Property.INDICATE, b""),
            (CONTINUOUS, Property.NOTIFY, b""),
            (FEATURES, Property.READ, FEATURES_VALUE),
            (RECORDS, Property.WRITE | Property.INDICATE, b""),
        )
        chars = tuple(Characteristic(*row, is_secured=self.is_secured) for row in table)
        return (Service(SERVICE, chars),)

    def measure(
        self,
        now_local: datetime,
        spo2: float | None,
        pulse: float | None,
        perfusion: float | None = None,
        *,
        status: int | None = None,
        sensor: int | None = None,
        is_clock_set: bool = True,
    ) -> Record:
        """Put one spot check into memory, by the device's own clock, and wake up."""
        moment = now_local.replace(tzinfo=None, microsecond=0)
        frame = Spot(spo2, pulse, moment, is_clock_set, status, sensor, perfusion)
        numbers = {Kind.SPO2: spo2, Kind.PULSE_RATE: pulse, Kind.PERFUSION_INDEX: perfusion}
        facts = tuple(Fact(kind, value, moment) for kind, value in numbers.items() if value is not None)
        record = Record(moment, facts, bytes(frame))
        self.memory.put(record)
        self.is_awake = True
        return record

    def measure_any(self, now_local: datetime, dice: Random) -> Record:
        """Measure as somebody would on that day."""
        return self.measure(now_local, float(dice.randint(84, 99)), float(dice.randint(50, 120)), 2.5)

    def stream(self, values: Iterable[tuple[float | None, float | None]]) -> None:
        """Have SpO2 and pulse ready, one pair a second, for whoever subscribes; wake up."""
        self._stream.extend(Continuous(spo2, pulse) for spo2, pulse in values)
        self.is_awake = True

    async def subscribed(self, char: str, hub: Hub) -> None:
        """Tell what there is to tell on this characteristic; the last to end hangs up."""
        if char == SPOT_CHECK:
            async with self._one_talk:
                await self._tell(hub)
            if self._stream:
                return
        elif char == CONTINUOUS and self._stream:
            await self._play(hub)
        else:
            return
        await asyncio.sleep(LINGER_S)
        async with self._one_talk:
            await hub.hang_up()

    async def written(self, char: str, data: bytes, hub: Hub) -> None:
        """Answer a request at the record access point."""
        if char == RECORDS:
            async with self._one_talk:
                answer, count = await self._answer(data, hub)
                if await hub.indicate(RECORDS, answer) and count is not None:
                    self._have_retold(count)

    async def _tell(self, hub: Hub) -> None:
        await self.memory.tell(hub, SPOT_CHECK)
        self._sleep_if_done()

    async def _play(self, hub: Hub) -> None:
        while self._stream:
            await hub.notify(CONTINUOUS, bytes(self._stream[0]))
            self._stream.popleft()
            await asyncio.sleep(STREAM_PERIOD_S)
        self._sleep_if_done()

    def _sleep_if_done(self) -> None:
        is_untold = self.is_keeping and self._retold_count < len(self.measured)
        self.is_awake = bool(self.memory.waiting_count or self._stream or is_untold)

    def _have_retold(self, count: int) -> None:
        self._retold_count = count
        self._sleep_if_done()
        if self.memory.on_all_told is not None:
            self.memory.on_all_told(count)

    async def _answer(self, data: bytes, hub: Hub) -> tuple[bytes, int | None]:
        """Return the answer, and how many records were told anew where that was asked and done."""
        if len(data) < 2:
            return racp.answer(data[0] if data else 0, racp.Code.INVALID_OPERATOR), None
        op, operator = data[0], data[1]
        if op == racp.Op.DELETE:
            self.deletes_asked += 1
        if op not in (racp.Op.REPORT, racp.Op.COUNT):
            return racp.answer(op, racp.Code.OP_UNSUPPORTED), None
        if operator != racp.ALL:
            return racp.answer(op, racp.Code.OPERATOR_UNSUPPORTED), None
        if op == racp.Op.COUNT:
            return racp.count_answer(self.memory.waiting_count), None
        return await self._report(op, hub)

    async def _report(self, op: int, hub: Hub) -> tuple[bytes, int | None]:
        has_records = self.memory.waiting_count > 0
        await self._tell(hub)
        count = await self.memory.tell_anew(hub, SPOT_CHECK) if self.is_keeping else None
        return racp.answer(op, racp.Code.SUCCESS if has_records or count else racp.Code.NO_RECORDS), count
