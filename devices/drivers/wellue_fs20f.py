"""Wellue FS20F and FS02F finger oximeters, made by Viatom as VTM 20F (printed captures, vendor's SDK)."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from devices.codecs.stream import NO_FRAME, Stream
from devices.decoder import attempt, listen
from devices.device_information import identify
from devices.driver import Advertisement, Decoder, Driver, FrameError, Link, Visitor, uuid16
from devices.identity import DeviceIdentity
from devices.kinds import Kind
from devices.readings import Heard, Quality, Reading, reading_of

NOTIFY = uuid16(0xFFE4)

SILENCE_S = 10.0
"""It speaks some thirty times a second. Chosen, not measured."""

START = 0xFE
HEAD_SIZE = 2
SIZE_MIN, SIZE_MAX = 4, 20
"""The two frames known have 8 and 10 octets; one notification holds 20."""

PARAMS, WAVE = 0x55, 0x56

NO_FINGER = {(0x7F, 0x1FF), (0x7F, 0xFF)}
"""SpO2 and pulse without a finger; each alone would leave a pulse of 255."""

SPO2_MAX = 100
PULSE_MAX = 300

BEEP, SENSOR_OFF, DISTURBED, LOW_PERFUSION = 1 << 0, 1 << 1, 1 << 2, 1 << 3

_NAMES = ("VTM 20F", "FS20F", "FS02F")
"""Its service 0xFFE0 is everybody's (scales, other oximeters): only the name tells."""


def sealed(kind: int, content: bytes) -> bytes:
    """Return a whole frame around this content."""
    body = bytes((len(content) + SIZE_MIN, kind)) + content
    return bytes((START,)) + body + bytes((sum(body) & 0xFF,))


@dataclass(frozen=True, slots=True)
class Other:
    """A whole frame that nobody has described, kept as it is."""

    kind: int
    content: bytes = b""

    @classmethod
    def from_bytes(cls, data: bytes) -> "Other":
        """Decode; raise FrameError on anything else than one whole frame."""
        if _size_of(data[:HEAD_SIZE]) != len(data) or not _is_sound(data):
            raise FrameError("no whole frame", data)
        return cls(data[2], data[3:-1])

    def __bytes__(self) -> bytes:
        return sealed(self.kind, self.content)


def opened(data: bytes, kind: int, size: int) -> bytes:
    """Return the content of one whole frame of this kind and size, or raise FrameError."""
    frame = Other.from_bytes(data)
    if frame.kind != kind:
        raise FrameError(f"a frame {frame.kind:02X} in the place of another", data)
    if len(frame.content) != size:
        raise FrameError(f"{len(frame.content)} octets of content instead of {size}", data)
    return frame.content


@dataclass(frozen=True, slots=True)
class Wave:
    """One moment of the pulse wave: its height, flags, a bar of 0 to 15 and a count of frames."""

    height: int
    flags: int = 0
    bar: int = 0
    count: int = 0

    @classmethod
    def from_bytes(cls, data: bytes) -> "Wave":
        """Decode; raise FrameError on anything else than one whole frame."""
        return cls(*opened(data, WAVE, 4))

    def __bytes__(self) -> bytes:
        return sealed(WAVE, bytes((self.height, self.flags, self.bar, self.count)))


@dataclass(frozen=True, slots=True)
class Params:
    """One second's numbers; the perfusion in steps of 0.001 %.

    `wave` is the one heard just before: only its flags tell how good the numbers are.
    """

    spo2: int
    pulse: int
    perfusion_steps: int = 0
    count: int = 0
    wave: Wave | None = None

    @classmethod
    def from_bytes(cls, data: bytes) -> "Params":
        """Decode the numbers' frame, alone or behind that of a wave; raise FrameError on anything else."""
        own = data[-PARAMS_SIZE:]
        wave = Wave.from_bytes(data[:-PARAMS_SIZE]) if len(data) > PARAMS_SIZE else None
        high, low, spo2, coarse, fine, count = opened(own, PARAMS, 6)
        return cls(spo2, high << 8 | low, coarse << 8 | fine, count, wave)

    def __bytes__(self) -> bytes:
        numbers = self.pulse.to_bytes(2) + bytes((self.spo2,)) + self.perfusion_steps.to_bytes(2)
        wave = b"" if self.wave is None else bytes(self.wave)
        return wave + sealed(PARAMS, numbers + bytes((self.count,)))

    @property
    def flags(self) -> int:
        """What the wave before it said; nothing where none was heard."""
        return 0 if self.wave is None else self.wave.flags


PARAMS_SIZE = 10

Frame = Params | Wave | Other


def _frame(data: bytes) -> Frame:
    if data[2] == PARAMS:
        return Params.from_bytes(data)
    return Wave.from_bytes(data) if data[2] == WAVE else Other.from_bytes(data)


def _size_of(head: bytes) -> int | None:
    if head[:1] != bytes((START,)):
        return NO_FRAME
    if len(head) < HEAD_SIZE:
        return None
    return head[1] if SIZE_MIN <= head[1] <= SIZE_MAX else NO_FRAME


def _is_sound(frame: bytes) -> bool:
    return sum(frame[1:-1]) & 0xFF == frame[-1]


class Frames:
    """The decoder: a stream of octets; it remembers the last wave for the numbers that come next."""

    def __init__(self) -> None:
        self._stream = Stream(HEAD_SIZE, _size_of, _is_sound)
        self._wave: Wave | None = None

    def feed(self, char: str, data: bytes) -> list[Frame | FrameError]:
        """Take one notification; return what is now whole, and a FrameError for what can't be."""
        if char != NOTIFY:
            return [FrameError(f"nothing is known of characteristic {char}", data)]
        return [
            FrameError(piece.fault, piece.data) if piece.fault else self._in_its_place(piece.data)
            for piece in self._stream.feed(data)
        ]

    def _in_its_place(self, data: bytes) -> Frame | FrameError:
        frame = attempt(_frame, data)
        if isinstance(frame, Wave):
            self._wave = frame
        if isinstance(frame, Params):
            return replace(frame, wave=self._wave)
        return frame


def matches(advertisement: Advertisement) -> bool:
    """Tell whether this is one of them, by its name."""
    return advertisement.name.startswith(_NAMES)


async def session(link: Link, _visitor: Visitor) -> AsyncIterator[Frame | FrameError | DeviceIdentity]:
    """Subscribe, then pass on frames until the device falls silent."""
    yield await identify(link)
    await link.subscribe(NOTIFY)
    hearing: Decoder[Frame] = Frames()
    async for said in listen(link, hearing, silence_s=SILENCE_S):
        if not isinstance(said, Wave):  # thirty a second; what counts of them stands in the numbers' frame
            yield said


def readings(frame: Frame, heard: Heard) -> tuple[Reading, ...]:
    """Say what the frame means. A sensor that is off has no numbers, whatever stands there."""
    if not isinstance(frame, Params) or frame.flags & SENSOR_OFF or (frame.spo2, frame.pulse) in NO_FINGER:
        return ()
    told: list[tuple[Kind, float]] = []
    if 0 < frame.spo2 <= SPO2_MAX:
        told.append((Kind.SPO2, float(frame.spo2)))
    if 0 < frame.pulse <= PULSE_MAX:
        told.append((Kind.PULSE_RATE, float(frame.pulse)))
    if told and frame.perfusion_steps:
        told.append((Kind.PERFUSION_INDEX, frame.perfusion_steps / 1000))
    flags = {DISTURBED: Quality.MOTION, LOW_PERFUSION: Quality.LOW_PERFUSION}
    quality = [flag for bit, flag in flags.items() if frame.flags & bit]
    return tuple(reading_of(kind, value, heard, quality=quality, is_continuous=True) for kind, value in told)


DRIVER: Driver[Frame] = Driver(
    id="wellue_fs20f",
    title="Wellue FS20F, FS02F (VTM 20F)",
    tier="captured",
    kinds=(Kind.SPO2, Kind.PULSE_RATE, Kind.PERFUSION_INDEX),
    matches=matches,
    session=session,
    readings=readings,
    decoder=Frames,
    speaks=(NOTIFY,),
    vectors=("Wellue FS20F / FS02F / VTM 20F",),
    quirks=(
        "Two frames may share a notification.",
        "Without a finger it says 511 and 127, or 255 and 127.",
        "How good a number is stands in the wave's frame before it, which the decoder remembers.",
        "Its service is shared by other makers' devices: it is known by its name alone.",
    ),
)
