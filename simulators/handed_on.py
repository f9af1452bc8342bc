"""The demo's story under hard days: handed over in an exacerbation and an outage, to another device."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from itertools import pairwise

from cloud_bridge.contract.bodies import reading_body, reading_from
from cloud_bridge.contract.entries import Entry, EntryKind
from cloud_bridge.contract.plan import Plan
from cloud_bridge.fhir.naming import id_of
from devices.codecs.taidoc import Moment
from devices.kinds import Kind
from gateway.judged_anew import judged_anew
from simulators.hardship import HARD
from simulators.home import Home
from simulators.life import HOUR_S, Life, Trouble
from simulators.patient import Body
from simulators.streamed import LATE
from simulators.transfer import HOSPITAL, SEEN_FOR, Sampled, Transfer
from simulators.world import PATIENTS, World

STORY = replace(HARD, handovers_per_day=0, plans_per_day=0, outages_per_day=0, card_suffers_in_the_dark=0)
"""Hard days, in which nobody but the story hands over, cuts the line, or puts another card in."""

LOOK_EVERY_S = 600.0
MANY = 10**6

Opened = tuple[str, str, datetime]
"""Rule, level and moment of an alert that opened."""


class HandedOn(Life):
    """A hospital offers its patient while an alert is open; a municipality accepts while the line is cut."""

    patients = (PATIENTS[0], replace(PATIENTS[1], worst_day=PATIENTS[0].worst_day))

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._home = world.dice.choice(world.homes)  # one has single limits, one every rule
        self._transfer = Transfer(lambda: world.ward.tables, world.now)
        self._sampled = Sampled()
        self._has_swapped = False
        self._accepted_at: datetime | None = None
        self._sees_until = world.now()
        self._moved: set[str] = set()

    def troubles(self) -> list[Trouble]:
        """Return what befalls every life, and the story."""
        return [*super().troubles(), self._tell(), self._sample()]

    def measure(self, home: Home, local: datetime, body: Body) -> None:
        """Measure with the oximeter in use; the newcomer knows whole minutes and whole numbers."""
        newcomer = home.parts.newcomer
        if home is not self._home or not self._has_swapped or newcomer is None:
            super().measure(home, local, body)
            return
        newcomer.clock = Moment(local.year, local.month, local.day, local.hour, local.minute)
        newcomer.measure(local, round(body.spo2), round(body.pulse_bpm))

    async def check(self) -> dict[str, int]:
        """The story came to its end: one series, no alert from the swap, and a stream up to its end."""
        name, tables = self._home.parts.home, self.world.ward.tables
        assert self._accepted_at is not None, "the municipality never accepted"
        assert (self._sampled.least, self._sampled.most) == (1, 1), f"accountable: {self._sampled}"
        known = {each.alert.id for each in await tables.alerts(name, count_max=MANY)}
        assert self._moved <= known, "an alert that moved along is gone"
        swaps = await self._check_series()
        entries = self._home.hub.store.entries(after=0, count_max=10**9)
        plan = self._home.parts.plan
        false = _opened(entries, plan) - _opened(_of_one_device(entries), plan)
        assert not false, f"opened because another device measured: {false}"
        return {"handed_over": 1, "moved": len(self._moved), "swaps": swaps}

    async def _check_series(self) -> int:
        """One oximeter took over from the other; the hospital was told everything from before its end."""
        name = self._home.parts.home
        kept = await self.world.ward.tables.readings(name, kind=Kind.SPO2, count_max=MANY)
        devices = [each.reading.device for each in kept]
        swaps = sum(before != after for before, after in pairwise(devices))
        assert swaps == 1, f"{swaps} swaps: {devices}"
        told = self.world.streamed.newest(HOSPITAL.organisation)
        theirs = [each.reading.id for each in kept if each.committed_at < self._sees_until - LATE]
        untold = [id_ for id_ in theirs if ("Observation", id_of(name, "reading", id_)) not in told]
        assert not untold, f"{len(untold)} readings from before its end never went to the hospital"
        return swaps

    async def _tell(self) -> None:
        """Begin, wait for an alert, cut the line, offer, accept, mend it; bring the other oximeter."""
        dice, name = self._dice, self._home.parts.home
        await self._when_powered()
        await self._transfer.begin((name,))
        await self._until_an_alert()
        async with asyncio.TaskGroup() as tasks:
            outage = tasks.create_task(self._hold_cut())
            await asyncio.sleep(dice.uniform(0, 6 * HOUR_S))
            await self._offer()
            await asyncio.sleep(dice.uniform(0, 12 * HOUR_S))
            await self._accept()
            await asyncio.sleep(dice.uniform(0, 12 * HOUR_S))
            self._has_swapped = dice.random() < 0.5  # while the line is cut, or after
            await asyncio.sleep(dice.uniform(0, 6 * HOUR_S))
            outage.cancel()
        self.world.set_road(name, is_reachable=True)
        self._has_swapped = True

    async def _offer(self) -> None:
        await self._when_powered()
        name = self._home.parts.home
        self._moved = {each.alert.id for each in await self.world.ward.tables.open_alerts(name)}
        await self._transfer.offer(name, self._home.parts.plan.version)
        self._sees_until = self.world.now() + SEEN_FOR

    async def _accept(self) -> None:
        await self._when_powered()
        await self._transfer.accept(self._home.parts.home)
        self._accepted_at = self.world.now()
        self.world.note("accepted", self._home.parts.home, len(self._moved))

    async def _when_powered(self) -> None:
        while not self.world.ward.is_powered:  # noqa: ASYNC110 - a power cut tells nobody
            await asyncio.sleep(LOOK_EVERY_S)

    async def _until_an_alert(self) -> None:
        """Wait until the ward has an alert that is open: the middle of an exacerbation."""
        while True:
            await self._when_powered()
            if await self.world.ward.tables.open_alerts(self._home.parts.home):
                return
            await asyncio.sleep(LOOK_EVERY_S)

    async def _hold_cut(self) -> None:
        """Keep the line cut, also when the hub starts anew in between."""
        while True:
            self.world.set_road(self._home.parts.home, is_reachable=False)
            await asyncio.sleep(LOOK_EVERY_S / 10)

    async def _sample(self) -> None:
        """Count, again and again, how many organisations are accountable."""
        while True:
            await self._when_powered()
            await self._sampled.look(self.world.ward.tables, self._home.parts.home)
            await asyncio.sleep(LOOK_EVERY_S)


def _opened(entries: Iterable[Entry], plan: Plan) -> set[Opened]:
    """Return what opens when these entries are judged from the beginning."""
    changes = (change for step in judged_anew(entries, plan) for change in step.verdict.changes)
    return {(each.rule, each.level, each.at) for each in changes if each.change == "opened"}


def _of_one_device(entries: Iterable[Entry]) -> list[Entry]:
    """Return the same entries as if one device had measured everything."""
    return [_by_one(each) if each.kind == EntryKind.READING else each for each in entries]


def _by_one(entry: Entry) -> Entry:
    reading = replace(reading_from(entry.body), device="00:00:00:00:00:00", driver="one")
    return replace(entry, body=reading_body(reading))
