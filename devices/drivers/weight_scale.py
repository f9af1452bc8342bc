"""Weight scales of the Bluetooth SIG (service 0x181D, Weight Scale Service 1.0)."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from devices.codecs.cursor import Cursor
from devices.codecs.gatt_time import SIZE as DATE_TIME_SIZE
from devices.codecs.gatt_time import decode_date_time, encode_date_time
from devices.decoder import WholeFrames, listen
from devices.device_information import identify
from devices.driver import Advertisement, Decoder, Driver, FrameError, Link, Visitor, uuid16
from devices.identity import DeviceIdentity
from devices.kinds import Kind
from devices.readings import Heard, Quality, Reading, reading_of

SERVICE = uuid16(0x181D)
WEIGHT = uuid16(0x2A9D)

SILENCE_S = 20.0
"""A scale needs some ten seconds to settle under a person. Chosen, not measured."""

UNSUCCESSFUL = 0xFFFF
UNKNOWN_USER = 255

TRAILING_MAX = 16
"""Octets that some scales add behind a whole frame; more is another frame than this."""

_FLAGS = 0b0000_1111


@dataclass(frozen=True, slots=True)
class Frame:
    """One weighing, in the scale's own steps: 5 g, or 0.01 lb where it `is_imperial`.

    `bmi_and_height` stands in steps of 0.1 and of 1 mm or 0.1 inch.
    """

    steps: int | None
    is_imperial: bool = False
    device_time: datetime | None = None
    user: int | None = None
    bmi_and_height: tuple[int, int] | None = None
    trailing: bytes = b""

    @classmethod
    def from_bytes(cls, data: bytes) -> "Frame":
        """Decode; raise FrameError on anything else than one whole frame, trailing octets apart."""
        try:
            cursor = Cursor(data)
            flags, steps = _flags(cursor), cursor.take_uint(2)
            moment = decode_date_time(cursor.take(DATE_TIME_SIZE)) if flags & 2 else None
            user = cursor.take_uint(1) if flags & 4 else None
            body = (cursor.take_uint(2), cursor.take_uint(2)) if flags & 8 else None
            trailing = _trailing(cursor)
        except ValueError as error:
            raise FrameError(f"no weighing: {error}", data) from error
        return cls(None if steps == UNSUCCESSFUL else steps, bool(flags & 1), moment, user, body, trailing)

    def __bytes__(self) -> bytes:
        moment = b"" if self.device_time is None else encode_date_time(self.device_time)
        user = b"" if self.user is None else self.user.to_bytes(1, "little")
        body = b"".join(number.to_bytes(2, "little") for number in self.bmi_and_height or ())
        flags = self.is_imperial | bool(moment) << 1 | bool(user) << 2 | bool(body) << 3
        steps = UNSUCCESSFUL if self.steps is None else self.steps
        return bytes((flags,)) + steps.to_bytes(2, "little") + moment + user + body + self.trailing

    @property
    def kg(self) -> float | None:
        """The weight, or None where there is none.

        Pounds are rounded to 10 g: the nearest whole figure that is no finer than the scale's
        own step of 4.5 g would make believe.
        """
        if not self.steps:  # unsuccessful, or the empty stub that some scales send for their history
            return None
        if self.is_imperial:
            return round(self.steps * 45_359_237 / 10**10, 2)
        return self.steps * 5 / 1000


def matches(advertisement: Advertisement) -> bool:
    """Tell whether this is a scale to connect to; one that broadcasts its weight (Xiaomi) is none."""
    return SERVICE in advertisement.services and SERVICE not in advertisement.service_data


def decoder() -> Decoder[Frame]:
    """Return the decoder: each notification is a frame of its own."""
    return WholeFrames({WEIGHT: Frame.from_bytes})


async def session(link: Link, _visitor: Visitor) -> AsyncIterator[Frame | FrameError | DeviceIdentity]:
    """Subscribe, then pass on frames until the scale falls silent."""
    yield await identify(link)
    await link.subscribe(WEIGHT)
    async for said in listen(link, decoder(), silence_s=SILENCE_S):
        yield said


def readings(frame: Frame, heard: Heard) -> tuple[Reading, ...]:
    """Say what the frame means; a frame without a weight means nothing."""
    if frame.kg is None:
        return ()
    is_stranger = frame.user == UNKNOWN_USER
    reading = reading_of(
        Kind.BODY_WEIGHT,
        frame.kg,
        heard,
        device_time=frame.device_time,
        quality=(Quality.UNKNOWN_USER,) if is_stranger else (),
        user_slot=None if is_stranger else frame.user,
    )
    return (reading,)


def _flags(cursor: Cursor) -> int:
    flags = cursor.take_uint(1)
    if flags & ~_FLAGS:
        raise ValueError(f"flags {flags:#04x} that nobody has defined")
    return flags


def _trailing(cursor: Cursor) -> bytes:
    trailing = cursor.rest()
    if len(trailing) > TRAILING_MAX:
        raise ValueError(f"{len(trailing)} octets more than its flags announce")
    return trailing


DRIVER: Driver[Frame] = Driver(
    id="weight_scale",
    title="Weight scale (Bluetooth standard)",
    tier="specified",
    kinds=(Kind.BODY_WEIGHT,),
    matches=matches,
    session=session,
    readings=readings,
    decoder=decoder,
    speaks=(WEIGHT,),
    vectors=("SIG Weight Scale",),
    quirks=(
        "Renpho ES-WBE28 counts 50 g where the specification says 5 g: it would weigh a tenth.",
        "Beurer scales tell nothing before a user has consented, which this driver can't ask for yet.",
        "Some scales (A&D) want their clock set within seconds, or they tell nothing: not done yet.",
        "Some scales add octets behind the frame: they are kept in the frame, and mean nothing.",
    ),
)
