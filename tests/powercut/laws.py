"""What must hold on any disk after any cut: read from the tables, held against what the worker said."""

import gc
import json
from contextlib import closing
from dataclasses import fields
from pathlib import Path
from typing import Any

from sqlcipher3 import dbapi2

from gateway.start import open_store
from gateway.store.log import Store
from tests.given import OXIMETER
from tests.powercut.hub import ECHO, Minutes, measured, pipeline, settings
from tests.powercut.ledger import Ledger, State, spans

RECENT = "cursor_recent"
"""Beside the cursor: the newest receipts, until they are many enough for the table."""

NOTED = ("judge", "troubles", "plan", "cursor", RECENT)
STONE = "lost"
"""The kind of entry that stands where one could not be read; its time is that of the salvage."""

LATER = 1_000_000
"""A minute in which no worker has measured."""


class BrokenLawError(Exception):
    """A cut that cost more than it may; `law` is which one it broke, in one word."""

    def __init__(self, law: str, what: str) -> None:
        super().__init__(f"{law}: {what}")
        self.law = law


def check(disk: Path, ledger: Ledger) -> None:
    """Start the hub that was cut, as production starts it; raise BrokenLawError."""
    try:
        store = open_store(settings(disk, ledger.home))
        with closing(store):
            _is_what_was_told(state_of(store), ledger)
            _is_sound(store)
            highest = _goes_on(store)
        with closing(open_store(settings(disk, ledger.home))) as again:
            if again.highest != highest:
                raise BrokenLawError(
                    "second life", f"{highest} entries were kept, {again.highest} stand there"
                )
    except BrokenLawError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a start raises, it may not
        what = f"{type(error).__name__}: {error}"
        del error
        gc.collect()  # what it held open would keep the disk busy
        raise BrokenLawError("refused", what) from None


def state_of(store: Store) -> State:
    """Return what stands in a log, read from its tables."""

    def rows(sql: str, *words: str) -> list[tuple[Any, ...]]:
        return store._db.execute(sql, words).fetchall()

    entries = rows("select seq, at, kind, body, boot, uptime_s, trust from entry")
    readings = rows("select seq, kind, measured_at from reading")
    devices = rows("select address, driver, last_heard_at, last_fault from device")
    noted = dict(rows("select name, body from state where name in (?, ?, ?, ?, ?)", *NOTED))
    recent = map(tuple, json.loads(noted.pop(RECENT, "[]")))
    return State(
        log=store.log,
        entries={row[0]: ("", *row[2:]) if row[2] == STONE else row[1:] for row in entries},
        told=dict(rows("select id, seq from told")),
        readings={seq: (kind, at) for seq, kind, at in readings},
        devices={row[0]: row[1:] for row in devices},
        noted=noted,
        receipts=(*rows("select up_to, at, by from received order by up_to"), *recent),
        highest=store.highest,
        earlier=tuple((span.first, span.last) for span in store.spans[:-1]),
    )


def _is_what_was_told(found: State, ledger: Ledger) -> None:
    """All that was acknowledged stands there; of what was handed in, all or nothing; and nothing else."""
    least, most = ledger.acknowledged, ledger.handed
    if least.log is not None and found.log != least.log:
        raise BrokenLawError("lost", f"another log stands there: {found.log} instead of {least.log}")
    if any(_same(found, allowed) for allowed in (least, most)):
        return
    if lost := least.entries.keys() & most.entries.keys() - found.entries.keys():
        raise BrokenLawError("lost", f"acknowledged and gone: {spans(lost)} of {least.highest}")
    if foreign := found.entries.keys() - least.entries.keys() - most.entries.keys():
        raise BrokenLawError("foreign", f"stands there and was never handed in: {spans(foreign)}")
    both = least.entries | most.entries
    if altered := [seq for seq, entry in found.entries.items() if both[seq] != entry]:
        raise BrokenLawError("altered", f"is not what was handed in: {spans(altered)}")
    if not least.cursor <= found.cursor <= most.cursor:
        raise BrokenLawError("cursor", f"at {found.cursor}, and was at {least.cursor} or {most.cursor}")
    half = [
        name for name in _TABLES if getattr(found, name) not in (getattr(least, name), getattr(most, name))
    ]
    raise BrokenLawError("half", f"one transaction is kept in part: {', '.join(half) or 'tables disagree'}")


_TABLES = tuple(field.name for field in fields(State) if field.name != "log")


def _same(found: State, allowed: State) -> bool:
    return all(getattr(found, name) == getattr(allowed, name) for name in _TABLES)


def _is_sound(store: Store) -> None:
    """Every page can be read, and its seal is whole."""
    try:
        ((said,),) = store._db.execute("pragma integrity_check").fetchall()
        store._db.execute("pragma wal_checkpoint(truncate)").fetchall()
        pages = store._db.execute("pragma cipher_integrity_check").fetchall()
    except dbapi2.DatabaseError as error:
        raise BrokenLawError("damaged", str(error)) from None
    if said != "ok" or pages:
        raise BrokenLawError("damaged", f"{said}, {pages}")


def _goes_on(store: Store) -> int:
    """Take one reading more; return the highest number then."""
    before, clock = store.highest, Minutes()
    line = pipeline(store, clock)
    begun = store.highest
    visit = line.visit(ECHO, OXIMETER)
    visit.take([measured(LATER, 91.0)])
    visit.close()
    kept = [entry.seq for entry in store.entries(after=before, count_max=100)]
    if store.highest == begun or kept != list(range(before + 1, store.highest + 1)):
        raise BrokenLawError("second life", f"the numbers behind {before} are {spans(kept)}")
    return store.highest
