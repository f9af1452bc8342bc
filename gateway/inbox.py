"""What arrived over a link and waits to be received: bounded, in order, and never silently shortened."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from devices.driver import LinkError

WAITING_COUNT_MAX = 2048
"""A device that tells faster than its session listens for this long is broken; so is the session."""


class Inbox:
    """Hands out what arrived before the link ended, then says why it ended."""

    def __init__(self, waiting_count_max: int = WAITING_COUNT_MAX) -> None:
        self._waiting: deque[tuple[str, bytes]] = deque()
        self._waiting_count_max = waiting_count_max
        self._news = asyncio.Event()
        self._end: str | None = None
        self._steps: list[asyncio.Timeout] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def has(self, char: str) -> bool:
        """Tell whether something of this characteristic waits to be received."""
        return any(told == char for told, _ in self._waiting)

    @property
    def end(self) -> str | None:
        """Why nothing more will be taken in, or None while the link lives."""
        return self._end

    def put(self, char: str, data: bytes) -> None:
        """Take in one notification; a full inbox ends the link rather than lose one in the middle."""
        if self._end is not None:
            return
        if len(self._waiting) >= self._waiting_count_max:
            self.close(f"more than {self._waiting_count_max} notifications wait; the rest is lost")
            return
        self._waiting.append((char, data))
        self._news.set()

    def close(self, reason: str) -> None:
        """Let nothing more in; the first reason is the one that counts."""
        if self._end is None:
            self._end = reason
        self._news.set()
        for step in self._steps:
            if step.expired():  # late already, and on its way out
                continue
            step.reschedule(asyncio.get_running_loop().time())

    @asynccontextmanager
    async def patience(self, timeout_s: float) -> AsyncIterator[None]:
        """Raise TimeoutError in what is done here after so long, and at once when the link ends.

        Not every Bluetooth stack answers for a link that is gone: nobody waits half a minute for that.
        """
        async with asyncio.timeout(timeout_s) as step:
            self._steps.append(step)
            try:
                yield
            finally:
                self._steps.remove(step)

    async def take(self, timeout_s: float) -> tuple[str, bytes]:
        """Return the oldest notification, or raise LinkError: ended, or silent for too long."""
        try:
            async with asyncio.timeout(timeout_s):
                while not self._waiting:
                    if self._end is not None:
                        raise LinkError(self._end)
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise LinkError(f"silent for {timeout_s:g} s") from None
        return self._waiting.popleft()
