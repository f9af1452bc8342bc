"""Dating afterwards in the ward: the index moves, in whatever order entries come; no entry changes."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from cloud_bridge.backend.database import Transaction
from cloud_bridge.contract.bodies import alert_from, reading_from
from cloud_bridge.contract.dating import Told, found_from, moved, shift_of
from cloud_bridge.contract.entries import Clock, Entry, EntryKind
from cloud_bridge.contract.errors import ContractError

_FOUND = """
    select seq, body from entry
    where home = :home and log = :log and boot = :boot and kind = 'clock_found'
"""
_UNDATED = """
    select seq, at, kind, body, boot, uptime_s, trust from entry
    where home = :home and log = :log and seq between :first and :last
        and boot = :boot and trust <> 'synced' and kind in ('reading', 'alert')
"""
_MOVE_READINGS = """
    update reading set measured_at = line.at from lines (id text, seq bigint, at timestamptz)
    where reading.home = :home and reading.id = line.id and reading.log = :log and reading.seq = line.seq
"""
_MOVE_ALERTS = """
    update alert set at = line.at from lines (id text, seq bigint, at timestamptz)
    where alert.home = :home and alert.id = line.id and alert.log = :log and alert.seq = line.seq
"""


def date_afterwards(transaction: Transaction, home: str, log: str, fresh: Sequence[Entry]) -> set[int]:
    """Move what these new entries date, and what dates them, to the time that is known now; return which."""
    where = {"home": home, "log": log}
    moved: set[int] = set()
    for boot in sorted({entry.clock.boot for entry in fresh if entry.clock is not None and _matters(entry)}):
        found = transaction.rows(_FOUND, boot=boot, **where)
        told = list(_told(found))
        if not told:
            continue
        first, last = _span([entry for entry in fresh if entry.clock and entry.clock.boot == boot], told)
        rows = transaction.rows(_UNDATED, boot=boot, first=first, last=last, **where)
        for sql, kind in ((_MOVE_READINGS, EntryKind.READING), (_MOVE_ALERTS, EntryKind.ALERT)):
            if lines := list(_moves([row for row in rows if row[2] == kind], told)):
                transaction.change(sql, lines=lines, **where)
                moved |= {line["seq"] for line in lines}
    return moved


def _matters(entry: Entry) -> bool:
    is_undated = entry.clock is not None and entry.clock.trust != "synced"
    return entry.kind == EntryKind.CLOCK_FOUND or is_undated


def _told(rows: Iterable[tuple[int, str]]) -> Iterator[Told]:
    for seq, body in rows:
        try:
            yield seq, found_from(body.encode())
        except ContractError:  # it lies in quarantine, and dates nothing
            continue


def _span(fresh: Sequence[Entry], told: Sequence[Told]) -> tuple[int, int]:
    """Return which numbers to look at: a whole boot where it has found its time now, else what is new."""
    new = {entry.seq for entry in fresh}
    begins = [found.first for seq, found in told if seq in new]
    return min(begins + sorted(new)[:1]), max(new)


def _moves(rows: Iterable[tuple[Any, ...]], told: Sequence[Told]) -> Iterator[dict[str, Any]]:
    for seq, at, kind, body, boot, uptime_s, trust in rows:
        moment = at if isinstance(at, datetime) else datetime.fromisoformat(at)
        shift = shift_of(seq, moment, Clock(boot, uptime_s, trust), told)
        said = None if shift is None else _hub_time(kind, body.encode())
        if shift is not None and said is not None:
            id_, hub_at = said
            dated_at = moved(hub_at, shift).astimezone(UTC).isoformat(timespec="microseconds")
            yield {"id": id_, "seq": seq, "at": dated_at}


def _hub_time(kind: str, body: bytes) -> tuple[str, datetime] | None:
    """Return the identity and the moment that the hub's own clock told, or None where a device's did."""
    try:
        if kind == EntryKind.ALERT:
            alert = alert_from(body)
            return alert.id, alert.at
        reading = reading_from(body)
    except ContractError:
        return None
    return (reading.id, reading.measured_at) if reading.is_in_hub_time else None
