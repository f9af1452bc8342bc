"""TaiDoc's product line (TaiDoc, FORA, TNG): the oximeters TD-8255 and TD-8201, their kin as far as known."""

from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import datetime

from devices.codecs import oximetry
from devices.codecs.taidoc import Command, Moment, Splitter, Word
from devices.codecs.taidoc_frames import (
    KNOWN_MODELS,
    OXIMETERS,
    Clock,
    Live,
    Oxygen,
    Pressure,
    Record,
    Temperature,
    Value,
    Weighing,
    model_in,
)
from devices.decoder import listen
from devices.driver import Advertisement, Decoder, Driver, FrameError, Link, LinkError, Visitor
from devices.identity import DeviceIdentity
from devices.kinds import Kind
from devices.readings import Heard, Quality, Reading, reading_of

SERVICE = "00001523-1212-efde-1523-785feabcd123"
"""Nordic's example of a lamp and a button has the same one, and so have pens and radon meters."""

CHANNEL = "00001524-1212-efde-1523-785feabcd123"
"""The one characteristic: the hub writes on it, the device answers on it."""

NAMES = ("TAIDOC", "FORA ", "TNG ")
ADDRESSES = "C0:26:DA:"

ANSWER_S = 8.0
"""It answers within a second, and wakes when two questions come within ten. Chosen, not measured."""

SILENCE_S = 30.0
"""It tells a live number every second while a finger is in it. Chosen, not measured."""

RECORD_COUNT_MAX = 1000
"""More than any of them remembers; what a stranger claims to remember may be more."""

SYSTOLIC_MAX = 300
BODY_C_MIN, BODY_C_MAX = 30.0, 45.0
KG_MAX = 400.0

MEASURE_OXYGEN = Word(Command.MEASURE_OXYGEN, b"\x02\x00\x00\x00")

_NEEDED = (Command.MODEL, Command.COUNT, Command.RECORD_TIME, Command.RECORD_VALUE)
"""Without these answers the talk leads nowhere; a device may leave other questions unanswered."""

_TIMES = (Command.READ_CLOCK, Command.SET_CLOCK, Command.RECORD_TIME)

Frame = Word | Clock | Live | Record | Weighing


class Line:
    """The decoder; it remembers what the device has said of itself, for a record doesn't say it again."""

    def __init__(self, model: str | None = None) -> None:
        self.model = model
        self.serial: dict[int, str] = {}
        self.record_count = 0
        self.answered: set[int] = set()
        self._splitter = Splitter()
        self._moment: Moment | None = None

    def feed(self, char: str, data: bytes) -> Iterable[Frame | FrameError]:
        """Take one notification; return what is now whole."""
        if char != CHANNEL:
            return (FrameError(f"nothing is known of characteristic {char}", data),)
        return tuple(self._said_in(piece) for piece in self._splitter.feed(data))

    @property
    def identity(self) -> DeviceIdentity:
        """What it has said of itself so far."""
        halves = [self.serial.get(half) for half in (Command.SERIAL_HIGH, Command.SERIAL_LOW)]
        serial = "".join(half for half in halves if half is not None)
        model = None if self.model is None else f"TD-{self.model}"
        return DeviceIdentity(model=model, serial=serial or None)

    def _said_in(self, piece: bytes) -> Frame | FrameError:
        try:
            word = Word.from_bytes(piece)
            said = self._meant(word, piece)
        except ValueError as error:
            return FrameError(f"not understood: {error}", piece)
        if word.is_from_device:
            self._remember(word)
        return said

    def _meant(self, word: Word, piece: bytes) -> Frame:
        is_set_clock = word.command == Command.SET_CLOCK
        if word.command == Command.LIVE:  # in one source it ends as if the hub had said it
            return Live.from_bytes(piece)
        if word.command in _TIMES and (word.is_from_device or is_set_clock):
            return Clock.from_bytes(piece)
        if not word.is_from_device:
            return word
        if word.command == Command.RECORD_VALUE:
            return Record.of(word, self._moment, self.model)
        return Weighing.from_bytes(piece) if word.command == Command.WEIGHT else word

    def _remember(self, word: Word) -> None:
        self.answered.add(word.command)
        match word.command:
            case Command.MODEL:
                self.model = model_in(word)
            case Command.SERIAL_LOW | Command.SERIAL_HIGH:
                self.serial[word.command] = word.payload[::-1].hex()
            case Command.COUNT:
                self.record_count = min(word.number, RECORD_COUNT_MAX)
            case Command.RECORD_TIME:
                self._moment = Moment.from_bytes(word.payload)
            case Command.RECORD_VALUE:
                self._moment = None  # the time of one record must never pass for another's


def matches(advertisement: Advertisement) -> bool:
    """Tell whether this is TaiDoc's, by its name or its maker's addresses: its service is anybody's."""
    is_named = advertisement.name.upper().startswith(NAMES)
    if SERVICE in advertisement.services:
        return is_named or advertisement.address.upper().startswith(ADDRESSES)
    return is_named and not advertisement.services


def decoder() -> Decoder[Frame]:
    """Return the decoder: it puts words together, and a record with the time and the model said before it.

    A session asks for the model; bytes alone are taken for those of the oximeter that this driver is for.
    """
    return Line(OXIMETERS[0])


async def session(link: Link, visitor: Visitor) -> AsyncIterator[Frame | FrameError | DeviceIdentity]:
    """Wake it, ask who it is, let it tell its memory oldest first, then what it measures now."""
    line = Line()
    await link.subscribe(CHANNEL)
    await link.write(CHANNEL, bytes(Word(Command.MODEL)))  # wakes it; this one may go unanswered
    for question in _introduction(visitor.wall_clock):
        async for said in _ask(link, line, question):
            yield said
    yield line.identity
    if line.model not in KNOWN_MODELS:
        return
    for question in _memory(line):
        async for said in _ask(link, line, question):
            yield said
    if line.model in OXIMETERS:
        await link.write(CHANNEL, bytes(MEASURE_OXYGEN))
        decode: Decoder[Frame] = line
        async for now in listen(link, decode, silence_s=SILENCE_S):
            yield now


def readings(frame: Frame, heard: Heard) -> tuple[Reading, ...]:
    """Say what the frame means; what is no live or stored number means nothing."""
    match frame:
        case Live():
            told = {Kind.SPO2: oximetry.saturation(frame.spo2), Kind.PULSE_RATE: oximetry.pulse(frame.pulse)}
            return _told(told, heard)
        case Record():
            return _stored(frame, heard)
        case Weighing():  # the newest that it remembers, and nobody knows when that was
            told = {Kind.BODY_WEIGHT: frame.kg if 0 < frame.kg <= KG_MAX else None}
            return _told(told, heard, {Quality.FROM_STORAGE, Quality.TIME_UNCERTAIN})
        case _:
            return ()


def _stored(record: Record, heard: Heard) -> tuple[Reading, ...]:
    if record.moment is None:
        return _told(_numbers(record.value), heard, {Quality.FROM_STORAGE, Quality.TIME_UNCERTAIN})
    if record.moment.wall is None:  # told at each visit, it would be a new fact each time
        return ()
    is_odd = isinstance(record.value, Temperature) and record.moment.flags
    quality = {Quality.FROM_STORAGE} | ({Quality.QUESTIONABLE} if is_odd else set())
    return _told(_numbers(record.value), heard, quality, record.moment.wall)


def _told(
    numbers: dict[Kind, float | None],
    heard: Heard,
    quality: set[Quality] | None = None,
    wall: datetime | None = None,
) -> tuple[Reading, ...]:
    return tuple(
        reading_of(kind, value, heard, device_time=wall, quality=quality or (), is_continuous=quality is None)
        for kind, value in numbers.items()
        if value is not None
    )


def _numbers(value: Value) -> dict[Kind, float | None]:
    """A stored value in our words; half a blood pressure is none, and neither is a warm bottle a body."""
    match value:
        case Oxygen() if oximetry.saturation(value.spo2) is not None:
            return {
                Kind.SPO2: oximetry.saturation(value.spo2),
                Kind.PULSE_RATE: oximetry.pulse(value.pulse),
            }
        case Pressure() if 0 < value.diastolic < value.systolic <= SYSTOLIC_MAX:
            return {
                Kind.SYSTOLIC_PRESSURE: float(value.systolic),
                Kind.DIASTOLIC_PRESSURE: float(value.diastolic),
                Kind.CUFF_PULSE_RATE: oximetry.pulse(value.pulse),
            }
        case Temperature() if BODY_C_MIN <= value.celsius <= BODY_C_MAX:
            return {Kind.BODY_TEMPERATURE: value.celsius}
        case _:
            return {}


def _introduction(wall: datetime | None) -> Iterator[Word]:
    yield Word(Command.READ_CLOCK)
    if wall is not None:
        yield Word(Command.SET_CLOCK, bytes(Moment.of(wall)))
    yield Word(Command.MODEL)
    yield Word(Command.SERIAL_LOW)
    yield Word(Command.SERIAL_HIGH)


def _memory(line: Line) -> Iterator[Word]:
    """Record 0 is the newest. One made meanwhile: an old one is told twice, and none is lost for good."""
    yield Word(Command.COUNT)
    for place in reversed(range(line.record_count)):
        where = place.to_bytes(2, "little") + bytes(2)
        yield Word(Command.RECORD_TIME, where)
        yield Word(Command.RECORD_VALUE, where)


async def _ask(link: Link, line: Line, question: Word) -> AsyncIterator[Frame | FrameError]:
    """Pass on all that is said until the answer; answers to other questions come in between."""
    line.answered.discard(question.command)
    await link.write(CHANNEL, bytes(question))
    while question.command not in line.answered:
        try:
            char, data = await link.receive(timeout_s=ANSWER_S)
        except LinkError:
            if question.command in _NEEDED:
                raise
            return  # a lost link says so again at the next question
        for said in line.feed(char, data):
            yield _dated(said)


def _dated(said: Frame | FrameError) -> Frame | FrameError:
    """A memory is told at each visit: what nobody can date would be a new fact each time, and is an error."""
    if isinstance(said, Record) and said.moment is None:
        return FrameError("a stored value whose time was not said", bytes(said))
    return said


DRIVER: Driver[Frame] = Driver(
    id="taidoc",
    title="TaiDoc / FORA",
    tier="reported",
    kinds=(
        Kind.SPO2,
        Kind.PULSE_RATE,
        Kind.SYSTOLIC_PRESSURE,
        Kind.DIASTOLIC_PRESSURE,
        Kind.CUFF_PULSE_RATE,
        Kind.BODY_TEMPERATURE,
        Kind.BODY_WEIGHT,
    ),
    matches=matches,
    session=session,
    readings=readings,
    decoder=decoder,
    speaks=(CHANNEL,),
    vectors=(
        "TaiDoc / FORA",
        "TaiDoc TD-8255 / FORA O2",
        "TaiDoc TD-2555",
    ),
    quirks=(
        "No captured frame is known to us; five programs agree on the framing.",
        "The pulse stands third in a live frame and fourth in a stored one; one source has it elsewhere.",
        "A stored value has no name: a visit asks for the model first, and leaves one that it doesn't know.",
        "A stored value whose time was not said is an error of the visit: nobody could date it.",
        "A temperature whose time carries a type that nobody explains may be a room's: it is questionable.",
        "It falls asleep by itself: it is never told to switch off, and never to erase.",
        "A cuff is never told to inflate, and a scale is not asked: its weighing has no time we can read.",
        "The first live number of a finger may be a bad one: one program leaves it out, we don't.",
        "The order of the digits in its serial number is not confirmed.",
    ),
)
