"""What an observation of the Generic Health Sensor Service can say, class by class; bundles apart."""

from dataclasses import dataclass
from typing import ClassVar

from devices.codecs.cursor import Cursor
from devices.codecs.ieee11073 import decode_float, encode_float


@dataclass(frozen=True, slots=True)
class Numeric:
    """A number with its unit (an MDC code of the dimension partition); None where there is none."""

    CLASS: ClassVar[int] = 0x01
    unit: int
    number: float | None

    @classmethod
    def take(cls, cursor: Cursor) -> "Numeric":
        """Take one from a frame."""
        return cls(cursor.take_uint(2), take_float(cursor))

    def __bytes__(self) -> bytes:
        return uint(self.unit, 2) + encode_float(self.number)


@dataclass(frozen=True, slots=True)
class Discrete:
    """One of the things that nomenclature has a word for."""

    CLASS: ClassVar[int] = 0x02
    code: int

    @classmethod
    def take(cls, cursor: Cursor) -> "Discrete":
        """Take one from a frame."""
        return cls(cursor.take_uint(4))

    def __bytes__(self) -> bytes:
        return uint(self.code, 4)


@dataclass(frozen=True, slots=True)
class Text:
    """Words for people."""

    CLASS: ClassVar[int] = 0x03
    text: str

    @classmethod
    def take(cls, cursor: Cursor) -> "Text":
        """Take one from a frame."""
        return cls(cursor.take(cursor.take_uint(2)).decode())

    def __bytes__(self) -> bytes:
        words = self.text.encode()
        return uint(len(words), 2) + words


@dataclass(frozen=True, slots=True)
class Samples:
    """A curve: equally spaced samples of `octets_each`, to be multiplied by `scale` and moved by `offset`."""

    CLASS: ClassVar[int] = 0x04
    unit: int
    scale: float | None
    offset: float | None
    period_s: float | None
    per_period: int
    octets_each: int
    data: bytes

    @classmethod
    def take(cls, cursor: Cursor) -> "Samples":
        """Take one from a frame; what it claims to have is believed only when it is there."""
        unit, scale, offset, period_s = cursor.take_uint(2), *(take_float(cursor) for _ in range(3))
        per_period, octets_each, count = cursor.take_uint(1), cursor.take_uint(1), cursor.take_uint(4)
        if not octets_each:
            raise ValueError("samples of no octets")
        data = cursor.take(octets_each * count)
        return cls(unit, scale, offset, period_s, per_period, octets_each, data)

    def __bytes__(self) -> bytes:
        numbers = b"".join(map(encode_float, (self.scale, self.offset, self.period_s)))
        shape = bytes((self.per_period, self.octets_each)) + uint(len(self.data) // self.octets_each, 4)
        return uint(self.unit, 2) + numbers + shape + self.data


@dataclass(frozen=True, slots=True)
class Events:
    """Several things that are the case at once."""

    CLASS: ClassVar[int] = 0x05
    codes: tuple[int, ...]

    @classmethod
    def take(cls, cursor: Cursor) -> "Events":
        """Take one from a frame."""
        return cls(take_codes(cursor))

    def __bytes__(self) -> bytes:
        return codes_bytes(self.codes)


@dataclass(frozen=True, slots=True)
class States:
    """Bits that are on or off: which of them the device knows, which are events, which are on."""

    CLASS: ClassVar[int] = 0x06
    supported: bytes
    kinds: bytes
    states: bytes

    @classmethod
    def take(cls, cursor: Cursor) -> "States":
        """Take one from a frame."""
        size = cursor.take_uint(1)
        return cls(cursor.take(size), cursor.take(size), cursor.take(size))

    def __bytes__(self) -> bytes:
        return bytes((len(self.supported),)) + self.supported + self.kinds + self.states


Simple = Numeric | Discrete | Text | Samples | Events | States
_SIMPLE: dict[int, type[Simple]] = {
    each.CLASS: each for each in (Numeric, Discrete, Text, Samples, Events, States)
}


@dataclass(frozen=True, slots=True)
class Component:
    """One part of a compound: what it is, and its value."""

    mdc: int
    value: Simple


@dataclass(frozen=True, slots=True)
class Compound:
    """Values that mean something only together, each with its own code."""

    CLASS: ClassVar[int] = 0x07
    components: tuple[Component, ...]

    @classmethod
    def take(cls, cursor: Cursor) -> "Compound":
        """Take one from a frame."""
        return cls(tuple(_take_component(cursor) for _ in range(cursor.take_uint(1))))

    def __bytes__(self) -> bytes:
        parts = (
            uint(each.mdc, 4) + bytes((each.value.CLASS,)) + bytes(each.value) for each in self.components
        )
        return bytes((len(self.components),)) + b"".join(parts)


@dataclass(frozen=True, slots=True)
class Attribute:
    """Something more about an observation, in a format of its own."""

    mdc: int
    format: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Attributes:
    """Values that no other class can say, each with its own code and format."""

    CLASS: ClassVar[int] = 0x08
    attributes: tuple[Attribute, ...]

    @classmethod
    def take(cls, cursor: Cursor) -> "Attributes":
        """Take one from a frame."""
        return cls(tuple(_take_attribute(cursor) for _ in range(cursor.take_uint(1))))

    def __bytes__(self) -> bytes:
        parts = (uint(each.mdc, 4) + uint(len(each.data), 2) + bytes((each.format,)) + each.data
                 for each in self.attributes)  # fmt: skip
        return bytes((len(self.attributes),)) + b"".join(parts)


Value = Simple | Compound | Attributes
VALUES: dict[int, type[Value]] = {**_SIMPLE, Compound.CLASS: Compound, Attributes.CLASS: Attributes}
"""By the number of the class."""


def uint(number: int, size: int) -> bytes:
    """Return an unsigned number, least octet first."""
    return number.to_bytes(size, "little")


def take_float(cursor: Cursor) -> float | None:
    """Take a FLOAT from a frame; None where it says that it is no number."""
    return decode_float(cursor.take(4))


def take_codes(cursor: Cursor) -> tuple[int, ...]:
    """Take a list of codes or of object numbers from a frame, its length first."""
    return tuple(cursor.take_uint(4) for _ in range(cursor.take_uint(1)))


def codes_bytes(codes: tuple[int, ...]) -> bytes:
    """Return a list of codes with its length."""
    return bytes((len(codes),)) + b"".join(uint(code, 4) for code in codes)


def _take_component(cursor: Cursor) -> Component:
    mdc, number = cursor.take_uint(4), cursor.take_uint(1)
    if (simple := _SIMPLE.get(number)) is None:
        raise ValueError(f"class {number:#04x} in a compound")
    return Component(mdc, simple.take(cursor))


def _take_attribute(cursor: Cursor) -> Attribute:
    mdc, size = cursor.take_uint(4), cursor.take_uint(2)
    return Attribute(mdc, cursor.take_uint(1), cursor.take(size))
