"""A small ext4 on a loop device: mounted, recorded, let go. Only inside a mount namespace of our own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

from tests.powercut.tape import MARKS

DISK_BYTES = 192 << 20
"""Enough for what a hub wants to find free; next to nothing of it is ever written."""

BLOCK_BYTES, JOURNAL_MB, INODE_COUNT = 4096, 4, 1024
"""A block as on a card; the smallest journal, so that it wraps around while we look."""

END_S, LOOK_AGAIN_S = 20.0, 0.02


def new_disk(image: Path) -> None:
    """Make an empty file system."""
    with image.open("wb") as file:
        file.truncate(DISK_BYTES)
    options = ("-b", str(BLOCK_BYTES), "-J", f"size={JOURNAL_MB}", "-m", "0", "-N", str(INODE_COUNT))
    lazy = ("-E", "lazy_itable_init=0,lazy_journal_init=0")
    _do("mkfs.ext4", "-q", "-F", *options, *lazy, str(image))


@contextmanager
def mounted(image: Path, place: Path) -> Iterator[Path]:
    """Mount it; the loop device goes by itself with the mount.

    Without `auto_da_alloc`: ext4 then does not guess where a program should have synced, as other
    file systems don't.
    """
    place.mkdir(exist_ok=True)
    _do("mount", "-t", "ext4", "-o", "loop,noatime,noauto_da_alloc", str(image), str(place))
    try:
        yield place
    finally:
        _do("umount", str(place))
        _await_gone(image.name)


@contextmanager
def recorded(image: Path, tape: Path, place: Path) -> Iterator[tuple[Path, Path]]:
    """Serve an image whose writes are recorded; yield its file and the one that takes marks."""
    place.mkdir(exist_ok=True)
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.powercut.powerfs", str(place), str(image), str(tape)],
        stdout=subprocess.PIPE,
        env={**os.environ, "FUSE_LIBRARY_NAME": "fuse3"},
    )
    try:
        assert server.stdout is not None
        if server.stdout.readline() != b"served\n":
            raise OSError("the recording disk did not come up")
        try:
            yield place / image.name, place / MARKS
        finally:
            _do("umount", str(place))
            server.wait(END_S)  # its tape is whole only now
    finally:
        server.kill()
        server.communicate()


def _await_gone(name: str) -> None:
    """Wait until the kernel has let the loop device go, which it may do after the mount."""
    tries = range(round(END_S / LOOK_AGAIN_S))
    if loops_of(name) and all(not Event().wait(LOOK_AGAIN_S) and loops_of(name) for _ in tries):
        raise OSError(f"{loops_of(name)} still hold {name}")


def loops_of(name: str) -> list[str]:
    """Return the loop devices whose file has this in its name."""
    files = Path("/sys/block").glob("loop*/loop/backing_file")
    return [str(file.parent.parent.name) for file in files if name in _read(file)]


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:  # let go meanwhile
        return ""


def _do(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"{' '.join(words)}: {done.stderr.strip() or done.returncode}")
