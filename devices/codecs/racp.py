"""The Record Access Control Point of the Bluetooth SIG (0x2A52): asking a device for its memory.

The one request spelt out is the one that drivers make. "Delete" is only here so that a twin can
tell when it is asked: what a device remembers is the patient's (decision D7 in this floor's README).
"""

from enum import IntEnum

REPORT_ALL = b"\x01\x01"
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


class Code(IntEnum):
    """How a request ended."""

    SUCCESS = 0x01
    OP_UNSUPPORTED = 0x02
    INVALID_OPERATOR = 0x03
    OPERATOR_UNSUPPORTED = 0x04
    INVALID_OPERAND = 0x05
    NO_RECORDS = 0x06


def answer(op: int, code: Code) -> bytes:
    """Return the device's answer to a request.

    >>> answer(Op.REPORT, Code.NO_RECORDS).hex()
    '06000106'
    """
    return bytes((Op.ANSWER, 0x00, op, code))


def count_answer(count: int) -> bytes:
    """Return the device's answer to "how many records?".

    >>> count_answer(3).hex()
    '05000300'
    """
    return bytes((Op.COUNT_ANSWER, 0x00)) + count.to_bytes(2, "little")
