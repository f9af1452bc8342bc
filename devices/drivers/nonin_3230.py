"""Nonin 3230 and 3150 (wrist and finger oximeters): Nonin's own oximetry service, data format 19."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import IntFlag
from struct import Struct

from devices.codecs import oximetry
from devices.decoder import WholeFrames, listen
from devices.device_information import identify
from devices.driver import Advertisement, Decoder, Driver, FrameError, Link, Visitor, uuid16
from devices.identity import DeviceIdentity
from devices.kinds import Kind
from devices.readings import Heard, Quality, Reading, reading_of

SERVICE = "46a970e0-0d5f-11e2-8b5e-0002a5d5c51b"
OXIMETRY = "0aad7ea0-0d60-11e2-8e3c-0002a5d5c51b"
"""Data format 19, once a second."""

CONTROL = "1447af80-0d60-11e2-88b6-0002a5d5c51b"
"""Named so that a twin can offer it. Nothing is ever written there: it deletes bonds and memory too."""

STANDARD_SERVICE = uuid16(0x1822)

NAMES = ("Nonin3230", "Nonin_3150")

SILENCE_S = 30.0
"""It speaks every second while a finger is in it. Chosen, not measured."""

_LAYOUT = Struct(">BBBHHBH")
SIZE = _LAYOUT.size
SPO2_MISSING, PULSE_MISSING = 127, 511


class Status(IntFlag):
    """What the oximeter says of its own numbers."""

    DISPLAY_SYNC = 1 << 0
    WEAK_SIGNAL = 1 << 1
    SMART_POINT = 1 << 2
    SEARCHING = 1 << 3
    CORRECT_CHECK = 1 << 4
    LOW_BATTERY = 1 << 5
    ENCRYPTED = 1 << 6


_QUALITY = {
    Status.WEAK_SIGNAL: Quality.POOR_SIGNAL,
    Status.SEARCHING: Quality.POOR_SIGNAL,
    Status.CORRECT_CHECK: Quality.POOR_FIT,
    Status.LOW_BATTERY: Quality.LOW_BATTERY,
}


@dataclass(frozen=True, slots=True)
class Frame:
    """One second, in the oximeter's own words; None where it has no number. `counter_s` counts seconds."""

    spo2: int | None
    pulse: int | None
    perfusion_percent: float = 0.0
    counter_s: int = 0
    battery_v: float = 3.0
    status: Status = Status.DISPLAY_SYNC | Status.SMART_POINT

    @classmethod
    def from_bytes(cls, data: bytes) -> "Frame":
        """Decode; raise FrameError on anything else than one whole frame."""
        if len(data) != SIZE or data[0] != SIZE:
            raise FrameError(f"{len(data)} octets that aren't the {SIZE} of data format 19", data)
        _, status, battery, perfusion, counter, spo2, pulse = _LAYOUT.unpack(data)
        return cls(
            None if spo2 == SPO2_MISSING else spo2,
            None if pulse == PULSE_MISSING else pulse,
            perfusion / 100,
            counter,
            battery / 10,
            Status(status),
        )

    def __bytes__(self) -> bytes:
        return _LAYOUT.pack(
            SIZE,
            self.status,
            round(self.battery_v * 10),
            round(self.perfusion_percent * 100),
            self.counter_s,
            SPO2_MISSING if self.spo2 is None else self.spo2,
            PULSE_MISSING if self.pulse is None else self.pulse,
        )


def matches(advertisement: Advertisement) -> bool:
    """Tell whether this is a Nonin that doesn't call the standard service, which is preferred."""
    if STANDARD_SERVICE in advertisement.services:
        return False
    return SERVICE in advertisement.services or (
        not advertisement.services and advertisement.name.startswith(NAMES)
    )


def decoder() -> Decoder[Frame]:
    """Return the decoder: each notification is a frame of its own."""
    return WholeFrames({OXIMETRY: Frame.from_bytes})


async def session(link: Link, _visitor: Visitor) -> AsyncIterator[Frame | FrameError | DeviceIdentity]:
    """Subscribe, which pairs where it must, and pass on seconds until the finger is out."""
    yield await identify(link)
    await link.subscribe(OXIMETRY)
    async for said in listen(link, decoder(), silence_s=SILENCE_S):
        yield said


def readings(frame: Frame, heard: Heard) -> tuple[Reading, ...]:
    """Say what the frame means. A finger that isn't there has no numbers, and no perfusion either."""
    spo2, pulse = oximetry.saturation(frame.spo2), oximetry.pulse(frame.pulse)
    if spo2 is None and pulse is None:
        return ()
    perfusion = oximetry.perfusion(frame.perfusion_percent)
    told = ((Kind.SPO2, spo2), (Kind.PULSE_RATE, pulse), (Kind.PERFUSION_INDEX, perfusion))
    quality = _quality(frame.status)
    return tuple(
        reading_of(kind, value, heard, quality=quality, is_continuous=True)
        for kind, value in told
        if value is not None
    )


def _quality(status: Status) -> set[Quality]:
    """SmartPoint is Nonin's word for a number it vouches for; until then it is an early one."""
    found = {flag for bit, flag in _QUALITY.items() if bit in status}
    return found if Status.SMART_POINT in status else found | {Quality.EARLY}


DRIVER: Driver[Frame] = Driver(
    id="nonin_3230",
    title="Nonin 3230 / 3150",
    tier="reported",
    kinds=(Kind.SPO2, Kind.PULSE_RATE, Kind.PERFUSION_INDEX),
    matches=matches,
    session=session,
    readings=readings,
    decoder=decoder,
    speaks=(OXIMETRY,),
    vectors=("Nonin 3230 / 3150 BLE",),
    quirks=(
        "Several public drivers agree on the frame, but no captured one is known to us.",
        "One that advertises the standard oximeter service is left to the driver of the standard.",
        "It wants to be bonded: the first visit pairs, and one that has lost its bond must be forgotten.",
        "Numbers without its SmartPoint are marked as early, those with a misplaced finger as badly fitted.",
        "The memory of the 3150 is not read.",
    ),
)
