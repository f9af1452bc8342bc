"""The commands that look into a log: is it sound, and what stands there. Neither changes a byte."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from cloud_bridge.program import say_error
from gateway.console import counted, say
from gateway.errors import EXIT_DISK
from gateway.hung_in import OpenGroup
from gateway.words import WordsError

if TYPE_CHECKING:
    from cloud_bridge.contract.entries import LogSpan
    from gateway.settings import Settings
    from gateway.store.kept import Kept, Lost
    from gateway.store.look import Look

store = typer.Typer(
    cls=OpenGroup,
    help="The hub's encrypted log, looked at without changing it, also while a hub writes it.",
    no_args_is_help=True,
)

PROGRESS_EVERY = 1000

HubFile = Annotated[Path, typer.Option("--config", help="The hub's settings file.")]


@store.command()
def verify(config: HubFile = Path("config/hub.toml")) -> None:
    """Say whether the log is sound: one line a question, `ok` or `FAIL` with what to do.

    Reads everything once and changes nothing. A running hub goes on; stop it first if pages that it
    has not merged yet are to be checked as well.

    Exit code 0: sound. 74: damaged. 78: wrong settings, wrong key, or not this home's log.

    Next, if it is damaged: copy the folder away, then `pusterom store export --out FILE`.
    """
    from gateway.soundness import findings

    settings, is_sound = _settings(config), True
    with closing(open_look(settings)) as look, counted("entries") as progress:
        for finding in findings(look, settings.home, progress):
            say(finding.line)
            is_sound = is_sound and not finding.problem
    if not is_sound:
        raise typer.Exit(EXIT_DISK)


@store.command()
def export(
    config: HubFile = Path("config/hub.toml"),
    first: Annotated[int, typer.Option("--from", min=1, metavar="SEQ", help="Begin at this number.")] = 1,
    out: Annotated[
        Path | None, typer.Option(help="The file to make; one that is there is never written over.")
    ] = None,
) -> None:
    """Write the log's entries as JSON lines: a header, then `seq`, `at`, `kind`, `clock` and `body` of each.

    This is personal health data, and no longer encrypted: the file is its owner's alone (mode 0600).
    Without --out it goes to the terminal, or into a pipe.

        pusterom store export --out log.jsonl

    From a damaged log comes everything that can be read, before and behind the damage; which numbers
    are missing is said at the end. Exit code 74: some are missing. 78: wrong settings or wrong key.

    Next: `pusterom store verify` says what is damaged.
    """
    settings = _settings(config)
    if out is not None and (out.exists() or not out.absolute().parent.is_dir()):
        raise WordsError(f"--out: {out} is there already, or its folder is not; nothing is written over")
    with closing(open_look(settings)) as look:
        header = _header(look, settings.home, first)
        say_error("this is personal health data, and no longer encrypted: keep it where nobody else reads it")
        with _file(out) as file, counted("entries") as progress:
            missing = _write(file, header, look, progress)
        look.assert_unmoved()
    if missing:
        said = f"damaged: missing are the numbers {', '.join(missing)}; all others up to"
        say_error(f"{said} {header['last']} were written")
        raise typer.Exit(EXIT_DISK)


def _header(look: "Look", home: str, first: int) -> "dict[str, Any]":
    from gateway.store.kept import Lost

    log, span = _log(look, home), look.span()
    last = 0 if span is None else span.last
    first, spans = max(first, 1 if span is None else span.first), _spans(look, log)
    count = sum(part.last - part.first + 1 for part in _of_a_name(Lost(first, last), spans))
    return {"home": home, "log": log, "first": first, "last": last, "count": count, "spans": spans}


def _write(
    file: BinaryIO, header: "dict[str, Any]", look: "Look", progress: Callable[[int, int], object]
) -> list[str]:
    """Write header and entries; return the numbers that could not be read."""
    import orjson

    from gateway.store.kept import Lost, joined

    file.write(orjson.dumps(header) + b"\n")
    lost: list[Lost] = []
    for one in look.entries(header["first"], header["last"]):
        if isinstance(one, Lost):
            lost += _of_a_name(one, header["spans"])
            continue
        file.write(_line(one))
        if one.seq % PROGRESS_EVERY == 0:
            progress(one.seq, header["last"])
    return [str(span) for span in joined(lost)]


def _of_a_name(lost: "Lost", spans: "list[LogSpan]") -> "list[Lost]":
    """Return what of these numbers is anybody's: between two names numbers may be left out."""
    from gateway.store.kept import Lost as Part

    if not spans:
        return [lost] if lost.first <= lost.last else []
    parts = ((max(lost.first, span.first), min(lost.last, span.last)) for span in spans)
    return [Part(first, last, lost.is_damaged) for first, last in parts if first <= last]


def _line(kept: "Kept") -> bytes:
    import orjson

    told = {"seq": kept.seq, "at": kept.at, "kind": kept.kind}
    if kept.clock is not None:
        told["clock"] = kept.clock
    try:
        return orjson.dumps({**told, "body": orjson.loads(kept.body)}) + b"\n"
    except orjson.JSONDecodeError:
        return orjson.dumps({**told, "body": None, "body_text": kept.body}) + b"\n"


@contextmanager
def _file(out: Path | None) -> Iterator[BinaryIO]:
    from gateway.store.file import DiskError

    if out is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            yield file
    except OSError as error:
        raise DiskError(
            f"{out} can't be written: {error.strerror}. What stands there is not whole."
        ) from error


def _log(look: "Look", home: str) -> str:
    """Return the log's id; where the page is damaged that says it, the witness's word for it."""
    from gateway.store.file import StaleError, witnessed
    from gateway.store.look import DamageError

    try:
        log = look.log(home)
        look.assert_witnessed(log)
    except DamageError:
        word = witnessed(look.witness)
        return "unknown" if word is None else word.log
    except StaleError as stale:
        say_error(str(stale))
    return log


def _spans(look: "Look", log: str) -> "list[LogSpan]":
    """Return which numbers went under which name, as far as that can be read."""
    from gateway.store.look import DamageError

    try:
        return list(look.spans(log))
    except DamageError:
        return []


def _settings(config: Path) -> "Settings":
    from gateway.settings import Settings

    return Settings.load(config)


def open_look(settings: "Settings") -> "Look":
    """Open the log with the hub's key, found as the hub finds it; a key is never made here."""
    from gateway.store.episodes import look_key
    from gateway.store.file import StoreError, is_first_start
    from gateway.store.key_place import KeyPlace
    from gateway.store.look import Look

    if is_first_start(settings.folder):
        raise StoreError(f"there is no log in {settings.folder}: no hub has run there. Check `folder`.")
    return Look(settings.folder, look_key(KeyPlace.of(settings), settings.home))
