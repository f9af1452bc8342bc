"""A&D's scales UC-352BLE and UC-421BLE: the standard's weighings, for who sets the clock within seconds.

The five seconds are documented for the same maker's blood pressure meter UA-651BLE and taken over here.
The vendor's own buffer (233BF001) is not written to: its 0x10 ends the bond, and its 0x12 deletes all.
"""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from devices.codecs import weight
from devices.codecs.gatt_time import decode_date_time, encode_date_time
from devices.codecs.weight import UNKNOWN_USER
from devices.decoder import WholeFrames, listen, translated
from devices.device_information import SYSTEM_ID, SYSTEM_ID_SIZE, identify
from devices.driver import Advertisement, Decoder, Driver, FrameError, Link, LinkError, Visitor, uuid16
from devices.identity import DeviceIdentity
from devices.kinds import Kind
from devices.readings import Heard, Quality, Reading, reading_of

WEIGHT = uuid16(0x2A9D)
DATE_TIME = uuid16(0x2A08)
OLD_SERVICE = "23434100-1fe4-1eff-80cb-00ff78297d8b"
OLD_WEIGHT = "23434101-1fe4-1eff-80cb-00ff78297d8b"

SILENCE_S = 20.0
"""It hangs up by itself once it has told all; some ten seconds it may settle. Chosen, not measured."""

NO_CLOCK = "the hub doesn't know the time, and this scale tells nothing to who doesn't set its clock"
OLD_FIRMWARE = "old firmware: whether it counts 5 g or 10 g is not settled, so this is no number"

_MODEL = re.compile(r"(?<![A-Z0-9])UC-(?:352|421)BLE", re.IGNORECASE)
_FILLER = b"\xff\xfe"


class Weighing(weight.Weighing):
    """One weighing, in the scale's own steps."""

    __slots__ = ()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Decode; raise FrameError on anything else than one whole frame, trailing octets apart."""
        return translated(super().from_bytes, data, "weighing")


@dataclass(frozen=True, slots=True)
class Clock:
    """The scale's wall clock; None where it has lost its date."""

    moment: datetime | None

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Decode; raise FrameError where this is no time."""
        return cls(translated(decode_date_time, data, "time"))

    def __bytes__(self) -> bytes:
        return encode_date_time(self.moment)


@dataclass(frozen=True, slots=True)
class SystemId:
    """Who the scale is, in the eight octets of the standard."""

    octets: bytes

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Decode; raise FrameError where this is no System ID."""
        if len(data) != SYSTEM_ID_SIZE:
            raise FrameError(f"no System ID: {len(data)} octets", data)
        return cls(data)

    def __bytes__(self) -> bytes:
        return self.octets

    @property
    def address(self) -> str | None:
        """The Bluetooth address that it is made of, or None where it is made otherwise."""
        said = self.octets[::-1]
        return (said[:3] + said[5:]).hex(":").upper() if said[3:5] == _FILLER else None


Frame = Weighing | Clock | SystemId


def matches(advertisement: Advertisement) -> bool:
    """Tell whether this is one of these models, by its name or by its old firmware's own service."""
    return OLD_SERVICE in advertisement.services or _MODEL.search(advertisement.name) is not None


def decoder() -> Decoder[Frame]:
    """Return the decoder: each notification is a frame of its own; the old firmware's are none."""
    return WholeFrames[Frame](
        {
            WEIGHT: Weighing.from_bytes,
            OLD_WEIGHT: _old,
            DATE_TIME: Clock.from_bytes,
            SYSTEM_ID: SystemId.from_bytes,
        }
    )


def _old(data: bytes) -> Frame:
    raise FrameError(OLD_FIRMWARE, data)


async def session(link: Link, visitor: Visitor) -> AsyncIterator[Frame | FrameError | DeviceIdentity]:
    """Set the clock and subscribe before anything else, for the scale counts the seconds; then listen.

    Who it is, it is asked last, and only if it hasn't hung up by then.
    """
    if not link.has(WEIGHT) and link.has(OLD_WEIGHT):
        yield await identify(link)
        yield FrameError(OLD_FIRMWARE, b"")
        return  # not subscribed: what nobody can read stays in the scale
    if visitor.wall_clock is None:
        raise LinkError(NO_CLOCK)
    await link.write(DATE_TIME, encode_date_time(visitor.wall_clock))
    await link.subscribe(WEIGHT)
    try:
        async for said in listen(link, decoder(), silence_s=SILENCE_S):
            yield said
    except LinkError:
        yield await identify(link)
        raise


def readings(frame: Frame, heard: Heard) -> tuple[Reading, ...]:
    """Say what the frame means; a time or a name means nothing, nor does a weighing that failed."""
    if not isinstance(frame, Weighing):
        return ()
    is_stranger = frame.user == UNKNOWN_USER
    return tuple(
        reading_of(
            kind,
            value,
            heard,
            device_time=frame.device_time,
            quality=(Quality.UNKNOWN_USER,) if is_stranger else (),
            user_slot=None if is_stranger else frame.user,
        )
        for kind, value in ((Kind.BODY_WEIGHT, frame.kg), (Kind.BMI, frame.bmi))
        if value is not None
    )


DRIVER: Driver[Frame] = Driver(
    id="and_scale",
    title="A&D scale (UC-352BLE, UC-421BLE)",
    tier="reported",
    kinds=(Kind.BODY_WEIGHT, Kind.BMI),
    matches=matches,
    session=session,
    readings=readings,
    decoder=decoder,
    speaks=(WEIGHT, OLD_WEIGHT, DATE_TIME, SYSTEM_ID),
    vectors=("SIG Date Time", "SIG DIS System ID (A&D)"),
    quirks=(
        "It tells nothing unless its clock and the subscription are set within 5 s of the encryption.",
        "A hub that doesn't know the time visits it in vain: the weighings stay in the scale.",
        "It takes no settings while it tells, oldest first, and hangs up by itself.",
        "Old firmware (service 23434100) is known and left alone: its step, 5 g or 10 g, is not settled.",
        "Its vendor buffer can delete everything (0x12) and end the bond (0x10): it is never written to.",
    ),
)
