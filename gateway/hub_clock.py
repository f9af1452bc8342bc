"""The clock of a running hub: asks the box now and then, and keeps in the log what becomes known."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

from cloud_bridge.contract.dating import found_body
from cloud_bridge.contract.entries import Clock, EntryKind
from gateway.clock import ClockState, Tick, look, restored
from gateway.ports import Now
from gateway.store.file import DiskError
from gateway.store.log import Fact, Store

LOOK_EVERY_S = 10.0
STEADY_LOOK_EVERY_S = 60.0
"""While a time service answers there is little to find; a hub at rest should rest."""

PATIENCE_S = 600.0
"""A box without time is given so long after its start before somebody is told."""

Box = Callable[[], Tick]
"""What the box shows now."""

OnFound = Callable[[datetime, Clock], None]
"""Told once the time has become known and stands in the log: which it is, and how far it is believed."""

log = logging.getLogger(__name__)


class TrustedClock:
    """The clock of a hub whose box says nothing of itself: what it shows is believed, and nothing is told."""

    def __init__(self, now: Now) -> None:
        self.now = now

    def clock(self) -> Clock | None:
        """Say nothing."""
        return None

    async def run(self, _tell: Callable[[str | None], None]) -> None:
        """Look at nothing."""


class HubClock:
    """The hub's time. Between two looks it runs as the box runs, so that no jump reaches an entry."""

    def __init__(self, store: Store, box: Box, *, on_found: OnFound = lambda _at, _clock: None) -> None:
        tick = box()
        boot = store.begin_boot(tick.boot_id)
        self._store = store
        self._box = box
        self._on_found = on_found
        self._state = ClockState(boot.number, boot.first, boot.newest)
        if boot.last is not None:
            self._state = restored(self._state, *boot.last)
        else:
            self._state, _ = look(self._state, tick)

    def now(self) -> datetime:
        """Return the hub's time; one of long ago while it knows none."""
        return self._state.now(self._box().uptime_s)

    def clock(self) -> Clock:
        """Return how far that time is to be believed."""
        return self._state.clock(self._box().uptime_s)

    def look(self) -> None:
        """Look at the box's clock; what becomes known is believed once it is in the log."""
        tick = self._box()
        then, found = look(self._state, tick)
        if found is not None:
            log.warning("the time is %s, the hub's clock was off by %.0f s", found.at, -found.offset_s)
            fact, clock = Fact(EntryKind.CLOCK_FOUND, found_body(found)), then.clock(tick.uptime_s)
            self._store.commit([fact], at=found.at, clock=clock)
        self._state = then
        if found is not None:  # only now: whoever hears of it keeps what has waited, by the time now known
            self._on_found(found.at, then.clock(tick.uptime_s))

    @property
    def doubt(self) -> str | None:
        """Why the time is not to be relied on, in words for a technician; None where it is."""
        clock, refused = self.clock(), self._state.refused
        if clock.trust == "unknown":
            return (
                "no time service has answered since the box started" if clock.uptime_s > PATIENCE_S else None
            )
        if refused is not None:
            said = refused.isoformat(sep=" ", timespec="minutes")
            return f"the box's clock jumped to {said} and nobody confirms it; the hub counts on by itself"
        return None

    @property
    def _rest_s(self) -> float:
        is_steady = self.clock().trust == "synced" and self._state.refused is None
        return STEADY_LOOK_EVERY_S if is_steady else LOOK_EVERY_S

    async def run(self, tell: Callable[[str | None], None]) -> None:
        """Look, and tell the doubt or that there is none, until cancelled."""
        while True:
            try:
                self.look()
                tell(self.doubt)
            except DiskError as error:
                log.warning("what became known of the time can't be kept now: %s", error)
            await asyncio.sleep(self._rest_s)
