"""The far end's word: what it has committed, what it misses, what it could not read."""

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
class Receipt:
    """Everything up to `up_to` is committed; `missing` lies above it and is asked for again.

    `unreadable` names entries that were received and kept in quarantine: they count as delivered,
    and both ends know.
    """

    log: str
    up_to: int
    missing: tuple[Span, ...] = ()
    unreadable: tuple[int, ...] = ()
    type: Literal["receipt"] = "receipt"

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
