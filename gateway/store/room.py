"""The room on the log's disk, and a ballast that can be thrown off when there is none."""

import contextlib
import os
from pathlib import Path

BALLAST_FILE = "ballast"
BALLAST_BYTES = 4_000_000
"""Room for what must still be said on a disk that somebody else has filled."""


class LogDisk:
    """The disk under the hub's folder; whatever it refuses is no error here, for the next look tells."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ballast = folder / BALLAST_FILE

    def free_bytes(self) -> int:
        """Return how many bytes this user may still write; 0 where the disk does not say."""
        try:
            status = os.statvfs(self._folder)
        except OSError:
            return 0
        return status.f_bavail * status.f_frsize

    def lay_ballast(self) -> None:
        """Fill the ballast, if there is none."""
        if self._ballast.exists():
            return
        with contextlib.suppress(OSError), self._ballast.open("xb") as file:
            self._ballast.chmod(0o600)
            os.posix_fallocate(file.fileno(), 0, BALLAST_BYTES)

    def free_ballast(self) -> None:
        """Throw it off."""
        with contextlib.suppress(OSError):
            self._ballast.unlink()
