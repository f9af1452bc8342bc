"""Beurer's pulse oximeter PO60 (service 0xFF12): a memory of spot checks, told ten at a time."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import datetime

from devices.codecs.seven_bit import (
    Piece,
    Splitter,
    Word,
    clock_order,
    decode_clock,
    encode_clock,
    opened,
    pair,
    pair_bytes,
    sealed,
)
from devices.decoder import listen, until_answered
from devices.device_information import identify
from devices.driver import Advertisement, Decoder, Driver, FrameError, Link, Visitor, uuid16
from devices.identity import DeviceIdentity
from devices.kinds import Kind
from devices.readings import Heard, Quality, Reading, reading_of

SERVICE = uuid16(0xFF12)
ORDERS = uuid16(0xFF01)
ANSWERS = uuid16(0xFF02)

NAME = "PO60"

ANSWER_S = 5.0
"""Chosen, not measured."""

BLOCK_COUNT_MAX = 10
"""So many records it tells for one request."""

VERSION, CLOCK, TIME, STORED, RECORD = 0xF2, 0xF3, 0xF9, 0xE0, 0xE9
"""The heads of its answers."""

ASK_VERSION, SELECT_SPOTS = sealed(b"\x82"), sealed(b"\x90\x05")
ASK_FIRST, ASK_NEXT, FINISH_AND_KEEP = sealed(b"\x99\x00"), sealed(b"\x99\x01"), sealed(b"\x99\x7e")

SPOTS = 5
"""The kind of memory that holds SpO2 and pulse."""

_ANSWER_SIZES = {VERSION: 8, CLOCK: 3, TIME: 10, STORED: 7, RECORD: 24}
_ORDER_SIZES = {0x82: 2, 0x83: 10, 0x89: 2, 0x90: 3, 0x99: 3}

SPO2_MAX, PULSE_MAX = 100, 254
"""127 and 255 are its words for no number: all bits set."""


@dataclass(frozen=True, slots=True)
class Version:
    """Which hardware and software it is, as it writes them: 0.2.1."""

    hardware: str
    software: str

    @classmethod
    def from_bytes(cls, data: bytes) -> "Version":
        """Decode; raise FrameError on anything else than one whole frame."""
        body = _body(data, VERSION)
        return cls(".".join(map(str, body[:3])), ".".join(map(str, body[3:])))

    def __bytes__(self) -> bytes:
        numbers = bytes(map(int, f"{self.hardware}.{self.software}".split(".")))
        return sealed(bytes((VERSION,)) + numbers)


@dataclass(frozen=True, slots=True)
class Stored:
    """How many records of which kind it holds; what its other octets say, nobody has told."""

    kind: int
    count: int
    rest: bytes = bytes(2)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Stored":
        """Decode; raise FrameError on anything else than one whole frame."""
        body = _body(data, STORED)
        return cls(body[0], pair(body[1], body[2]), body[3:])

    def __bytes__(self) -> bytes:
        return sealed(bytes((STORED, self.kind)) + pair_bytes(self.count) + self.rest)


@dataclass(frozen=True, slots=True)
class Record:
    """One spot check: SpO2 in percent and pulse per minute, each as (highest, lowest, average).

    `index` is its place in the request, `flags` the bits above; one of them marks the last record,
    and the sources don't agree on which.
    """

    started: datetime | None
    ended: datetime | None
    duration_s: int
    spo2: tuple[int, int, int]
    pulse: tuple[int, int, int]
    index: int = 0
    flags: int = 0

    @classmethod
    def from_bytes(cls, data: bytes) -> "Record":
        """Decode; raise FrameError on anything else than one whole frame."""
        body = _body(data, RECORD)
        try:
            started, ended = decode_clock(body[1:7]), decode_clock(body[7:13])
        except ValueError as error:
            raise FrameError(f"no record: {error}", data) from error
        eighths = body[13]
        pulse = [octet | (eighths >> bit & 1) << 7 for octet, bit in zip(body[19:22], (5, 4, 3), strict=True)]
        spo2 = (body[16], body[17], body[18])
        return cls(
            started,
            ended,
            pair(body[15], body[14]),  # here, and only here, the high octet comes first
            spo2,
            (pulse[0], pulse[1], pulse[2]),
            body[0] & 0x0F,
            body[0] >> 4,
        )

    def __bytes__(self) -> bytes:
        eighths = sum((number >> 7) << bit for number, bit in zip(self.pulse, (5, 4, 3), strict=True))
        numbers = bytes(self.spo2) + bytes(number & 0x7F for number in self.pulse)
        clocks = encode_clock(self.started) + encode_clock(self.ended)
        head = bytes((RECORD, self.flags << 4 | self.index))
        return sealed(head + clocks + bytes((eighths,)) + pair_bytes(self.duration_s)[::-1] + numbers)


Frame = Version | Stored | Record | Word
_Ear = AsyncIterator[Frame | FrameError]

_FRAMES: dict[int, type[Frame]] = {VERSION: Version, STORED: Stored, RECORD: Record}


class _Frames:
    """Orders and answers are two streams of frames, each cut at will into notifications."""

    def __init__(self) -> None:
        self._splitters = {ANSWERS: Splitter(_answer_size), ORDERS: Splitter(_order_size)}

    def feed(self, char: str, data: bytes) -> Iterable[Frame | FrameError]:
        """Take one notification, or one order."""
        splitter = self._splitters.get(char)
        if splitter is None:
            return (FrameError(f"nothing is known of characteristic {char}", data),)
        return [_frame(piece) for piece in splitter.feed(data)]


def matches(advertisement: Advertisement) -> bool:
    """Tell whether this is a PO60: its service is that of Contec's whole family, so its name counts."""
    return advertisement.name.strip().upper().startswith(NAME)


def decoder() -> Decoder[Frame]:
    """Return the decoder."""
    return _Frames()


async def session(link: Link, visitor: Visitor) -> AsyncIterator[Frame | FrameError | DeviceIdentity]:
    """Set the clock, ask for every record, ten at a time, and finish so that it keeps them all.

    A broken answer is an answer too. But then nothing is finished: all is told again next time.
    """
    yield await identify(link)
    await link.subscribe(ANSWERS)
    ear = listen(link, decoder(), silence_s=ANSWER_S)
    record_count = 0
    async for said in _greeting(link, ear, visitor.wall_clock):
        if isinstance(said, Stored):
            record_count = said.count
        elif isinstance(said, Version):
            yield DeviceIdentity(hardware=said.hardware, software=said.software)
        elif isinstance(said, FrameError):
            yield said
    async for said in _records(link, ear, record_count):
        yield said


async def _greeting(link: Link, ear: _Ear, wall_clock: datetime | None) -> _Ear:
    """Ask which version it is and how many records it has; set the clock where we know the time."""
    clock = [] if wall_clock is None else [(clock_order(wall_clock), CLOCK)]
    for order, head in ((ASK_VERSION, VERSION), *clock, (SELECT_SPOTS, STORED)):
        await link.write(ORDERS, order, with_response=False)
        async for said in until_answered(ear, bytes((head,))):
            yield said


async def _records(link: Link, ear: _Ear, count: int) -> _Ear:
    """Ask for so many records, and finish if each of them came whole."""
    is_whole = True
    for told_count in range(0, count, BLOCK_COUNT_MAX):
        await link.write(ORDERS, ASK_NEXT if told_count else ASK_FIRST, with_response=False)
        block_count = min(BLOCK_COUNT_MAX, count - told_count)
        async for said in until_answered(ear, bytes((RECORD,)), block_count):
            is_whole &= not isinstance(said, FrameError)
            yield said
    if count and is_whole:
        await link.write(ORDERS, FINISH_AND_KEEP, with_response=False)
        async for said in ear:  # who leaves at once may leave before the order has arrived
            yield said


def readings(frame: Frame, heard: Heard) -> tuple[Reading, ...]:
    """Say what the frame means: the averages, at the moment the finger went in.

    Highest and lowest stay in the frame. They come of the finger going in and out as well, and a
    second SpO2 of the same second would be judged like a spot check of its own.
    """
    if not isinstance(frame, Record):
        return ()
    told = ((Kind.SPO2, frame.spo2[2], SPO2_MAX), (Kind.PULSE_RATE, frame.pulse[2], PULSE_MAX))
    return tuple(
        reading_of(kind, float(value), heard, device_time=frame.started, quality=(Quality.FROM_STORAGE,))
        for kind, value, limit in told
        if 0 < value <= limit
    )


def _answer_size(begun: bytes) -> int | None:
    return _ANSWER_SIZES.get(begun[0], 0)


def _order_size(begun: bytes) -> int | None:
    return _ORDER_SIZES.get(begun[0], 0)


def _body(data: bytes, head: int) -> bytes:
    """Return what stands between the head and the sum."""
    try:
        if len(data) != _ANSWER_SIZES[head] or data[0] != head:
            raise ValueError(f"{len(data)} octets instead of {_ANSWER_SIZES[head]} behind {head:#04x}")
        return opened(data)[1:]
    except ValueError as error:
        raise FrameError(f"no answer of a PO60: {error}", data) from error


def _frame(piece: Piece) -> Frame | FrameError:
    if piece.fault:
        return FrameError(piece.fault, piece.data)
    try:
        return _FRAMES.get(piece.data[0], Word).from_bytes(piece.data)
    except ValueError as error:  # a Word's; the others say so themselves
        return FrameError(f"no word of a PO60: {error}", piece.data)
    except FrameError as error:
        return error


DRIVER: Driver[Frame] = Driver(
    id="beurer_po60",
    title="Beurer PO60 pulse oximeter",
    tier="reported",
    kinds=(Kind.SPO2, Kind.PULSE_RATE),
    matches=matches,
    session=session,
    readings=readings,
    decoder=decoder,
    speaks=(ANSWERS, ORDERS),
    vectors=("Beurer PO60",),
    quirks=(
        "Public programs agree on its records; no byte of a real device stands in the vectors.",
        "The sources don't agree on the bit that marks the last record: the records are counted instead.",
        "Its records are read, never deleted: all of them are told again at each visit.",
        "A record is a whole spot check: the reading is its average; highest and lowest stay in the frame.",
        "The one public record is of 2019-01-01, 00:00:19: a clock that was never set is not believed.",
    ),
)
