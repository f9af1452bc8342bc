"""IEEE 11073-20601 numbers: SFLOAT (16 bit) and FLOAT (32 bit), decimal, with words for "no number"."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class _Shape:
    mantissa_bits: int
    exponent_bits: int

    @property
    def size(self) -> int:
        """Octets on the wire."""
        return (self.mantissa_bits + self.exponent_bits) // 8

    @property
    def nan(self) -> int:
        """The mantissa that says "not a number": the largest positive one."""
        return (1 << (self.mantissa_bits - 1)) - 1

    @property
    def words(self) -> frozenset[int]:
        """Mantissas that are words, not numbers: NaN, +INF, NRes, reserved, -INF."""
        return frozenset(self.nan + step for step in (0, -1, 1, 2, 3))

    @property
    def mantissa_max(self) -> int:
        """The largest mantissa that is a number, either sign."""
        return self.nan - 2


_SFLOAT, _FLOAT = _Shape(12, 4), _Shape(24, 8)


def decode_sfloat(data: bytes) -> float | None:
    """Return the number in two bytes, or None where the device says it has none.

    >>> decode_sfloat(bytes.fromhex("b1f3"))
    94.5
    >>> decode_sfloat(bytes.fromhex("ff07")) is None
    True
    """
    return _decode(data, _SFLOAT)


def encode_sfloat(value: float | None) -> bytes:
    """Return two bytes that decode to exactly this; raise ValueError where there are none.

    >>> encode_sfloat(98.0).hex(), encode_sfloat(2.3).hex(), encode_sfloat(None).hex()
    ('6200', '17f0', 'ff07')
    """
    return _encode(value, _SFLOAT)


def decode_float(data: bytes) -> float | None:
    """Return the number in four bytes, or None where the device says it has none.

    >>> decode_float(bytes.fromhex("6c0100ff"))
    36.4
    """
    return _decode(data, _FLOAT)


def encode_float(value: float | None) -> bytes:
    """Return four bytes that decode to exactly this; raise ValueError where there are none.

    >>> encode_float(36.4).hex()
    '6c0100ff'
    """
    return _encode(value, _FLOAT)


def _decode(data: bytes, shape: _Shape) -> float | None:
    if len(data) != shape.size:
        raise ValueError(f"{len(data)} octets instead of {shape.size} for a number")
    word = int.from_bytes(data, "little")
    mantissa = word & ((1 << shape.mantissa_bits) - 1)
    if mantissa in shape.words:  # before the sign is looked at: NRes would read as a plain -2048
        return None
    exponent = _signed(word >> shape.mantissa_bits, shape.exponent_bits)
    return float(f"{_signed(mantissa, shape.mantissa_bits)}e{exponent}")  # as text, hence exact


def _encode(value: float | None, shape: _Shape) -> bytes:
    if value is None:
        return shape.nan.to_bytes(shape.size, "little")
    mantissa, exponent = _parts(value, shape.mantissa_max)
    limit = 1 << (shape.exponent_bits - 1)
    if abs(mantissa) > shape.mantissa_max or not -limit <= exponent < limit:
        raise ValueError(f"{value!r} can't be said exactly in {shape.size} octets")
    bits = mantissa & ((1 << shape.mantissa_bits) - 1)
    bits |= (exponent & ((1 << shape.exponent_bits) - 1)) << shape.mantissa_bits
    return bits.to_bytes(shape.size, "little")


def _parts(value: float, mantissa_max: int) -> tuple[int, int]:
    """Mantissa and exponent, with the exponent as near to 0 as devices have it: 100, not 1e2."""
    sign, digits, exponent = Decimal(repr(float(value))).as_tuple()
    if not isinstance(exponent, int):
        raise ValueError(f"{value!r} is no number; say None")
    mantissa = int("".join(map(str, digits))) * (-1 if sign else 1)
    if mantissa == 0:
        return 0, 0
    while mantissa % 10 == 0:
        mantissa, exponent = mantissa // 10, exponent + 1
    while exponent > 0 and abs(mantissa) * 10 <= mantissa_max:
        mantissa, exponent = mantissa * 10, exponent - 1
    return mantissa, exponent


def _signed(number: int, bits: int) -> int:
    return number - (1 << bits) if number >> (bits - 1) else number
