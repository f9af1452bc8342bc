"""The home's memory: one encrypted SQLite file, one writer, one transaction per visit or group."""

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sqlcipher3 import dbapi2

from cloud_bridge.contract.entries import Clock, Entry, EntryKind, LogSpan
from cloud_bridge.contract.names import over_gaps, waiting
from gateway.store.boots import Boot, begin_boot, date_readings
from gateway.store.file import DiskError, NotTakenError, open_log, spans
from gateway.store.keys import LogKey
from gateway.store.log_reader import ACCOUNTABLE, CURSOR, JUDGE, PLAN, PLAN_LOG, TROUBLES, LogReader, Met
from gateway.store.received import keep_receipt
from gateway.store.replaced import QUARANTINE
from gateway.store.witness import Witness

PASSING = frozenset({8, 10, 13, 14})
"""SQLite's codes for a disk that is read-only, fails, is full or can't be opened: it may take more later."""

RECENT_COUNT = 1_000
"""So many entries are never removed, however old: the numbering goes on from them."""

NO_NOTES: Mapping[str, str | None] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Fact:
    """What is to become an entry. `id` is its identity: a fact told before is not kept again."""

    kind: EntryKind
    body: bytes
    id: str | None = None
    series: tuple[str, datetime] | None = None
    """For a reading: the name of its series and the time it was measured, for the hub's own page."""


class Store(LogReader):
    """Keeps the log, the judge's state and the uplink's cursor; forgets nothing it has taken."""

    def __init__(self, connection: Any, home: str, witness: Witness) -> None:  # noqa: ANN401 - untyped module
        super().__init__(connection)
        self._witness = witness
        self.on_failure: Callable[[DiskError], None] = lambda _error: None
        self.home = home
        self.put_aside: frozenset[str] = frozenset()
        self._names = spans(connection, "")
        self.highest: int = self._names[-1].last
        self.cursor = over_gaps(self._names, int(self._state(CURSOR) or 0))

    @classmethod
    def open(cls, folder: Path, home: str, key: LogKey, *, may_be_stale: bool = False) -> "Store":
        """Open the log in this folder, or begin one where there never was any; raise StoreError."""
        connection, witness = open_log(folder, home, key, may_be_stale=may_be_stale)
        try:
            store = cls(connection, home, witness)
        except dbapi2.DatabaseError as error:
            connection.close()
            raise DiskError(f"{folder} can't be read: {error}. Is the disk broken?") from error
        store.put_aside = frozenset(f"{QUARANTINE}/{path.name}" for path in (folder / QUARANTINE).glob("*"))
        return store

    @property
    def log(self) -> str:
        """The name under which entries are told now."""
        return self._names[-1].log

    @property
    def spans(self) -> tuple[LogSpan, ...]:
        """Which numbers go under which name, the oldest first; the last one grows."""
        return (*self._names[:-1], replace(self._names[-1], last=self.highest))

    @property
    def waiting(self) -> int:
        """How many entries the ward has not confirmed yet; between two logs numbers may be left out."""
        return waiting(self.spans, self.cursor)

    def begin_log(self, *, above: int = 0, notes: Mapping[str, str | None] = NO_NOTES) -> None:
        """Tell what comes from now on under a new name; its first number is above this and all before."""
        with self._transaction():
            self._begin_log(self.highest, max(above, self.highest) + 1)
            self._keep_notes(notes)
        self._moved_on()

    def vouch(self) -> None:
        """Tell the second place how far this log has come, and that it is the right one."""
        self._witness.end(self.spans)

    def read_again(self) -> None:
        """Look anew at what somebody has carried over into this log."""
        self._moved_on()
        self.cursor = max(self.cursor, over_gaps(self._names, int(self._state(CURSOR) or 0)))

    def keep_notes(self, notes: Mapping[str, str | None]) -> None:
        """Note all of these at once; None forgets."""
        with self._transaction():
            self._keep_notes(notes)

    def outrun(self, log: str, up_to: int, *, is_continued: bool = False) -> bool:
        """Go on where the ward has more of one of our logs, or other; tell whether that is news.

        What has no receipt under this name is told again under a new one, since the ward may hold other
        entries under its numbers; not where what it has goes on from our own end (`is_continued`). What
        comes has numbers above what the ward has.
        """
        span = next(span for span in self.spans if span.log == log)
        confirmed = max(self.cursor, span.first - 1)
        is_telling_again = confirmed < span.last and not is_continued
        is_known = self._rows("select 1 from log where log = ? and ward_has >= ?", (log, up_to))
        if is_known and not is_telling_again:
            return False
        with self._transaction():
            self._db.execute("update log set ward_has = ? where log = ?", (up_to, log))
            if is_telling_again:
                self._split_log(span, confirmed)
            if log == self.log or up_to > self.highest:
                self._begin_log(self.highest, max(up_to, self.highest) + 1)
        self._moved_on()
        return True

    def close(self) -> None:
        """Let go of the file, and tell the witness where it ends."""
        self._db.close()
        with suppress(OSError):  # then the next start knows no more than after a power cut
            self._witness.end(self.spans)

    def abandon(self) -> None:
        """Let go of the file as a power cut does: the witness is told nothing."""
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
        accountable: bytes | None = None,
        met: Met | None = None,
    ) -> tuple[Entry, ...]:
        """Keep all or nothing, numbered without a gap, and return what was kept once it is durable."""
        numbered = enumerate(facts, start=self.highest + 1)
        entries = tuple(Entry(seq, at, fact.kind, fact.body, clock) for seq, fact in numbered)
        with self._transaction():
            self._reserve(self.highest + len(entries))
            self._insert(entries, facts)
            if any(fact.kind is EntryKind.CLOCK_FOUND for fact in facts):
                date_readings(self._db, entries)
            noted = {JUDGE: judge_state, TROUBLES: troubles, PLAN: plan, ACCOUNTABLE: accountable}
            for name, body in noted.items():
                if body is not None:
                    self._keep_state(name, body.decode())
            if plan is not None:
                self._keep_state(PLAN_LOG, self.log)
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

    @property
    def is_plan_told(self) -> bool:
        """Whether the plan in force was told under this name of the log, or by a hub from before."""
        told = self._state(PLAN_LOG)
        return told == self.log or (told is None and len(self._names) == 1)

    def move_cursor(self, up_to: int, *, at: datetime | None = None, by: str = "") -> None:
        """Note that the ward has committed everything up to a number; never moves back."""
        assert up_to <= self.highest, "a receipt for what was never written"
        up_to = over_gaps(self._names, up_to)
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
        recent = self._rows("select seq from entry order by seq desc limit 1 offset ?", (RECENT_COUNT,))
        until = min(self.cursor, *(seq for (seq,) in recent or [(0,)]), *(seq - 1 for (seq,) in young))
        until = min(until, oldest + count_max - 1)
        if until < oldest:
            return 0
        with self._transaction():
            self._db.execute("delete from reading where seq <= ?", (until,))
            self._db.execute("delete from entry where seq <= ?", (until,))
        return int(until - oldest + 1)

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

    def _reserve(self, up_to: int) -> None:
        """Let the second place know of these numbers before they are given out."""
        try:
            self._witness.reserve(self.spans, up_to)
        except OSError as error:
            failure = NotTakenError(f"{error.filename}: {error.strerror}. Is the disk full or broken?")
            self.on_failure(failure)
            raise failure from error

    def _begin_log(self, last: int, first: int) -> None:
        name = secrets.token_hex(8)
        self._db.execute("update log set last = ? where last is null", (last,))
        self._db.execute("insert into log (log, first) values (?, ?)", (name, first))
        self._keep_state("log", name)

    def _split_log(self, span: LogSpan, last: int) -> None:
        """Let a name end here; the rest of its numbers goes under a new one that takes its turn behind it."""
        ((turn,),) = self._rows("select turn from log where log = ?", (span.log,))
        for (later,) in self._rows("select turn from log where turn > ? order by turn desc", (turn,)):
            self._db.execute("update log set turn = turn + 1 where turn = ?", (later,))
        self._db.execute("update log set last = ? where log = ?", (last, span.log))
        self._db.execute(
            "insert into log (turn, log, first, last) values (?, ?, ?, ?)",
            (turn + 1, secrets.token_hex(8), last + 1, span.last),
        )

    def _moved_on(self) -> None:
        self._names = spans(self._db, "")
        self.highest = self._names[-1].last
        self.cursor = over_gaps(self._names, self.cursor)
        with suppress(NotTakenError):  # no number was given out; the next that is asks again
            self._reserve(self.highest)

    def _keep_notes(self, notes: Mapping[str, str | None]) -> None:
        for name, body in notes.items():
            if body is None:
                self._db.execute("delete from state where name = ?", (name,))
            else:
                self._keep_state(name, body)

    def _keep_state(self, name: str, body: str) -> None:
        self._db.execute("insert or replace into state values (?, ?)", (name, body))

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
