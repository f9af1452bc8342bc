"""What the hub's page reads: the state of the hub as values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from cloud_bridge.contract.accountable import Accountable
from cloud_bridge.contract.alert import Alert
from cloud_bridge.contract.answers import Answer
from cloud_bridge.contract.due import Progress
from cloud_bridge.contract.looked import Looked
from cloud_bridge.contract.plan import Plan
from cloud_bridge.contract.trouble import Trouble
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
class Journey:
    """How far one reading has come: kept on the hub, sent, received by somebody."""

    kept_at: datetime
    is_sent: bool
    is_received: bool
    received_at: datetime | None = None
    by: str = ""

    @property
    def last(self) -> str:
        """The name of the last step that it has taken, as the words have it."""
        if not self.is_received:
            return "sent" if self.is_sent else "waits"
        return f"received_{'when' if self.received_at else 'once'}{'_by' if self.by else ''}"


@dataclass(frozen=True, slots=True)
class Connection:
    """How the road to the ward stands; `waiting_count` entries have no receipt yet.

    `is_alert_waiting` says whether an alert is among them: those go first.
    """

    is_connected: bool
    since: datetime | None
    last_receipt_at: datetime | None
    waiting_count: int
    problem: str | None
    is_alert_waiting: bool = False


class HubView(Protocol):
    """Everything the page may ask of the hub."""

    def now(self) -> datetime:
        """The hub's time."""
        ...

    def accountable(self) -> Accountable | None:
        """Who is accountable, and since when; None before the ward has said it."""
        ...

    def looked(self) -> Looked | None:
        """Who has looked at the measurements; None before the ward has said it."""
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

    def troubles(self) -> tuple[Trouble, ...]:
        """What does not work at this hub now, oldest first."""
        ...

    def journey(self, reading: Reading) -> Journey | None:
        """How far a reading has come, or None where the hub has not kept it."""
        ...

    def why_not_judged(self, reading: Reading) -> tuple[str, ...]:
        """Why some rules did not judge a reading, each reason once; none where all did."""
        ...

    def progress(self) -> Mapping[str, Progress]:
        """What has come of each thing that the plan's schedule asks for."""
        ...

    def answered_on(self) -> date | None:
        """On which date of the home questions were last answered; None where nobody has."""
        ...

    def answer(self, answers: list[Answer]) -> bool:
        """Take answers; False where they wait until the disk takes them."""
        ...

    async def changed(self) -> None:
        """Return when something on the page has changed since the call."""
        ...
