"""What the ward's pages read: rows as values, whatever database they came from."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from cloud_bridge.backend.access import Admission, Need
from cloud_bridge.backend.heard import Told
from cloud_bridge.backend.listed import Listing
from cloud_bridge.backend.looks import Look
from cloud_bridge.backend.sharing import Organisation
from cloud_bridge.backend.who import Who
from cloud_bridge.contract.alert import Alert
from cloud_bridge.contract.handover import Stepped, Wanted
from cloud_bridge.contract.handover_record import HandoverState
from cloud_bridge.contract.plan import Plan
from devices.kinds import Kind
from devices.readings import HOME, Reading, Setting, dated


@dataclass(frozen=True, slots=True)
class Person:
    """Who lives in a home, as the ward knows it; never on the wire."""

    home: str
    name: str
    birth_year: int


@dataclass(frozen=True, slots=True)
class HomeState:
    """How a home's line stands: `is_online` by birth and last will, the rest by what was committed."""

    home: str
    is_online: bool
    state_at: datetime | None
    last_entry_at: datetime | None
    up_to: int
    missing_count: int


@dataclass(frozen=True, slots=True)
class KeptReading:
    """A reading and its way: measured and received by the hub (in it), kept there, committed here."""

    reading: Reading
    seq: int
    committed_at: datetime
    kept_at: datetime | None = None
    """When the hub had committed it, by the hub's clock."""
    dated_at: datetime | None = None
    """When it was measured, by what the hub said later; None where that is what the reading says."""

    @property
    def shown(self) -> Reading:
        """The reading at the time that we now know, marked as uncertain where it was dated afterwards."""
        return dated(self.reading, self.dated_at or self.reading.measured_at)

    @property
    def age_s(self) -> float:
        """Seconds between the measurement and its commit here: an outage of the line counts."""
        return (self.committed_at - self.shown.measured_at).total_seconds()


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """An alert that is open now, as it was opened."""

    home: str
    seq: int
    alert: Alert
    dated_at: datetime | None = None
    """When it was opened, by what the hub said later; None where that is what the alert says."""

    @property
    def at(self) -> datetime:
        """When it was opened, as we now know."""
        return self.dated_at or self.alert.at


@dataclass(frozen=True, slots=True)
class Quarantined:
    """Bytes that could not be read: what, why, when; `seq` where one entry of a good batch was bad."""

    id: int
    home: str
    seq: int | None
    reason: str
    data: bytes
    at: datetime


@dataclass(frozen=True, slots=True)
class OpenTrouble:
    """A technical alert that is open now: told by the hub, or found by the ward (`source`)."""

    home: str
    id: str
    source: str
    what: str
    about: str
    detail: str
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class Figures:
    """What the database holds of one home, counted by SQL."""

    entries: int
    readings: int
    alerts_opened: int
    alerts_closed: int
    gaps: int
    duplicates: int
    quarantined: int


@dataclass(frozen=True, slots=True)
class WrittenPlan:
    """A plan as it was written here: by whom (a role), and when."""

    plan: Plan
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Plans:
    """The plan in force on a home's hub by its own word, since when, and the newest written here."""

    in_force: Plan | None = None
    since: datetime | None = None
    written: WrittenPlan | None = None

    @property
    def waiting(self) -> WrittenPlan | None:
        """What was written and is not in force yet."""
        if self.written is None or self.in_force is None:
            return self.written
        return self.written if self.written.plan.version > self.in_force.version else None


@dataclass(frozen=True, slots=True)
class OpenOffer:
    """A home that one organisation has offered to another, which has until then to answer."""

    home: str
    giver: str
    receiver: str
    until: datetime


Act = Literal["seen", "taken", "put_off", "done", "escalated"]
SAW: frozenset[Act] = frozenset({"seen", "taken", "done"})
"""Acts of somebody who has seen it; who puts it off has not, and what nobody has seen is escalated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handled:
    """One act about one matter, the open alerts of an episode: of a person, or of the ward where none came.

    `upto` is when the newest alert that stood there had opened: what opened later nobody has seen.
    """

    home: str
    matter: str
    act: Act
    by: Who
    at: datetime
    upto: datetime
    note: str = ""
    until: datetime | None = None
    """Until when it is put off."""
    is_of_no_use: bool = False
    """Whoever was done with it says that nobody needed to be told."""


class Views(Listing, Protocol):
    """Everything the pages may ask of the tables, and do."""

    async def admit(self, need: Need, who: Who | None, home: str, now: datetime) -> Admission:
        """Decide upon a request; what is admitted is noted with it, or neither happens."""
        ...

    async def let_in(self, need: Need, who: Who, home: str, now: datetime) -> Admission:
        """Let whoever sits at the ward's own machine do everything, and note whom they see."""
        ...

    async def looks(self, home: str, *, count_max: int = 200) -> tuple[Look, ...]:
        """Who looked at a home, the newest first."""
        ...

    async def people(self) -> tuple[Person, ...]:
        """Everyone the ward follows, by name."""
        ...

    async def home_state(self, home: str) -> HomeState | None:
        """How one home stands, or None for a home never heard of."""
        ...

    async def readings(
        self,
        home: str,
        *,
        kind: Kind | None = None,
        setting: Setting = HOME,
        since: datetime | None = None,
        count_max: int = 500,
    ) -> tuple[KeptReading, ...]:
        """The newest `count_max` readings by measured_at, newest last: of one kind and setting, or all."""
        ...

    async def open_alerts(self, home: str | None = None) -> tuple[OpenAlert, ...]:
        """Alerts open now, red before yellow, oldest first."""
        ...

    async def handled(self) -> tuple[Handled, ...]:
        """What was done about the homes with open alerts, oldest first."""
        ...

    async def keep_handled(self, each: Handled) -> None:
        """Keep one act of one person."""
        ...

    async def organisations(self) -> tuple[Organisation, ...]:
        """Who takes part, by name."""
        ...

    async def handovers(self, home: str) -> HandoverState | None:
        """Where a home stands: who is accountable, and the record; None before anybody follows."""
        ...

    async def offers(self) -> tuple[OpenOffer, ...]:
        """The hand-overs that wait for an answer, the first to end first."""
        ...

    async def hand_over(self, command: Wanted, now: datetime) -> Stepped | None:
        """Step by one command; None where nobody follows this home yet."""
        ...

    async def alerts(self, home: str, *, count_max: int = 100) -> tuple[OpenAlert, ...]:
        """Every opening and closing of a home's alerts, newest first."""
        ...

    async def plan(self, home: str) -> Plan | None:
        """The plan in force on a home's hub, by the hub's own word; None before it has said one."""
        ...

    async def plans(self, home: str) -> Plans:
        """The plan in force and since when, and the newest that was written here."""
        ...

    async def told(self, home: str) -> Told:
        """What a home told besides readings and alerts: answers, nights, and what was not judged."""
        ...

    async def quarantined(self, *, count_max: int = 100) -> tuple[Quarantined, ...]:
        """What could not be read, newest first."""
        ...

    async def troubles(self) -> tuple[OpenTrouble, ...]:
        """Technical alerts open now, oldest first."""
        ...

    async def figures(self, home: str) -> Figures:
        """Counts for one home."""
        ...
