"""Row 8: from the start of the process to the first reading taken, against interpreter and imports."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from random import Random
from time import perf_counter

from cloud_bridge.contract.entries import Batch, EntryKind
from cloud_bridge.contract.topics import topic
from gateway.start import BONDS_FILE
from simulators.peripherals.pulse_oximeter import PulseOximeterTwin
from simulators.simulate import room
from tests.bench.line import Line
from tests.bench.one_by_one import connected
from tests.bench.row import Bench, Outcome, Row, figure, most, ratio
from tests.given import HOME, NOON
from tests.program import ROOT, pusterom

IMPORTS = "gateway.__main__, gateway.cli, gateway.settings, gateway.start, simulators.radio.backend"
"""What the command imports before it looks at anything, the virtual radio's parts included."""

WAIT_S = 30.0
WHY = "after the imports come the log, the pages, the scan, and a whole visit over the virtual air."


def start(bench: Bench) -> list[Outcome]:
    """Start a hub in a room where a device waits, and an interpreter that only imports, in turns."""
    line = Line(bench)
    line.broker()
    line.ward_running()  # a hub asks it how far it has come before it sends
    rounds = bench.many(7, 1)
    ours, imports = asyncio.run(_rounds(bench, line, rounds))
    return [
        Outcome(
            what="start of `pusterom hub run` → first reading committed and on its way",
            ours=figure(ours, "s"),
            against="interpreter and the same imports",
            theirs=figure(imports, "s"),
            ratio=ratio(ours, imports),
            goal=most(2),
            why=WHY,
        )
    ]


async def _rounds(bench: Bench, line: Line, rounds: int) -> tuple[list[float], list[float]]:
    twin = PulseOximeterTwin()
    ours, imports = [], []
    async with _heard(line) as readings, room(line.radio, [twin], bonds=bench.folder / BONDS_FILE) as hosts:
        for number in range(rounds + 1):
            twin.measure_any(NOON + timedelta(hours=number), Random(number))
            await hosts[0].refresh()
            readings.clear()
            began = perf_counter()
            with pusterom(
                "hub", "run", "--config", str(line.folder / "hub.toml"), PYTHONPATH=line.bare_path
            ) as hub:
                async with asyncio.timeout(WAIT_S):
                    await readings.wait()
                ours.append(perf_counter() - began)
                await asyncio.to_thread(hub.stop)
            imports.append(await asyncio.to_thread(_import_s, line))
            bench.say(f"round {number} of {rounds}: {ours[-1]:.2f} s, {imports[-1]:.2f} s")
    return ours[1:], imports[1:]  # the first makes the log, and reads everything from the disk


@asynccontextmanager
async def _heard(line: Line) -> AsyncIterator[asyncio.Event]:
    """Set an event whenever a batch with a reading in it comes by at the broker."""
    loop, readings = asyncio.get_running_loop(), asyncio.Event()

    def look(_client: object, _data: object, message: object) -> None:
        batch = Batch.from_bytes(message.payload)
        if any(entry.kind == EntryKind.READING for entry in batch.entries):
            loop.call_soon_threadsafe(readings.set)

    client = await asyncio.to_thread(connected, "listener", line.broker_port, user="ward")
    client.on_message = look
    client.subscribe(topic(HOME, "up"), qos=1)
    try:
        yield readings
    finally:
        client.disconnect()
        client.loop_stop()


def _import_s(line: Line) -> float:
    """Return how long an interpreter takes to have imported everything; how it ends is not timed."""
    environment = {**os.environ, "PYTHONPATH": line.bare_path}
    code = f"import {IMPORTS}; print(flush=True)"
    began = perf_counter()
    words = [sys.executable, "-c", code]
    with subprocess.Popen(words, cwd=ROOT, env=environment, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        return perf_counter() - began


ROWS = (
    Row(
        "start",
        "start of the process → first reading taken",
        "From the fork of `pusterom hub run`, on a log that exists, in a virtual room where an oximeter "
        "holds one record, with a ward that answers, until that reading's batch is at the broker, which it "
        "reaches only after its commit; against an interpreter that imports what the command imports. 7 "
        "rounds in turns, after one that nobody counts.",
        start,
    ),
)
