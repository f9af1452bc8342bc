"""Xiaomi Body Composition Scale S400 (MJTZC01YM) and Smart Scale S200 (MJTZC02YM): encrypted broadcasts."""

from dataclasses import dataclass
from datetime import datetime

from devices.codecs.cursor import Cursor
from devices.codecs.mibeacon import HEAD_SIZE, Beacon
from devices.decoder import WholeFrames
from devices.driver import Advertisement, Decoder, Driver, FrameError, Told, uuid16
from devices.kinds import Kind
from devices.readings import Heard, Reading, reading_of

SERVICE = uuid16(0xFE95)
"""Every device of Xiaomi's calls under this one: the product says which it is."""

UUID_OCTETS = b"\x95\xfe"
"""The service's own UUID, which some recordings keep before its data; no beacon begins so."""

S400_PRODUCTS = frozenset({0x30D9, 0x3BD5, 0x48CF})
S200_PRODUCTS = frozenset({0x45C9, 0x4C04, 0x4DCB})
PRODUCTS = S400_PRODUCTS | S200_PRODUCTS
"""Colours and markets of the two. The S400 Pro (0x4B05) packs its numbers otherwise, and nobody knows how."""

COMPOSITION, WEIGHT = 0x6E16, 0x4E16

NO_KEY = (
    "no bind key told: set bind_key_file for this device, with the key of 32 hexadecimal digits that "
    "the vendor's cloud keeps for it"
)

_BODY_SIZE = 9
_PULSE_BASE, _PULSE_WORDS = 50, (0, 0x7F)
"""The pulse stands as what is more than 50; these two say that there is none."""


@dataclass(frozen=True, slots=True)
class Composition:
    """What an S400 says once it is decrypted; None where this call doesn't tell it.

    One weighing is two calls: the weight with one impedance, then another impedance alone, taken
    at the other of two frequencies (50 and 250 kHz). Nobody agrees which of them is which.
    """

    profile: int
    unix_s: int
    kg: float | None = None
    ohm: float | None = None
    pulse_per_min: int | None = None

    @classmethod
    def from_bytes(cls, data: bytes) -> "Composition":
        """Decode a decrypted object; raise FrameError on anything else than one whole."""
        profile, packed, unix_s = _parts(data, COMPOSITION)
        hectograms, pulse, deciohms = packed & 0x7FF, packed >> 11 & 0x7F, packed >> 18
        return cls(
            profile,
            unix_s,
            hectograms / 10 or None,
            deciohms / 10 or None,
            None if pulse in _PULSE_WORDS else pulse + _PULSE_BASE,
        )

    def __bytes__(self) -> bytes:
        pulse = 0 if self.pulse_per_min is None else self.pulse_per_min - _PULSE_BASE
        packed = round((self.kg or 0) * 10) | pulse << 11 | round((self.ohm or 0) * 10) << 18
        return _object(COMPOSITION, self.profile, packed, self.unix_s)


@dataclass(frozen=True, slots=True)
class Weight:
    """What an S200 says once it is decrypted; `rest` has been 0 in every call that we know of."""

    profile: int
    unix_s: int
    kg: float | None = None
    rest: int = 0

    @classmethod
    def from_bytes(cls, data: bytes) -> "Weight":
        """Decode a decrypted object; raise FrameError on anything else than one whole."""
        profile, packed, unix_s = _parts(data, WEIGHT)
        return cls(profile, unix_s, (packed & 0xFFFF) / 100 or None, packed >> 16)

    def __bytes__(self) -> bytes:
        return _object(WEIGHT, self.profile, round((self.kg or 0) * 100) | self.rest << 16, self.unix_s)


Frame = Composition | Weight

_LAYOUTS: dict[int, type[Composition] | type[Weight]] = {COMPOSITION: Composition, WEIGHT: Weight}


def matches(advertisement: Advertisement) -> bool:
    """Tell whether this is one of these scales, by the product that each of their calls begins with."""
    data = advertisement.service_data.get(SERVICE, b"")
    return len(data) > HEAD_SIZE and int.from_bytes(data[2:HEAD_SIZE], "little") in PRODUCTS


def overhear(advertisement: Advertisement, told: Told) -> Frame | FrameError | None:
    """Return the weighing in an advertisement, or what a person must do so that it can be read.

    Such an error carries the head only: the rest is another with each call, and one missing key
    would fill the log with hundreds of faults.
    """
    data = advertisement.service_data.get(SERVICE, b"").removeprefix(UUID_OCTETS)
    try:
        beacon = Beacon.from_bytes(data)
        if not beacon.has_object:
            return None
        if not beacon.is_encrypted:
            return _decoded(beacon.payload)
        if told.bind_key is None:
            return FrameError(NO_KEY, data[:HEAD_SIZE])
        return _decoded(beacon.opened(told.bind_key, advertisement.address))
    except FrameError as error:
        return error
    except ValueError as error:
        return FrameError(f"no call of a scale: {error}", data[:HEAD_SIZE])


def decoder() -> Decoder[Frame]:
    """Return a decoder that takes nothing: this device is never connected to."""
    return WholeFrames({})


def readings(frame: Frame, heard: Heard) -> tuple[Reading, ...]:
    """Say what the frame means.

    An impedance without a weight is of the other frequency: in one series with the first it would
    look like a body that loses and gains a tenth of its water at each weighing.
    """
    if frame.kg is None:
        return ()
    utc_known = datetime.fromtimestamp(frame.unix_s, heard.timezone)
    numbers = {Kind.BODY_WEIGHT: frame.kg}
    if isinstance(frame, Composition) and frame.ohm is not None:
        numbers[Kind.IMPEDANCE] = frame.ohm
    return tuple(
        reading_of(kind, value, heard, device_time=utc_known.replace(tzinfo=None), user_slot=frame.profile)
        for kind, value in numbers.items()
    )


def _decoded(said: bytes) -> Frame | FrameError | None:
    """These scales say other things too (battery, a person who steps off): not for us."""
    layout = _LAYOUTS.get(int.from_bytes(said[:2], "little"))
    return None if layout is None else layout.from_bytes(said)


def _parts(data: bytes, kind: int) -> tuple[int, int, int]:
    try:
        cursor = Cursor(data)
        found, size = cursor.take_uint(2), cursor.take_uint(1)
        body = cursor.rest()
        if (found, size, len(body)) != (kind, _BODY_SIZE, _BODY_SIZE):
            raise ValueError(f"object {found:#06x} of {len(body)} octets")
    except ValueError as error:
        raise FrameError(f"no weighing: {error}", data) from error
    return body[0], int.from_bytes(body[1:5], "little"), int.from_bytes(body[5:], "little")


def _object(kind: int, profile: int, packed: int, unix_s: int) -> bytes:
    body = bytes((profile,)) + packed.to_bytes(4, "little") + unix_s.to_bytes(4, "little")
    return kind.to_bytes(2, "little") + bytes((len(body),)) + body


DRIVER: Driver[Frame] = Driver(
    id="xiaomi_s400",
    title="Xiaomi Body Composition Scale S400 and Smart Scale S200",
    tier="captured",
    kinds=(Kind.BODY_WEIGHT, Kind.IMPEDANCE),
    matches=matches,
    overhear=overhear,
    readings=readings,
    decoder=decoder,
    vectors=("Xiaomi S400 (MJTZC01YM)", "Xiaomi S200 (MJTZC02YM)"),
    quirks=(
        "It is overheard, never connected to, and takes the bind key that the vendor's cloud keeps.",
        "The person's profile on it is the user slot: without the patient's own, nothing is judged.",
        "It tells two impedances at 50 and 250 kHz, and public code disagrees which of them comes with "
        "the weight: that one is told, the other stays in the frame.",
        "Its pulse is felt through the feet: it stays in the frame, and no oximeter's series gets it.",
        "The S400 Pro (MJTZC03YM) is a stranger: its weight is known to come out wrong.",
    ),
)
