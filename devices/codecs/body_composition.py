"""The Body Composition Measurement of the Bluetooth SIG (0x2A9C), its parts, and its features (0x2A9B)."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Self, TypeVar

from devices.codecs.cursor import Cursor
from devices.codecs.gatt_time import SIZE as DATE_TIME_SIZE
from devices.codecs.gatt_time import decode_date_time, encode_date_time
from devices.codecs.weight import (
    FEATURES_SIZE,
    UNSUCCESSFUL,
    feature_bits,
    feature_steps,
    mass_kg,
    steps_bits,
    take_trailing,
)

FIELDS = (
    "basal_kj", "muscle_percent", "muscle_mass", "fat_free_mass", "soft_lean_mass", "water_mass",
    "impedance_ohm", "weight", "height",
)  # fmt: skip
"""The fields that a frame may leave out, in their order; the first has flag 3."""

_FIRST_FLAG, _PART_FLAG = 3, 12
_FLAGS = (1 << 13) - 1

_MASSES = {"muscle_mass", "fat_free_mass", "soft_lean_mass", "water_mass", "weight"}
_STEPS_PER_UNIT = {"basal_kj": 1, "height": 1000}
_STEPS_PER_IMPERIAL_UNIT = {"basal_kj": 1} | dict.fromkeys(_MASSES, 100)
PERCENT_MAX = 100.0

CompositionT = TypeVar("CompositionT", bound="Composition")


@dataclass(frozen=True, slots=True)
class Composition:
    """What a scale makes of a body: masses in kg and height in m, or lb and inch where it `is_imperial`.

    None stands where it left a field out; a fat of None says that the measurement was unsuccessful.
    `is_part` marks one of several packets that tell one measurement.
    """

    fat_percent: float | None
    is_imperial: bool = False
    device_time: datetime | None = None
    user: int | None = None
    basal_kj: float | None = None
    muscle_percent: float | None = None
    muscle_mass: float | None = None
    fat_free_mass: float | None = None
    soft_lean_mass: float | None = None
    water_mass: float | None = None
    impedance_ohm: float | None = None
    weight: float | None = None
    height: float | None = None
    is_part: bool = False
    trailing: bytes = b""

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Decode; raise ValueError on anything else than one whole frame, trailing octets apart."""
        cursor = Cursor(data)
        flags, fat = _flags(cursor), cursor.take_uint(2)
        is_imperial = bool(flags & 1)
        moment = decode_date_time(cursor.take(DATE_TIME_SIZE)) if flags & 2 else None
        user = cursor.take_uint(1) if flags & 4 else None
        told = [name for at, name in enumerate(FIELDS, _FIRST_FLAG) if flags >> at & 1]
        return cls(
            None if fat == UNSUCCESSFUL else fat / 10,
            is_imperial,
            moment,
            user,
            **{name: cursor.take_uint(2) / _per_unit(name, is_imperial) for name in told},
            is_part=bool(flags >> _PART_FLAG & 1),
            trailing=take_trailing(cursor),
        )

    def __bytes__(self) -> bytes:
        moment = b"" if self.device_time is None else encode_date_time(self.device_time)
        user = b"" if self.user is None else self.user.to_bytes(1, "little")
        flags = self.is_imperial | bool(moment) << 1 | bool(user) << 2 | self.is_part << _PART_FLAG
        flags |= sum(1 << at for at, name in enumerate(FIELDS, _FIRST_FLAG) if name in self.told)
        fields = b"".join(self._steps(name).to_bytes(2, "little") for name in FIELDS if name in self.told)
        fat = UNSUCCESSFUL if self.fat_percent is None else round(self.fat_percent * 10)
        return (
            flags.to_bytes(2, "little") + fat.to_bytes(2, "little") + moment + user + fields + self.trailing
        )

    @property
    def told(self) -> frozenset[str]:
        """The names of the fields that it brings, fat apart, which is always there."""
        return frozenset(name for name in FIELDS if getattr(self, name) is not None)

    def number(self, name: str) -> float | None:
        """Return a field in percent, kg or Ohm, or None where nothing was measured.

        Scales send stubs filled with zeros for their history. A frame with octets behind it is not
        what its flags say: in the one that was captured the impedance was right, and the fat wrong.
        """
        value: float | None = getattr(self, name)
        if value is None or self.fat_percent is None or (self.trailing and name != "impedance_ohm"):
            return None
        if name in _MASSES:
            return mass_kg(self._steps(name), is_imperial=self.is_imperial)
        is_too_much = name.endswith("_percent") and value > PERCENT_MAX
        return None if is_too_much or self._steps(name) in (0, UNSUCCESSFUL) else value

    def _steps(self, name: str) -> int:
        value: float = getattr(self, name)
        return round(value * _per_unit(name, self.is_imperial))


@dataclass(slots=True)
class Joiner:
    """Gives the later parts of a measurement what only the first one says: when, who, and the fat.

    Nothing is held back for a part that may never come, and nothing is kept but the first part.
    """

    _first: Composition | None = None
    _told: frozenset[str] = field(default_factory=frozenset)
    _is_torn: bool = False

    def lose(self) -> None:
        """Note that something came which nobody understood: perhaps a first part."""
        self._is_torn = True

    def join(self, said: CompositionT) -> CompositionT:
        """Return what was said, complete; raise ValueError for the rest of a part that was lost."""
        first, is_torn, self._is_torn = self._first, self._is_torn, False
        if first is not None and self._is_rest(said, first):
            self._told |= said.told
            timed = replace(said, device_time=first.device_time, user=first.user)
            return replace(timed, fat_percent=first.fat_percent)
        if said.is_part and _is_anonymous(said) and (is_torn or (first and not _is_anonymous(first))):
            raise ValueError("the rest of a measurement whose first part was not understood")
        self._first, self._told = (said, said.told) if said.is_part else (None, frozenset())
        return said

    def _is_rest(self, said: Composition, first: Composition) -> bool:
        return (
            said.is_part
            and said.is_imperial == first.is_imperial
            and said.device_time in (None, first.device_time)
            and said.user in (None, first.user)
            and self._told.isdisjoint(said.told)
        )


@dataclass(frozen=True, slots=True)
class CompositionFeatures:
    """What a scale says it can tell of a body; its steps are those of its display."""

    has_clock: bool
    has_users: bool
    tells: tuple[str, ...]
    step_kg: float | None
    height_step_m: float | None

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Decode; raise ValueError where this is no list of features."""
        bits = feature_bits(data)
        tells = tuple(name for at, name in enumerate(FIELDS, 2) if bits >> at & 1)
        return cls(bool(bits & 1), bool(bits & 2), tells, *feature_steps(bits >> 11))

    def __bytes__(self) -> bytes:
        bits = self.has_clock | self.has_users << 1
        bits |= sum(1 << at for at, name in enumerate(FIELDS, 2) if name in self.tells)
        return (bits | steps_bits(self.step_kg, self.height_step_m) << 11).to_bytes(FEATURES_SIZE, "little")


def _is_anonymous(said: Composition) -> bool:
    return said.device_time is None and said.user is None


def _per_unit(name: str, is_imperial: bool) -> int:
    """Masses have steps of 5 g or 0.01 lb, a height of 1 mm or 0.1 inch, the rest of 0.1."""
    if is_imperial:
        return _STEPS_PER_IMPERIAL_UNIT.get(name, 10)
    return 200 if name in _MASSES else _STEPS_PER_UNIT.get(name, 10)


def _flags(cursor: Cursor) -> int:
    flags = cursor.take_uint(2)
    if flags & ~_FLAGS:
        raise ValueError(f"flags {flags:#06x} that nobody has defined")
    return flags
