"""One batch becomes rows: everything that happens between begin and commit, and so behind a receipt."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from datetime import datetime
from hashlib import blake2b

from cloud_bridge.backend.database import Transaction
from cloud_bridge.backend.dating import date_afterwards
from cloud_bridge.backend.handovers import hub_has_learnt
from cloud_bridge.backend.legible import Row, row_of
from cloud_bridge.backend.moments import stamp
from cloud_bridge.backend.outbox import note_entries
from cloud_bridge.backend.troubles import keep_told
from cloud_bridge.contract.accountable import accountable_from
from cloud_bridge.contract.entries import SEQ_MAX, Batch, Entry, EntryKind, LogSpan, digest_of
from cloud_bridge.contract.errors import ContractError
from cloud_bridge.contract.receipts import SPANS_MAX, Mark, Receipt, Span, spans_of
from cloud_bridge.contract.trouble import trouble_from

UNREADABLE_MAX = 200
"""A receipt names at most so many unreadable entries: those of a batch, or the newest of a log."""

MESSAGES_PER_HOME_MAX = 1000
"""So many unreadable whole messages of one home are kept; a broken hub must not fill the disk."""

MESSAGE_BYTES_MAX = 100_000
"""So much is kept of one unreadable message."""

REASON_LENGTH_MAX = 500
"""A reason says why; it need not quote the whole message, which lies beside it."""

CONTRADICTS = "contradicts the entry that is kept under this number"

# The home's row is held until the end: two workers never take in one home at a time. What it counts
# tells a process that shows homes what another one has taken in.
_BEGIN_HOME = """
    insert into home (home, commits) values (:home, 1)
    on conflict (home) do update set commits = home.commits + 1
"""

_BEGIN_LOG = """
    insert into log (home, log, first, up_to, turn)
    values (
        :home, :log, cast(:first as bigint), cast(:before as bigint),
        (select coalesce(max(turn), 0) + 1 from log where home = :home)
    )
    on conflict (home, log) do update set
        first = case when log.first < excluded.first then excluded.first else log.first end,
        up_to = case when log.up_to < excluded.up_to then excluded.up_to else log.up_to end
    returning up_to
"""
_KEEP_ENTRIES = """
    insert into entry (home, log, seq, at, kind, body, committed_at, boot, uptime_s, trust)
    select :home, :log, seq, at, kind, body, :committed_at, boot, uptime_s, trust
    from lines (
        seq bigint, at timestamptz, kind text, body text, boot integer, uptime_s float8, trust text
    )
    where true
    on conflict (home, log, seq) do nothing
    returning seq
"""
# A row looked up per line, not a join: both databases would rather walk the whole log.
_CONTRADICTED = """
    select line.position
    from lines (position integer, seq bigint, at timestamptz, kind text, body text)
    where (
        select entry.body <> line.body or entry.kind <> line.kind or entry.at <> line.at
        from entry where entry.home = :home and entry.log = :log and entry.seq = line.seq
    )
"""
_INDEX_READINGS = """
    insert into reading (home, id, log, seq, kind, measured_at)
    select :home, id, :log, seq, word, at
    from lines (seq bigint, id text, word text, at timestamptz)
    where true
    on conflict (home, id) do nothing
"""
_INDEX_ALERTS = """
    insert into alert (home, id, change, log, seq, level, at)
    select :home, id, word, :log, seq, level, at
    from lines (seq bigint, id text, word text, level text, at timestamptz)
    where true
    on conflict (home, id, change) do nothing
"""
# A new log may tell an old alert again; one log that opens one alert twice is broken.
_TOLD_TWICE = """
    select line.seq
    from lines (seq bigint, id text, word text)
    where (
        select alert.log = :log and alert.seq <> line.seq
        from alert where alert.home = :home and alert.id = line.id and alert.change = line.word
    )
"""
_QUARANTINE = """
    insert into quarantine (home, log, seq, digest, reason, data, at)
    values (:home, :log, :seq, :digest, :reason, :data, :at)
    on conflict (home, log, seq, digest) do nothing
"""
_MESSAGES = "select count(*) from quarantine where home = :home and seq = 0"
_MISSING = """
    select before + 1, seq - 1
    from (
        select seq, lag(seq, 1, cast(:up_to as bigint)) over (order by seq) as before
        from entry where home = :home and log = :log and seq > :up_to
    ) as steps
    where seq - before > 1
    order by seq limit :count_max
"""
_HIGHEST = """
    select coalesce(max(seq), cast(:up_to as bigint))
    from entry where home = :home and log = :log and seq > :up_to
"""
_MOVE = "update log set up_to = :up_to where home = :home and log = :log"
_STANDS = """
    select line.seq, entry.kind, entry.body
    from lines (seq bigint)
    join entry on entry.home = :home and entry.log = :log and entry.seq = line.seq
    order by line.seq
"""
_LOGS = "select log from log where home = :home"
_TURNS = "select log, turn from log where home = :home"
_TAKE_TURN = "update log set turn = :turn where home = :home and log = :log"
_UP_TO = "select up_to from log where home = :home and log = :log"
_CONTRADICTIONS = """
    select distinct seq from quarantine where home = :home and log = :log and reason = :reason
    order by seq desc limit :count_max
"""
_UNREADABLE = """
    select distinct seq from quarantine
    where home = :home and log = :log and seq between :first and :last
    order by seq desc limit :count_max
"""


def keep(transaction: Transaction, batch: Batch, at: datetime) -> Receipt:
    """Keep every entry once, index what can be read, quarantine what cannot; say where the log stands."""
    where = {"home": batch.home, "log": batch.log}
    transaction.change(_BEGIN_HOME, home=batch.home)
    up_to = _begin_log(transaction, batch.home, batch.log, batch.first)
    fresh, contradicted = _keep_entries(transaction, batch, at)
    _index(transaction, batch, fresh, at)
    moved = date_afterwards(transaction, batch.home, batch.log, fresh)
    note_entries(transaction, batch.home, batch.log, ((each.seq, each.kind) for each in fresh), moved)
    kept = spans_of(entry.seq for entry in batch.entries)
    span = Span(kept[0].first, kept[-1].last)
    receipt = _receipt(transaction, batch.home, batch.log, up_to, span)
    receipt = replace(receipt, kept=kept, contradicted=spans_of(contradicted))
    transaction.change(_MOVE, up_to=receipt.up_to, **where)
    return receipt


def receipt_of(transaction: Transaction, home: str, log: str, last: int = 0) -> Receipt:
    """Return where this log stands, with a mark at `last`, too; nothing is committed of a log never seen."""
    found = transaction.rows(_UP_TO, home=home, log=log)
    if not found:
        return Receipt(log, 0)
    receipt = _receipt(transaction, home, log, found[0][0], Span(1, SEQ_MAX))
    ends = {last, receipt.up_to, receipt.highest, *(gap.first - 1 for gap in receipt.missing)}
    rows = transaction.rows(_STANDS, lines=[{"seq": seq} for seq in sorted(ends)], home=home, log=log)
    marks = tuple(Mark(seq, digest_of(kind, body.encode())) for seq, kind, body in rows)
    words = {"home": home, "log": log, "reason": CONTRADICTS, "count_max": UNREADABLE_MAX}
    contradicted = spans_of(seq for (seq,) in transaction.rows(_CONTRADICTIONS, **words))
    return replace(receipt, marks=marks, contradicted=contradicted)


def receipts_at_birth(
    transaction: Transaction, home: str, log: str, earlier: tuple[LogSpan, ...]
) -> tuple[Receipt, ...]:
    """Return where each of a hub's logs stands; they take their turn as the hub says, what comes now last."""
    transaction.change(_BEGIN_HOME, home=home)
    known = {name for (name,) in transaction.rows(_LOGS, home=home)}
    for span in earlier:
        if span.log not in known:
            _begin_log(transaction, home, span.log, span.first)
    _order(transaction, home, (*(span.log for span in earlier), log))
    before = (receipt_of(transaction, home, span.log, span.last) for span in earlier)
    return (*before, receipt_of(transaction, home, log))


def _order(transaction: Transaction, home: str, names: tuple[str, ...]) -> None:
    """Let these take their turn in this order: a hub may give an old log's rest a name of its own."""
    turns = dict(transaction.rows(_TURNS, home=home))
    named = [name for name in names if name in turns]
    for name, turn in zip(named, sorted(turns[name] for name in named), strict=True):
        if turns[name] != turn:
            transaction.change(_TAKE_TURN, home=home, log=name, turn=turn)


def keep_message(transaction: Transaction, home: str, data: bytes, reason: str, at: datetime) -> None:
    """Keep a message that could not be read, the same bytes once, within limits."""
    if transaction.rows(_MESSAGES, home=home)[0][0] >= MESSAGES_PER_HOME_MAX:
        return
    if len(data) > MESSAGE_BYTES_MAX:
        reason = f"{reason} (the first {MESSAGE_BYTES_MAX} of {len(data)} bytes)"
    _quarantine(transaction, (home, "", 0), reason, data, at)


def _begin_log(transaction: Transaction, home: str, log: str, first: int) -> int:
    """Begin this log, if it is new; return up to where it is here without a gap."""
    return int(transaction.rows(_BEGIN_LOG, home=home, log=log, first=first, before=first - 1)[0][0])


def _keep_entries(transaction: Transaction, batch: Batch, at: datetime) -> tuple[list[Entry], list[int]]:
    """Keep the entries; return the new ones, each number once, and the numbers that stand otherwise here."""
    contradicted: list[int] = []
    first_told = {entry.seq: entry for entry in reversed(batch.entries)}
    where = {"home": batch.home, "log": batch.log}
    lines = [_line(entry) for entry in first_told.values()]
    new = {seq for (seq,) in transaction.rows(_KEEP_ENTRIES, lines=lines, committed_at=stamp(at), **where)}
    if len(new) < len(batch.entries):
        # What a hub has lost and we have does not contradict: it stands here.
        told = [
            _line(entry) | {"position": position}
            for position, entry in enumerate(batch.entries)
            if entry.kind != EntryKind.LOST
        ]
        for (position,) in transaction.rows(_CONTRADICTED, lines=told, **where):
            entry = batch.entries[position]
            _quarantine(transaction, (batch.home, batch.log, entry.seq), CONTRADICTS, entry.body, at)
            contradicted.append(entry.seq)
    return [entry for seq, entry in sorted(first_told.items()) if seq in new], contradicted


def _line(entry: Entry) -> dict[str, object]:
    told = {"seq": entry.seq, "at": stamp(entry.at), "kind": entry.kind, "body": entry.body.decode()}
    return told | (asdict(entry.clock) if entry.clock is not None else {})


def _index(transaction: Transaction, batch: Batch, fresh: Iterable[Entry], at: datetime) -> None:
    """Make rows of the readings and alerts among these entries."""
    learnt = []
    rows: dict[str, list[Row]] = {EntryKind.READING: [], EntryKind.ALERT: [], EntryKind.TROUBLE: []}
    bodies = {}
    for entry in fresh:
        try:
            row = row_of(entry)
        except ContractError as error:
            name = (batch.home, batch.log, entry.seq)
            _quarantine(transaction, name, error.reason, entry.body, at)
            continue
        if entry.kind == EntryKind.RESPONSIBILITY:
            learnt.append(accountable_from(entry.body))
        if row is not None:
            rows[entry.kind].append(row)
            bodies[entry.seq] = entry.body
    hub_has_learnt(transaction, batch.home, learnt)
    where = {"home": batch.home, "log": batch.log}
    if readings := _lines(rows[EntryKind.READING]):
        transaction.change(_INDEX_READINGS, lines=readings, **where)
    if alerts := _lines(rows[EntryKind.ALERT]):
        transaction.change(_INDEX_ALERTS, lines=alerts, **where)
        for (seq,) in transaction.rows(_TOLD_TWICE, lines=alerts, **where):
            reason = "this log has told this change of this alert before, under another number"
            _quarantine(transaction, (batch.home, batch.log, seq), reason, bodies[seq], at)
    keep_told(transaction, batch.home, (trouble_from(bodies[row.seq]) for row in rows[EntryKind.TROUBLE]))


def _lines(rows: Iterable[Row]) -> list[dict[str, object]]:
    return [
        {"seq": row.seq, "id": row.id, "word": row.word, "level": row.level, "at": stamp(row.at)}
        for row in rows
    ]


def _quarantine(
    transaction: Transaction, name: tuple[str, str, int], reason: str, data: bytes, at: datetime
) -> None:
    home, log, seq = name
    transaction.change(
        _QUARANTINE,
        home=home,
        log=log,
        seq=seq,
        digest=blake2b(data, digest_size=16).hexdigest(),
        reason=reason[:REASON_LENGTH_MAX].replace("\0", ""),
        data=data[:MESSAGE_BYTES_MAX],
        at=stamp(at),
    )


def _receipt(transaction: Transaction, home: str, log: str, up_to: int, span: Span) -> Receipt:
    """Return where the log stands; unreadable entries are named where they lie in this span."""
    where = {"home": home, "log": log}
    gaps = transaction.rows(_MISSING, up_to=up_to, count_max=SPANS_MAX, **where)
    missing = tuple(Span(first, last) for first, last in gaps)
    highest = transaction.rows(_HIGHEST, up_to=up_to, **where)[0][0]
    contiguous = missing[0].first - 1 if missing else highest
    unreadable = transaction.rows(
        _UNREADABLE, first=span.first, last=span.last, count_max=UNREADABLE_MAX, **where
    )
    return Receipt(log, contiguous, missing, tuple(_ascending(unreadable)), highest=highest)


def _ascending(rows: list[tuple[int]]) -> Iterator[int]:
    return (seq for (seq,) in reversed(rows))
