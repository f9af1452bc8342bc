"""Blood pressure monitors of the Bluetooth SIG (service 0x1810, Blood Pressure Service 1.0)."""

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from devices.codecs.cursor import Cursor
from devices.codecs.gatt_time import SIZE as DATE_TIME_SIZE
from devices.codecs.gatt_time import decode_date_time, encode_date_time
from devices.codecs.ieee11073 import decode_sfloat, encode_sfloat
from devices.decoder import WholeFrames, listen
from devices.device_information import identify
from devices.driver import Advertisement, Decoder, Driver, FrameError, Link, LinkError, Visitor, uuid16
from devices.identity import DeviceIdentity
from devices.kinds import Kind
from devices.readings import Heard, Quality, Reading, reading_of

SERVICE = uuid16(0x1810)
RESULT = uuid16(0x2A35)
CUFF = uuid16(0x2A36)
FEATURES = uuid16(0x2A49)
DATE_TIME = uuid16(0x2A08)

SILENCE_S = 30.0
"""A memory comes within seconds; a cuff that is being inflated takes longer. Chosen, not measured."""

UNKNOWN_USER = 255

MMHG_PER_KPA = 7.50062
PRESSURE_MAX_MMHG = 300.0
"""No cuff is inflated further."""

PULSE_MAX = 300.0

_FLAGS = 0b0001_1111

_STATUS_QUALITY = {
    0: Quality.MOTION,
    1: Quality.POOR_FIT,
    2: Quality.IRREGULAR_PULSE,
    5: Quality.POOR_FIT,  # the cuff isn't at the height of the heart
}
_PULSE_RANGE = 0b11 << 3
"""Says that the pulse is beyond what the device can count, and nothing of the pressures."""


@dataclass(frozen=True, slots=True)
class Result:
    """One blood pressure, in the device's own words and unit; None where it has no number.

    `is_time_unknown` is said by a device that sends a time whose date it doesn't know.
    """

    systolic: float | None
    diastolic: float | None
    mean: float | None
    is_kpa: bool = False
    device_time: datetime | None = None
    is_time_unknown: bool = False
    pulse: float | None = None
    user: int | None = None
    status: int | None = None

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Decode; raise FrameError on anything else than one whole frame."""
        try:
            cursor = Cursor(data)
            flags = _flags(cursor)
            systolic, diastolic, mean = (decode_sfloat(cursor.take(2)) for _ in range(3))
            moment = decode_date_time(cursor.take(DATE_TIME_SIZE)) if flags & 2 else None
            pulse = decode_sfloat(cursor.take(2)) if flags & 4 else None
            user = cursor.take_uint(1) if flags & 8 else None
            status = cursor.take_uint(2) if flags & 16 else None
            if left := cursor.rest():
                raise ValueError(f"{len(left)} octets more than its flags announce")
        except ValueError as error:
            raise FrameError(f"no blood pressure: {error}", data) from error
        is_unknown = bool(flags & 2) and moment is None
        return cls(systolic, diastolic, mean, bool(flags & 1), moment, is_unknown, pulse, user, status)

    def __bytes__(self) -> bytes:
        has_time = self.device_time is not None or self.is_time_unknown
        moment = encode_date_time(self.device_time) if has_time else b""
        pulse = b"" if self.pulse is None else encode_sfloat(self.pulse)
        user = b"" if self.user is None else self.user.to_bytes(1, "little")
        status = b"" if self.status is None else self.status.to_bytes(2, "little")
        flags = self.is_kpa | has_time << 1 | bool(pulse) << 2 | bool(user) << 3 | bool(status) << 4
        pressures = b"".join(map(encode_sfloat, (self.systolic, self.diastolic, self.mean)))
        return bytes((flags,)) + pressures + moment + pulse + user + status

    def mmhg(self, pressure: float | None) -> float | None:
        """Return one of its pressures in mmHg, or None where it can be no pressure of a living person.

        What was said in kPa is rounded to 0.1 mmHg: a whole one would be coarser than the device.
        """
        if pressure is None:
            return None
        mmhg = round(pressure * MMHG_PER_KPA, 1) if self.is_kpa else pressure
        return mmhg if 0 < mmhg <= PRESSURE_MAX_MMHG else None


@dataclass(frozen=True, slots=True)
class Cuff(Result):
    """The pressure in the cuff while it is still at work, in the place of the systolic one: no result."""


@dataclass(frozen=True, slots=True)
class Features:
    """What the monitor can tell besides numbers, one bit each, as in the status of a Result."""

    bits: int
    trailing: bytes = b""

    @classmethod
    def from_bytes(cls, data: bytes) -> "Features":
        """Decode; a later version of the service may add octets, and they are kept."""
        try:
            cursor = Cursor(data)
            return cls(cursor.take_uint(2), cursor.rest())
        except ValueError as error:
            raise FrameError(f"no list of features: {error}", data) from error

    def __bytes__(self) -> bytes:
        return self.bits.to_bytes(2, "little") + self.trailing


Frame = Result | Features


def matches(advertisement: Advertisement) -> bool:
    """Tell whether this is a blood pressure monitor that speaks the SIG's language."""
    return SERVICE in advertisement.services


def decoder() -> Decoder[Frame]:
    """Return the decoder: each notification is a frame of its own."""
    return WholeFrames[Frame](
        {RESULT: Result.from_bytes, CUFF: Cuff.from_bytes, FEATURES: Features.from_bytes}
    )


async def session(link: Link, visitor: Visitor) -> AsyncIterator[Frame | FrameError | DeviceIdentity]:
    """Set the clock and subscribe, for A&D counts the seconds; only then ask who it is, and listen."""
    await _set_clock(link, visitor)
    await link.subscribe(RESULT)
    yield await identify(link)
    async for said in listen(link, decoder(), silence_s=SILENCE_S):
        yield said


async def _set_clock(link: Link, visitor: Visitor) -> None:
    if visitor.wall_clock is not None and link.has(DATE_TIME):
        with suppress(LinkError):  # who refuses this may still tell; a lost link says so again
            await link.write(DATE_TIME, encode_date_time(visitor.wall_clock))


def readings(frame: Frame, heard: Heard) -> tuple[Reading, ...]:
    """Say what the frame means; each field counts for itself, for a failed run has only a time."""
    if isinstance(frame, Cuff | Features):
        return ()
    pulse = frame.pulse if frame.pulse is not None and 0 < frame.pulse <= PULSE_MAX else None
    told = (
        (Kind.SYSTOLIC_PRESSURE, frame.mmhg(frame.systolic)),
        (Kind.DIASTOLIC_PRESSURE, frame.mmhg(frame.diastolic)),
        (Kind.MEAN_PRESSURE, frame.mmhg(frame.mean)),
        (Kind.CUFF_PULSE_RATE, pulse),
    )
    return tuple(
        reading_of(
            kind,
            value,
            heard,
            device_time=frame.device_time,
            quality=_quality(frame, kind),
            user_slot=None if frame.user == UNKNOWN_USER else frame.user,
        )
        for kind, value in told
        if value is not None
    )


def _quality(frame: Result, kind: Kind) -> set[Quality]:
    status = frame.status or 0
    found = {flag for bit, flag in _STATUS_QUALITY.items() if status >> bit & 1}
    if kind is Kind.CUFF_PULSE_RATE and status & _PULSE_RANGE:
        found.add(Quality.OUT_OF_RANGE)
    if frame.is_time_unknown:
        found.add(Quality.TIME_UNCERTAIN)
    if frame.user == UNKNOWN_USER:
        found.add(Quality.UNKNOWN_USER)
    return found


def _flags(cursor: Cursor) -> int:
    flags = cursor.take_uint(1)
    if flags & ~_FLAGS:
        raise ValueError(f"flags {flags:#04x} that nobody has defined")
    return flags


DRIVER: Driver[Frame] = Driver(
    id="blood_pressure",
    title="Blood pressure monitor (Bluetooth standard)",
    tier="captured",
    kinds=(Kind.SYSTOLIC_PRESSURE, Kind.DIASTOLIC_PRESSURE, Kind.MEAN_PRESSURE, Kind.CUFF_PULSE_RATE),
    matches=matches,
    session=session,
    readings=readings,
    decoder=decoder,
    speaks=(RESULT, CUFF, FEATURES),
    vectors=("A&D UA-651BLE", "Beurer BM54", "SIG Blood Pressure"),
    quirks=(
        "Four real frames are known, all of one A&D UA-651BLE: three failed runs and one result.",
        "A&D keeps failed runs as records with a good time and no number: they give no reading.",
        "A&D tells nothing unless its clock is set and it is subscribed to within 5 s of encryption.",
        "Beurer BM54 tells the memories of both its users at each visit, and says 0 for the mean.",
        "Beurer BM54 counts its users from 0 or from 1, by revision: look which one is the patient.",
        "Omron takes the time only in its own ceremony (0x2A2B): its clock is not set.",
    ),
)
