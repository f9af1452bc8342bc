"""Who received what when: kept beside the cursor, a minute at a time, and told for each entry."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from devices.readings import FIRST_CREDIBLE_YEAR

RECEIVED_KEPT = timedelta(days=90)
"""So long the log tells when something was received; after that only that it was."""

_TO_THE_MINUTE = len("2027-01-05T12:00")

RECENT_BYTES_MAX = 800
"""More would not fit beside the cursor in one page."""

RECENT = "cursor_recent"


@dataclass(frozen=True, slots=True)
class Way:
    """How far one entry has come: when it was kept, and when and by whom it was received."""

    seq: int
    kept_at: datetime
    is_received: bool
    received_at: datetime | None = None
    by: str = ""


def way_of(db: Any, id_: str, cursor: int) -> Way | None:  # noqa: ANN401 - untyped module
    """Return how far the entry with this identity has come, or None where there is none."""
    found = db.execute(
        "select entry.seq, entry.at from told join entry on entry.seq = told.seq where told.id = ?", (id_,)
    ).fetchone()
    if found is None:
        return None
    seq, kept_at = found[0], datetime.fromisoformat(found[1])
    if seq > cursor:
        return Way(seq, kept_at, is_received=False)
    first = "select up_to, at, by from received where up_to >= ? order by up_to limit 1"
    rows = (*db.execute(first, (seq,)).fetchall(), *_recent(db), (seq, "", ""))
    _, at, by = next(row for row in rows if row[0] >= seq)
    return Way(seq, kept_at, True, datetime.fromisoformat(at) if at else None, by)


def keep_receipt(db: Any, up_to: int, at: datetime, by: str) -> None:  # noqa: ANN401 - untyped module
    """Keep who received what when: a row a minute at most, and the oldest lose their time.

    The newest stand beside the cursor, in the same page of the file: a row of their own for each
    would wear the card by a second page for each receipt.
    """
    recent = _recent(db)
    if recent and recent[-1][1][:_TO_THE_MINUTE] == at.isoformat()[:_TO_THE_MINUTE]:
        recent = recent[:-1] if recent[-1][2] == by else recent
    recent.append((up_to, at.isoformat() if at.year >= FIRST_CREDIBLE_YEAR else "", by))
    body = json.dumps(recent)
    if len(body) > RECENT_BYTES_MAX:
        db.executemany("insert into received values (?, ?, ?)", recent[:-1])
        _forget_times(db, at)
        body = json.dumps(recent[-1:])
    db.execute("insert or replace into state values (?, ?)", (RECENT, body))


def _forget_times(db: Any, now: datetime) -> None:  # noqa: ANN401 - untyped module
    """Let the oldest go; one row without a time marks how far nobody knows any more when."""
    rows = db.execute("select up_to, at from received order by up_to limit 100").fetchall()
    old = [up_to for up_to, at in rows if at and now - datetime.fromisoformat(at) > RECEIVED_KEPT]
    if old:
        db.execute("delete from received where up_to < ?", (max(old),))
        db.execute("update received set at = '', by = '' where up_to = ?", (max(old),))


def _recent(db: Any) -> list[tuple[int, str, str]]:  # noqa: ANN401 - untyped module
    row = db.execute("select body from state where name = ?", (RECENT,)).fetchone()
    return [(up_to, at, by) for up_to, at, by in json.loads("[]" if row is None else row[0])]
