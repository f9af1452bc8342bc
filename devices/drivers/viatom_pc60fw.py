"""Viatom finger oximeters that stream: PC-60FW, OxySmart and their kin (captures, the vendor's SDK)."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass

from devices.codecs.crc8 import crc8_maxim
from devices.codecs.stream import NO_FRAME, Stream
from devices.decoder import attempt
from devices.device_information import identify
from devices.driver import Advertisement, Driver, FrameError, Link, LinkError, Visitor, uuid16
from devices.identity import DeviceIdentity, word_of
from devices.kinds import Kind
from devices.readings import Heard, Quality, Reading, reading_of

UART_WRITE = "6e400002-b5a3-f393-e0a9-e50e24dcca9e"
UART_NOTIFY = "6e400003-b5a3-f393-e0a9-e50e24dcca9e"
WRITE, NOTIFY = uuid16(0xFFF2), uuid16(0xFFF1)

PATIENCE_S = 5.0
"""Captured units speak ten times a second; one that says nothing for so long waits to be asked. Chosen."""

START = b"\xaa\x55"
HEAD_SIZE = 4
LENGTH_MIN, LENGTH_MAX = 2, 64
"""What the length octet may say. Longer ones are only the contents of stored files: never asked for."""

PARAMS, WAVE, WORK = (0x0F, 0x01), (0x0F, 0x02), (0x0F, 0x21)
VERSION, SERIAL, BATTERY = (0xF0, 0x01), (0xF0, 0x02), (0xF0, 0x03)

NO_FINGER = {(127, 255), (127, 511), (255, 255)}
"""SpO2 and pulse in the trade's other words for it; each alone would leave a pulse of 255."""

SPO2_MAX = 100
PULSE_MAX = 300

LOWEST_LEVEL = 0
PROBE_OFF, PULSE_SEARCHING, CHECK_PROBE = 1 << 1, 1 << 2, 1 << 3

_NAMES = re.compile(r"(OxySmart|PC-60F|PC-60NW|PC-60B|PC-68B|POD-1|POD-2B|SP-20)(?!\d)")
"""Both services are everybody's (a serial port of Nordic's, 0xFFF0): only the name tells."""


def sealed(token: int, kind: int, content: bytes) -> bytes:
    """Return a whole frame around this content."""
    body = START + bytes((token, len(content) + LENGTH_MIN, kind)) + content
    return body + bytes((crc8_maxim(body),))


def opened(data: bytes, what: tuple[int, int], size: int) -> bytes:
    """Return the content of one whole frame of this token, kind and size, or raise FrameError."""
    frame = Other.from_bytes(data)
    if (frame.token, frame.kind) != what:
        raise FrameError(f"a frame {frame.token:02X} {frame.kind:02X} in the place of another", data)
    if len(frame.content) != size:
        raise FrameError(f"{len(frame.content)} octets of content instead of {size}", data)
    return frame.content


@dataclass(frozen=True, slots=True)
class Params:
    """One second's numbers; the perfusion in steps of 0.1 %, the battery in levels 0 to 3.

    `power` is the rest of the battery's octet: on a PC-68B its voltage in steps of 0.1 V.
    """

    spo2: int
    pulse: int
    perfusion_steps: int = 0
    status: int = 0
    battery_level: int = 3
    power: int = 0

    @classmethod
    def from_bytes(cls, data: bytes) -> "Params":
        """Decode; raise FrameError on anything else than one whole frame."""
        spo2, low, high, perfusion, status, power = opened(data, PARAMS, 6)
        return cls(spo2, low | high << 8, perfusion, status, power >> 6, power & 0x3F)

    def __bytes__(self) -> bytes:
        pulse = self.pulse.to_bytes(2, "little")
        power = self.battery_level << 6 | self.power
        return sealed(*PARAMS, bytes((self.spo2, *pulse, self.perfusion_steps, self.status, power)))


@dataclass(frozen=True, slots=True)
class Wave:
    """Five samples of the pulse wave, 0 to 127, a tenth of a second; and which of them are beats."""

    samples: tuple[int, ...]
    beats: tuple[bool, ...] = (False,) * 5

    @classmethod
    def from_bytes(cls, data: bytes) -> "Wave":
        """Decode; raise FrameError on anything else than one whole frame."""
        octets = opened(data, WAVE, 5)
        return cls(tuple(octet & 0x7F for octet in octets), tuple(octet > 0x7F for octet in octets))

    def __bytes__(self) -> bytes:
        pairs = zip(self.samples, self.beats, strict=True)
        return sealed(*WAVE, bytes(sample | is_beat << 7 for sample, is_beat in pairs))


@dataclass(frozen=True, slots=True)
class Work:
    """What it is doing: mode 1 spot, 2 continuous, 3 menu; step 0 idle to 5 done, and two numbers.

    In step 3, the result, nobody has written down what the two numbers are: no reading.
    """

    mode: int
    step: int
    first: int = 0
    second: int = 0

    @classmethod
    def from_bytes(cls, data: bytes) -> "Work":
        """Decode; raise FrameError on anything else than one whole frame."""
        return cls(*opened(data, WORK, 4))

    def __bytes__(self) -> bytes:
        return sealed(*WORK, bytes((self.mode, self.step, self.first, self.second)))


@dataclass(frozen=True, slots=True)
class Battery:
    """Its battery, in levels 0 to 3; that is no percentage, and becomes no reading."""

    level: int

    @classmethod
    def from_bytes(cls, data: bytes) -> "Battery":
        """Decode; raise FrameError on anything else than one whole frame."""
        return cls(*opened(data, BATTERY, 1))

    def __bytes__(self) -> bytes:
        return sealed(*BATTERY, bytes((self.level,)))


@dataclass(frozen=True, slots=True)
class Other:
    """Any other whole frame, kept as it is: versions, serial numbers, a thermometer's, a hub's request."""

    token: int
    kind: int
    content: bytes = b""

    @classmethod
    def from_bytes(cls, data: bytes) -> "Other":
        """Decode; raise FrameError on anything else than one whole frame."""
        if _size_of(data[:HEAD_SIZE]) != len(data) or not _is_sound(data):
            raise FrameError("no whole frame", data)
        return cls(data[2], data[4], data[HEAD_SIZE + 1 : -1])

    def __bytes__(self) -> bytes:
        return sealed(self.token, self.kind, self.content)


Frame = Params | Wave | Work | Battery | Other

ASK_VERSION, ASK_SERIAL = Other(0xF0, 0x81), Other(0xF0, 0x82)
ASK_PARAMS = Other(0x0F, 0x84, b"\x01")

_CLASSES: dict[tuple[int, int], Callable[[bytes], Frame]] = {
    PARAMS: Params.from_bytes,
    WAVE: Wave.from_bytes,
    WORK: Work.from_bytes,
    BATTERY: Battery.from_bytes,
}


def _frame(data: bytes) -> Frame:
    return _CLASSES.get((data[2], data[4]), Other.from_bytes)(data)


def _size_of(head: bytes) -> int | None:
    if not START.startswith(head[:2]):
        return NO_FRAME
    if len(head) < HEAD_SIZE:
        return None
    return HEAD_SIZE + head[3] if LENGTH_MIN <= head[3] <= LENGTH_MAX else NO_FRAME


def _is_sound(frame: bytes) -> bool:
    return crc8_maxim(frame[:-1]) == frame[-1]


class Frames:
    """The decoder: one stream of octets for each characteristic, cut anywhere."""

    def __init__(self) -> None:
        self._streams = {char: Stream(HEAD_SIZE, _size_of, _is_sound) for char in SPEAKS}

    def feed(self, char: str, data: bytes) -> list[Frame | FrameError]:
        """Take one notification; return what is now whole, and a FrameError for what can't be."""
        if char not in self._streams:
            return [FrameError(f"nothing is known of characteristic {char}", data)]
        pieces = self._streams[char].feed(data)
        return [
            FrameError(piece.fault, piece.data) if piece.fault else attempt(_frame, piece.data)
            for piece in pieces
        ]


def matches(advertisement: Advertisement) -> bool:
    """Tell whether this is one of them, by its name."""
    return _NAMES.match(advertisement.name) is not None


async def session(link: Link, _visitor: Visitor) -> AsyncIterator[Frame | FrameError | DeviceIdentity]:
    """Subscribe and pass on frames until the device falls silent; one that never begins is asked once."""
    yield await identify(link)
    write, notify = (UART_WRITE, UART_NOTIFY) if link.has(UART_NOTIFY) else (WRITE, NOTIFY)
    await link.subscribe(notify)
    with suppress(LinkError):  # one that doesn't say who it is may measure; a lost link says so again
        for question in (ASK_SERIAL, ASK_VERSION):
            await link.write(write, bytes(question))
    hearing, is_asked = Frames(), False
    while True:
        try:
            char, data = await link.receive(timeout_s=PATIENCE_S)
        except LinkError:
            if is_asked:
                raise
            is_asked = True
            await link.write(write, bytes(ASK_PARAMS))  # a lost link ends it here
            continue
        for said in hearing.feed(char, data):
            if isinstance(said, Other) and (identity := identity_in(said)):
                yield identity
            if not isinstance(said, Wave):  # ten a second, and no fact about anybody
                yield said


def identity_in(frame: Other) -> DeviceIdentity | None:
    """Return what the device says of itself in this frame: name and versions, or its serial number."""
    content = frame.content
    if (frame.token, frame.kind) == SERIAL:
        return DeviceIdentity(serial=word_of(content))
    if (frame.token, frame.kind) == VERSION and len(content) >= 3:
        versions = [f"{octet >> 4}.{octet & 15}" for octet in content[:3]]
        return DeviceIdentity(
            model=word_of(content[3:]), firmware=".".join(versions[:2]), hardware=versions[2]
        )
    return None


def readings(frame: Frame, heard: Heard) -> tuple[Reading, ...]:
    """Say what the frame means. Without a finger all is zero, even where the status doesn't say so."""
    if not isinstance(frame, Params) or (frame.spo2, frame.pulse) in NO_FINGER:
        return ()
    if frame.status & (PROBE_OFF | PULSE_SEARCHING | CHECK_PROBE):
        return ()
    told: list[tuple[Kind, float]] = []
    if 0 < frame.spo2 <= SPO2_MAX:
        told.append((Kind.SPO2, float(frame.spo2)))
    if 0 < frame.pulse <= PULSE_MAX:
        told.append((Kind.PULSE_RATE, float(frame.pulse)))
    if told and frame.perfusion_steps:
        told.append((Kind.PERFUSION_INDEX, frame.perfusion_steps / 10))
    flags = (Quality.LOW_BATTERY,) if frame.battery_level == LOWEST_LEVEL else ()
    return tuple(reading_of(kind, value, heard, quality=flags, is_continuous=True) for kind, value in told)


SPEAKS = (UART_NOTIFY, NOTIFY, UART_WRITE, WRITE)

DRIVER: Driver[Frame] = Driver(
    id="viatom_pc60fw",
    title="Viatom PC-60FW, OxySmart and their kin",
    tier="captured",
    kinds=(Kind.SPO2, Kind.PULSE_RATE, Kind.PERFUSION_INDEX),
    matches=matches,
    session=session,
    readings=readings,
    decoder=Frames,
    speaks=SPEAKS,
    vectors=("Viatom PC-60FW / OxySmart",),
    quirks=(
        "Captured units send all zeros without a finger, while their probe-off bit says nothing.",
        "It cuts its frames at 20 octets without regard to where one ends.",
        "A PC-60NW says nothing until its numbers are asked for.",
        "A spot check's result (0F 21, step 3) stays in the frame: nobody has written down its numbers.",
        "Its battery is told in levels 0 to 3; the lowest marks the readings.",
        "PC-68B and SP-20 speak through 0xFFF1; no real byte of either is known to us.",
    ),
)
