"""Viatom's rings and wrist oximeters, the older language: O2Ring, Checkme O2, SleepU (the vendor's SDK)."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import TypeVar

from devices.clocks import DeviceClock
from devices.codecs import viatom_oxy as oxy
from devices.codecs.viatom_night import FILE_SIZE_MAX, HEADER_SIZE, Header, Record, Stretch
from devices.codecs.viatom_oxy import Info, Live, Op, Reply, Request
from devices.decoder import attempt
from devices.device_information import identify
from devices.driver import Advertisement, Driver, FrameError, Link, LinkError, OfItself, Visitor
from devices.identity import DeviceIdentity, word_of
from devices.kinds import Kind
from devices.readings import Heard, Quality, Reading, reading_of

SERVICE = "14839ac4-7d7e-415c-9a42-167340cf2339"
NOTIFY = "0734594a-a8e7-4b1a-a6b1-cd5243059a57"
WRITE = "8b00ace7-eb0b-49b0-bbe9-9aee0a26e1a3"

WRITE_SIZE_MAX = 20

REPLY_S = 5.0
"""How long a reply may take. Chosen, like the next two."""

DRAIN_S = 1.0
"""After so much silence, nothing of a bad reply is still on its way."""

POLL_S = 2.0
"""As often as the ring itself makes a record at the most."""

TRY_COUNT_MAX = 3
DRAIN_COUNT_MAX = 200
BLOCK_COUNT_MAX = 5000
"""A part of a file that is shorter than a notification (90,040 / 18 octets) is none."""

IDLE_COUNT_MAX = 3
"""So many times in a row nobody may wear it; then we leave."""

STRETCH_S = 60
SPO2_MAX = 100
NO_NUMBER = 0xFF
MOTION_MIN = 30
"""From here on it is movement. Chosen: real rings print 0 at rest, 5 off the finger, 146 on a moving hand."""

_NAMES = re.compile(
    r"(O2Ring|Checkme[ _]?O2|SleepO2|SleepU|WearO2|KidsO2|BabyO2|Oxylink|Oxyfit)", re.IGNORECASE
)
"""Not all of them call their service; then only these names will do."""

Frame = Live | Info | Request | Reply | Header | Stretch

T = TypeVar("T")


class Conversation:
    """The decoder: a reply doesn't say what it answers, so it listens to the questions too."""

    def __init__(self) -> None:
        self._streams = {WRITE: oxy.stream_of(oxy.ASK), NOTIFY: oxy.stream_of(oxy.ANSWER)}
        self._asked: int | None = None

    def feed(self, char: str, data: bytes) -> list[Frame | FrameError]:
        """Take what was notified or written; return what is now whole, and a FrameError for what can't be."""
        if char not in self._streams:
            return [FrameError(f"nothing is known of characteristic {char}", data)]
        return [
            FrameError(piece.fault, piece.data) if piece.fault else attempt(self._frame, piece.data)
            for piece in self._streams[char].feed(
                data if self._streams[char].is_waiting else oxy.framed(data)
            )
        ]

    def take_half(self) -> bytes:
        """Return what waits for the rest of its reply, and forget it."""
        return self._streams[NOTIFY].take_half()

    def _frame(self, data: bytes) -> Frame:
        if data[0] == oxy.ASK:
            request = _translated(Request.from_bytes, data)
            self._asked = request.op
            return request
        reply = _translated(Reply.from_bytes, data)
        op = oxy.likely_op(reply) if self._asked is None else self._asked
        if reply.status == 0 and op in _MEANINGS:
            return _translated(_MEANINGS[op], data)
        return reply


_MEANINGS: dict[int | None, Callable[[bytes], Frame]] = {Op.LIVE: Live.from_bytes, Op.INFO: Info.from_bytes}


def _translated(decode: Callable[[bytes], T], data: bytes) -> T:
    try:
        return decode(data)
    except ValueError as error:
        raise FrameError(str(error), data) from error


def matches(advertisement: Advertisement) -> bool:
    """Tell whether this is one of them: Viatom's heart and pressure monitors have the service too."""
    name, services = advertisement.name, advertisement.services
    is_known = _NAMES.match(name) is not None
    return is_known or "O2" in name if SERVICE in services else is_known and not services


class _Talk:
    """Questions and answers over one link; what comes out wrong is asked again, and noted."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._hearing = Conversation()
        self._faults: list[FrameError] = []

    def note(self, fault: FrameError) -> None:
        """Note a fault."""
        self._faults.append(fault)

    def take_faults(self) -> list[FrameError]:
        """Return the faults noted so far, and forget them."""
        faults, self._faults = self._faults, []
        return faults

    async def ask(self, request: Request) -> Frame | None:
        """Return the answer, or None where it came out wrong each time; raise LinkError where none comes."""
        for _ in range(TRY_COUNT_MAX):
            asked = bytes(request)
            for at in range(0, len(asked), WRITE_SIZE_MAX):
                await self._link.write(WRITE, asked[at : at + WRITE_SIZE_MAX])
            self._hearing.feed(WRITE, asked)
            said = await self._hear()
            if not isinstance(said, FrameError):
                return said
            self.note(said)
            await self._drain()
        return None

    async def pause(self) -> None:
        """Wait a while, in which nothing is said."""
        with suppress(LinkError):  # silence; a lost link says so at the next question
            _, data = await self._link.receive(timeout_s=POLL_S)
            self.note(FrameError("said without being asked", data))

    async def _hear(self) -> Frame | FrameError:
        while True:
            try:
                char, data = await self._link.receive(timeout_s=REPLY_S)
            except LinkError:
                if half := self._hearing.take_half():
                    return FrameError("a reply that was cut short", half)
                raise
            for said in self._hearing.feed(char, data):
                return said

    async def _drain(self) -> None:
        """Let the rest of a bad reply pass, or it would be taken for the next one."""
        with suppress(LinkError):
            for _ in range(DRAIN_COUNT_MAX):
                await self._link.receive(timeout_s=DRAIN_S)
        self._hearing.take_half()


async def session(link: Link, visitor: Visitor) -> AsyncIterator[Frame | FrameError | OfItself]:
    """Ask who it is, set its clock, read every stored night, then follow it as long as somebody wears it."""
    yield await identify(link)
    await link.subscribe(NOTIFY)
    talk = _Talk(link)
    info = await talk.ask(Request(Op.INFO))
    if isinstance(info, Info):
        yield identity_in(info)
        yield info
        order = info.clock_order(visitor.wall_clock)
        if info.clock is not None:
            yield DeviceClock(info.clock, is_set_next=order is not None)
        if order is not None:
            await talk.ask(order)
        for name in info.files:
            async for said in _night(talk, name):
                yield said
    idle_count = 0
    while idle_count < IDLE_COUNT_MAX:
        live = await talk.ask(Request(Op.LIVE))
        if isinstance(live, Live):
            yield live
        is_worn = isinstance(live, Live) and live.is_on_finger and not live.charge
        idle_count = 0 if is_worn else idle_count + 1
        for fault in talk.take_faults():
            yield fault
        await talk.pause()


async def _night(talk: _Talk, name: str) -> AsyncIterator[Frame | FrameError]:
    """Read one file; it is told when it is whole, or not at all: half a night would be counted again."""
    opened = await talk.ask(Request(Op.OPEN, data=name.encode() + b"\0"))
    content = await _content(talk, opened) if isinstance(opened, Reply) and not opened.status else None
    if content is not None:
        for said in _frames_in(content):
            yield said
    await talk.ask(Request(Op.CLOSE))
    for fault in talk.take_faults():
        yield fault


def _frames_in(content: bytes) -> list[Frame | FrameError]:
    """What the ring says of the whole night first, then the night minute by minute."""
    try:
        told: list[Frame | FrameError] = [Header.from_bytes(content[:HEADER_SIZE])]
        if len(content) > HEADER_SIZE:
            told += Stretch.from_bytes(content).parts(STRETCH_S)
    except ValueError as error:
        return [FrameError(f"a file that is no night: {error}", content)]
    return told


async def _content(talk: _Talk, opened: Reply) -> bytes | None:
    """Return all octets of the open file, or None with a fault noted."""
    size, content = int.from_bytes(opened.data[:4], "little"), bytearray()
    if not HEADER_SIZE <= size <= FILE_SIZE_MAX or len(opened.data) != 4:
        talk.note(FrameError(f"a file of {size} octets", bytes(opened)))
        return None
    for block in range(BLOCK_COUNT_MAX):
        part = await talk.ask(Request(Op.READ, block))
        if not isinstance(part, Reply) or part.status or not part.data:
            break
        content += part.data
        if len(content) >= size:
            return bytes(content[:size])
    talk.note(FrameError(f"a file that ends after {len(content)} of {size} octets", bytes(content[:64])))
    return None


def identity_in(info: Info) -> DeviceIdentity:
    """Return what tells which device this is."""
    names = {"model": "Model", "serial": "SN", "firmware": "SoftwareVer", "hardware": "HardwareVer"}
    words = {ours: word_of(info.word(theirs).encode("utf-8", "replace")) for ours, theirs in names.items()}
    return DeviceIdentity(**words)


def readings(frame: Frame, heard: Heard) -> tuple[Reading, ...]:
    """Say what the frame means: numbers of now, numbers of a night, or how full the battery is."""
    if isinstance(frame, Stretch):
        return tuple(
            reading_of(*number, heard, device_time=at, quality=_stored(record), is_continuous=True)
            for at, record in frame.timed()
            for number in _numbers(record.spo2, record.pulse)
        )
    if isinstance(frame, Live) and frame.is_on_finger:
        told = _numbers(frame.spo2, frame.pulse)
        if told and frame.perfusion_steps:
            told.append((Kind.PERFUSION_INDEX, frame.perfusion_steps / 10))
        flags = _moved(frame.motion)
        return tuple(reading_of(*number, heard, quality=flags, is_continuous=True) for number in told)
    if isinstance(frame, Info) and frame.battery is not None:
        return (reading_of(Kind.BATTERY_LEVEL, float(frame.battery), heard),)
    return ()


def _numbers(spo2: int, pulse: int) -> list[tuple[Kind, float]]:
    """A pulse of more than an octet says that nothing here is a number; 255 is never one."""
    if pulse > NO_NUMBER:
        return []
    told = [(Kind.SPO2, float(spo2))] if 0 < spo2 <= SPO2_MAX else []
    return told + ([(Kind.PULSE_RATE, float(pulse))] if 0 < pulse < NO_NUMBER else [])


def _moved(motion: int) -> tuple[Quality, ...]:
    return (Quality.MOTION,) if motion >= MOTION_MIN else ()


def _stored(record: Record) -> tuple[Quality, ...]:
    return (Quality.FROM_STORAGE, *_moved(record.motion))


DRIVER: Driver[Frame] = Driver(
    id="viatom_o2ring",
    title="Viatom O2Ring, Checkme O2, SleepU and their kin",
    tier="specified",
    kinds=(Kind.SPO2, Kind.PULSE_RATE, Kind.PERFUSION_INDEX, Kind.BATTERY_LEVEL),
    matches=matches,
    session=session,
    readings=readings,
    decoder=Conversation,
    speaks=(NOTIFY, WRITE),
    vectors=("Viatom O2Ring (legacy Oxy)",),
    quirks=(
        "Its stored nights are read whole at each visit, newest first, and never deleted.",
        "A night that was followed live is told again from memory: the live numbers are other facts.",
        "Below 61 % it is said to store 255 instead of an SpO2: that is no number, and no reading.",
        "No real octet of a stored file is known to us; the live numbers are captured, without their frame.",
        "A reply doesn't say which question it answers.",
        "Older rings store each number twice, two seconds apart.",
    ),
)
