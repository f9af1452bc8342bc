"""What the hub's page reads: the state of the hub as values."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from cloud_bridge.contract.alert import Alert
from cloud_bridge.contract.plan import Plan
from devices.kinds import Kind
from devices.readings import Reading


@dataclass(frozen=True, slots=True)
class DeviceLine:
    """One device that the hub has met."""

    address: str
    driver: str
    title: str
    tier: str
    last_heard_at: datetime
    last_fault: str | None


@dataclass(frozen=True, slots=True)
class Connection:
    """How the road to the ward stands; `waiting_count` entries have no receipt yet."""

    is_connected: bool
    since: datetime | None
    last_receipt_at: datetime | None
    waiting_count: int
    problem: str | None


class HubView(Protocol):
    """Everything the page may ask of the hub."""

    def now(self) -> datetime:
        """The hub's time."""
        ...

    def plan(self) -> Plan:
        """The plan in force."""
        ...

    def connection(self) -> Connection:
        """How the road to the ward stands."""
        ...

    def devices(self) -> tuple[DeviceLine, ...]:
        """Devices met so far, the last heard first."""
        ...

    def readings(self, kind: Kind, *, count_max: int = 60) -> tuple[Reading, ...]:
        """The newest readings of one kind that were measured at home, by measured_at, newest last."""
        ...

    def open_alerts(self) -> tuple[Alert, ...]:
        """Alerts open now, red before yellow."""
        ...

    async def changed(self) -> None:
        """Return when something on the page has changed since the call."""
        ...
