"""One seeded world: homes with devices, roads, a broker, a ward, and the switch for each of them."""

import asyncio
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from cloud_bridge.contract.care import Escalation
from cloud_bridge.contract.plan import Plan
from cloud_bridge.settings import load_plan
from gateway.app import Hub
from simulators.broker import SmallBroker
from simulators.cards import Card
from simulators.hardship import HARD, KIND, Hardship
from simulators.home import Home, HomeParts
from simulators.mishaps import Refusals
from simulators.patient import Patient
from simulators.peripherals.memory import Record
from simulators.peripherals.pulse_oximeter import PulseOximeterTwin
from simulators.peripherals.taidoc import TaiDocTwin
from simulators.peripherals.weight_scale import WeightScaleTwin
from simulators.streamed import Streamed
from simulators.virtual_box import VirtualBox
from simulators.virtual_mqtt import VirtualBroker
from simulators.virtual_radio import VirtualRadio
from simulators.ward import Ward
from simulators.ways import Way

BEGINNING = datetime(2027, 3, 22, tzinfo=UTC)
"""The week in which summer time begins, so that every life meets it."""

OSLO = ZoneInfo("Europe/Oslo")
CONFIG = Path(__file__).resolve().parent.parent / "config"
SOON = Escalation(red_seen_within_min=30, yellow_seen_within_h=2, to="sykehuset")
"""In a life nobody looks at the list: all that stays open is escalated."""

PLAN_FILES = (CONFIG / "plan.toml", CONFIG / "plans" / "copd.toml")
"""The first home has single limits, the second every rule."""

NO_CLOCK_S = 900.0
"""So long after a boot without a clock the time service answers; until then it is 1970."""

ADVERTISING_S = 20.0

PATIENTS = (
    Patient("Kari N.", 1955, 91, 82, 62.0, worst_day=BEGINNING.date() + timedelta(days=3)),
    Patient("Ola H.", 1960, 93, 76, 84.0),
)


class World:
    """Everything outside the programs, from one seed; `on_air` and `on_confirmed` tell of it."""

    def __init__(self, seed: int, folder: Path, tasks: asyncio.TaskGroup, hardship: Hardship = HARD) -> None:
        self.dice = Random(seed)
        self.hardship = hardship
        self.is_kind = hardship is KIND
        self.tasks = tasks
        self.cuts = 0
        self.cut_s: dict[str, list[float]] = {}
        self.confirmed_s: dict[str, float] = {}
        self.broker = SmallBroker()
        self.boxes: dict[str, list[VirtualBox]] = {}
        self.refusals: dict[str, Refusals] = {}
        self.answered: dict[str, set[str]] = {}
        """The answers that each hub said it had kept."""
        self.roads: dict[str, VirtualBroker] = {}
        self.radios: dict[str, VirtualRadio] = {}
        self.ways: dict[str, Way] = {}
        self.on_air: Callable[[Home, str], None] = lambda _home, _word: None
        self.on_confirmed: Callable[[Home], None] = lambda _home: None
        self._trace = hashlib.blake2b(digest_size=8)
        self._instant: list[str] = []
        self._boots = 0
        self.homes = tuple(self._home(f"{number + 1:016x}", folder) for number in range(len(PATIENTS)))
        self.cards = {home.parts.home: Card(home) for home in self.homes}
        url = f"sqlite:///{folder / 'ward.db'}"
        self.ward = Ward(url, self._road("ward"), now=self.now, dice=self.dice, tasks=tasks)
        self.streamed = Streamed()
        self.ward.on_told = self.streamed.note

    # Its time, and its trace.

    @property
    def now_s(self) -> float:
        """Seconds since the world began."""
        return asyncio.get_running_loop().time()

    def now(self) -> datetime:
        """The world's time."""
        return BEGINNING + timedelta(seconds=self.now_s)

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

    # Its switches.

    def boot(self, home: Home, *, has_clock: bool = True) -> None:
        """Start a hub, perhaps one that stands in 1970 until the time service answers."""
        name = home.parts.home
        self.roads[name].set_reachable(True)
        self._boots += 1
        box = VirtualBox(self.now, f"boot {self._boots}", 0.0 if has_clock else NO_CLOCK_S)
        home.boot(clock=box)
        clock = home.hub.clock.clock()
        assert clock is not None, "a box tells how its clock stands"
        box.number = clock.boot
        self.boxes[name].append(box)
        self.ways[name].begins(home.hub.store.highest)
        self.look()

    def cut(self, home: Home) -> asyncio.Task[None]:
        """Cut the power of a hub now; a dead box says no farewell."""
        name = home.parts.home
        self.note("power cut", name)
        self.cuts += 1
        self.cut_s.setdefault(name, []).append(self.now_s)
        self.set_road(name, is_reachable=False)
        dying = home.cut()
        self.look()
        return dying

    async def cut_ward(self) -> None:
        """Cut the power of the ward."""
        self.note("ward cut")
        self.cuts += 1
        self.set_road("ward", is_reachable=False)
        await self.ward.unplug()

    def boot_ward(self) -> None:
        """Start the ward, if it does not run."""
        self.set_road("ward", is_reachable=True)
        if not self.ward.is_powered:
            self.ward.boot()
        self.look()

    def set_road(self, name: str, *, is_reachable: bool) -> None:
        """Cut or mend one client's own line to the broker."""
        self.roads[name].set_reachable(is_reachable)
        self.look()

    def set_broker(self, *, is_reachable: bool) -> None:
        """Stop or start the broker."""
        self.broker.set_reachable(is_reachable)
        self.look()

    def look(self) -> None:
        """Note for each home whether a way to the ward is open now."""
        is_ward_there = self.ward.is_powered and self.roads["ward"].is_reachable and self.broker.is_reachable
        for home in self.homes:
            is_open = is_ward_there and home.is_powered and self.roads[home.parts.home].is_reachable
            self.ways[home.parts.home].looks(self.now_s, is_open=is_open)

    # Its making.

    def _road(self, who: str) -> VirtualBroker:
        road = VirtualBroker(self.broker, self.dice, faults=self.hardship.road)
        self.roads[who] = road
        return road

    def _home(self, name: str, folder: Path) -> Home:
        (folder / name).mkdir()  # with the key beside the log: a power cut spoils this home's files only
        self.boxes[name], self.refusals[name], self.ways[name] = [], Refusals(), Way()
        self.answered[name] = set()
        oximeter = PulseOximeterTwin(f"F0:00:00:00:0A:{name[-2:]}")
        scale = WeightScaleTwin(f"F0:00:00:00:0B:{name[-2:]}")
        newcomer = TaiDocTwin(f"F0:00:00:00:21:{name[-2:]}")
        radio = VirtualRadio(
            (oximeter, scale, newcomer),
            dice=self.dice,
            unkindness=self.hardship.air,
            advertising_interval_s=ADVERTISING_S,
            note=partial(self._air_note, name),
        )
        self.radios[name] = radio
        parts = HomeParts(
            home=name,
            folder=folder / name / "hub",
            oximeter=oximeter,
            scale=scale,
            newcomer=newcomer,
            radio=radio,
            broker=self._road(name),
            plan=_plan_of(name),
            now=self.now,
            timezone=OSLO,
            dice=self.dice,
        )
        home = Home(parts, self.tasks)
        home.on_boot = partial(self._booted, name)
        for twin in parts.twins:
            twin.memory.on_confirmed = partial(self._confirmed, name, twin.address)
        return home

    # What they tell.

    def _booted(self, name: str, hub: Hub) -> None:
        hub.on_change = lambda: self.ways[name].kept(hub.store.highest, self.now_s)

    def _air_note(self, name: str, *words: object) -> None:
        self.note(*words)
        self.on_air(self._home_named(name), str(words[0]))

    def _confirmed(self, name: str, address: str, record: Record) -> None:
        for fact in record.facts:
            self.confirmed_s[fact.reading_id(address)] = self.now_s
        self.on_confirmed(self._home_named(name))

    def _home_named(self, name: str) -> Home:
        return next(home for home in self.homes if home.parts.home == name)


def _plan_of(home: str) -> Plan:
    """Return the plan that a home begins with; it names an organisation that is told of what nobody sees."""
    plan = load_plan(PLAN_FILES[(int(home, 16) - 1) % len(PLAN_FILES)])
    return plan.model_copy(update={"escalation": SOON})
