"""Thermometers of the Bluetooth SIG (service 0x1809, Health Thermometer Service 1.0)."""

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from devices.codecs.cursor import Cursor
from devices.codecs.gatt_time import SIZE as DATE_TIME_SIZE
from devices.codecs.gatt_time import decode_date_time, encode_date_time
from devices.codecs.ieee11073 import decode_float, encode_float
from devices.decoder import WholeFrames, listen
from devices.device_information import identify
from devices.driver import Advertisement, Decoder, Driver, FrameError, Link, LinkError, Visitor, uuid16
from devices.identity import DeviceIdentity
from devices.kinds import Kind
from devices.readings import Heard, Quality, Reading, reading_of

SERVICE = uuid16(0x1809)
TEMPERATURE = uuid16(0x2A1C)
INTERMEDIATE = uuid16(0x2A1E)
SITE = uuid16(0x2A1D)
DATE_TIME = uuid16(0x2A08)

SILENCE_S = 30.0
"""An armpit takes its time. Chosen, not measured."""

BODY_MIN_C, BODY_MAX_C = 30.0, 45.0
"""Below is a room, a bath or a bottle; above is nobody who could still hold the thermometer."""

OBJECT = 0xFF
"""Beurer's own word for a surface: a bottle, a bath, a wall."""

SITES = {
    1: "armpit",
    2: "body",
    3: "ear",
    4: "finger",
    5: "gastrointestinal tract",
    6: "mouth",
    7: "rectum",
    8: "toe",
    9: "tympanum",
}
"""Where on a body it was taken; every other number is no body that the specification knows."""

_FLAGS = 0b0000_0111


@dataclass(frozen=True, slots=True)
class Temperature:
    """One temperature, in the device's own words and unit; None where it has no number.

    `is_time_unknown` is said by a device that sends a time whose date it doesn't know. `site` is
    one of SITES, or the number of something else; None where the device didn't say.
    """

    degrees: float | None
    is_fahrenheit: bool = False
    device_time: datetime | None = None
    is_time_unknown: bool = False
    site: int | None = None

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Decode; raise FrameError on anything else than one whole frame."""
        try:
            cursor = Cursor(data)
            flags, degrees = _flags(cursor), decode_float(cursor.take(4))
            moment = decode_date_time(cursor.take(DATE_TIME_SIZE)) if flags & 2 else None
            site = cursor.take_uint(1) if flags & 4 else None
            if left := cursor.rest():
                raise ValueError(f"{len(left)} octets more than its flags announce")
        except ValueError as error:
            raise FrameError(f"no temperature: {error}", data) from error
        return cls(degrees, bool(flags & 1), moment, bool(flags & 2) and moment is None, site)

    def __bytes__(self) -> bytes:
        has_time = self.device_time is not None or self.is_time_unknown
        moment = encode_date_time(self.device_time) if has_time else b""
        site = b"" if self.site is None else self.site.to_bytes(1, "little")
        flags = self.is_fahrenheit | has_time << 1 | bool(site) << 2
        return bytes((flags,)) + encode_float(self.degrees) + moment + site

    @property
    def celsius(self) -> float | None:
        """The temperature in °C: what was said in °F is rounded to 0.1, what was said in °C is left alone.

        A tenth of a °F is half a tenth of a °C: a second decimal would be finer than any display.
        """
        if self.degrees is None or not self.is_fahrenheit:
            return self.degrees
        return round((self.degrees - 32) / 1.8, 1)


@dataclass(frozen=True, slots=True)
class Intermediate(Temperature):
    """What the thermometer shows while it is still rising: no result."""


@dataclass(frozen=True, slots=True)
class Site:
    """Where this thermometer always measures, told once for all its temperatures."""

    site: int

    @classmethod
    def from_bytes(cls, data: bytes) -> "Site":
        """Decode; raise FrameError where this isn't one octet."""
        if len(data) != 1:
            raise FrameError(f"no site: {len(data)} octets instead of 1", data)
        return cls(data[0])

    def __bytes__(self) -> bytes:
        return bytes((self.site,))


Frame = Temperature | Site


def matches(advertisement: Advertisement) -> bool:
    """Tell whether this is a thermometer that speaks the SIG's language."""
    return SERVICE in advertisement.services


def decoder() -> Decoder[Frame]:
    """Return the decoder: each notification is a frame of its own."""
    return WholeFrames[Frame](
        {
            TEMPERATURE: Temperature.from_bytes,
            INTERMEDIATE: Intermediate.from_bytes,
            SITE: Site.from_bytes,
        }
    )


async def session(link: Link, visitor: Visitor) -> AsyncIterator[Frame | FrameError | DeviceIdentity]:
    """Set the clock and subscribe, for A&D counts the seconds; then ask, and listen."""
    await _set_clock(link, visitor)
    await link.subscribe(TEMPERATURE)
    site = await _site(link)
    yield await identify(link)
    async for said in listen(link, decoder(), silence_s=SILENCE_S):
        yield replace(said, site=site) if isinstance(said, Temperature) and said.site is None else said


async def _set_clock(link: Link, visitor: Visitor) -> None:
    if visitor.wall_clock is not None and link.has(DATE_TIME):
        with suppress(LinkError):  # who refuses this may still tell; a lost link says so again
            await link.write(DATE_TIME, encode_date_time(visitor.wall_clock))


async def _site(link: Link) -> int | None:
    """A thermometer that measures in one place only doesn't say so with each number."""
    with suppress(LinkError, FrameError):  # who doesn't tell it leaves it open
        if link.has(SITE):
            return Site.from_bytes(await link.read(SITE)).site
    return None


def readings(frame: Frame, heard: Heard) -> tuple[Reading, ...]:
    """Say what the frame means: the temperature of a body, and of nothing else."""
    if not isinstance(frame, Temperature) or isinstance(frame, Intermediate):
        return ()
    celsius, is_body = frame.celsius, frame.site is None or frame.site in SITES
    if celsius is None or not is_body or not BODY_MIN_C <= celsius <= BODY_MAX_C:
        return ()
    reading = reading_of(
        Kind.BODY_TEMPERATURE,
        celsius,
        heard,
        device_time=frame.device_time,
        quality=(Quality.TIME_UNCERTAIN,) if frame.is_time_unknown else (),
    )
    return (reading,)


def _flags(cursor: Cursor) -> int:
    flags = cursor.take_uint(1)
    if flags & ~_FLAGS:
        raise ValueError(f"flags {flags:#04x} that nobody has defined")
    return flags


DRIVER: Driver[Frame] = Driver(
    id="health_thermometer",
    title="Thermometer (Bluetooth standard)",
    tier="specified",
    kinds=(Kind.BODY_TEMPERATURE,),
    matches=matches,
    session=session,
    readings=readings,
    decoder=decoder,
    speaks=(TEMPERATURE, INTERMEDIATE, SITE),
    vectors=("SIG Health Thermometer", "Beurer FT95 thermometer"),
    quirks=(
        "Beurer FT95 measures objects too and calls them site 0xFF: never a body temperature.",
        "The one example of a Beurer FT95 is in °F: converted, and rounded to 0.1 °C.",
        "Ear, mouth and armpit differ by half a degree: the site stays in the frame.",
        "A&D tells nothing unless its clock is set and it is subscribed to within 5 s of encryption.",
        "Some thermometers hang up after 5 s of silence and call for half a minute only.",
    ),
)
