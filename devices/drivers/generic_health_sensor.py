"""Sensors of the Bluetooth SIG's Generic Health Sensor Service (0x1840): spirometers and whatever comes."""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import suppress
from decimal import Decimal

from devices.clocks import DeviceClock
from devices.codecs import racp
from devices.codecs.ghs import Observation, flat
from devices.codecs.ghs_frames import RECORD_SIZE, START, Clock, Control, Live, Stored
from devices.codecs.ghs_segments import Assembler, Lost
from devices.codecs.ghs_values import Discrete, Events, Numeric
from devices.decoder import WholeFrames, listen
from devices.device_information import identify
from devices.driver import (
    Advertisement,
    Decoder,
    Driver,
    FrameError,
    Link,
    LinkError,
    OfItself,
    Visitor,
    uuid16,
)
from devices.kinds import CODINGS, Kind
from devices.readings import Heard, Quality, Reading, reading_of

SERVICE = uuid16(0x1840)
LIVE = uuid16(0x2B8B)
STORED = uuid16(0x2BDD)
CONTROL = uuid16(0x2BF4)
RECORDS = uuid16(0x2A52)
CLOCK = uuid16(0x2BF2)

SILENCE_S = 30.0
"""Between two blows a person needs to breathe. Chosen, not measured."""

UNKNOWN_USER = 255

_NO_COMBINED_REPORT = racp.Word.from_bytes(racp.answer(racp.Op.COMBINED_REPORT, racp.Code.OP_UNSUPPORTED))

MODALITY_SPOT, MODALITY_FAST, MODALITY_SLOW = 150588, 150580, 150584
_OXIMETRY = frozenset({Kind.SPO2, Kind.PULSE_RATE, Kind.PERFUSION_INDEX})
_RATIOS = frozenset({Kind.FEV1_FEV6, Kind.FEV1_FVC})
_BLOWN = frozenset({Kind.FEV1, Kind.FEV6, Kind.FVC, Kind.FEV05, Kind.PEF, Kind.SLOW_VC}) | _RATIOS
_KINDS = (*sorted(_BLOWN), Kind.PEF_BEST, Kind.SPO2, Kind.PULSE_RATE, Kind.PERFUSION_INDEX, Kind.BODY_WEIGHT)
_KIND_BY_MDC = {CODINGS[kind].mdc: kind for kind in _KINDS}

DIMENSIONLESS = 0x0200
_UNITS = {
    ("L", 0x0640): (Decimal(1), None),
    ("L/min", 0x0C00): (Decimal(1), None),
    ("L/min", 0x0BE0): (Decimal(60), 1),  # L/s; its hundredth is 0.6 L/min
    ("%", 0x0220): (Decimal(1), None),
    ("/min", 0x0AA0): (Decimal(1), None),
    ("kg", 0x06C3): (Decimal(1), None),
    ("kg", 0x06E0): (Decimal("0.45359237"), 2),  # lb; its tenth is 0.05 kg
}
"""Our unit and theirs: the factor, and the decimals that are left; None leaves the device's own."""

_MAX = {"L": 20.0, "L/min": 1500.0, "%": 100.0, "/min": 300.0, "kg": 500.0}
"""No living person has more, and none has 0."""

_STATUS_QUALITY = {
    0: Quality.INVALID,
    1: Quality.QUESTIONABLE,
    3: Quality.CALIBRATING,
    4: Quality.DEMO,  # a test's number is nobody's number either
    5: Quality.EARLY,
    6: Quality.MANUAL,
}
_NO_NUMBER = 1 << 2 | 1 << 7
"""Unavailable, or the setting of something: whatever stands there wasn't measured."""

_BLOW_QUALITY = {
    217714: Quality.AFTER_MEDICATION,
    217717: Quality.POOR_EFFORT,  # too long until the peak
    217720: Quality.POOR_EFFORT,  # too short
    217723: Quality.POOR_EFFORT,  # a cough
}

Frame = Live | Stored | Control | Clock | racp.Word


def matches(advertisement: Advertisement) -> bool:
    """Tell whether this is such a sensor; its service may be named only beside its specialisations."""
    return SERVICE in advertisement.services or SERVICE in advertisement.service_data


class _Decoder:
    """Puts segments together, apart for live and stored observations; everything else is whole."""

    def __init__(self) -> None:
        self._assemblers = {LIVE: Assembler(), STORED: Assembler(RECORD_SIZE)}
        self._whole = WholeFrames[Frame](
            {
                LIVE: _framing("live observation", Live.from_bytes),
                STORED: _framing("stored observation", Stored.from_bytes),
                CONTROL: _framing("word of the control point", Control.from_bytes),
                RECORDS: _framing("word about records", racp.Word.from_bytes),
                CLOCK: _framing("clock", Clock.from_bytes),
            }
        )

    def feed(self, char: str, data: bytes) -> Iterable[Frame | FrameError]:
        """Take one notification; return what is now whole, and what is now known to be lost."""
        if (assembler := self._assemblers.get(char)) is None:
            return self._whole.feed(char, data)
        return [said for each in assembler.feed(data) for said in self._told(char, each)]

    def _told(self, char: str, said: bytes | Lost) -> Iterable[Frame | FrameError]:
        if isinstance(said, Lost):
            return (FrameError(said.reason, said.data),)
        return self._whole.feed(char, said)


def _framing(what: str, decode: Callable[[bytes], Frame]) -> Callable[[bytes], Frame]:
    """The formats raise ValueError; here it becomes this device's fault."""

    def framed(data: bytes) -> Frame:
        try:
            return decode(data)
        except ValueError as error:
            raise FrameError(f"no {what}: {error}", data) from error

    return framed


def decoder() -> Decoder[Frame]:
    """Return the decoder: observations come in segments, everything else whole."""
    return _Decoder()


async def session(link: Link, visitor: Visitor) -> AsyncIterator[Frame | FrameError | OfItself]:
    """Subscribe, start what is live, ask for all that is stored, and pass on observations."""
    yield await identify(link)
    clock, order = await _clock(link, visitor), None
    if clock is not None and visitor.wall_clock is not None:
        order = clock.set_to(visitor.wall_clock)
        if (shown := clock.shown) is not None:
            yield DeviceClock(shown, is_set_next=order is not None)
    try:
        await _ask(link, order)
    except LinkError:
        if not link.backlog:  # else receive hands out what has arrived, and then says the same
            raise
    async for said in listen(link, decoder(), silence_s=SILENCE_S):
        if said == _NO_COMBINED_REPORT:  # ST's sample knows only the older word
            with suppress(LinkError):
                await link.write(RECORDS, racp.REPORT_ALL)
        if isinstance(said, Live | Stored | FrameError):  # words about words are no fact about anybody
            yield said


async def _clock(link: Link, visitor: Visitor) -> Clock | None:
    """Who keeps no clock still measures; a lost link says so again."""
    with suppress(LinkError, ValueError):
        if visitor.wall_clock is not None and link.has(CLOCK):
            return Clock.from_bytes(await link.read(CLOCK))
    return None


async def _ask(link: Link, clock: Clock | None) -> None:
    """Answers are subscribed to before questions are asked; nothing is told before them."""
    if clock is not None:
        with suppress(LinkError):  # who keeps a wrong clock still measures
            await link.write(CLOCK, bytes(clock))
    for char in (CONTROL, RECORDS, LIVE, STORED):
        if link.has(char):
            await link.subscribe(char)
    for char, question in ((CONTROL, bytes(Control(START))), (RECORDS, racp.COMBINED_REPORT_ALL)):
        if link.has(char):
            with suppress(LinkError):  # a sensor without a memory, or without anything live
                await link.write(char, question)


def readings(frame: Frame, heard: Heard) -> tuple[Reading, ...]:
    """Say what the frame means: a reading of each number for which we have a kind and a unit."""
    if not isinstance(frame, Live | Stored):
        return ()
    singles = tuple(flat(frame.observation))
    remarks = {code for one in singles for code in _remarks(one)}
    told = (_reading(frame, one, heard, remarks) for one in singles)
    return tuple(reading for reading in told if reading is not None)


def _reading(frame: Live | Stored, one: Observation, heard: Heard, remarks: set[int]) -> Reading | None:
    if (number := _number(one)) is None:
        return None
    kind, value = number
    is_stored = isinstance(frame, Stored)
    is_stream = not is_stored and kind in _OXIMETRY and MODALITY_SPOT not in one.supplements
    said = None if one.time is None or is_stream else one.time.wall_clock(heard.timezone)
    quality = {flag for bit, flag in _STATUS_QUALITY.items() if (one.status or 0) >> bit & 1}
    if kind in _BLOWN:
        quality |= {flag for code, flag in _BLOW_QUALITY.items() if code in remarks | {*one.supplements}}
    quality |= {Quality.FROM_STORAGE} if is_stored else set()
    quality |= {Quality.TIME_UNCERTAIN} if is_stored and said is None else set()
    quality |= {Quality.UNKNOWN_USER} if one.patient == UNKNOWN_USER else set()
    return reading_of(
        kind,
        value,
        heard,
        device_time=said,
        is_clock_set=one.time is None or one.time.is_current,
        quality=quality,
        user_slot=None if one.patient == UNKNOWN_USER else one.patient,
        is_continuous=is_stream,
        record=frame.record if isinstance(frame, Stored) else None,
    )


def _remarks(observation: Observation) -> tuple[int, ...]:
    """What an observation has to say of those beside it in its bundle."""
    value = observation.value
    if isinstance(value, Discrete):
        return (value.code,)
    return value.codes if isinstance(value, Events) else ()


def _number(one: Observation) -> tuple[Kind, float] | None:
    """Fast and slow averages stay in the frame: they are the same finger, told again."""
    kind, is_average = _KIND_BY_MDC.get(one.mdc), {MODALITY_FAST, MODALITY_SLOW} & {*one.supplements}
    if kind is None or is_average or (one.status or 0) & _NO_NUMBER or not isinstance(one.value, Numeric):
        return None
    value = _converted(kind, one.value)
    return (kind, value) if value is not None and 0 < value <= _MAX[CODINGS[kind].unit] else None


def _converted(kind: Kind, value: Numeric) -> float | None:
    if value.number is None:
        return None
    number = Decimal(repr(value.number))
    if value.unit == DIMENSIONLESS and kind in _RATIOS:
        return float(number * 100)
    if (conversion := _UNITS.get((CODINGS[kind].unit, value.unit))) is None:
        return None
    factor, decimals = conversion
    return float(number) if decimals is None else round(float(number * factor), decimals)


DRIVER: Driver[Frame] = Driver(
    id="generic_health_sensor",
    title="Generic health sensor (Bluetooth standard)",
    tier="specified",
    kinds=_KINDS,
    matches=matches,
    session=session,
    readings=readings,
    decoder=decoder,
    speaks=(LIVE, STORED, CONTROL, RECORDS, CLOCK),
    vectors=(
        "GHS",
        "GHS RACP",
        "GHS control point",
        "GHS spirometer/peak flow",
        "GHS stored",
        "ST GHS oximeter demo",
        "Elapsed Time",
    ),
    quirks=(
        "No spirometer in the shops is known to speak this; every vector is computed or a vendor's example.",
        "A time in UTC or with its zone is shown as the home's wall clock; ticks are no time.",
        "A stored number without a time is told apart by its record number, and its time is uncertain.",
        "An oximeter that doesn't call itself a spot check streams; its fast and slow averages are left out.",
        "A code or a unit that we don't know gives no reading: it stays in the frame.",
        "ST's sample has no combined report and is asked again, the older way.",
        "Only a clock that asks to be set, and keeps a local time without a zone, is set.",
    ),
)
