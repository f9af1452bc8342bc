"""The Weight Measurement of the Bluetooth SIG (0x2A9D), and what a scale says it can do (0x2A9E)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from devices.codecs.cursor import Cursor
from devices.codecs.gatt_time import SIZE as DATE_TIME_SIZE
from devices.codecs.gatt_time import decode_date_time, encode_date_time

UNSUCCESSFUL = 0xFFFF
UNKNOWN_USER = 255

TRAILING_MAX = 16
"""Octets that some scales add behind a whole frame; more is another frame than this."""

FEATURES_SIZE = 4

_FLAGS = 0b0000_1111

MASS_STEPS_KG = (None, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005)
HEIGHT_STEPS_M = (None, 0.01, 0.005, 0.001)
"""What a display may show; on the air the step is always the finest."""


def mass_kg(steps: int, *, is_imperial: bool) -> float | None:
    """Return a mass of so many steps, or None where there is none.

    Pounds are rounded to 10 g: the nearest whole figure that is no finer than the scale's own
    step of 4.5 g would make believe.

    >>> mass_kg(15000, is_imperial=False), mass_kg(15000, is_imperial=True), mass_kg(0, is_imperial=False)
    (75.0, 68.04, None)
    """
    if steps in (0, UNSUCCESSFUL):  # 0 is the empty stub that some scales send for their history
        return None
    return round(steps * 45_359_237 / 10**10, 2) if is_imperial else steps * 5 / 1000


def take_trailing(cursor: Cursor) -> bytes:
    """Return what stands behind a whole frame; raise ValueError where it is too much to be an addition."""
    trailing = cursor.rest()
    if len(trailing) > TRAILING_MAX:
        raise ValueError(f"{len(trailing)} octets more than its flags announce")
    return trailing


@dataclass(frozen=True, slots=True)
class Weighing:
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
    def from_bytes(cls, data: bytes) -> Self:
        """Decode; raise ValueError on anything else than one whole frame, trailing octets apart."""
        cursor = Cursor(data)
        flags, steps = _flags(cursor), cursor.take_uint(2)
        moment = decode_date_time(cursor.take(DATE_TIME_SIZE)) if flags & 2 else None
        user = cursor.take_uint(1) if flags & 4 else None
        body = (cursor.take_uint(2), cursor.take_uint(2)) if flags & 8 else None
        trailing = take_trailing(cursor)
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
        """The weight, or None where there is none."""
        return None if self.steps is None else mass_kg(self.steps, is_imperial=self.is_imperial)

    @property
    def bmi(self) -> float | None:
        """The body mass index that the scale has worked out, or None; without a weight there is none."""
        steps = self.bmi_and_height[0] if self.bmi_and_height and self.kg else 0
        return None if steps in (0, UNSUCCESSFUL) else steps / 10


@dataclass(frozen=True, slots=True)
class ScaleFeatures:
    """What a scale says it can do; its steps are those of its display, None where it leaves them open.

    >>> ScaleFeatures.from_bytes(bytes.fromhex("bf010000"))
    ScaleFeatures(has_clock=True, has_users=True, has_bmi=True, step_kg=0.005, height_step_m=0.001)
    """

    has_clock: bool
    has_users: bool
    has_bmi: bool
    step_kg: float | None
    height_step_m: float | None

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Decode; raise ValueError where this is no list of features."""
        bits = feature_bits(data)
        step, height_step = feature_steps(bits >> 3)
        return cls(bool(bits & 1), bool(bits & 2), bool(bits & 4), step, height_step)

    def __bytes__(self) -> bytes:
        bits = self.has_clock | self.has_users << 1 | self.has_bmi << 2
        return (bits | steps_bits(self.step_kg, self.height_step_m) << 3).to_bytes(FEATURES_SIZE, "little")


def feature_bits(data: bytes) -> int:
    """Return the bits of a list of features."""
    if len(data) != FEATURES_SIZE:
        raise ValueError(f"{len(data)} octets instead of {FEATURES_SIZE} for a scale's features")
    return int.from_bytes(data, "little")


def feature_steps(bits: int) -> tuple[float | None, float | None]:
    """Return the display's steps, mass and height; what nobody has defined stays open."""
    mass, height = bits & 0b1111, bits >> 4 & 0b111
    return (
        MASS_STEPS_KG[mass] if mass < len(MASS_STEPS_KG) else None,
        HEIGHT_STEPS_M[height] if height < len(HEIGHT_STEPS_M) else None,
    )


def steps_bits(step_kg: float | None, height_step_m: float | None) -> int:
    """Return the display's steps as a list of features has them."""
    return MASS_STEPS_KG.index(step_kg) | HEIGHT_STEPS_M.index(height_step_m) << 4


def _flags(cursor: Cursor) -> int:
    flags = cursor.take_uint(1)
    if flags & ~_FLAGS:
        raise ValueError(f"flags {flags:#04x} that nobody has defined")
    return flags
