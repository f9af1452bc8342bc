"""Boots in the log: counted, and dated afterwards once one of them learns the time."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cloud_bridge.contract.bodies import reading_from
from cloud_bridge.contract.dating import Told, found_from, moved, shift_of
from cloud_bridge.contract.entries import Clock, Entry, EntryKind, Trust
from devices.readings import FIRST_CREDIBLE_YEAR

BOOT = "boot"


@dataclass(frozen=True, slots=True)
class Boot:
    """One start of the box: its number, its first entry, and what was last known of its time.

    `newest` is the newest time anywhere in the log that was believed when it was written.
    """

    number: int
    first: int
    newest: datetime | None
    last: tuple[datetime, Clock] | None


def begin_boot(db: Any, boot_id: str, *, next_seq: int) -> Boot:  # noqa: ANN401 - untyped module
    """Return the boot with this id, counting on where it is a new one; call inside a transaction."""
    row = db.execute("select body from state where name = ?", (BOOT,)).fetchone()
    known: dict[str, Any] = _unknown(db) if row is None else json.loads(row[0])
    if known["id"] != boot_id:
        known = {"number": known["number"] + 1, "id": boot_id, "first": next_seq}
        db.execute("insert or replace into state values (?, ?)", (BOOT, json.dumps(known)))
    number, first = int(known["number"]), int(known["first"])
    last = db.execute(
        "select at, boot, uptime_s, trust from entry where seq >= ? and boot = ? order by seq desc limit 1",
        (first, number),
    ).fetchone()
    return Boot(number, first, _newest(db), None if last is None else (_moment(last[0]), Clock(*last[1:])))


def _unknown(db: Any) -> dict[str, Any]:  # noqa: ANN401 - untyped module
    """Return the count as the entries tell it: in a log that was salvaged it goes on above theirs."""
    ((number,),) = db.execute("select coalesce(max(boot), 0) from entry")
    return {"number": number, "id": None, "first": 1}


def _newest(db: Any) -> datetime | None:  # noqa: ANN401 - untyped module
    row = db.execute(
        "select at from entry where trust is not 'unknown' and at >= ? order by seq desc limit 1",
        (str(FIRST_CREDIBLE_YEAR),),
    ).fetchone()
    return None if row is None else _moment(row[0])


def date_readings(db: Any, entries: Sequence[Entry]) -> None:  # noqa: ANN401 - untyped module
    """Move the index of those readings that these entries date; their bodies stay as they were written."""
    for entry in entries:
        if entry.kind == EntryKind.CLOCK_FOUND:
            found = found_from(entry.body)
            told = _told(db, found.boot)
            rows = db.execute(
                "select entry.seq, entry.at, entry.boot, entry.uptime_s, entry.trust, entry.body"
                " from entry join reading on reading.seq = entry.seq"
                " where entry.seq >= ? and entry.boot = ? and entry.trust <> 'synced'",
                (found.first, found.boot),
            )
            dated = [(at, row[0]) for row in rows if (at := _dated(row, told)) is not None]
            db.executemany("update reading set measured_at = ? where seq = ?", dated)


def _dated(row: tuple[Any, ...], told: Sequence[Told]) -> str | None:
    seq, at, boot, uptime_s, trust, body = row
    shift = shift_of(seq, _moment(at), Clock(boot, uptime_s, trust), told)
    reading = reading_from(body.encode())
    if shift is None or not reading.is_in_hub_time:
        return None
    return moved(reading.measured_at, shift).isoformat()


def shift_of_fact(db: Any, id_: str) -> timedelta | None:  # noqa: ANN401 - untyped module
    """Return by how much the hub's time was wrong when it kept the fact with this identity, if known."""
    row = db.execute(
        "select entry.seq, entry.at, entry.boot, entry.uptime_s, entry.trust"
        " from told join entry on entry.seq = told.seq where told.id = ?",
        (id_,),
    ).fetchone()
    if row is None or (clock := clock_of(*row[2:])) is None:
        return None
    return shift_of(row[0], _moment(row[1]), clock, _told(db, clock.boot))


def _told(db: Any, boot: int) -> list[Told]:  # noqa: ANN401 - untyped module
    rows = db.execute("select seq, body from entry where kind = 'clock_found' and boot = ?", (boot,))
    return [(seq, found_from(body.encode())) for seq, body in rows]


def clock_of(boot: int | None, uptime_s: float, trust: Trust) -> Clock | None:
    """Return the clock in these columns, or None where nobody told."""
    return None if boot is None else Clock(boot, uptime_s, trust)


def _moment(at: str) -> datetime:
    return datetime.fromisoformat(at)
