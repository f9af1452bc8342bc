"""One seeded world: homes with patients and devices, a broker, a ward; bad radio, bad roads, bad power."""

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from cloud_bridge.settings import load_plan
from gateway.store.keys import LogKey
from simulators.broker import SmallBroker
from simulators.fate import Unkindness
from simulators.hardship import HARD, KIND, Hardship
from simulators.home import Home, HomeParts
from simulators.patient import Patient
from simulators.peripherals.memory import Record
from simulators.peripherals.pulse_oximeter import PulseOximeterTwin
from simulators.peripherals.weight_scale import WeightScaleTwin
from simulators.virtual_box import VirtualBox
from simulators.virtual_faults import NO_FAULTS
from simulators.virtual_mqtt import VirtualBroker
from simulators.virtual_radio import VirtualRadio
from simulators.ward import Ward

BEGINNING = datetime(2027, 3, 22, tzinfo=UTC)
"""The week in which summer time begins, so that every life meets it."""

OSLO = ZoneInfo("Europe/Oslo")
PLAN_FILE = Path(__file__).resolve().parent.parent / "config" / "plan.toml"

NO_CLOCK_S = 900.0
"""So long after a boot without a clock the time service answers; until then it is 1970."""

MEASURES_PER_DAY = 6.0
ADVERTISING_S = 20.0
DAY_S = 86400.0

PATIENTS = (
    Patient("Kari N.", 1955, 91, 82, 62.0, worst_day=BEGINNING.date() + timedelta(days=3)),
    Patient("Ola H.", 1960, 93, 76, 84.0),
)


class World:
    """Everything outside the programs, from one seed."""

    def __init__(self, seed: int, folder: Path, tasks: asyncio.TaskGroup, hardship: Hardship = HARD) -> None:
        self.dice = Random(seed)
        self.hardship = hardship
        self.cuts = 0
        self.cut_s: dict[str, list[float]] = {}
        self.confirmed_s: dict[str, float] = {}
        self.broker = SmallBroker()
        self.boxes: defaultdict[str, list[VirtualBox]] = defaultdict(list)
        self.roads: dict[str, VirtualBroker] = {}
        self.radios: dict[str, VirtualRadio] = {}
        self._trace = hashlib.blake2b(digest_size=8)
        self._instant: list[str] = []
        self._tasks = tasks
        self.homes = tuple(self._home(f"{number + 1:016x}", folder) for number in range(len(PATIENTS)))
        url = f"sqlite:///{folder / 'ward.db'}"
        self.ward = Ward(url, self._road("ward"), now=self.now, dice=self.dice, tasks=tasks)
        self.ward.on_commit = self._ward_committed

    def now(self) -> datetime:
        """The world's time."""
        return BEGINNING + timedelta(seconds=asyncio.get_running_loop().time())

    def note(self, *words: object) -> None:
        """Add to the trace, by which two runs of one seed are compared.

        What happens in one instant has no order: a TaskGroup cancels its tasks in the order of a set.
        """
        at = self.now().isoformat()
        if self._instant and not self._instant[0].startswith(at):
            self._digest_instant()
        self._instant.append(f"{at} {words}\n")

    def _digest_instant(self) -> None:
        self._trace.update("".join(sorted(self._instant)).encode())
        self._instant.clear()

    @property
    def fingerprint(self) -> str:
        """The digest of everything noted so far."""
        self._digest_instant()
        return self._trace.hexdigest()

    async def live(self, days: float) -> None:
        """Let so many hard days pass, then a quiet one, in which everything can arrive."""
        self.ward.boot()
        for home in self.homes:
            self._boot(home)
        async with asyncio.TaskGroup() as lives:
            running = [lives.create_task(trouble) for trouble in self._troubles()]
            await asyncio.sleep(days * DAY_S)
            for trouble in running:
                trouble.cancel()
        self._calm()
        await asyncio.sleep(DAY_S)

    def _troubles(self) -> list[Coroutine[Any, Any, None]]:
        troubles = [self._again(self.hardship.broker_restarts_per_day, self._restart_broker)]
        troubles.append(self._again(self.hardship.ward_cuts_per_day, self._cut_ward))
        for home, patient in zip(self.homes, PATIENTS, strict=True):
            troubles.append(self._again(self.hardship.hub_cuts_per_day, self._cut_hub, home))
            troubles.append(self._again(self.hardship.outages_per_day, self._cut_road, home))
            troubles.append(self._again(self.hardship.walks_per_day, self._walk, home))
            troubles.append(self._again(MEASURES_PER_DAY, self._measure, home, patient))
        return troubles

    async def _again(self, per_day: float, act: Any, *about: Any) -> None:  # noqa: ANN401 - any of the acts below
        while per_day:
            await asyncio.sleep(self.dice.expovariate(per_day / DAY_S))
            await act(*about)

    async def _measure(self, home: Home, patient: Patient) -> None:
        local = self.now().astimezone(OSLO)
        body = patient.body(local.date(), self.dice)
        self.note("measured", home.parts.home, body)
        home.parts.oximeter.measure(local, body.spo2, body.pulse_bpm)
        if self.dice.random() < 0.4:
            home.parts.scale.measure(local, body.weight_kg)

    def _air_note(self, home: str, *words: object) -> None:
        """Take the radio's trace; now and then the power goes in the middle of a visit."""
        self.note(*words)
        if words[0] == "connected" and self.dice.random() < self.hardship.hub_cut_in_visit:
            self._tasks.create_task(self._cut_soon(self._cut_hub, self._home_named(home)))

    def _ward_committed(self, _home: str) -> None:
        """Let the power go, now and then, between the ward's commit and its receipt."""
        if self.dice.random() < self.hardship.ward_cut_at_commit:
            self._tasks.create_task(self._cut_soon(self._cut_ward))

    async def _cut_soon(self, cut: Any, *what: Any) -> None:  # noqa: ANN401 - one of the cuts below
        await asyncio.sleep(self.dice.choice((0.0, self.dice.uniform(0, 1))))
        await cut(*what)

    async def _cut_hub(self, home: Home) -> None:
        if home.is_powered:
            await self._dark(home, self._black_out(home))

    def _black_out(self, home: Home) -> asyncio.Task[None]:
        self.note("power cut", home.parts.home)
        self.cuts += 1
        self.cut_s.setdefault(home.parts.home, []).append(asyncio.get_running_loop().time())
        self.roads[home.parts.home].set_reachable(False)  # a dead box says no farewell
        return home.cut()

    async def _dark(self, home: Home, dying: asyncio.Task[None]) -> None:
        await asyncio.wait({dying})
        await asyncio.sleep(self.dice.expovariate(1 / 600))
        if not home.is_powered:
            self._boot(home)

    def _boot(self, home: Home) -> None:
        self.roads[home.parts.home].set_reachable(True)
        has_clock = self.dice.random() >= self.hardship.no_clock_at_boot
        boxes = self.boxes[home.parts.home]
        boxes.append(VirtualBox(self.now, f"boot {len(boxes)}", 0.0 if has_clock else NO_CLOCK_S))
        home.boot(clock=boxes[-1])

    async def _cut_ward(self) -> None:
        if not self.ward.is_powered:
            return
        self.note("ward cut")
        self.cuts += 1
        self.roads["ward"].set_reachable(False)
        await self.ward.unplug()
        await asyncio.sleep(self.dice.expovariate(1 / 3600))
        self.roads["ward"].set_reachable(True)
        if not self.ward.is_powered:
            self.ward.boot()

    async def _cut_road(self, home: Home) -> None:
        self.note("outage", home.parts.home)
        self.roads[home.parts.home].set_reachable(False)
        await asyncio.sleep(self.dice.expovariate(1 / 7200))
        self.roads[home.parts.home].set_reachable(True)

    async def _restart_broker(self) -> None:
        self.note("broker restarts")
        self.broker.set_reachable(False)
        if self.dice.random() < 0.5:
            self.broker.forget()
        await asyncio.sleep(self.dice.expovariate(1 / 300))
        self.broker.set_reachable(True)

    async def _walk(self, home: Home) -> None:
        """Carry a device out of the house for a while."""
        address = self.dice.choice((home.parts.oximeter.address, home.parts.scale.address))
        self.radios[home.parts.home].set_in_range(address, False)
        await asyncio.sleep(self.dice.expovariate(1 / 1800))
        self.radios[home.parts.home].set_in_range(address, True)

    def _confirmed(self, home_id: str, address: str, record: Record) -> None:
        """Note when the radio confirmed; now and then the power goes before we can commit."""
        for fact in record.facts:
            id_ = fact.reading_id(address)
            self.confirmed_s[id_] = asyncio.get_running_loop().time()
        home = self._home_named(home_id)
        if home.is_powered and self.dice.random() < self.hardship.hub_cut_at_confirm:
            self._tasks.create_task(self._dark(home, self._black_out(home)))

    def _home_named(self, home_id: str) -> Home:
        return next(home for home in self.homes if home.parts.home == home_id)

    def _calm(self) -> None:
        """End every trouble: a quiet day begins."""
        self.hardship = KIND
        self.broker.set_reachable(True)
        for road in self.roads.values():
            road.set_faults(NO_FAULTS)
            road.set_reachable(True)
        for home in self.homes:
            radio = self.radios[home.parts.home]
            radio.unkindness = Unkindness()
            for twin in (home.parts.oximeter, home.parts.scale):
                radio.set_in_range(twin.address, True)
            if not home.is_powered:
                self._boot(home)
        if not self.ward.is_powered:
            self.ward.boot()

    def _road(self, who: str) -> VirtualBroker:
        road = VirtualBroker(self.broker, self.dice, faults=self.hardship.road)
        self.roads[who] = road
        return road

    def _home(self, home: str, folder: Path) -> Home:
        oximeter = PulseOximeterTwin(f"F0:00:00:00:0A:{home[-2:]}")
        scale = WeightScaleTwin(f"F0:00:00:00:0B:{home[-2:]}")
        for twin in (oximeter, scale):
            twin.memory.on_confirmed = partial(self._confirmed, home, twin.address)
        radio = VirtualRadio(
            (oximeter, scale),
            dice=self.dice,
            unkindness=self.hardship.air,
            advertising_interval_s=ADVERTISING_S,
            note=partial(self._air_note, home),
        )
        self.radios[home] = radio
        parts = HomeParts(
            home=home,
            folder=folder / home,
            key=LogKey(f"{self.dice.getrandbits(384):096x}"),
            oximeter=oximeter,
            scale=scale,
            radio=radio,
            broker=self._road(home),
            plan=load_plan(PLAN_FILE),
            now=self.now,
            timezone=OSLO,
            dice=self.dice,
        )
        return Home(parts, self._tasks)
