"""The story that the demo tells: an exacerbation, a cut line, a hand-over, and nothing is missing."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import partial
from random import Random
from zoneinfo import ZoneInfo

from cloud_bridge.backend.sharing import Organisation
from cloud_bridge.broker import UplinkError
from devices.codecs.taidoc import Moment
from simulators.home import Home
from simulators.internet import Internet
from simulators.patient import Body, Patient
from simulators.peripherals.pulse_oximeter import PulseOximeterTwin
from simulators.peripherals.taidoc import TaiDocTwin
from simulators.peripherals.weight_scale import WeightScaleTwin
from simulators.radio.host import TwinHost
from simulators.story_clock import StoryClock
from simulators.transfer import HOSPITAL, MUNICIPALITY, Transfer
from simulators.ward import Ward

DAYS = 16
WORST_DAY = 6
CUT_DAYS = (5, 4)
"""Days before today: when Kari is worst, and when her line is cut."""

OFFER_DAY, ACCEPT_DAY, SWAP_DAY = 5, 4, 3
"""Offered and accepted while her line is cut; then the municipality brings its own oximeter."""

MORNING = time(7, 30)
ARRIVAL_TIMEOUT_S = 20.0
LOOK_AGAIN_S = 0.1
OSLO = ZoneInfo("Europe/Oslo")


def patients(today: date) -> tuple[Patient, ...]:
    """Return the people of the story; all made up."""
    worst = today - timedelta(days=WORST_DAY)
    return (
        Patient("Kari N.", 1955, 91, 82, 62.0, worst_day=worst),
        Patient("Ola H.", 1960, 93, 76, 84.0),
        Patient("Solveig B.", 1948, 92, 79, 55.5),
    )


Oximeter = PulseOximeterTwin | TaiDocTwin


@dataclass(slots=True)
class Household:
    """One home of the story, with whom it belongs to and the line that can be cut.

    `finger` is the oximeter in use: the one the home began with, or the newcomer of another maker.
    """

    patient: Patient
    home: Home
    oximeter: TwinHost
    scale: TwinHost
    newcomer: TwinHost
    internet: Internet
    finger: Oximeter

    @property
    def twins(self) -> tuple[Oximeter | WeightScaleTwin, ...]:
        """All devices that have ever been in use here."""
        first = self.home.parts.oximeter
        return (first, self.home.parts.scale, *(() if self.finger is first else (self.finger,)))

    def measure(self, local: datetime, spo2: float, pulse_bpm: float) -> None:
        """Measure with the oximeter in use, by its own clock."""
        if isinstance(self.finger, TaiDocTwin):
            self.finger.clock = Moment(local.year, local.month, local.day, local.hour, local.minute)
            self.finger.measure(local, round(spo2), round(pulse_bpm))
        else:
            self.finger.measure(local, spo2, pulse_bpm)


@dataclass(frozen=True, slots=True)
class Stage:
    """Everything that the story moves."""

    clock: StoryClock
    households: tuple[Household, ...]
    ward: Ward
    transfer: Transfer
    dice: Random
    pace_s: float
    say: Callable[[str], None]
    said: set[tuple[str, int]] = field(default_factory=set)


async def tell(stage: Stage, today: date) -> None:
    """Tell the story from its first day to this morning."""
    for one in stage.households:
        await _knows(stage, one, HOSPITAL)
    for days_ago in range(DAYS - 1, -1, -1):
        day = today - timedelta(days=days_ago)
        await _at_least(stage.pace_s, partial(_day, stage, day, days_ago))
    stage.say("the story is over: everything measured has a receipt")


async def _day(stage: Stage, day: date, days_ago: int) -> None:
    stage.clock.jump_to(datetime.combine(day, MORNING, OSLO))
    kari = stage.households[0]
    if days_ago == CUT_DAYS[0]:
        stage.say(f"{_said(day)}  the internet at {kari.patient.name} is cut")
        kari.internet.set_cut(True)
    if days_ago == SWAP_DAY:
        _swap(stage, kari, day)
    for household in stage.households:
        await _measure(stage, household, day)
    await _arrived(stage)
    await _say_alerts(stage, kari)
    await _hand_over(stage, kari, day, days_ago)
    if days_ago == CUT_DAYS[-1]:
        waiting = kari.home.hub.store.waiting
        stage.say(f"{_said(day)}  the line is mended; {waiting} entries waited on the hub, none is lost")
        kari.internet.set_cut(False)
        await _arrived(stage)
        await _say_alerts(stage, kari)
        await _knows(stage, kari, MUNICIPALITY)


async def _hand_over(stage: Stage, one: Household, day: date, days_ago: int) -> None:
    """Offer on one day and accept on the next; the home hears of neither while its line is cut."""
    home = one.home.parts.home
    if days_ago == OFFER_DAY:
        reasons = await stage.transfer.offer(home, one.home.hub.pipeline.plan.version)
        told = f"; open and moving along: {', '.join(reasons)}" if reasons else ""
        stage.say(f"{_said(day)}  {HOSPITAL.name} offers {one.patient.name} to {MUNICIPALITY.name}{told}")
    if days_ago == ACCEPT_DAY:
        await stage.transfer.accept(home)
        stage.say(f"{_said(day)}  {MUNICIPALITY.name} accepts and is accountable from this instant;")
        stage.say(f"            {one.patient.name}'s home is cut off and will hear of it later")


async def _knows(stage: Stage, one: Household, organisation: Organisation) -> None:
    """Wait until the home has heard who is accountable."""
    known = one.home.hub.responsible
    with stage.ward.changes.subscribe() as news:
        async with asyncio.timeout(ARRIVAL_TIMEOUT_S):
            while known.known is None or known.known.organisation != organisation.organisation:
                await news.wait()  # the home says in its log what it has learnt
    await _arrived(stage)
    stage.say(f"            the home knows it: {known.known.name} follows {one.patient.name}")


def _swap(stage: Stage, one: Household, day: date) -> None:
    """Let the municipality's oximeter take over; the series goes on."""
    assert isinstance(one.newcomer.twin, TaiDocTwin)
    before, one.finger, one.oximeter = one.finger, one.newcomer.twin, one.newcomer
    names = f"{before.name} → {one.finger.name}"
    stage.say(f"{_said(day)}  {one.patient.name} gets another maker's oximeter: {names}")


async def _measure(stage: Stage, household: Household, day: date) -> None:
    """Let one person measure; who feels ill measures twice."""
    body = household.patient.body(day, stage.dice)
    parts = household.home.parts
    local = stage.clock.now().astimezone(OSLO)
    household.measure(local, body.spo2, body.pulse_bpm)
    parts.scale.measure(local, body.weight_kg)
    if household.patient.illness(day) > 0:
        household.measure(local + timedelta(minutes=4), body.spo2, body.pulse_bpm + 1)
        stage.clock.jump_to(local + timedelta(minutes=5))
    stage.say(f"{_said(day)}  {household.patient.name:<11} measures {_values(body)}")
    await household.oximeter.refresh()
    await household.scale.refresh()


async def _arrived(stage: Stage) -> None:
    """Wait until every home has told its hub, and every connected hub its ward."""
    try:
        async with asyncio.timeout(ARRIVAL_TIMEOUT_S):
            await _settled(stage)
    except TimeoutError:
        raise UplinkError(f"the story stands still: {_what_waits(stage)}") from None


async def _settled(stage: Stage) -> None:
    with stage.ward.changes.subscribe() as news:
        while not all(_is_settled(household) for household in stage.households):
            # A hub that is cut off gives the ward no news: look again by ourselves, too.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_AGAIN_S):
                    await news.wait()


def _what_waits(stage: Stage) -> str:
    """Say where the story stands still, and what the road there says of itself."""
    waits = []
    for one in (one for one in stage.households if not _is_settled(one)):
        hub = one.home.hub
        in_devices = sum(twin.memory.waiting_count for twin in one.twins)
        on_hub = hub.store.waiting
        problem = hub.carrier.road.problem or hub.radio_problem or "no problem known"
        waits.append(f"at {one.patient.name} {in_devices} in devices, {on_hub} on the hub ({problem})")
    return f"after {ARRIVAL_TIMEOUT_S:g} s there still wait {'; '.join(waits)}"


async def _say_alerts(stage: Stage, household: Household) -> None:
    """Say what has opened or closed at the ward since we last looked."""
    changes = await stage.ward.tables.alerts(household.home.parts.home)
    for seen in reversed(changes):
        if (seen.home, seen.seq) not in stage.said:
            stage.said.add((seen.home, seen.seq))
            mark = {"red": "[bold red]▲ RED[/]", "yellow": "[bold yellow]◆ YELLOW[/]"}[seen.alert.level]
            stage.say(f"            {mark} {seen.alert.change} at the ward: {seen.alert.reason}")


def _is_settled(household: Household) -> bool:
    home = household.home
    is_told = not any(twin.memory.waiting_count for twin in household.twins)
    is_carried = household.internet.is_cut or home.hub.store.cursor == home.hub.store.highest
    return is_told and is_carried


async def _at_least(seconds: float, act: Callable[[], Awaitable[None]]) -> None:
    """Give the eye time to follow."""
    async with asyncio.TaskGroup() as both:
        both.create_task(asyncio.sleep(seconds))
        await act()


def _said(day: date) -> str:
    return f"{day:%a} {day.day:>2} {day:%b}"


def _values(body: Body) -> str:
    return f"SpO₂ {body.spo2:.0f} %, pulse {body.pulse_bpm:.0f}, weight {body.weight_kg:.1f} kg"
