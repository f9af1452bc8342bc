"""A hub's log as one stream that another hub can be made from: header, what was told, states, entries.

The stream is zstandard around JSON lines, in pieces of bounded size; it is meant to be sealed
(`gateway/store/sealed.py`) before it leaves the hub, and says itself of whose home it is.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any

import orjson
import zstandard
from pydantic import BaseModel, ConfigDict, ValidationError

from cloud_bridge.contract.entries import LogSpan
from gateway.store import schema
from gateway.store.file import StoreError
from gateway.store.kept import Kept, Lost
from gateway.store.look import DamageError, Look
from gateway.store.salvage import OWN_STATES, Transaction, insert

INFO = b"pusterom backup 1"
VERSION = 1
GROUP = 500
LINE_BYTES_MAX = 64_000_000
"""No line of ours is so long; a stream that goes on without an end of line is none of ours."""

_HIGHEST = "select '', cast(coalesce(max(seq), 0) as text) from entry union all select name, body from state"
_TOLD = "select id, seq from told where id > ? and seq <= ? order by id limit ?"
_RECEIVED = "select up_to, at, by from received"
_DEVICES = "select address, driver, last_heard_at, last_fault from device"

Progress = Callable[[int, int], object]


class BackupError(StoreError):
    """A stream that no hub can be made from. Nothing was changed."""


class Header(BaseModel):
    """What a backup says of itself in its first line; `steps` are the migrations of the log it is of."""

    model_config = ConfigDict(frozen=True)

    pusterom_backup: int
    home: str
    at: datetime
    spans: tuple[LogSpan, ...]
    highest: int
    steps: tuple[str, ...]


@dataclass(slots=True)
class Filled:
    """What was read out of a backup."""

    header: Header | None = None
    entry_count: int = 0
    is_whole: bool = False


def backup(look: Look, home: str, at: datetime, progress: Progress) -> Iterator[bytes]:
    """Yield the whole log as it stands now, also beside a hub that goes on; raise DamageError.

    States and the highest number are read in one question, and entries only up to that number: what a
    hub commits meanwhile is in the next backup, and the judge remembers nothing that isn't in this one.
    """
    pieces = zstandard.ZstdCompressor(level=3).compressobj()
    for line in _lines(look, home, at, progress):
        if packed := pieces.compress(line):
            yield packed
    yield pieces.flush()


def _lines(look: Look, home: str, at: datetime, progress: Progress) -> Iterator[bytes]:
    log = look.log(home)
    states = {str(name): str(body) for name, body in look.rows(_HIGHEST)}
    highest = int(states.pop(""))
    spans = _up_to(look.spans(log), highest)
    header = Header(
        pusterom_backup=VERSION,
        home=home,
        at=at,
        spans=spans,
        highest=max(highest, spans[-1].last),
        steps=_steps(look),
    )
    yield _line("header", header.model_dump(mode="json"))
    yield _line("state", [row for row in states.items() if row[0] not in OWN_STATES])
    yield _line("device", look.rows(_DEVICES))
    yield _line("received", look.rows(_RECEIVED))
    at_id = ""
    while told := look.rows(_TOLD, at_id, highest, GROUP):
        yield _line("told", told)
        at_id = told[-1][0]
    count = 0
    for group in _groups(look, highest):
        count += len(group)
        yield _line("entry", [astuple(one) for one in group])
        progress(group[-1].seq, highest)
    yield _line("end", count)


def _groups(look: Look, highest: int) -> Iterator[list[Kept]]:
    begins, group = look.span(), list[Kept]()
    for one in look.entries(begins.first, highest) if begins is not None else ():
        if isinstance(one, Lost):
            if one.is_damaged:
                raise DamageError(
                    f"{look.path} is damaged at {one}: start the hub, which mends it, then again."
                )
            continue
        group.append(one)
        if len(group) == GROUP:
            yield group
            group = []
    if group:
        yield group


def fill(connection: Any, stream: Iterable[bytes], home: str, progress: Progress) -> Header:  # noqa: ANN401 - untyped
    """Fill a new log from a backup, and return what it says of itself; raise BackupError.

    The caller makes nothing of the log before this has returned: only then the stream was whole.
    """
    filled = Filled()
    for line in _lines_of(stream):
        try:
            ((what, said),) = orjson.loads(line).items()
            _take(connection, what, said, home, filled)
        except (ValueError, AttributeError, TypeError, ValidationError) as error:
            raise BackupError(
                f"this is no backup of ours: {type(error).__name__}. Try another copy."
            ) from error
        if filled.header is not None:
            progress(filled.entry_count, filled.header.highest)
    if filled.header is None or not filled.is_whole:
        raise BackupError("this backup ends too early. Try another copy.")
    return filled.header


def _take(connection: Any, what: str, said: Any, home: str, filled: Filled) -> None:  # noqa: ANN401 - as it comes
    if (filled.header is None) != (what == "header"):
        raise BackupError("this is no backup of ours: it does not begin with a header. Try another copy.")
    with Transaction(connection):
        if what == "header":
            filled.header = _assert_ours(Header.model_validate(said), home)
            rows = [(span.log, span.first, span.last) for span in filled.header.spans]
            connection.executemany("insert into log (log, first, last) values (?, ?, ?)", rows)
        elif what == "entry" and filled.header is not None:
            filled.entry_count += len(said)
            insert(connection, [Kept(*row) for row in said])
        elif what == "end":
            filled.is_whole = said == filled.entry_count
        elif what in _INTO:
            connection.executemany(_INTO[what], said)


_INTO = {
    "state": "insert or replace into state values (?, ?)",
    "device": "insert or replace into device values (?, ?, ?, ?)",
    "received": "insert or replace into received values (?, ?, ?)",
    "told": "insert or ignore into told values (?, ?)",
}


def _assert_ours(header: Header, home: str) -> Header:
    if header.pusterom_backup != VERSION:
        raise BackupError("this backup was made by another Pusterom. Install that version.")
    if header.home != home:
        raise BackupError(
            f"this backup is of home {header.home}, not of {home}. Check `home` in the settings."
        )
    if unknown := set(header.steps) - set(schema.known_steps()):
        raise BackupError(
            f"this backup was made by a newer Pusterom ({', '.join(sorted(unknown))}). Install that."
        )
    return header


def _lines_of(stream: Iterable[bytes]) -> Iterator[bytes]:
    unpacked, held = zstandard.ZstdDecompressor().decompressobj(), bytearray()
    try:
        for piece in stream:
            held += unpacked.decompress(piece)
            *lines, rest = held.split(b"\n")
            yield from map(bytes, lines)
            held = rest
            if len(held) > LINE_BYTES_MAX:
                raise BackupError("this is no backup of ours: a line without an end. Try another copy.")
    except zstandard.ZstdError as error:
        raise BackupError(f"this is no backup of ours: {error}. Try another copy.") from error
    if held or not unpacked.eof:
        raise BackupError("this backup ends too early. Try another copy.")


def _line(what: str, said: object) -> bytes:
    return orjson.dumps({what: said}) + b"\n"


def _steps(look: Look) -> tuple[str, ...]:
    return tuple(
        name
        for (name,) in look.rows(
            "select name from _sqlite_migrations where migration_set = 'pusterom-hub' order by name"
        )
    )


def _up_to(spans: tuple[LogSpan, ...], highest: int) -> tuple[LogSpan, ...]:
    """Return the names with what they hold up to a number: a hub beside us may have gone on."""
    return tuple(
        LogSpan(span.log, span.first, max(span.first - 1, min(span.last, highest))) for span in spans
    )
