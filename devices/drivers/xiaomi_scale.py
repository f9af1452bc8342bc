"""Xiaomi Mi Smart Scale and Mi Body Composition Scale (XMTZC01/04, 02/05): they broadcast their weight."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from devices.codecs.cursor import Cursor
from devices.codecs.gatt_time import SIZE as DATE_TIME_SIZE
from devices.codecs.gatt_time import decode_date_time, encode_date_time
from devices.decoder import WholeFrames
from devices.driver import Advertisement, Decoder, Driver, FrameError, Told, uuid16
from devices.kinds import Kind
from devices.readings import Heard, Reading, reading_of

WEIGHT_DATA = uuid16(0x181D)
BODY_DATA = uuid16(0x181B)
"""Service data of the first and of the second generation; both borrow a service of the SIG's."""

WEIGHING_SIZE, BODY_SIZE = 10, 13

IMPEDANCE_OHM_MAX = 3000
"""A foot on dry plates; 0xFFFE and 0xFFFF mean "not measured" (public code, all of it draws this line)."""

Unit = Literal["kg", "lb", "jin"]

_LB, _JIN, _STABLE, _REMOVED = 1 << 0, 1 << 4, 1 << 5, 1 << 7
_OBJECT = 1 << 6
_SIGNS = _LB | _JIN | _STABLE | _REMOVED | _OBJECT

_BODY_LB, _BODY_OBJECT = 1 << 0, 1 << 2
_BODY_IMPEDANCE, _BODY_STABLE, _BODY_JIN, _BODY_REMOVED = 1 << 9, 1 << 13, 1 << 14, 1 << 15
_BODY_SIGNS = _BODY_LB | _BODY_OBJECT | _BODY_IMPEDANCE | _BODY_STABLE | _BODY_JIN | _BODY_REMOVED


@dataclass(frozen=True, slots=True)
class Weighing:
    """What the first generation calls: a weight in the scale's own steps, and what became of it.

    `steps` are 5 g (kg), 0.01 lb or 0.01 jin. `device_time` is None where the scale has no date;
    `other_bits` are those whose meaning nobody has written down.
    """

    steps: int
    unit: Unit = "kg"
    is_stable: bool = True
    is_removed: bool = False
    is_object: bool = False
    device_time: datetime | None = None
    other_bits: int = 2  # set in every frame that was ever captured

    @classmethod
    def from_bytes(cls, data: bytes) -> "Weighing":
        """Decode; raise FrameError on anything else than one whole frame."""
        try:
            cursor = Cursor(data)
            bits, steps = cursor.take_uint(1), cursor.take_uint(2)
            moment = decode_date_time(cursor.take(DATE_TIME_SIZE))
            _end(cursor)
            unit = _unit(bits & _LB, bits & _JIN)
        except ValueError as error:
            raise FrameError(f"no weighing: {error}", data) from error
        return cls(
            steps,
            unit,
            is_stable=bool(bits & _STABLE),
            is_removed=bool(bits & _REMOVED),
            is_object=bool(bits & _OBJECT),
            device_time=moment,
            other_bits=bits & ~_SIGNS,
        )

    def __bytes__(self) -> bytes:
        bits = self.other_bits | _LB * (self.unit == "lb") | _JIN * (self.unit == "jin")
        bits |= _STABLE * self.is_stable | _REMOVED * self.is_removed | _OBJECT * self.is_object
        return bytes((bits,)) + self.steps.to_bytes(2, "little") + encode_date_time(self.device_time)

    @property
    def kg(self) -> float:
        """The number on the display, a person's or not, settled or not."""
        return _kg(self.steps, self.unit)

    @property
    def ohm(self) -> int | None:
        """The first generation has no plates to measure this with."""
        return None


@dataclass(frozen=True, slots=True)
class BodyWeighing:
    """What the second generation calls: the same, and what the body resists, in ohm.

    The impedance comes some seconds after the weight has settled, with the same `device_time`.
    """

    steps: int
    unit: Unit = "kg"
    is_stable: bool = True
    is_removed: bool = False
    is_object: bool = False
    has_impedance: bool = False
    device_time: datetime | None = None
    impedance: int = 0
    other_bits: int = 2 | 1 << 10  # set in most frames that were ever captured

    @classmethod
    def from_bytes(cls, data: bytes) -> "BodyWeighing":
        """Decode; raise FrameError on anything else than one whole frame."""
        try:
            cursor = Cursor(data)
            bits = cursor.take_uint(2)
            moment = decode_date_time(cursor.take(DATE_TIME_SIZE))
            impedance, steps = cursor.take_uint(2), cursor.take_uint(2)
            _end(cursor)
            unit = _unit(bits & _BODY_LB, bits & _BODY_JIN)
        except ValueError as error:
            raise FrameError(f"no weighing: {error}", data) from error
        return cls(
            steps,
            unit,
            is_stable=bool(bits & _BODY_STABLE),
            is_removed=bool(bits & _BODY_REMOVED),
            is_object=bool(bits & _BODY_OBJECT),
            has_impedance=bool(bits & _BODY_IMPEDANCE),
            device_time=moment,
            impedance=impedance,
            other_bits=bits & ~_BODY_SIGNS,
        )

    def __bytes__(self) -> bytes:
        bits = self.other_bits | _BODY_LB * (self.unit == "lb") | _BODY_JIN * (self.unit == "jin")
        bits |= _BODY_STABLE * self.is_stable | _BODY_REMOVED * self.is_removed
        bits |= _BODY_OBJECT * self.is_object | _BODY_IMPEDANCE * self.has_impedance
        moment = encode_date_time(self.device_time)
        numbers = self.impedance.to_bytes(2, "little") + self.steps.to_bytes(2, "little")
        return bits.to_bytes(2, "little") + moment + numbers

    @property
    def kg(self) -> float:
        """The number on the display, a person's or not, settled or not."""
        return _kg(self.steps, self.unit)

    @property
    def ohm(self) -> int | None:
        """What the body resists, or None where it wasn't measured: socks, shoes, or not yet."""
        return self.impedance if self.has_impedance and 0 < self.impedance < IMPEDANCE_OHM_MAX else None


Frame = Weighing | BodyWeighing

_LAYOUTS: dict[str, tuple[int, type[Weighing] | type[BodyWeighing]]] = {
    WEIGHT_DATA: (WEIGHING_SIZE, Weighing),
    BODY_DATA: (BODY_SIZE, BodyWeighing),
}


def matches(advertisement: Advertisement) -> bool:
    """Tell whether this is a scale that calls its weight; one that only offers the service is none."""
    said = advertisement.service_data
    return any(len(said.get(service, b"")) == size for service, (size, _) in _LAYOUTS.items())


def overhear(advertisement: Advertisement, _told: Told) -> Frame | FrameError | None:
    """Return the weighing in an advertisement."""
    for service, (_, layout) in _LAYOUTS.items():
        if (data := advertisement.service_data.get(service)) is not None:
            try:
                return layout.from_bytes(data)
            except FrameError as error:
                return error
    return None


def decoder() -> Decoder[Frame]:
    """Return a decoder that takes nothing: this device offers no characteristic that we would read."""
    return WholeFrames({})


def readings(frame: Frame, heard: Heard) -> tuple[Reading, ...]:
    """Say what the frame means: a settled weight of a person who still stands there.

    One without a date means nothing: the same call, repeated for hours, would be a new fact each time.
    """
    is_final = frame.is_stable and not frame.is_removed and not frame.is_object
    if not is_final or not frame.steps or frame.device_time is None:
        return ()
    numbers: dict[Kind, float | None] = {Kind.BODY_WEIGHT: frame.kg, Kind.IMPEDANCE: frame.ohm}
    return tuple(
        reading_of(kind, float(value), heard, device_time=frame.device_time)
        for kind, value in numbers.items()
        if value is not None
    )


def _unit(is_lb: int, is_jin: int) -> Unit:
    if is_lb and is_jin:
        raise ValueError("pounds and jin at once")
    return "lb" if is_lb else "jin" if is_jin else "kg"


def _kg(steps: int, unit: Unit) -> float:
    """A jin is half a kilogram: 0.01 of it are 5 g too. Pounds are rounded to the 10 g that they tell."""
    return round(steps * 45_359_237 / 10**10, 2) if unit == "lb" else steps * 5 / 1000


def _end(cursor: Cursor) -> None:
    if left := cursor.rest():
        raise ValueError(f"{len(left)} octets too many")


DRIVER: Driver[Frame] = Driver(
    id="xiaomi_scale",
    title="Xiaomi Mi Smart Scale and Mi Body Composition Scale",
    tier="captured",
    kinds=(Kind.BODY_WEIGHT, Kind.IMPEDANCE),
    matches=matches,
    overhear=overhear,
    readings=readings,
    decoder=decoder,
    vectors=(
        "Xiaomi Mi Scale v1",
        "Xiaomi Mi Body Composition Scale 2",
        "Xiaomi Mi Scale reset",
    ),
    quirks=(
        "It is overheard, never connected to; its memory and its clock are left alone.",
        "Its clock may stand in 1970 until the vendor's app sets it: the time is then our own.",
        "It tells nobody who stood on it: whoever does is taken for the patient.",
        "A weight that it calls an object's (a suitcase) stays in the frame.",
        "No real frame with a settled weight of the second generation is known; one that is moving is.",
    ),
)
