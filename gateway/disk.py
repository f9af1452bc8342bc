"""Whether the hub may take more: it stops taking before it would lose, says so, and goes on by itself."""

import asyncio
import logging
from collections.abc import Callable

from cloud_bridge.contract.trouble import TroubleKind
from gateway.ports import Disk
from gateway.store.file import DiskError
from gateway.troubles import Troubles

MEGABYTE = 1_000_000

SAY_BYTES = 256 * MEGABYTE
"""Less room than this is a trouble that is told."""

STOP_BYTES = 64 * MEGABYTE
"""With less than this nothing more is taken: what is left is for alerts, receipts and clearing up."""

HYSTERESIS = 1.25
"""So much more room must be there before it is enough again, or a hub at the edge would flicker."""

LOOK_EVERY_S = 15.0

log = logging.getLogger(__name__)


class DiskWatch:
    """Looks at the disk's room, and hears of each commit that failed.

    `is_taking` says whether devices may be visited now; `problem` why not, in words for the page.
    """

    def __init__(self, disk: Disk, troubles: Troubles, *, retry: Callable[[], None]) -> None:
        self.problem: str | None = None
        self._disk = disk
        self._troubles = troubles
        self._retry = retry
        self._is_broken = False
        self._is_full = False

    @property
    def is_taking(self) -> bool:
        """Whether what devices say can be kept."""
        return not (self._is_broken or self._is_full)

    def failed(self, error: DiskError) -> None:
        """Take note that the disk did not take something: nothing more is asked of devices meanwhile."""
        if not self._is_broken:
            log.warning("the disk takes nothing: %s", error)
        self._is_broken = True
        self.problem = str(error)
        self._disk.free_ballast()

    async def run(self) -> None:
        """Look, and try again what was not taken, until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(LOOK_EVERY_S)

    def look(self) -> None:
        """Look once: first whether the disk takes again, then how much room there is."""
        try:
            if self._is_broken:
                self._retry()
                self._mended()
            self._look_at_room()
        except DiskError as error:
            self.failed(error)

    def _mended(self) -> None:
        """Tell, now that it can be kept, that the disk did not take for a while."""
        self._troubles.begin(TroubleKind.DISK_BROKEN, self.problem or "")
        self._is_broken, self.problem = False, None
        self._troubles.end(TroubleKind.DISK_BROKEN)

    def _look_at_room(self) -> None:
        free = self._disk.free_bytes()
        slack = HYSTERESIS if self._is_full else 1.0
        self._is_full = free < STOP_BYTES * slack
        if free < SAY_BYTES:
            self.problem = f"{free // MEGABYTE} MB are left on the disk"
            self._troubles.begin(TroubleKind.DISK_FULL, self.problem)
        elif free >= SAY_BYTES * HYSTERESIS:
            self.problem = None
            self._troubles.end(TroubleKind.DISK_FULL)
            self._disk.lay_ballast()
