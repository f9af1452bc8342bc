"""The twin of a Viatom O2Ring: it answers questions in pieces of 20 octets, and stores nights in files."""

import asyncio
import json
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from devices.codecs.viatom_night import Record as Sample
from devices.codecs.viatom_night import Stretch
from devices.codecs.viatom_oxy import Info, Live, Op, Reply, Request
from devices.drivers.viatom_o2ring import NOTIFY, SERVICE, WRITE, Conversation
from devices.kinds import Kind
from simulators.peripherals.memory import Fact, Record
from simulators.peripherals.peripheral import Peripheral
from simulators.peripherals.twin import Characteristic, Hub, Property, Service

NOTIFICATION_SIZE = 20
BLOCK_SIZE = 512

NO_RECORD = Sample(0xFF, 0xFFFF)
REFUSED = Reply(1)

SERIAL, FIRMWARE = "2008004512", "1.4.0"

Night = Sequence[tuple[int, int] | None]
"""SpO2 and pulse, one pair a period; None where the ring had no number."""


@dataclass(slots=True)
class _File:
    """One stored night, and how much of it has been read since it was opened."""

    record: Record
    read_count: int = 0

    def block(self, number: int) -> bytes:
        at = number * BLOCK_SIZE
        part = self.record.data[at : at + BLOCK_SIZE]
        self.read_count = at + len(part) if at == self.read_count else self.read_count
        return part

    @property
    def is_read(self) -> bool:
        return self.read_count == len(self.record.data)


class ViatomO2RingTwin(Peripheral):
    """Keeps its nights for ever; one that has been read to its end and closed counts as told.

    What it measures now it says when asked, and forgets.
    """

    first_address = "F0:00:00:00:18:01"
    model = "O2Ring 4512"
    battery = 97

    def prepare(self) -> None:
        """Make ready to hear requests, one at a time."""
        self._hearing = Conversation()
        self._one_voice = asyncio.Lock()
        self._files: dict[str, _File] = {}
        self._open: _File | None = None
        self._live: deque[Record] = deque()
        self.clock: datetime | None = None
        self.charge = 0

    @property
    def advertised_services(self) -> tuple[str, ...]:
        """The UUIDs in its advertisement."""
        return (SERVICE,)

    @property
    def services(self) -> tuple[Service, ...]:
        """Its GATT table."""
        chars = (Characteristic(WRITE, Property.WRITE), Characteristic(NOTIFY, Property.NOTIFY))
        return (Service(SERVICE, chars),)

    def measure_night(self, now_local: datetime, night: Night, period_s: int = 4, motion: int = 0) -> Record:
        """Store one night that began now, by the ring's own clock, and wake up."""
        start = now_local.replace(tzinfo=None, microsecond=0)
        samples = tuple(NO_RECORD if pair is None else Sample(*pair, motion) for pair in night)
        facts = [
            fact
            for number, pair in enumerate(night)
            if pair is not None
            for fact in _facts(pair, start + timedelta(seconds=number * period_s))
        ]
        facts.append(Fact(Kind.BATTERY_LEVEL, float(self.battery), None))
        record = Record(start, tuple(facts), bytes(Stretch(start, period_s, samples)))
        self._files[f"{start:%Y%m%d%H%M%S}"] = _File(record)
        self.memory.put(record)
        self.is_awake = True
        return record

    def measure_now(self, spo2: int, pulse: int, *, motion: int = 0) -> Record:
        """Have one moment's numbers ready for the next question, and wake up."""
        facts = tuple(_facts((spo2, pulse), None))
        record = Record(None, facts, bytes(Live(spo2, pulse, battery=self.battery, motion=motion)))
        self.memory.put(record)
        self._live.append(record)
        self.is_awake = True
        return record

    def measure_any(self, now_local: datetime, dice: Random) -> Record:
        """Store a night, a very short one, as somebody would have on that day."""
        night: list[tuple[int, int] | None] = [
            (dice.randint(84, 99), dice.randint(50, 120)) for _ in range(5)
        ]
        night.insert(3, None)
        return self.measure_night(now_local, night)

    async def written(self, char: str, data: bytes, hub: Hub) -> None:
        """Answer what is now a whole request."""
        for request in self._hearing.feed(char, data):
            answer = bytes(self._answer(request) if isinstance(request, Request) else REFUSED)
            async with self._one_voice:
                for at in range(0, len(answer), NOTIFICATION_SIZE):
                    await hub.notify(NOTIFY, answer[at : at + NOTIFICATION_SIZE])
            self._note_answered(request)

    def _answer(self, request: Request) -> Info | Live | Reply:
        if request.op == Op.INFO:
            return self._info()
        if request.op == Op.LIVE:
            return Live.from_bytes(self._live[0].data) if self._live else self._idle()
        if request.op == Op.OPEN:
            return self._opened(request.data.rstrip(b"\0").decode())
        if request.op == Op.READ and self._open is not None:
            return Reply(0, request.block, self._open.block(request.block))
        if request.op == Op.CONFIG:
            word = json.loads(request.data)["SetTIME"]
            self.clock = datetime.fromisoformat(word.replace(",", "T"))
        if request.op == Op.FACTORY_RESET:
            self.deletes_asked += 1
        return Reply(0) if request.op in (Op.CONFIG, Op.CLOSE) else REFUSED

    def _note_answered(self, request: object) -> None:
        """What went out counts as told; a night only when it was read to its end and closed."""
        op = request.op if isinstance(request, Request) else None
        if op == Op.LIVE and self._live:
            self.memory.confirm(self._live.popleft())
        if op == Op.CLOSE and self._open is not None:
            if self._open.is_read:
                self.memory.confirm(self._open.record)
            self._open = None
        self.is_awake = self.memory.waiting_count > 0

    def _opened(self, name: str) -> Reply:
        self._open = self._files.get(name)
        if self._open is None:
            return REFUSED
        self._open.read_count = 0
        self.memory.begin(self._open.record)
        return Reply(0, 0, len(self._open.record.data).to_bytes(4, "little"))

    def _idle(self) -> Live:
        return Live(0xFF, 0xFFFF, battery=self.battery, charge=self.charge, motion=5, state=0)

    def _info(self) -> Info:
        words = {
            "Region": "CE",
            "Model": "1652",
            "HardwareVer": "AA",
            "SoftwareVer": FIRMWARE,
            "FileVer": "3",
            "SN": SERIAL,
            "CurTIME": f"{self.clock:%Y-%m-%d,%H:%M:%S}" if self.clock else "2015-01-01,00:00:00",
            "CurBAT": f"{self.battery}%",
            "FileList": "".join(f"{name}," for name in self._files),
        }
        return Info(json.dumps(words, separators=(",", ":")))


def _facts(pair: tuple[int, int], at: datetime | None) -> tuple[Fact, Fact]:
    return Fact(Kind.SPO2, float(pair[0]), at), Fact(Kind.PULSE_RATE, float(pair[1]), at)
