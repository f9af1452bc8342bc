"""The twin of a TaiDoc TD-8255: wakes at the first question, answers the second, remembers what it told."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from random import Random

from devices.codecs.taidoc import PAYLOAD_SIZE, Command, Moment, Word
from devices.codecs.taidoc_frames import Live, Oxygen, model_word
from devices.drivers.taidoc import CHANNEL, SERVICE
from devices.kinds import Kind
from simulators.peripherals.memory import Fact, Memory, Record
from simulators.peripherals.peripheral import Peripheral
from simulators.peripherals.twin import Characteristic, Hub, Property, Service

PERIOD_S = 1.0
LINGER_S = 1.0

MODEL = "8255"
SERIAL = "4270021101234567"

NO_FINGER = Live(0, 0)


class TaiDocTwin(Peripheral):
    """Answers each question with its own number, the newest record being number 0."""

    first_address = "F0:00:00:00:21:01"
    model = "TAIDOC TD8255"

    def prepare(self) -> None:
        """Begin asleep, with a clock that nobody has set."""
        self._is_listening = False
        self.power_offs_asked = 0
        self.clock = Moment(2019, 1, 1, 0, 0)
        self.live = Memory()

    @property
    def advertised_services(self) -> tuple[str, ...]:
        """The UUIDs in its advertisement."""
        return (SERVICE,)

    @property
    def services(self) -> tuple[Service, ...]:
        """Its GATT table."""
        return (Service(SERVICE, (Characteristic(CHANNEL, Property.WRITE | Property.NOTIFY),)),)

    @property
    def measured(self) -> list[Record]:
        """Everything it has ever measured, stored or live, told or not."""
        return self.memory.measured + self.live.measured

    def facts(self) -> tuple[Fact, ...]:
        """The single facts it knows to have told."""
        return self.memory.facts() + self.live.facts()

    def measure(self, now_local: datetime, spo2: int, pulse: int) -> Record:
        """Put one spot check into memory, by its own clock, which has no seconds, and wake up."""
        moment = now_local.replace(tzinfo=None, second=0, microsecond=0)
        facts = (Fact(Kind.SPO2, float(spo2), moment), Fact(Kind.PULSE_RATE, float(pulse), moment))
        record = Record(moment, facts, bytes(Oxygen(spo2, pulse)))
        self.memory.put(record)
        self.is_awake = True
        return record

    def measure_any(self, now_local: datetime, dice: Random) -> Record:
        """Measure as somebody would on that day."""
        return self.measure(now_local, dice.randint(84, 99), dice.randint(50, 120))

    def stream(self, values: Iterable[tuple[int, int]]) -> None:
        """Have SpO2 and pulse ready, one pair a second, for when it is told to measure; wake up."""
        for spo2, pulse in values:
            facts = (Fact(Kind.SPO2, float(spo2), None), Fact(Kind.PULSE_RATE, float(pulse), None))
            self.live.put(Record(None, facts, bytes(Live(spo2, pulse))))
        self.is_awake = True

    async def subscribed(self, _char: str, _hub: Hub) -> None:
        """Fall asleep again, until somebody asks twice."""
        self._is_listening = False

    async def written(self, _char: str, data: bytes, hub: Hub) -> None:
        """Wake, or answer; what is no word goes unanswered."""
        with suppress(ValueError):
            await self._hear(Word.from_bytes(data), hub)

    async def _hear(self, word: Word, hub: Hub) -> None:
        self._count(word.command)
        if not self._is_listening:
            self._is_listening = True
            await _say(hub, Command.READY)
        elif word.command == Command.MEASURE_OXYGEN:
            await self._measure_now(hub)
        elif (payload := self._answer(word)) is not None:
            await _say(hub, word.command, payload)
            if word.command == Command.RECORD_VALUE:
                told = len(self.memory.measured) - word.number
                self.memory.begin_up_to(told)
                self.memory.confirm_up_to(told)

    def _count(self, command: int) -> None:
        self.deletes_asked += command == Command.ERASE
        self.power_offs_asked += command == Command.POWER_OFF

    def _answer(self, word: Word) -> bytes | None:
        if word.command in (Command.RECORD_TIME, Command.RECORD_VALUE):
            return self._remembered(word)
        if word.command == Command.SET_CLOCK:
            self.clock = Moment.from_bytes(word.payload)
        answers: dict[int, bytes] = {
            Command.READ_CLOCK: bytes(self.clock),
            Command.SET_CLOCK: bytes(self.clock),
            Command.MODEL: model_word(MODEL).payload,
            Command.SERIAL_LOW: bytes.fromhex(SERIAL[8:])[::-1],
            Command.SERIAL_HIGH: bytes.fromhex(SERIAL[:8])[::-1],
            Command.COUNT: len(self.memory.measured).to_bytes(PAYLOAD_SIZE, "little"),
        }
        return answers.get(word.command)

    def _remembered(self, word: Word) -> bytes | None:
        if word.number >= len(self.memory.measured):
            return None
        record = self.memory.measured[-1 - word.number]
        if word.command == Command.RECORD_VALUE:
            return record.data
        assert record.device_time is not None, "what it stores has a time"
        return bytes(Moment.of(record.device_time))

    async def _measure_now(self, hub: Hub) -> None:
        """Tell what is under the light now, then sleep by itself: nobody needs to switch it off."""

        async def send(record: Record) -> None:
            await asyncio.sleep(PERIOD_S)
            await hub.notify(CHANNEL, record.data)

        await hub.notify(CHANNEL, bytes(NO_FINGER))
        await self.live.play(send)
        self.is_awake = self.memory.waiting_count > 0
        await asyncio.sleep(LINGER_S)
        await hub.hang_up()


async def _say(hub: Hub, command: int, payload: bytes = bytes(PAYLOAD_SIZE)) -> None:
    await hub.notify(CHANNEL, bytes(Word(command, payload, is_from_device=True)))
