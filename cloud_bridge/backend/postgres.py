"""The ward's tables on a PostgreSQL server; the connection mends itself, the data never guesses."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import orjson

from cloud_bridge.backend.database import (
    AwayError,
    TablesError,
    UnkeepableError,
    bring_up_to_date,
    spell_lines,
)

try:
    import psycopg
except ImportError as error:
    raise TablesError("PostgreSQL needs psycopg", "pip install pusterom[ward]") from error

CONNECT_S_MAX = 5
STATEMENT_S_MAX = 30

_SETTINGS = f"""
    set timezone to 'UTC';
    set statement_timeout to '{STATEMENT_S_MAX}s';
    set client_encoding to 'UTF8';
    select set_config('synchronous_commit', 'on', false)
    where current_setting('synchronous_commit') = 'off'
"""  # a receipt is a promise that the disk has it

_UNKEEPABLE_CLASSES = ("22", "23", "54")
"""SQLSTATE classes that blame the values: data exception, integrity violation, limit exceeded."""

_ONE_AT_A_TIME = 0x70757374  # 'pust': two wards that start together must not both make the tables


class PostgresTransaction:
    """What may be asked of the server between begin and commit."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def rows(self, sql: str, **words: object) -> list[tuple[Any, ...]]:
        """Run and return what it returns."""
        return self._run(sql, words).fetchall()

    def change(self, sql: str, **words: object) -> int:
        """Run and return how many rows it changed."""
        return self._run(sql, words).rowcount

    def _run(self, sql: str, words: dict[str, object]) -> psycopg.Cursor[tuple[Any, ...]]:
        if "lines" in words:
            words["lines"] = orjson.dumps(words["lines"]).decode()
        return self._connection.execute(_spelled(sql), words or None)


class PostgresDatabase:
    """A server, and our one connection to it: lost, it is opened again at the next transaction."""

    def __init__(self, url: str) -> None:
        try:
            psycopg.conninfo.conninfo_to_dict(url)
        except psycopg.Error:
            raise TablesError("the url of PostgreSQL cannot be read", "write % as %25 in it") from None
        self._url = url
        self._connection: psycopg.Connection | None = None
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    def _prepare(self) -> None:
        with self.transaction() as transaction:
            transaction.rows("select pg_advisory_xact_lock(:lock)", lock=_ONE_AT_A_TIME)
            is_new = transaction.rows("select to_regclass('pusterom_schema') is null")[0][0]
            bring_up_to_date(transaction, "postgresql", is_new=is_new)

    @contextmanager
    def transaction(self) -> Iterator[PostgresTransaction]:
        """Begin; commit on leaving, undo everything on any exception; raise TablesError."""
        with _told():
            try:
                connection = self._connected()
                with connection.transaction():
                    yield PostgresTransaction(connection)
            except (psycopg.OperationalError, psycopg.InterfaceError):
                self.close()  # whatever state it is in, a new one is clean
                raise

    def _connected(self) -> psycopg.Connection:
        if self._connection is None:
            self._connection = psycopg.connect(
                self._url,
                autocommit=True,
                connect_timeout=CONNECT_S_MAX,
                tcp_user_timeout=STATEMENT_S_MAX * 1000,
            )
            self._connection.execute(_SETTINGS.encode())
        return self._connection

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


@contextmanager
def _told() -> Iterator[None]:
    """Say what psycopg means, in our words; never the address, which may hold a password, nor any value."""
    try:
        yield
    except psycopg.Error as error:
        if (error.sqlstate or "")[:2] in _UNKEEPABLE_CLASSES:
            # Its own words quote them, and a refusal stands in journals at both ends.
            what = f"{type(error).__name__}, {error.sqlstate}"
            raise UnkeepableError(f"PostgreSQL refuses these values: {what}") from error
        said = " ".join((error.diag.message_primary or str(error)).split())
        kind = AwayError if isinstance(error, psycopg.OperationalError) else TablesError
        raise kind(f"PostgreSQL: {said}", _hint(error)) from error


def _hint(error: psycopg.Error) -> str:
    if isinstance(error, psycopg.errors.ReadOnlySqlTransaction):
        return "it is read-only: is this a standby?"
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return "grant this user the right to create and use tables in its schema"
    if isinstance(error, psycopg.OperationalError):
        return "is it running, and is the url right?"
    return ""


@lru_cache(maxsize=256)
def _spelled(sql: str) -> bytes:
    return re.sub(r":(\w+)", r"%(\1)s", spell_lines(sql, _json_rows)).encode()


def _json_rows(columns: list[tuple[str, str]]) -> str:
    said = ", ".join(f"{name} {kind}" for name, kind in columns)
    return f"jsonb_to_recordset(cast(:lines as jsonb)) as line ({said})"
