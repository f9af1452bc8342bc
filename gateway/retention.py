"""Removes what the ward has and the plan no longer wants kept here, in small batches."""

import asyncio
import logging
from datetime import timedelta

from cloud_bridge.contract.plan import Plan
from devices.readings import FIRST_CREDIBLE_YEAR
from gateway.ports import Now
from gateway.store.file import DiskError
from gateway.store.log import Store

LOOK_EVERY_S = 3600.0
PAUSE_S = 1.0
"""Between two batches, so that a device is never kept waiting for long."""

BATCH_COUNT = 500

log = logging.getLogger(__name__)


class Retention:
    """Keeps the log within what the plan says; a hub that does not know the time removes nothing."""

    def __init__(self, store: Store, plan: Plan, *, now: Now) -> None:
        self._store = store
        self._plan = plan
        self._now = now

    async def run(self) -> None:
        """Clear up once an hour, until cancelled."""
        while True:
            pause_s = PAUSE_S if self.clear_up() else LOOK_EVERY_S
            await asyncio.sleep(pause_s)

    def clear_up(self) -> int:
        """Remove one batch; return how many entries went. What the disk refuses is tried again later."""
        now = self._now()
        if now.year < FIRST_CREDIBLE_YEAR:
            return 0
        try:
            return self._store.remove_received(
                now - timedelta(days=self._plan.keep_days), count_max=BATCH_COUNT
            )
        except DiskError as error:
            log.warning("nothing was removed: %s", error)
            return 0
