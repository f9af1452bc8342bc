"""Is this log sound? One finding per question, each with what is wrong and what a person can do."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any, Protocol

import orjson

from cloud_bridge.contract.answers import answer_from
from cloud_bridge.contract.baseline import baselines_from
from cloud_bridge.contract.bodies import alert_from, fault_from, plan_from, reading_from
from cloud_bridge.contract.dating import found_from
from cloud_bridge.contract.entries import EntryKind, LogSpan, clock_from
from cloud_bridge.contract.errors import ContractError
from cloud_bridge.contract.nights import night_from
from cloud_bridge.contract.plain import has_moment
from cloud_bridge.contract.receipts import Refusal, answer_from_bytes
from cloud_bridge.contract.unjudged import unjudged_from
from gateway.alerts.state import JudgeState
from gateway.store.file import StaleError
from gateway.store.kept import Kept, Lost, joined
from gateway.store.look import DamageError, Look

RESCUE = "Keep a copy of the folder, save what can be read with `pusterom store export`, and put a copy back"
_GROUP = 500
_NAMED_MAX = 5
_UNREADABLE = "btreeInitPage() returns error code"

Progress = Callable[[int, int], object]


class Reader(Protocol):
    """Decodes a body, or raises ContractError."""

    def __call__(self, body: bytes, /) -> object:
        """Return the fact."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer to one question; `problem` says what is wrong and what to do, or nothing."""

    name: str
    said: str
    problem: str = ""

    @property
    def line(self) -> str:
        """The finding as people read it."""
        return f"FAIL {self.name}: {self.problem}" if self.problem else f"ok   {self.name}: {self.said}"


def findings(look: Look, home: str, progress: Progress) -> Iterator[Finding]:
    """Yield one finding per question, in the order in which they depend on each other.

    Raises StoreError for a log that is whole and not this home's.
    """
    yield _asked("identity", lambda: _identity(look, home))
    yield _asked("pages", lambda: _pages(look))
    yield _asked("structure", lambda: _structure(look))
    cursor = _state(look, "cursor")  # before the highest number: a hub beside us moves both up
    names = _names(look)
    yield _asked("names", lambda: _names_told(names))
    span = look.span() or Lost(1, 0)
    walk = _Walk(look, span, [] if isinstance(names, DamageError) else list(names))
    walk.go(progress)
    yield from walk.findings()
    confirmed = cursor if isinstance(cursor, str) and cursor.isdecimal() else "0"
    yield _asked("identities told", lambda: _told(look, int(confirmed)))
    highest = span.last if isinstance(names, DamageError) else max(span.last, names[-1].first - 1)
    yield _asked("cursor", lambda: _cursor(cursor, highest))
    yield _asked("judge", lambda: _judge(_state(look, "judge")))
    look.assert_unmoved()


def _asked(name: str, question: Callable[[], str]) -> Finding:
    """Ask; what can't be read, or contradicts itself, is the finding."""
    try:
        return Finding(name, question())
    except DamageError as damage:
        return Finding(name, "", f"{str(damage).rstrip('.')}. {RESCUE}.")
    except _UnsoundError as unsound:
        return Finding(name, "", str(unsound))


class _UnsoundError(Exception):
    """What is wrong, and what to do."""


def _identity(look: Look, home: str) -> str:
    log = look.log(home)
    if not look.witness.path.exists():
        raise _UnsoundError(
            f"{look.witness.path}, which names the log, is missing: nobody would notice an exchanged file."
            " The next start of the hub writes it anew; look first whether this is the right log"
        )
    try:
        look.assert_witnessed(log)
    except StaleError as stale:
        raise _UnsoundError(f"{stale} The next start of the hub goes on under a new name") from None
    return f"log {log} of home {home}, as {look.witness.path.name} says"


def _pages(look: Look) -> str:
    bad = look.bad_pages()
    if bad:
        raise _UnsoundError(f"{_few(bad)}. {RESCUE}.")
    beside = ", as far as they were merged: a hub has it open, or was killed" if look.is_beside_writer else ""
    return f"the seal of each is whole{beside}"


def _structure(look: Look) -> str:
    said = [line for row in look.rows("pragma integrity_check") for line in str(row[0]).splitlines()]
    if any(_UNREADABLE in line for line in said):
        # Behind the first broken page it gives up the sound ones, too: their names would mislead.
        raise _UnsoundError(f"tables can't be compared, for pages of them can't be read. {RESCUE}.")
    if said != ["ok"]:
        raise _UnsoundError(f"{_few(said)}. {RESCUE}.")
    return "tables and indexes agree"


def _state(look: Look, name: str) -> str | DamageError | None:
    try:
        return look.state(name)
    except DamageError as damage:
        return damage


def _names(look: Look) -> tuple[LogSpan, ...] | DamageError:
    try:
        return look.spans(look.state("log") or "")
    except DamageError as damage:
        return damage


def _names_told(names: tuple[LogSpan, ...] | DamageError) -> str:
    if isinstance(names, DamageError):
        raise names
    for before, after in pairwise(names):
        if not before.first - 1 <= before.last < after.first:
            raise _UnsoundError(f"{before.log} and {after.log} share numbers. {RESCUE}.")
    return ", then ".join(f"{span.log} from {span.first}" for span in names)


def _told(look: Look, confirmed: int) -> str:
    """What the ward has may have been removed here, and stays known as told."""
    (rows, ids), *_ = look.rows("select count(*), count(distinct id) from told")
    sql = "select count(*) from told where seq > ? and seq not in (select seq from entry)"
    (strays,), *_ = look.rows(sql, confirmed)
    if rows != ids or strays:
        raise _UnsoundError(f"{rows - ids} stand there twice, {strays} name no entry. {RESCUE}.")
    return f"{rows}, each once, and of an entry or with the ward"


def _cursor(cursor: str | DamageError | None, highest: int) -> str:
    if isinstance(cursor, DamageError):
        raise cursor
    if cursor is not None and not cursor.isdecimal():
        raise _UnsoundError(f"{cursor!r} is no number. {RESCUE}.")
    if (lead := int(cursor or 0) - highest) > 0:
        raise _UnsoundError(
            f"the ward has committed up to {cursor}, but the log ends at {highest}: {lead} entries"
            " were lost here, and stand in the ward. Tell the ward before the hub runs again"
        )
    return f"{int(cursor or 0)} of {highest} are with the ward"


def _judge(state: str | DamageError | None) -> str:
    if isinstance(state, DamageError):
        raise state
    try:
        known = JudgeState.from_bytes(None if state is None else state.encode())
    except AssertionError:
        raise _UnsoundError(f"what it remembers can't be read, and no hub starts on it. {RESCUE}.") from None
    return f"plan version {known.plan_version}, {len(known.open_alerts)} open alerts"


@dataclass(slots=True)
class _Walk:
    """One walk over all entries that answers three questions at once."""

    look: Look
    span: Lost
    names: list[LogSpan]
    count: int = 0
    lost: list[Lost] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    identities: list[str] = field(default_factory=list)

    def go(self, progress: Progress) -> None:
        """Look at every entry."""
        group: list[tuple[str, int]] = []
        for one in self._entries():
            if isinstance(one, Lost):
                self.lost.append(one)
                continue
            self._look_at(one, group)
            if len(group) >= _GROUP:
                self._compare(group)
                progress(one.seq, self.span.last)
        self._compare(group)

    def _entries(self) -> Iterator[Kept | Lost]:
        """Yield what stands under each name; between two names numbers may be left out."""
        for name in self.names or [LogSpan("", self.span.first, self.span.last)]:
            yield from self.look.entries(max(name.first, self.span.first), min(name.last, self.span.last))

    def findings(self) -> Iterator[Finding]:
        """Yield what the walk has found."""
        what = [
            f"{'damaged' if lost.is_damaged else 'nothing stands'} at {lost}" for lost in joined(self.lost)
        ]
        yield self._finding("numbers", f"{self.span.first} to {self.span.last} without a gap", what)
        yield self._finding("bodies", f"{self.count} say what their kind promises", self.bodies)
        yield self._finding("identities", "none stands in the log twice", self.identities)

    def _finding(self, name: str, said: str, problems: list[str]) -> Finding:
        if not self.span.last:
            said = "the log is still without entries"
        return Finding(name, said, f"{_few(problems)}. {RESCUE}." if problems else "")

    def _look_at(self, kept: Kept, group: list[tuple[str, int]]) -> None:
        self.count += 1
        try:
            if identity := identity_in(kept):
                group.append((identity, kept.seq))
        except (ContractError, ValueError, TypeError, AttributeError) as error:
            self.bodies.append(f"number {kept.seq} ({kept.kind}) {_reason(error)}")

    def _compare(self, group: list[tuple[str, int]]) -> None:
        """Compare with the table that keeps facts from being kept twice: it names one entry for each."""
        try:
            known = dict(
                self.look.rows(
                    "select id, seq from told where id in (select value from json_each(?))",
                    json.dumps([identity for identity, _ in group]),
                )
            )
        except DamageError as damage:
            self.identities.append(str(damage))
        else:
            self.identities += [
                f"number {seq} is told as {known.get(identity, 'nothing')}"
                for identity, seq in group
                if known.get(identity) != seq
            ]
        group.clear()


def identity_in(kept: Kept) -> str | None:
    """Return the identity of what stands here, if its kind has one; raise when the entry is not sound."""
    if not has_moment(datetime.fromisoformat(kept.at)):
        raise ValueError("a time without a zone")
    clock_from(kept.clock)
    body = kept.body.encode()
    match kept.kind:
        case EntryKind.ALERT:
            alert = alert_from(body)
            return f"{alert.id}:{alert.change}"
        case EntryKind.ALERT_CONFIRMED:
            return f"{alert_from(body).id}:confirmed"
        case EntryKind.READING | EntryKind.ANSWER | EntryKind.NOT_JUDGED as kind:
            return str(_WITH_ID[kind](body).id)
        case EntryKind.NIGHT:
            night = night_from(body)
            return f"night-{night.on}-{night.revision}"
        case EntryKind.BATCH_REFUSED if not isinstance(answer_from_bytes(body), Refusal):
            raise ValueError("no refusal")
        case EntryKind.HUB_STARTED:
            datetime.fromisoformat(orjson.loads(body)["at"])
        case _:
            _OTHERS.get(kept.kind, orjson.loads)(body)
    return None


_WITH_ID: dict[str, Callable[[bytes], Any]] = {
    EntryKind.READING: reading_from,
    EntryKind.ANSWER: answer_from,
    EntryKind.NOT_JUDGED: unjudged_from,
}
_OTHERS: dict[str, Reader] = {
    EntryKind.PLAN_APPLIED: plan_from,
    EntryKind.DEVICE_FAULT: fault_from,
    EntryKind.CLOCK_FOUND: found_from,
    EntryKind.BASELINE: baselines_from,
}


def _reason(error: Exception) -> str:
    """Return why without what stands there: a finding is sent to others, a body is health data."""
    return "can't be decoded" if not isinstance(error, ContractError) else str(error).partition(":")[0]


def _few(all_: list[str]) -> str:
    more = f" and {len(all_) - _NAMED_MAX} more" if len(all_) > _NAMED_MAX else ""
    return ", ".join(all_[:_NAMED_MAX]) + more
