"""Scales of the Transtek A3 family: Medisana BS410/430/440/444, Trisa, ADE BA1600 (services 0x78B2, 7892)."""

import re
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from devices.codecs.cursor import Cursor
from devices.codecs.ieee11073 import decode_float, decode_sfloat, encode_float, encode_sfloat
from devices.decoder import WholeFrames, listen
from devices.device_information import identify
from devices.driver import Advertisement, Decoder, Driver, FrameError, Link, LinkError, Visitor, uuid16
from devices.identity import DeviceIdentity
from devices.kinds import Kind
from devices.readings import Heard, Reading, reading_of

SERVICE, ADE_SERVICE = uuid16(0x78B2), uuid16(0x7892)
WEIGHT, ADE_WEIGHT, BODY = uuid16(0x8A21), uuid16(0x8A24), uuid16(0x8A22)
UPLOAD, ORDERS = uuid16(0x8A82), uuid16(0x8A81)

SILENCE_S = 30.0
"""A scale has told its memory after that long (the oldest public program waits no longer)."""

SET_CLOCK, ANSWER, MAY_HANG_UP = 0x02, 0x20, 0x22
CHALLENGE = 0xA1
CHALLENGE_SIZE = 4

VENDOR_EPOCH = datetime(2010, 1, 1)  # noqa: DTZ001 - a wall clock has no zone
UNIX_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a wall clock has no zone
UNIX_FROM_S = int((VENDOR_EPOCH - UNIX_EPOCH).total_seconds())
"""Fewer seconds than this since 1970 lie before any such scale; as many since 2010 lie beyond 2049."""

TRAILING_MAX = 8
"""Zeroes that fill a frame up; real ones have up to 4."""

_TIME, _R1, _R2, _USER, _STATUS = 1, 2, 4, 8, 16
_WEIGHT_FLAGS = _TIME | _R1 | _R2 | _USER | _STATUS
_KCAL, _BODY_USER, _WATER, _MUSCLE, _BONE = 2, 4, 8, 32, 64
_BODY_FLAGS = _TIME | _KCAL | _BODY_USER | _WATER | _MUSCLE | _BONE

_NAME = re.compile(r"[01](202B6|203B|13197|13198|1257B)[0-9A-F]*", re.IGNORECASE)
"""Whether it pairs now, its model, its address; no such scale calls its own brand."""


@dataclass(frozen=True, slots=True)
class Weighing:
    """One weight in kg, and two resistances in a unit that nobody has written down.

    `clock_s` is the scale's own count of seconds, from whatever it was last set to.
    """

    kg: float | None
    clock_s: int | None = None
    r1: float | None = None
    r2: float | None = None
    user: int | None = None
    status: int | None = None
    trailing: bytes = b""
    flags: int = _TIME | _R2 | _USER | _STATUS

    @classmethod
    def from_bytes(cls, data: bytes) -> "Weighing":
        """Decode; raise FrameError on anything else than one whole frame, trailing octets apart."""
        try:
            cursor = Cursor(data)
            flags, kg = _flags(cursor, _WEIGHT_FLAGS), decode_float(cursor.take(4))
            clock_s = cursor.take_uint(4) if flags & _TIME else None
            r1 = decode_float(cursor.take(4)) if flags & _R1 else None
            r2 = decode_float(cursor.take(4)) if flags & _R2 else None
            user = cursor.take_uint(1) if flags & _USER else None
            status = cursor.take_uint(1) if flags & _STATUS else None
            trailing = _trailing(cursor)
        except ValueError as error:
            raise FrameError(f"no weighing: {error}", data) from error
        return cls(kg, clock_s, r1, r2, user, status, trailing, flags)

    def __bytes__(self) -> bytes:
        parts = [encode_float(ohm) for bit, ohm in ((_R1, self.r1), (_R2, self.r2)) if self.flags & bit]
        head = bytes((self.flags,)) + encode_float(self.kg) + _octets(self.clock_s, 4) + b"".join(parts)
        return head + _octets(self.user, 1) + _octets(self.status, 1) + self.trailing


@dataclass(frozen=True, slots=True)
class Body:
    """What the scale makes of a weighing: shares in percent, bones in kg, a day's need in kcal."""

    fat: float | None
    clock_s: int | None = None
    user: int | None = None
    kcal: int | None = None
    water: float | None = None
    muscle: float | None = None
    bone_kg: float | None = None
    trailing: bytes = b""
    flags: int = _BODY_FLAGS

    @classmethod
    def from_bytes(cls, data: bytes) -> "Body":
        """Decode; raise FrameError on anything else than one whole frame, trailing octets apart."""
        try:
            cursor = Cursor(data)
            flags = _flags(cursor, _BODY_FLAGS)
            clock_s = cursor.take_uint(4) if flags & _TIME else None
            user = cursor.take_uint(1) if flags & _BODY_USER else None
            kcal = cursor.take_uint(2) if flags & _KCAL else None
            fat = decode_sfloat(cursor.take(2))
            water, muscle, bone_kg = (
                decode_sfloat(cursor.take(2)) if flags & bit else None for bit in (_WATER, _MUSCLE, _BONE)
            )
            trailing = _trailing(cursor)
        except ValueError as error:
            raise FrameError(f"no body composition: {error}", data) from error
        return cls(fat, clock_s, user, kcal, water, muscle, bone_kg, trailing, flags)

    def __bytes__(self) -> bytes:
        numbers = ((_WATER, self.water), (_MUSCLE, self.muscle), (_BONE, self.bone_kg))
        parts = [encode_sfloat(number) for bit, number in numbers if self.flags & bit]
        head = _octets(self.clock_s, 4) + _octets(self.user, 1) + _octets(self.kcal, 2)
        return bytes((self.flags,)) + head + encode_sfloat(self.fat) + b"".join(parts) + self.trailing


@dataclass(frozen=True, slots=True)
class Upload:
    """A word about the talk itself: a challenge (0xA1), a password (0xA0), a person's profile (0x84)."""

    word: int
    rest: bytes

    @classmethod
    def from_bytes(cls, data: bytes) -> "Upload":
        """Decode; raise FrameError on nothing at all."""
        if not data:
            raise FrameError("no word: nothing at all", data)
        return cls(data[0], data[1:])

    def __bytes__(self) -> bytes:
        return bytes((self.word,)) + self.rest

    @property
    def answer(self) -> bytes | None:
        """What an ADE wants to hear: its own challenge, for it has no password; None on other words."""
        if self.word != CHALLENGE or len(self.rest) < CHALLENGE_SIZE:
            return None
        return bytes((ANSWER,)) + self.rest[:CHALLENGE_SIZE]


Frame = Weighing | Body | Upload


def matches(advertisement: Advertisement) -> bool:
    """Tell whether this is such a scale, by its service or by the name its maker gives it."""
    is_offered = not {SERVICE, ADE_SERVICE}.isdisjoint(advertisement.services)
    return is_offered or _NAME.fullmatch(advertisement.name) is not None


def decoder() -> Decoder[Frame]:
    """Return the decoder: each notification is a frame of its own."""
    return WholeFrames[Frame](
        {
            WEIGHT: Weighing.from_bytes,
            ADE_WEIGHT: Weighing.from_bytes,
            BODY: Body.from_bytes,
            UPLOAD: Upload.from_bytes,
        }
    )


async def session(link: Link, visitor: Visitor) -> AsyncIterator[Frame | FrameError | DeviceIdentity]:
    """Subscribe, set the clock, answer a challenge, and pass on what the scale then tells."""
    yield await identify(link)
    for char in (UPLOAD, BODY, WEIGHT, ADE_WEIGHT):
        if link.has(char):
            await link.subscribe(char)
    if visitor.wall_clock is not None:
        await _order(link, clock_order(visitor.wall_clock))
    async for said in listen(link, decoder(), silence_s=SILENCE_S):
        if not isinstance(said, Upload):
            yield said
        elif said.answer is not None:
            await _order(link, said.answer)
            await _order(link, bytes((MAY_HANG_UP,)))


def clock_order(wall_clock: datetime) -> bytes:
    """Return what sets the clock: seconds since 2010, the epoch of every vendor's app that we know of."""
    seconds = int((wall_clock - VENDOR_EPOCH).total_seconds())
    return bytes((SET_CLOCK,)) + seconds.to_bytes(4, "little")


def moment_of(clock_s: int) -> datetime:
    """Return the wall clock behind a count of seconds, which says by its size from which year it counts.

    >>> moment_of(1453329006), moment_of(514992741)
    (datetime.datetime(2016, 1, 20, 22, 30, 6), datetime.datetime(2026, 4, 27, 13, 32, 21))
    """
    return (UNIX_EPOCH if clock_s >= UNIX_FROM_S else VENDOR_EPOCH) + timedelta(seconds=clock_s)


def readings(frame: Frame, heard: Heard) -> tuple[Reading, ...]:
    """Say what the frame means; weight and composition of one weighing share its time, and its user."""
    numbers: dict[Kind, float | None]
    if isinstance(frame, Weighing):
        numbers = {Kind.BODY_WEIGHT: frame.kg}
    elif isinstance(frame, Body):
        numbers = {Kind.BODY_FAT: frame.fat, Kind.MUSCLE_PERCENTAGE: frame.muscle}
    else:
        return ()
    moment = None if frame.clock_s is None else moment_of(frame.clock_s)
    return tuple(
        reading_of(kind, value, heard, device_time=moment, user_slot=frame.user)
        for kind, value in numbers.items()
        if value is not None and value > 0
    )


async def _order(link: Link, order: bytes) -> None:
    with suppress(LinkError):  # what has arrived is handed out first; a lost link then says so again
        await link.write(ORDERS, order)


def _flags(cursor: Cursor, known: int) -> int:
    flags = cursor.take_uint(1)
    if flags & ~known:
        raise ValueError(f"flags {flags:#04x} that nobody has written down")
    return flags


def _trailing(cursor: Cursor) -> bytes:
    trailing = cursor.rest()
    if any(trailing) or len(trailing) > TRAILING_MAX:
        raise ValueError(f"{len(trailing)} octets more than its flags announce")
    return trailing


def _octets(number: int | None, size: int) -> bytes:
    return b"" if number is None else number.to_bytes(size, "little")


DRIVER: Driver[Frame] = Driver(
    id="medisana_a3",
    title="Medisana BS410/430/440/444, Trisa and ADE BA1600 scales",
    tier="captured",
    kinds=(Kind.BODY_WEIGHT, Kind.BODY_FAT, Kind.MUSCLE_PERCENTAGE),
    matches=matches,
    session=session,
    readings=readings,
    decoder=decoder,
    speaks=(WEIGHT, ADE_WEIGHT, BODY, UPLOAD),
    vectors=("Medisana BS440", "ADE BA1600"),
    quirks=(
        "It counts on from whatever it was told, 1970 or 2010: a number says by its size which it is.",
        "We tell it seconds since 2010 by the home's own clock; what another app told in UTC seems an hour "
        "or two older.",
        "A BS444 may give the first weighing after a pause a date near the one before it.",
        "Fat and muscle are guesses of the scale's own: it makes them from resistances, in no known unit.",
        "A Trisa that was paired with a password wants it again: such a one tells us nothing.",
        "Without a clock of our own we never set its clock, and it may then keep silent.",
    ),
)
