"""Pulse oximeters of the Bluetooth SIG (service 0x1822, Pulse Oximeter Service 1.0)."""

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from devices.codecs import oximetry, racp
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

SERVICE = uuid16(0x1822)
SPOT_CHECK = uuid16(0x2A5E)
CONTINUOUS = uuid16(0x2A5F)
FEATURES = uuid16(0x2A60)
RECORDS = uuid16(0x2A52)

SILENCE_S = 30.0
"""A spot check takes a finger some twenty seconds; a stream comes every second. Chosen, not measured."""

FEATURE_STORAGE = 1 << 2

_FLAGS = 0b0001_1111
"""Those that either frame defines; what a sixth would add to the frame, nobody can know."""

_STATUS_QUALITY = {
    6: Quality.EARLY,
    9: Quality.FROM_STORAGE,
    10: Quality.DEMO,
    11: Quality.DEMO,  # a test's number is nobody's number either
    12: Quality.CALIBRATING,
    13: Quality.INVALID,  # "unavailable": whatever stands in its place isn't measured
    14: Quality.QUESTIONABLE,
    15: Quality.INVALID,
}
_ONGOING = {5: Quality.EARLY}

_SENSOR_QUALITY = {
    0: Quality.QUESTIONABLE,  # the display has not been updated for a while
    1: Quality.SENSOR_FAULT,
    2: Quality.QUESTIONABLE,
    3: Quality.POOR_SIGNAL,
    4: Quality.POOR_SIGNAL,
    5: Quality.LOW_PERFUSION,
    6: Quality.POOR_SIGNAL,
    7: Quality.POOR_SIGNAL,
    8: Quality.QUESTIONABLE,
    9: Quality.EARLY,
    10: Quality.POOR_SIGNAL,
    11: Quality.SENSOR_FAULT,
    12: Quality.SENSOR_FAULT,
    13: Quality.SENSOR_FAULT,
    14: Quality.SENSOR_FAULT,
    15: Quality.SENSOR_FAULT,
}

Pair = tuple[float | None, float | None]
"""SpO2 in percent and pulse per minute, as every part of these frames begins."""


@dataclass(frozen=True, slots=True)
class Spot:
    """One spot check, in the device's own words; None where it left a field out or has no number."""

    spo2: float | None
    pulse: float | None
    device_time: datetime | None = None
    is_clock_set: bool = True
    status: int | None = None
    sensor: int | None = None
    perfusion: float | None = None

    @classmethod
    def from_bytes(cls, data: bytes) -> "Spot":
        """Decode; raise FrameError on anything else than one whole frame."""
        try:
            cursor = Cursor(data)
            flags = _flags(cursor)
            spo2, pulse = _pair(cursor)
            moment = decode_date_time(cursor.take(DATE_TIME_SIZE)) if flags & 1 else None
            status, sensor, perfusion = _tail(cursor, flags >> 1)
        except ValueError as error:
            raise FrameError(f"no spot check: {error}", data) from error
        return cls(spo2, pulse, moment, not flags & 16, status, sensor, perfusion)

    def __bytes__(self) -> bytes:
        tail_flags, tail = _tail_bytes(self.status, self.sensor, self.perfusion)
        moment = b"" if self.device_time is None else encode_date_time(self.device_time)
        flags = bool(moment) | tail_flags << 1 | (not self.is_clock_set) << 4
        return bytes((flags,)) + _pair_bytes((self.spo2, self.pulse)) + moment + tail


@dataclass(frozen=True, slots=True)
class Continuous:
    """One moment of a stream; `fast` and `slow` are the same, averaged over less and over more."""

    spo2: float | None
    pulse: float | None
    fast: Pair | None = None
    slow: Pair | None = None
    status: int | None = None
    sensor: int | None = None
    perfusion: float | None = None

    @classmethod
    def from_bytes(cls, data: bytes) -> "Continuous":
        """Decode; raise FrameError on anything else than one whole frame."""
        try:
            cursor = Cursor(data)
            flags = _flags(cursor)
            spo2, pulse = _pair(cursor)
            fast = _pair(cursor) if flags & 1 else None
            slow = _pair(cursor) if flags & 2 else None
            status, sensor, perfusion = _tail(cursor, flags >> 2)
        except ValueError as error:
            raise FrameError(f"no moment of a stream: {error}", data) from error
        return cls(spo2, pulse, fast, slow, status, sensor, perfusion)

    def __bytes__(self) -> bytes:
        tail_flags, tail = _tail_bytes(self.status, self.sensor, self.perfusion)
        fast = b"" if self.fast is None else _pair_bytes(self.fast)
        slow = b"" if self.slow is None else _pair_bytes(self.slow)
        flags = bool(fast) | bool(slow) << 1 | tail_flags << 2
        return bytes((flags,)) + _pair_bytes((self.spo2, self.pulse)) + fast + slow + tail


Frame = Spot | Continuous | racp.Word


def matches(advertisement: Advertisement) -> bool:
    """Tell whether this is a pulse oximeter that speaks the SIG's language."""
    return SERVICE in advertisement.services


def decoder() -> Decoder[Frame]:
    """Return the decoder: each notification is a frame of its own."""
    return WholeFrames[Frame](
        {SPOT_CHECK: Spot.from_bytes, CONTINUOUS: Continuous.from_bytes, RECORDS: _records_word}
    )


def _records_word(data: bytes) -> racp.Word:
    try:
        return racp.Word.from_bytes(data)
    except ValueError as error:
        raise FrameError(f"no word about records: {error}", data) from error


async def session(link: Link, _visitor: Visitor) -> AsyncIterator[Frame | FrameError | DeviceIdentity]:
    """Subscribe, ask for what is stored, and pass on frames until the device falls silent."""
    yield await identify(link)
    try:
        await _ask(link)
    except LinkError:
        if not link.backlog:  # else receive hands out what has arrived, and then says the same
            raise
    async for said in listen(link, decoder(), silence_s=SILENCE_S):
        if not isinstance(said, racp.Word):  # the end of a report is no fact about anybody
            yield said


def readings(frame: Frame, heard: Heard) -> tuple[Reading, ...]:
    """Say what the frame means. A finger that isn't there has no numbers, and no perfusion either."""
    if isinstance(frame, racp.Word):
        return ()
    spo2 = oximetry.saturation(frame.spo2)
    pulse = oximetry.pulse(frame.pulse)
    if spo2 is None and pulse is None:
        return ()
    perfusion = oximetry.perfusion(frame.perfusion)
    told = ((Kind.SPO2, spo2), (Kind.PULSE_RATE, pulse), (Kind.PERFUSION_INDEX, perfusion))
    clock = (frame.device_time, frame.is_clock_set) if isinstance(frame, Spot) else (None, True)
    return tuple(
        reading_of(
            kind,
            value,
            heard,
            device_time=clock[0],
            is_clock_set=clock[1],
            quality=_quality(frame),
            is_continuous=isinstance(frame, Continuous),
        )
        for kind, value in told
        if value is not None
    )


def _quality(frame: Spot | Continuous) -> tuple[Quality, ...]:
    """A stream is always ongoing (a captured one says so); a spot check that is, isn't final."""
    table = _STATUS_QUALITY | _ONGOING if isinstance(frame, Spot) else _STATUS_QUALITY
    found = {flag for bit, flag in table.items() if (frame.status or 0) >> bit & 1}
    found |= {flag for bit, flag in _SENSOR_QUALITY.items() if (frame.sensor or 0) >> bit & 1}
    return tuple(flag for flag in Quality if flag in found)


async def _ask(link: Link) -> None:
    """Some devices tell their memory as soon as somebody subscribes, and hang up: spot checks come last."""
    if link.has(CONTINUOUS):
        await link.subscribe(CONTINUOUS)
    has_storage = await _has_storage(link)
    if has_storage:
        await link.subscribe(RECORDS)
    if link.has(SPOT_CHECK):
        await link.subscribe(SPOT_CHECK)
    if has_storage:
        with suppress(LinkError):  # a device that refuses this may still measure; a lost link says so again
            await link.write(RECORDS, racp.REPORT_ALL)


async def _has_storage(link: Link) -> bool:
    """A device that doesn't list its features is asked for its memory all the same."""
    if not link.has(RECORDS) or not link.has(FEATURES):
        return link.has(RECORDS)
    features = await link.read(FEATURES)
    return bool(int.from_bytes(features[:2], "little") & FEATURE_STORAGE)


def _flags(cursor: Cursor) -> int:
    flags = cursor.take_uint(1)
    if flags & ~_FLAGS:
        raise ValueError(f"flags {flags:#04x} that nobody has defined")
    return flags


def _pair(cursor: Cursor) -> Pair:
    return decode_sfloat(cursor.take(2)), decode_sfloat(cursor.take(2))


def _pair_bytes(pair: Pair) -> bytes:
    return b"".join(map(encode_sfloat, pair))


def _tail(cursor: Cursor, flags: int) -> tuple[int | None, int | None, float | None]:
    """Both frames end alike: status, sensor status, perfusion index; and nothing behind them."""
    status = cursor.take_uint(2) if flags & 1 else None
    sensor = cursor.take_uint(3) if flags & 2 else None
    perfusion = decode_sfloat(cursor.take(2)) if flags & 4 else None
    if left := cursor.rest():
        raise ValueError(f"{len(left)} octets more than its flags announce")
    return status, sensor, perfusion


def _tail_bytes(status: int | None, sensor: int | None, perfusion: float | None) -> tuple[int, bytes]:
    tail = b"" if status is None else status.to_bytes(2, "little")
    tail += b"" if sensor is None else sensor.to_bytes(3, "little")
    tail += b"" if perfusion is None else encode_sfloat(perfusion)
    flags = (status is not None) | (sensor is not None) << 1 | (perfusion is not None) << 2
    return flags, tail


DRIVER: Driver[Frame] = Driver(
    id="pulse_oximeter",
    title="Pulse oximeter (Bluetooth standard)",
    tier="captured",
    kinds=(Kind.SPO2, Kind.PULSE_RATE, Kind.PERFUSION_INDEX),
    matches=matches,
    session=session,
    readings=readings,
    decoder=decoder,
    speaks=(SPOT_CHECK, CONTINUOUS, RECORDS),
    vectors=("SIG PLX (ChoiceMMed oximeter)", "SIG PLX", "SIG RACP"),
    quirks=(
        "One real frame of each kind is known, both of one ChoiceMMed; its clock was never set.",
        "Its memory is read, never deleted: a device may tell the same records at each visit.",
        "A stream carries no time of its own: its readings stand in the second of their arrival.",
    ),
)
