"""JKS50F finger oximeter, which calls itself OXIMETER: 69 octets a time, of which few are understood."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from devices.codecs import oximetry
from devices.codecs.stream import NO_FRAME, Piece, Stream
from devices.decoder import listen
from devices.device_information import identify
from devices.driver import Advertisement, Decoder, Driver, FrameError, Link, Visitor, uuid16
from devices.identity import DeviceIdentity
from devices.kinds import Kind
from devices.readings import Heard, Reading, reading_of

STREAM = uuid16(0xFFE1)
NAME, ADDRESSES = "OXIMETER", "E0:4E:7A:"

SILENCE_S = 30.0
"""It speaks all the time while it is on. Chosen, not measured."""

HEAD = bytes.fromhex("ff4401")
SIZE = 69
FINGER_IN = 0
BYTE_MISSING = 255


@dataclass(frozen=True, slots=True)
class Frame:
    """One moment of the stream; `finger` is 0 while one is in, `rest` is what nobody explains."""

    finger: int
    spo2: int
    pulse: int
    rest: bytes

    @classmethod
    def from_bytes(cls, data: bytes) -> "Frame":
        """Decode; raise FrameError on anything else than one whole frame."""
        if len(data) != SIZE or data[: len(HEAD)] != HEAD or not _is_sound(data):
            raise FrameError(f"{len(data)} octets that are no whole frame", data)
        return cls(data[3], data[4], data[5], data[6:-1])

    def __bytes__(self) -> bytes:
        body = HEAD + bytes((self.finger, self.spo2, self.pulse)) + self.rest
        return body + bytes((sum(body) + 1 & 0xFF,))


class Frames:
    """The decoder: notifications are cut without regard to frames."""

    def __init__(self) -> None:
        self._stream = Stream(len(HEAD), _size_of, _is_sound)

    def feed(self, char: str, data: bytes) -> tuple[Frame | FrameError, ...]:
        """Take one notification; return every frame that is now whole, and errors for what is none."""
        if char != STREAM:
            return (FrameError(f"nothing is known of characteristic {char}", data),)
        return tuple(_said_in(piece) for piece in self._stream.feed(data))


def matches(advertisement: Advertisement) -> bool:
    """Tell whether this is one: its service is everybody's, so its name and its maker's addresses tell."""
    return advertisement.name == NAME and advertisement.address.upper().startswith(ADDRESSES)


def decoder() -> Decoder[Frame]:
    """Return the decoder: frames are found in a stream."""
    return Frames()


async def session(link: Link, _visitor: Visitor) -> AsyncIterator[Frame | FrameError | DeviceIdentity]:
    """Subscribe, then pass on frames until the oximeter falls silent."""
    yield await identify(link)
    await link.subscribe(STREAM)
    async for said in listen(link, decoder(), silence_s=SILENCE_S):
        yield said


def readings(frame: Frame, heard: Heard) -> tuple[Reading, ...]:
    """Say what the frame means; without a finger, nothing."""
    if frame.finger != FINGER_IN:
        return ()
    pulse = None if frame.pulse == BYTE_MISSING else oximetry.pulse(frame.pulse)
    told = ((Kind.SPO2, oximetry.saturation(frame.spo2)), (Kind.PULSE_RATE, pulse))
    return tuple(
        reading_of(kind, value, heard, is_continuous=True) for kind, value in told if value is not None
    )


def _size_of(head: bytes) -> int | None:
    if head != HEAD[: len(head)]:
        return NO_FRAME
    return SIZE if len(head) == len(HEAD) else None


def _is_sound(frame: bytes) -> bool:
    return sum(frame[:-1]) + 1 & 0xFF == frame[-1]


def _said_in(piece: Piece) -> Frame | FrameError:
    return FrameError(piece.fault, piece.data) if piece.fault else Frame.from_bytes(piece.data)


DRIVER: Driver[Frame] = Driver(
    id="jks50f",
    title="JKS50F finger oximeter",
    tier="reported",
    kinds=(Kind.SPO2, Kind.PULSE_RATE),
    matches=matches,
    session=session,
    readings=readings,
    decoder=decoder,
    speaks=(STREAM,),
    vectors=("JKS50F",),
    quirks=(
        "No captured frame is known to us; one program says what four of its 69 octets mean.",
        "What it says without a finger is not known: only a frame that says one is in gives numbers.",
    ),
)
