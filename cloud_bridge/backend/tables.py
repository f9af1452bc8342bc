"""The ward's memory: what the pages ask, what the intake keeps, over SQLite or PostgreSQL."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

from cloud_bridge.backend.alerts import alerts_of, open_alerts
from cloud_bridge.backend.at_home import AtHomeTables
from cloud_bridge.backend.commit import keep, keep_message, receipt_of, receipts_at_birth
from cloud_bridge.backend.database import Database, TablesError, Transaction, in_groups
from cloud_bridge.backend.escalated import escalate
from cloud_bridge.backend.fhir_find import FhirTables
from cloud_bridge.backend.figure_rows import FigureTables
from cloud_bridge.backend.handled import HandledTables
from cloud_bridge.backend.handovers import HandoverTables, let_offers_end
from cloud_bridge.backend.heard import Told
from cloud_bridge.backend.looks import LookTables
from cloud_bridge.backend.moments import moment, stamp
from cloud_bridge.backend.plans import PlanTables
from cloud_bridge.backend.sessions import SessionTables
from cloud_bridge.backend.sqlite import SqliteDatabase
from cloud_bridge.backend.standing import Birth, Known
from cloud_bridge.backend.told import told_of
from cloud_bridge.backend.troubles import look_at_homes, open_troubles
from cloud_bridge.backend.views import (
    Figures,
    OpenAlert,
    OpenTrouble,
    Person,
    Quarantined,
)
from cloud_bridge.contract.entries import Batch, LogSpan
from cloud_bridge.contract.plan import Plan
from cloud_bridge.contract.receipts import Receipt

T = TypeVar("T")
_EVER = datetime.min.replace(tzinfo=UTC)

_ENROL = """
    insert into person (home, name, birth_year) values (:home, :name, :birth_year)
    on conflict (home) do update set name = excluded.name, birth_year = excluded.birth_year
"""
# A retained "offline" is told at each of our connects: since when it has been so does not move.
_SET_HOME_STATE = """
    insert into home (home, is_online, state_at) values (:home, :is_online, :at)
    on conflict (home) do update set
        is_online = excluded.is_online,
        state_at = case
            when home.state_at is not null and not home.is_online and not excluded.is_online
            then home.state_at else excluded.state_at
        end
"""
_BIRTHS = "select births from home where home = :home"
_KEEP_BIRTHS = "update home set births = :births where home = :home"
_PEOPLE = "select home, name, birth_year from person order by name, home"
_COMMITS = "select home, commits from home"
_QUARANTINED = "select id, home, seq, reason, data, at from quarantine order by id desc limit :count_max"
_FIGURES = """
    select
        (select count(*) from entry where home = :home),
        (select count(*) from reading where home = :home),
        (select count(*) from alert where home = :home and change = 'opened'),
        (select count(*) from alert where home = :home and change = 'closed'),
        (select coalesce(sum(due - kept), 0) from (
            select max(entry.seq) - min(log.first) + 1 as due, count(*) as kept
            from entry join log on log.home = entry.home and log.log = entry.log
            where entry.home = :home group by entry.log
        ) as logs),
        (select count(*) - count(distinct id) from reading where home = :home),
        (select count(*) from quarantine where home = :home)
"""


def open_tables(url: str) -> "Tables":
    """Open `sqlite:///path` or `postgresql://…`, its tables made or brought up to date; raise TablesError."""
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite" and len(rest) > 1 and rest[0] == "/":
        return Tables(SqliteDatabase(Path(rest[1:])))
    if scheme in {"postgresql", "postgres"} and rest:
        from cloud_bridge.backend.postgres import PostgresDatabase  # the extra [ward], only where asked for

        return Tables(PostgresDatabase(url))
    raise TablesError(
        f"no database is called {scheme}://…", "write sqlite:///path/to/ward.db or postgresql://host/name"
    )


class Tables(
    AtHomeTables,
    PlanTables,
    HandoverTables,
    HandledTables,
    LookTables,
    SessionTables,
    FigureTables,
    FhirTables,
):
    """Everything the ward remembers. Each call is one transaction, in a thread, one at a time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = Lock()  # not asyncio's: a cancelled caller leaves its thread at work

    async def _ask(self, work: Callable[[Transaction], T]) -> T:
        return await asyncio.to_thread(self._one_transaction, work)

    def _one_transaction(self, work: Callable[[Transaction], T]) -> T:
        with self._lock, self._database.transaction() as transaction:
            return work(transaction)

    def close(self) -> None:
        """Let go of the database."""
        with self._lock:
            self._database.close()

    async def commit(self, batch: Batch, *, at: datetime) -> Receipt:
        """Keep this batch, each entry once, and return the receipt; on TablesError nothing is kept."""
        return await self._ask(lambda transaction: keep(transaction, batch, at))

    async def receipt(self, home: str, log: str) -> Receipt:
        """Return where this log stands; up to 0 for a log never seen."""
        return await self._ask(lambda transaction: receipt_of(transaction, home, log))

    async def receipts(self, home: str, log: str, earlier: tuple[LogSpan, ...]) -> tuple[Receipt, ...]:
        """Return where each log of a newborn hub stands, the newest last."""
        return await self._ask(lambda transaction: receipts_at_birth(transaction, home, log, earlier))

    async def quarantine(self, home: str, data: bytes, reason: str, at: datetime) -> None:
        """Keep a whole message that could not be read, with the reason; the same bytes once."""
        await self._ask(lambda transaction: keep_message(transaction, home, data, reason, at))

    async def set_home_state(
        self, home: str, is_online: bool, at: datetime, birth: Birth | None = None
    ) -> None:
        """Keep what birth or last will said of a home."""

        def work(transaction: Transaction) -> None:
            transaction.change(_SET_HOME_STATE, home=home, is_online=is_online, at=stamp(at))
            if birth is not None:
                known = Known.from_text(transaction.rows(_BIRTHS, home=home)[0][0])
                up_to = receipt_of(transaction, home, birth.log).up_to
                births = bytes(known.born(birth, up_to, at)).decode()
                transaction.change(_KEEP_BIRTHS, home=home, births=births)

        await self._ask(work)

    async def watch(
        self, now: datetime, on_change: Callable[[str], None] = lambda _home: None
    ) -> tuple[str, ...]:
        """Look at every home, a group in a transaction; open what is newly wrong, close what is over.

        Return where anything changed, and say so as soon as it is kept: another group may fail.
        """
        changed: list[str] = []

        async def keep(work: Callable[[Transaction], tuple[str, ...]]) -> None:
            for home in await self._ask(work):
                changed.append(home)
                on_change(home)

        await keep(lambda transaction: let_offers_end(transaction, now))
        for homes in in_groups(sorted(await self.commits())):
            await keep(partial(look_at_homes, homes=homes, now=now))
        await keep(lambda transaction: escalate(transaction, now))
        return tuple(changed)

    async def troubles(self) -> tuple[OpenTrouble, ...]:
        """Technical alerts open now, oldest first."""
        return await self._ask(open_troubles)

    async def enrol(self, person: Person) -> None:
        """Keep who lives in a home; a second word about the same home replaces the first."""
        words = {"home": person.home, "name": person.name, "birth_year": person.birth_year}
        await self._ask(lambda transaction: transaction.change(_ENROL, **words))

    async def people(self) -> tuple[Person, ...]:
        """Everyone the ward follows, by name."""
        return tuple(Person(*row) for row in await self._rows(_PEOPLE))

    async def commits(self) -> dict[str, int]:
        """How often something of each home was taken in, by whatever process."""
        return dict(await self._rows(_COMMITS))

    async def open_alerts(self, home: str | None = None) -> tuple[OpenAlert, ...]:
        """Alerts open now, red before yellow, oldest first."""
        return await self._ask(lambda transaction: open_alerts(transaction, home))

    async def alerts(self, home: str, *, count_max: int = 100) -> tuple[OpenAlert, ...]:
        """Every opening and closing of a home's alerts, newest first."""
        return await self._ask(lambda transaction: alerts_of(transaction, home, count_max))

    async def plan(self, home: str) -> Plan | None:
        """The plan in force on a home's hub, by the hub's own word; None before it has said one."""
        return (await self.plans(home)).in_force

    async def told(self, home: str) -> Told:
        """What a home told besides readings and alerts."""
        return await self._ask(lambda transaction: told_of(transaction, home))

    async def quarantined(self, *, count_max: int = 100) -> tuple[Quarantined, ...]:
        """What could not be read, newest first."""
        return tuple(
            Quarantined(id_, home, seq or None, reason, bytes(data), moment(at))
            for id_, home, seq, reason, data, at in await self._rows(_QUARANTINED, count_max=count_max)
        )

    async def figures(self, home: str) -> Figures:
        """Counts for one home, from its rows."""
        row = (await self._rows(_FIGURES, home=home))[0]
        return Figures(*map(int, row))

    async def _rows(self, sql: str, **words: object) -> list[tuple[Any, ...]]:
        return await self._ask(lambda transaction: transaction.rows(sql, **words))
