"""Lives through hard weeks of production code in virtual time: make sim SEED=7 LIVES=20."""

import asyncio
import logging
import os
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer
from rich.console import Console

from simulators.handed_on import STORY, HandedOn
from simulators.hardship import HARD, Hardship
from simulators.laws import check
from simulators.life import Life
from simulators.loop import SimLoop
from simulators.world import World

MEMORY_FOLDER = Path("/dev/shm")  # noqa: S108 - a life's disk; flushing it costs nothing there


@dataclass(frozen=True, slots=True)
class Lived:
    """How one life went: its fingerprint and figures, or in words which law was broken."""

    seed: int
    fingerprint: str
    figures: dict[str, int]
    broken: str
    took_s: float


def simulate(
    seed: int, days: float = 7, hardship: Hardship = HARD, kind: type[Life] = Life
) -> tuple[str, dict[str, int]]:
    """Live one life; return its fingerprint and its figures, or raise where a law is broken."""
    place = MEMORY_FOLDER if MEMORY_FOLDER.is_dir() else None
    with tempfile.TemporaryDirectory(dir=place) as folder, asyncio.Runner(loop_factory=SimLoop) as runner:
        return runner.run(_life(seed, days, hardship, Path(folder), kind))


async def _life(
    seed: int, days: float, hardship: Hardship, folder: Path, kind: type[Life]
) -> tuple[str, dict[str, int]]:
    async with asyncio.TaskGroup() as tasks:
        world = World(seed, folder, tasks, hardship)
        life = kind(world)
        await life.live(days)
        figures = await check(world) | await life.check()
        for home in world.homes:
            await home.unplug()
        await world.ward.unplug()
    return world.fingerprint, figures


def lived(seed: int, days: float, hardship: Hardship = HARD, kind: type[Life] = Life) -> Lived:
    """Live one life and say how it went; a broken law is a value here, so that the others are lived too."""
    begun = perf_counter()
    fingerprint, figures, broken = "", dict[str, int](), ""
    try:
        fingerprint, figures = simulate(seed, days, hardship, kind)
    except Exception as error:  # noqa: BLE001 - whatever it is, this life broke a law
        broken = _said(error)
    return Lived(seed, fingerprint, figures, broken, perf_counter() - begun)


def _said(error: BaseException) -> str:
    """Return the innermost cause: a life dies inside several task groups."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"


def lives(
    seeds: Iterable[int], days: float, *, jobs: int, hardship: Hardship = HARD, kind: type[Life] = Life
) -> Iterator[Lived]:
    """Live through these seeds, so many at a time, and tell of each in their order."""
    with ProcessPoolExecutor(jobs, initializer=logging.disable) as pool:
        yield from pool.map(partial(lived, days=days, hardship=hardship, kind=kind), seeds)


def main(
    seed: Annotated[int, typer.Option(help="The first seed.")] = 1,
    count: Annotated[int, typer.Option("--lives", help="How many seeds from there.")] = 20,
    days: Annotated[float, typer.Option(help="Hard days in each life; a quiet one follows.")] = 7,
    *,
    jobs: Annotated[int, typer.Option(help="How many at a time; 0 is one for each core.")] = 0,
    story: Annotated[
        bool, typer.Option(help="In each life a patient is handed over in an exacerbation and an outage.")
    ] = False,
    quiet: Annotated[bool, typer.Option(help="Only totals and broken laws.")] = False,
) -> None:
    """Live through hard weeks; a broken law names its seed, and the same seed breaks it again."""
    console, begun = Console(highlight=False, soft_wrap=True), perf_counter()
    totals, broken, done = dict[str, int](), 0, 0
    kind, hardship = (HandedOn, STORY) if story else (Life, HARD)
    seeds = range(seed, seed + count)
    for life in lives(seeds, days, jobs=jobs or os.cpu_count() or 1, hardship=hardship, kind=kind):
        done += 1
        broken += bool(life.broken)
        for name, figure in life.figures.items():
            worst = max(totals.get(name, 0), figure)
            totals[name] = worst if name.endswith("_s") else totals.get(name, 0) + figure
        if life.broken:
            console.print(f"seed {life.seed} BROKE A LAW: {life.broken}")
            again = " ARGS=--story" if story else ""
            console.print(f"  again with: make sim SEED={life.seed} LIVES=1{again}")
        elif not quiet or done % 50 == 0:
            console.print(f"seed {life.seed} {life.fingerprint} {_words(life.figures)} {life.took_s:.1f} s")
    console.print(f"{done} lives, {broken} broken, {perf_counter() - begun:.0f} s: {_words(totals)}")
    if broken:
        raise typer.Exit(1)


def _words(figures: dict[str, int]) -> str:
    return " ".join(f"{name}={count}" for name, count in figures.items())


if __name__ == "__main__":
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(main)
    app()
