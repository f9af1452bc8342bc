"""A ward that can lose its power: the production intake on whatever is left in its database."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from random import Random

from cloud_bridge.backend.fhir_told import Line
from cloud_bridge.backend.ingest import Ingest
from cloud_bridge.backend.live import Changes
from cloud_bridge.backend.streams import OnTold, Streams
from cloud_bridge.backend.tables import Tables, open_tables
from cloud_bridge.backend.watch import Watch
from cloud_bridge.broker import Broker
from cloud_bridge.together import together
from gateway.ports import Now

WATCH_EVERY_S = 900.0
"""A week in virtual time has ten thousand minutes, and a look costs real time."""


class Ward:
    """Boots the ward's intake, and cuts its power."""

    def __init__(self, url: str, broker: Broker, *, now: Now, dice: Random, tasks: asyncio.TaskGroup) -> None:
        self.changes = Changes()
        self.on_commit: Callable[[str], None] = self.changes.notify
        self._url = url
        self._broker = broker
        self._now = now
        self._dice = dice
        self._tasks = tasks
        self._running: tuple[Tables, asyncio.Task[None]] | None = None
        self._wake: Callable[[], None] = lambda: None
        self._decided: Callable[[], None] = lambda: None
        self.changes.on_change(lambda: self._wake())
        self.on_told: OnTold = lambda _organisation, _line, _at: None

    @property
    def tables(self) -> Tables:
        """The database of the ward that runs now."""
        assert self._running is not None, "a ward without power has no tables"
        return self._running[0]

    @property
    def is_powered(self) -> bool:
        """Whether the ward runs."""
        return self._running is not None

    def boot(self) -> None:
        """Start the intake on what is left in the database."""
        assert self._running is None, "there is one ward"
        tables = open_tables(self._url)
        ingest = Ingest(tables, self._broker, self._now, lambda home: self.on_commit(home), dice=self._dice)
        watch = Watch(tables, self._now, lambda home: self.on_commit(home), every_s=WATCH_EVERY_S)
        streams = Streams(
            tables, self._broker, self._now, dice=self._dice, every_s=WATCH_EVERY_S, on_told=self._has_told
        )
        self._wake, self._decided = streams.wake, ingest.decided
        self._running = (tables, self._tasks.create_task(self._live(tables, ingest, watch, streams)))

    def decided(self) -> None:
        """Say that something was decided which a home is to hear: it is told now."""
        self._decided()

    async def unplug(self) -> None:
        """Cut the power: nothing more reaches the database."""
        assert self._running is not None, "only a running ward can lose its power"
        tables, task = self._running
        self._running = None
        tables.close()
        task.cancel()
        await asyncio.wait({task})

    def _has_told(self, organisation: str, line: Line, at: datetime) -> None:
        self.on_told(organisation, line, at)

    async def _live(self, tables: Tables, ingest: Ingest, watch: Watch, streams: Streams) -> None:
        try:
            await together(ingest.run(), watch.run(), streams.run())
        except BaseException:
            if self._running is not None and self._running[0] is tables:
                raise
