"""A worker that stands still in the middle of a commit, until another one waits for it."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from cloud_bridge.backend.database import Database, Transaction

_WAITING = "select 1 from pg_locks where not granted"


class Paused:
    """A database that stops before it moves the log, until it is let go."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.is_there, self.may_go = threading.Event(), threading.Event()

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        with self._database.transaction() as self._transaction:
            yield self

    def rows(self, sql: str, **words: object) -> list[tuple[Any, ...]]:
        return self._transaction.rows(sql, **words)

    def change(self, sql: str, **words: object) -> int:
        if sql.startswith("update log"):
            self.is_there.set()
            assert self.may_go.wait(20)
        return self._transaction.change(sql, **words)

    def close(self) -> None:
        self._database.close()

    async def let_go_once_waited_for(self, url: str, other: asyncio.Task[Any]) -> None:
        """Go on once somebody waits for a lock of ours, or has not waited at all."""
        with psycopg.connect(url, autocommit=True) as watcher:
            while not other.done() and not await asyncio.to_thread(lambda: [*watcher.execute(_WAITING)]):
                pass
        self.may_go.set()
