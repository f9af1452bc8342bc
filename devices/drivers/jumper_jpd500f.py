"""Jumper JPD-500F (also PLS-01BT), which calls itself "My Oximeter": a stream of four octets a second."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

from devices.codecs import oximetry
from devices.decoder import attempt, listen
from devices.device_information import identify
from devices.driver import Advertisement, Decoder, Driver, FrameError, Link, Visitor
from devices.identity import DeviceIdentity
from devices.kinds import Kind
from devices.readings import Heard, Reading, reading_of

SERVICE = "cdeacb80-5235-4c07-8846-93a37ee6b86d"
STREAM = "cdeacb81-5235-4c07-8846-93a37ee6b86d"

NAME = "My Oximeter"

SILENCE_S = 30.0
"""It speaks all the time while it is on. Chosen, not measured."""

NUMBERS, WAVE = 0x81, 0x80
SIZE = 4
PULSE_MISSING, SPO2_MISSING = 255, 127


@dataclass(frozen=True, slots=True)
class Frame:
    """One moment of the stream, in the oximeter's own words; None where it has no number."""

    pulse: int | None
    spo2: int | None
    perfusion_percent: float = 0.0

    @classmethod
    def from_bytes(cls, data: bytes) -> "Frame":
        """Decode; raise FrameError on anything else than one whole frame."""
        if len(data) != SIZE or data[0] != NUMBERS:
            raise FrameError(f"{len(data)} octets that are neither numbers nor a wave", data)
        _, pulse, spo2, perfusion = data
        return cls(
            None if pulse == PULSE_MISSING else pulse,
            None if spo2 == SPO2_MISSING else spo2,
            perfusion / 10,
        )

    def __bytes__(self) -> bytes:
        pulse = PULSE_MISSING if self.pulse is None else self.pulse
        spo2 = SPO2_MISSING if self.spo2 is None else self.spo2
        return bytes((NUMBERS, pulse, spo2, round(self.perfusion_percent * 10)))


class Numbers:
    """The decoder: each notification is numbers, or a piece of the wave, which nobody keeps."""

    def feed(self, char: str, data: bytes) -> Iterable[Frame | FrameError]:
        """Decode one notification."""
        if char != STREAM:
            return (FrameError(f"nothing is known of characteristic {char}", data),)
        if data[:1] == bytes((WAVE,)):
            return ()
        return (attempt(Frame.from_bytes, data),)


def matches(advertisement: Advertisement) -> bool:
    """Tell whether this is Jumper's oximeter, by its service, or by its name where it calls no service."""
    return SERVICE in advertisement.services or (
        not advertisement.services and advertisement.name.strip("\0 ") == NAME
    )


def decoder() -> Decoder[Frame]:
    """Return the decoder: numbers come out, the wave stays out."""
    return Numbers()


async def session(link: Link, _visitor: Visitor) -> AsyncIterator[Frame | FrameError | DeviceIdentity]:
    """Subscribe, then pass on numbers until the oximeter falls silent."""
    yield await identify(link)
    await link.subscribe(STREAM)
    async for said in listen(link, decoder(), silence_s=SILENCE_S):
        yield said


def readings(frame: Frame, heard: Heard) -> tuple[Reading, ...]:
    """Say what the frame means. A finger that isn't there has no numbers, and no perfusion either."""
    spo2, pulse = oximetry.saturation(frame.spo2), oximetry.pulse(frame.pulse)
    if spo2 is None and pulse is None:
        return ()
    perfusion = oximetry.perfusion(frame.perfusion_percent)
    told = ((Kind.SPO2, spo2), (Kind.PULSE_RATE, pulse), (Kind.PERFUSION_INDEX, perfusion))
    return tuple(
        reading_of(kind, value, heard, is_continuous=True) for kind, value in told if value is not None
    )


DRIVER: Driver[Frame] = Driver(
    id="jumper_jpd500f",
    title='Jumper JPD-500F "My Oximeter"',
    tier="captured",
    kinds=(Kind.SPO2, Kind.PULSE_RATE, Kind.PERFUSION_INDEX),
    matches=matches,
    session=session,
    readings=readings,
    decoder=decoder,
    speaks=(STREAM,),
    vectors=("Jumper JPD-500F / My Oximeter",),
    quirks=(
        "One real frame is known, printed in the source of somebody else's program.",
        "It says nothing of the quality of its numbers: a cold or a moving finger looks like a good one.",
        "Its wave, in notifications that begin with 80, is not kept.",
    ),
)
