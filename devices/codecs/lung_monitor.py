"""How Vitalograph's Lung Monitors write: ASCII between STX and ETX, an XOR behind. They raise ValueError."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import xor

STX, ETX, ACK, NAK = 0x02, 0x03, 0x06, 0x15

_ID_SIZE, _CLOCK_SIZE, _SOFTWARE_SIZE = 10, 12, 3

_SMART = (
    ("pef_l_min", 1), ("fev075_l", 100), ("fev1_l", 100), ("fev6_l", 100), ("fev1_fev6_percent", 1),
    ("fef25_75_l_s", 100), ("fev1_best_l", 100), ("pef_best_l_min", 1), ("fev1_percent_of_best", 1),
    ("pef_percent_of_best", 1), ("green_percent", 1), ("yellow_percent", 1), ("orange_percent", 1),
)  # fmt: skip
_CLASSIC = (
    ("fev1_l", 100), ("fev6_l", 100), ("fev1_fev6_percent", 1), ("fef25_75_l_s", 100), ("fev1_best_l", 100),
    ("fev1_percent_of_best", 1), ("green_percent", 1), ("yellow_percent", 1), ("orange_percent", 1),
)  # fmt: skip
_NUMBERS = {"G": _SMART, "F": _CLASSIC}
"""What a record tells, by the model's letter: three digits each, in so many parts of the unit."""


@dataclass(frozen=True, slots=True)
class Blow:
    """One blow, in the device's own words; 0 where it has no number, None where the model tells none.

    `model` is G (BT Smart) or F (classic Bluetooth); `clock` the device's own, as YYMMDDhhmmss.
    """

    model: str
    device_id: str
    clock: str
    is_poor: bool
    software: str
    pef_l_min: float | None = None
    fev075_l: float | None = None
    fev1_l: float | None = None
    fev6_l: float | None = None
    fev1_fev6_percent: float | None = None
    fef25_75_l_s: float | None = None
    fev1_best_l: float | None = None
    pef_best_l_min: float | None = None
    fev1_percent_of_best: float | None = None
    pef_percent_of_best: float | None = None
    green_percent: float | None = None
    yellow_percent: float | None = None
    orange_percent: float | None = None

    @classmethod
    def from_bytes(cls, data: bytes) -> "Blow":
        """Decode; raise ValueError on anything else than one whole frame."""
        text = _opened(data)
        numbers = _NUMBERS.get(text[:1])
        if numbers is None or text[1:3] != "TD":
            raise ValueError(f"nothing is known of a frame {text[:3]!r}")
        size = 3 + _ID_SIZE + 3 * len(numbers) + _CLOCK_SIZE + 1 + _SOFTWARE_SIZE
        digits, software = text[3 + _ID_SIZE : -_SOFTWARE_SIZE], text[-_SOFTWARE_SIZE:]
        if len(text) != size or not digits.isdigit() or digits[-1] not in "01":
            raise ValueError("no blow: not the digits of its model")
        told = {name: int(digits[3 * at :][:3]) / parts for at, (name, parts) in enumerate(numbers)}
        clock = digits[-_CLOCK_SIZE - 1 : -1]
        return cls(text[0], text[3:][:_ID_SIZE], clock, digits[-1] == "1", software, **told)

    def __bytes__(self) -> bytes:
        told = [(getattr(self, name) or 0.0, parts) for name, parts in _NUMBERS[self.model]]
        digits = "".join(f"{round(number * parts):03d}" for number, parts in told)
        return framed(f"{self.model}TD{self.device_id}{digits}{self.clock}{self.is_poor:d}{self.software}")

    @property
    def device_time(self) -> datetime | None:
        """What the device's clock said, or None where it has lost its date."""
        with suppress(ValueError):
            return datetime.strptime(f"20{self.clock}", "%Y%m%d%H%M%S")  # noqa: DTZ007 - it has no zone
        return None


@dataclass(frozen=True, slots=True)
class Order:
    """A host's order to a model in remote mode: DI, GT, ... We send none: CM would clear its memory."""

    model: str
    name: str
    words: str = ""

    @classmethod
    def from_bytes(cls, data: bytes) -> "Order":
        """Decode; raise ValueError on anything else than one whole frame."""
        text = _opened(data)
        if len(text) < 4 or text[1] != "V":
            raise ValueError(f"no order: {text[:4]!r}")
        return cls(text[0], text[2:4], text[4:])

    def __bytes__(self) -> bytes:
        return framed(f"{self.model}V{self.name}{self.words}")


@dataclass(frozen=True, slots=True)
class Reply:
    """One octet that says whether the frame before it was good: ACK or NAK."""

    is_good: bool

    @classmethod
    def from_bytes(cls, data: bytes) -> "Reply":
        """Decode; raise ValueError on anything else."""
        if data not in (bytes((ACK,)), bytes((NAK,))):
            raise ValueError("neither ACK nor NAK")
        return cls(data[0] == ACK)

    def __bytes__(self) -> bytes:
        return bytes((ACK if self.is_good else NAK,))


def frame_of(data: bytes) -> Blow | Order:
    """Return the record or the order in one whole frame; raise ValueError where it is none."""
    return Order.from_bytes(data) if _opened(data)[1:2] == "V" else Blow.from_bytes(data)


def framed(text: str) -> bytes:
    """Return a text as it goes over the wire.

    >>> framed("GVDI").hex()
    '0247564449031d'
    """
    data = bytes((STX, *text.encode("ascii"), ETX))
    return data + bytes((reduce(xor, data),))


def _opened(data: bytes) -> str:
    """Return the text in one whole frame."""
    if len(data) < 4 or data[0] != STX or data[-2] != ETX:
        raise ValueError("no text between STX and ETX")
    if data[-1] != reduce(xor, data[:-1]):
        raise ValueError(f"the XOR is {reduce(xor, data[:-1]):#04x}, not {data[-1]:#04x}")
    text = data[1:-2].decode("ascii", "replace")
    if not (text.isascii() and text.isprintable()):
        raise ValueError("octets that are no printable ASCII")
    return text
