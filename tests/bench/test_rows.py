"""The bench can be run: each row at a tiny size, and the paper that it writes. Time is not judged here."""

import pytest

from tests.bench.__main__ import ROWS, measure
from tests.bench.machine import disk_folder, filesystem
from tests.bench.paper import Done, paper
from tests.bench.row import Figure, Outcome, Row, least, most

NAMES = ["commit", "history", "wear", "drain", "wire", "memory", "latency", "start", "ingest", "judge"]
PROCESSES = {"drain", "memory", "latency", "start", "ingest"}
ROW = Row("speed", "how fast", "Something was measured.", lambda _bench: [])


def marked(name):
    """Return a row as a parameter, with the programs from outside that it needs."""
    marks = [pytest.mark.mosquitto, pytest.mark.postgres] if name in PROCESSES else []
    return pytest.param(name, marks=marks)


def outcome(ratio, goal):
    """Return an outcome with this ratio."""
    figure = Figure((ratio,))
    return Outcome(
        what="steps", ours=figure, against="strides", theirs=figure, ratio=figure, goal=goal, why="short legs"
    )


def test_every_row_of_the_issue_is_there():
    """Ten rows, each once, under the names that --row takes."""
    assert [row.name for row in ROWS] == NAMES


@pytest.mark.parametrize("name", [marked(name) for name in NAMES])
def test_a_row_runs(name):
    """Each row still runs, with a figure for ours in every line, or says what this machine lacks."""
    row = next(row for row in ROWS if row.name == name)
    done = measure(row, disk_folder(), is_small=True)
    assert bool(done.outcomes) != bool(done.lacking), done.lacking
    assert all(each.ours.median >= 0 for each in done.outcomes)
    assert all(each.why for each in done.outcomes if each.goal)


def test_the_bench_measures_on_a_disk():
    """A flush to memory would prove nothing."""
    assert filesystem(disk_folder()) not in {"tmpfs", "ramfs"}


def test_the_paper_says_what_is_missed_and_why():
    """A goal that is missed is marked in the table and explained below it; one that is reached is not."""
    done = [Done(ROW, [outcome(2.0, least(3)), outcome(2.0, most(3))], 1.0)]
    said = paper(done, [("disk", "a real one")], "make bench")
    assert said.count("| **missed** |") == said.count("| reached |") == 1
    assert "1 of 2 goals are reached" in said
    assert said.count("short legs") == 1
    assert "| disk | a real one |" in said


def test_the_paper_says_what_could_not_be_measured():
    """A row that this machine can't measure stands in the table with the reason."""
    said = paper([Done(ROW, [], 0.0, "needs root")], [], "make bench")
    assert "| speed | how fast | not measured | | | | | needs root |" in said
