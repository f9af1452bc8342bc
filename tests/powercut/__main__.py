"""`make powercut`: records each scenario on a real disk, cuts it at many points, and says what that cost."""

import argparse
import ctypes.util
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import NoReturn

from tests.powercut.disk import loops_of, mounted, new_disk, recorded
from tests.powercut.life import lived
from tests.powercut.replay import Outcome, Replay
from tests.powercut.scenarios import SCENARIOS
from tests.powercut.tape import Tape
from tests.program import ROOT

KEPT = ROOT / "var/powercut"
SAY_EVERY_S = 10.0
UNAVAILABLE = 69
RED_SHOWN = 5
APART = ("unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private")
"""Mounts in a namespace of our own: they go with the last process in it, however that ends."""


def main() -> int:
    """Return the exit code: 0 only if every cut cost no more than it may."""
    words = _words()
    if words.inside is None:
        _apart()
    logging.disable(logging.WARNING)  # what a hub says of itself is not what is looked for here
    with _workshop(words.inside):
        outcomes = [_outcome(words, scenario) for scenario in words.scenarios]
    left = loops_of(words.inside.name)
    if words.json is not None:
        words.json.write_text(json.dumps([_told(outcome) for outcome in outcomes]))
    points, ok = sum(one.points for one in outcomes), sum(one.ok for one in outcomes)
    _say(f"{points} power cuts, {ok} of them cost nothing that was acknowledged")
    if left:
        _say(f"left behind: {', '.join(left)}. Give them back with losetup --detach.")
    return int(ok != points or bool(left))


def _words() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make powercut", description=__doc__)
    parser.add_argument("--points", type=int, default=1200, help="cuts, shared out among the scenarios")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scenario", action="append", choices=SCENARIOS, dest="scenarios")
    parser.add_argument("--plant", choices=("off", "normal"), help="break `synchronous`: this must turn red")
    parser.add_argument("--again", type=Path, help="the folder of a tape that was kept")
    parser.add_argument("--point", type=int, help="with --again: this cut alone")
    parser.add_argument("--json", type=Path, help="write the outcome here, too")
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    words = parser.parse_args()
    if words.again is not None:
        scenario, _, seed = words.again.name.rpartition("-")
        words.scenarios, words.seed = [scenario], int(seed)
    words.scenarios = words.scenarios or list(SCENARIOS)
    words.each = -(-words.points // len(words.scenarios))
    return words


def _apart() -> NoReturn:
    """Go on in a process that nobody shares mounts with; what it mounts can't outlive it."""
    if os.geteuid() or not Path("/dev/fuse").exists() or ctypes.util.find_library("fuse3") is None:
        _say("This mounts disks: it needs root, /dev/fuse and Debian's fuse3. Run it where they are.")
        sys.exit(UNAVAILABLE)
    folder = tempfile.mkdtemp(prefix="pusterom-powercut-")
    again = (sys.executable, "-m", "tests.powercut", *sys.argv[1:], "--inside", folder)
    os.execvp(APART[0], (*APART, *again))


@contextmanager
def _workshop(folder: Path) -> Iterator[None]:
    """Work in memory, in a folder that nobody else sees; leave nothing."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    subprocess.run(("mount", "-t", "tmpfs", "-o", "mode=0700", "pusterom-powercut", str(folder)), check=True)
    try:
        yield
    finally:
        subprocess.run(("umount", "--lazy", str(folder)), check=True)
        folder.rmdir()


def _outcome(words: argparse.Namespace, scenario: str) -> Outcome:
    kept = words.again or KEPT / f"{scenario}-{words.seed}"
    folder = words.inside / scenario
    folder.mkdir()
    begun = monotonic()
    file = kept / "tape" if words.again else _recorded(folder, words, scenario)
    replay = Replay(scenario, Tape.load(file), folder / f"{words.inside.name}.img")
    numbers = range(words.each) if words.point is None else [words.point]
    outcome = replay.run(numbers, words.seed, _progress(scenario, len(numbers)))
    outcome.seconds = monotonic() - begun
    _say(str(outcome))
    if outcome.red and not words.plant and not words.again:
        kept.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, kept / "tape")
    for cut, what in outcome.red[:RED_SHOWN]:
        _say(f"  point {cut.number}, before step {cut.position}, {cut.kind}: {what}")
        if not words.plant:
            _say(f"    again: make powercut AGAIN={os.path.relpath(kept, ROOT)} POINT={cut.number}")
    shutil.rmtree(folder)
    return outcome


def _recorded(folder: Path, words: argparse.Namespace, scenario: str) -> Path:
    """Live the scenario on a disk that remembers; return the tape."""
    image, tape = folder / f"{words.inside.name}.img", folder / "tape"
    new_disk(image)
    with recorded(image, tape, folder / "fs") as (disk, marks), mounted(disk, folder / "live") as place:
        lived(SCENARIOS[scenario], place, marks, f"{words.seed}/{scenario}", words.plant)
    return tape


def _progress(scenario: str, count: int) -> Callable[[int], None]:
    said_at = monotonic()

    def say(done: int) -> None:
        nonlocal said_at
        if monotonic() - said_at > SAY_EVERY_S:
            said_at = monotonic()
            sys.stderr.write(f"{scenario}: {done} of {count}\n")

    return say


def _told(outcome: Outcome) -> dict[str, object]:
    return {"scenario": outcome.scenario, "points": outcome.points, "ok": outcome.ok,
            "kinds": dict(outcome.kinds), "broken": dict(outcome.broken)}  # fmt: skip


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
