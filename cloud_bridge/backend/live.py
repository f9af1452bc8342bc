"""Who waits for news of a home is woken: a fan-out in this process, which never loses a wake-up."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


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

    def notify(self, home: str) -> None:
        """Wake everyone who listens, now or at his next wait."""
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
