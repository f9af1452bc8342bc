"""Carries over what can be read of a log that was put aside: in small steps, each once, also after a cut."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import astuple, dataclass, field, replace
from datetime import datetime
from hashlib import blake2b
from itertools import groupby
from typing import Any

import orjson

from cloud_bridge.contract.bodies import reading_from
from cloud_bridge.contract.entries import SEQ_MAX, EntryKind, LogSpan
from cloud_bridge.contract.errors import ContractError
from gateway.store.kept import Kept, Lost, joined
from gateway.store.look import DamageError, Look
from gateway.store.replaced import REPLACED, SALVAGE, Replaced

STEP = 500
OWN_STATES = frozenset(("log", "home", SALVAGE, REPLACED))
_TOLD = "select id, seq from told where id > ? order by id limit 500"
_TOLD_BACK = "select id, seq from told where id < ? order by id desc limit 500"
# What is lost and has no receipt may be told again by a device that still has it.
_FORGET = """
    delete from told
    where seq > ? and seq not in (select seq from entry where kind <> 'lost')
"""
_LAST_ID = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Pending:
    """What is still to be carried over: from where, why, and which names the old log had."""

    why: str
    where: str
    spans: tuple[LogSpan, ...] = ()


def identity_of(kind: str, body: str) -> str | None:
    """Return by what an entry is known as told before, as far as its body says it."""
    try:
        match kind:
            case EntryKind.DEVICE_FAULT:
                return blake2b(body.encode(), digest_size=12).hexdigest()
            case EntryKind.READING | EntryKind.NOT_JUDGED:
                return str(orjson.loads(body)["id"])
            case EntryKind.BATCH_REFUSED:
                return f"refused:{orjson.loads(body)['digest']}"
            case EntryKind.ALERT | EntryKind.TROUBLE:
                said = orjson.loads(body)
                return f"{said['id']}:{said['change']}"
    except (orjson.JSONDecodeError, KeyError, TypeError):
        pass
    return None


def index_of(kind: str, body: str) -> tuple[str, str] | None:
    """Return series and time of a reading, for the hub's own page."""
    if kind != EntryKind.READING:
        return None
    try:
        reading = reading_from(body.encode())
    except ContractError:
        return None
    return reading.series, reading.measured_at.isoformat()


def insert(connection: Any, entries: list[Kept]) -> None:  # noqa: ANN401 - untyped module
    """Keep entries as they stood, and make the indexes of them; what is kept already stays."""
    connection.executemany(
        "insert or ignore into entry (seq, at, kind, body, boot, uptime_s, trust)"
        " values (?, ?, ?, ?, ?, ?, ?)",
        [astuple(one) for one in entries],
    )
    told = [(identity_of(one.kind, one.body), one.seq) for one in entries]
    connection.executemany("insert or ignore into told values (?, ?)", [row for row in told if row[0]])
    indexed = [(one.seq, index_of(one.kind, one.body)) for one in entries]
    connection.executemany(
        "insert or ignore into reading values (?, ?, ?)", [(seq, *index) for seq, index in indexed if index]
    )


@dataclass(slots=True)
class Salvage:
    """One log that was put aside, on its way into the log that took its place."""

    connection: Any
    source: Look
    at: datetime
    lost: list[Lost] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)

    def run(self, pending: Pending, progress: Callable[[int, int], object]) -> None:
        """Carry everything over that can be read; what was carried before a cut is not carried twice."""
        spans, found = self._spans(pending.spans), self.source.span()
        self._told()
        for span in spans:
            if found is not None and found.last >= span.first:
                self._carry(
                    LogSpan(span.log, max(span.first, found.first), min(span.last, found.last)), progress
                )
        with self._transaction():
            self._end(pending, spans)

    def _spans(self, remembered: tuple[LogSpan, ...]) -> tuple[LogSpan, ...]:
        """Return the names as the old log says them, or as the second place does; the newest is open.

        Between two names a million numbers may never have been given out: nobody looks for them.
        """
        with suppress(DamageError):
            state = self.source.state("log")
            remembered = self.source.spans(state or "") if state else remembered
        ours = self.connection.execute("select first from log where last is null").fetchone()
        newest = replace(remembered[-1], last=ours[0] - 1 if ours else SEQ_MAX)
        return (*remembered[:-1], newest)

    def _carry(self, span: LogSpan, progress: Callable[[int, int], object]) -> None:
        """Carry the entries of one name; a number that is lost gets its stone.

        Not one behind which nothing can be read: it may never have been given out. And not one before
        which nothing can be, where the ward has it: it may have been removed long ago.
        """
        waiting: list[Lost] = []
        is_begun = False
        for _, group in groupby(_counted(self.source.entries(span.first, span.last)), lambda one: one[0]):
            step: list[Kept] = []
            for _, one in group:
                if isinstance(one, Lost):
                    waiting.append(one)
                    continue
                step += self._stones(waiting if is_begun else self._without_receipt(waiting))
                self.lost += [lost for lost in waiting if is_begun or lost.is_damaged]
                waiting, is_begun = [], True
                step.append(one)
            with self._transaction():
                insert(self.connection, step)
            if step:
                progress(step[-1].seq, span.last)
        self.lost += [lost for lost in waiting if lost.is_damaged]

    def _without_receipt(self, lost: list[Lost]) -> list[Lost]:
        with suppress(DamageError, ValueError):
            cursor = int(self.source.state("cursor") or 0)
            above = (Lost(max(span.first, cursor + 1), span.last) for span in lost)
            return [span for span in above if span.first <= span.last]
        return []

    def _stones(self, lost: list[Lost]) -> Iterator[Kept]:
        """Yield an entry for each number that was given out and can't be read: the log has no gap."""
        for span in lost:
            for seq in range(span.first, span.last + 1):
                yield Kept(seq, self.at.isoformat(), EntryKind.LOST, "{}")

    def _told(self) -> None:
        """Carry what was told, also of entries long removed: from both ends, as far as pages can be read."""
        for sql, begin in ((_TOLD, ""), (_TOLD_BACK, _LAST_ID)):
            at: str = begin
            try:
                while rows := self.source.rows(sql, at):
                    with self._transaction():
                        self.connection.executemany("insert or ignore into told values (?, ?)", rows)
                    at = str(rows[-1][0])
                return
            except DamageError:
                continue
        self.unread.append("what was told before, in part")

    def _end(self, pending: Pending, spans: tuple[LogSpan, ...]) -> None:
        """Carry states and devices, let each name end where its entries do, and say what was done."""
        states = self._states()
        self.connection.executemany("insert or ignore into state values (?, ?)", states.items())
        devices = self._rows("devices", "select address, driver, last_heard_at, last_fault from device")
        self.connection.executemany("insert or ignore into device values (?, ?, ?, ?)", devices)
        received = self._rows("who received what", "select up_to, at, by from received")
        self.connection.executemany("insert or ignore into received values (?, ?, ?)", received)
        confirmed = states.get("cursor", "0")
        self.connection.execute(_FORGET, (int(confirmed) if confirmed.isdecimal() else 0,))
        kept = 0
        for span in spans:
            where = (span.first, span.last)
            sql = "select max(seq), sum(kind <> 'lost') from entry where seq between ? and ?"
            last, count = self.connection.execute(sql, where).fetchone()
            kept += count or 0
            self.connection.execute(
                "update log set last = ? where log = ?", (last or span.first - 1, span.log)
            )
        lost = tuple(str(one) for one in joined(Lost(one.first, one.last) for one in self.lost))
        note = Replaced(pending.why, pending.where, kept, lost, tuple(self.unread))
        self.connection.execute(
            "insert or replace into state values (?, ?)", (REPLACED, bytes(note).decode())
        )
        self.connection.execute("delete from state where name = ?", (SALVAGE,))

    def _states(self) -> dict[str, str]:
        """Read what the hub has noted, name by name: a long note that is damaged costs none beside it."""
        names = [name for (name,) in self._rows("what is noted", "select name from state")]
        read = {
            name: self._rows(f"what is noted as {name}", "select body from state where name = ?", name)
            for name in names
            if name not in OWN_STATES
        }
        return {name: rows[0][0] for name, rows in read.items() if rows}

    def _rows(self, what: str, sql: str, *values: str) -> list[tuple[Any, ...]]:
        try:
            return self.source.rows(sql, *values)
        except DamageError:
            self.unread.append(what)
            return []

    def _transaction(self) -> Any:  # noqa: ANN401 - of an untyped module
        return Transaction(self.connection)


class Transaction:
    """One step that is kept whole or not at all."""

    def __init__(self, connection: Any) -> None:  # noqa: ANN401 - untyped module
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("begin immediate")

    def __exit__(self, kind: object, _error: object, _trace: object) -> None:
        if kind is None:
            self._connection.execute("commit")
        elif self._connection.in_transaction:
            self._connection.execute("rollback")


def _counted(all_: Iterator[Kept | Lost]) -> Iterator[tuple[int, Kept | Lost]]:
    return ((number // STEP, one) for number, one in enumerate(all_))
