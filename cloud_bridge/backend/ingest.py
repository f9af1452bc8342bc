"""The ward's intake: what homes say becomes rows, and only then a receipt."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import blake2b
from random import Random
from typing import assert_never

from cloud_bridge.backend.commit import REASON_LENGTH_MAX
from cloud_bridge.backend.database import TablesError, UnkeepableError
from cloud_bridge.backend.meaning import KeepBatch, KeepState, Quarantine, meaning_of
from cloud_bridge.backend.settings import WARD_NAME
from cloud_bridge.backend.standing import Birth
from cloud_bridge.backend.tables import Tables
from cloud_bridge.backoff import backoff_s
from cloud_bridge.broker import Broker, Message, Session, UplinkError
from cloud_bridge.contract.accountable import Accountable
from cloud_bridge.contract.down import accountable_message, looked_message, plan_message
from cloud_bridge.contract.entries import Batch, LogSpan
from cloud_bridge.contract.looked import Looked
from cloud_bridge.contract.plan import Plan
from cloud_bridge.contract.receipts import Receipt, Refusal
from cloud_bridge.contract.topics import shared, topic
from cloud_bridge.together import together

logger = logging.getLogger(__name__)

BACKOFF_S_MAX = 30.0
DECISIONS_EVERY_S = 60.0
"""So often a hub that is there is sent a plan or a responsibility that it has not confirmed."""

_STATES = topic("+", "state")
WORKER = (shared(topic("+", "up"), "ward"),)
"""What a worker hears: its part of what homes tell. Births can't be shared: brokers differ there."""
FIRST_OF_MANY = (*WORKER, _STATES)
"""What the ward hears that has workers beside it: its part, and every birth."""
ALONE = (topic("+", "up"), _STATES)

LOOKED_EVERY = timedelta(hours=1)
"""A home need not hear of each look at once."""

Answer = Receipt | Refusal | Plan | Accountable | Looked


class Ingest:
    """Takes in what homes publish, until cancelled; `trouble` says what it waits for, if anything.

    `subscriptions` say what of it: a worker that shares hears no births and decides nothing.
    """

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
        subscriptions: tuple[str, ...] = ALONE,
    ) -> None:
        self._tables = tables
        self._broker = broker
        self._now = now
        self._on_commit = on_commit
        self._dice = dice
        self._client_id = client_id
        self._name = name
        self._subscriptions = subscriptions
        self._tries = 0
        self._decided = asyncio.Event()
        self._looks_told: dict[str, datetime] = {}
        self.trouble: str | None = None

    async def run(self) -> None:
        """Serve for ever. What has no receipt comes again, so a lost session loses nothing."""
        while True:
            try:
                async with self._broker.session(
                    self._client_id, subscriptions=self._subscriptions
                ) as session:
                    await self._serve(session)
            except (UplinkError, TablesError) as error:
                self._note(str(error))
            await asyncio.sleep(backoff_s(self._tries, self._dice, BACKOFF_S_MAX))
            self._tries += 1

    async def _serve(self, session: Session) -> None:
        if _STATES in self._subscriptions:
            await together(self._receive(session), self._send_decisions(session))
        else:
            await self._receive(session)

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
                for home, at in (await self._tables.newest_looks()).items():
                    await self._tell_looks(session, home, at)

    async def _tell_looks(self, session: Session, home: str, at: datetime) -> None:
        """Say to a home who has looked at it: what is new, at most once in LOOKED_EVERY."""
        told = self._looks_told.get(home)
        if told is None or (at > told and self._now() - told >= LOOKED_EVERY):
            self._looks_told[home] = self._now()
            await self._answer(session, home, await self._tables.looked(home, self._now()))

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
                self._looks_told.pop(home, None)  # a hub that begins anew knows of none
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


def _bytes_of(answer: Answer) -> bytes:
    if isinstance(answer, Plan):
        return plan_message(answer)
    if isinstance(answer, Looked):
        return looked_message(answer)
    return accountable_message(answer) if isinstance(answer, Accountable) else bytes(answer)


def _refusal(data: bytes, reason: str) -> Refusal:
    return Refusal(_digest_of(data), reason[:REASON_LENGTH_MAX])


def _digest_of(data: bytes) -> str:
    return blake2b(data, digest_size=16).hexdigest()
