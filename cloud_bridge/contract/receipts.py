"""The far end's word: what it has committed, what it misses, what it could not read."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import orjson
from pydantic import TypeAdapter, ValidationError

from cloud_bridge.contract.errors import ContractError

SPANS_MAX = 100
"""A receipt names at most so many spans; the rest follows when these are filled."""


@dataclass(frozen=True, slots=True)
class Span:
    """Numbers from first to last, both included."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Mark:
    """What stands under a number at the ward, as a digest: the home can tell whether it is what it wrote."""

    seq: int
    digest: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """Everything up to `up_to` is committed; `missing` lies above it and is asked for again.

    `unreadable` names entries that were received and kept in quarantine: they count as delivered,
    and both ends know. `kept` names the numbers of the batch that this answers; where it is empty
    the ward answers no batch, but says where it stands. `highest` is the highest number that is kept;
    0 comes from a ward that doesn't say it. `by` is what the ward calls itself. `marks` stand at the
    end of each run of numbers that it has; `contradicted` are those of this batch, or in a position the
    newest of the log, under which it has something else than it was told. `digest` tells which batch
    is meant: one that was sent by whoever had this log before, or by nobody, is none of ours.
    """

    log: str
    up_to: int
    missing: tuple[Span, ...] = ()
    unreadable: tuple[int, ...] = ()
    type: Literal["receipt"] = "receipt"
    kept: tuple[Span, ...] = ()
    highest: int = 0
    by: str = ""
    marks: tuple[Mark, ...] = ()
    contradicted: tuple[Span, ...] = ()
    digest: str = ""

    def asks_before(self, first: int) -> bool:
        """Tell whether the ward waits for numbers before this log: then it knows nothing of names."""
        return any(gap.first < first for gap in self.missing)

    def __bytes__(self) -> bytes:
        return orjson.dumps(self)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A batch that could not be read at all; `digest` tells which, `reason` tells why."""

    digest: str
    reason: str
    type: Literal["refusal"] = "refusal"

    def __bytes__(self) -> bytes:
        return orjson.dumps(self)


def spans_of(numbers: Iterable[int]) -> tuple[Span, ...]:
    """Return these numbers as the fewest spans, in their order.

    >>> spans_of([7, 3, 4, 5])
    (Span(first=3, last=5), Span(first=7, last=7))
    """
    spans: list[Span] = []
    for number in sorted(set(numbers)):
        if spans and number == spans[-1].last + 1:
            spans[-1] = Span(spans[-1].first, number)
        else:
            spans.append(Span(number, number))
    return tuple(spans)


_RECEIPT: TypeAdapter[Receipt] = TypeAdapter(Receipt)
_REFUSAL: TypeAdapter[Refusal] = TypeAdapter(Refusal)


def answer_from_bytes(data: bytes) -> Receipt | Refusal:
    """Decode what came on `down`; raise ContractError on anything else."""
    try:
        said = orjson.loads(data)
        is_refusal = isinstance(said, dict) and said.get("type") == "refusal"
        return (_REFUSAL if is_refusal else _RECEIPT).validate_json(data)
    except (orjson.JSONDecodeError, ValidationError) as error:
        raise ContractError(f"neither receipt nor refusal: {error}", data) from error
