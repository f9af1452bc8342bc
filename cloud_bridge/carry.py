"""Carries the log to the ward: joins the log, the window and a broker, for as long as the hub lives."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Protocol

import orjson

from cloud_bridge.backoff import BACKOFF_S_MAX, backoff_s
from cloud_bridge.broker import Broker, Message, Session, UplinkError
from cloud_bridge.contract.entries import Batch, Entry
from cloud_bridge.contract.errors import ContractError
from cloud_bridge.contract.receipts import Receipt, Refusal, answer_from_bytes
from cloud_bridge.contract.topics import topic
from cloud_bridge.together import together
from cloud_bridge.uplink import Window

RECEIPT_TIMEOUT_S = 20.0
FAREWELL_TIMEOUT_S = 1.0

log = logging.getLogger(__name__)


class Log(Protocol):
    """What is to be carried: the home's log and the cursor that receipts move."""

    home: str
    log: str
    highest: int
    cursor: int

    def entries(self, *, after: int, count_max: int) -> tuple[Entry, ...]:
        """Return the entries behind a number, oldest first."""
        ...

    def move_cursor(self, up_to: int) -> None:
        """Note that the ward has committed everything up to a number."""
        ...


@dataclass(slots=True)
class Road:
    """How the road stands, for the hub's page."""

    is_connected: bool = False
    since: datetime | None = None
    last_receipt_at: datetime | None = None
    receipt_count: int = 0
    problem: str | None = None


class Carrier:
    """Keeps one connection open as well as the world allows, and empties the log through it."""

    def __init__(
        self,
        log_: Log,
        broker: Broker,
        *,
        now: Callable[[], datetime],
        dice: Random,
        on_change: Callable[[], None],
        on_refusal: Callable[[Refusal], None],
        backoff_s_max: float = BACKOFF_S_MAX,
    ) -> None:
        self.road = Road()
        self._log = log_
        self._broker = broker
        self._now = now
        self._dice = dice
        self._on_change = on_change
        self._on_refusal = on_refusal
        self._backoff_s_max = backoff_s_max
        self._window = Window(log_.log, log_.cursor)
        self._trouble: str | None = None
        self._told_trouble: str | None = None
        self._instance = f"{dice.getrandbits(64):016x}"
        self._birth_count = 0
        self._work = asyncio.Event()
        self._attempt = 0

    def wake(self) -> None:
        """Say that the log may hold something new."""
        self._work.set()

    def say_trouble(self, trouble: str | None) -> None:
        """Tell the ward, beside the log, why nothing new can come; None when that is over."""
        self._trouble = trouble
        self._work.set()

    async def run(self) -> None:
        """Run until cancelled."""
        while True:
            try:
                await self._connection()
            except UplinkError as error:
                self._note_road(is_connected=False, problem=str(error))
            wait_s = backoff_s(self._attempt, self._dice, self._backoff_s_max)
            self._attempt += 1
            log.info("road down (%s); next try in %.1f s", self.road.problem, wait_s)
            await asyncio.sleep(wait_s)

    async def _connection(self) -> None:
        home = self._log.home
        self._birth_count += 1
        async with self._broker.session(
            f"hub-{home}", subscriptions=(topic(home, "down"),), will=self._state(is_online=False)
        ) as session:
            self._window.connected()
            self._note_road(is_connected=True, problem=None)
            try:
                await self._say_state(session, is_online=True)
                self._work.set()
                await together(self._listen(session), self._send(session))
            except asyncio.CancelledError:
                # Leaving on purpose fires no will: say so ourselves, unless the road is too slow.
                with contextlib.suppress(UplinkError, TimeoutError):
                    async with asyncio.timeout(FAREWELL_TIMEOUT_S):
                        await self._say_state(session, is_online=False)
                raise

    async def _say_state(self, session: Session, *, is_online: bool) -> None:
        state = self._state(is_online=is_online)
        self._told_trouble = self._trouble
        await session.publish(state.topic, state.payload, is_retained=True)

    async def _send(self, session: Session) -> None:
        while True:
            if self._told_trouble != self._trouble:
                await self._say_state(session, is_online=True)
            while send := self._window.next(self._log.highest):
                entries = self._log.entries(after=send.after, count_max=send.count_max)
                self._window.sent(entries[-1].seq)
                batch = Batch(self._log.home, self._log.log, entries)
                await session.publish(topic(batch.home, "up"), bytes(batch))
            await self._wait_for_work()

    async def _wait_for_work(self) -> None:
        """Wait for a new entry or a receipt; what gets no receipt in time is sent again."""
        self._work.clear()
        try:
            async with asyncio.timeout(RECEIPT_TIMEOUT_S if self._window.is_waiting else None):
                await self._work.wait()
        except TimeoutError:
            self._window.rewind()

    async def _listen(self, session: Session) -> None:
        while True:
            message = await session.receive()
            try:
                answer = answer_from_bytes(message.payload)
            except ContractError as error:
                log.warning("an answer that can't be read: %s", error.reason)
                continue
            if isinstance(answer, Receipt):
                self._take(answer)
            else:
                self._window.shrink()
                self._on_refusal(answer)
                await asyncio.sleep(backoff_s(self._attempt, self._dice, self._backoff_s_max))
                self._attempt += 1
            self._work.set()

    def _take(self, receipt: Receipt) -> None:
        cursor = self._window.take(receipt, self._log.highest)
        if receipt.log == self._log.log and receipt.up_to > self._log.highest:
            self._note_road(is_connected=True, problem="the ward has more of this log than we wrote")
            return
        if cursor is not None and cursor > self._log.cursor:
            self._log.move_cursor(cursor)
        self._attempt = 0
        self.road.last_receipt_at = self._now()
        self.road.receipt_count += 1
        self._on_change()

    def _state(self, *, is_online: bool) -> Message:
        said: dict[str, object] = {
            "is_online": is_online,
            "at": self._now().isoformat(),
            "log": self._log.log,
            "instance": self._instance,
            "count": self._birth_count,
            "highest": self._log.highest,
        }
        if self._trouble is not None:
            said["trouble"] = self._trouble
        return Message(topic(self._log.home, "state"), orjson.dumps(said))

    def _note_road(self, *, is_connected: bool, problem: str | None) -> None:
        if is_connected != self.road.is_connected:
            self.road.since = self._now()
        if problem != self.road.problem:
            log.warning("road to the ward: %s", problem or "back")
        self.road.is_connected = is_connected
        self.road.problem = problem
        self._on_change()
