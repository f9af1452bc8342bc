"""What grows with the homes of one ward: `python -m tests.bench.scale [--postgres] [--homes 10 --homes 100]`.

Each home has thirty days of one row of values a day, a plan of its own, and every fifth an open alert.
Figures are medians of rounds; what is measured stands on a real disk, and every commit waits for it.
"""

import argparse
import asyncio
import resource
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter
from zoneinfo import ZoneInfo

import httpx
import psycopg

from cloud_bridge.backend.access import Admission, Verdict
from cloud_bridge.backend.app import ward_app
from cloud_bridge.backend.handling import NO_EPISODE
from cloud_bridge.backend.live import Changes
from cloud_bridge.backend.standing import Birth
from cloud_bridge.backend.tables import Tables, open_tables
from cloud_bridge.backend.views import Handled, Person
from cloud_bridge.backend.who import Role, Who
from cloud_bridge.backend.worklist import work_list
from cloud_bridge.contract.alert import Alert, Because
from cloud_bridge.contract.bodies import alert_body, plan_body, reading_body
from cloud_bridge.contract.entries import Batch, Entry, EntryKind
from cloud_bridge.settings import load_plan
from devices.kinds import Kind
from devices.readings import Reading
from tests.bench.machine import disk_folder, load
from tests.contracts.tables.server import private_server
from tests.program import ROOT

HOMES = (10, 100, 500, 1000, 2000)
DAYS = 30
ROUNDS = 3
BATCHES_MIN = 300
SAID = (
    "homes",
    "batches/s",
    "page, ms",
    "of it list",
    "its MB",
    "all still, ms",
    "watch, ms",
    "batch then, ms",
    "commits, ms",
    "MB",
    "MB in RAM",
    "load",
)
OSLO = ZoneInfo("Europe/Oslo")
NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
VALUES = {Kind.SPO2: 91.0, Kind.PULSE_RATE: 78.0, Kind.BODY_WEIGHT: 71.5}
ALERT_EVERY = 5
PLAN = load_plan(ROOT / "config/plans/copd.toml")
BY = Who("p1", "sykehuset", Role.NURSE)


def name_of(number: int) -> str:
    """Return the id of a home."""
    return f"{number:016x}"


def day_of(day: int, first: int) -> list[Entry]:
    """Return one day's row of values, as entries from this number on."""
    at = NOON - timedelta(days=DAYS - day)
    readings = (
        Reading(
            id=f"{kind}-{day}",
            kind=kind,
            value=value,
            device="AA",
            driver="oximeter",
            measured_at=at,
            received_at=at,
        )
        for kind, value in VALUES.items()
    )
    return [Entry(first + n, at, EntryKind.READING, reading_body(each)) for n, each in enumerate(readings)]


def first_batch(home: str, number: int) -> Batch:
    """Return what a home has told in thirty days: its plan, its rows, and perhaps an alert."""
    plan = PLAN.model_copy(update={"version": number})  # every patient has one of their own
    entries = [Entry(1, NOON - timedelta(days=DAYS), EntryKind.PLAN_APPLIED, plan_body(plan))]
    for day in range(DAYS):
        entries += day_of(day, len(entries) + 1)
    if number % ALERT_EVERY == 0:
        because = Because(Kind.SPO2, (84.0,), "below", 85.0, 88.0, None)
        said = Alert("a1", "low", "red", "opened", "too low", because, 1, (f"spo2-{DAYS - 1}",), NOON)
        entries.append(Entry(len(entries) + 1, NOON, EntryKind.ALERT, alert_body(said)))
    else:
        entries.append(Entry(len(entries) + 1, NOON, EntryKind.HUB_STARTED, b"{}"))
    return Batch(home, "log1", tuple(entries))


async def fill(tables: Tables, first: int, last: int) -> None:
    """Bring homes of these numbers into the ward."""
    for number in range(first, last + 1):
        home = name_of(number)
        await tables.enrol(Person(home, f"Nr. {number}", 1950))
        await tables.set_home_state(home, True, NOON - timedelta(days=1), Birth("log1", "i", 1, None))
        await tables.commit(first_batch(home, number), at=NOON)
        if number % ALERT_EVERY == 0:
            act = Handled(home=home, matter=NO_EPISODE, act="seen", by=BY, at=NOON, upto=NOON)
            await tables.keep_handled(act)


async def timed(work: Callable[[], Awaitable[object]]) -> float:
    """Return the median of some rounds, in seconds."""
    took = []
    for _ in range(ROUNDS):
        began = perf_counter()
        await work()
        took.append(perf_counter() - began)
    return median(took)


def in_ms(took_s: float) -> str:
    """Return seconds as the table says them."""
    return f"{1000 * took_s:,.1f}"


@dataclass
class Longest:
    """How long the slowest of many turns took."""

    longest_s: float = 0.0


@asynccontextmanager
async def beside(work: Callable[[], Awaitable[object]]) -> AsyncIterator[Longest]:
    """Do something again and again beside what is measured, and keep how long it took at most."""
    seen = Longest()

    async def again() -> None:
        while True:
            began = perf_counter()
            await work()
            seen.longest_s = max(seen.longest_s, perf_counter() - began)

    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(again())
        yield seen
        task.cancel()


async def take_in(tables: Tables, ends: dict[str, int]) -> None:
    """Take in the row of values of another day of one home."""
    home, end = next(iter(ends.items()))
    entries = day_of(end // len(VALUES), end + 1)
    ends[home] = entries[-1].seq
    await tables.commit(Batch(home, "log1", tuple(entries)), at=NOON)


async def intake_per_s(tables: Tables, ends: dict[str, int]) -> float:
    """Return how many batches a second are taken in: the row of values of another day, from each home."""
    batches = []
    for _ in range(max(1, BATCHES_MIN // len(ends))):
        for home, end in ends.items():
            entries = day_of(end // len(VALUES), end + 1)
            ends[home] = entries[-1].seq
            batches.append(Batch(home, "log1", tuple(entries)))
    began = perf_counter()
    for each in batches:
        await tables.commit(each, at=NOON)
    return len(batches) / (perf_counter() - began)


async def measure(tables: Tables, counts: tuple[int, ...], bytes_now: Callable[[], int]) -> None:
    """Grow the ward, and print a line of the table at each size."""
    sys.stdout.write(f"| {' | '.join(SAID)} |\n|{'---:|' * len(SAID)}\n")
    ends: dict[str, int] = {}
    for count in counts:
        await fill(tables, len(ends) + 1, count)
        for number in range(len(ends) + 1, count + 1):
            ends[name_of(number)] = DAYS * len(VALUES) + 2
        rate = await intake_per_s(tables, ends)
        app = ward_app(tables, Changes(), lambda: NOON, OSLO)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://ward") as browser:
            async with beside(lambda: asyncio.sleep(0.001)) as still:
                shown = await timed(lambda: browser.get("/"))
            page_mb = len((await browser.get("/")).content) / 1e6
        listed = await timed(lambda: work_list(tables, NOON, Admission(Verdict.ADMITTED)))
        async with beside(lambda: take_in(tables, ends)) as taking:
            watched = await timed(lambda: tables.watch(NOON))
        counted = await timed(tables.commits)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        page = in_ms(shown), in_ms(listed), f"{page_mb:,.1f}", in_ms(still.longest_s)
        watch = in_ms(watched), in_ms(taking.longest_s), in_ms(counted)
        sizes = f"{bytes_now() / 1e6:,.0f}", f"{memory:,.0f}", f"{load():.1f}"
        line = f"{count:,}", f"{rate:,.0f}", *page, *watch, *sizes
        sys.stdout.write(f"| {' | '.join(line)} |\n")
        sys.stdout.flush()


def main() -> None:
    """Measure one database at each size."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.scale", description=__doc__)
    parser.add_argument("--homes", action="append", type=int, help="only these sizes, the smallest first")
    parser.add_argument("--postgres", action="store_true", help="a private server, instead of a file")
    asked = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=disk_folder())))
        url = f"sqlite:///{folder / 'ward.db'}"
        if asked.postgres:
            server = stack.enter_context(private_server(is_durable=True, place=str(disk_folder())))
            url = server.url("public")
        tables = stack.enter_context(closing(open_tables(url)))

        def bytes_now() -> int:
            if not asked.postgres:
                return sum(each.stat().st_size for each in folder.iterdir())
            with psycopg.connect(url) as connection:
                row = connection.execute("select pg_database_size(current_database())").fetchone()
            return int(row[0]) if row else 0

        asyncio.run(measure(tables, tuple(asked.homes or HOMES), bytes_now))


if __name__ == "__main__":
    main()
