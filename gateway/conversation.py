"""A visit of a driver from outside: its session runs apart, and the hub does for it what it asks.

The session has a thread and an event loop of its own. Whatever it wants of the world (its link, the
circumstances of a reading, somebody to take it) is handed over to the hub's loop, and meanwhile the
session waits. While nothing is handed over the session is at work itself, and the clock runs.
"""

import asyncio
import concurrent.futures
import math
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

from devices.driver import Driver, FrameError, Link, LinkError, OfItself, Visitor
from devices.kinds import Kind
from devices.readings import Heard, Reading
from gateway.apart import LateError, apart

T = TypeVar("T")

Take = Callable[[Any, tuple[Reading, ...] | None], None]
"""Takes what was said, and what it means."""

RECEIVE_S_MAX = 300.0
"""So long a session from outside may wait for its device in silence: a link is one of three."""

_OVER = "the visit is over"


class Conversation:
    """One visit; `run` returns when the session has ended, and raises what it ended with."""

    def __init__(
        self, driver: Driver[Any], link: Link, *, heard: Callable[[], Heard], take: Take, deadline_s: float
    ) -> None:
        self._driver = driver
        self._link = link
        self._heard = heard
        self._take = take
        self._deadline_s = deadline_s
        self._hub = asyncio.get_running_loop()
        self._since_s = self._hub.time()
        self._in_hand: set[asyncio.Task[None]] = set()
        self._moved = asyncio.Event()
        self._failure: Exception | None = None
        self._is_over = False
        self._session: tuple[asyncio.AbstractEventLoop, asyncio.Task[None]] | None = None

    async def run(self, visitor: Visitor) -> None:
        """Let the session talk; raise LateError when it does not come back to its link in time."""
        outcome = apart(lambda: asyncio.run(self._talk(visitor)), self._driver.id)
        outcome.add_done_callback(lambda _: self._wake())
        try:
            while not outcome.done() and self._failure is None:
                await self._until_moved()
        finally:
            await self._end()
        if self._failure is not None:
            raise self._failure
        outcome.result()

    async def _until_moved(self) -> None:
        ends_at = None if self._in_hand else self._since_s + self._deadline_s
        try:
            async with asyncio.timeout_at(ends_at):
                await self._moved.wait()
        except TimeoutError:
            if not self._moved.is_set():  # else it has come in the very moment
                raise LateError(self._deadline_s) from None
        self._moved.clear()

    async def _end(self) -> None:
        """Touch the link no more, and tell the session to go; nobody waits until it does."""
        self._is_over = True
        for task in self._in_hand:
            task.cancel()
        if self._in_hand:
            await asyncio.wait(self._in_hand)
        if self._session is not None:
            loop, session = self._session
            with suppress(RuntimeError):  # it has gone already
                loop.call_soon_threadsafe(session.cancel)

    # ── In the session's thread ──

    async def _talk(self, visitor: Visitor) -> None:
        session = asyncio.current_task()
        assert session is not None, "a session runs as a task"
        self._session = (asyncio.get_running_loop(), session)
        assert self._driver.session is not None, "only a device that takes visits is visited"
        async for said in self._driver.session(_FarLink(self._link, self.handed_over), visitor):
            meaning: tuple[Reading, ...] | None = None
            if not isinstance(said, OfItself | FrameError):
                heard = await self.handed_over(self._now_heard)
                said, meaning = meant(self._driver, said, heard)
            await self.handed_over(partial(self._taken, said, meaning))

    async def handed_over(self, deed: Callable[[], Awaitable[T]]) -> T:
        """Have the hub's loop do this, and wait for what comes of it."""
        reply: concurrent.futures.Future[T] = concurrent.futures.Future()
        try:
            self._hub.call_soon_threadsafe(self._begin, deed, reply)
        except RuntimeError:  # the hub's loop has ended
            raise LinkError(_OVER) from None
        return await asyncio.wrap_future(reply)

    # ── On the hub's loop ──

    def _begin(self, deed: Callable[[], Awaitable[T]], reply: "concurrent.futures.Future[T]") -> None:
        if self._is_over:
            reply.set_exception(LinkError(_OVER))
            return
        task = self._hub.create_task(self._do(deed, reply))
        self._in_hand.add(task)
        task.add_done_callback(self._done)
        reply.add_done_callback(lambda given: self._give_up(task) if given.cancelled() else None)
        self._moved.set()

    async def _do(self, deed: Callable[[], Awaitable[T]], reply: "concurrent.futures.Future[T]") -> None:
        """Do it, and reply; what no stranger may hear of, such as a disk that does not take, is ours."""
        with suppress(concurrent.futures.InvalidStateError):  # it no longer waits for this
            try:
                result = await deed()
            except LinkError as error:
                reply.set_exception(error)
            except asyncio.CancelledError:
                reply.set_exception(LinkError(_OVER))
            except Exception as error:  # noqa: BLE001 - raised by run(), to whom it belongs
                self._failure = error
                reply.set_exception(LinkError(_OVER))
            else:
                reply.set_result(result)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._in_hand.discard(task)
        self._since_s = self._hub.time()
        self._moved.set()

    async def _now_heard(self) -> Heard:
        return self._heard()

    async def _taken(self, said: object, meaning: tuple[Reading, ...] | None) -> None:
        self._take(said, meaning)

    def _wake(self) -> None:
        with suppress(RuntimeError):  # the hub's loop has ended
            self._hub.call_soon_threadsafe(self._moved.set)

    def _give_up(self, task: "asyncio.Task[None]") -> None:
        with suppress(RuntimeError):  # as above
            self._hub.call_soon_threadsafe(task.cancel)


class _FarLink:
    """The link as the session's thread has it: what waits is handed over to the hub."""

    def __init__(
        self, link: Link, handed_over: Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]]
    ) -> None:
        self._link = link
        self._handed_over = handed_over

    @property
    def backlog(self) -> int:
        """How many notifications have arrived that nobody has received yet."""
        return self._link.backlog

    def has(self, char: str) -> bool:
        """Tell whether the device offers this characteristic."""
        return self._link.has(char)

    async def read(self, char: str) -> bytes:
        """Have it read."""
        return bytes(await self._handed_over(lambda: self._link.read(char)))

    async def write(self, char: str, data: bytes, *, with_response: bool = True) -> None:
        """Have it written."""
        await self._handed_over(lambda: self._link.write(char, bytes(data), with_response=with_response))

    async def subscribe(self, char: str) -> None:
        """Have it subscribed to."""
        await self._handed_over(lambda: self._link.subscribe(char))

    async def receive(self, *, timeout_s: float) -> tuple[str, bytes]:
        """Have the next notification fetched."""
        patience_s = min(timeout_s, RECEIVE_S_MAX)
        char, data = await self._handed_over(lambda: self._link.receive(timeout_s=patience_s))
        return char, data


def meant(driver: Driver[Any], frame: Any, heard: Heard) -> tuple[Any, tuple[Reading, ...] | None]:  # noqa: ANN401 - a frame is private to its driver
    """Return a frame with what it means, or the FrameError in its place; nobody speaks for another device."""
    try:
        readings = tuple(driver.readings(frame, heard))
    except FrameError as error:
        return error, None
    for reading in readings:
        if not isinstance(reading, Reading):
            raise TypeError(f"readings() gave {type(reading).__name__}, and no Reading")
        if (reading.device, reading.driver) != (heard.device, heard.driver):
            raise ValueError(f"a reading of {heard.driver} says it is of {reading.driver}, {reading.device}")
        if not (isinstance(reading.kind, Kind) and math.isfinite(reading.value)):
            raise ValueError(f"{reading.value!r} is no {reading.kind!r}")
    return frame, readings
