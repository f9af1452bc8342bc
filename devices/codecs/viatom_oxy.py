"""Request and reply of Viatom's rings ("Oxy"): a first octet that tells which, a length, a CRC-8."""

import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from struct import Struct

from devices.codecs.crc8 import crc8
from devices.codecs.stream import NO_FRAME, Stream

ASK, ANSWER = 0xAA, 0x55
HEAD_SIZE = 7
DATA_SIZE_MAX = 2048
"""More than any reply we know of: the device's words are some 300 octets, a part of a file 512."""

FILE_COUNT_MAX = 32
LEAD_ON = 1 << 0

_LIVE = Struct("<BHIBBBBBB")


class Op(IntEnum):
    """What a ring can be asked. The factory reset is here only so that a twin knows when it is asked."""

    OPEN = 0x03
    READ = 0x04
    CLOSE = 0x05
    INFO = 0x14
    CONFIG = 0x16
    LIVE = 0x17
    FACTORY_RESET = 0x18


@dataclass(frozen=True, slots=True)
class Request:
    """What the hub asks: an operation, the number of a file's part, and words.

    >>> bytes(Request(Op.INFO)).hex()
    'aa14eb00000000c6'
    """

    op: int
    block: int = 0
    data: bytes = b""

    @classmethod
    def from_bytes(cls, data: bytes) -> "Request":
        """Decode; raise ValueError on anything else than one whole request."""
        return cls(*_opened(ASK, data))

    def __bytes__(self) -> bytes:
        return _sealed(ASK, self.op, self.block, self.data)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the ring answers; 0 means yes. It doesn't say to which request."""

    status: int
    block: int = 0
    data: bytes = b""

    @classmethod
    def from_bytes(cls, data: bytes) -> "Reply":
        """Decode; raise ValueError on anything else than one whole reply."""
        return cls(*_opened(ANSWER, data))

    def __bytes__(self) -> bytes:
        return _sealed(ANSWER, self.status, self.block, self.data)


@dataclass(frozen=True, slots=True)
class Live:
    """What the ring measures now: SpO2 and battery in percent, the perfusion in steps of 0.1 %.

    `charge` 0 is on battery, 1 charging, 2 charged; bit 0 of `state` says that somebody wears it.
    """

    spo2: int
    pulse: int
    steps: int = 0
    battery: int = 100
    charge: int = 0
    motion: int = 0
    perfusion_steps: int = 0
    state: int = LEAD_ON
    warned: int = 0

    @classmethod
    def from_bytes(cls, data: bytes) -> "Live":
        """Decode; raise ValueError on anything else than one whole reply of this kind."""
        reply = Reply.from_bytes(data)
        if reply.status or likely_op(reply) != Op.LIVE:
            raise ValueError(f"{len(reply.data)} octets instead of {_LIVE.size} of live numbers")
        return cls(*_LIVE.unpack(reply.data))

    def __bytes__(self) -> bytes:
        numbers = (self.spo2, self.pulse, self.steps, self.battery, self.charge, self.motion)
        return bytes(Reply(0, 0, _LIVE.pack(*numbers, self.perfusion_steps, self.state, self.warned)))

    @property
    def is_on_finger(self) -> bool:
        """Whether somebody wears it."""
        return bool(self.state & LEAD_ON)


CLOCK_OFF_S_MAX = 5.0


@dataclass(frozen=True, slots=True)
class Info:
    """What the ring says of itself, word for word."""

    text: str

    @classmethod
    def from_bytes(cls, data: bytes) -> "Info":
        """Decode; raise ValueError on anything else than one whole reply of this kind."""
        text = Reply.from_bytes(data).data.decode().strip(" \t\r\n\0")
        if not text.startswith("{") or text.count("{") > 1 or "[" in text:
            raise ValueError("words that are not one flat list")
        json.loads(text)
        return cls(text)

    def __bytes__(self) -> bytes:
        return bytes(Reply(0, 0, self.text.encode()))

    def word(self, name: str) -> str:
        """Return one word, empty where the ring doesn't say it."""
        found = json.loads(self.text).get(name)
        return "" if found is None else str(found)

    @property
    def clock(self) -> datetime | None:
        """Its own wall clock, or None where that is no time."""
        with suppress(ValueError):
            moment = datetime.fromisoformat(self.word("CurTIME").replace(",", "T"))
            return moment if moment.tzinfo is None else None
        return None

    def clock_order(self, ours: datetime | None) -> "Request | None":
        """Return what sets its clock to ours; one that is right is left alone: records are made by it."""
        its = self.clock
        if ours is None or (its is not None and abs((its - ours).total_seconds()) <= CLOCK_OFF_S_MAX):
            return None
        return set_clock(ours)

    @property
    def battery(self) -> int | None:
        """Its battery in percent."""
        digits = self.word("CurBAT").removesuffix("%")
        is_number = digits.isascii() and digits.isdigit() and len(digits) <= len("100")
        return int(digits) if is_number and int(digits) <= 100 else None

    @property
    def files(self) -> tuple[str, ...]:
        """The names of what it stores, newest first: they begin with the date."""
        names = {name for name in self.word("FileList").split(",") if name.isascii() and name.isalnum()}
        return tuple(sorted(names, reverse=True)[:FILE_COUNT_MAX])


NO_FINGER = b"\xff\xff\xff"
"""The SpO2 and the pulse of nobody."""


def framed(data: bytes) -> bytes:
    """Return live numbers that came without their frame in one; all other octets as they are.

    Some recordings have them so. Only those that say "no finger" are taken: without a checksum
    nothing else may become a number.
    """
    is_bare = len(data) == _LIVE.size and data.startswith(NO_FINGER)
    return bytes(Reply(0, 0, data)) if is_bare else data


def likely_op(reply: Reply) -> Op | None:
    """Return what a reply probably answers, by its looks, or None."""
    if reply.block:
        return None
    if len(reply.data) == _LIVE.size:
        return Op.LIVE
    return Op.INFO if reply.data.startswith(b"{") else None


def set_clock(moment: datetime) -> Request:
    """Return the request that sets the ring's clock.

    >>> set_clock(datetime(2026, 6, 1, 14)).data
    b'{"SetTIME":"2026-06-01,14:00:00"}'
    """
    words = {"SetTIME": f"{moment:%Y-%m-%d,%H:%M:%S}"}
    return Request(Op.CONFIG, data=json.dumps(words, separators=(",", ":")).encode())


def stream_of(first: int) -> Stream:
    """Return what puts requests (ASK) or replies (ANSWER) together."""
    return Stream(HEAD_SIZE, lambda head: _size_of(first, head), _is_sound)


def _sealed(first: int, word: int, block: int, data: bytes) -> bytes:
    head = bytes((first, word, word ^ 0xFF)) + block.to_bytes(2, "little") + len(data).to_bytes(2, "little")
    return head + data + bytes((crc8(head + data),))


def _opened(first: int, data: bytes) -> tuple[int, int, bytes]:
    if _size_of(first, data[:HEAD_SIZE]) != len(data) or not _is_sound(data):
        raise ValueError(f"{len(data)} octets that are no whole frame")
    return data[1], int.from_bytes(data[3:5], "little"), data[HEAD_SIZE:-1]


def _size_of(first: int, head: bytes) -> int | None:
    if head[:1] != bytes((first,)) or (len(head) > 2 and head[1] ^ head[2] != 0xFF):
        return NO_FRAME
    if len(head) < HEAD_SIZE:
        return None
    size = int.from_bytes(head[5:7], "little")
    return HEAD_SIZE + size + 1 if size <= DATA_SIZE_MAX else NO_FRAME


def _is_sound(frame: bytes) -> bool:
    return crc8(frame[:-1]) == frame[-1]
