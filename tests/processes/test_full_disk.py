"""A hub on a real disk that somebody else fills: it outlives it, says so, and keeps everything once."""

import subprocess
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from cloud_bridge.contract.bodies import reading_from
from cloud_bridge.contract.trouble import trouble_from
from tests.processes.house import House, last_round, measured, page, until

DISK_BYTES = 400_000_000
EVERY_S = 3.0


@contextmanager
def small_disk(folder: Path):
    """Mount a disk of its own on this folder."""
    folder.mkdir()
    subprocess.run(("mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "none", folder), check=True)
    try:
        yield
    finally:
        subprocess.run(("umount", "--lazy", folder), check=True)


def fill(folder: Path) -> None:
    """Write until there is no byte left, whatever the hub writes meanwhile."""
    with (folder / "somebody-elses").open("wb", buffering=0) as file:
        for size in (1_000_000, 4096, 1):
            with suppress(OSError):
                while file.write(bytes(size)) == size:
                    pass


@pytest.mark.power
def test_a_disk_that_is_full_to_the_last_byte_is_outlived():
    """The hub runs on, its page says why, and when there is room again each reading told is kept once."""
    with tempfile.TemporaryDirectory(prefix="pusterom-", dir="/tmp") as name:
        folder = Path(name)
        house = House(folder, f"sqlite:///{folder}/ward.db", 9)
        with small_disk(folder / "log"), house.room(EVERY_S) as room, house.hub() as hub:
            hub.wait_for("page on")
            room.wait_for("has measured", count=2)
            fill(folder / "log")
            hub.wait_for("the disk takes nothing")
            assert "written: database or disk is full" in page(hub)
            (folder / "log" / "somebody-elses").unlink()
            hub.wait_for("trouble over: disk_broken")
            last_round(room)
            until(lambda: house.kept() == measured(room), "what was measured meanwhile is told and kept")
            assert room.stop() == 0
            assert hub.stop() == 0
            assert "Traceback" not in hub.err
            entries = house.log()
        assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
        readings = [reading_from(entry.body) for entry in entries if entry.kind == "reading"]
        assert len({reading.id for reading in readings}) == len(readings)
        assert len(readings) == measured(room) > 0
        troubles = [trouble_from(entry.body) for entry in entries if entry.kind == "trouble"]
        assert {trouble.change for trouble in troubles} == {"opened", "closed"}
