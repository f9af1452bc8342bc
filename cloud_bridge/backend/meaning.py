"""What a message of a home means: pure, and never an exception."""

from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StrictBool, ValidationError

from cloud_bridge.backend.commit import REASON_LENGTH_MAX
from cloud_bridge.backend.standing import Birth
from cloud_bridge.broker import Message
from cloud_bridge.contract.accountable import NUMBER_MAX
from cloud_bridge.contract.entries import EARLIER_COUNT_MAX, SEQ_MAX, Batch, LogSpan
from cloud_bridge.contract.errors import ContractError
from cloud_bridge.contract.plain import is_plain_name
from cloud_bridge.contract.topics import home_of, topic

INSTANCE_LENGTH_MAX = 64


@dataclass(frozen=True, slots=True)
class KeepBatch:
    """Commit this, then send the receipt."""

    home: str
    batch: Batch


@dataclass(frozen=True, slots=True)
class KeepState:
    """Keep birth or last will; a newborn hub wants to hear how its logs stand, `birth` and `earlier`."""

    home: str
    is_online: bool
    at: datetime
    birth: Birth | None
    earlier: tuple[LogSpan, ...] = ()


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Keep the bytes; then send a refusal, where it was a batch and there is a home to send it to."""

    home: str
    data: bytes
    reason: str
    is_refused: bool


class _Earlier(BaseModel):
    model_config = ConfigDict(frozen=True)

    log: str
    first: int = Field(ge=1, le=SEQ_MAX)
    last: int = Field(ge=0, le=SEQ_MAX)


class State(BaseModel):
    """Birth, farewell or last will, as a hub or its broker says it."""

    model_config = ConfigDict(frozen=True)

    is_online: StrictBool
    at: AwareDatetime
    log: str | None = None
    earlier: tuple[_Earlier, ...] = Field(default=(), max_length=EARLIER_COUNT_MAX)
    instance: str = Field(default="", max_length=INSTANCE_LENGTH_MAX)
    count: int = Field(default=0, ge=0, le=SEQ_MAX)
    again: int = Field(default=0, ge=0, le=SEQ_MAX)
    highest: int | None = Field(default=None, ge=0, le=SEQ_MAX)
    trouble: str | None = None
    plan: int | None = Field(default=None, ge=0, le=SEQ_MAX)
    responsibility: int | None = Field(default=None, ge=0, le=NUMBER_MAX)


def meaning_of(message: Message, now: datetime) -> KeepBatch | KeepState | Quarantine:
    """Say what is to be done about a message; pure, and never an exception."""
    home = home_of(message.topic)
    if home is None:
        return Quarantine("", message.payload, f"a topic of no home: {message.topic[:200]}", is_refused=False)
    try:
        if message.topic == topic(home, "up"):
            return KeepBatch(home, _batch_of(home, message.payload))
        return _state_of(home, message.payload, now)
    except ContractError as error:
        is_refused = message.topic == topic(home, "up")
        return Quarantine(home, message.payload, error.reason[:REASON_LENGTH_MAX], is_refused)


def _batch_of(home: str, payload: bytes) -> Batch:
    batch = Batch.from_bytes(payload)
    if batch.home != home:
        raise ContractError(f"a batch of home {batch.home[:40]!r} on the topic of another", payload)
    return batch


def _state_of(home: str, payload: bytes, now: datetime) -> KeepState:
    """Read birth or last will. A will was written when the line was good: its end is when we hear of it."""
    try:
        said = State.model_validate_json(payload)
        at = said.at.astimezone(UTC) if said.is_online else now
    except (ValidationError, OverflowError) as error:
        raise ContractError(f"neither birth nor last will: {error}", payload) from error
    birth = _birth_of(said)
    known = [one for one in said.earlier if birth is not None and is_plain_name(one.log)]
    return KeepState(
        home, said.is_online, at, birth, tuple(LogSpan(one.log, one.first, one.last) for one in known)
    )


def _birth_of(said: State) -> Birth | None:
    """Return what a newborn hub says of itself; a last will was written before anything went wrong."""
    if not said.is_online or said.log is None or not is_plain_name(said.log):
        return None
    trouble = said.trouble or ""
    trouble = trouble if is_plain_name(trouble) else ""
    return Birth(
        said.log, said.instance, said.count, said.highest, trouble, said.plan, said.again, said.responsibility
    )
