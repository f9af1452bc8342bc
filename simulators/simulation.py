"""Lives through hard weeks of production code in virtual time: make sim SEED=7 LIVES=20."""

import asyncio
import logging
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer
from rich.console import Console

from simulators.hardship import HARD, Hardship
from simulators.laws import check
from simulators.loop import SimLoop
from simulators.world import World

MEMORY_FOLDER = Path("/dev/shm")  # noqa: S108 - a life's disk; flushing it costs nothing there


def simulate(seed: int, days: float = 7, hardship: Hardship = HARD) -> tuple[str, dict[str, int]]:
    """Live one life; return its fingerprint and its figures, or raise where a law is broken."""
    place = MEMORY_FOLDER if MEMORY_FOLDER.is_dir() else None
    with tempfile.TemporaryDirectory(dir=place) as folder, asyncio.Runner(loop_factory=SimLoop) as runner:
        return runner.run(_life(seed, days, hardship, Path(folder)))


async def _life(seed: int, days: float, hardship: Hardship, folder: Path) -> tuple[str, dict[str, int]]:
    async with asyncio.TaskGroup() as tasks:
        world = World(seed, folder, tasks, hardship)
        await world.live(days)
        figures = await check(world)
        for home in world.homes:
            await home.unplug()
        await world.ward.unplug()
    return world.fingerprint, figures


def main(
    seed: Annotated[int, typer.Option(help="The first seed.")] = 1,
    lives: Annotated[int, typer.Option(help="How many seeds from there.")] = 20,
    days: Annotated[float, typer.Option(help="Hard days in each life; a quiet one follows.")] = 7,
) -> None:
    """Live through hard weeks; a broken law names its seed, and the same seed breaks it again."""
    logging.disable()
    console = Console(highlight=False)
    for number in range(seed, seed + lives):
        begun = perf_counter()
        try:
            fingerprint, figures = simulate(number, days)
        except BaseException:
            console.print(f"seed {number} BROKE A LAW; again with: make sim SEED={number} LIVES=1")
            raise
        words = " ".join(f"{name}={count}" for name, count in figures.items())
        console.print(f"seed {number} {fingerprint} {words} {perf_counter() - begun:.1f} s")


if __name__ == "__main__":
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(main)
    app()
