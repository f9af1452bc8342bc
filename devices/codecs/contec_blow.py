"""What Contec's spirometers store of a blow: how many, one record, its curve. They raise ValueError."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from devices.codecs.seven_bit import (
    HEAD,
    decode_clock,
    encode_clock,
    opened,
    pair,
    pair_bytes,
    sealed,
)

STORED, RECORD, WAVE = 0xE0, 0xE1, 0xE2
"""The heads of the three."""

STORED_SIZE, RECORD_SIZE = 10, 44
WAVE_HEAD_SIZE, SAMPLE_SIZE = 5, 8

SAMPLE_COUNT_MAX = 4096
"""A blow of fifteen seconds at 270 samples a second; more is a number that came through wrong. Chosen."""

KEPT, DELETED = 0x7E, 0x7F
"""In the place of a record's step: the answer to finishing, which holds no record."""

_NUMBERS = (
    ("fvc_l", 100), ("fev05_l", 100), ("fev1_l", 100), ("fev1_fvc_percent", 10), ("fev3_l", 100),
    ("fev6_l", 100), ("pef_l_s", 100), ("fef25_l_s", 100), ("fef50_l_s", 100), ("fef75_l_s", 100),
    ("fef25_75_l_s", 100), ("pef_time", 1), ("evol", 1),
)  # fmt: skip
"""How a record ends: pairs in this order, each counted in so many parts of its unit."""


class Manoeuvre(IntEnum):
    """What was blown."""

    ALL = 0
    FVC = 1
    VC = 2
    MVV = 3
    MV = 4


@dataclass(frozen=True, slots=True)
class Stored:
    """How many records the device holds; what its other octets say, nobody has told.

    >>> Stored.from_bytes(bytes.fromhex("e0010000000000000061")).count
    1
    """

    count: int
    rest: bytes = bytes(6)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Stored":
        """Decode; raise ValueError on anything else than one whole frame."""
        body = _body(data, STORED, STORED_SIZE)
        return cls(pair(body[0], body[1]), body[2:])

    def __bytes__(self) -> bytes:
        return sealed(bytes((STORED,)) + pair_bytes(self.count) + self.rest)


@dataclass(frozen=True, slots=True)
class Record:
    """One stored blow, and the person the device was set up for.

    Sex 0 is male; `standard` is whose prediction the device uses (1 ECCS, 2 Knudson, 3 USA). The
    units of `pef_time` and `evol` are not known. A number that the device doesn't have is 0.
    """

    manoeuvre: Manoeuvre
    number: int
    device_time: datetime | None
    sex: int
    age_years: int
    height_cm: int
    standard: int
    drug: int
    fvc_l: float = 0.0
    fev05_l: float = 0.0
    fev1_l: float = 0.0
    fev1_fvc_percent: float = 0.0
    fev3_l: float = 0.0
    fev6_l: float = 0.0
    pef_l_s: float = 0.0
    fef25_l_s: float = 0.0
    fef50_l_s: float = 0.0
    fef75_l_s: float = 0.0
    fef25_75_l_s: float = 0.0
    pef_time: float = 0.0
    evol: float = 0.0
    step: int = 0

    @classmethod
    def from_bytes(cls, data: bytes) -> "Record":
        """Decode; raise ValueError on anything else than one whole frame."""
        body = _body(data, RECORD, RECORD_SIZE)
        if body[0] in (KEPT, DELETED):
            raise ValueError("the answer to finishing")
        number, moment = pair(body[2], body[3]), decode_clock(body[4:10])
        sex, age, height, standard, drug = body[10], body[11], pair(body[12], body[13]), body[14], body[15]
        pairs = [pair(body[at], body[at + 1]) for at in range(16, len(body), 2)]
        told = {name: count / parts for count, (name, parts) in zip(pairs, _NUMBERS, strict=True)}
        kind = Manoeuvre(body[1])
        return cls(kind, number, moment, sex, age, height, standard, drug, **told, step=body[0])

    def __bytes__(self) -> bytes:
        head = bytes((RECORD, self.step, self.manoeuvre)) + pair_bytes(self.number)
        person = bytes((self.sex, self.age_years)) + pair_bytes(self.height_cm)
        settings = bytes((self.standard, self.drug))
        numbers = b"".join(pair_bytes(round(getattr(self, name) * parts)) for name, parts in _NUMBERS)
        return sealed(head + encode_clock(self.device_time) + person + settings + numbers)


@dataclass(frozen=True, slots=True)
class Wave:
    """The curve of one blow: (time in 0.1 ms, flow in mL/s, volume in mL) of each sample. It has no sum."""

    number: int
    samples: tuple[tuple[int, int, int], ...] = ()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Wave":
        """Decode; raise ValueError on anything else than one whole frame."""
        if data[:1] != bytes((WAVE,)) or len(data) != wave_size(data):
            raise ValueError("its length is not the one that it announces")
        if any(octet & HEAD for octet in data[1:]):
            raise ValueError("an octet of eight bits in the middle")
        places = range(WAVE_HEAD_SIZE, len(data), SAMPLE_SIZE)
        return cls(pair(data[1], data[2]), tuple(_sample(data[at : at + SAMPLE_SIZE]) for at in places))

    def __bytes__(self) -> bytes:
        head = bytes((WAVE,)) + pair_bytes(self.number) + pair_bytes(len(self.samples))
        return head + b"".join(map(_sample_bytes, self.samples))


def wave_size(begun: bytes) -> int | None:
    """Return how long the curve is that begins so: None while that can't be told, 0 if beyond belief."""
    if len(begun) < WAVE_HEAD_SIZE:
        return None
    count = pair(begun[3], begun[4])
    return WAVE_HEAD_SIZE + count * SAMPLE_SIZE if count <= SAMPLE_COUNT_MAX else 0


def _body(data: bytes, head: int, size: int) -> bytes:
    """Return what stands between the head and the sum."""
    if len(data) != size or data[0] != head:
        raise ValueError(f"{len(data)} octets instead of {size} behind {head:#04x}")
    return opened(data)[1:]


def _sample(octets: bytes) -> tuple[int, int, int]:
    """The first octet holds the eighth bits of the seven behind it, that of the first in its lowest bit."""
    whole = bytes(octet | (octets[0] >> place & 1) << 7 for place, octet in enumerate(octets[1:]))
    return (
        int.from_bytes(whole[:3], "little"),
        int.from_bytes(whole[3:5], "little"),
        int.from_bytes(whole[5:], "little"),
    )


def _sample_bytes(sample: tuple[int, int, int]) -> bytes:
    sizes = (3, 2, 2)
    whole = b"".join(number.to_bytes(size, "little") for number, size in zip(sample, sizes, strict=True))
    eighths = sum((octet >> 7) << place for place, octet in enumerate(whole))
    return bytes((eighths, *(octet & 0x7F for octet in whole)))
