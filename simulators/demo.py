"""The whole line in one process: a virtual room, three hubs, the internet, a broker, the ward and a story."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack, closing
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from socket import socket
from tempfile import TemporaryDirectory
from typing import NamedTuple

import orjson
from fastapi import FastAPI

from cloud_bridge.backend.app import LogsIn, ward_app
from cloud_bridge.backend.views import Person
from cloud_bridge.broker_access import BrokerSettingsError, parse_url
from cloud_bridge.contract.plan import Plan
from cloud_bridge.look.serve import address, listen, serve
from cloud_bridge.mqtt import PahoBroker
from cloud_bridge.program import utc_now
from cloud_bridge.settings import COMMAND_LINE, SettingsError, load_plan
from gateway.quiet import quiet_libraries
from gateway.view import View
from gateway.web.app import hub_app
from simulators.broker import SmallBroker
from simulators.home import Home, HomeParts
from simulators.internet import Internet
from simulators.listeners import Listeners
from simulators.logins import demo_login
from simulators.patient import Patient
from simulators.peripherals.pulse_oximeter import PulseOximeterTwin
from simulators.peripherals.taidoc import TaiDocTwin
from simulators.peripherals.weight_scale import WeightScaleTwin
from simulators.radio.air import Air
from simulators.radio.backend import air_radio
from simulators.radio.host import hosted
from simulators.story import DAYS, MORNING, OSLO, Household, Stage, patients, tell
from simulators.story_clock import StoryClock
from simulators.tally import Summary, Tally
from simulators.transfer import Transfer
from simulators.ward import Ward

BACKOFF_S_MAX = 0.5
COOL_DOWN_S = 0.1
ADVERTISING_MS = 20.0
"""The story runs fast, and so does its patience; a real hub waits longer."""

WARD_NAME = "ward"
"""What a broker with an access list, such as config/mosquitto.acl, knows the ward by."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a person may choose about the demo."""

    plan_file: Path
    ward_port: int
    hub_port: int
    login_port: int
    is_until_done: bool
    json_file: Path | None
    fhir_folder: Path | None
    seed: int
    pace_s: float
    broker_url: str | None = None


class Pages(NamedTuple):
    """The sockets of the pages that the demo serves."""

    ward: socket
    hub: socket
    login: socket


async def demo(wishes: Wishes, say: Say) -> int:
    """Play the story and return the exit code: 0 when nothing is missing."""
    quiet_libraries()
    plan = load_plan(wishes.plan_file)
    await _check(wishes)
    with (
        closing(listen("127.0.0.1", wishes.ward_port)) as ward_page,
        closing(listen("127.0.0.1", wishes.hub_port)) as hub_page,
        closing(listen("127.0.0.1", wishes.login_port)) as login_page,
    ):
        pages = Pages(ward_page, hub_page, login_page)
        _greet(pages, say)
        summary = await _play(wishes, plan, pages, say)
    return 0 if summary.is_whole else 1


async def _play(wishes: Wishes, plan: Plan, pages: Pages, say: Say) -> Summary:
    """Build everything, tell the story, count, and take everything down again."""
    today = utc_now().astimezone(OSLO).date()
    begins_at = datetime.combine(today - timedelta(days=DAYS), MORNING, OSLO)
    clock = StoryClock(begins_at, asyncio.get_running_loop().time)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="pusterom-demo-")))
        url = wishes.broker_url or await _small_broker(stack)
        house = _House(stack, folder, clock, dice=Random(wishes.seed), plan=plan, url=url)
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        tally, ward = Tally(), house.ward(tasks)
        households = [await house.move_in(n, who, tally, tasks) for n, who in enumerate(patients(today))]
        await _enrol(ward, households)
        transfer = Transfer(lambda: ward.tables, clock.now, ward.decided)
        await transfer.begin(tuple(one.home.parts.home for one in households))
        listeners = Listeners(lambda user: PahoBroker(url, username=user), lambda: ward.tables, clock.now)
        ward.on_told = listeners.streamed.note
        login, login_site = await demo_login(stack, ward.tables, pages.ward, pages.login)
        sites = (_ward_site(ward, clock, login), hub_app(View(households[0].home.hub), OSLO), login_site)
        helping = [tasks.create_task(work) for work in (tally.watch(ward), listeners.run())]
        helping += [tasks.create_task(serve(*each)) for each in zip(sites, pages, strict=True)]
        # Dice of its own: the hubs' jitter must not change what people measure.
        stage = Stage(clock, tuple(households), ward, transfer, Random(wishes.seed), wishes.pace_s, say)
        await tell(stage, today)
        twins = [twin for one in households for twin in one.twins]
        homes = [one.home for one in households]
        summary = await tally.summary(homes, twins, ward, await listeners.heard())
        _report(summary, wishes, say)
        if (out := wishes.fhir_folder) is not None:
            say(f"{listeners.write(out)} resources are in {out}")
        if not wishes.is_until_done:
            say("the pages stay up until Ctrl-C")
            await asyncio.Event().wait()
        for task in helping:
            task.cancel()
        for one in households:
            await one.home.unplug()
        await ward.unplug()
    return summary


async def _check(wishes: Wishes) -> None:
    """Raise what would otherwise be found in the middle of the story, or at its end."""
    if wishes.json_file is not None and not wishes.json_file.parent.is_dir():
        hint = f"{wishes.json_file.parent} is no folder; name one that is."
        raise SettingsError(COMMAND_LINE, "--json", hint)
    if wishes.fhir_folder is not None:
        _assert_empty(wishes.fhir_folder)
    if (url := wishes.broker_url) is not None:
        try:
            is_tls = parse_url(url).is_tls
        except BrokerSettingsError as error:
            raise SettingsError(COMMAND_LINE, "--broker", str(error)) from error
        if is_tls:
            hint = "the demo's internet forwards plain MQTT only; write mqtt://host:port."
            raise SettingsError(COMMAND_LINE, "--broker", hint)
        async with PahoBroker(url, username=WARD_NAME).session("pusterom-demo"):
            pass  # it answers


def _assert_empty(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        is_empty = not any(folder.iterdir())
    except OSError as error:
        raise SettingsError(
            COMMAND_LINE, "--fhir-out", f"{folder}: {error.strerror}; name another."
        ) from error
    if not is_empty:
        hint = f"{folder} holds something; name a folder that is empty or new."
        raise SettingsError(COMMAND_LINE, "--fhir-out", hint)


async def _small_broker(stack: AsyncExitStack) -> str:
    return f"mqtt://127.0.0.1:{await stack.enter_async_context(SmallBroker().listening())}"


def _greet(pages: Pages, say: Say) -> None:
    say("[bold]Pusterom[/bold]: three homes, a broker and a ward on this machine; nothing leaves it")
    say(f"  ward page  {address(pages.ward)}  the work list of hospital and municipality; choose who you are")
    say(f"  hub page   {address(pages.hub)}  what Kari sees at home")


def _ward_site(ward: Ward, clock: StoryClock, login: LogsIn) -> FastAPI:
    return ward_app(ward.tables, ward.changes, clock.now, OSLO, login=login, on_decided=ward.decided)


async def _enrol(ward: Ward, households: list[Household]) -> None:
    for one in households:
        await ward.tables.enrol(Person(one.home.parts.home, one.patient.name, one.patient.birth_year))


class _House:
    """Builds the homes of the story, one by one."""

    def __init__(
        self, stack: AsyncExitStack, folder: Path, clock: StoryClock, *, dice: Random, plan: Plan, url: str
    ) -> None:
        self.dice = dice
        self._url = url
        self._stack = stack
        self._folder = folder
        self._clock = clock
        self._plan = plan

    def ward(self, tasks: asyncio.TaskGroup) -> Ward:
        """Give the homes their ward, which runs."""
        broker = PahoBroker(self._url, username=WARD_NAME)
        url = f"sqlite:///{self._folder / 'ward.db'}"
        ward = Ward(url, broker, now=self._clock.now, dice=self.dice, tasks=tasks)
        ward.boot()
        return ward

    async def move_in(
        self, number: int, patient: Patient, tally: Tally, tasks: asyncio.TaskGroup
    ) -> Household:
        """Give a patient a home: an air of its own, two devices, a line and a hub that runs."""
        home = f"{self.dice.getrandbits(64):016x}"
        far = parse_url(self._url)
        internet = Internet(far.host, far.port)
        line = await self._stack.enter_async_context(internet.open())
        oximeter = PulseOximeterTwin(f"F0:00:00:00:0A:{number:02X}", is_secured=True)
        scale = WeightScaleTwin(f"F0:00:00:00:0B:{number:02X}")
        newcomer = TaiDocTwin(f"F0:00:00:00:0C:{number:02X}")
        for twin in (oximeter, scale, newcomer):
            twin.memory.on_told = tally.told(twin.address, lambda: internet.is_cut)
        air = Air()
        on_air = hosted(air, (oximeter, scale, newcomer), interval_ms=ADVERTISING_MS)
        first, scale_host, second = await self._stack.enter_async_context(on_air)
        folder = self._folder / home
        parts = HomeParts(
            home=home,
            folder=folder,
            oximeter=oximeter,
            scale=scale,
            radio=air_radio(air),
            broker=PahoBroker(f"mqtt://127.0.0.1:{line}", username=home),
            plan=patient.individual(self._plan),
            now=self._clock.now,
            timezone=OSLO,
            dice=self.dice,
            backoff_s_max=BACKOFF_S_MAX,
            cool_down_s=COOL_DOWN_S,
        )
        lived_in = Home(parts, tasks)
        lived_in.boot()
        return Household(patient, lived_in, first, scale_host, second, internet, oximeter)


def _report(summary: Summary, wishes: Wishes, say: Say) -> None:
    for name, value in asdict(summary).items():
        say(f"  {name:<34} {value}")
    say(
        "nothing is missing, nothing is doubled"
        if summary.is_whole
        else "THIS IS NOT WHOLE: please report it"
    )
    if wishes.json_file is not None:
        wishes.json_file.write_bytes(orjson.dumps(asdict(summary), option=orjson.OPT_INDENT_2) + b"\n")
