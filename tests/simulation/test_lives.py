"""Hard weeks of production code in a seeded world; a red seed goes into this list for ever, with a name."""

import subprocess
import sys

import pytest

from simulators.hardship import KIND
from simulators.simulation import simulate

NAMED_SEEDS = {
    1: "a hub without power lived on as a ghost, since a TaskGroup forgot its cancellation",
}
LIVES = 20


@pytest.mark.parametrize("seed", sorted({*range(1, LIVES + 1), *NAMED_SEEDS}))
def test_a_hard_week_loses_nothing(seed):
    """Bad air, bad roads, bad power, no clock: every law holds after a quiet day (see simulators/laws.py)."""
    _, figures = simulate(seed, days=7)
    assert figures["told"] > 100
    assert figures["opened"] > 0
    assert figures["cuts"] > 10


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
