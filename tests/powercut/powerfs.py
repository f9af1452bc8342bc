"""A disk that remembers in which order it was written and flushed: one block file below FUSE.

`python -m tests.powercut.powerfs MOUNTPOINT IMAGE TAPE` serves the image under its own name, and beside it
`marks`, into which the worker says what it does. Everything stands on the tape in the order in which it came.
"""

import errno
import os
import stat
import sys
from pathlib import Path

import mfusepy

from tests.powercut.tape import CHUNK_BYTES, FLUSH, MARK, MARKS, WRITE, Step, put

_TAPE_BUFFER_BYTES = 1 << 20


class PowerFs(mfusepy.Operations):
    """Two files; every call comes from the kernel, one after the other."""

    use_ns = True

    def __init__(self, image: Path, tape: Path) -> None:
        self._disk = image.open("r+b", buffering=0)
        self._size = image.stat().st_size
        self._name = f"/{image.name}"
        self._tape = tape.open("wb", buffering=_TAPE_BUFFER_BYTES)
        self._put_what_is_there()

    def _put_what_is_there(self) -> None:
        """Begin the tape with the disk as it is, so that the tape alone is enough to play it."""
        for offset in range(0, self._size, CHUNK_BYTES):
            if (data := os.pread(self._disk.fileno(), CHUNK_BYTES, offset)).strip(b"\0"):
                put(self._tape, Step(WRITE, offset, data))
        put(self._tape, Step(FLUSH))

    def init(self, path: str) -> None:  # noqa: ARG002 - the library's signature
        """Tell who waits for us that the files are there."""
        sys.stdout.write("served\n")
        sys.stdout.flush()

    def getattr(self, path: str, fh: int | None = None) -> dict[str, int]:  # noqa: ARG002 - as above
        """Return what stands under a name."""
        if path == "/":
            return {"st_mode": stat.S_IFDIR | 0o700, "st_nlink": 2}
        if path not in (self._name, f"/{MARKS}"):
            raise mfusepy.FuseOSError(errno.ENOENT)
        size = self._size if path == self._name else 0
        return {"st_mode": stat.S_IFREG | 0o600, "st_nlink": 1, "st_size": size}

    def open(self, path: str, flags: int) -> int:  # noqa: ARG002 - as above
        """Let anybody in; only root sees this mount."""
        return 0

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:  # noqa: ARG002 - as above
        """Return what the disk holds."""
        return os.pread(self._disk.fileno(), size, offset) if path == self._name else b""

    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:  # noqa: ARG002 - as above
        """Note what is written, and write it."""
        if path == self._name:
            os.pwrite(self._disk.fileno(), data, offset)
            put(self._tape, Step(WRITE, offset, data))
        else:
            put(self._tape, Step(MARK, 0, data))
        return len(data)

    def fsync(self, path: str, datasync: int, fh: int) -> int:  # noqa: ARG002 - as above
        """Note that what was written before must outlive a cut from now on."""
        if path == self._name:
            put(self._tape, Step(FLUSH))
        return 0

    def destroy(self, path: str) -> None:  # noqa: ARG002 - as above
        """Close the tape."""
        self._tape.close()


if __name__ == "__main__":
    place, image, tape = sys.argv[1:]
    mfusepy.FUSE(PowerFs(Path(image), Path(tape)), place, foreground=True, nothreads=True)
