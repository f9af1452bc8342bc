"""Row 4: a backlog drained to Mosquitto and committed in PostgreSQL, against one reading a message."""

import subprocess
import sys
from functools import partial
from random import Random

import psycopg

from cloud_bridge.contract.entries import Entry
from tests.bench.given import fill, spot_entries, spot_readings
from tests.bench.line import Line, until, waited
from tests.bench.one_by_one import TABLE, connected, send
from tests.bench.row import Bench, Figure, Goal, Outcome, Row, figure, least, took_s
from tests.program import ROOT

DRAIN_S_MAX = 60.0
_FIRST, _LAST = 0.1, 0.9
"""The middle of the drain is timed: neither how it begins nor its last, smaller batches."""

WHY = (
    "the ward is the narrow place (see the row ingest), and hub, broker, ward and database share two cores. "
    "Whoever sends one by one waits for a flush and four hops a reading: the faster the disk, the smaller "
    "the lead of batches."
)


def drain(bench: Bench) -> list[Outcome]:
    """Let a real hub empty its log into a real ward, then send one by one."""
    line = Line(bench)
    total, singles = bench.many(40_000, 600), bench.many(3_000, 20)
    store = line.begun_log()
    fill(store, spot_readings(total, Random(8)))
    store.close()
    line.broker()
    line.ward_running()
    bench.say(f"draining {total:,} readings")
    hub = line.hub_running()
    if not waited(lambda: line.committed() >= total, DRAIN_S_MAX):
        bench.say("not all has come; what came in that time tells as much")
    ours = _rate(line, "entry")
    hub.stop()
    bench.say(f"sending {singles:,} one by one")
    entries = spot_entries(singles, Random(9))
    whole = [_one_by_one(line, part) for part in _thirds(entries)]
    client = connected("sender", line.broker_port)
    to_broker = [len(part) / took_s(partial(send, client, part)) for part in _thirds(entries)]
    client.disconnect()
    client.loop_stop()
    return [
        _held(ours, "paho, QoS 1, one reading a message, a row and a commit each", whole, least(15)),
        _held(ours, "the same sender alone, up to the broker's acknowledgement", to_broker),
    ]


def _held(ours: float, against: str, theirs: list[float], goal: Goal | None = None) -> Outcome:
    return Outcome(
        what="readings drained and committed",
        ours=Figure((ours,), "/s"),
        against=against,
        theirs=figure(theirs, "/s"),
        ratio=Figure(tuple(ours / each for each in theirs)),
        goal=goal,
        why=WHY,
    )


def _rate(line: Line, table: str) -> float:
    """Return how many rows a second were committed in the middle of it, by the database's own account."""
    count = line.count(table)
    first, last = int(count * _FIRST), int(count * _LAST)
    sql = (
        f"select extract(epoch from committed_at) from {table} order by committed_at, seq offset {{}} limit 1"
    )
    began, ended = (float(line.rows(sql.format(place))[0][0]) for place in (first, last))
    return (last - first) / (ended - began)


def _one_by_one(line: Line, entries: tuple[Entry, ...]) -> float:
    """Send and keep one by one, each end in a process of its own; return readings a second."""
    with psycopg.connect(line.database, autocommit=True) as connection:
        connection.execute(f"drop table if exists one; {TABLE}".encode())
    words = [sys.executable, "-m", "tests.bench.one_by_one", line.database, str(line.broker_port)]
    receiver = subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert receiver.stdout.readline() == "ready\n"
        client = connected("sender", line.broker_port)
        send(client, entries)
        until(lambda: line.count("one") == len(entries), "each message is a row")
        client.disconnect()
        client.loop_stop()
    finally:
        receiver.communicate("")
    return _rate(line, "one")


def _thirds(entries: tuple[Entry, ...]) -> list[tuple[Entry, ...]]:
    third = len(entries) // 3
    return [entries[begin * third : (begin + 1) * third] for begin in range(3)]


ROWS = (
    Row(
        "drain",
        "backlog drained to Mosquitto and committed in PostgreSQL",
        "A hub with 40,000 single readings in its log, a ward, Mosquitto and a PostgreSQL that flushes, "
        "each a process of its own; counted by the ward's rows between the first and the last tenth, of 60 "
        "s at most. Then one sender that waits for each acknowledgement, and a receiver that commits each "
        "message, two processes, same broker and database.",
        drain,
    ),
)
