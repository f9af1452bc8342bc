"""Contec's home spirometers SP70B and SP80B (service 0xFF12), as one public iOS app talks to them."""

from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import datetime

from devices.codecs import contec_blow
from devices.codecs.contec_blow import Manoeuvre, Record, Stored, Wave
from devices.codecs.seven_bit import STRAY, Piece, Splitter, Word, clock_order, sealed
from devices.decoder import listen, until_answered
from devices.device_information import identify
from devices.driver import Advertisement, Decoder, Driver, FrameError, Link, Visitor, uuid16
from devices.identity import DeviceIdentity
from devices.kinds import Kind
from devices.readings import Heard, Quality, Reading, reading_of

SERVICE = uuid16(0xFF12)
ORDERS = uuid16(0xFF01)
ANSWERS = uuid16(0xFF02)

NAMES = ("SP70B", "SP80B")

ANSWER_S = 5.0
"""The app waits for ever; who is silent for so long will not answer. Chosen, not measured."""

HELLO, CLOCK, VERSION, PREDICTED = 0xF0, 0xF3, 0xF2, 0xE4
"""The heads of the answers that give no record."""

ASK_HELLO, ASK_VERSION, ASK_PREDICTED = sealed(b"\x80"), sealed(b"\x82"), sealed(b"\x94")
ASK_STORED, ASK_FIRST, ASK_NEXT = sealed(b"\x90"), sealed(b"\x91\x00\x01"), sealed(b"\x91\x01\x01")
ASK_WAVE, FINISH_AND_KEEP = sealed(b"\x92\x00"), sealed(b"\x91\x7e\x01")

_ANSWER_SIZES = {HELLO: 2, CLOCK: 3, VERSION: 8, PREDICTED: 23, contec_blow.STORED: contec_blow.STORED_SIZE,
                 contec_blow.RECORD: contec_blow.RECORD_SIZE}  # fmt: skip
_ORDER_SIZES = {0x80: 2, 0x82: 2, 0x83: 10, 0x8B: 9, 0x90: 2, 0x91: 4, 0x92: 3, 0x93: 2, 0x94: 2}

LITRES_MAX, FLOW_L_S_MAX, PERCENT_MAX = 15.0, 20.0, 100.0
"""No person blows more; and all bits set, which would be 163 L, is no number."""

_TOLD = (
    (Kind.FVC, "fvc_l", LITRES_MAX),
    (Kind.FEV05, "fev05_l", LITRES_MAX),
    (Kind.FEV1, "fev1_l", LITRES_MAX),
    (Kind.FEV1_FVC, "fev1_fvc_percent", PERCENT_MAX),
    (Kind.FEV6, "fev6_l", LITRES_MAX),
    (Kind.PEF, "pef_l_s", FLOW_L_S_MAX),
    (Kind.FEF25_75, "fef25_75_l_s", FLOW_L_S_MAX),
)

Frame = Stored | Record | Wave | Word
_Ear = AsyncIterator[Frame | FrameError]

_FRAMES: dict[int, type[Frame]] = {
    contec_blow.STORED: Stored,
    contec_blow.RECORD: Record,
    contec_blow.WAVE: Wave,
}


class _Frames:
    """Orders and answers are two streams; what follows a curve without a head is passed over.

    Nobody knows whether a sum stands there: the one app throws away whatever comes.
    """

    def __init__(self) -> None:
        self._splitters = {ANSWERS: Splitter(_answer_size), ORDERS: Splitter(_order_size)}
        self._is_behind_wave = False

    def feed(self, char: str, data: bytes) -> Iterable[Frame | FrameError]:
        """Take one notification, or one order."""
        splitter = self._splitters.get(char)
        if splitter is None:
            return (FrameError(f"nothing is known of characteristic {char}", data),)
        return list(self._frames(splitter.feed(data)))

    def _frames(self, pieces: Iterable[Piece]) -> Iterator[Frame | FrameError]:
        for piece in pieces:
            if piece.fault == STRAY and self._is_behind_wave:
                continue
            self._is_behind_wave = piece.data[0] == contec_blow.WAVE
            yield _frame(piece)


def matches(advertisement: Advertisement) -> bool:
    """Tell whether this is one of the two; others with service 0xFF12 (PO60, CMS50) speak otherwise."""
    return SERVICE in advertisement.services and advertisement.name.strip().upper().startswith(NAMES)


def decoder() -> Decoder[Frame]:
    """Return the decoder."""
    return _Frames()


async def session(link: Link, visitor: Visitor) -> AsyncIterator[Frame | FrameError | DeviceIdentity]:
    """Greet, set the clock, ask for every record and its curve, and finish so that it keeps them all.

    A broken answer is an answer too. But then nothing is finished: all is told again next time.
    """
    yield await identify(link)
    await link.subscribe(ANSWERS)
    ear = listen(link, decoder(), silence_s=ANSWER_S)
    record_count = 0
    async for said in _greeting(link, ear, visitor.wall_clock):
        if isinstance(said, Stored):
            record_count = said.count
        elif isinstance(said, FrameError):
            yield said
    async for said in _records(link, ear, record_count):
        yield said


async def _greeting(link: Link, ear: _Ear, wall_clock: datetime | None) -> _Ear:
    """Ask what the app asks before the records, in its order; set the clock only where we know the time."""
    clock = [] if wall_clock is None else [(clock_order(wall_clock), CLOCK)]
    rest = ((ASK_VERSION, VERSION), (ASK_PREDICTED, PREDICTED), (ASK_STORED, contec_blow.STORED))
    for order, head in ((ASK_HELLO, HELLO), *clock, *rest):
        await link.write(ORDERS, order)
        async for said in until_answered(ear, bytes((head,))):
            yield said


async def _records(link: Link, ear: _Ear, count: int) -> _Ear:
    """Ask for so many records, each with its curve, and finish if all of them came whole."""
    is_whole = True
    for number in range(count):
        record = (ASK_NEXT if number else ASK_FIRST, contec_blow.RECORD)
        for order, head in (record, (ASK_WAVE, contec_blow.WAVE)):
            await link.write(ORDERS, order)
            async for said in until_answered(ear, bytes((head,))):
                is_whole &= not isinstance(said, FrameError)
                yield said
    if count and is_whole:
        await link.write(ORDERS, FINISH_AND_KEEP)
        async for said in ear:  # who leaves at once may leave before the order has arrived
            yield said


def readings(frame: Frame, heard: Heard) -> tuple[Reading, ...]:
    """Say what the frame means. Only a forced blow has numbers: others may fill its fields otherwise."""
    if not isinstance(frame, Record) or frame.manoeuvre not in (Manoeuvre.ALL, Manoeuvre.FVC):
        return ()
    medication = (Quality.AFTER_MEDICATION,) if frame.drug else ()
    return tuple(
        reading_of(
            kind,
            round(value * 60, 1) if kind is Kind.PEF else value,  # the device says L/s, the house L/min
            heard,
            device_time=frame.device_time,
            quality=(Quality.FROM_STORAGE, *medication),
        )
        for kind, name, limit in _TOLD
        if 0 < (value := getattr(frame, name)) <= limit
    )


def _answer_size(begun: bytes) -> int | None:
    if begun[0] == contec_blow.WAVE:
        return contec_blow.wave_size(begun)
    return _ANSWER_SIZES.get(begun[0], 0)


def _order_size(begun: bytes) -> int | None:
    return _ORDER_SIZES.get(begun[0], 0)


def _frame(piece: Piece) -> Frame | FrameError:
    if piece.fault:
        return FrameError(piece.fault, piece.data)
    kind = _FRAMES.get(piece.data[0], Word)
    try:
        return kind.from_bytes(piece.data)
    except ValueError as error:
        return FrameError(f"no {kind.__name__.lower()}: {error}", piece.data)


DRIVER: Driver[Frame] = Driver(
    id="contec_spirometer",
    title="Contec SP70B / SP80B spirometer (unverified)",
    tier="reported",
    kinds=tuple(kind for kind, _, _ in _TOLD),
    matches=matches,
    session=session,
    readings=readings,
    decoder=decoder,
    speaks=(ANSWERS, ORDERS),
    vectors=("Contec SP70B/SP80B family",),
    quirks=(
        "Unverified: all we know is one public iOS app; no byte of a real device has been seen.",
        "That the answers end with the same sum as the orders is taken from their sister, Beurer's PO60.",
        "Its records are read, never deleted: all of them are told again at each visit.",
        "Its curves are asked for only because the app does so: a visit to a full memory takes minutes.",
        "A blow that its owner marked with a drug is taken for one after medication.",
        "It says PEF in L/s; the reading is in L/min, the frame keeps what it said.",
        "Who was set up in the device (sex, age, height) stays in the frame, for it may be anybody.",
    ),
)
