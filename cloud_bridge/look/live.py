"""How a page hears that something has changed: server-sent events that end when they should."""

import asyncio
from collections.abc import Awaitable, Callable

from starlette.types import Receive, Scope, Send

KEEP_ALIVE_S = 15.0
RETRY_MS = 2_000

Wait = Callable[[], Awaitable[object]]
"""Returns at the next change after the call; what it returns is not looked at."""

_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]


class Streams:
    """An ASGI app: each caller gets an event per change until he leaves or the server stops.

    Changes that come while an event is being sent become the next event: none is lost, many may be one.
    """

    def __init__(self, wait: Wait, *, keep_alive_s: float = KEEP_ALIVE_S) -> None:
        self._wait = wait
        self._keep_alive_s = keep_alive_s
        self._ended = asyncio.Event()
        self.open_count = 0

    def end(self) -> None:
        """End every stream, now and from now on; the server is about to stop."""
        self._ended.set()

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one caller."""
        caller = _Caller(send)
        self.open_count += 1
        try:
            async with asyncio.TaskGroup() as group:
                watching = (
                    group.create_task(caller.mark_changes(self._wait)),
                    group.create_task(caller.mark_leaving(receive)),
                    group.create_task(caller.mark_end(self._ended)),
                )
                await caller.tell(self._keep_alive_s)
                for task in watching:
                    task.cancel()
        finally:
            self.open_count -= 1


class _Caller:
    """One open page: what it has to be told, and whether it is still there."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._woken = asyncio.Event()
        self._is_over = False

    async def mark_changes(self, wait: Wait) -> None:
        """Wake at each change; the next wait begins before the event is sent, so that none is lost."""
        while True:
            await wait()
            self._woken.set()

    async def mark_leaving(self, receive: Receive) -> None:
        """Wake when the caller is gone."""
        while (await receive())["type"] != "http.disconnect":
            pass
        self._finish()

    async def mark_end(self, ended: asyncio.Event) -> None:
        """Wake when the server stops."""
        await ended.wait()
        self._finish()

    async def tell(self, keep_alive_s: float) -> None:
        """Send events and signs of life until it is over."""
        await self._send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        await self._say(f"retry: {RETRY_MS}\n: hello\n\n")
        while not self._is_over:
            try:
                async with asyncio.timeout(keep_alive_s):
                    await self._woken.wait()
            except TimeoutError:
                await self._say(": still here\n\n")
            else:
                self._woken.clear()
                if not self._is_over:
                    await self._say("data: change\n\n")
        await self._say("", is_last=True)

    async def _say(self, text: str, *, is_last: bool = False) -> None:
        try:
            await self._send({"type": "http.response.body", "body": text.encode(), "more_body": not is_last})
        except OSError:  # some servers say so when the caller is gone
            self._finish()

    def _finish(self) -> None:
        self._is_over = True
        self._woken.set()
