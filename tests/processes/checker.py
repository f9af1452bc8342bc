"""Counts what devices measured against what hub and ward keep: by itself, in SQL of its own, value by value.

It reads three places past all code of ours: the devices' own record, the hub's encrypted file, PostgreSQL.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import psycopg
from sqlcipher3 import dbapi2

CONFIRM_WINDOW_S = 0.3
"""So shortly before a hub is killed the radio may have confirmed what nobody has committed."""

LATE_S = 1.0
"""A confirmation may lie in a socket when the hub that sent it dies: the device hears it so much later."""


class Value(NamedTuple):
    """One number as a device showed it: what two places must agree about."""

    device: str
    kind: str
    device_time: str
    value: float


class Row(NamedTuple):
    """One entry, as a database holds it."""

    seq: int
    at: str
    kind: str
    body: str


@dataclass
class Measured:
    """One record of one device: its numbers, and when the radio confirmed it, if it did."""

    values: tuple[Value, ...]
    is_kept: bool
    confirmed_at_s: float | None = None


@dataclass
class Place:
    """What one database holds: entries, and what it made of them."""

    entries: list[Row]
    readings: list[int]
    """The numbers of the entries in its index of readings."""

    alerts: list[tuple[str, str]] | None = None
    """Which alerts it knows, with each change; None where it has no such table."""

    up_to: int = 0
    quarantined: int = 0


@dataclass
class Verdict:
    """The figures that a person wants to see, and each thing that is wrong, in words."""

    counts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def fault(self, what: str, things: Iterable[object]) -> None:
        """Count these things; each is a fault."""
        for thing in things:
            self.counts[what] += 1
            self.faults.append(f"{what}: {thing}")

    def __str__(self) -> str:
        names = ("measured", "on the hub", "in the ward", "alert changes", "lost", "doubled", "altered",
                 "invented", "disordered", "excused")  # fmt: skip
        return ", ".join(f"{name} {self.counts[name]}" for name in names)


def devices_record(path: Path) -> tuple[dict[tuple[str, int], Measured], dict[str, int]]:
    """Return every record that a device wrote down, and how many each has last told anew."""
    measured: dict[tuple[str, int], Measured] = {}
    retold: dict[str, int] = {}
    for line in path.read_bytes().split(b"\n")[:-1]:  # behind the last line end nothing is whole
        said = json.loads(line)
        name = (said["device"], said["record"])
        match said["what"]:
            case "measured":
                values = tuple(
                    Value(said["device"], fact["kind"], fact["device_time"], float(fact["value"]))
                    for fact in said["facts"]
                )
                measured[name] = Measured(values, said["is_keeping"])
            case "confirmed":
                measured[name].confirmed_at_s = said["at_s"]
            case "all_told":
                retold[said["device"]] = said["record"]
    return measured, retold


def hub_place(log: Path, key: str) -> Place:
    """Read the hub's file with this raw key, whether or not a hub has it open."""
    connection = dbapi2.connect(f"{log.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
    try:
        connection.execute("pragma cipher_log_level = none")
        connection.execute(f'pragma key = "{key}"')
        connection.execute("begin")
        entries = [Row(*row) for row in connection.execute("select seq, at, kind, body from entry")]
        readings = [seq for (seq,) in connection.execute("select seq from reading")]
        cursor = connection.execute("select body from state where name = 'cursor'").fetchone()
    finally:
        connection.close()
    return Place(entries, readings, up_to=int(cursor[0]) if cursor else 0)


def ward_place(url: str, home: str) -> Place:
    """Read PostgreSQL past the ward."""
    with psycopg.connect(url) as connection:
        connection.execute("set transaction isolation level repeatable read")
        connection.execute("set timezone to 'UTC'")

        def rows(sql: str) -> list[tuple]:
            return connection.execute(sql.encode(), {"home": home}).fetchall()

        entries = [
            Row(seq, at.isoformat(), kind, body)
            for seq, at, kind, body in rows("select seq, at, kind, body from entry where home = %(home)s")
        ]
        readings = [seq for (seq,) in rows("select seq from reading where home = %(home)s")]
        alerts = rows("select id, change from alert where home = %(home)s")
        up_to = rows("select coalesce(max(up_to), 0) from log where home = %(home)s")[0][0]
        return Place(entries, readings, alerts, up_to, rows("select count(*) from quarantine")[0][0])


def check(
    measured: Iterable[Measured], hub: Place, ward: Place, killed_s: Iterable[tuple[float, float]] = ()
) -> Verdict:
    """Compare the three places; `killed_s` says from when to when each kill of the hub took."""
    verdict, killed = Verdict(), tuple(killed_s)
    for name, place in (("hub", hub), ("ward", ward)):
        _check_order(verdict, name, place)
        _check_devices(verdict, name, place, list(measured), killed if name == "hub" else None)
        _check_alerts(verdict, name, place)
    _check_road(verdict, hub, ward)
    verdict.counts["on the hub"] = len(hub.entries)
    verdict.counts["in the ward"] = len(ward.entries)
    return verdict


def _check_order(verdict: Verdict, name: str, place: Place) -> None:
    """Numbers run from one without a gap; each reading is indexed once, and nothing else is."""
    numbers = sorted(row.seq for row in place.entries)
    verdict.fault("doubled", (f"{name} has number {seq} twice" for seq in _more_than_once(numbers)))
    gaps = set(range(1, max(numbers, default=0) + 1)) - set(numbers)
    verdict.fault("lost", (f"{name} has no entry {seq}" for seq in sorted(gaps)))
    readings = Counter(row.seq for row in place.entries if row.kind == "reading")
    indexed = Counter(place.readings)
    verdict.fault("doubled", (f"{name} indexes {seq} too often" for seq in sorted(indexed - readings)))
    verdict.fault("lost", (f"{name} does not index {seq}" for seq in sorted(readings - indexed)))
    verdict.fault("disordered", [f"{name} could not read {place.quarantined}"] * bool(place.quarantined))
    if place.up_to != max(numbers, default=0):
        verdict.fault("disordered", [f"{name} stands at {place.up_to} of {max(numbers, default=0)}"])


def _check_devices(
    verdict: Verdict,
    name: str,
    place: Place,
    measured: list[Measured],
    killed_s: tuple[tuple[float, float], ...] | None,
) -> None:
    """What each device wrote down stands here once, unaltered, and nothing else does."""
    expected = {value: record for record in measured for value in record.values}
    kept = Counter(_value(row.body) for row in place.entries if row.kind == "reading")
    verdict.counts["measured"] = len(expected)
    verdict.fault("doubled", (f"{name} has {value} {kept[value]} times" for value in _doubles(kept)))
    missing = [value for value in expected if value not in kept]
    strange = {value[:3]: value for value in kept if value not in expected}
    excused = _excused([expected[value] for value in missing], killed_s or ())
    for value in missing:
        if (other := strange.pop(value[:3], None)) is not None:
            verdict.fault("altered", [f"{name} has {other.value} for {value}"])
        elif id(expected[value]) not in excused:
            # What the hub lost the ward can't have: once is enough to say it, and it is excused once.
            verdict.fault("lost", [f"{name} has no {value}"] * (killed_s is not None))
        else:
            verdict.counts["excused"] += 1
    verdict.fault("invented", (f"{name} has {value}" for value in strange.values()))


def _excused(missing: list[Measured], killed_s: Iterable[tuple[float, float]]) -> set[int]:
    """Return which records a kill of the hub explains: of each forgetful device the one in hand, no more."""
    found = {}
    for begun_s, dead_s in killed_s:
        for record in missing:
            at_s = record.confirmed_at_s
            is_in_time = at_s is not None and begun_s - CONFIRM_WINDOW_S <= at_s <= dead_s + LATE_S
            if is_in_time and not record.is_kept:
                found.setdefault((begun_s, record.values[0].device), record)
    return {id(record) for record in found.values()}


def _check_alerts(verdict: Verdict, name: str, place: Place) -> None:
    """An alert opens once, closes at most once and afterwards, and the table says the same."""
    changes = [
        (said["id"], said["change"])
        for row in sorted(place.entries)
        if row.kind == "alert"
        for said in [json.loads(row.body)]
    ]
    verdict.counts["alert changes"] = len(changes)
    verdict.fault("doubled", (f"{name} has alert {change}" for change in _more_than_once(changes)))
    opened: set[str] = set()
    for id_, change in changes:
        if change == "opened":
            opened.add(id_)
        elif id_ not in opened:
            verdict.fault("disordered", [f"{name} closes {id_}, which is not open"])
    if place.alerts is not None:
        told, known = Counter(changes), Counter(place.alerts)
        verdict.fault("lost", (f"{name}'s table has no alert {change}" for change in told - known))
        verdict.fault("invented", (f"{name}'s table has alert {change}" for change in known - told))


def _check_road(verdict: Verdict, hub: Place, ward: Place) -> None:
    """The ward has every entry of the hub, word for word, and no other."""
    sent, came = ({row.seq: row for row in place.entries} for place in (hub, ward))
    verdict.fault("lost", (f"the ward has no {sent[seq]}" for seq in sorted(sent.keys() - came.keys())))
    verdict.fault("invented", (f"the hub has no {came[seq]}" for seq in sorted(came.keys() - sent.keys())))
    both = sorted(sent.keys() & came.keys())
    verdict.fault("altered", (f"{sent[seq]} is {came[seq]}" for seq in both if sent[seq] != came[seq]))


def _value(body: str) -> Value:
    said = json.loads(body)
    return Value(said["device"], said["kind"], said["device_time"], float(said["value"]))


def _doubles(counted: Counter[Value]) -> Iterator[Value]:
    return (value for value, count in counted.items() if count > 1)


def _more_than_once(things: Iterable[object]) -> Iterator[object]:
    return (thing for thing, count in Counter(things).items() if count > 1)
