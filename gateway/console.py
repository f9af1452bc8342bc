"""What every command shares: a line for a person, a log for whoever looks closer, an exit code."""

import logging
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from cloud_bridge.program import run_program
from gateway.trace import trace_of

Verbose = Annotated[
    int,
    typer.Option("--verbose", "-v", count=True, help="Say more of what happens inside; -vv says everything."),
]

_LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)

_console = Console(highlight=False, soft_wrap=True)


def say(line: str) -> None:
    """Print one line as it is: a path may hold what rich would take for markup."""
    _console.print(line, markup=False)


def show(picture: Table) -> None:
    """Print a table, as wide as the terminal."""
    Console().print(picture)


@contextmanager
def counted(what: str) -> Iterator[Callable[[int, int], object]]:
    """Show how far a long piece of work has come, on stderr and only to a person who looks on."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


class _WithoutWords(logging.Formatter):
    """Writes where an error came from, and not what it said."""

    def formatException(self, ei: Any) -> str:  # noqa: ANN401, N802 - the library's name and its type
        """Return the trace of this error."""
        return trace_of(ei[1])


def begin_logging(*, verbose: int) -> None:
    """Log to stderr; the libraries below say only what a person can act on.

    A program that ends with a bug of ours says where, in the same form: its stderr is a journal.
    """
    output = logging.StreamHandler()
    output.setFormatter(_WithoutWords("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=_LEVELS[min(verbose, 2)], handlers=[output])
    logging.raiseExceptions = False  # it would print the line that can't be written, with all its values
    sys.excepthook = lambda _kind, error, _trace: _write(error)
    threading.excepthook = lambda told: _write(told.exc_value)


def _write(error: BaseException | None) -> None:
    sys.stderr.write(f"{trace_of(error)}\n")


def finish(work: Coroutine[Any, Any, int]) -> None:
    """Run a program to its end and leave with its exit code, if that is not 0."""
    if code := run_program(work):
        raise typer.Exit(code)
