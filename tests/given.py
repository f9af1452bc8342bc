"""Small true values that many tests begin with."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cloud_bridge.contract.entries import EntryKind
from cloud_bridge.contract.plan import Limit, Plan
from cloud_bridge.contract.receipts import Receipt, Refusal
from devices.kinds import Kind
from devices.readings import Quality, Reading, reading_id
from gateway.store.keys import LogKey
from gateway.store.log import Fact, Store

HOME = "00c0ffee00c0ffee"
OTHER_HOME = "0123456789abcdef"
NOON = datetime(2027, 1, 5, 12, tzinfo=UTC)
KEY = LogKey("ab" * 48)
OXIMETER = "F0:00:00:00:0A:01"

SPO2_LOW = Limit(id="spo2_low", kind=Kind.SPO2, level="yellow", below=88, clear=89, usual=91)
SPO2_RED = Limit(id="spo2_low_red", kind=Kind.SPO2, level="red", below=85, clear=87, in_a_row=2, usual=91)
PULSE_HIGH = Limit(id="pulse_high", kind=Kind.PULSE_RATE, level="yellow", above=110, clear=105)


def plan(*limits: Limit, version: int = 1) -> Plan:
    """Return a plan with these limits."""
    return Plan(version=version, approved_at=NOON, approved_by_role="lege", limits=limits)


def reading(
    value: float = 91.0,
    *,
    kind: Kind = Kind.SPO2,
    minute: int = 0,
    late_s: float = 2.0,
    quality: tuple[Quality, ...] = (),
) -> Reading:
    """Return a reading of the oximeter, `minute` minutes past noon."""
    measured_at = NOON + timedelta(minutes=minute)
    return Reading(
        id=reading_id(OXIMETER, kind, value, measured_at),
        kind=kind,
        value=value,
        device=OXIMETER,
        driver="pulse_oximeter",
        measured_at=measured_at,
        received_at=measured_at + timedelta(seconds=late_s),
        quality=quality,
    )


def bare(answer: Receipt | Refusal) -> Receipt | Refusal:
    """Return a receipt that says how the log stands and nothing of what it answers."""
    return (
        replace(answer, kept=(), highest=0, by="", marks=(), contradicted=(), digest="")
        if isinstance(answer, Receipt)
        else answer
    )


def fact(id_: str | None = None, body: bytes = b'{"n":1}') -> Fact:
    """Return something that can be kept."""
    return Fact(EntryKind.READING, body, id_, None if id_ is None else ("spo2", NOON))


def store(folder: Path, home: str = HOME) -> Store:
    """Return a store on this folder."""
    return Store.open(folder, home, KEY)
