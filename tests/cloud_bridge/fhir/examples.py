"""Every resource that we can make, from entries as a hub writes them."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import get_args

from cloud_bridge.contract.alert import Alert, Change
from cloud_bridge.contract.answers import Answer, Question, answer_body
from cloud_bridge.contract.bodies import alert_body, plan_body, reading_body
from cloud_bridge.contract.entries import Entry, EntryKind
from cloud_bridge.contract.plan import Level
from cloud_bridge.fhir.follow_up import Act, FollowUp, follow_up_task
from cloud_bridge.fhir.mapping import resources
from cloud_bridge.fhir.naming import About, Resource, versioned
from cloud_bridge.fhir.transfer import Transfer, TransferStatus, transfer_provenance, transfer_task
from cloud_bridge.fhir.vkp import blood_pressure, down
from devices.identity import DeviceIdentity
from devices.kinds import PLAUSIBLE, Kind
from devices.readings import Block, Quality, Reading
from tests.given import HOME, NOON, PULSE_HIGH, SPO2_LOW, plan, reading

PLAN = plan(SPO2_LOW, PULSE_HIGH, version=2)
ABOUT = About(HOME, "hub-1", "ringsaker", "Oksygenmetning 84 %", "0.1.0")
IDENTITY = DeviceIdentity("A&D", "UC-352BLE", "5051", "1.0")


def measured(kind: Kind, *quality: Quality) -> Reading:
    """Return a reading in the middle of what is plausible, of a device that tells who it is."""
    middle = sum(PLAUSIBLE[kind]) / 2
    return replace(reading(middle, kind=kind, quality=quality), identity=IDENTITY)


def block() -> Block:
    """Return four seconds of saturation with a hole."""
    words = {name: getattr(reading(91), name) for name in Reading.__dataclass_fields__}
    return Block(**words, period_s=1.0, samples=(91.0, None, 90.5, 92.0))


def entry(kind: EntryKind, body: bytes) -> Entry:
    """Return an entry of a log with this body."""
    return Entry(1, NOON, kind, body)


def of_reading(one: Reading) -> Resource:
    """Return the Observation of one reading, by way of the log."""
    return resources(entry(EntryKind.READING, reading_body(one)), ABOUT)[0]


def alert(level: Level, change: Change, severity: int = 30, code: str = "5.2.1") -> Alert:
    """Return one change of an alert."""
    return Alert(
        id=f"spo2_low-{level}", rule="spo2_low", level=level, change=change, reason="metning 84 %",
        because=None, plan_version=2, readings=("r1",), at=NOON, severity=severity, code=code, episode="e1",
    )  # fmt: skip


def transfer(status: TransferStatus) -> Transfer:
    """Return a hand-over that stands so."""
    return Transfer(
        id="offer-1", home=HOME, giver="ahus", receiver="ringsaker", status=status, offered_at=NOON,
        at=NOON + timedelta(hours=1), until=NOON + timedelta(days=2), plan_version=2, role="nurse",
        episodes=("e1",),
    )  # fmt: skip


def follow_up(act: Act) -> FollowUp:
    """Return what somebody has done about an episode."""
    return FollowUp(
        episode="e1", act=act, organisation="ringsaker", role="nurse", began_at=NOON,
        at=NOON + timedelta(hours=1), until=NOON + timedelta(hours=4) if act == "put_off" else None,
        note="ringte, tar to puff til" if act == "done" else "", is_of_no_use=act == "done",
    )  # fmt: skip


def entries() -> Iterator[Entry]:
    """Yield entries of every kind that says something in FHIR."""
    for kind in Kind:
        yield entry(EntryKind.READING, reading_body(measured(kind)))
    for quality in Quality:
        yield entry(EntryKind.READING, reading_body(measured(Kind.SPO2, quality)))
    graded = replace(
        measured(Kind.FEV1), grade="B", device_time=NOON.replace(tzinfo=None), clock_offset_s=75.0
    )
    for one in (block(), graded, replace(measured(Kind.FEV1_Z), reference="GLI Global 2022")):
        yield entry(EntryKind.READING, reading_body(one))
    for level in get_args(Level):
        for change in get_args(Change):
            for severity in (0, 10, 20, 30, 40):
                yield entry(EntryKind.ALERT, alert_body(alert(level, change, severity)))
    for question in Question:
        said = Answer(id=f"a-{question}", question=question, value=1.0, answered_at=NOON, received_at=NOON)
        breaths = replace(said, value=18.0) if question is Question.RESPIRATORY_RATE else said
        yield entry(EntryKind.ANSWER, answer_body(breaths))
    yield entry(EntryKind.PLAN_APPLIED, plan_body(PLAN))
    yield entry(EntryKind.HUB_STARTED, b"{}")


def everything() -> list[Resource]:
    """Return all resources of all examples."""
    found = [each for one in entries() for each in resources(one, ABOUT)]
    for status in get_args(TransferStatus):
        found += [transfer_task(transfer(status), ABOUT), transfer_provenance(transfer(status), ABOUT)]
    for act in get_args(Act):
        found.append(follow_up_task(follow_up(act), ABOUT))
    closed = entry(EntryKind.ALERT, alert_body(alert("red", "closed")))
    found += resources(closed, replace(ABOUT, opened_at=NOON - timedelta(hours=3)))
    found += [versioned(each, 7, NOON) for each in resources(closed, ABOUT)]
    pressures = (measured(Kind.SYSTOLIC_PRESSURE), measured(Kind.DIASTOLIC_PRESSURE))
    mapped_down = [down(block(), ABOUT), blood_pressure(*pressures, ABOUT), down(measured(Kind.SPO2), ABOUT)]
    return found + [each for each in mapped_down if each is not None]
