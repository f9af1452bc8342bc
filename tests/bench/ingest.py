"""Row 9: ingest with one and two workers into PostgreSQL, against one jsonb statement for 200 readings."""

import subprocess
import sys
from pathlib import Path
from random import Random

from cloud_bridge.backend.tables import open_tables
from cloud_bridge.contract.entries import BATCH_COUNT_MAX, Batch, Entry
from tests.bench.given import spot_entries
from tests.bench.line import needed
from tests.bench.row import Bench, Outcome, Row, figure, least, ratio
from tests.contracts.tables.server import private_server
from tests.program import ROOT

LOG = "5d41402abc4b2a76"
SIDES = ("ours", "theirs")

WHY = (
    "the one statement keeps a row and an index and looks at nothing. Ours keeps each body as it came, an "
    "index of readings with three ways into it, checks each reading against the contract, and works out "
    "the receipt from what is committed. Of 55 µs a reading PostgreSQL has 27 for the two inserts and 7 "
    "for the receipt, and Python 21."
)


class Worker:
    """One process of one side, that begins when it is told and says how long it took."""

    def __init__(self, side: str, url: str, file: Path) -> None:
        words = [sys.executable, "-m", "tests.bench.intake", side, url, str(file)]
        self._process = subprocess.Popen(
            words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout.readline() == "ready\n"

    def begin(self) -> None:
        """Let it begin."""
        self._process.stdin.write("go\n")
        self._process.stdin.flush()

    def took_s(self) -> float:
        """Return its seconds, once it has ended."""
        said, _ = self._process.communicate()
        assert self._process.returncode == 0
        return float(said)


def ingest(bench: Bench) -> list[Outcome]:
    """Measure both sides with one worker and with two, in turns."""
    needed("postgres")
    rounds, batches = bench.many(5, 1), bench.many(50, 2)
    url = bench.stack.enter_context(private_server(is_durable=True, place=str(bench.folder.parent))).url(
        "public"
    )
    open_tables(url).close()
    entries, outcomes = spot_entries(batches * BATCH_COUNT_MAX, Random(20)), []
    for count in (1, 2):
        speeds: dict[str, list[float]] = {"ours": [], "theirs": []}
        for number in range(rounds):
            bench.say(f"{count} at work, round {number + 1} of {rounds}")
            for side in SIDES:
                homes = [f"{count:04x}{number:04x}{worker:08x}" for worker in range(count)]
                files = [_written(bench, side, home, entries) for home in homes]
                speeds[side].append(_speed(side, url, files, len(entries) * count))
        outcomes.append(
            Outcome(
                what=f"readings taken in, {count} worker{'s' * (count > 1)}",
                ours=figure(speeds["ours"], "/s"),
                against=f"`jsonb_array_elements … on conflict do nothing`, 200 a commit, {count} at work",
                theirs=figure(speeds["theirs"], "/s"),
                ratio=ratio(speeds["ours"], speeds["theirs"]),
                goal=least(0.7),
                why=WHY,
            )
        )
    return outcomes


def _speed(side: str, url: str, files: list[Path], readings: int) -> float:
    workers = [Worker(side, url, file) for file in files]
    for worker in workers:
        worker.begin()
    return readings / max([worker.took_s() for worker in workers])


def _written(bench: Bench, side: str, home: str, entries: tuple[Entry, ...]) -> Path:
    """Write a home's batches into a file, a line each."""
    file = bench.folder / f"{side}-{home}"
    parts = [entries[at : at + BATCH_COUNT_MAX] for at in range(0, len(entries), BATCH_COUNT_MAX)]
    file.write_text("\n".join(bytes(Batch(home, LOG, part)).hex() for part in parts))
    return file


ROWS = (
    Row(
        "ingest",
        "ingest with one and two workers into PostgreSQL",
        "The ward's own intake, a process a worker, with 50 batches of 200 readings of a home that wait "
        "already, until the last receipt; against processes that unpack the same bytes and give each batch "
        "to one statement. Same server, which flushes; 5 rounds in turns.",
        ingest,
    ),
)
