"""Removes what the ward has and the plan no longer wants kept here, in small batches."""

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta

from cloud_bridge.contract.plan import Plan
from devices.readings import FIRST_CREDIBLE_YEAR
from gateway.ports import Now, Trusted, untold
from gateway.store.file import DiskError
from gateway.store.log import Store

LOOK_EVERY_S = 3600.0
PAUSE_S = 1.0
"""Between two batches, so that a device is never kept waiting for long."""

BATCH_COUNT = 500

log = logging.getLogger(__name__)


class Retention:
    """Keeps the log within what the plan says; a hub whose time nobody confirms removes nothing."""

    def __init__(self, store: Store, plan: Callable[[], Plan], *, now: Now, clock: Trusted = untold) -> None:
        self._store = store
        self._plan = plan
        self._now = now
        self._clock = clock

    async def run(self) -> None:
        """Clear up once an hour, until cancelled."""
        while True:
            pause_s = PAUSE_S if self.clear_up() else LOOK_EVERY_S
            await asyncio.sleep(pause_s)

    def clear_up(self) -> int:
        """Remove one batch; return how many entries went. What the disk refuses is tried again later."""
        now, clock = self._now(), self._clock()
        if now.year < FIRST_CREDIBLE_YEAR or (clock is not None and clock.trust != "synced"):
            return 0
        try:
            return self._store.remove_received(
                now - timedelta(days=self._plan().keep_days), count_max=BATCH_COUNT
            )
        except DiskError as error:
            log.warning("nothing was removed: %s", error)
            return 0
