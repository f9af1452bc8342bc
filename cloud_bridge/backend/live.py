"""Who waits for news of a home is woken: a fan-out in this process, which never loses a wake-up."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

from cloud_bridge.backend.database import TablesError

LOOK_EVERY_S = 1.0
"""So late a page may hear of what another process has taken in."""


class News:
    """The homes that changed since one listener last asked; a home stands in it once, however often."""

    def __init__(self) -> None:
        self._homes: set[str] = set()
        self._is_news = asyncio.Event()

    def tell(self, home: str) -> None:
        """Note that this home changed."""
        self._homes.add(home)
        self._is_news.set()

    async def wait(self) -> frozenset[str]:
        """Return the homes that changed since the last call: at once if there are any."""
        while not self._homes:
            self._is_news.clear()
            await self._is_news.wait()
        homes, self._homes = frozenset(self._homes), set()
        return homes


class Changes:
    """Tells every listener that a home changed. For one event loop: nothing here is for threads."""

    def __init__(self) -> None:
        self._listeners: list[News] = []
        self._wake: list[Callable[[], None]] = []

    def on_change(self, wake: Callable[[], None]) -> None:
        """Call this at each change, from now on."""
        self._wake.append(wake)

    def notify(self, home: str) -> None:
        """Wake everyone who listens, now or at his next wait."""
        for wake in self._wake:
            wake()
        for news in self._listeners:
            news.tell(home)

    @contextmanager
    def subscribe(self) -> Iterator[News]:
        """Listen from here until the context is left; what changes between two waits is kept."""
        news = News()
        self._listeners.append(news)
        try:
            yield news
        finally:
            self._listeners.remove(news)

    async def wait(self) -> frozenset[str]:
        """Return the homes of the next change after this call; to miss none between calls, subscribe."""
        with self.subscribe() as news:
            return await news.wait()


class Elsewhere:
    """Finds what other processes have taken in: each home counts its commits, and we look at the counts."""

    def __init__(
        self, commits: Callable[[], Awaitable[Mapping[str, int]]], on_change: Callable[[str], None]
    ) -> None:
        self._commits = commits
        self._on_change = on_change
        self._seen: Mapping[str, int] | None = None

    async def run(self) -> None:
        """Look, until cancelled; a database that is away is looked at again next time."""
        while True:
            with suppress(TablesError):  # the intake and the watch say so
                await self.look()
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self) -> None:
        """Look once. What was there at the first look is no news: every page begins with it."""
        seen, self._seen = self._seen, await self._commits()
        for home, count in self._seen.items():
            if seen is not None and seen.get(home) != count:
                self._on_change(home)
