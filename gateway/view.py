"""The hub as its page sees it."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime

from cloud_bridge.contract.accountable import Accountable
from cloud_bridge.contract.alert import Alert
from cloud_bridge.contract.answers import Answer
from cloud_bridge.contract.bodies import reading_from
from cloud_bridge.contract.dating import moved
from cloud_bridge.contract.due import Progress
from cloud_bridge.contract.looked import Looked
from cloud_bridge.contract.plan import Plan
from cloud_bridge.contract.trouble import Trouble
from cloud_bridge.contract.unjudged import TOLD_BEFORE, unjudged_from
from devices.kinds import Kind
from devices.readings import Reading, dated, series_name
from gateway.app import Hub
from gateway.pipeline import UnkeptError
from gateway.web.views import Connection, DeviceLine, Journey


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

    def accountable(self) -> Accountable | None:
        """Who is accountable, and since when; None before the ward has said it."""
        return self.hub.responsible.known

    def looked(self) -> Looked | None:
        """Who has looked at the measurements; None before the ward has said it."""
        return self.hub.responsible.looked

    def connection(self) -> Connection:
        """How the road to the ward stands."""
        road, store = self.hub.carrier.road, self.hub.store
        problems = (self.hub.disk.problem, road.problem, self.hub.radio_problem)
        problem = " · ".join(filter(None, problems)) or None
        is_alert_waiting = self.hub.carrier.has_hurry
        return Connection(
            road.is_connected, road.since, road.last_receipt_at, store.waiting, problem, is_alert_waiting
        )

    def troubles(self) -> tuple[Trouble, ...]:
        """What does not work at this hub now, oldest first."""
        return self.hub.troubles.open

    def journey(self, reading: Reading) -> Journey | None:
        """How far a reading has come, or None where the hub has not kept it."""
        way, carrier = self.hub.store.way(reading.id), self.hub.carrier
        if way is None:
            return None
        is_received = way.is_received or carrier.has_arrived(way.seq)
        is_sent = is_received or carrier.is_on_its_way(way.seq)
        return Journey(way.kept_at, is_sent, is_received, way.received_at, way.by)

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
        kept = self.hub.store.dated_readings(series_name(kind), count_max=count_max)
        return tuple(dated(reading_from(body), at) for body, at in kept)

    def why_not_judged(self, reading: Reading) -> tuple[str, ...]:
        """Why some rules did not judge a reading, each reason once; none where all did."""
        body = self.hub.store.body_of(f"unjudged:{reading.id}")
        why = () if body is None else unjudged_from(body).why.values()
        return tuple(reason for reason in dict.fromkeys(why) if reason != TOLD_BEFORE)

    def progress(self) -> Mapping[str, Progress]:
        """What has come of each thing that the plan's schedule asks for."""
        silence = self.hub.pipeline.state.memory_of("silence")
        return {ask: known.progress for ask, known in silence.asks.items()}

    def answered_on(self) -> date | None:
        """On which date of the home questions were last answered; None where nobody has."""
        days = self.hub.pipeline.state.memory_of("symptoms").days
        return max((day.on for day in days), default=None)

    def answer(self, answers: list[Answer]) -> bool:
        """Take answers; False where they wait until the disk takes them."""
        try:
            self.hub.pipeline.answer(answers)
        except UnkeptError:
            return False
        return True

    def open_alerts(self) -> tuple[Alert, ...]:
        """Alerts open now, red before yellow, at the time that we now know they were opened."""
        return tuple(map(self._dated, self.hub.pipeline.state.open_alerts))

    def _dated(self, alert: Alert) -> Alert:
        shift = self.hub.store.shift(f"{alert.id}:{alert.change}")
        return alert if shift is None else replace(alert, at=moved(alert.at, shift))
