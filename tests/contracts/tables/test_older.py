"""A ward that was set up long ago: each older schema, with rows in every table, is brought up to date."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cloud_bridge.backend.moments import stamp
from cloud_bridge.backend.tables import open_tables
from cloud_bridge.contract.receipts import Receipt
from tests.contracts.tables.conftest import POSTGRES
from tests.contracts.tables.facts import HOME, NOON, alert, applied, at, batch, reading, told
from tests.given import bare

pytestmark = pytest.mark.anyio

SCHEMA = files("cloud_bridge.backend.schema")
VERSIONS = sorted(int(each.name[:4]) for each in SCHEMA.iterdir() if each.name.endswith(".sqlite.sql"))
MADE_BY_SCHEMA = {"pusterom_schema", "resource_order"}
"""Tables whose one row the schema itself puts there."""

T, LATER = stamp(NOON), stamp(at(60))
ENTRIES = (
    told(1),
    told(2, reading(1)),
    told(3, reading(2)),
    told(4, alert(1, "opened")),
    applied(5, version=1),
)
WHO = {"person": "p1", "organisation": "sykehuset", "role": "nurse"}
OWN = {"home": HOME, "log": "log1"}
ROWS: dict[str, tuple[dict[str, Any], ...]] = {
    "person": ({"home": HOME, "name": "Kari", "birth_year": 1951},),
    "home": ({"home": HOME, "is_online": True, "state_at": T, "births": None, "fact": 1, "commits": 3},),
    "log": (OWN | {"turn": 1, "up_to": 5, "first": 1},),
    "entry": tuple(
        OWN | {"seq": each.seq, "at": T, "kind": each.kind, "body": each.body.decode(), "committed_at": LATER}
        | {"boot": 1, "uptime_s": 2.5, "trust": "told"}
        for each in ENTRIES
    ),
    "reading": tuple(
        OWN | {"id": f"r{number}", "seq": number + 1, "kind": "spo2", "measured_at": T} for number in (1, 2)
    ),
    "alert": (OWN | {"id": "a1", "change": "opened", "seq": 4, "level": "red", "at": T},),
    "quarantine": ({"home": HOME, "log": "", "seq": 0, "digest": "d", "reason": "w", "data": b"", "at": T},),
    "trouble": (
        {"home": HOME, "id": "t1", "source": "ward", "what": "home_offline", "about": "", "detail": "",
         "opened_at": T, "closed_at": None},
    ),
    "plan": (
        {"home": HOME, "version": 2, "body": ENTRIES[-1].body.decode(), "by_whom": "lege",
         "is_waiting": False, "at": T},
    ),
    "organisation": (
        {"organisation": "sykehuset", "name": "Sykehuset", "kind": "hospital", "checklist": ""},
    ),
    "handover_fact": ({"home": HOME, "number": 1, "body": "{}", "at": T},),
    "handover_refused": (
        {"home": HOME, "command": "c", "by_whom": "lege", "why": "late", "detail": "", "at": T},
    ),
    "responsibility": (
        {"home": HOME, "accountable": "sykehuset", "since": T, "term": 1, "number": 1, "offered_to": None,
         "offer_until": None},
    ),
    "entitlement": ({"home": HOME, "organisation": "sykehuset", "since": T, "until": None},),
    "handled": (
        WHO | {"home": HOME, "matter": "m", "act": "seen", "at": T, "upto": T, "note": "", "until": None,
               "of_no_use": False},
    ),
    "session": (WHO | {"id": "s1", "seen_at": T, "until": LATER},),
    "login_begun": ({"id": "l1", "state": "s", "nonce": "n", "verifier": "v", "back": "/", "until": LATER},),
    "look": (WHO | {"home": HOME, "what": "patient", "at": T},),
    "outbox": ({"lane": 0, "home": HOME, "source": "entry", "name": "log1", "seq": 2},),
    "resource": (
        {"home": HOME, "type": "Observation", "id": "o1", "turn": 1, "told_at": T, "source": "entry",
         "name": "log1", "seq": 2, "word": "", "at": T, "digest": "d", "giver": None, "receiver": None},
    ),
    "stream": ({"organisation": "sykehuset", "home": HOME, "lane": "homes", "turn": 1},),
}  # fmt: skip
"""What a ward may hold, in today's columns; an older one has those of them that were there."""


class Old:
    """A database of one of the two kinds, spoken to without any code of ours."""

    def __init__(self, dialect: str, connection: Any) -> None:
        self._dialect = dialect
        self._connection = connection

    def make(self, version: int) -> None:
        """Make the tables of this version, by its files alone."""
        self._connection.execute("create table pusterom_schema (version integer not null)")
        self._connection.execute(f"insert into pusterom_schema values ({version})")
        for number in range(1, version + 1):
            (step,) = (each for each in SCHEMA.iterdir() if each.name.startswith(f"{number:04}")
                       and each.name.endswith(f".{self._dialect}.sql"))  # fmt: skip
            run = self._connection.executescript if self._dialect == "sqlite" else self._connection.execute
            run(step.read_text("utf-8"))

    def columns(self) -> dict[str, list[str]]:
        """Return the tables there are, and their columns."""
        if self._dialect == "sqlite":
            sql = ("select tables.name, columns.name from sqlite_schema as tables,"
                   " pragma_table_info(tables.name) as columns where tables.type = 'table'")  # fmt: skip
        else:
            sql = ("select table_name, column_name from information_schema.columns"
                   " where table_schema = current_schema()")  # fmt: skip
        found: dict[str, list[str]] = {}
        for table, column in self._connection.execute(sql):
            if not table.startswith("sqlite_"):
                found.setdefault(table, []).append(column)
        return found

    def fill(self) -> None:
        """Put rows into every table, in the columns that are there."""
        for table, columns in self.columns().items():
            for row in ROWS.get(table, ()):
                names = [name for name in row if name in columns]
                mark = ":{}" if self._dialect == "sqlite" else "%({})s"
                values = ", ".join(map(mark.format, names))
                said = {name: row[name] for name in names}
                self._connection.execute(f"insert into {table} ({', '.join(names)}) values ({values})", said)

    def rows(self, columns: dict[str, list[str]]) -> dict[str, list[str]]:
        """Return all that stands in these columns, in an order of its own."""
        return {
            table: sorted(map(repr, self._connection.execute(f"select {', '.join(names)} from {table}")))
            for table, names in columns.items()
            if table not in MADE_BY_SCHEMA
        }


@pytest.fixture(params=["sqlite", POSTGRES])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Any]:
    """A function that opens the database bare; the attribute `url` is how the ward finds it."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""

    @contextmanager
    def open_it() -> Iterator[Old]:
        if url:
            connection: Any = psycopg.connect(url, autocommit=True)
        else:
            connection = sqlite3.connect(tmp_path / "ward.db", isolation_level=None)
        with closing(connection):
            yield Old(request.param, connection)

    open_it.url = url or f"sqlite:///{tmp_path / 'ward.db'}"
    return open_it


@pytest.mark.parametrize("version", VERSIONS)
async def test_an_older_ward_loses_nothing(old: Callable[[], Any], version: int) -> None:
    """Every row of every table stands as it stood, and the ward goes on where its log ends."""
    with old() as bare_one:
        bare_one.make(version)
        bare_one.fill()
        columns = bare_one.columns()
        before = bare_one.rows(columns)
    tables = open_tables(old.url)
    try:
        with old() as bare_one:
            after = bare_one.rows(columns)
        assert all(before[table] for table in before)
        kept = {table: [row for row in after[table] if row in before[table]] for table in before}
        assert kept == before
        assert {table for table in before if len(after[table]) > len(before[table])} <= {"outbox"}
        assert bare(await tables.commit(batch(told(6)), at=NOON)) == Receipt("log1", 6)
        assert [each.alert.id for each in await tables.open_alerts(HOME)] == ["a1"]
        assert len(await tables.readings(HOME)) == 2
        assert (await tables.plans(HOME)).in_force is not None
        assert [each.name for each in await tables.people()] == ["Kari"]
    finally:
        tables.close()


@pytest.mark.parametrize("version", [each for each in VERSIONS if each < 10])
async def test_what_an_older_ward_took_in_is_still_told(old: Callable[[], Any], version: int) -> None:
    """What a ward had before it could tell organisations waits to be told, once it can."""
    with old() as bare_one:
        bare_one.make(version)
        bare_one.fill()
    open_tables(old.url).close()
    with old() as bare_one:
        waiting = bare_one.rows({"outbox": ["source", "seq"]})["outbox"]
    assert {f"('entry', {each.seq})" for each in ENTRIES} <= set(waiting)


def test_every_table_has_rows_here(old: Callable[[], Any]) -> None:
    """Whoever adds a table or a column says here what a ward holds in it."""
    open_tables(old.url).close()
    with old() as bare_one:
        columns = bare_one.columns()
    said = {
        table: set(rows[0]) | ({"id"} if table in {"outbox", "quarantine"} else set())
        for table, rows in ROWS.items()
    }
    assert said == {table: set(names) for table, names in columns.items() if table not in MADE_BY_SCHEMA}
