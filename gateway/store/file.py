"""Opens the encrypted log, and tells a new home from a wrong key, an emptied or a foreign file."""

import fcntl
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlcipher3 import dbapi2

from cloud_bridge.contract.entries import LogSpan
from gateway.store import schema, text
from gateway.store.durable import sync_folder
from gateway.store.keys import LogKey
from gateway.store.witness import WITNESS_FILE, Witness, WitnessError, Word

LOG_FILE, LOCK_FILE = "log.db", "lock"


class StoreError(Exception):
    """The log can't be opened or written. Nothing was changed; a person must act."""


class StaleError(StoreError):
    """The log is an older state of itself than the witness knows of. Nothing was changed."""


class DiskError(StoreError):
    """The disk does not take what must be kept; what was kept before stays."""


class NotTakenError(DiskError):
    """The disk is full, read-only or does not answer now; the log is whole, and it may take it later."""


def is_first_start(folder: Path) -> bool:
    """Tell whether no log has ever stood in this folder."""
    return not (folder / LOG_FILE).exists() and not (folder / WITNESS_FILE).exists()


def open_log(folder: Path, home: str, key: LogKey, *, may_be_stale: bool = False) -> tuple[Any, Witness]:
    """Return the open connection and the log's witness; raise StoreError with what to do.

    Beside the log stands a witness that names it and knows how far it had come, so that an emptied,
    exchanged or older file is never taken for the right one. Who lets it be stale must go on under a
    new name.
    """
    with _told(folder):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if is_first_start(folder):
            begin(folder / LOG_FILE, home, key)
        return _known(folder, home, key, may_be_stale=may_be_stale)


def _known(folder: Path, home: str, key: LogKey, *, may_be_stale: bool) -> tuple[Any, Witness]:
    path, witness = folder / LOG_FILE, Witness(folder)
    if not path.exists():
        raise StoreError(f"{path} is gone, but {witness.path} says that it existed. Put the file back.")
    if path.stat().st_size == 0:
        raise StoreError(f"{path} is empty: it was cut off or overwritten. Put the file back from a copy.")
    connection = _connect(path, key)
    try:
        log = identity(connection, path, home)
        word = None if may_be_stale else witnessed(witness)
        if word is not None:
            assert_witnessed(word, spans(connection, log), witness.path)
        schema.migrate(connection)
        if word is None and not may_be_stale:
            witness.end(spans(connection, log))
    except BaseException:
        connection.close()
        raise
    return connection, witness


def lock(folder: Path) -> int:
    """Take the folder for this process alone; raise StoreError when another hub has it."""
    with _told(folder):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise StoreError(f"another hub already runs on {folder}. Stop it first.") from None
        return descriptor


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    """Say what the disk means, in our words."""
    try:
        yield
    except OSError as error:
        what = f"{error.filename or folder}: {error.strerror}"
        raise StoreError(f"{what}. Give this user the right to {folder}, or set another `folder`.") from error
    except dbapi2.Error as error:
        raise DiskError(
            f"no log can be begun or brought up to date in {folder}: {error}. Is the disk full or broken?"
        ) from error


def begin(
    path: Path,
    home: str,
    key: LogKey,
    *,
    fill: Callable[[Any], int] = lambda _connection: 1,
) -> None:
    """Make a log whose entries begin with the number that `fill` returns, perhaps behind what it fills in.

    It is made under another file name and renamed when it is whole: no half log is ever found.
    """
    draft = discard_draft(path)
    log = secrets.token_hex(8)
    connection = _connect(draft, key)
    try:
        schema.migrate(connection)
        first = fill(connection)
        connection.execute("insert or replace into state values ('log', ?), ('home', ?)", (log, home))
        connection.execute("insert into log (log, first) values (?, ?)", (log, first))
        connection.execute("pragma wal_checkpoint(truncate)")
    finally:
        connection.close()
    draft.chmod(0o600)
    draft.rename(path)
    sync_folder(path.parent)


def discard_draft(path: Path) -> Path:
    """Return where a log is made; whatever half of one lies there is removed."""
    draft = path.with_suffix(".new")
    for leftover in draft.parent.glob(draft.name + "*"):
        leftover.unlink()
    return draft


def _connect(path: Path, key: LogKey) -> Any:  # noqa: ANN401 - untyped module
    unmerged = path.with_name(f"{path.name}-wal")
    if unmerged.exists() and unmerged.stat().st_size:
        # To close a file is to merge what a crash left beside it, even under a wrong key:
        # look first without the right to write, so that a refusal changes nothing.
        _open(path, key, mode="ro").close()
    return _open(path, key, mode="rwc")


def _open(path: Path, key: LogKey, *, mode: str) -> Any:  # noqa: ANN401 - untyped module
    try:
        connection = dbapi2.connect(
            f"{path.absolute().as_uri()}?mode={mode}", uri=True, isolation_level=None, check_same_thread=False
        )
    except dbapi2.DatabaseError as error:
        raise StoreError(f"{path} can't be opened: {error}. Is it a file, and this user's?") from error
    # The key comes first; the library's own log would name pages of it on stderr.
    connection.execute("pragma cipher_log_level = none")
    connection.execute(f'pragma key = "{key.pragma()}"')
    connection.text_factory = text.whole
    try:
        for pragma in ("journal_mode = wal", "synchronous = full", "wal_autocheckpoint = 1000",
                       "cache_size = -8000", "busy_timeout = 5000", "foreign_keys = on"):  # fmt: skip
            connection.execute(f"pragma {pragma}").fetchall()
    except dbapi2.DatabaseError as error:
        connection.close()
        raise StoreError(
            f"{path} can't be read with this key: wrong key, foreign or damaged file ({error}). "
            "Put the right key file or the right log back; nothing was changed."
        ) from error
    return connection


def identity(connection: Any, path: Path, home: str) -> str:  # noqa: ANN401 - untyped module
    """Return the id of this log; raise StoreError when it is not this home's, or nobody's, or damaged."""
    log, whose = _identity(connection, path)
    if whose != home:
        raise StoreError(f"{path} is the log of home {whose}, not of {home}. Check `home` in the settings.")
    return log


def _identity(connection: Any, path: Path) -> tuple[str, str]:  # noqa: ANN401 - untyped module
    try:
        known, unknown = schema.steps(connection)
        if unknown:
            raise StoreError(
                f"{path} was written by a newer Pusterom ({', '.join(unknown)}). Install that version again."
            )
        if not known:
            raise StoreError(f"{path} is not a log of Pusterom. Put the right file back.")
        rows = dict(connection.execute("select name, body from state where name in ('log', 'home')"))
        return rows["log"], rows["home"]
    except (dbapi2.DatabaseError, KeyError) as error:
        raise StoreError(f"{path} is a damaged log ({error!r}). Put a sound copy back.") from error


def spans(connection: Any, log: str) -> tuple[LogSpan, ...]:  # noqa: ANN401 - untyped module
    """Return which numbers went under which name, the oldest first; the last one ends where the log does."""
    (highest,) = connection.execute("select coalesce(max(seq), 0) from entry").fetchone()
    if not connection.execute("select 1 from sqlite_master where name = 'log'").fetchone():
        return (LogSpan(log, 1, highest),)  # written before the log could have two names
    rows = connection.execute("select log, first, last from log order by turn").fetchall()
    ends = max(highest, rows[-1][1] - 1)
    return tuple(LogSpan(name, first, ends if last is None else last) for name, first, last in rows)


def witnessed(witness: Witness) -> Word | None:
    """Return what the witness says, None where there is none; raise StoreError when it can't be read."""
    try:
        return witness.read()
    except WitnessError as error:
        raise StoreError(f"{error}; it names the log. Put it back.") from error


def assert_witnessed(word: Word, spans: tuple[LogSpan, ...], path: Path) -> None:
    """Raise StoreError unless the witness means this log; StaleError where it means it, but knows of more."""
    names = [span.log for span in spans]
    if word.log not in names:
        if not word.names.isdisjoint(names):
            raise StaleError(f"this is log {names[-1]}, but {path} knows that it went on as {word.log}.")
        raise StoreError(
            f"this is log {names[-1]}, but {path} says that {word.log} belongs here. Put it back."
        )
    if word.log == names[-1] and spans[-1].last < word.kept:
        raise StaleError(f"this log ends at {spans[-1].last}, but {path} knows of {word.kept}.")
