"""The short form of `make powercut`, on a real file system: and that it would notice."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from threading import Event

import pytest

from tests.powercut.cuts import KINDS
from tests.powercut.disk import loops_of
from tests.powercut.scenarios import SCENARIOS
from tests.program import ROOT

pytestmark = pytest.mark.power

POINTS, PLANTED_POINTS = 80, 12
WAIT_S, LOOK_AGAIN_S = 300.0, 0.05


def started(folder: Path, *words: object) -> subprocess.Popen[str]:
    """Run the command, with this folder for all that it leaves on a disk."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.powercut", *map(str, words)],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def ran(folder: Path, *words: object) -> tuple[int, str, list[dict]]:
    """Return the exit code, what was said, and the outcome of each scenario."""
    file = folder / "outcome.json"
    with started(folder, *words, "--json", file) as process:
        said, _ = process.communicate(timeout=WAIT_S)
    assert file.exists(), said
    return process.returncode, said, json.loads(file.read_text())


def is_in_time(holds) -> bool:
    """Tell whether something comes true before long."""
    return any(holds() or Event().wait(LOOK_AGAIN_S) for _ in range(round(WAIT_S / LOOK_AGAIN_S / 10)))


def processes_of(folder: Path) -> list[str]:
    """Return the processes that were told of this folder."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found += [file.parent.name] if str(folder).encode() in file.read_bytes() else []
        except OSError:  # ended meanwhile
            continue
    return found


def is_recording(folder: Path) -> bool:
    """Tell whether the disk is mounted where only they see it, and somebody lives on it."""
    for process in processes_of(folder):
        try:
            if "/live ext4 " in Path(f"/proc/{process}/mounts").read_text():
                return True
        except OSError:  # ended meanwhile
            continue
    return False


def assert_nothing_left(folder: Path) -> None:
    """No loop device, no mount and no process stays; where there was no time to clean up, an empty folder."""
    left = [path for path in folder.iterdir() if path.is_dir()]
    for path in left:
        assert is_in_time(lambda name=path.name: not loops_of(name)), loops_of(path.name)
        assert list(path.iterdir()) == []
    assert str(folder) not in Path("/proc/self/mounts").read_text()
    assert is_in_time(lambda: not processes_of(folder)), processes_of(folder)


def test_no_power_cut_costs_what_was_acknowledged(tmp_path):
    """Cut anywhere, with any part of what was not flushed: the hub starts, and its log is what it said."""
    code, said, outcomes = ran(tmp_path, "--points", POINTS)
    assert code == 0, said
    assert [one["scenario"] for one in outcomes] == list(SCENARIOS)
    assert sum(one["points"] for one in outcomes) >= POINTS
    assert all(any(one["kinds"].get(kind) for one in outcomes) for kind in KINDS)
    assert [path.name for path in tmp_path.iterdir()] == ["outcome.json"]


@pytest.mark.parametrize("synchronous", ["off", "normal"])
def test_a_log_that_does_not_flush_is_found_out(tmp_path, synchronous):
    """With `synchronous` at less than FULL what was acknowledged is lost, and the replay says so."""
    words = ("--scenario", "commit", "--scenario", "cursor", "--points", PLANTED_POINTS)
    code, said, outcomes = ran(tmp_path, *words, "--plant", synchronous)
    assert code == 1, said
    assert all(one["broken"].get("lost") for one in outcomes), said
    assert sum(one["broken"]["lost"] for one in outcomes) > PLANTED_POINTS / 2, said


# Not SIGKILL: killed with a write on its way, the recorder can leave the kernel waiting for its disk, and
# with it every loop device of the machine. Whoever did that: echo 1 > /sys/fs/fuse/connections/N/abort.
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_who_stops_it_finds_nothing_left(tmp_path, number):
    """Stopped by a person or by a machine in the middle: mounts and loop devices go with it."""
    with started(tmp_path, "--scenario", "commit", "--scenario", "cursor", "--points", 100_000) as process:
        assert is_in_time(lambda: is_recording(tmp_path))
        os.killpg(process.pid, number)
        process.communicate(timeout=WAIT_S)
    assert process.returncode != 0
    assert_nothing_left(tmp_path)
