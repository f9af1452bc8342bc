"""The ward's tables in one SQLite file: WAL, every commit on the disk before it returns."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson

from cloud_bridge.backend.database import TablesError, UnkeepableError, bring_up_to_date, spell_lines

BUSY_S_MAX = 5.0
"""So long we wait for another program that holds the file."""

OLDEST = (3, 38)
"""The first SQLite that reads JSON with ->>."""

_UNKEEPABLE = (sqlite3.DataError, sqlite3.IntegrityError, OverflowError, UnicodeError)


class SqliteTransaction:
    """What may be asked of the file between begin and commit."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, sql: str, **words: object) -> list[tuple[Any, ...]]:
        """Run and return what it returns."""
        return self._run(sql, words).fetchall()

    def change(self, sql: str, **words: object) -> int:
        """Run and return how many rows it changed."""
        return self._run(sql, words).rowcount

    def _run(self, sql: str, words: dict[str, object]) -> sqlite3.Cursor:
        if "lines" in words:
            words["lines"] = orjson.dumps(words["lines"]).decode()
        return self._connection.execute(_spelled(sql), words)


class SqliteDatabase:
    """The file and its one connection. One process owns it: readers from outside may only look."""

    def __init__(self, path: Path, *, busy_s_max: float = BUSY_S_MAX) -> None:
        _refuse_unfit(path)
        with _told(path):
            self._connection = sqlite3.connect(
                path, timeout=busy_s_max, isolation_level=None, check_same_thread=False
            )
        self._path = path
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    def _prepare(self) -> None:
        with _told(self._path):
            # Looked at first: to set the journal mode would change a file that is not ours.
            names = {name for (name,) in self._connection.execute("select name from sqlite_schema")}
            if names and "pusterom_schema" not in names:
                raise TablesError(f"{self._path} is the database of another program", "name another file")
            mode = self._connection.execute("pragma journal_mode = wal").fetchone()[0]
            self._connection.execute("pragma synchronous = full")
        if mode != "wal":
            raise TablesError(f"{self._path}: no write-ahead log on this disk", "use a local disk")
        with self.transaction() as transaction:
            is_new = not transaction.rows("select name from sqlite_schema")
            bring_up_to_date(transaction, "sqlite", is_new=is_new)

    @contextmanager
    def transaction(self) -> Iterator[SqliteTransaction]:
        """Begin; commit on leaving, undo everything on any exception; raise TablesError."""
        with _told(self._path):
            self._connection.execute("begin immediate")
            try:
                yield SqliteTransaction(self._connection)
                self._connection.execute("commit")
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("rollback")

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


def _refuse_unfit(path: Path) -> None:
    if sqlite3.sqlite_version_info < OLDEST:
        raise TablesError(f"SQLite {sqlite3.sqlite_version} is too old", "3.38 or newer is needed")
    try:
        if not path.parent.is_dir():
            raise TablesError(f"{path.parent} is no folder", "create it first")
        if path.exists() and path.stat().st_size == 0:
            raise TablesError(
                f"{path} is empty where a database should be",
                "restore it from the backup; delete it only if it never held anything",
            )
    except OSError as error:
        raise TablesError(f"{path}: {error}") from error


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Say what SQLite means, in our words."""
    try:
        yield
    except _UNKEEPABLE as error:
        raise UnkeepableError(f"{path} refuses these values: {error}") from error
    except sqlite3.Error as error:
        raise TablesError(f"{path}: {error}", _HINTS.get(_code(error), "")) from error


def _code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


_HINTS = {
    sqlite3.SQLITE_NOTADB: "this file is not a database; name another one or restore the backup",
    sqlite3.SQLITE_CORRUPT: "the file is damaged; keep a copy of it and restore the backup",
    sqlite3.SQLITE_READONLY: "it is read-only for this user; give it the right to write file and folder",
    sqlite3.SQLITE_CANTOPEN: "this user may not open it; give it the right to write file and folder",
    sqlite3.SQLITE_BUSY: "another program holds it; a ward's file has one owner",
    sqlite3.SQLITE_FULL: "the disk is full",
}


@lru_cache(maxsize=256)
def _spelled(sql: str) -> str:
    return spell_lines(sql, _json_rows)


def _json_rows(columns: list[tuple[str, str]]) -> str:
    said = ", ".join(f"value ->> '{name}' as {name}" for name, _ in columns)
    return f"(select {said} from json_each(:lines)) as line"  # noqa: S608 - our own column names
