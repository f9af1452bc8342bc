"""Runs the bench: `make bench`, or `python -m tests.bench --row NAME` for one row, which writes no paper."""

import argparse
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from tests.bench import commits, drain, ingest, judged, latency, memory, start, wear, wire
from tests.bench.machine import disk_folder, facts, load
from tests.bench.paper import Done, paper, table
from tests.bench.row import Bench, NotHereError, Row
from tests.program import ROOT

PAPER = ROOT / "docs/bench.md"
COMMAND = "make bench"
ROWS: tuple[Row, ...] = (
    *commits.ROWS, *wear.ROWS, *drain.ROWS, *wire.ROWS,
    *memory.ROWS, *latency.ROWS, *start.ROWS, *ingest.ROWS, *judged.ROWS,
)  # fmt: skip


def measure(row: Row, place: Path, *, is_small: bool = False) -> Done:
    """Run one row in a folder of its own."""
    began = perf_counter()

    def say(what: str) -> None:
        sys.stderr.write(f"{perf_counter() - began:6.1f} s  {row.name}: {what}\n")

    say(row.title)
    with tempfile.TemporaryDirectory(prefix="pusterom-bench-", dir=place) as folder:
        bench = Bench(Path(folder), is_small, say)
        try:
            with bench.stack:
                outcomes, lacking = row.run(bench), ""
        except NotHereError as error:
            outcomes, lacking = [], str(error)
    return Done(row, outcomes, perf_counter() - began, lacking)


def main() -> int:
    """Measure all rows and write the paper, or one row and print it."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--row", action="append", choices=[row.name for row in ROWS], help="only this one")
    parser.add_argument("--small", action="store_true", help="just so that each has run; writes nothing")
    asked = parser.parse_args()
    began, load_before, place = perf_counter(), load(), disk_folder()
    about = facts(place)
    rows = [row for row in ROWS if not asked.row or row.name in asked.row]
    done = [measure(row, place, is_small=asked.small) for row in rows]
    about += [
        ("load", f"{load_before:.1f} before, {load():.1f} after (processes that want one of the cores)"),
        ("took", f"{(perf_counter() - began) / 60:.1f} minutes"),
    ]
    is_whole = not asked.row and not asked.small
    if is_whole:
        PAPER.write_text(paper(done, about, COMMAND), encoding="utf-8")
    sys.stdout.write("\n".join(table(done)) + "\n")
    sys.stdout.write(f"written to {PAPER.relative_to(ROOT)}\n" if is_whole else "no paper was written\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
