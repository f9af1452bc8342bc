"""Homes, entries and batches for the tests of the tables."""

from datetime import UTC, datetime, timedelta

from cloud_bridge.contract.alert import Alert, Because, Change
from cloud_bridge.contract.bodies import alert_body, plan_body, reading_body
from cloud_bridge.contract.care import Escalation
from cloud_bridge.contract.entries import Batch, Entry, EntryKind
from cloud_bridge.contract.plan import Level, Limit, Plan
from devices.kinds import Kind
from devices.readings import Reading

HOME, OTHER = "00c0ffee00c0ffee", "0badcafe0badcafe"
NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)


def at(minutes: float) -> datetime:
    """So many minutes after noon."""
    return NOON + timedelta(minutes=minutes)


def reading(number: int, *, kind: Kind = Kind.SPO2, value: float = 91.0, minutes: float = 0) -> Reading:
    """A reading whose identity is this number."""
    return Reading(
        id=f"r{number}",
        kind=kind,
        value=value,
        device="AA",
        driver="oximeter",
        measured_at=at(minutes),
        received_at=at(minutes + 1),
    )


def alert(number: int, change: Change, *, level: Level = "red", minutes: float = 0) -> Alert:
    """One change of the alert with this number."""
    because = Because(Kind.SPO2, (84.0,), "below", 85.0, 88.0, None)
    return Alert(f"a{number}", "low", level, change, "too low", because, 1, ("r1",), at(minutes))


def told(seq: int, fact: Reading | Alert | None = None, *, body: bytes | None = None) -> Entry:
    """The entry of this fact; with a body of its own, an entry that says it is a reading."""
    if isinstance(fact, Alert):
        return Entry(seq, NOON, EntryKind.ALERT, alert_body(fact))
    if isinstance(fact, Reading) or body is not None:
        return Entry(seq, NOON, EntryKind.READING, body or reading_body(fact))
    return Entry(seq, NOON, EntryKind.HUB_STARTED, b'{"hub":%d}' % seq)


def applied(seq: int, *, version: int, escalation: Escalation | None = None) -> Entry:
    """The entry that says which plan came into force."""
    limit = Limit(id="low", kind=Kind.SPO2, level="red", below=85, clear=88)
    plan = Plan(version=version, approved_at=NOON, approved_by_role="lege", limits=(limit,))
    plan = plan.model_copy(update={"escalation": escalation})
    return Entry(seq, NOON, EntryKind.PLAN_APPLIED, plan_body(plan))


def batch(*entries: Entry, home: str = HOME, log: str = "log1") -> Batch:
    """A batch as the hub would send it: through the wire and back."""
    return Batch.from_bytes(bytes(Batch(home, log, entries)))
