"""Carries the log to the ward: joins the log, the window and a broker, for as long as the hub lives."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from random import Random
from typing import Protocol

import orjson

from cloud_bridge.backoff import BACKOFF_S_MAX, backoff_s
from cloud_bridge.broker import Broker, Message, Session, UplinkError
from cloud_bridge.contract.entries import EARLIER_COUNT_MAX, Batch, Entry, LogSpan
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
    cursor: int

    @property
    def spans(self) -> tuple[LogSpan, ...]:
        """Return which numbers go under which name, the oldest first; the last one grows."""
        ...

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
        on_surplus: Callable[[LogSpan, int], None] = lambda _span, _up_to: None,
        backoff_s_max: float = BACKOFF_S_MAX,
    ) -> None:
        self.road = Road()
        self._log = log_
        self._broker = broker
        self._now = now
        self._dice = dice
        self._on_change = on_change
        self._on_refusal = on_refusal
        self._on_surplus = on_surplus
        self._backoff_s_max = backoff_s_max
        self._windows: dict[str, Window] = {}
        self._work = asyncio.Event()
        self._attempt = 0

    def wake(self) -> None:
        """Say that the log may hold something new."""
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
        async with self._broker.session(
            f"hub-{home}", subscriptions=(topic(home, "down"),), will=self._state(is_online=False)
        ) as session:
            for window in self._windows.values():
                window.connected()
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
        await session.publish(state.topic, state.payload, is_retained=True)

    async def _send(self, session: Session) -> None:
        while True:
            while batch := self._next_batch():
                await session.publish(topic(batch.home, "up"), bytes(batch))
            await self._wait_for_work()

    def _next_batch(self) -> Batch | None:
        """Return what to send now: no batch straddles two logs, and none waits for another log's receipts."""
        for span in self._log.spans:
            window = self._window(span)
            if not (send := window.next(span.last)):
                continue
            found = self._log.entries(after=send.after, count_max=send.count_max)
            entries = tuple(entry for entry in found if entry.seq <= span.last)
            if entries:
                window.sent(entries[-1].seq)
                return Batch(self._log.home, span.log, entries, span.first)
        return None

    def _window(self, span: LogSpan) -> Window:
        """Return the window over this log; what lies up to the cursor is with the ward."""
        if span.log not in self._windows:
            up_to = min(max(self._log.cursor, span.first - 1), span.last)
            self._windows[span.log] = Window(span.log, up_to, first=span.first)
        return self._windows[span.log]

    def _delivered(self) -> int:
        """Return up to which number the ward has everything."""
        up_to = 0
        for span in self._log.spans:
            up_to = self._window(span).up_to
            if up_to < span.last:
                break
        return up_to

    async def _wait_for_work(self) -> None:
        """Wait for a new entry or a receipt; what gets no receipt in time is sent again."""
        self._work.clear()
        is_waiting = any(window.is_waiting for window in self._windows.values())
        try:
            async with asyncio.timeout(RECEIPT_TIMEOUT_S if is_waiting else None):
                await self._work.wait()
        except TimeoutError:
            for window in self._windows.values():
                window.rewind()

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
                for window in self._windows.values():
                    window.shrink()
                self._on_refusal(answer)
                await asyncio.sleep(backoff_s(self._attempt, self._dice, self._backoff_s_max))
                self._attempt += 1
            self._work.set()

    def _take(self, receipt: Receipt) -> None:
        span = self._span_of(receipt)
        if span is not None and receipt.up_to > span.last:
            self._on_surplus(span, receipt.up_to)
            span = self._span_of(receipt)
            if span == self._log.spans[-1]:
                self._note_road(is_connected=True, problem="the ward has more of this log than we wrote")
                return
        if span is not None:
            self._move(span, replace(receipt, up_to=min(receipt.up_to, span.last)))
        self._attempt = 0
        self.road.last_receipt_at = self._now()
        self.road.receipt_count += 1
        self._on_change()

    def _span_of(self, receipt: Receipt) -> LogSpan | None:
        return next((span for span in self._log.spans if span.log == receipt.log), None)

    def _move(self, span: LogSpan, receipt: Receipt) -> None:
        """Let a receipt move the window over its log, and with it perhaps the cursor."""
        window = self._window(span)
        window.take(receipt, span.last)
        if window.is_misread(receipt):
            problem = f"the ward is older than this hub: it waits for numbers before {span.first}. Update it"
            self._note_road(is_connected=True, problem=problem)
        if (cursor := self._delivered()) > self._log.cursor:
            self._log.move_cursor(cursor)

    def _state(self, *, is_online: bool) -> Message:
        *earlier, newest = self._log.spans
        said: dict[str, object] = {
            "is_online": is_online,
            "at": self._now().isoformat(),
            "log": newest.log,
        }
        if earlier:
            said["earlier"] = earlier[-EARLIER_COUNT_MAX:]
        return Message(topic(self._log.home, "state"), orjson.dumps(said))

    def _note_road(self, *, is_connected: bool, problem: str | None) -> None:
        if is_connected != self.road.is_connected:
            self.road.since = self._now()
        if problem != self.road.problem:
            log.warning("road to the ward: %s", problem or "back")
        self.road.is_connected = is_connected
        self.road.problem = problem
        self._on_change()
