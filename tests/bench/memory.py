"""Row 6: memory and idle processor time of a real hub, empty and with a month of backlog."""

import os
from dataclasses import dataclass
from pathlib import Path
from random import Random
from threading import Event
from time import perf_counter

from tests.bench.given import blocks, fill, spot_readings
from tests.bench.line import Line, until, waited
from tests.bench.row import Bench, Figure, Outcome, Row, most
from tests.program import Program

BLOCKS, SINGLES = 43_200, 100_000
"""A month of 1 Hz oximetry, 2.6 million samples, and a hundred thousand single readings."""

DRAINED_MIN = 5_000
DRAIN_S_MAX = 30.0
SETTLE_S = 3.0

PEER_MB, PEER_PERCENT = 62.0, 5.0
"""ThingsBoard IoT Gateway 3.8.5, idle, as we measured it on another day; not in this run."""

PEER = "ThingsBoard IoT Gateway 3.8.5 idle, measured before, not in this run"
WHY_RSS = (
    "of an idle hub nearly all is code: pages (FastAPI, pydantic, uvicorn) 40 MB, the command 20, radio, "
    "road and store 15. A backlog adds SQLCipher's cache of 8 MB and the batches in flight."
)
WHY_CPU = "advertisements that come in are looked at one by one."


def memory(bench: Bench) -> list[Outcome]:
    """Look at hubs from outside: an empty one, one with a month and no road, the same while it drains."""
    idle_s = bench.many(20, 1)
    empty = _empty(bench, idle_s)
    month = _month(bench, idle_s)
    rss, cpu = most(90, "MB"), most(1, "%")
    return [
        _outcome(f"RSS with {month.kept:,} entries waiting, no road", month.rss_mb, "MB", empty.rss_mb, rss),
        _outcome("peak RSS while these drain", month.peak_mb, "MB", empty.rss_mb, rss),
        _outcome("processor, idle with these entries and no road", month.percent, "%", empty.percent, cpu),
        _outcome("processor, empty, road up, in a virtual room", empty.percent, "%", None, cpu),
        _peer("RSS of an empty hub", empty.rss_mb, PEER_MB, "MB"),
        _peer("processor of an empty hub", empty.percent, PEER_PERCENT, "%"),
    ]


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the kernel says of one hub: memory at rest, processor at rest, and more where it has a backlog."""

    rss_mb: float
    percent: float
    peak_mb: float = 0.0
    kept: int = 0


def _empty(bench: Bench, idle_s: float) -> _Seen:
    """Look at a hub with nothing to do: without a radio, then beside sleeping devices."""
    bench.say("an empty hub")
    line = Line(bench, name="empty")
    line.broker()
    line.ward_running()
    hub = line.hub_running("--radio", "bluez")
    until(lambda: line.committed() > 0, "it has its receipts")
    _rest(SETTLE_S)
    rss_mb = _resident_mb(hub)
    hub.stop()
    line.room_running()
    hub = line.hub_running()
    until(lambda: line.count("reading") >= 2, "a device has told and sleeps")
    _rest(SETTLE_S)
    return _Seen(rss_mb, _idle_percent(hub, idle_s))


def _month(bench: Bench, idle_s: float) -> _Seen:
    """Look at a hub with a month of backlog, first without a road, then while it drains."""
    line = Line(bench, radio="bluez")
    bench.say("making a log of a month")
    store, share = line.begun_log(), bench.many(1, 500)
    kept = fill(store, blocks(BLOCKS // share, Random(30)))
    kept += fill(store, spot_readings(SINGLES // share, Random(31)))
    store.close()
    hub = line.hub_running()
    hub.wait_for("entries")
    _rest(SETTLE_S)
    bench.say("a month of backlog, no road")
    waiting = _resident_mb(hub)
    percent = _idle_percent(hub, idle_s)
    bench.say("draining")
    line.broker()
    line.ward_running()
    until(lambda: line.committed() > 0, "it drains")
    waited(lambda: line.committed() >= min(DRAINED_MIN, kept), DRAIN_S_MAX)
    return _Seen(waiting, percent, _resident_mb(hub, "VmHWM"), kept)


def _peer(what: str, ours: float, theirs: float, unit: str) -> Outcome:
    return Outcome(
        what=what,
        ours=Figure((ours,), unit),
        against=PEER,
        theirs=Figure((theirs,), unit),
        ratio=Figure((ours / theirs,)),
    )


def _outcome(what: str, ours: float, unit: str, empty: float | None, goal) -> Outcome:
    return Outcome(
        what=what,
        ours=Figure((ours,), unit),
        against="an empty hub" if empty is not None else "",
        theirs=None if empty is None else Figure((empty,), unit),
        goal=goal,
        why=WHY_RSS if unit == "MB" else WHY_CPU,
    )


def _resident_mb(program: Program, name: str = "VmRSS") -> float:
    lines = Path(f"/proc/{program.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) / 1024


def _idle_percent(program: Program, seconds: float) -> float:
    began, used = perf_counter(), _used_s(program)
    _rest(seconds)
    return 100 * (_used_s(program) - used) / (perf_counter() - began)


def _used_s(program: Program) -> float:
    words = Path(f"/proc/{program.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def _rest(seconds: float) -> None:
    Event().wait(seconds)


ROWS = (
    Row(
        "memory",
        "hub RSS with a month of backlog, idle CPU",
        "The kernel's account of real `pusterom hub run` processes, installed as a hub is (without what "
        "only tests bring): an empty one; one with 43,200 Blocks of 60 samples and 100,000 single "
        "readings, first without a road, then while 5,000 of these are drained to a ward, or as many as 30 "
        "s allow. Idle over 20 s. Memory is with the radio of a Pi asked for and not there; idle time of "
        "the empty one beside two sleeping devices in a virtual room.",
        memory,
    ),
)
