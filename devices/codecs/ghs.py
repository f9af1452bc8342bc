"""Observations of the Generic Health Sensor Service (0x1840): a head with optional fields, and a value."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

from devices.codecs.cursor import Cursor
from devices.codecs.elapsed_time import SIZE as TIME_SIZE
from devices.codecs.elapsed_time import ElapsedTime
from devices.codecs.ghs_values import (
    VALUES,
    Attribute,
    Attributes,
    Compound,
    Value,
    codes_bytes,
    take_codes,
    take_float,
    uint,
)
from devices.codecs.ieee11073 import encode_float

HEAD_SIZE = 3
"""The class and the length, with which each observation begins."""

STRAY_SIZE = 1
"""So many octets may hang on that the length doesn't count."""

_FLAGS = 0b0011_1111_1111


@dataclass(frozen=True, slots=True)
class Bundle:
    """Observations that share what their bundle says of them; never a bundle again."""

    CLASS: ClassVar[int] = 0xFF
    observations: tuple["Observation", ...]

    def __bytes__(self) -> bytes:
        return bytes((len(self.observations),)) + b"".join(map(bytes, self.observations))


@dataclass(frozen=True, slots=True)
class Observation:
    """One observation, in the sensor's own words; `mdc` says what of, in the codes of IEEE 11073-10101.

    `supplements` are codes that say more about it, `derived_from` and `members` the numbers of
    other observations, `attributes` whatever the standard has no field for.
    """

    value: Value | Bundle
    mdc: int | None = None
    time: ElapsedTime | None = None
    duration_s: float | None = None
    status: int | None = None
    object_id: int | None = None
    patient: int | None = None
    supplements: tuple[int, ...] = ()
    derived_from: tuple[int, ...] = ()
    members: tuple[int, ...] = ()
    attributes: tuple[Attribute, ...] = ()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Observation":
        """Decode; raise ValueError on anything else than one whole observation."""
        return _whole(_without_stray_octet(data))

    def __bytes__(self) -> bytes:
        fields = self._fields()
        flags = sum(1 << bit for bit, field in enumerate(fields) if field)
        body = uint(flags, 2) + b"".join(fields) + bytes(self.value)
        return bytes((self.value.CLASS,)) + uint(len(body), 2) + body

    def _fields(self) -> tuple[bytes, ...]:
        """The fields of the head in the order of their flags; nothing where one is missing."""
        numbers = {"status": 2, "object_id": 4, "patient": 1}
        status, object_id, patient = (
            b"" if getattr(self, name) is None else uint(getattr(self, name), size)
            for name, size in numbers.items()
        )
        lists = (self.supplements, self.derived_from, self.members)
        return (
            b"" if self.mdc is None else uint(self.mdc, 4),
            b"" if self.time is None else bytes(self.time),
            b"" if self.duration_s is None else encode_float(self.duration_s),
            status,
            object_id,
            patient,
            *(codes_bytes(each) if each else b"" for each in lists),
            bytes(Attributes(self.attributes)) if self.attributes else b"",
        )

    def within(self, bundle: "Observation") -> "Observation":
        """Return this observation with what it leaves to its bundle; doubts and remarks of both count."""
        doubts = {self.status, bundle.status} - {None}
        return replace(
            self,
            mdc=bundle.mdc if self.mdc is None else self.mdc,
            time=self.time or bundle.time,
            status=(self.status or 0) | (bundle.status or 0) if doubts else None,
            patient=bundle.patient if self.patient is None else self.patient,
            supplements=bundle.supplements + self.supplements,
        )


def flat(observation: Observation) -> Iterator[Observation]:
    """Yield what is in an observation one by one: the members of bundles, the components of compounds."""
    if isinstance(observation.value, Bundle):
        for member in observation.value.observations:
            yield from flat(member.within(observation))
    elif isinstance(observation.value, Compound):
        for component in observation.value.components:
            yield replace(observation, mdc=component.mdc, value=component.value)
    else:
        yield observation


def _whole(data: bytes) -> Observation:
    cursor = Cursor(data)
    observation = _take(cursor, is_member=False)
    if left := cursor.rest():
        raise ValueError(f"{len(left)} octets more than its length announces")
    return observation


def _without_stray_octet(data: bytes) -> bytes:
    """ST's demonstration is known with an octet behind its time stamp that its length doesn't count."""
    is_longer = len(data) == HEAD_SIZE + int.from_bytes(data[1:HEAD_SIZE], "little") + STRAY_SIZE
    if not is_longer or data[0] != Bundle.CLASS or data[HEAD_SIZE] & 0b11 != 0b10:
        return data
    end = HEAD_SIZE + 2 + TIME_SIZE
    return data[:end] + data[end + STRAY_SIZE :]


def _take(cursor: Cursor, *, is_member: bool) -> Observation:
    number = cursor.take_uint(1)
    inner = Cursor(cursor.take(cursor.take_uint(2)))
    flags = inner.take_uint(2)
    if flags & ~_FLAGS:
        raise ValueError(f"flags {flags:#06x} that nobody has defined")
    observation = Observation(
        mdc=inner.take_uint(4) if flags & 1 << 0 else None,
        time=ElapsedTime.from_bytes(inner.take(TIME_SIZE)) if flags & 1 << 1 else None,
        duration_s=take_float(inner) if flags & 1 << 2 else None,
        status=inner.take_uint(2) if flags & 1 << 3 else None,
        object_id=inner.take_uint(4) if flags & 1 << 4 else None,
        patient=inner.take_uint(1) if flags & 1 << 5 else None,
        supplements=take_codes(inner) if flags & 1 << 6 else (),
        derived_from=take_codes(inner) if flags & 1 << 7 else (),
        members=take_codes(inner) if flags & 1 << 8 else (),
        attributes=Attributes.take(inner).attributes if flags & 1 << 9 else (),
        value=_take_value(number, inner, is_member=is_member),
    )
    if left := inner.rest():
        raise ValueError(f"{len(left)} octets more than its fields need")
    return observation


def _take_value(number: int, cursor: Cursor, *, is_member: bool) -> Value | Bundle:
    if number == Bundle.CLASS and not is_member:
        return Bundle(tuple(_take(cursor, is_member=True) for _ in range(cursor.take_uint(1))))
    if (value := VALUES.get(number)) is None:
        raise ValueError(f"class {number:#04x}{' in a bundle' if is_member else ''} that nobody has defined")
    return value.take(cursor)
