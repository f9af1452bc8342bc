"""Makes a new hub's log from what there is of the broken one's: a backup, or the folder on its card."""

import shutil
import tempfile
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from gateway.store.backup import Progress, fill
from gateway.store.file import LOG_FILE, StoreError, begin, discard_draft, is_first_start
from gateway.store.keys import LogKey
from gateway.store.log import Store
from gateway.store.look import DamageError, Look
from gateway.store.replace import MARGIN, fill_names, found_in, open_names, word_of
from gateway.store.replaced import REPLACED, Replaced
from gateway.store.salvage import Pending, Salvage
from gateway.store.witness import Witness


def assert_empty(folder: Path) -> None:
    """Raise StoreError where a log lies already: a restore never writes over one."""
    if not is_first_start(folder):
        raise StoreError(
            f"a log lies in {folder}, or has: nothing is restored over it. Name an empty `folder`, or go on"
            " with that log: `pusterom hub run`."
        )


def restore(
    stream: Iterable[bytes],
    folder: Path,
    home: str,
    key: LogKey,
    progress: Progress = lambda _done, _of: None,
) -> Store:
    """Make a log from an opened backup, and open it; raise StoreError or SealError, and leave nothing behind.

    Numbers go on far above the backup's: nobody here knows how many the broken hub gave out after it.
    """

    def filled(connection: Any) -> int:  # noqa: ANN401 - untyped module
        header = fill(connection, stream, home, progress)
        because = Replaced(f"made from the backup of {header.at.isoformat(timespec='minutes')}")
        note = "insert or replace into state values (?, ?)"
        connection.execute(note, (REPLACED, bytes(because).decode()))
        return header.highest + MARGIN + 1

    return _made(folder, home, key, filled)


def restore_from_folder(
    old: Path,
    old_key: LogKey,
    folder: Path,
    home: str,
    key: LogKey,
    *,
    at: datetime,
    progress: Progress = lambda _done, _of: None,
) -> Store:
    """Make a log from all that can be read in a broken hub's folder; that folder is not changed."""
    assert_empty(folder)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(dir=folder, prefix="restoring-") as copies:
        for name in (LOG_FILE, f"{LOG_FILE}-wal"):  # a card is put in read-only, and SQLite writes beside
            if (old / name).exists():
                shutil.copyfile(old / name, Path(copies) / name)
        word = word_of(Witness(old))

        def filled(connection: Any) -> int:  # noqa: ANN401 - untyped module
            spans, highest = found_in(Path(copies), home, old_key)
            with closing(Look(Path(copies), old_key, is_cut_read=True)) as source:
                with suppress(DamageError):  # where it can't be read whose it is, its key tells
                    source.log(home)
                pending = Pending("made from the log of a broken hub", "", spans or open_names(word))
                fill_names(connection, pending.spans)
                Salvage(connection, source, at).run(pending, progress)
            return (max(word.given, highest) if word is not None else highest + MARGIN) + 1

        return _made(folder, home, key, filled)


def _made(folder: Path, home: str, key: LogKey, filled: Callable[[Any], int]) -> Store:
    assert_empty(folder)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        begin(folder / LOG_FILE, home, key, fill=filled)
    except BaseException:
        discard_draft(folder / LOG_FILE)
        raise
    return Store.open(folder, home, key)
