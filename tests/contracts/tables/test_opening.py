"""Opening the tables: what is refused, how it is said, and what survives the loss of a server."""

import asyncio
import os
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from cloud_bridge.backend.database import Database, TablesError, Transaction
from cloud_bridge.backend.postgres import PostgresDatabase
from cloud_bridge.backend.sqlite import SqliteDatabase
from cloud_bridge.backend.tables import Tables, open_tables
from cloud_bridge.contract.receipts import Receipt
from tests.contracts.tables.facts import HOME, NOON, batch, reading, told
from tests.contracts.tables.paused import Paused
from tests.contracts.tables.server import Server
from tests.given import bare

pytestmark = pytest.mark.anyio


async def test_what_was_kept_is_there_again(open_database: Callable[[], Database]) -> None:
    """Close, open, and the log stands where it stood."""
    first = Tables(open_database())
    await first.commit(batch(told(1, reading(1)), told(3)), at=NOON)
    receipt = await first.receipt(HOME, "log1")
    first.close()
    again = Tables(open_database())
    assert await again.receipt(HOME, "log1") == receipt
    assert len(await again.readings(HOME)) == 1


@pytest.mark.parametrize("version", [1000, 0x7FFFFFFF, -1])
def test_a_schema_we_do_not_know_is_refused(open_database: Callable[[], Database], version: int) -> None:
    """Tables that a newer program wrote are not touched; the message says which version was found."""
    database = open_database()
    with database.transaction() as transaction:
        transaction.change("update pusterom_schema set version = :version", version=version)
    database.close()
    with pytest.raises(TablesError, match=f"schema version {version}"):
        open_database()


async def test_one_call_at_a_time(tables: Tables) -> None:
    """Calls that overlap in time, and callers that give up, never share a transaction."""
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        for seq in range(1, 41):
            group.create_task(tables.commit(batch(told(seq)), at=NOON))
            impatient = group.create_task(tables.figures(HOME))
            asyncio.get_running_loop().call_soon(impatient.cancel)
    assert bare(await tables.receipt(HOME, "log1")) == Receipt("log1", 40)


@pytest.mark.parametrize(
    "url", ["", "ward.db", "sqlite:ward.db", "sqlite:///", "mysql://x/y", "postgresql://"]
)
def test_an_url_of_no_kind_we_know_is_refused(url: str) -> None:
    """The message shows how an url is written."""
    with pytest.raises(TablesError, match="sqlite:///path"):
        open_tables(url)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """A letter is not a database, and it is still there afterwards."""
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear ward,\n" * 100)
    with pytest.raises(TablesError, match="not a database"):
        open_tables(f"sqlite:///{letter}")
    assert letter.read_text().startswith("Dear ward")


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    """A database that became an empty file is a loss to be told, not a place to begin anew."""
    (tmp_path / "ward.db").touch()
    with pytest.raises(TablesError, match="is empty"):
        open_tables(f"sqlite:///{tmp_path}/ward.db")


def test_the_database_of_another_program_is_refused(tmp_path: Path) -> None:
    """We do not put our tables among a stranger's."""
    connection = sqlite3.connect(tmp_path / "other.db")
    connection.execute("create table theirs (x)")
    connection.close()
    with pytest.raises(TablesError, match="another program"):
        open_tables(f"sqlite:///{tmp_path}/other.db")


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """The message names the folder."""
    with pytest.raises(TablesError, match="nowhere is no folder"):
        open_tables(f"sqlite:///{tmp_path}/nowhere/ward.db")


@contextmanager
def as_nobody() -> Iterator[Path]:
    """A folder of our own, in a process that is nobody for a while: root may write everywhere."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder, account = Path(name), os.geteuid()
        folder.chmod(0o755)
        try:
            yield folder
        finally:
            os.seteuid(account)
            folder.chmod(0o755)


def test_a_read_only_file_is_refused(open_database: Callable[[], Database]) -> None:
    """A ward that could not keep anything does not start; the message says who needs which right."""
    del open_database
    with as_nobody() as folder:
        open_tables(f"sqlite:///{folder}/ward.db").close()
        (folder / "ward.db").chmod(0o444)
        folder.chmod(0o555)
        if os.geteuid() == 0:
            os.seteuid(65534)
        with pytest.raises(TablesError, match="right to write"):
            open_tables(f"sqlite:///{folder}/ward.db")


def test_a_file_held_by_another_is_told(tmp_path: Path) -> None:
    """Who cannot get hold of the file in time says so, instead of waiting for ever."""
    open_tables(f"sqlite:///{tmp_path}/ward.db").close()
    holder = sqlite3.connect(tmp_path / "ward.db", isolation_level=None)
    holder.execute("begin exclusive")
    try:
        with pytest.raises(TablesError, match="one owner"):
            SqliteDatabase(tmp_path / "ward.db", busy_s_max=0.05)
    finally:
        holder.close()


def test_without_psycopg_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL is an extra; who asks for it without having it is told how to get it."""
    monkeypatch.delitem(sys.modules, "cloud_bridge.backend.postgres")
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(TablesError, match=r"pip install pusterom\[ward\]"):
        open_tables("postgresql://localhost/ward")


def test_a_server_that_is_away_is_told(tmp_path: Path) -> None:
    """No server, a clear word, and no password in it."""
    with pytest.raises(TablesError, match="is it running") as caught:
        open_tables(f"postgresql://ward:secret@/ward?host={tmp_path}")
    assert "secret" not in str(caught.value)


def test_an_url_that_cannot_be_read_is_not_repeated() -> None:
    """A password with a bare percent sign does not end up in a message."""
    with pytest.raises(TablesError, match="%25") as caught:
        open_tables("postgresql://ward:secret%zz@localhost/ward")
    assert "secret" not in str(caught.value)


@pytest.mark.postgres
def test_a_read_only_server_is_refused(postgres_url: str) -> None:
    """A standby takes no entries: the ward does not start on it."""
    with pytest.raises(TablesError, match="read-only"):
        open_tables(f"{postgres_url}%20-cdefault_transaction_read_only%3Don")


class Tripped:
    """A database that calls for trouble before its third statement of each transaction."""

    def __init__(self, database: Database, trouble: Callable[[], None]) -> None:
        self._database = database
        self._trouble = trouble

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        with self._database.transaction() as transaction:
            transaction.rows("select 1")
            transaction.change("insert into home (home) values ('half')")
            self._trouble()
            yield transaction

    def close(self) -> None:
        self._database.close()


@pytest.mark.postgres
async def test_a_server_killed_midway_costs_one_try(server: Server, postgres_url: str) -> None:
    """TablesError while it is away, half a transaction gone, and the same tables work once it is back."""
    database = PostgresDatabase(postgres_url)
    tables = Tables(database)
    await tables.commit(batch(told(1, reading(1))), at=NOON)
    try:
        with pytest.raises(TablesError):
            await Tables(Tripped(database, server.kill)).commit(batch(told(2)), at=NOON)
        with pytest.raises(TablesError, match="is it running"):
            await tables.commit(batch(told(2)), at=NOON)
    finally:
        server.start()
    assert bare(await tables.commit(batch(told(2)), at=NOON)) == Receipt("log1", 2)
    assert await tables.home_state("half") is None
    assert len(await tables.readings(HOME)) == 1
    tables.close()


@pytest.mark.postgres
async def test_two_wards_on_one_server_lose_nothing(postgres_url: str) -> None:
    """Two workers that commit one home's batches at the same time end at the same place."""
    wards = [open_tables(postgres_url), open_tables(postgres_url)]
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        for seq in range(1, 61):
            sent = batch(told(seq, reading(seq)), told(seq + 1, reading(seq + 1)))
            group.create_task(wards[seq % 2].commit(sent, at=NOON))
    assert bare(await wards[0].receipt(HOME, "log1")) == Receipt("log1", 61)
    state = await wards[1].home_state(HOME)
    assert state is not None
    assert (state.up_to, state.missing_count) == (61, 0)
    for ward in wards:
        ward.close()


@pytest.mark.postgres
def test_a_server_that_does_not_wait_for_its_disk_is_told_to(server: Server, postgres_url: str) -> None:
    """A receipt promises the disk: synchronous_commit is on in our session, whatever the server's default."""
    with psycopg.connect(server.url("public"), autocommit=True) as connection:
        connection.execute("alter role ward set synchronous_commit = off")
    try:
        database = PostgresDatabase(postgres_url)
        with database.transaction() as transaction:
            assert transaction.rows("show synchronous_commit") == [("on",)]
        database.close()
    finally:
        with psycopg.connect(server.url("public"), autocommit=True) as connection:
            connection.execute("alter role ward reset synchronous_commit")


@pytest.mark.postgres
async def test_one_log_moves_in_one_place_at_a_time(postgres_url: str) -> None:
    """A ward that has the next batch of a log waits for the one at work, then counts on from there."""
    first, second = Paused(PostgresDatabase(postgres_url)), PostgresDatabase(postgres_url)
    await Tables(second).commit(batch(told(1)), at=NOON)
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(Tables(first).commit(batch(told(2)), at=NOON))
        await asyncio.to_thread(first.is_there.wait, 20)
        next_one = group.create_task(Tables(second).commit(batch(told(3)), at=NOON))
        await first.let_go_once_waited_for(postgres_url, next_one)
    assert bare(next_one.result()) == Receipt("log1", 3)
    first.close()
    second.close()
