"""Scales of QN (Yolanda): QN-Scale, Renpho, GE; vendor services 0xFFE0 and 0xFFF0. Public code only."""

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from devices.codecs.qn import (
    ASKS,
    EPOCH,
    INFO,
    KINDS,
    LIVE,
    OLD_STORED,
    READY,
    RESULT,
    SET_CLOCK,
    SET_UNIT,
    START,
    STORED,
    Afterthought,
    Live,
    Result,
    Stored,
    Word,
    live_or_word,
)
from devices.codecs.summed import SummedStream, frame
from devices.decoder import listen
from devices.device_information import identify
from devices.driver import Advertisement, Decoder, Driver, FrameError, Link, LinkError, Visitor, uuid16
from devices.identity import DeviceIdentity
from devices.kinds import Kind
from devices.readings import Heard, Quality, Reading, reading_of

SERVICES = frozenset({uuid16(0xFFE0), uuid16(0xFFF0)})
NOTIFIED = (uuid16(0xFFF1), uuid16(0xFFE1))
ORDERS = (uuid16(0xFFF2), uuid16(0xFFE3))
OLD_CLOCK = uuid16(0xFFE4)
"""The older of the two takes its time apart from its other orders."""

SILENCE_S = 30.0

Frame = Word | Live | Afterthought | Result | Stored

_LAYOUTS: dict[int, Callable[[bytes], Frame]] = {
    LIVE: live_or_word, RESULT: Result.from_bytes, STORED: Stored.from_bytes, OLD_STORED: Stored.from_bytes
}  # fmt: skip


class QnDecoder:
    """Puts frames together, and tells of one weighing once what the scale says many times a second.

    A live weight has no time of its own: told again in the next second, it would be another fact.
    """

    def __init__(self) -> None:
        self._stream = SummedStream(KINDS)
        self._info: Word | None = None
        self._told: Live | None = None
        self._result: Result | None = None

    def feed(self, char: str, data: bytes) -> Iterable[Frame | FrameError]:
        """Take one notification."""
        if char not in NOTIFIED:
            return (FrameError(f"nothing is known of characteristic {char}", data),)
        return tuple(self._news_in(data))

    def _news_in(self, data: bytes) -> Iterator[Frame | FrameError]:
        for piece, is_whole in self._stream.feed(data):
            if not is_whole:
                yield FrameError("no frame: not its length, or not its sum", piece)
                continue
            try:
                news = self._news_of(_LAYOUTS.get(piece[0], Word.from_bytes)(piece))
            except ValueError as error:
                yield FrameError(f"no frame: {error}", piece)
                continue
            if news is not None:
                yield news

    def _news_of(self, said: Frame) -> Frame | None:
        if isinstance(said, Word):
            self._info = said if said.kind == INFO else self._info
        elif isinstance(said, Live):
            return self._live(replace(said, info=self._info))
        elif isinstance(said, Result):
            return self._end(said)
        return said

    def _end(self, result: Result) -> Result | None:
        is_told = result == self._result or (self._told is not None and self._told.kg == result.kg)
        if result.number == 1:
            self._result = result
        return None if is_told and result.kg is not None else result

    def _live(self, live: Live) -> Live | Afterthought | None:
        told = self._told
        if not live.is_stable:
            if told is not None and live.steps * 2 < told.steps:
                self._told = None  # somebody has stepped off: what comes next is another weighing
            return live
        if told is None or told.steps != live.steps:
            self._told = live
            return live
        if told.ohm is not None or live.ohm is None:
            return None
        self._told = live
        return Afterthought(live)


def matches(advertisement: Advertisement) -> bool:
    """Tell whether this is such a scale, by name and service: many others borrow the same two numbers."""
    name = advertisement.name.lower()
    is_offered = not SERVICES.isdisjoint(advertisement.services)
    return name.startswith("qn-scale") or (is_offered and name.startswith("renpho"))


def decoder() -> Decoder[Frame]:
    """Return the decoder."""
    return QnDecoder()


async def session(link: Link, visitor: Visitor) -> AsyncIterator[Frame | FrameError | DeviceIdentity]:
    """Subscribe, answer each word of the talk, and pass on the weights."""
    yield await identify(link)
    await link.subscribe(next((char for char in NOTIFIED if link.has(char)), NOTIFIED[0]))
    protocol = 0xFF
    async for said in listen(link, decoder(), silence_s=SILENCE_S):
        if not isinstance(said, Word):
            yield said
            continue
        protocol = said.protocol if said.kind == INFO else protocol
        if (order := _order_after(said.kind, protocol, visitor.wall_clock)) is not None:
            await _write(link, order)


def _order_after(kind: int, protocol: int, wall_clock: datetime | None) -> bytes | None:
    begin = bytes((protocol,))
    if kind == INFO:
        return frame(SET_UNIT, begin + bytes.fromhex("0110000000"))  # 01: kilograms
    if kind == READY and wall_clock is not None:
        seconds = int((wall_clock - EPOCH).total_seconds())
        return frame(SET_CLOCK, begin + seconds.to_bytes(4, "little"))
    return frame(START, begin + bytes.fromhex("0003")) if kind == ASKS else None


async def _write(link: Link, order: bytes) -> None:
    places = (OLD_CLOCK, *ORDERS) if order[0] == SET_CLOCK and not link.has(ORDERS[0]) else ORDERS
    with suppress(LinkError):  # what has arrived is handed out first; a lost link then says so again
        await link.write(next((char for char in places if link.has(char)), ORDERS[0]), order)


def readings(said: Frame, heard: Heard) -> tuple[Reading, ...]:
    """Say what the frame means.

    Whose a stored record is, nobody has said: the scale keeps those that no app has claimed. It is
    kept and shown as that of an unknown person, with the record's own time, and never judged.
    """
    weighed = said.live if isinstance(said, Afterthought) else said
    if isinstance(weighed, Word) or weighed.kg is None:
        return ()
    if isinstance(weighed, Live) and not weighed.is_stable:
        return ()
    if isinstance(weighed, Stored):
        flags = (Quality.FROM_STORAGE, Quality.UNKNOWN_USER)
        return (_weight(weighed.kg, heard, flags, device_time=weighed.device_time),)
    if isinstance(weighed, Result):
        return (_weight(weighed.kg, heard),)
    weight = (_weight(weighed.kg, heard, () if weighed.is_fine else (Quality.QUESTIONABLE,)),)
    ohm = weighed.ohm
    impedance = () if ohm is None else (reading_of(Kind.IMPEDANCE, float(ohm), heard),)
    return impedance if isinstance(said, Afterthought) else weight + impedance


def _weight(
    kg: float, heard: Heard, quality: tuple[Quality, ...] = (), *, device_time: datetime | None = None
) -> Reading:
    return reading_of(Kind.BODY_WEIGHT, kg, heard, device_time=device_time, quality=quality)


DRIVER: Driver[Frame] = Driver(
    id="qn_scale",
    title="QN, Renpho and GE scales (vendor protocol)",
    tier="captured",
    kinds=(Kind.BODY_WEIGHT, Kind.IMPEDANCE),
    matches=matches,
    session=session,
    readings=readings,
    decoder=decoder,
    speaks=NOTIFIED,
    vectors=("Renpho/QN scale", "Renpho/QN scale (extended dialect)"),
    quirks=(
        "It repeats a settled weight many times a second, without a time: one talk tells it once.",
        "What it stored while no app was near may be anybody's: kept and shown with its own time, as an "
        "unknown person's, and never judged.",
        "It doesn't tell reliably how fine its steps are: fewer than 2,500 are taken for steps of 100 g, an "
        "adult's, and the weight is called questionable; a child would weigh ten times as much.",
        "We set it to kilograms, and its clock to the home's own; what another app had set stood in UTC.",
        "Newer ones (GE, Arboleaf) stay silent until they are told an expected weight, or answered on "
        "service 0xAE00, which this driver doesn't do; an ES-30M may want more words before it starts.",
        "The sweep of impedances in the extended dialect stays in the frame: its channels mean nothing yet.",
        "Some of its kind only broadcast (company 0xFFFF): that isn't heard yet.",
    ),
)
