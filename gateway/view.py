"""The hub as its page sees it."""

import asyncio
from datetime import datetime

from cloud_bridge.contract.alert import Alert
from cloud_bridge.contract.bodies import reading_from
from cloud_bridge.contract.plan import Plan
from devices.kinds import Kind
from devices.readings import Reading, series_name
from gateway.app import Hub
from gateway.web.views import Connection, DeviceLine


class View:
    """Answers the page's questions from the hub's own log and state."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self._next = asyncio.Event()
        hub.on_change = self._notify

    def _notify(self) -> None:
        changed, self._next = self._next, asyncio.Event()
        changed.set()

    async def changed(self) -> None:
        """Return when something on the page has changed since the call."""
        await self._next.wait()

    def now(self) -> datetime:
        """The hub's time."""
        return self.hub.now()

    def plan(self) -> Plan:
        """The plan in force."""
        return self.hub.pipeline.plan

    def connection(self) -> Connection:
        """How the road to the ward stands."""
        road, store = self.hub.carrier.road, self.hub.store
        waiting = store.waiting
        problem = " · ".join(filter(None, (road.problem, self.hub.radio_problem))) or None
        return Connection(road.is_connected, road.since, road.last_receipt_at, waiting, problem)

    def devices(self) -> tuple[DeviceLine, ...]:
        """Devices met so far, the last heard first."""
        lines = []
        for met in self.hub.store.devices():
            driver = self.hub.driver_by_id(met.driver)
            title, tier = (driver.title, driver.tier) if driver else (met.driver, "reported")
            lines.append(DeviceLine(met.address, met.driver, title, tier, met.heard_at, met.fault))
        return tuple(lines)

    def readings(self, kind: Kind, *, count_max: int = 60) -> tuple[Reading, ...]:
        """The newest readings of one kind that were measured at home, by measured_at, newest last."""
        kept = map(reading_from, self.hub.store.readings(series_name(kind), count_max=count_max))
        return tuple(sorted(kept, key=lambda reading: reading.measured_at))

    def open_alerts(self) -> tuple[Alert, ...]:
        """Alerts open now, red before yellow."""
        return self.hub.pipeline.state.open_alerts
