"""Carries the log to the ward: joins the log, the window and a broker, for as long as the hub lives."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from random import Random

import orjson

from cloud_bridge.backoff import BACKOFF_S_MAX, Tries
from cloud_bridge.broker import Broker, DeniedError, Message, Session, UplinkError
from cloud_bridge.cargo import Cargo, Log
from cloud_bridge.contract.accountable import Accountable
from cloud_bridge.contract.down import UnreadablePlan, down_from_bytes
from cloud_bridge.contract.entries import EARLIER_COUNT_MAX, LogSpan
from cloud_bridge.contract.errors import ContractError
from cloud_bridge.contract.looked import Looked
from cloud_bridge.contract.names import span_named
from cloud_bridge.contract.plan import Plan
from cloud_bridge.contract.receipts import Receipt, Refusal, spans_of
from cloud_bridge.contract.topics import topic
from cloud_bridge.together import together
from cloud_bridge.uplink import Send, Window

FAREWELL_TIMEOUT_S = 1.0

HURRIED_BACKOFF_S_MAX = 5.0
"""While an alert waits, the road is tried this often, HURRIED_TRIES_MAX times; a new alert at once."""

HURRIED_TRIES_MAX = 60

SAID_AGAIN_AFTER_S = 600.0
"""A broker may lose a birth on its way to the ward, which would take this hub for away until the next one."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Road:
    """How the road stands, for the hub's page."""

    is_connected: bool = False
    since: datetime | None = None
    last_receipt_at: datetime | None = None
    receipt_count: int = 0
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Decisions:
    """What the ward decides for a home: who takes it here, and up to where it is known, said at birth."""

    on_plan: Callable[[Plan | UnreadablePlan], None] = lambda _plan: None
    plan_version: Callable[[], int | None] = lambda: None
    on_accountable: Callable[[Accountable], None] = lambda _accountable: None
    fact: Callable[[], int | None] = lambda: None
    on_looked: Callable[[Looked], None] = lambda _looked: None


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
        on_receipt: Callable[[Receipt], None] = lambda _receipt: None,
        on_denied: Callable[[str], None] = lambda _reason: None,
        on_surplus: Callable[[LogSpan, int, bool], None] = lambda _log, _up_to, _is_continued: None,
        decisions: Decisions | None = None,
        backoff_s_max: float = BACKOFF_S_MAX,
    ) -> None:
        self.road = Road()
        self._log = log_
        self._broker = broker
        self._now = now
        self._dice = dice
        self._on_change = on_change
        self._on_refusal = on_refusal
        self._on_receipt = on_receipt
        self._on_denied = on_denied
        self._on_surplus = on_surplus
        self._decisions = decisions or Decisions()
        self._backoff_s_max = backoff_s_max
        self._trouble: str | None = None
        self._told_trouble: str | None = None
        self._instance = f"{dice.getrandbits(64):016x}"
        self._birth_count, self._again_count, self._said_at_s = 0, 0, 0.0
        self._window = Window(log_.cursor, dice)
        self._cargo = Cargo(log_, self._window)
        self._work = asyncio.Event()
        self._tries = Tries()
        self._hurried_tries = 0
        self._connected_s: float | None = None

    def wake(self) -> None:
        """Say that the log may hold something new."""
        self._work.set()

    def say_trouble(self, trouble: str | None) -> None:
        """Tell the ward, beside the log, why nothing new can come; None when that is over."""
        self._trouble = trouble
        self._work.set()

    @property
    def has_hurry(self) -> bool:
        """Whether an alert, or what it rests on, has no receipt yet."""
        self._cargo.look()
        return self._window.has_hurry

    @property
    def is_anything_aside(self) -> bool:
        """Whether the ward has refused an entry by itself, and we go on without it."""
        return self._window.is_anything_aside

    def has_arrived(self, seq: int) -> bool:
        """Tell whether the ward has this entry, by its own word."""
        return self._window.has(seq)

    def is_on_its_way(self, seq: int) -> bool:
        """Tell whether this entry was sent and has no receipt yet."""
        return self._window.is_on_its_way(seq)

    async def run(self) -> None:
        """Run until cancelled."""
        while True:
            cursor, self._connected_s, s_max = self._log.cursor, None, self._backoff_s_max
            try:
                await self._connection()
            except DeniedError as error:
                self._note_road(is_connected=False, problem=str(error))
                self._on_denied(str(error))
            except UplinkError as error:
                self._note_road(is_connected=False, problem=str(error))
                if self.has_hurry and self._hurried_tries < HURRIED_TRIES_MAX:
                    s_max = min(s_max, HURRIED_BACKOFF_S_MAX)
                    self._hurried_tries += 1
            lasted_s = 0.0 if self._connected_s is None else _now_s() - self._connected_s
            self._tries.ended(lasted_s, has_carried=self._log.cursor > cursor)
            wait_s = self._tries.wait_s(self._dice, s_max)
            log.info("road down (%s); next try in %.1f s", self.road.problem, wait_s)
            await self._rest(wait_s)

    async def _rest(self, wait_s: float) -> None:
        """Wait before the next try; an alert that is committed meanwhile ends the wait."""
        until_s, looks = _now_s() + wait_s, self._cargo.look_count
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(until_s):
                while self._cargo.look_count == looks:
                    self._work.clear()
                    await self._work.wait()
                    self._cargo.look()
                self._hurried_tries = 0
                await asyncio.sleep(self._dice.random())

    async def _connection(self) -> None:
        home = self._log.home
        self._birth_count, self._again_count = self._birth_count + 1, 0
        async with self._broker.session(
            f"hub-{home}", subscriptions=(topic(home, "down"),), will=self._state(is_online=False)
        ) as session:
            self._connected_s = _now_s()
            self._window.connected(self._connected_s)
            self._cargo.look_again()
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
        self._told_trouble, self._said_at_s = self._trouble, _now_s()
        self._again_count += 1
        await session.publish(state.topic, state.payload, is_retained=True)

    async def _send(self, session: Session) -> None:
        while True:
            if self._told_trouble != self._trouble or _now_s() >= self._said_at_s + SAID_AGAIN_AFTER_S:
                await self._say_state(session, is_online=True)
            self._cargo.look()
            self._window.expire(_now_s())
            if (send := self._window.next(_now_s(), self._log.spans)) is None:
                await self._wait_for_work()
            elif batch := self._cargo.batch_of(send):
                told = bytes(batch)
                digest = blake2b(told, digest_size=16).hexdigest()
                sent = Send(spans_of(entry.seq for entry in batch.entries), send.is_hurried)
                self._window.sent(sent, digest, _now_s())
                await session.publish(topic(batch.home, "up"), told)

    async def _wait_for_work(self) -> None:
        """Wait for a new entry, a receipt, or the moment at which something is due."""
        self._work.clear()
        with contextlib.suppress(TimeoutError):
            wake_at_s = self._window.wake_at_s(_now_s())
            said_again_at_s = self._said_at_s + SAID_AGAIN_AFTER_S
            async with asyncio.timeout_at(min(wake_at_s or said_again_at_s, said_again_at_s)):
                await self._work.wait()

    async def _listen(self, session: Session) -> None:
        while True:
            message = await session.receive()
            try:
                answer = down_from_bytes(message.payload)
            except ContractError as error:
                log.warning("an answer that can't be read: %s", error.reason)
                continue
            if isinstance(answer, Plan | UnreadablePlan):
                self._decisions.on_plan(answer)
            elif isinstance(answer, Accountable):
                self._decisions.on_accountable(answer)
            elif isinstance(answer, Looked):
                self._decisions.on_looked(answer)
            elif isinstance(answer, Receipt):
                self._take(answer)
            else:
                self._window.refused(answer.digest, _now_s())
                self._on_refusal(answer)
            self._work.set()

    def _take(self, receipt: Receipt) -> None:
        log_ = span_named(self._log.spans, receipt.log)
        if log_ is None or not self._window.is_answer(receipt):
            return
        ward_has = max(receipt.up_to, receipt.highest)
        if ward_has > log_.last or self._cargo.is_of_another_past(receipt, log_):
            is_continued = self._cargo.is_continued(receipt, log_)
            self._on_surplus(log_, ward_has, is_continued)
            is_untold = log_ == self._log.spans[-1] or log_.last > self._log.cursor
            if not is_continued and is_untold and log_ in self._log.spans:  # not believed: said again
                has = "more" if ward_has > log_.last else "something else"
                self._note_road(is_connected=True, problem=f"the ward has {has} of this log than we wrote")
                return
            if log_ not in self._log.spans:
                self._window.renamed(self._log.cursor)
                self._cargo.look_again()
                self._said_at_s = float("-inf")  # the names take their turn there in our order
        if receipt.asks_before(log_.first):
            problem = f"the ward is older than this hub: it waits for numbers before {log_.first}. Update it"
            self._note_road(is_connected=True, problem=problem)
        cursor = self._window.take(receipt, self._log.spans, _now_s())
        now = self.road.last_receipt_at = self._now()
        if cursor is not None and cursor > self._log.cursor:
            self._log.move_cursor(cursor, at=now, by=receipt.by)
        if not receipt.kept:  # the ward's position: it may have lost alerts that it had
            self._cargo.look_again()
        self.road.receipt_count += 1
        self._on_receipt(receipt)
        self._on_change()

    def _state(self, *, is_online: bool) -> Message:
        *earlier, newest = self._log.spans
        said: dict[str, object] = {
            "is_online": is_online,
            "at": self._now().isoformat(),
            "log": newest.log,
            "instance": self._instance,
            "count": self._birth_count,
            "highest": self._log.highest,
        }
        if self._again_count:
            said["again"] = self._again_count
        if earlier:
            said["earlier"] = earlier[-EARLIER_COUNT_MAX:]
        if self._trouble is not None:
            said["trouble"] = self._trouble
        if (version := self._decisions.plan_version()) is not None:
            said["plan"] = version
        if (number := self._decisions.fact()) is not None:
            said["responsibility"] = number
        return Message(topic(self._log.home, "state"), orjson.dumps(said))

    def _note_road(self, *, is_connected: bool, problem: str | None) -> None:
        if is_connected != self.road.is_connected:
            self.road.since = self._now()
        if problem != self.road.problem:
            log.warning("road to the ward: %s", problem or "back")
        self.road.is_connected = is_connected
        self.road.problem = problem
        self._on_change()


def _now_s() -> float:
    return asyncio.get_running_loop().time()
