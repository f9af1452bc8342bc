"""Puts a log aside that can't be used, and begins one in its place whose numbers go on."""

import shutil
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from cloud_bridge.contract.entries import LogSpan
from gateway.store.durable import sync_folder
from gateway.store.file import LOG_FILE, StoreError, begin
from gateway.store.keys import LogKey
from gateway.store.log import Store
from gateway.store.look import DamageError, Look
from gateway.store.replaced import QUARANTINE, REPLACED, SALVAGE, Replaced
from gateway.store.salvage import Pending, Salvage
from gateway.store.witness import Witness, WitnessError, Word

NOTHING = "nothing-was-there"
MARGIN = 1_000_000
"""So many numbers are left out where nobody knows how many a lost log had given out."""

CHECK_BYTES_MAX = 1_000_000_000
"""A log longer than this is not read whole at a start: 1 GB takes 4 s on a desk, and a Pi is slower."""

ROOM_BYTES = 100_000_000
"""So much must stay free beside what is carried over."""

_UNREADABLE = (11, 26)  # SQLITE_CORRUPT, SQLITE_NOTADB
_PENDING: TypeAdapter[Pending] = TypeAdapter(Pending)

Progress = Callable[[int, int], object]


def is_damage(error: BaseException | None) -> bool:
    """Tell whether an error says that pages can't be read, and not that a disk is full or a key wrong."""
    while error is not None:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _UNREADABLE:
            return True
        error = error.__cause__
    return False


def trouble_of(folder: Path, home: str, key: LogKey) -> str | None:
    """Return why the log can't be used as it lies here, or None; raise StoreError where a person must act.

    What a person must act on: a log that is gone, a wrong key, another home's or a newer program's log.
    """
    path = folder / LOG_FILE
    if not path.exists():
        raise StoreError(
            f"{path} is gone, but {folder} says that it existed. Is the card mounted? Put the file back; if"
            " it is lost for good, `pusterom store begin-anew`."
        )
    if path.stat().st_size == 0:
        return "the log was empty"
    try:
        with closing(Look(folder, key)) as look:
            look.log(home)
    except DamageError as error:
        return str(error).partition(". ")[0].removeprefix(f"{path} ").replace("is ", "the log is ", 1)
    return None


def assert_sound(store: Store, path: Path) -> None:
    """Read the whole log as the hub before us left it; raise DamageError where pages can't be read."""
    if path.stat().st_size > CHECK_BYTES_MAX:
        return
    if bad := _bad_pages(store.connection):
        raise DamageError(f"{path} is damaged: {bad[0]}" + (f" and {len(bad) - 1} more" if bad[1:] else ""))


def open_names(word: Word | None) -> tuple[LogSpan, ...]:
    """Return the names as the second place knows them, where the log itself can't say."""
    return () if word is None else word.spans or (LogSpan(word.log, 1, 0),)


def _bad_pages(connection: Any) -> list[str]:  # noqa: ANN401 - untyped module
    """Return what SQLCipher says of pages whose seal is broken, all commits merged, or SQLite of the rest."""
    connection.execute("pragma wal_checkpoint(truncate)").fetchall()
    bad = [str(row[0]) for row in connection.execute("pragma cipher_integrity_check")]
    told = [] if bad else [str(row[0]) for row in connection.execute("pragma quick_check(3)")]
    return bad or [line for line in told if line != "ok"]


def word_of(witness: Witness) -> Word | None:
    """Return what the second place says; None where it is not there, or can't be read either."""
    with suppress(WitnessError):
        return witness.read()
    return None


def put_aside(folder: Path) -> str:
    """Say that the log is being put aside, and return where; from here on a start goes on with it."""
    witness = Witness(folder)
    word = word_of(witness) or Word("unknown")
    if word.put_aside is None:
        taken = {path.name for path in (folder / QUARANTINE).glob("*")}
        number = next(n for n in range(1, len(taken) + 2) if f"{word.log}-{n}" not in taken)
        witness.put_aside(word, f"{QUARANTINE}/{word.log}-{number}")
    said = witness.read()
    assert said is not None
    assert said.put_aside is not None
    return said.put_aside


def begin_in_place(folder: Path, home: str, key: LogKey, why: str) -> None:
    """Move what lies here aside and begin a log whose numbers go on; whatever was done before a cut stays."""
    witness = Witness(folder)
    word = word_of(witness)
    assert word is not None
    assert word.put_aside is not None
    aside = folder / word.put_aside
    _move(folder, aside)
    path = folder / LOG_FILE
    if not path.exists():
        known, highest = found_in(aside, home, key)
        spans = known or open_names(word)
        known_to = max(word.given, highest) or (MARGIN if word.log == "unknown" else 0)
        pending = Pending(why, word.put_aside, spans)
        begin(path, home, key, fill=lambda db: _fill(db, pending, known_to + 1))
    with closing(Store.open(folder, home, key, may_be_stale=True)) as store:
        store.vouch()


def carry_over(store: Store, folder: Path, key: LogKey, at: datetime, progress: Progress) -> bool:
    """Carry over what can be read of the log put aside, if anything waits; False where there is no room."""
    if (said := store.note(SALVAGE)) is None:
        return True
    pending = _PENDING.validate_json(said)
    aside = folder / pending.where
    if not (aside / LOG_FILE).exists() or (aside / LOG_FILE).stat().st_size == 0:
        store.keep_notes(_only(Replaced(pending.why, pending.where)))
        return True
    if shutil.disk_usage(folder).free < (aside / LOG_FILE).stat().st_size + ROOM_BYTES:
        return False
    try:
        source = Look(aside, key, is_cut_read=True)
    except StoreError as error:
        why = f"{pending.why}; nothing of it can be read: {error}"
        store.keep_notes(_only(Replaced(why, pending.where)))
        return True
    with closing(source):
        Salvage(store.connection, source, at).run(pending, progress)
    store.read_again()
    return True


def _only(because: Replaced) -> dict[str, str | None]:
    """Return the notes that say why a log is a new one, and that nothing is carried over any more."""
    return {SALVAGE: None, REPLACED: bytes(because).decode()}


def _fill(connection: Any, pending: Pending, first: int) -> int:  # noqa: ANN401 - untyped module
    fill_names(connection, pending.spans)
    said = _PENDING.dump_json(pending).decode()
    connection.execute("insert into state values (?, ?)", (SALVAGE, said))
    return first


def fill_names(connection: Any, spans: tuple[LogSpan, ...]) -> None:  # noqa: ANN401 - as above
    """Write the names that a log has had; how much of each there is will be seen."""
    connection.executemany(
        "insert into log (log, first, last) values (?, ?, ?)",
        [(span.log, span.first, span.first - 1) for span in spans],
    )


def _move(folder: Path, aside: Path) -> None:
    """Move log and write-ahead file, the log last: where it lies tells whether this was done."""
    aside.mkdir(parents=True, exist_ok=True, mode=0o700)
    if (aside / LOG_FILE).exists() or (aside / NOTHING).exists():
        return
    for name in (f"{LOG_FILE}-wal", f"{LOG_FILE}-shm", LOG_FILE):
        if (folder / name).exists():
            (folder / name).rename(aside / name)
        elif name == LOG_FILE:
            (aside / NOTHING).touch()
    sync_folder(aside)
    sync_folder(aside.parent)
    sync_folder(folder)


def found_in(aside: Path, home: str, key: LogKey) -> tuple[tuple[LogSpan, ...], int]:
    """Return the names and the highest number that the log put aside still tells."""
    try:
        with closing(Look(aside, key, is_cut_read=True)) as look:
            span = look.span()
            highest = 0 if span is None else span.last
            with suppress(DamageError):
                return look.spans(look.log(home)), highest
            return (), highest
    except (StoreError, OSError):
        return (), 0
