"""The Record Access Control Point of the Bluetooth SIG (0x2A52): asking a device for its memory.

The requests spelt out are the ones that drivers make. "Delete" is only here so that a twin can
tell when it is asked: what a device remembers is the patient's (decision D7 in this floor's README).
"""

from dataclasses import dataclass
from enum import IntEnum

REPORT_ALL = b"\x01\x01"
COMBINED_REPORT_ALL = b"\x07\x01"
"""The same, of a sensor that tells at the end how many there were (service 0x1840)."""

ALL = 0x01
"""The operator that means every record."""


class Op(IntEnum):
    """What a control point can be asked, and how it answers."""

    REPORT = 0x01
    DELETE = 0x02
    ABORT = 0x03
    COUNT = 0x04
    COUNT_ANSWER = 0x05
    ANSWER = 0x06
    COMBINED_REPORT = 0x07
    COMBINED_ANSWER = 0x08


class Code(IntEnum):
    """How a request ended."""

    SUCCESS = 0x01
    OP_UNSUPPORTED = 0x02
    INVALID_OPERATOR = 0x03
    OPERATOR_UNSUPPORTED = 0x04
    INVALID_OPERAND = 0x05
    NO_RECORDS = 0x06
    NOT_COMPLETED = 0x08


OPERAND_SIZE_MAX = 18
"""One control point word is one small packet."""


@dataclass(frozen=True, slots=True)
class Word:
    r"""What is said at a control point, by either side: what to do, to which records, with what.

    >>> Word.from_bytes(bytes.fromhex("06000106"))
    Word(op=6, operator=0, operand=b'\x01\x06')
    """

    op: int
    operator: int
    operand: bytes = b""

    @classmethod
    def from_bytes(cls, data: bytes) -> "Word":
        """Decode; raise ValueError where this is no word of a control point."""
        if not 2 <= len(data) <= 2 + OPERAND_SIZE_MAX:
            raise ValueError(f"{len(data)} octets at a control point")
        word = cls(data[0], data[1], data[2:])
        if word.op not in set(Op):
            raise ValueError(f"operation {word.op:#04x} that nobody has defined")
        if word.op == Op.ANSWER and len(word.operand) != 2:
            raise ValueError(f"{len(word.operand)} octets of answer instead of 2")
        return word

    def __bytes__(self) -> bytes:
        return bytes((self.op, self.operator)) + self.operand


def answer(op: int, code: Code) -> bytes:
    """Return the device's answer to a request.

    >>> answer(Op.REPORT, Code.NO_RECORDS).hex()
    '06000106'
    """
    return bytes((Op.ANSWER, 0x00, op, code))


def combined_answer(count: int) -> bytes:
    """Return a sensor's answer to a combined report: it is over, and so many were told.

    >>> combined_answer(3).hex()
    '080003000000'
    """
    return bytes((Op.COMBINED_ANSWER, 0x00)) + count.to_bytes(4, "little")


def count_answer(count: int) -> bytes:
    """Return the device's answer to "how many records?".

    >>> count_answer(3).hex()
    '05000300'
    """
    return bytes((Op.COUNT_ANSWER, 0x00)) + count.to_bytes(2, "little")
