"""The log's tables, as migrations; a file of this house is known by the ones applied to it."""

import sys
from types import ModuleType
from typing import Any, cast

import sqlcipher3
import sqlcipher3.dbapi2

# sqlite-utils picks its database module when it is imported, and knows the encrypted one by this name only.
sys.modules.setdefault("pysqlite3", sqlcipher3)
sys.modules.setdefault("pysqlite3.dbapi2", sqlcipher3.dbapi2)

# It loads numpy and pandas where it finds them, to know their types: 16 MB (measured), and a log has none.
_HIDDEN = [name for name in ("numpy", "pandas") if name not in sys.modules]
for _name in _HIDDEN:
    sys.modules[_name] = cast(ModuleType, None)  # so Python says that it is not there

from sqlite_utils import Database, Migrations  # noqa: E402 - after the names above

for _name in _HIDDEN:
    del sys.modules[_name]

MIGRATIONS = Migrations("pusterom-hub")


@MIGRATIONS()
def m0001_the_log(db: Database) -> None:
    """Make the log, and the tables that are indexes of it."""
    for statement in (
        "create table entry (seq integer primary key, at text not null, kind text not null,"
        " body text not null)",
        "create table told (id text primary key, seq integer not null) without rowid",
        "create table reading (seq integer primary key, kind text not null, measured_at text not null)",
        "create index reading_by_time on reading (kind, measured_at)",
        "create table device (address text primary key, driver text not null, last_heard_at text not null,"
        " last_fault text) without rowid",
        "create table state (name text primary key, body text not null) without rowid",
    ):
        db.execute(statement)


@MIGRATIONS()
def m0002_the_clock_of_an_entry(db: Database) -> None:
    """Keep beside each entry how the hub's clock stood; null where nobody told."""
    for column in ("boot integer", "uptime_s real", "trust text"):
        db.execute(f"alter table entry add column {column}")
    db.execute("create index entry_clock_found on entry (boot) where kind = 'clock_found'")


@MIGRATIONS()
def m0003_the_names_of_the_log(db: Database) -> None:
    """Let the log have had other names; `last` is null for the one that is written now.

    `ward_has` is up to where the ward said that it has it, where that was more than we.
    """
    db.execute(
        "create table log (turn integer primary key, log text not null unique, first integer not null,"
        " last integer, ward_has integer)"
    )
    db.execute("insert into log (log, first) select body, 1 from state where name = 'log'")


@MIGRATIONS()
def m0005_what_goes_first_and_who_has_it(db: Database) -> None:
    """Find alerts and troubles without reading the whole log; keep when which receipt came, and whose."""
    for statement in (
        "create index entry_hurried on entry (seq) where kind in ('alert', 'trouble')",
        "create table received (up_to integer primary key, at text not null, by text not null)",
        # What was received before this table was made was so at a time that nobody kept.
        "insert into received select cast(body as integer), '', '' from state where name = 'cursor'",
    ):
        db.execute(statement)


def migrate(connection: Any) -> None:  # noqa: ANN401 - the encrypted module has no types
    """Bring the tables up to date, each step in a transaction of its own."""
    MIGRATIONS.apply(Database(connection))


def known_steps() -> list[str]:
    """Return the names of the migrations that this program knows."""
    return [step.name for step in MIGRATIONS.pending(Database(memory=True))]


def steps(connection: Any) -> tuple[list[str], list[str]]:  # noqa: ANN401 - as above
    """Return the migrations applied to this file: those we know, and those we have never heard of."""
    ours = set(known_steps())
    applied = [step.name for step in MIGRATIONS.applied(Database(connection))]
    return [name for name in applied if name in ours], [name for name in applied if name not in ours]
