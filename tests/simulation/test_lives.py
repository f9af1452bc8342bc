"""Hard weeks of production code in a seeded world; a red seed goes into this list for ever, with a name."""

import os
import subprocess
import sys

import pytest

from simulators import laws
from simulators.hardship import KIND
from simulators.simulation import lived, lives, simulate

NAMED_SEEDS = {
    1: "a hub without power lived on as a ghost, since a TaskGroup forgot its cancellation",
    47: "a log put back, gone on and then salvaged told nobody what it had written under the ward's numbers",
}
LIVES = 40
DAYS = 4

SEEDS = sorted({*range(1, LIVES + 1), *NAMED_SEEDS})


@pytest.fixture(scope="module")
def all_lives():
    """Every life, lived beside others on all cores."""
    return {life.seed: life for life in lives(SEEDS, DAYS, jobs=os.cpu_count() or 1)}


@pytest.mark.parametrize("seed", SEEDS)
def test_hard_days_lose_nothing(all_lives, seed):
    """Bad air, roads, power, disks and clocks: every law holds after a quiet day (see simulators/laws.py)."""
    life = all_lives[seed]
    assert life.broken == ""
    assert life.figures["told"] > 50
    assert life.figures["cuts"] > 10


@pytest.mark.parametrize("seed", [2, 6])
def test_a_hard_week_with_the_night_of_summer_time_loses_nothing(seed):
    """A whole week meets the hour that does not exist, and alerts that open."""
    _, figures = simulate(seed, days=7)
    assert figures["told"] > 100
    assert figures["opened"] > 0


@pytest.mark.parametrize(
    ("seed", "found"),
    [
        (498, "a card put back whose contradiction was told in a receipt that was lost, and never again"),
        (1986, "a damaged page beside a million numbers that were left out: a start took an hour"),
        (
            678,
            "a hub made of a backup from before its card was put back was held against the wrong box's clock",
        ),
        (2028, "a log lost the entry that told its plan, and the ward never heard which was in force"),
        (2048, "what a disk had refused was kept behind the word that dates it, and never dated"),
        (510, "an answer to who had the log before was taken for an answer to what stands there now"),
    ],
)
def test_two_days_that_once_broke_a_law(seed, found):
    """Lives that broke a law when 2,000 were lived (up to 1986; the dice have moved since), and 200."""
    _, figures = simulate(seed, days=2)
    assert figures["told"] > 20, found


def test_a_broken_law_is_told_with_its_seed(monkeypatch):
    """A life that breaks a law ends the command with 1 and words to break it again; the others are lived."""
    monkeypatch.setattr(laws, "CONFIRM_WINDOW_S", -1.0)
    told = [lived(seed, 2) for seed in (1, 2, 3)]
    assert any("confirmed readings lost" in life.broken for life in told)


def test_a_kind_week_is_quick_and_whole():
    """Without any trouble each reading is told once and nothing is lost or garbled."""
    _, figures = simulate(1, days=7, hardship=KIND)
    assert (figures["lost_in_confirm_window"], figures["garbled_but_plausible"]) == (0, 0)
    assert figures["told"] == figures["kept"] > 100


def test_one_seed_is_one_life_in_any_process():
    """The same seed gives the same fingerprint in two processes with different hash seeds."""
    program = "import logging, simulators.simulation as s; logging.disable(); print(*s.simulate(9, 2))"
    told = [
        subprocess.run(
            (sys.executable, "-c", program),
            env={"PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("1", "2")
    ]
    assert told[0] == told[1] != ""


def test_another_seed_is_another_life():
    """The fingerprint tells lives apart: it is not a constant."""
    assert simulate(1, days=1)[0] != simulate(2, days=1)[0]
