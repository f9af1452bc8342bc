"""What scales of QN (Yolanda) say: live weights in two layouts, results, stored records, words."""

from collections.abc import Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from devices.codecs.summed import body_of, frame

LIVE, INFO, READY, ASKS, OLD_STORED, RESULT, STORED = 0x10, 0x12, 0x14, 0x21, 0x23, 0xB1, 0xB4
SET_UNIT, SET_CLOCK, START = 0x13, 0x20, 0x22
KINDS = frozenset(
    {
        LIVE,
        INFO,
        READY,
        ASKS,
        OLD_STORED,
        RESULT,
        STORED,
        SET_UNIT,
        SET_CLOCK,
        START,
        0x1F,
        0xA0,
        0xA1,
        0xA2,
        0xA3,
    }
)

EPOCH = datetime(2000, 1, 1)  # noqa: DTZ001 - a wall clock has no zone

KG_MIN, KG_MAX = 5.0, 250.0
"""What such a scale can bear. Chosen, not measured."""

FINE_FROM_STEPS = 2500
"""As many steps are 25 kg of 10 g, or more than any such scale bears of 100 g: then they are of 10 g."""

OHM_MIN, OHM_MAX = 100, 3000

_STATE_SIZE, _CLASSIC_SIZES = 11, (8, 9, 10)
_STATE_STABLE, _CLASSIC_STABLE = 2, 1
_ES26M_INFO_SIZE = 15
_STORED_SIZE_MIN = 11


@dataclass(frozen=True, slots=True)
class Word:
    """A word of the talk: ready, a request, an order, or a dialect that nobody has written down."""

    kind: int
    body: bytes

    @classmethod
    def from_bytes(cls, data: bytes) -> "Word":
        """Decode; raise ValueError on anything else than one whole frame."""
        return cls(*_parts(data, KINDS))

    def __bytes__(self) -> bytes:
        return frame(self.kind, self.body)

    @property
    def protocol(self) -> int:
        """What its orders must begin with; an ES-26M alone refuses them unless it is 0."""
        is_es26m = self.kind == INFO and len(self.body) == _ES26M_INFO_SIZE
        return 0 if is_es26m else self.body[0]

    @property
    def is_fine(self) -> bool:
        """Whether the scale says of itself that its steps are of 10 g.

        What else it says there means nothing: an ES-26M says 7, "100 g", and weighs in 10 g.
        """
        return self.kind == INFO and self.body[8:9] == b"\x01"


@dataclass(frozen=True, slots=True)
class Live:
    """A weight as it is now: in steps that `info`, the scale's word about itself, tells the size of."""

    steps: int
    state: int
    r1_ohm: int = 0
    r2_ohm: int = 0
    protocol: int = 0xFF
    is_long: bool = True
    rest: bytes = bytes(2)
    info: Word | None = None

    @classmethod
    def from_bytes(cls, data: bytes) -> "Live":
        """Decode one frame, or two with the scale's word about itself first."""
        info, own = _apart(data)
        _, body = _parts(own, {LIVE})
        is_long = _is_long(body)
        if not is_long and len(body) not in _CLASSIC_SIZES:
            raise ValueError("a live weight in a layout that nobody has written down")
        state, at = (body[2], 3) if is_long else (body[3], 1)
        after = at + (2 if is_long else 3)
        return cls(
            _big(body, at), state, _big(body, after), _big(body, after + 2), body[0], is_long,
            body[after + 4 :], info,
        )  # fmt: skip

    def __bytes__(self) -> bytes:
        weight, state = self.steps.to_bytes(2, "big"), bytes((self.state,))
        head = b"\x01" + state + weight if self.is_long else weight + state
        resistances = self.r1_ohm.to_bytes(2, "big") + self.r2_ohm.to_bytes(2, "big")
        own = frame(LIVE, bytes((self.protocol,)) + head + resistances + self.rest)
        return (b"" if self.info is None else bytes(self.info)) + own

    @property
    def is_stable(self) -> bool:
        """Whether the weight has settled."""
        return self.state == (_STATE_STABLE if self.is_long else _CLASSIC_STABLE)

    @property
    def kg(self) -> float | None:
        """The weight, or None where no size of step makes it a weight that such a scale can bear."""
        return kg_of(self.steps, is_fine=self.is_fine)

    @property
    def is_fine(self) -> bool:
        """Whether its steps are known to be of 10 g; else they are only taken for 100 g, as an adult's."""
        return self.steps >= FINE_FROM_STEPS or (self.info is not None and self.info.is_fine)

    @property
    def ohm(self) -> int | None:
        """What the body resists, or None while (or because) it wasn't measured."""
        return self.r1_ohm if OHM_MIN <= self.r1_ohm <= OHM_MAX else None


@dataclass(frozen=True, slots=True)
class Afterthought:
    """What the scale adds to a weight that it has already told: the same frame, for its impedance."""

    live: Live

    @classmethod
    def from_bytes(cls, data: bytes) -> "Afterthought":
        """Decode as a live weight."""
        return cls(Live.from_bytes(data))

    def __bytes__(self) -> bytes:
        return bytes(self.live)


@dataclass(frozen=True, slots=True)
class Result:
    """One of the records with which the extended dialect ends a weighing; only the first has a weight."""

    count: int
    number: int
    flag: int
    steps: int
    rest: bytes

    @classmethod
    def from_bytes(cls, data: bytes) -> "Result":
        """Decode; raise ValueError on anything else than one whole frame."""
        _, body = _parts(data, {RESULT}, size_min=5)
        return cls(body[0], body[1], body[2], int.from_bytes(body[3:5], "little"), body[5:])

    def __bytes__(self) -> bytes:
        head = bytes((self.count, self.number, self.flag))
        return frame(RESULT, head + self.steps.to_bytes(2, "little") + self.rest)

    @property
    def kg(self) -> float | None:
        """The weight, in this dialect always in steps of 10 g; None in the other records."""
        return kg_of(self.steps, is_fine=True) if self.number == 1 else None


@dataclass(frozen=True, slots=True)
class Stored:
    """What somebody weighed while no app was near; `clock_s` counts from 2000, as the scale was told."""

    kind: int
    head: bytes
    clock_s: int
    steps: int
    rest: bytes

    @classmethod
    def from_bytes(cls, data: bytes) -> "Stored":
        """Decode; raise ValueError on anything else than one whole frame."""
        kind, body = _parts(data, {STORED, OLD_STORED}, size_min=_STORED_SIZE_MIN)
        at = 5 if kind == STORED else 4
        clock_s, weight = int.from_bytes(body[at : at + 4], "little"), body[at + 4 : at + 6]
        return cls(kind, body[:at], clock_s, int.from_bytes(weight, _order(kind)), body[at + 6 :])

    def __bytes__(self) -> bytes:
        weight = self.steps.to_bytes(2, _order(self.kind))
        return frame(self.kind, self.head + self.clock_s.to_bytes(4, "little") + weight + self.rest)

    @property
    def device_time(self) -> datetime:
        """When it was weighed, by the scale's own clock."""
        return EPOCH + timedelta(seconds=self.clock_s)

    @property
    def kg(self) -> float | None:
        """The weight; None in an empty place of its memory."""
        return kg_of(self.steps, is_fine=self.kind == STORED or self.steps >= FINE_FROM_STEPS)


def kg_of(steps: int, *, is_fine: bool) -> float | None:
    """Return a weight in kg, or None where no such scale can have meant it.

    >>> kg_of(7525, is_fine=True), kg_of(600, is_fine=False), kg_of(0, is_fine=True)
    (75.25, 60.0, None)
    """
    kg = steps / (100 if is_fine else 10)
    return kg if KG_MIN <= kg < KG_MAX and (is_fine or steps >= FINE_FROM_STEPS // 10) else None


def live_or_word(data: bytes) -> Live | Word:
    """Return a live weight, or the bare word where its layout is none that somebody has written down.

    Sixty of those come in a weighing: as errors they would fill the log.
    """
    body = body_of(data)
    layout = Live if _is_long(body) or len(body) in _CLASSIC_SIZES else Word
    return layout.from_bytes(data)


def _is_long(body: bytes) -> bool:
    return len(body) == _STATE_SIZE and body[1] == 1 and body[2] <= _STATE_STABLE


def _parts(data: bytes, kinds: Set[int], *, size_min: int = 1) -> tuple[int, bytes]:
    body = body_of(data)
    if data[0] not in kinds or len(body) < size_min:
        raise ValueError(f"kind {data[0]:#04x} with {len(body)} octets")
    return data[0], body


def _apart(data: bytes) -> tuple[Word | None, bytes]:
    if data[:1] != bytes((INFO,)) or len(data) < 2:
        return None, data
    return Word.from_bytes(data[: data[1]]), data[data[1] :]


def _order(kind: int) -> Literal["little", "big"]:
    return "little" if kind == STORED else "big"


def _big(body: bytes, at: int) -> int:
    return int.from_bytes(body[at : at + 2], "big")
