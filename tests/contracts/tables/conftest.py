"""Both databases, fresh for each test; one suite runs over them."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest

from cloud_bridge.backend.database import Database
from cloud_bridge.backend.postgres import PostgresDatabase
from cloud_bridge.backend.sqlite import SqliteDatabase
from cloud_bridge.backend.tables import Tables
from tests.contracts.tables.server import Server, private_server

_NUMBERS = count()
POSTGRES = pytest.param("postgresql", marks=pytest.mark.postgres)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with private_server() as running:
        yield running


@pytest.fixture
def postgres_url(server: Server) -> str:
    schema = f"ward{next(_NUMBERS)}"
    with psycopg.connect(server.url("public"), autocommit=True) as connection:
        connection.execute(f"create schema {schema}".encode())
    return server.url(schema)


@pytest.fixture(params=["sqlite", POSTGRES])
def open_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Database]]:
    """A function that opens the same database, as often as it is called."""
    opened: list[Database] = []
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""

    def open_it() -> Database:
        opened.append(PostgresDatabase(url) if url else SqliteDatabase(tmp_path / "ward.db"))
        return opened[-1]

    yield open_it
    for database in opened:
        database.close()


@pytest.fixture
def tables(open_database: Callable[[], Database]) -> Tables:
    return Tables(open_database())
