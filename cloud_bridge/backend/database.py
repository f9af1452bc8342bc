"""The door to a database: transactions over one SQL, whatever server or file stands behind it."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from importlib.resources import files
from typing import Any, Protocol

HOMES_AT_ONCE = 100
"""So many homes are looked at in one transaction: a batch that comes meanwhile waits for no more."""


class TablesError(Exception):
    """The database is away, unfit or not ours; nothing was kept. `hint` says what a person may do."""

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(f"{reason} ({hint})" if hint else reason)
        self.reason = reason
        self.hint = hint


class AwayError(TablesError):
    """The server can't be reached; it may only be slower to start than we are."""


class UnkeepableError(TablesError):
    """The database works, but refuses these values: trying again will not help."""


class Transaction(Protocol):
    """All or nothing. Both databases read the same SQL: parameters are `:name`.

    `from lines (seq bigint, …)` stands for the rows given as `lines`, one dict each: a whole batch
    is one statement.
    """

    def rows(self, sql: str, **words: object) -> list[tuple[Any, ...]]:
        """Run and return what it returns."""
        ...

    def change(self, sql: str, **words: object) -> int:
        """Run and return how many rows it changed."""
        ...


class Database(Protocol):
    """One connection, mended when it was lost. Not for two threads at a time."""

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Begin; commit on leaving, undo everything on any exception; raise TablesError."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


def in_groups(homes: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield these homes in groups of which each may be one transaction."""
    for first in range(0, len(homes), HOMES_AT_ONCE):
        yield homes[first : first + HOMES_AT_ONCE]


_LINES = re.compile(r"from lines \(([^)]*)\)")


def spell_lines(sql: str, spell: Callable[[list[tuple[str, str]]], str]) -> str:
    """Return the statement with each `from lines (name type, …)` as this database spells it."""

    def source(found: re.Match[str]) -> str:
        columns = [tuple(column.split()) for column in found[1].split(",")]
        return "from " + spell([(name, kind) for name, kind in columns])

    return _LINES.sub(source, sql)


def bring_up_to_date(transaction: Transaction, dialect: str, *, is_new: bool) -> None:
    """Apply the schema files this database has not seen; refuse a version that we do not know."""
    steps = _steps(dialect)
    known = max(steps)
    if is_new:
        transaction.change("create table pusterom_schema (version integer not null)")
        transaction.change("insert into pusterom_schema (version) values (0)")
    found = transaction.rows("select version from pusterom_schema")
    version = found[0][0] if len(found) == 1 else None
    if not isinstance(version, int) or not 0 <= version <= known:
        raise TablesError(
            f"the database has schema version {version}, this program knows up to {known}",
            "run the newer pusterom that wrote it",
        )
    for number in sorted(number for number in steps if number > version):
        for statement in steps[number].split(";"):
            if statement.strip():
                transaction.change(statement)
        transaction.change("update pusterom_schema set version = :number", number=number)


def _steps(dialect: str) -> dict[int, str]:
    folder = files("cloud_bridge.backend.schema")
    named = [step for step in folder.iterdir() if step.name.endswith(f".{dialect}.sql")]
    steps = {int(step.name.split("_")[0]): _without_comments(step.read_text("utf-8")) for step in named}
    assert len(steps) == len(named), f"two files of {folder} have one number: {sorted(map(str, named))}"
    return steps


def _without_comments(sql: str) -> str:
    return "\n".join(line for line in sql.splitlines() if not line.lstrip().startswith("--"))
