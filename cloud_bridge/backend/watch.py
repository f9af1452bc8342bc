"""Looks at every home by itself, told or not: a hub that is silent can't say so."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

from cloud_bridge.backend.database import TablesError
from cloud_bridge.backend.tables import Tables

LOOK_EVERY_S = 60.0

logger = logging.getLogger(__name__)


class Watch:
    """Opens a trouble for what is wrong with a home, and closes it when that is over."""

    def __init__(
        self,
        tables: Tables,
        now: Callable[[], datetime],
        on_change: Callable[[str], None],
        *,
        every_s: float = LOOK_EVERY_S,
    ) -> None:
        self._tables = tables
        self._now = now
        self._on_change = on_change
        self._every_s = every_s

    async def run(self) -> None:
        """Look, until cancelled; a database that is away is looked at again next time."""
        while True:
            await self.look()
            await asyncio.sleep(self._every_s)

    async def look(self) -> None:
        """Look once."""
        try:
            await self._tables.watch(self._now(), self._on_change)
        except TablesError as error:
            logger.warning("the watch can't see: %s", error)
