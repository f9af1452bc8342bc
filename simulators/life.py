"""What befalls a world: hard days, drawn from its dice, then a quiet one in which everything can arrive."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from datetime import datetime
from typing import Any

from cloud_bridge.contract.answers import Answer, Question, answer_id
from gateway.pipeline import UnkeptError
from simulators.cutting_disk import KEEPS, power_cut
from simulators.fate import Unkindness
from simulators.follow_up import People
from simulators.hardship import KIND
from simulators.home import Home
from simulators.loop import SimLoop
from simulators.mishaps import fill, jump, settle
from simulators.patient import Body, Patient
from simulators.virtual_disk import ROOMY_BYTES
from simulators.virtual_faults import NO_FAULTS
from simulators.world import OSLO, PATIENTS, World

ROTATION_STEPS = 27
"""About so many steps has a rotation on the disk; one beyond the last is a rotation that is not cut."""

DAY_S = 86400.0
HOUR_S = 3600.0
MEASURES_PER_DAY = 6.0
ANSWERS_PER_DAY = 2.0

Trouble = Coroutine[Any, Any, None]


class Life:
    """One world's life."""

    patients = PATIENTS

    def __init__(self, world: World) -> None:
        self.world = world
        self._dice = world.dice
        self._people = People(world)
        world.on_air = self._heard
        world.on_confirmed = self._confirmed
        world.ward.on_commit = self._ward_committed

    async def live(self, days: float) -> None:
        """Let so many hard days pass, then a quiet one, in which everything can arrive."""
        self.world.boot_ward()
        for home in self.world.homes:
            self._boot(home)
        self._cut_at_some_step()
        async with asyncio.TaskGroup() as lives:
            running = [lives.create_task(trouble) for trouble in self.troubles()]
            await asyncio.sleep(days * DAY_S)
            for trouble in running:
                trouble.cancel()
        self._calm()
        await asyncio.sleep(DAY_S)

    def troubles(self) -> list[Trouble]:
        """Return everything that befalls this world, each as it goes on until it is cancelled."""
        hard = self.world.hardship
        troubles = [
            self._again(hard.broker_restarts_per_day, self._restart_broker),
            self._again(hard.ward_cuts_per_day, self._cut_ward, HOUR_S),
            self._again(hard.ward_absences_per_day, self._cut_ward, DAY_S),
        ]
        for home, patient in zip(self.world.homes, self.patients, strict=True):
            troubles += self._troubles_at(home)
            troubles.append(self._again(MEASURES_PER_DAY, self._measure, home, patient))
        return troubles

    def _troubles_at(self, home: Home) -> list[Trouble]:
        hard = self.world.hardship
        befall: tuple[tuple[float, Callable[[Home], Awaitable[None]]], ...] = (
            (hard.hub_cuts_per_day, self._cut_hub),
            (hard.outages_per_day, self._cut_road),
            (hard.walks_per_day, self._walk),
            (hard.disk_fills_per_day, self._fill_disk),
            (hard.disk_refusals_per_day, self._refuse_writes),
            (hard.clock_jumps_per_day, self._jump_clock),
            (hard.backups_per_day, self._back_up),
            (hard.plans_per_day, self._people.write_plan),
            (hard.handovers_per_day, self._people.hand_over),
            (ANSWERS_PER_DAY, self._answer),
        )
        return [self._again(per_day, act, home) for per_day, act in befall]

    async def _again(self, per_day: float, act: Any, *about: Any) -> None:  # noqa: ANN401 - any of the acts below
        while per_day:
            await asyncio.sleep(self._dice.expovariate(per_day / DAY_S))
            await act(*about)

    async def _about(self, mean_s: float) -> None:
        await asyncio.sleep(self._dice.expovariate(1 / mean_s))

    async def _measure(self, home: Home, patient: Patient) -> None:
        local = self.world.now().astimezone(OSLO)
        body = patient.body(local.date(), self._dice)
        self.world.note("measured", home.parts.home, body)
        self.measure(home, local, body)
        if self._dice.random() < 0.4:
            home.parts.scale.measure(local, body.weight_kg)

    async def check(self) -> dict[str, int]:
        """Assert what must hold of this life besides the laws of every life; return figures."""
        return {}

    def measure(self, home: Home, local: datetime, body: Body) -> None:
        """Measure with the oximeter in use."""
        home.parts.oximeter.measure(local, body.spo2, body.pulse_bpm)

    async def _answer(self, home: Home) -> None:
        """Let the patient answer a question; what the hub says it has kept is written down."""
        if not home.is_powered:
            return
        at, value = home.hub.now().astimezone(OSLO), float(self._dice.choice((-1, 0, 1)))
        id_ = answer_id(Question.COUGH, value, at)
        answer = Answer(id=id_, question=Question.COUGH, value=value, answered_at=at, received_at=at)
        with suppress(UnkeptError):
            home.hub.pipeline.answer([answer])
            self.world.answered[home.parts.home].add(id_)

    # Power.

    def _boot(self, home: Home) -> None:
        has_clock = self._dice.random() >= self.world.hardship.no_clock_at_boot
        self.world.boot(home, has_clock=has_clock)

    async def _cut_hub(self, home: Home) -> None:
        if home.is_powered:
            await self._dark(home, self.world.cut(home))

    async def _dark(self, home: Home, dying: asyncio.Task[None]) -> None:
        await asyncio.wait({dying})
        await self._about(600)
        if not home.is_powered:
            self._rotate_key(home)
            self._mistreat(home)
            self._boot(home)

    def _mistreat(self, home: Home) -> None:
        """Now and then somebody copies the card while the hub is off, or worse."""
        hard, card = self.world.hardship, self.world.cards[home.parts.home]
        if self._dice.random() < hard.card_copied_in_the_dark:
            card.copy()
        if self._dice.random() < hard.card_suffers_in_the_dark:
            self.world.note(card.suffer(self._dice), home.parts.home)

    async def _back_up(self, home: Home) -> None:
        if home.is_powered and self.world.refusals[home.parts.home].since_s is None:
            self.world.note("backup", home.parts.home)
            self.world.cards[home.parts.home].back_up()

    def _rotate_key(self, home: Home) -> None:
        """Now and then somebody rotates the key while the hub is off, and the power goes in between."""
        hard = self.world.hardship
        if self._dice.random() >= hard.key_rotated_in_the_dark:
            return
        self.world.note("key rotated", home.parts.home)
        is_cut = self._dice.random() < hard.key_rotation_cut
        step = self._dice.randint(1, ROTATION_STEPS) if is_cut else 0
        folders = (home.parts.folder, home.parts.folder.parent)
        with power_cut(folders, at_step=step, keeps=self._dice.choice(KEEPS)):
            home.rotate_key()

    def _cut_now(self, home: Home) -> None:
        if home.is_powered:
            self.world.tasks.create_task(self._dark(home, self.world.cut(home)))

    async def _cut_soon(self, cut: Any, *what: Any) -> None:  # noqa: ANN401 - one of the cuts here
        await asyncio.sleep(self._dice.choice((0.0, self._dice.uniform(0, 1))))
        await cut(*what)

    def _heard(self, home: Home, word: str) -> None:
        """Let the power go, now and then, in the middle of a visit."""
        if word == "connected" and self._dice.random() < self.world.hardship.hub_cut_in_visit:
            self.world.tasks.create_task(self._cut_soon(self._cut_hub, home))

    def _confirmed(self, home: Home) -> None:
        """Let power or disk go, now and then, before what the radio has confirmed can be committed."""
        if home.is_powered and self._dice.random() < self.world.hardship.hub_cut_at_confirm:
            self._cut_now(home)
        elif home.is_powered and self._dice.random() < self.world.hardship.disk_refuses_at_confirm:
            self.world.tasks.create_task(self._refuse_writes(home))

    def _cut_at_some_step(self) -> None:
        """Let the power go between two awaits, wherever a hub's program then stands; and so on."""
        loop, steps = asyncio.get_running_loop(), self.world.hardship.steps_to_a_cut
        if isinstance(loop, SimLoop) and steps:
            loop.after_steps(self._dice.randint(1, steps), self._cut_at_this_step)

    def _cut_at_this_step(self) -> None:
        if self.world.hardship.steps_to_a_cut:
            self._cut_now(self._dice.choice(self.world.homes))
        self._cut_at_some_step()

    async def _cut_ward(self, mean_s: float) -> None:
        if self.world.ward.is_powered:
            await self.world.cut_ward()
            await self._about(mean_s)
            self.world.boot_ward()

    def _ward_committed(self, home: str) -> None:
        """Let the power go, now and then, between the ward's commit and its receipt."""
        self.world.ward.changes.notify(home)
        if self._dice.random() < self.world.hardship.ward_cut_at_commit:
            self.world.tasks.create_task(self._cut_soon(self._cut_ward, HOUR_S))

    # Roads, rooms, disks and clocks.

    async def _cut_road(self, home: Home) -> None:
        self.world.note("outage", home.parts.home)
        self.world.set_road(home.parts.home, is_reachable=False)
        await self._about(2 * HOUR_S)
        self.world.set_road(home.parts.home, is_reachable=True)

    async def _restart_broker(self) -> None:
        self.world.note("broker restarts")
        self.world.set_broker(is_reachable=False)
        if self._dice.random() < 0.5:
            self.world.broker.forget()
        await self._about(300)
        self.world.set_broker(is_reachable=True)

    async def _walk(self, home: Home) -> None:
        """Carry a device out of the house for a while."""
        address = self._dice.choice((home.parts.oximeter.address, home.parts.scale.address))
        self.world.radios[home.parts.home].set_in_range(address, False)
        await self._about(HOUR_S / 2)
        self.world.radios[home.parts.home].set_in_range(address, True)

    async def _fill_disk(self, home: Home) -> None:
        self.world.note("disk full", home.parts.home)
        await fill(home.parts.disk, self._dice)

    async def _refuse_writes(self, home: Home) -> None:
        self.world.note("disk refuses", home.parts.home)
        await self.world.refusals[home.parts.home].refuse(home, self._dice)

    async def _jump_clock(self, home: Home) -> None:
        self.world.note("clock jumps", home.parts.home)
        await jump(self.world.boxes[home.parts.home][-1], self._dice)

    def _calm(self) -> None:
        """End every trouble: a quiet day begins."""
        world = self.world
        world.hardship = KIND
        world.set_broker(is_reachable=True)
        for name, road in world.roads.items():
            road.set_faults(NO_FAULTS)
            world.set_road(name, is_reachable=True)
        for home in world.homes:
            self._calm_home(home)
        world.boot_ward()

    def _calm_home(self, home: Home) -> None:
        name = home.parts.home
        settle(self.world.boxes[name][-1])
        home.parts.disk.left_bytes = ROOMY_BYTES
        self.world.refusals[name].end(home)
        self.world.radios[name].unkindness = Unkindness()
        for twin in home.parts.twins:
            self.world.radios[name].set_in_range(twin.address, True)
        if not home.is_powered:
            self._boot(home)
