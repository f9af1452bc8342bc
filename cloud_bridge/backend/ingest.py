"""The ward's intake: what homes say becomes rows, and only then a receipt."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import blake2b
from random import Random
from typing import assert_never

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StrictBool, ValidationError

from cloud_bridge.backend.commit import REASON_LENGTH_MAX
from cloud_bridge.backend.database import TablesError, UnkeepableError
from cloud_bridge.backend.settings import WARD_NAME
from cloud_bridge.backend.standing import Birth
from cloud_bridge.backend.tables import Tables
from cloud_bridge.backoff import backoff_s
from cloud_bridge.broker import Broker, Message, Session, UplinkError
from cloud_bridge.contract.accountable import NUMBER_MAX, Accountable
from cloud_bridge.contract.down import accountable_message, plan_message
from cloud_bridge.contract.entries import EARLIER_COUNT_MAX, SEQ_MAX, Batch, LogSpan
from cloud_bridge.contract.errors import ContractError
from cloud_bridge.contract.plain import is_plain_name
from cloud_bridge.contract.plan import Plan
from cloud_bridge.contract.receipts import Receipt, Refusal
from cloud_bridge.contract.topics import home_of, topic
from cloud_bridge.together import together

logger = logging.getLogger(__name__)

BACKOFF_S_MAX = 30.0
DECISIONS_EVERY_S = 60.0
"""So often a hub that is there is sent a plan or a responsibility that it has not confirmed."""
INSTANCE_LENGTH_MAX = 64


Answer = Receipt | Refusal | Plan | Accountable


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


class _State(BaseModel):
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


class Ingest:
    """Takes in what homes publish, until cancelled; `trouble` says what it waits for, if anything."""

    def __init__(
        self,
        tables: Tables,
        broker: Broker,
        now: Callable[[], datetime],
        on_commit: Callable[[str], None],
        *,
        dice: Random,
        client_id: str = "ward-ingest",
        name: str = WARD_NAME,
    ) -> None:
        self._tables = tables
        self._broker = broker
        self._now = now
        self._on_commit = on_commit
        self._dice = dice
        self._client_id = client_id
        self._name = name
        self._tries = 0
        self._decided = asyncio.Event()
        self.trouble: str | None = None

    async def run(self) -> None:
        """Serve for ever. What has no receipt comes again, so a lost session loses nothing."""
        subscriptions = (topic("+", "up"), topic("+", "state"))
        while True:
            try:
                async with self._broker.session(self._client_id, subscriptions=subscriptions) as session:
                    await self._serve(session)
            except (UplinkError, TablesError) as error:
                self._note(str(error))
            await asyncio.sleep(backoff_s(self._tries, self._dice, BACKOFF_S_MAX))
            self._tries += 1

    async def _serve(self, session: Session) -> None:
        await together(self._receive(session), self._send_decisions(session))

    async def _send_decisions(self, session: Session) -> None:
        """Send what was decided here, again and again until the hub says that it holds there."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(DECISIONS_EVERY_S):
                    await self._decided.wait()
            self._decided.clear()
            with suppress(TablesError):  # whoever brings a batch says so; a plan can wait
                for home, plan in await self._tables.plans_waiting():
                    await self._answer(session, home, plan)
                for home, accountable in await self._tables.untold():
                    await self._answer(session, home, accountable)

    def decided(self) -> None:
        """Say that a plan was written, or who is accountable: it is sent now, and not within a minute."""
        self._decided.set()

    async def _receive(self, session: Session) -> None:
        while True:
            home, answers = await self._take(await session.receive())
            self._on_commit(home)
            self._tries = 0
            self._note(None)
            for answer in answers:
                await self._answer(session, home, answer)

    async def _answer(self, session: Session, home: str, answer: Answer) -> None:
        if isinstance(answer, Receipt):
            answer = replace(answer, by=self._name)
        try:
            await session.publish(topic(home, "down"), _bytes_of(answer))
        except UplinkError as error:
            # One home's topic may be denied to us: the others must not wait for it. If it was the
            # connection that was lost, the next receive says so.
            self._note(f"no answer to home {home}: {error}")

    def _note(self, trouble: str | None) -> None:
        """Say what the intake waits for: once, however often it tries."""
        if trouble != self.trouble:
            self.trouble = trouble
            logger.warning("intake: %s", trouble or "at work again")

    async def _take(self, message: Message) -> tuple[str, tuple[Answer, ...]]:
        """Keep what a message says; return whose it was and what to answer once it is kept."""
        now = self._now()
        match meaning_of(message, now):
            case KeepBatch(home, batch):
                return home, (await self._keep(home, batch, message.payload),)
            case KeepState(home, is_online, at, birth, earlier):
                await self._tables.set_home_state(home, is_online, at, birth)
                return home, () if birth is None else await self._welcome(home, birth, earlier)
            case Quarantine(home, data, reason, is_refused):
                await self._tables.quarantine(home, data, reason, now)
                return home, (_refusal(data, reason),) if is_refused else ()
            case other:
                assert_never(other)

    async def _welcome(self, home: str, birth: Birth, earlier: tuple[LogSpan, ...]) -> tuple[Answer, ...]:
        """Say to a hub that connects how its logs stand, and what it has not heard of."""
        receipts = await self._tables.receipts(home, birth.log, earlier)
        plan = await self._tables.plan_for(home, birth.plan_version)
        accountable = None
        if birth.fact is not None:
            accountable = await self._tables.hub_knows(home, birth.fact)
        return (*receipts, *(word for word in (plan, accountable) if word is not None))

    async def _keep(self, home: str, batch: Batch, data: bytes) -> Receipt | Refusal:
        """Commit, then have something to say; what the database itself refuses is poison, not weather."""
        try:
            receipt = await self._tables.commit(batch, at=self._now())
            return replace(receipt, digest=_digest_of(data))
        except UnkeepableError as error:
            await self._tables.quarantine(home, data, error.reason, self._now())
            return _refusal(data, error.reason)


def _batch_of(home: str, payload: bytes) -> Batch:
    batch = Batch.from_bytes(payload)
    if batch.home != home:
        raise ContractError(f"a batch of home {batch.home[:40]!r} on the topic of another", payload)
    return batch


def _state_of(home: str, payload: bytes, now: datetime) -> KeepState:
    """Read birth or last will. A will was written when the line was good: its end is when we hear of it."""
    try:
        said = _State.model_validate_json(payload)
        at = said.at.astimezone(UTC) if said.is_online else now
    except (ValidationError, OverflowError) as error:
        raise ContractError(f"neither birth nor last will: {error}", payload) from error
    birth = _birth_of(said)
    known = [one for one in said.earlier if birth is not None and is_plain_name(one.log)]
    return KeepState(
        home, said.is_online, at, birth, tuple(LogSpan(one.log, one.first, one.last) for one in known)
    )


def _birth_of(said: _State) -> Birth | None:
    """Return what a newborn hub says of itself; a last will was written before anything went wrong."""
    if not said.is_online or said.log is None or not is_plain_name(said.log):
        return None
    trouble = said.trouble or ""
    trouble = trouble if is_plain_name(trouble) else ""
    return Birth(
        said.log, said.instance, said.count, said.highest, trouble, said.plan, said.again, said.responsibility
    )


def _bytes_of(answer: Answer) -> bytes:
    if isinstance(answer, Plan):
        return plan_message(answer)
    return accountable_message(answer) if isinstance(answer, Accountable) else bytes(answer)


def _refusal(data: bytes, reason: str) -> Refusal:
    return Refusal(_digest_of(data), reason[:REASON_LENGTH_MAX])


def _digest_of(data: bytes) -> str:
    return blake2b(data, digest_size=16).hexdigest()
