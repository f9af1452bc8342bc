"""Row 3: bytes that reach the device below the file system, for spot checks and for a night of oximetry."""

import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from random import Random

from tests.bench.given import Bare, Home, spot_entries, spot_frames, stream_frames
from tests.bench.row import Bench, Goal, NotHereError, Outcome, Row, figure, most, ratio
from tests.given import NOON

IMAGE_BYTES = 1 << 30
SECTOR_BYTES = 512
SECTORS_WRITTEN = 6
"""The place of the sectors written in a block device's stat file."""

GROUP = 10
TOLD = 3
"""A spot check says SpO2, pulse and perfusion index."""

_BARE = (("single", 1), ("visit group", TOLD), ("ten", GROUP))

WHY = (
    "each commit writes whole pages of 4 KB, first to the write-ahead file and later to the log. A visit "
    "changes about ten of them: its entries, an identity on a random page for each reading, a place in its "
    "series for each, the judge's memory, the device; and its receipt moves the cursor in a commit of its "
    "own. The bare insert changes one."
)


class Card:
    """An ext4 file system on a loop device of its own, whose writes are counted by the kernel."""

    def __init__(self, bench: Bench) -> None:
        lacking = [name for name in ("losetup", "mkfs.ext4", "mount", "umount") if not shutil.which(name)]
        if os.geteuid() != 0 or lacking:
            raise NotHereError(
                f"needs root and {', '.join(lacking) or 'a loop device'} to count what is written"
            )
        image, self.folder = bench.folder / "image", bench.place("card")
        with image.open("wb") as file:
            file.truncate(IMAGE_BYTES)
        self._device = _run("losetup", "--find", "--show", str(image))
        bench.stack.callback(_run, "losetup", "--detach", self._device)
        _run("mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", self._device)
        _run("mount", self._device, str(self.folder))
        bench.stack.callback(_run, "umount", str(self.folder))

    def written(self, work: Callable[[], object]) -> int:
        """Return how many bytes the device was told to write until all of this had reached it."""
        self._settle()
        before = self._sectors()
        work()
        self._settle()
        return (self._sectors() - before) * SECTOR_BYTES

    def _settle(self) -> None:
        _run("sync", "-f", str(self.folder))

    def _sectors(self) -> int:
        stat = Path(f"/sys/block/{Path(self._device).name}/stat").read_text()
        return int(stat.split()[SECTORS_WRITTEN])


def wear(bench: Bench) -> list[Outcome]:
    """Count what a visit, a night and three bare inserts tell the device to write."""
    card = Card(bench)
    rounds, visits, seconds = bench.many(3, 1), bench.many(200, 4), bench.many(3600, 120)
    home, night = (bench.closing(Home(card.folder / name)) for name in ("home", "night"))
    bare = [bench.closing(Bare(card.folder / f"bare{number}.db")) for number in range(3)]
    _wear_in(home, bare, bench.many(400, 2))
    spots = spot_frames(rounds * visits, Random(5), begins_at=NOON + timedelta(days=365))
    told: dict[str, list[float]] = {"visit": [], "second": [], "single": [], "visit group": [], "ten": []}
    for number in range(rounds):
        bench.say(f"round {number + 1} of {rounds}")
        part = spots[number * visits : (number + 1) * visits]
        count = visits * TOLD
        told["visit"].append(card.written(partial(_visits, home, part)) / count)
        entries = home.newest(count)
        frames = stream_frames(seconds, Random(number))
        begins_at = NOON + timedelta(days=number)
        told["second"].append(card.written(partial(night.stream, begins_at, frames)) / (2 * seconds))
        for (name, group), one in zip(_BARE, bare, strict=True):
            told[name].append(card.written(partial(one.insert, entries, group=group)) / count)
    return _outcomes(told)


def _outcomes(told: dict[str, list[float]]) -> list[Outcome]:
    kilo = {name: figure(values, "KB", times=1e-3) for name, values in told.items()}

    def held(what: str, ours: str, against: str, theirs: str, goal: Goal | None = None) -> Outcome:
        return Outcome(
            what=what, ours=kilo[ours], against=against, theirs=kilo[theirs],
            ratio=ratio(told[ours], told[theirs]), goal=goal, why=WHY,
        )  # fmt: skip

    visit = "device bytes per reading, spot-check visit and its receipt"
    sample = "device bytes per sample, 1 Hz night and its receipts"
    return [
        held(visit, "visit", "bare insert, a commit for each reading", "single", most(1.2)),
        held(visit, "visit", "bare insert, the visit's readings in one commit", "visit group"),
        held(visit, "visit", "bare insert, groups of ten", "ten"),
        held(sample, "second", "bare insert, a commit for each", "single", most(1.2)),
        held(sample, "second", "bare insert, groups of ten", "ten", most(1.2)),
    ]


def _wear_in(home: Home, bare: list[Bare], count: int) -> None:
    """Let every write-ahead file reach its size: a file that grows costs more than one that is used again."""
    _visits(home, spot_frames(count, Random(6)))
    for one in bare:
        one.insert(spot_entries(3 * count, Random(7)))


def _visits(home: Home, frames: list) -> None:
    for at, data in frames:
        home.visit(at, data)
        home.receipt()


def _run(*words: str) -> str:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotHereError(f"{words[0]}: {done.stderr.strip()}")
    return done.stdout.strip()


ROWS = (
    Row(
        "wear",
        "device bytes per reading in a spot-check visit, per sample in 1 Hz overnight oximetry",
        "Sectors that the kernel counted for a loop device under a fresh ext4, `sync` before and after, "
        "write-ahead files grown to their size before: visits of three readings, each followed by its "
        "receipt; an hour of SpO2 and pulse each second, a commit and a receipt a minute; the bodies of "
        "those visits by bare inserts. 3 rounds of 200 visits and an hour.",
        wear,
    ),
)
