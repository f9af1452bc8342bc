"""A hub in memory: what the patient's page asks, as values that tests set."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from cloud_bridge.contract.accountable import Accountable
from cloud_bridge.contract.alert import Alert
from cloud_bridge.contract.answers import Answer
from cloud_bridge.contract.due import Progress
from cloud_bridge.contract.looked import Looked
from cloud_bridge.contract.plan import Plan
from cloud_bridge.contract.trouble import Trouble
from devices.kinds import Kind
from devices.readings import Reading, series_name
from gateway.web.views import Connection, DeviceLine, Journey
from tests.cloud_bridge.backend.some_ward import FALLING, NOW, PLAN, QUIET, alert, blows, fortnight

UP = Connection(True, NOW - timedelta(hours=20), NOW - timedelta(minutes=3), 0, None)
DOWN = Connection(False, NOW - timedelta(hours=2), NOW - timedelta(hours=2), 12, "connection refused")

DEVICES = (
    DeviceLine("00:1C:05:FF:00:01", "nonin_3230", "Nonin 3230", "specified", NOW - timedelta(hours=2), None),
    DeviceLine(
        "A4:C1:38:00:00:02", "xiaomi_scale", "Mi Scale 2", "reported", NOW - timedelta(days=3), "short frame"
    ),
)


@dataclass
class SomeHub:
    """HubView over plain values."""

    kept: list[Reading] = field(default_factory=list)
    alerts: tuple[Alert, ...] = ()
    road: Connection = UP
    met: tuple[DeviceLine, ...] = ()
    at: datetime = NOW
    wrong: tuple[Trouble, ...] = ()
    journeys: dict[str, Journey] = field(default_factory=dict)
    in_force: Plan = PLAN
    in_charge: Accountable | None = None
    looks: Looked | None = None
    unjudged: dict[str, tuple[str, ...]] = field(default_factory=dict)
    done: dict[str, Progress] = field(default_factory=dict)
    answered: list[Answer] = field(default_factory=list)
    takes: bool = True
    _waiting: list[asyncio.Future[None]] = field(default_factory=list)

    def now(self) -> datetime:
        """The hub's time."""
        return self.at

    def looked(self) -> Looked | None:
        """Who has looked."""
        return self.looks

    def accountable(self) -> Accountable | None:
        """Who is accountable."""
        return self.in_charge

    def plan(self) -> Plan:
        """The plan in force."""
        return self.in_force

    def connection(self) -> Connection:
        """How the road stands."""
        return self.road

    def devices(self) -> tuple[DeviceLine, ...]:
        """Devices met so far."""
        return self.met

    def readings(self, kind: Kind, *, count_max: int = 60) -> tuple[Reading, ...]:
        """The newest of one kind that were measured at home, newest last."""
        mine = (each for each in self.kept if each.series == series_name(kind))
        found = sorted(mine, key=lambda each: each.measured_at)
        return tuple(found[-count_max:])

    def open_alerts(self) -> tuple[Alert, ...]:
        """Alerts open now."""
        return self.alerts

    def troubles(self) -> tuple[Trouble, ...]:
        """What does not work now."""
        return self.wrong

    def journey(self, reading: Reading) -> Journey | None:
        """How far a reading has come."""
        return self.journeys.get(reading.id)

    def why_not_judged(self, reading: Reading) -> tuple[str, ...]:
        """Why a reading was not judged."""
        return self.unjudged.get(reading.id, ())

    def progress(self) -> Mapping[str, Progress]:
        """What has come of what is asked for."""
        return self.done

    def answered_on(self) -> date | None:
        """When questions were last answered."""
        days = [answer.answered_at.date() for answer in self.answered]
        return max(days, default=None)

    def answer(self, answers: list[Answer]) -> bool:
        """Take answers, or let them wait."""
        self.answered += answers
        return self.takes

    async def changed(self) -> None:
        """Return at the next change."""
        mine = asyncio.get_running_loop().create_future()
        self._waiting.append(mine)
        await mine

    def change(self) -> None:
        """Something has changed: wake all who wait."""
        woken, self._waiting = self._waiting, []
        for each in woken:
            if not each.done():
                each.set_result(None)


def green_hub() -> SomeHub:
    """All is well."""
    return SomeHub(fortnight(QUIET), met=DEVICES)


def blowing_hub() -> SomeHub:
    """All is well, and there is a spirometer."""
    return SomeHub([*fortnight(QUIET), *blows(3, 1.35), *blows(0, 1.30, 1.24, 1.18)], met=DEVICES)


def yellow_hub() -> SomeHub:
    """One yellow alert."""
    at = NOW - timedelta(hours=2)
    return SomeHub(fortnight((*QUIET[:-1], 87)), (alert("yellow", (87.0,), at, limit=88),), met=DEVICES)


def red_hub() -> SomeHub:
    """A red alert, and the road is down."""
    at = NOW - timedelta(hours=2)
    return SomeHub(fortnight(FALLING), (alert("red", (84.0, 83.0), at),), road=DOWN, met=DEVICES)
