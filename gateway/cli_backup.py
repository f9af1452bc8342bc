"""The commands by which a broken hub becomes another one: backup, restore, begin-anew."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from gateway.console import counted, say
from gateway.words import WordsError

if TYPE_CHECKING:
    from gateway.settings import Settings
    from gateway.store.backup import Progress
    from gateway.store.log import Store

HubFile = Annotated[Path, typer.Option("--config", help="The hub's settings file.")]
PrivateKey = Annotated[Path | None, typer.Option(help="The organisation's private key.")]
PIECE_BYTES = 1 << 16
STDIO = Path("-")


def add_to(store: typer.Typer) -> None:
    """Hang these commands into `pusterom store`."""
    for command in (backup, restore, open_backup, begin_anew):
        store.command()(command)


def backup(
    out: Annotated[Path, typer.Option(help="The file to make; one that is there is never written over.")],
    to: Annotated[
        Path | None, typer.Option(help="The organisation's public key; else as the settings say.")
    ] = None,
    config: HubFile = Path("config/hub.toml"),
) -> None:
    """Write the whole log into a file that only the organisation opens, also beside a running hub.

    Everything that another hub needs stands in it: entries, what was told, what the judge remembers, which
    troubles are open, what the ward has. Devices' bonds and the settings do not.

    Next: keep the file away from the hub. `pusterom store restore` makes another hub from it.
    """
    from cloud_bridge.program import utc_now
    from gateway.cli_store import open_look
    from gateway.settings import Settings
    from gateway.store.backup import INFO
    from gateway.store.backup import backup as written
    from gateway.store.organisation_key import fingerprint, public_key_in
    from gateway.store.sealed import sealed

    settings = Settings.load(config)
    if (to := to or settings.escrow_public_key_file) is None:
        raise WordsError(
            "--to FILE: to whose public key? Or write `escrow_public_key_file` into the settings"
        )
    key = public_key_in(to)
    with closing(open_look(settings)) as look, _new_file(out) as file, counted("entries") as progress:
        for piece in sealed(written(look, settings.home, utc_now(), progress), key, INFO):
            file.write(piece)
    say(f"{out}: the log of home {settings.home}, sealed to key {fingerprint(key)}")


def restore(
    in_: Annotated[
        Path | None, typer.Option("--in", help="A backup; - takes what `store open-backup` says.")
    ] = None,
    private_key: PrivateKey = None,
    from_folder: Annotated[
        Path | None, typer.Option(help="Instead: the broken hub's folder, as on its card.")
    ] = None,
    key_file: Annotated[
        Path | None, typer.Option(help="With it: the secret of that hub, or what `open-escrow` made.")
    ] = None,
    config: HubFile = Path("config/hub.toml"),
) -> None:
    """Make this hub's log from a broken hub's backup, or from what can be read on its card.

    For a new hub with the same `home` in its settings and an empty folder; it makes a key of its own. A new
    name begins and the numbers go on, so that the ward tells apart what this hub tells from what the broken
    one told. Nothing is written over, and a restore that fails leaves no log.

        pusterom store restore --in hub.backup --private-key organisation.key

    The private key need not come to the hub: open the backup elsewhere, and send it through a pipe.

        pusterom store open-backup --in hub.backup --private-key organisation.key | ssh hub pusterom store
        restore --in - --config /etc/pusterom/hub.toml

    Next: `pusterom hub run`. The broken hub must never be switched on again.
    """
    if (in_ is None) == (from_folder is None):
        raise WordsError("--in FILE, or --from-folder FOLDER: from what shall this hub be made?")
    if (from_folder is None) != (key_file is None) or (in_ not in (None, STDIO)) != (private_key is not None):
        raise WordsError("--in FILE goes with --private-key, --from-folder with --key-file")
    if from_folder is not None and key_file is not None:
        _make(config, lambda settings, progress: _from_folder(settings, from_folder, key_file, progress))
    else:
        _make(config, lambda settings, progress: _from_backup(settings, in_, private_key, progress))


def _make(config: Path, made: "Callable[[Settings, Progress], Store]") -> None:
    from gateway.settings import Settings

    settings = Settings.load(config)
    with _held(settings), counted("entries") as progress, closing(made(settings, progress)) as store:
        said = f"log {store.log}, which goes on at {store.highest + 1}; {store.waiting} entries wait"
    say(f"home {settings.home}: {said}")
    say(f"Next: pusterom hub run --config {config}. Never switch the broken hub on again.")


def _from_backup(
    settings: "Settings", in_: Path | None, private_key: Path | None, progress: "Progress"
) -> "Store":
    from gateway.start import new_key
    from gateway.store.backup import INFO
    from gateway.store.organisation_key import private_key_in
    from gateway.store.replacement import assert_empty
    from gateway.store.replacement import restore as made
    from gateway.store.sealed import unsealed

    assert_empty(settings.folder)
    private = None if private_key is None else private_key_in(private_key)
    with _read(in_ or STDIO) as file:
        pieces = iter(lambda: file.read(PIECE_BYTES), b"")
        stream = pieces if private is None else unsealed(pieces, private, INFO)
        return made(stream, settings.folder, settings.home, new_key(settings), progress)


def _from_folder(settings: "Settings", old: Path, key_file: Path, progress: "Progress") -> "Store":
    from cloud_bridge.program import utc_now
    from gateway.start import new_key
    from gateway.store.episodes import key_of_folder
    from gateway.store.replacement import assert_empty, restore_from_folder

    assert_empty(settings.folder)
    old_key = key_of_folder(old, key_file, settings.home)
    key = new_key(settings)
    return restore_from_folder(
        old, old_key, settings.folder, settings.home, key, at=utc_now(), progress=progress
    )


def open_backup(
    in_: Annotated[Path, typer.Option("--in", help="What `store backup` made.")],
    private_key: Annotated[Path, typer.Option(help="The organisation's private key.")],
) -> None:
    """Open a backup onto a pipe: for the organisation, so that its key need not come to a hub.

    What comes out is personal health data, and no longer encrypted: it goes into a pipe, never a terminal.

    Next: `pusterom store restore --in -` at the other end.
    """
    from gateway.store.backup import INFO
    from gateway.store.organisation_key import private_key_in
    from gateway.store.sealed import unsealed

    if sys.stdout.isatty():
        raise WordsError("this goes into a pipe: `… | ssh hub pusterom store restore --in -`")
    private = private_key_in(private_key)
    with _read(in_) as file:
        for piece in unsealed(iter(lambda: file.read(PIECE_BYTES), b""), private, INFO):
            sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()


def begin_anew(
    config: HubFile = Path("config/hub.toml"),
    yes: Annotated[str | None, typer.Option(help="The home id once more: answers the question.")] = None,
) -> None:
    """Say that the log in this folder is lost for good, or not to be used: the next start begins a new one.

    What lies there is put into `quarantine` beside it, and what can be read with this hub's key is carried
    over. Numbers go on. For a log that is gone because a card was not mounted this is the wrong command.

    Next: `pusterom hub run`.
    """
    from gateway.settings import Settings
    from gateway.store.file import StoreError, is_first_start
    from gateway.store.replace import put_aside

    settings = Settings.load(config)
    if is_first_start(settings.folder):
        raise StoreError(f"there is no log in {settings.folder}: a hub begins one by itself. Check `folder`.")
    with _held(settings):
        answer = yes or typer.prompt("The home id, once more", default="", show_default=False)
        if answer.strip() != settings.home:
            raise WordsError("not the same home; nothing was changed")
        where = put_aside(settings.folder)
    say(f"The next start puts what lies here into {settings.folder / where}, and begins a new log.")
    say(f"Next: pusterom hub run --config {config}")


@contextmanager
def _held(settings: "Settings") -> Iterator[None]:
    from gateway.store.file import lock

    held = lock(settings.folder)
    try:
        yield
    finally:
        os.close(held)


@contextmanager
def _read(path: Path) -> Iterator[BinaryIO]:
    if path == STDIO:
        yield sys.stdin.buffer
        return
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise WordsError(f"--in: {path}: {error.strerror}") from error


@contextmanager
def _new_file(out: Path) -> Iterator[BinaryIO]:
    """Make a file for its owner alone; one that could not be finished is removed."""
    from gateway.store.file import DiskError

    try:
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise WordsError(f"--out: {out}: {error.strerror}; nothing is written over") from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(descriptor)
    except BaseException as error:
        out.unlink()
        if isinstance(error, OSError):
            raise DiskError(f"{out} can't be written: {error.strerror}. It was removed.") from error
        raise
