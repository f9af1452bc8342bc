"""The User Data Service of the Bluetooth SIG (0x181C): consent, and what a scale knows of its users.

"Delete" is only here so that a twin can tell when it is asked; a driver asks for consent and nothing else.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from devices.codecs.cursor import Cursor

RESPONSE = 0x20
CODE_MAX = 9999

INCREMENT_ONE = (1).to_bytes(4, "little")
"""What the Database Change Increment (0x2A99) is set to: somebody has looked at the user's data."""


class Op(IntEnum):
    """What a control point can be asked."""

    REGISTER = 0x01
    CONSENT = 0x02
    DELETE = 0x03
    LIST = 0x04


class Result(IntEnum):
    """How a request ended."""

    SUCCESS = 0x01
    OP_UNSUPPORTED = 0x02
    INVALID_PARAMETER = 0x03
    FAILED = 0x04
    NOT_AUTHORIZED = 0x05


_HAS_USER = {Op.CONSENT}
_HAS_CODE = {Op.REGISTER, Op.CONSENT}


@dataclass(frozen=True, slots=True)
class Request:
    """What a hub asks of the User Control Point (0x2A9F).

    >>> bytes(Request(Op.CONSENT, user=1, consent_code=2520)).hex()
    '0201d809'
    """

    op: Op
    user: int | None = None
    consent_code: int | None = None

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Decode; raise ValueError where this is no request."""
        cursor = Cursor(data)
        op = _op(cursor)
        user = cursor.take_uint(1) if op in _HAS_USER else None
        code = cursor.take_uint(2) if op in _HAS_CODE else None
        _end(cursor)
        return cls(op, user, code)

    def __bytes__(self) -> bytes:
        user = b"" if self.user is None else self.user.to_bytes(1, "little")
        code = b"" if self.consent_code is None else self.consent_code.to_bytes(2, "little")
        return bytes((self.op,)) + user + code


@dataclass(frozen=True, slots=True)
class Answer:
    """What a scale answers; `user` stands where it has made a new one."""

    op: Op
    result: Result
    user: int | None = None

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Decode; raise ValueError where this is no answer."""
        cursor = Cursor(data)
        if cursor.take_uint(1) != RESPONSE:
            raise ValueError(f"{data[0]:#04x} begins no answer")
        op, result = _op(cursor), cursor.take_uint(1)
        if result not in set(Result):
            raise ValueError(f"result {result:#04x} that nobody has defined")
        rest = cursor.rest()
        if len(rest) > 1:
            raise ValueError(f"{len(rest)} octets behind the answer")
        return cls(op, Result(result), rest[0] if rest else None)

    def __bytes__(self) -> bytes:
        user = b"" if self.user is None else self.user.to_bytes(1, "little")
        return bytes((RESPONSE, self.op, self.result)) + user


@dataclass(frozen=True, slots=True)
class BirthDate:
    """When a user was born (0x2A85); 0 stands for what the scale doesn't know."""

    year: int
    month: int
    day: int

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Decode; raise ValueError where this is no date."""
        cursor = Cursor(data)
        year, month, day = cursor.take_uint(2), cursor.take_uint(1), cursor.take_uint(1)
        _end(cursor)
        if month > 12 or day > 31:
            raise ValueError(f"day {day} of month {month}")
        return cls(year, month, day)

    def __bytes__(self) -> bytes:
        return self.year.to_bytes(2, "little") + bytes((self.month, self.day))


@dataclass(frozen=True, slots=True)
class Height:
    """How tall a user is (0x2A8E), as somebody has typed it in."""

    height_cm: int

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Decode; raise ValueError where this is no height."""
        cursor = Cursor(data)
        height_cm = cursor.take_uint(2)
        _end(cursor)
        return cls(height_cm)

    def __bytes__(self) -> bytes:
        return self.height_cm.to_bytes(2, "little")


def control_word(data: bytes) -> Request | Answer:
    """Return what either side says at the control point; raise ValueError where it is nothing."""
    return Answer.from_bytes(data) if data[:1] == bytes((RESPONSE,)) else Request.from_bytes(data)


def _op(cursor: Cursor) -> Op:
    op = cursor.take_uint(1)
    if op not in set(Op):
        raise ValueError(f"operation {op:#04x} that nobody has defined")
    return Op(op)


def _end(cursor: Cursor) -> None:
    if left := cursor.rest():
        raise ValueError(f"{len(left)} octets too many")
