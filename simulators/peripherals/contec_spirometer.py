"""The twin of a Contec SP80B: blows in a memory that it tells one by one, each with its curve, and keeps."""

import asyncio
from datetime import datetime
from math import exp
from random import Random

from devices.codecs import contec_blow
from devices.codecs.contec_blow import Manoeuvre, Stored, Wave
from devices.codecs.contec_blow import Record as Blow
from devices.codecs.seven_bit import Word
from devices.drivers.contec_spirometer import ANSWERS, CLOCK, HELLO, ORDERS, PREDICTED, SERVICE, VERSION
from devices.kinds import Kind
from simulators.peripherals.memory import Fact, Record
from simulators.peripherals.peripheral import Peripheral
from simulators.peripherals.twin import Characteristic, Hub, Property, Service

LINGER_S = 1.0
"""So long it stays after the last order."""

PACKET_SIZE_MAX = 20
SAMPLE_COUNT = 25

_FIRST = 0x00


class ContecSpirometerTwin(Peripheral):
    """Tells whoever greets it all that it has ever measured; sleeps once it was told to finish and keep."""

    first_address = "F0:00:00:00:1A:01"
    model = "SP80B"

    def prepare(self) -> None:
        """Make ready for one talk at a time."""
        self.clock_set_to: list[bytes] = []
        """The orders that have set its clock."""
        self._one_talk = asyncio.Lock()
        self._greeted: Hub | None = None
        self._told_count = 0

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

    def measure(
        self, now_local: datetime, fvc_l: float, fev1_l: float, pef_l_s: float, *, drug: int = 0
    ) -> Record:
        """Put one forced blow into memory, by the device's own clock, and wake up."""
        moment = now_local.replace(tzinfo=None, microsecond=0)
        ratio, number = round(100 * fev1_l / fvc_l, 1), len(self.measured) + 1
        blow = Blow(
            Manoeuvre.FVC, number, moment, sex=1, age_years=67, height_cm=164, standard=1, drug=drug,
            fvc_l=fvc_l, fev1_l=fev1_l, fev1_fvc_percent=ratio, pef_l_s=pef_l_s,
        )  # fmt: skip
        shown = {Kind.FVC: fvc_l, Kind.FEV1: fev1_l, Kind.FEV1_FVC: ratio, Kind.PEF: round(pef_l_s * 60, 1)}
        facts = tuple(Fact(kind, value, moment) for kind, value in shown.items())
        record = Record(moment, facts, bytes(blow))
        self.memory.put(record)
        self.is_awake = True
        return record

    def measure_any(self, now_local: datetime, dice: Random) -> Record:
        """Measure as somebody would on that day."""
        fvc_cl = dice.randint(150, 450)
        fev1_cl = dice.randint(40 * fvc_cl // 100, fvc_cl)
        return self.measure(now_local, fvc_cl / 100, fev1_cl / 100, dice.randint(100, 900) / 100)

    async def written(self, char: str, data: bytes, hub: Hub) -> None:
        """Answer an order, in packets of 20; before the greeting, and to a wrong sum, it is silent."""
        async with self._one_talk:
            try:
                order = Word.from_bytes(data)
            except ValueError:
                return
            assert char == ORDERS, "nothing else can be written"
            if order.code == 0x80:
                self._greeted, self._told_count = hub, 0
            if self._greeted is not hub:
                return
            answer = self._answer(order)
            for at in range(0, len(answer), PACKET_SIZE_MAX):
                await hub.notify(ANSWERS, answer[at : at + PACKET_SIZE_MAX])
            if order.code == 0x91 and order.operands[0] == contec_blow.KEPT:
                await self._finish(hub)

    async def _finish(self, hub: Hub) -> None:
        self.memory.confirm_up_to(self._told_count)
        self.is_awake = self.memory.waiting_count > 0
        await asyncio.sleep(LINGER_S)
        await hub.hang_up()

    def _answer(self, order: Word) -> bytes:
        match order.code:
            case 0x80:
                return bytes(Word(HELLO))
            case 0x82:
                return bytes(Word(VERSION, bytes(6)))
            case 0x83:
                self.clock_set_to.append(bytes(order))
                return bytes(Word(CLOCK, b"\0"))
            case 0x90:
                return bytes(Stored(len(self.measured)))
            case 0x91:
                return self._record(order.operands[0])
            case 0x92:
                return bytes(_curve(self._told_count)) + b"\x55"  # what may stand behind a curve
            case 0x93:
                self.deletes_asked += 1
            case 0x94:
                return bytes(Word(PREDICTED, bytes(21)))
        return b""

    def _record(self, step: int) -> bytes:
        self.deletes_asked += step == contec_blow.DELETED
        if step in (contec_blow.KEPT, contec_blow.DELETED):
            return b""
        at = 0 if step == _FIRST else self._told_count
        if at >= len(self.measured):
            return b""
        self._told_count = at + 1
        self.memory.begin_up_to(self._told_count)
        return self.measured[at].data


def _curve(number: int) -> Wave:
    """A blow as lungs of one compartment would do it: 3 L/s at first, 63 % of the air in a second."""
    times = [index / 10 for index in range(SAMPLE_COUNT)]
    samples = [
        (round(time * 10_000), round(3000 * exp(-time)), round(3000 * (1 - exp(-time)))) for time in times
    ]
    return Wave(number, tuple(samples))
