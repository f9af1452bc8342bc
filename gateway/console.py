"""What every command shares: a line for a person, a log for whoever looks closer, an exit code."""

import logging
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from cloud_bridge.program import run_program

Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Say more of what happens inside.")]

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


def begin_logging(*, verbose: bool) -> None:
    """Log to stderr; the libraries below say only what a person can act on."""
    form = "%(asctime)s %(levelname)s %(name)s: %(message)s"
    logging.basicConfig(level=logging.INFO if verbose else logging.WARNING, format=form)


def finish(work: Coroutine[Any, Any, int]) -> None:
    """Run a program to its end and leave with its exit code, if that is not 0."""
    if code := run_program(work):
        raise typer.Exit(code)
