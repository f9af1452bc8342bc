"""The hub, put together: hear, visit, keep, carry. The only place that wires."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime, tzinfo
from random import Random
from typing import Any

from cloud_bridge.backoff import BACKOFF_S_MAX
from cloud_bridge.broker import Broker
from cloud_bridge.carry import Carrier, Decisions
from cloud_bridge.contract.accountable import Accountable
from cloud_bridge.contract.down import UnreadablePlan
from cloud_bridge.contract.entries import Clock, EntryKind, LogSpan
from cloud_bridge.contract.looked import Looked
from cloud_bridge.contract.plan import Plan
from cloud_bridge.contract.receipts import Refusal
from cloud_bridge.contract.trouble import TroubleKind
from devices.catalog import HOUSE, Catalog
from devices.driver import NOTHING_TOLD, Advertisement, Driver, Told
from gateway.disk import DiskWatch
from gateway.hub_clock import Box, HubClock, TrustedClock
from gateway.outside import NOBODY_OUTSIDE, Outside, Outsider
from gateway.outsiders import Outsiders
from gateway.pipeline import Pipeline
from gateway.ports import Disk, Now, Radio, RadioError
from gateway.responsible import Responsible
from gateway.retention import Retention
from gateway.road_troubles import RoadTroubles
from gateway.store.file import DiskError, NotTakenError
from gateway.store.log import Store
from gateway.store.replaced import REPLACED, Replaced
from gateway.talk import Overheard, talk
from gateway.troubles import Troubles
from gateway.visits import Visits

RADIO_AWAY_S = 60.0
"""A radio that is away for longer is a technical alert: a restart of the Bluetooth service is none."""

TICK_S = 60.0
"""So often the judge hears that time has passed."""

RADIO_WAIT_S = 5.0
"""How long to wait before asking for a radio that is away again."""

log = logging.getLogger(__name__)


class Hub:
    """One home. Give it a world (radio, store, broker, clock, dice) and run it."""

    def __init__(
        self,
        *,
        radio: Radio,
        store: Store,
        broker: Broker,
        plan: Plan,
        now: Now,
        box: Box | None = None,
        timezone: tzinfo,
        dice: Random,
        disk: Disk,
        visits: Visits | None = None,
        backoff_s_max: float = BACKOFF_S_MAX,
        told: Mapping[str, Told] | None = None,
        catalog: Catalog = HOUSE,
        outside: Outside = NOBODY_OUTSIDE,
    ) -> None:
        self.radio_problem: str | None = None
        self.store = store
        self.clock = TrustedClock(now) if box is None else HubClock(store, box, on_found=self._clock_found)
        self.now = now = self.clock.now
        self._radio, self._visits, self._catalog = radio, visits or Visits(), catalog
        self._told = dict(told or {})
        self.on_change: Callable[[], None] = lambda: None
        self.carrier = self._carrier(broker, dice, backoff_s_max)
        self.pipeline = Pipeline(
            store, plan, now=now, timezone=timezone, on_commit=self._committed, clock=self.clock.clock
        )
        self.troubles = Troubles(store, now=now, on_change=self._committed, clock=self.clock.clock)
        self.responsible = Responsible(store, self.troubles, now=now, clock=self.clock.clock)
        self.disk = DiskWatch(disk, self.troubles, retry=self._keep_waiting)
        store.on_failure = self._disk_failed
        self._retention = Retention(store, lambda: self.pipeline.plan, now=now, clock=self.clock.clock)
        self._road_troubles = RoadTroubles(store, self.troubles, lambda: self.carrier.is_anything_aside)
        self._radio_away_s: float | None = None
        self._overheard = Overheard(self.pipeline)
        self._tasks: asyncio.TaskGroup | None = None
        self.outsiders = Outsiders(outside, self.pipeline, self._visit_outside, self._told_of)

    def _carrier(self, broker: Broker, dice: Random, backoff_s_max: float) -> Carrier:
        return Carrier(
            self.store,
            broker,
            now=self.now,
            dice=dice,
            on_change=lambda: self.on_change(),
            on_refusal=self._refused,
            on_receipt=lambda receipt: self._road_troubles.received(receipt),
            on_denied=lambda reason: self._road_troubles.denied(reason),
            on_surplus=self._outrun,
            decisions=Decisions(
                self._plan_came,
                lambda: self.pipeline.plan.version,
                self._accountable_came,
                lambda: self.responsible.fact,
                self._looked_came,
            ),
            backoff_s_max=backoff_s_max,
        )

    async def run(self) -> None:
        """Run until cancelled."""
        self.pipeline.begin()
        self._tell_replacement()
        self._tell_plan()
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            tasks.create_task(self._let_time_pass())
            tasks.create_task(self.carrier.run())
            tasks.create_task(self._listen())
            tasks.create_task(self.disk.run())
            tasks.create_task(self._retention.run())
            tasks.create_task(self.clock.run(self._doubt_clock))
            if self.outsiders.all:
                tasks.create_task(self.outsiders.run())

    def _tell_plan(self) -> None:
        """Say what is wrong with the plan file; that it is older is the way of things since a newer came."""
        refusal = self.pipeline.plan_refusal
        if refusal is None or refusal.is_old:
            self.troubles.end(TroubleKind.PLAN_REFUSED)
        else:
            self.troubles.begin(TroubleKind.PLAN_REFUSED, str(refusal))

    def _plan_came(self, plan: Plan | UnreadablePlan) -> None:
        """Put a plan of the ward in force; the ward sends it again where the disk does not take it now."""
        if isinstance(plan, UnreadablePlan):
            self.troubles.begin(TroubleKind.PLAN_REFUSED, f"it can't be read: {plan.reason}", about="ward")
            return
        with suppress(NotTakenError):
            refusal = self.pipeline.take_plan(plan)
            if refusal is None:
                self.troubles.end(TroubleKind.PLAN_REFUSED, about="ward")
            elif not refusal.is_old:  # an old one was on its way for long: the newer is in force
                self.troubles.begin(TroubleKind.PLAN_REFUSED, str(refusal), about="ward")

    def _accountable_came(self, accountable: Accountable) -> None:
        """Learn who is accountable, and tell the ward that this home knows."""
        if self.responsible.learn(accountable):
            self._committed()

    def _looked_came(self, looked: Looked) -> None:
        """Show who has looked; it is kept in the ward, and said again at each birth."""
        self.responsible.looked = looked
        self.on_change()

    async def _let_time_pass(self) -> None:
        """What closes or opens by time alone does so within a minute of its moment."""
        while True:
            await asyncio.sleep(TICK_S)
            self.pipeline.tick()

    def driver_by_id(self, driver_id: str) -> Driver[Any] | None:
        """Return the driver of this id, the house's own or one from outside."""
        return self._catalog.driver_by_id(driver_id) or self.outsiders.driver_by_id(driver_id)

    async def _listen(self) -> None:
        """Hear who calls and visit them; a radio that goes away is asked for again."""
        while True:
            try:
                async for seen in self._radio.scan():
                    self._note_radio(None)
                    self._hear(seen)
            except RadioError as error:
                self._note_radio(str(error))
            await asyncio.sleep(RADIO_WAIT_S)

    def _hear(self, seen: Advertisement) -> None:
        if not self.disk.is_taking:
            return  # what it has to tell is safer with the device: it will call again
        driver = self._catalog.driver_for(seen)
        if driver is None:
            self.outsiders.hear(seen)
        elif driver.overhear is not None:
            self._overheard.take(driver, seen, self._told_of(seen))
        else:
            told = self._told_of(seen)
            self._visit(seen, lambda: talk(self._radio, self.pipeline, driver, seen.address, told))

    def _visit_outside(self, outsider: Outsider, seen: Advertisement) -> None:
        told = self._told_of(seen)
        self._visit(seen, lambda: self.outsiders.talk(self._radio, outsider, seen.address, told))

    def _visit(self, seen: Advertisement, talk_to: Callable[[], Awaitable[bool]]) -> None:
        """Begin a visit, if this device may be talked to now."""
        assert self._tasks is not None, "a hub that runs hears"
        if self._visits.begin(seen.address, asyncio.get_running_loop().time()):
            self._tasks.create_task(self._until_over(seen.address, talk_to))

    async def _until_over(self, address: str, talk_to: Callable[[], Awaitable[bool]]) -> None:
        did_talk = False
        try:
            did_talk = await talk_to()
        finally:
            self._visits.end(address, asyncio.get_running_loop().time(), did_talk=did_talk)

    def _told_of(self, seen: Advertisement) -> Told:
        return self._told.get(seen.address.upper(), NOTHING_TOLD)

    def _keep_waiting(self) -> None:
        self.pipeline.keep_waiting()
        self.troubles.keep_waiting()
        self.carrier.say_trouble(None)

    def _disk_failed(self, error: DiskError) -> None:
        self.disk.failed(error)
        self.carrier.say_trouble(TroubleKind.DISK_BROKEN)
        self.on_change()

    def _doubt_clock(self, doubt: str | None) -> None:
        if doubt is None:
            self.troubles.end(TroubleKind.CLOCK_UNKNOWN)
        else:
            self.troubles.begin(TroubleKind.CLOCK_UNKNOWN, doubt)

    def _clock_found(self, at: datetime, clock: Clock) -> None:
        self.pipeline.clock_found(at, clock)

    def _committed(self) -> None:
        self.carrier.wake()
        self.on_change()

    def _refused(self, refusal: Refusal) -> None:
        log.warning("the ward refused a batch: %s", refusal.reason)
        self.pipeline.note(EntryKind.BATCH_REFUSED, bytes(refusal), id=f"refused:{refusal.digest}")
        self._road_troubles.refused(refusal)

    def _outrun(self, span: LogSpan, up_to: int, is_continued: bool) -> None:
        with suppress(NotTakenError):  # the ward says it again
            self._go_on_above(span, up_to, is_continued=is_continued)

    def _go_on_above(self, span: LogSpan, up_to: int, *, is_continued: bool) -> None:
        if self.store.outrun(span.log, up_to, is_continued=is_continued):
            detail = (
                f"the ward has log {span.log} up to {up_to}, this hub up to {span.last}: an older log was"
                " put back, or the end of it was lost. The ward keeps what it has; nothing needs to be done"
            )
            self.troubles.begin(TroubleKind.LOG_REPLACED, detail, about=span.log)

    def _tell_replacement(self) -> None:
        """Say that the log is not the one that lay here; it is over when what was put aside is removed."""
        for trouble in self.troubles.open:
            if trouble.what == TroubleKind.LOG_REPLACED and trouble.about not in self.store.put_aside:
                self.troubles.end(TroubleKind.LOG_REPLACED, about=trouble.about)
        if (said := self.store.note(REPLACED)) is not None:
            found = Replaced.from_bytes(said.encode())
            about = found.where or self.store.log
            self.troubles.begin(TroubleKind.LOG_REPLACED, found.detail, about=about)
            with suppress(NotTakenError):  # then it is told again at the next start, and is the same trouble
                self.store.keep_notes({REPLACED: None})

    def _note_radio(self, problem: str | None) -> None:
        now_s = asyncio.get_running_loop().time()
        if problem is None:
            self._radio_away_s = None
            self.troubles.end(TroubleKind.RADIO_AWAY)
        elif self._radio_away_s is None:
            self._radio_away_s = now_s
        elif now_s - self._radio_away_s > RADIO_AWAY_S:
            self.troubles.begin(TroubleKind.RADIO_AWAY, problem)
        if problem != self.radio_problem:
            self.radio_problem = problem
            log.warning("radio: %s", problem or "back")
            self.on_change()
