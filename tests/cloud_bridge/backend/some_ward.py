"""A ward in memory: real readings, alerts and plans behind the Views that the pages ask."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cloud_bridge.backend.access import Admission, Verdict
from cloud_bridge.backend.heard import Told
from cloud_bridge.backend.indicators import Counted, Period, Tally, indicators
from cloud_bridge.backend.listed import Listed
from cloud_bridge.backend.looks import Look
from cloud_bridge.backend.sharing import Organisation
from cloud_bridge.backend.views import (
    Figures,
    Handled,
    HomeState,
    KeptReading,
    OpenAlert,
    OpenOffer,
    OpenTrouble,
    Person,
    Plans,
    Quarantined,
    WrittenPlan,
)
from cloud_bridge.contract.alert import Alert, Because, Change
from cloud_bridge.contract.handover import Known, step
from cloud_bridge.contract.handover_record import HandoverState
from cloud_bridge.contract.plan import Best, Level, Limit, Plan, PlanPerson
from devices.kinds import Kind
from devices.readings import Heard, Quality, Reading, reading_of, series_name
from gateway.derive import derived

OSLO = ZoneInfo("Europe/Oslo")
NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)

PLAN = Plan(
    version=3,
    approved_at=datetime(2026, 11, 2, 9, 0, tzinfo=UTC),
    approved_by_role="lungelege",
    limits=(
        Limit(id="spo2_red", kind=Kind.SPO2, level="red", below=85, clear=88, in_a_row=2, usual=91),
        Limit(id="spo2_yellow", kind=Kind.SPO2, level="yellow", below=88, clear=89, usual=91),
        Limit(id="pulse_yellow", kind=Kind.PULSE_RATE, level="yellow", above=110, clear=105, usual=78),
    ),
)

PERSON = PlanPerson(
    sex="female", birth_year=1955, height_cm=161, equation="GLI Global 2022",
    fev1_best=Best(value=1.4, setting="home"), pef_best=Best(value=300, setting="home"),
)  # fmt: skip

NAMES = (
    "Kari Nordmann", "Ola Hansen", "Ingrid Ødegård", "Per-Arne Sætre", "Marit Ánná Eira", "Bjørn Åsheim",
    "Anne-Lise Marie Kristoffersen-Haugland av Østre Slidre", "فاطمة الزهراء", "Solveig Ås", "Jon Li",
)  # fmt: skip


def reading(kind: Kind, value: float, measured_at: datetime, *, late_s: float = 4.0, **more) -> Reading:
    """Return a real reading, measured then and heard `late_s` later."""
    heard = Heard("00:1C:05:FF:00:01", "nonin_3230", measured_at + timedelta(seconds=late_s), OSLO)
    device_time = measured_at.astimezone(OSLO).replace(tzinfo=None)
    return reading_of(kind, value, heard, device_time=device_time, **more)


def alert(
    level: Level, values: tuple[float, ...], at: datetime, *, change: Change = "opened", limit: float = 85
) -> Alert:
    """Return an alert on oxygen saturation."""
    because = Because(Kind.SPO2, values, "below", limit, limit + 3, 91)
    return Alert(f"a-{level}", f"spo2_{level}", level, change, "spo2 low", because, 3, ("r1",), at)


@dataclass
class SomeWard:
    """Views over lists, and a change that tests can make happen."""

    persons: list[Person] = field(default_factory=list)
    states: dict[str, HomeState] = field(default_factory=dict)
    kept: dict[str, list[KeptReading]] = field(default_factory=dict)
    opened: list[OpenAlert] = field(default_factory=list)
    closed: list[OpenAlert] = field(default_factory=list)
    unread: list[Quarantined] = field(default_factory=list)
    wrong: list[OpenTrouble] = field(default_factory=list)
    in_force: Plan = PLAN
    written: WrittenPlan | None = None
    said: dict[str, Told] = field(default_factory=dict)
    acts: list[Handled] = field(default_factory=list)
    seen: list[Look] = field(default_factory=list)
    counted: tuple[Counted, ...] = ()
    periods: list[Period] = field(default_factory=list)
    follow: dict[str, HandoverState] = field(default_factory=dict)
    taking_part: tuple[Organisation, ...] = (
        Organisation("sykehuset", "Sykehuset Innlandet", "hospital"),
        Organisation("ringsaker", "Ringsaker kommune", "municipality"),
    )
    _waiting: list[asyncio.Future[None]] = field(default_factory=list)

    async def people(self):
        """Everyone, by name."""
        return tuple(sorted(self.persons, key=lambda person: person.name))

    async def let_in(self, need, who, home, now):
        """Nobody logs in at a ward in memory; who really may see what is tried over real tables."""
        if home in self.states:
            self.seen.append(Look(home, who, need.what, now))
        return Admission(Verdict.ADMITTED)

    async def looks(self, home, *, count_max=200):
        """Who looked."""
        return tuple(each for each in reversed(self.seen) if each.home == home)[:count_max]

    async def home_state(self, home):
        """How one home stands."""
        return self.states.get(home)

    async def readings(self, home, *, kind=None, setting="home", since=None, count_max=500):
        """Readings by measured_at, newest last: of one kind and setting, or all."""
        found = [
            kept
            for kept in self.kept.get(home, [])
            if (kind is None or kept.reading.series == series_name(kind, setting))
            and (since is None or kept.reading.measured_at >= since)
        ]
        return tuple(sorted(found, key=lambda kept: kept.reading.measured_at)[-count_max:])

    async def listed(self, homes, kinds, since):
        """What the list shows of each home."""
        return {home: await self._listed(home, kinds, since) for home in homes}

    async def _listed(self, home, kinds, since):
        newest = {kind: await self.readings(home, kind=kind, count_max=1) for kind in kinds}
        latest = {kind: kept[0] for kind, kept in newest.items() if kept}
        spark = await self.readings(home, kind=Kind.SPO2, since=since)
        return Listed(await self.home_state(home), await self.plan(home), latest, spark)

    async def open_alerts(self, home=None):
        """Red before yellow, oldest first."""
        mine = [each for each in self.opened if home in (None, each.home)]
        return tuple(sorted(mine, key=lambda each: (each.alert.level != "red", each.alert.at)))

    async def handled(self):
        """What was done, oldest first."""
        return tuple(sorted(self.acts, key=lambda each: each.at))

    async def keep_handled(self, each):
        """Keep one act."""
        self.acts.append(each)

    def notify(self, _home):
        """Something has changed."""
        self.change()

    async def organisations(self):
        """Who takes part."""
        return self.taking_part

    async def indicators(self, period):
        """The figures of what was counted: the same in every period, which is noted."""
        self.periods.append(period)
        return indicators(self.counted)

    async def handovers(self, home):
        """Where a home stands."""
        return self.follow.get(home)

    async def offers(self):
        """What waits for an answer."""
        waiting = [each.offer for each in self.follow.values() if each.offer is not None]
        return tuple(OpenOffer(one.home, one.accountable, one.organisation, one.until) for one in waiting)

    async def hand_over(self, command, now):
        """Step by one command."""
        if command.home not in self.follow:
            return None
        known = Known(
            frozenset(each.organisation for each in self.taking_part),
            frozenset(each.alert.id for each in self.opened if each.home == command.home),
        )
        stepped = step(self.follow[command.home], command, now, known)
        self.follow[command.home] = stepped.state
        return stepped

    async def alerts(self, home, *, count_max=100):
        """Every opening and closing, newest first."""
        mine = [each for each in (*self.opened, *self.closed) if each.home == home]
        return tuple(sorted(mine, key=lambda each: each.alert.at, reverse=True)[:count_max])

    async def plans(self, home):
        """The plan in force, and one that waits."""
        return Plans(await self.plan(home), NOW - timedelta(days=30), self.written)

    async def write_plan(self, _home, written):
        """Keep a plan, unless one of this version is known."""
        if written.plan.version <= (self.written.plan if self.written else self.in_force).version:
            return "older"
        self.written = written
        return None

    async def told(self, home):
        """What a home told besides."""
        return self.said.get(home, Told())

    async def quarantined(self, *, count_max=100):
        """What could not be read, newest first."""
        return tuple(self.unread[:count_max])

    async def troubles(self):
        """Technical alerts open now."""
        return tuple(self.wrong)

    async def figures(self, home):
        """Counts for one home."""
        return Figures(len(self.kept.get(home, [])), len(self.kept.get(home, [])), 1, 0, 0, 2, 0)

    async def plan(self, home):
        """The plan in force: the same for all who have sent anything."""
        return self.in_force if home in self.states else None

    async def wait(self):
        """Return at the next change."""
        mine = asyncio.get_running_loop().create_future()
        self._waiting.append(mine)
        await mine

    def change(self):
        """Something has changed: wake all who wait."""
        woken, self._waiting = self._waiting, []
        for each in woken:
            if not each.done():
                each.set_result(None)

    def enrol(self, home: str, name: str, birth_year: int = 1955, *, is_online: bool = True) -> None:
        """A person with a hub."""
        self.persons.append(Person(home, name, birth_year))
        last_at = NOW - timedelta(minutes=3)
        self.states[home] = HomeState(home, is_online, NOW - timedelta(hours=20), last_at, 40, 0)

    def keep(self, home: str, *readings: Reading) -> None:
        """Commit readings, a second after the hub received them."""
        mine = self.kept.setdefault(home, [])
        for each in readings:
            mine.append(
                KeptReading(each, len(mine) + 1, each.received_at + timedelta(seconds=1), each.received_at)
            )

    def open(self, home: str, *alerts: Alert) -> None:
        """Alerts that stand open."""
        self.opened.extend(OpenAlert(home, 900 + place, each) for place, each in enumerate(alerts))


def fortnight(values: tuple[float, ...], base_pulse: float = 78, weight_kg: float = 71.4) -> list[Reading]:
    """A morning's readings each day up to today, weight each third; one came late, one is weak."""
    made = []
    for back, value in enumerate(reversed(values)):
        at = NOW - timedelta(days=back, hours=1, minutes=48)
        late_s = 9_000.0 if back == 3 else 4.0
        quality = (Quality.DEMO,) if back == 6 else ()
        made.append(reading(Kind.SPO2, value, at, late_s=late_s, quality=quality))
        made.append(reading(Kind.PULSE_RATE, base_pulse + (back * 7) % 11, at))
        if back % 3 == 0:
            made.append(reading(Kind.BODY_WEIGHT, weight_kg + back * 0.1, at))
    return sorted(made, key=lambda each: each.measured_at)


def blows(
    back_days: float, *values: float, quality: tuple[Quality, ...] = (), person=PERSON
) -> list[Reading]:
    """A sitting so many days ago: each blow with FEV1, FVC, ratio and PEF, and what the hub derives."""
    made = []
    for minute, value in enumerate(values):
        at = NOW - timedelta(days=back_days, minutes=60 - minute)
        numbers = (
            (Kind.FEV1, value),
            (Kind.FVC, 2.4),
            (Kind.FEV1_FVC, round(value / 0.024, 1)),
            (Kind.PEF, 240),
        )
        for kind, number in numbers:
            source = reading(kind, number, at, quality=quality)
            made += [source, *derived(person, source)]
    return made


QUIET = (91, 92, 90, 91, 91, 92, 93, 91, 90, 91, 92, 91, 90, 91)
FALLING = (91, 92, 90, 91, 91, 92, 91, 90, 90, 89, 88, 87, 86, 84)


def one_ward() -> SomeWard:
    """Kari, who is red."""
    ward = SomeWard()
    ward.enrol("h0", "Kari Nordmann")
    ward.keep("h0", *fortnight(FALLING))
    ward.open("h0", alert("red", (84.0, 83.0), NOW - timedelta(hours=1, minutes=48)))
    return ward


def counted_ward() -> SomeWard:
    """Kari, and figures of two organisations; not one of them was handed over."""
    ward = one_ward()
    ward.counted = (
        ("sykehuset", "seen", Tally(2, 3, 1, {600: 1, 4_000: 1})),
        ("ringsaker", "seen", Tally(5, 5, 0, {60: 5})),
        ("ringsaker", "alerts", Tally(4, 60 * 86_400)),
        ("sykehuset", "downtime", Tally(7_200, 30 * 86_400)),
    )
    return ward


def blowing_ward() -> SomeWard:
    """Kari, who blows into a spirometer each second day, and once did so in a clinic."""
    ward = one_ward()
    ward.in_force = PLAN.model_copy(update={"person": PERSON})
    for back in range(12, 0, -2):
        ward.keep("h0", *blows(back, 1.25 + back / 100, 1.15 + back / 100))
    ward.keep("h0", *blows(0, 1.30, 1.24, 1.18))
    in_clinic = reading(Kind.FEV1, 1.52, NOW - timedelta(days=50))
    ward.keep("h0", replace(in_clinic, setting="clinic"))
    return ward


def full_ward(count: int = 80) -> SomeWard:
    """Eighty people: some need somebody, some are silent, some have technical trouble."""
    ward = SomeWard()
    for place in range(count):
        home = f"h{place}"
        name = NAMES[place % len(NAMES)] + (f" {place // len(NAMES) + 1}" if place >= len(NAMES) else "")
        ward.enrol(home, name, 1938 + place % 30, is_online=place % 17 != 5)
        ward.keep(home, *fortnight(FALLING if place % 19 == 0 else QUIET, 70 + place % 20, 55 + place))
        if place % 19 == 0:
            ward.open(home, alert("red", (84.0, 83.0), NOW - timedelta(hours=1 + place)))
        if place % 23 == 6:
            ward.open(home, alert("yellow", (87.0,), NOW - timedelta(hours=3 * place), limit=88))
    ward.persons.append(Person("never", "Nils Uten Hub", 1949))
    ward.states["h11"] = HomeState("h11", True, NOW, NOW, 40, 3)
    ward.unread.append(
        Quarantined(1, "h12", None, "bytes that are no batch", b"\x00", NOW - timedelta(hours=2))
    )
    return ward
