"""What is asked of the log, and answered without changing it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlcipher3 import dbapi2

from cloud_bridge.contract.entries import Entry, EntryKind
from gateway.store.boots import clock_of, shift_of_fact
from gateway.store.file import DiskError
from gateway.store.received import Way, way_of

CURSOR, JUDGE, TROUBLES, PLAN = "cursor", "judge", "troubles", "plan"
ACCOUNTABLE = "accountable"
PLAN_LOG = "plan_log"
"""Under which name of the log the plan in force was told."""


@dataclass(frozen=True, slots=True)
class Met:
    """A device that was visited, and what went wrong there, if anything."""

    address: str
    driver: str
    heard_at: datetime
    fault: str | None = None


class LogReader:
    """Answers from the open file; `cursor` is up to where the ward has everything."""

    cursor: int

    def __init__(self, connection: Any) -> None:  # noqa: ANN401 - untyped module
        self._db = connection

    @property
    def connection(self) -> Any:  # noqa: ANN401 - untyped module
        """The open file, for what is carried over into it."""
        return self._db

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

    def body_of(self, id_: str) -> bytes | None:
        """Return the body of the entry with this identity, or None where there is none or no longer."""
        sql = "select entry.body from told join entry on entry.seq = told.seq where told.id = ?"
        rows = self._rows(sql, (id_,))
        return str(rows[0][0]).encode() if rows else None

    def way(self, id_: str) -> Way | None:
        """Return how far the entry with this identity has come, or None where there is none."""
        return way_of(self._db, id_, self.cursor)

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

    def accountable(self) -> bytes | None:
        """Return who is accountable, as it was last learnt; None where nothing was."""
        body = self._state(ACCOUNTABLE)
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

    def readings_between(self, series: str, since: datetime, until: datetime) -> list[bytes]:
        """Return the readings of one series that were measured from a moment on and before another."""
        rows = self._rows(
            "select entry.body from reading join entry on entry.seq = reading.seq"
            " where reading.kind = ? and reading.measured_at >= ? and reading.measured_at < ?"
            " order by reading.measured_at, reading.seq",
            (series, since.astimezone(UTC).isoformat(), until.astimezone(UTC).isoformat()),
        )
        return [body.encode() for (body,) in rows]

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

    def note(self, name: str) -> str | None:
        """Return what is noted under a name beside the entries."""
        return self._state(name)

    def _state(self, name: str) -> str | None:
        found = self._rows("select body from state where name = ?", (name,))
        return str(found[0][0]) if found else None

    def _rows(self, sql: str, words: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        try:
            return list(self._db.execute(sql, words))
        except dbapi2.DatabaseError as error:
            raise DiskError(f"the log can't be read: {error}. Is the disk broken?") from error
