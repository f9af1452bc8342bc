"""The home's memory: one encrypted SQLite file, one writer, one transaction per visit or group."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlcipher3 import dbapi2

from cloud_bridge.contract.entries import Clock, Entry, EntryKind
from gateway.store.boots import Boot, begin_boot, clock_of, date_readings, shift_of_fact
from gateway.store.file import DiskError, NotTakenError, open_log
from gateway.store.keys import LogKey
from gateway.store.received import Way, keep_receipt, way_of

PASSING = frozenset({8, 10, 13, 14})
"""SQLite's codes for a disk that is read-only, fails, is full or can't be opened: it may take more later."""

RECENT_COUNT = 1_000
"""So many entries are never removed, however old: the numbering goes on from them."""


CURSOR, JUDGE, TROUBLES, PLAN = "cursor", "judge", "troubles", "plan"


@dataclass(frozen=True, slots=True)
class Fact:
    """What is to become an entry. `id` is its identity: a fact told before is not kept again."""

    kind: EntryKind
    body: bytes
    id: str | None = None
    series: tuple[str, datetime] | None = None
    """For a reading: the name of its series and the time it was measured, for the hub's own page."""


@dataclass(frozen=True, slots=True)
class Met:
    """A device that was visited, and what went wrong there, if anything."""

    address: str
    driver: str
    heard_at: datetime
    fault: str | None = None


class Store:
    """Keeps the log, the judge's state and the uplink's cursor; forgets nothing it has taken."""

    def __init__(self, connection: Any, home: str, log: str) -> None:  # noqa: ANN401 - untyped module
        self._db = connection
        self.on_failure: Callable[[DiskError], None] = lambda _error: None
        self.home = home
        self.log = log
        self.highest: int = self._db.execute("select coalesce(max(seq), 0) from entry").fetchone()[0]
        self.cursor = int(self._state(CURSOR) or 0)

    @classmethod
    def open(cls, folder: Path, home: str, key: LogKey) -> "Store":
        """Open the log in this folder, or begin one where there never was any; raise StoreError."""
        connection, log = open_log(folder, home, key)
        return cls(connection, home, log)

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def commit(
        self,
        facts: Sequence[Fact],
        *,
        at: datetime,
        clock: Clock | None = None,
        judge_state: bytes | None = None,
        troubles: bytes | None = None,
        plan: bytes | None = None,
        met: Met | None = None,
    ) -> tuple[Entry, ...]:
        """Keep all or nothing, numbered without a gap, and return what was kept once it is durable."""
        numbered = enumerate(facts, start=self.highest + 1)
        entries = tuple(Entry(seq, at, fact.kind, fact.body, clock) for seq, fact in numbered)
        with self._transaction():
            self._insert(entries, facts)
            if any(fact.kind is EntryKind.CLOCK_FOUND for fact in facts):
                date_readings(self._db, entries)
            for name, body in ((JUDGE, judge_state), (TROUBLES, troubles), (PLAN, plan)):
                if body is not None:
                    self._keep_state(name, body.decode())
            if met is not None:
                self._db.execute(
                    "insert into device values (?, ?, ?, ?) on conflict (address) do update set"
                    " driver = excluded.driver, last_heard_at = excluded.last_heard_at,"
                    " last_fault = excluded.last_fault",
                    (met.address, met.driver, met.heard_at.isoformat(), met.fault),
                )
        self.highest += len(entries)
        return entries

    def begin_boot(self, boot_id: str) -> Boot:
        """Return which boot this is, counted durably, and what the log knows of its time."""
        with self._transaction():
            return begin_boot(self._db, boot_id, next_seq=self.highest + 1)

    def told_before(self, ids: Iterable[str]) -> frozenset[str]:
        """Return those identities that stand in the log already."""
        asked = json.dumps(list(ids))
        rows = self._rows("select id from told where id in (select value from json_each(?))", (asked,))
        return frozenset(id_ for (id_,) in rows)

    def entries(self, *, after: int, count_max: int) -> tuple[Entry, ...]:
        """Return the entries behind a number, oldest first."""
        rows = self._rows(
            "select seq, at, kind, body, boot, uptime_s, trust from entry where seq > ? order by seq limit ?",
            (after, count_max),
        )
        return tuple(
            Entry(seq, datetime.fromisoformat(at), EntryKind(kind), body.encode(), clock_of(*clock))
            for seq, at, kind, body, *clock in rows
        )

    def hurried(self, *, after: int) -> tuple[int, ...]:
        """Return the numbers of alerts and troubles behind a number, newest first, by an index of them."""
        rows = self._db.execute(
            "select seq from entry indexed by entry_hurried"
            " where kind in ('alert', 'trouble') and seq > ? order by seq desc",
            (after,),
        )
        return tuple(seq for (seq,) in rows)

    def numbers_of(self, ids: Iterable[str]) -> tuple[int, ...]:
        """Return the numbers of the entries with these identities; one that is not there has none."""
        asked = json.dumps(list(ids))
        rows = self._db.execute("select seq from told where id in (select value from json_each(?))", (asked,))
        return tuple(seq for (seq,) in rows)

    def way(self, id_: str) -> Way | None:
        """Return how far the entry with this identity has come, or None where there is none."""
        return way_of(self._db, id_, self.cursor)

    def move_cursor(self, up_to: int, *, at: datetime | None = None, by: str = "") -> None:
        """Note that the ward has committed everything up to a number; never moves back."""
        assert up_to <= self.highest, "a receipt for what was never written"
        if up_to <= self.cursor:
            return
        # One that the disk does not take costs a second sending after a restart, and nothing else.
        with suppress(NotTakenError), self._transaction():
            self._keep_state(CURSOR, str(up_to))
            if at is not None:
                keep_receipt(self._db, up_to, at, by)
        self.cursor = up_to

    def remove_received(self, before: datetime, *, count_max: int) -> int:
        """Remove the oldest entries that the ward has and that are older than this; return how many.

        What was told stays known, so that a device that tells it again is not believed twice. The
        rest keeps its numbers and has no gap.
        """
        ((oldest,),) = self._rows("select coalesce(min(seq), 1) from entry")
        young = self._rows("select seq from entry where at >= ? order by seq limit 1", (before.isoformat(),))
        until = min(self.cursor, self.highest - RECENT_COUNT, *(seq - 1 for (seq,) in young))
        until = min(until, oldest + count_max - 1)
        if until < oldest:
            return 0
        with self._transaction():
            self._db.execute("delete from reading where seq <= ?", (until,))
            self._db.execute("delete from entry where seq <= ?", (until,))
        return int(until - oldest + 1)

    def judge_state(self) -> bytes | None:
        """Return the judge's state as it stood at the last commit."""
        body = self._state(JUDGE)
        return None if body is None else body.encode()

    def troubles(self) -> bytes | None:
        """Return which troubles were open at the last commit."""
        body = self._state(TROUBLES)
        return None if body is None else body.encode()

    def plan(self) -> bytes | None:
        """Return the plan that was in force at the last commit; None where a hub from before kept none."""
        body = self._state(PLAN)
        return None if body is None else body.encode()

    def readings(self, series: str, *, count_max: int) -> list[bytes]:
        """Return the newest readings of one series as they stand in the log, newest last."""
        return [body for body, _ in self.dated_readings(series, count_max=count_max)]

    def dated_readings(self, series: str, *, count_max: int) -> list[tuple[bytes, datetime]]:
        """Return them with the time that we now know they were measured at, newest last."""
        rows = self._rows(
            "select entry.body, newest.measured_at from (select seq, measured_at from reading where kind = ?"
            " order by measured_at desc, seq desc limit ?) as newest join entry on entry.seq = newest.seq"
            " order by newest.measured_at, newest.seq",
            (series, count_max),
        )
        return [(body.encode(), datetime.fromisoformat(at)) for body, at in rows]

    def shift(self, id_: str) -> timedelta | None:
        """Return by how much the hub's time was wrong when it kept the fact with this identity, if known."""
        return shift_of_fact(self._db, id_)

    def devices(self) -> list[Met]:
        """Return every device ever met, the last heard first."""
        rows = self._rows("select address, driver, last_heard_at, last_fault from device"
                                " order by last_heard_at desc, address")  # fmt: skip
        return [
            Met(address, driver, datetime.fromisoformat(at), fault) for address, driver, at, fault in rows
        ]

    def count(self, kind: EntryKind) -> int:
        """Return how many entries of one kind the log holds."""
        ((count,),) = self._rows("select count(*) from entry where kind = ?", (kind,))
        return int(count)

    def _insert(self, entries: tuple[Entry, ...], facts: Sequence[Fact]) -> None:
        self._db.executemany(
            "insert into entry (seq, at, kind, body, boot, uptime_s, trust) values (?, ?, ?, ?, ?, ?, ?)",
            [
                (entry.seq, entry.at.isoformat(), entry.kind, entry.body.decode(), *_columns(entry.clock))
                for entry in entries
            ],
        )
        pairs = list(zip(entries, facts, strict=True))
        self._db.executemany(
            "insert into told values (?, ?)", [(fact.id, entry.seq) for entry, fact in pairs if fact.id]
        )
        self._db.executemany(
            "insert into reading values (?, ?, ?)",
            [
                (entry.seq, fact.series[0], fact.series[1].isoformat())
                for entry, fact in pairs
                if fact.series is not None
            ],
        )

    def _state(self, name: str) -> str | None:
        found = self._rows("select body from state where name = ?", (name,))
        return str(found[0][0]) if found else None

    def _keep_state(self, name: str, body: str) -> None:
        self._db.execute("insert or replace into state values (?, ?)", (name, body))

    def _rows(self, sql: str, words: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        try:
            return list(self._db.execute(sql, words))
        except dbapi2.DatabaseError as error:
            raise DiskError(f"the log can't be read: {error}. Is the disk broken?") from error

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._db.execute("begin immediate")
            try:
                yield
                self._db.execute("commit")
            except BaseException:
                if self._db.in_transaction:  # a full disk has rolled back already
                    self._db.execute("rollback")
                raise
        except dbapi2.DatabaseError as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            kind = NotTakenError if code in PASSING else DiskError
            failure = kind(f"the log can't be written: {error}. Is the disk full or broken?")
            self.on_failure(failure)
            raise failure from error


def _columns(clock: Clock | None) -> tuple[int | None, float | None, str | None]:
    return (None, None, None) if clock is None else (clock.boot, clock.uptime_s, clock.trust)
