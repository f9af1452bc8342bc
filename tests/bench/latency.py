"""Row 7: from a device's indication to the ward's page, against the sum of its floors."""

import asyncio
import threading
import urllib.request
from contextlib import contextmanager
from datetime import timedelta
from random import Random
from time import perf_counter

import psycopg
from paho.mqtt.client import Client

from cloud_bridge.contract.entries import Entry
from cloud_bridge.contract.topics import topic
from gateway.start import BONDS_FILE
from simulators.peripherals.memory import Record
from simulators.peripherals.pulse_oximeter import PulseOximeterTwin
from simulators.radio.host import TwinHost
from simulators.simulate import room
from tests.bench.given import Bare, spot_entries
from tests.bench.line import Line
from tests.bench.one_by_one import connected
from tests.bench.row import Bench, Figure, Outcome, Row, most
from tests.given import NOON, OTHER_HOME
from tests.program import Program

TWINS = 12
"""A hub leaves a device alone for some seconds after a visit: meanwhile others measure."""

WAIT_S = 30.0
QUIET_S = 0.05

WHY = (
    "between the floors lie what they leave out: the indication crosses a virtual radio whose two stacks "
    "are Python, decoder and judge, six tables instead of one, packing, the intake's checks and indexes, "
    "and the event to the page."
)


class _Page:
    """A page that is open at the ward: it notes when it is told that something has changed."""

    def __init__(self, ward: Program) -> None:
        self._url = ward.wait_for(r"work list on (http://\S+)")[1] + "changes"
        self._loop = asyncio.get_running_loop()
        self._told: asyncio.Queue[float] = asyncio.Queue()

    @contextmanager
    def opened(self):
        """Listen until the context is left; the ward ends the stream when it stops."""
        opened = urllib.request.urlopen(self._url, timeout=WAIT_S)
        threading.Thread(target=self._listen, args=(opened,), daemon=True).start()
        yield self

    async def next(self, after: float) -> float:
        """Return when the next change was told after this; one before it is of something else."""
        async with asyncio.timeout(WAIT_S):
            while (told := await self._told.get()) < after:
                pass
        return told

    async def quiet(self) -> None:
        """Return once nothing has been told for a moment; what was told before is forgotten."""
        while True:
            try:
                async with asyncio.timeout(QUIET_S):
                    await self._told.get()
            except TimeoutError:
                return

    def _listen(self, opened) -> None:
        try:
            for line in opened:
                if line.startswith(b"data:"):
                    self._loop.call_soon_threadsafe(self._told.put_nowait, perf_counter())
        except (OSError, ValueError, RuntimeError):
            return  # the ward, or the row, is over


class Floors:
    """What can't be saved: two durable commits and two hops, each as bare as it can be had."""

    def __init__(self, bench: Bench, line: Line) -> None:
        self._entries = spot_entries(300, Random(40))
        self._bare = bench.closing(Bare(bench.folder / "bare.db"))
        self._database = bench.closing(psycopg.connect(line.database, autocommit=True))
        self._database.execute("create table floor (seq bigserial primary key, body text not null)")
        self._sender = connected("floor-sender", line.broker_port, user="ward")
        self._receiver = connected("floor-receiver", line.broker_port, user=OTHER_HOME)
        for client in (self._sender, self._receiver):
            bench.stack.callback(_leave, client)
        self._arrived = threading.Event()
        self._receiver.on_message = lambda *_: self._arrived.set()
        subscribed = threading.Event()
        self._receiver.on_subscribe = lambda *_: subscribed.set()
        self._receiver.subscribe(topic(OTHER_HOME, "down"), qos=1)
        assert subscribed.wait(WAIT_S)
        self._count = 0

    def measure_s(self) -> float:
        """Return how long an entry takes: committed here, sent, arrived there, committed there."""
        entry = self._entries[self._count % len(self._entries)]
        self._count += 1
        began = perf_counter()
        self._bare.insert([entry])
        self._hop(entry)
        self._database.execute("insert into floor (body) values (%s)", (entry.body.decode(),))
        return perf_counter() - began

    def _hop(self, entry: Entry) -> None:
        self._arrived.clear()
        self._sender.publish(topic(OTHER_HOME, "down"), entry.body, qos=1)
        assert self._arrived.wait(WAIT_S)


def latency(bench: Bench) -> list[Outcome]:
    """Let devices measure one after the other, and the floors between them."""
    line = Line(bench)
    line.broker()
    ward = line.ward_running()
    floors = Floors(bench, line)
    ours, theirs = asyncio.run(_lives(bench, line, ward, floors))
    outcomes = []
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        one, other = (_percentile(values, share) * 1e3 for values in (ours, theirs))
        outcomes.append(
            Outcome(
                what=f"indication → ward page, {name} of {len(ours)}",
                ours=Figure((one,), "ms"),
                against="2 bare commits and 2 MQTT hops, the same percentile of their sum",
                theirs=Figure((other,), "ms"),
                ratio=Figure((one / other,)),
                goal=most(3),
                why=WHY,
            )
        )
    return outcomes


async def _lives(bench: Bench, line: Line, ward: Program, floors: Floors) -> tuple[list[float], list[float]]:
    count, ours, theirs = bench.many(120, 3), [], []
    twins = [PulseOximeterTwin(f"F0:00:00:00:0A:{number:02X}") for number in range(TWINS)]
    told = asyncio.Queue()
    for twin in twins:
        twin.memory.on_told = _noting(told)
    async with room(line.radio, twins, bonds=bench.folder / BONDS_FILE) as hosts:
        hub = line.hub_running()
        await asyncio.to_thread(hub.wait_for, "page on")
        page = _Page(ward)
        with page.opened():
            for number in range(count + TWINS):
                await page.quiet()
                ours.append(await _one(hosts[number % TWINS], number, told, page))
                theirs.append(await asyncio.to_thread(floors.measure_s))
                if number % 30 == 0:
                    bench.say(f"{number} of {count}")
        await asyncio.to_thread(hub.stop)
    return ours[TWINS:], theirs[
        TWINS:
    ]  # each device's first visit is also the one in which it is got to know


async def _one(host: TwinHost, number: int, told: "asyncio.Queue[float]", page: _Page) -> float:
    host.twin.measure_any(NOON + timedelta(minutes=number), Random(number))
    await host.refresh()
    async with asyncio.timeout(WAIT_S):
        began = await told.get()
    return await page.next(began) - began


def _noting(told: "asyncio.Queue[float]"):
    def note(_record: Record) -> None:
        told.put_nowait(perf_counter())

    return note


def _percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def _leave(client: Client) -> None:
    client.disconnect()
    client.loop_stop()


ROWS = (
    Row(
        "latency",
        "indication → ward page, everything on this machine",
        "Twelve oximeters in a virtual room (in the bench's process), a hub, Mosquitto, PostgreSQL that "
        "flushes and a ward, each a process of its own. The clock runs from the moment a device sends its "
        "indication until an open page of the ward is told that there is news, which it is only after the "
        "ward's commit. Between any two of these: one bare SQLCipher commit, one publish through the same "
        "broker to a subscriber, one bare PostgreSQL commit, one after the other.",
        latency,
    ),
)
