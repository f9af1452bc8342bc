"""The hub, put together: hear, visit, keep, carry. The only place that wires."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import tzinfo
from random import Random
from typing import Any

import orjson

from cloud_bridge.backoff import BACKOFF_S_MAX
from cloud_bridge.broker import Broker
from cloud_bridge.carry import Carrier
from cloud_bridge.contract.entries import EntryKind, LogSpan
from cloud_bridge.contract.plan import Plan
from cloud_bridge.contract.receipts import Refusal
from cloud_bridge.contract.trouble import TroubleKind
from devices.catalog import HOUSE, Catalog
from devices.driver import NOTHING_TOLD, Advertisement, Driver, Told
from gateway.outside import NOBODY_OUTSIDE, Outside, Outsider
from gateway.outsiders import Outsiders
from gateway.pipeline import Pipeline
from gateway.ports import Now, Radio, RadioError
from gateway.store.log import Store
from gateway.store.replaced import REPLACED, Replaced
from gateway.talk import Overheard, talk
from gateway.troubles import Troubles
from gateway.visits import Visits

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
        timezone: tzinfo,
        dice: Random,
        visits: Visits | None = None,
        backoff_s_max: float = BACKOFF_S_MAX,
        told: Mapping[str, Told] | None = None,
        catalog: Catalog = HOUSE,
        outside: Outside = NOBODY_OUTSIDE,
    ) -> None:
        self.radio_problem: str | None = None
        self.store = store
        self.now = now
        self._radio = radio
        self._visits = visits or Visits()
        self._told = dict(told or {})
        self.on_change: Callable[[], None] = lambda: None
        self.carrier = Carrier(
            store,
            broker,
            now=now,
            dice=dice,
            on_change=lambda: self.on_change(),
            on_refusal=self._refused,
            on_surplus=self._outrun,
            backoff_s_max=backoff_s_max,
        )
        self.pipeline = Pipeline(store, plan, now=now, timezone=timezone, on_commit=self._committed)
        self.troubles = Troubles(store, now=now, on_change=self._committed)
        self._overheard = Overheard(self.pipeline)
        self._catalog = catalog
        self._tasks: asyncio.TaskGroup | None = None
        self.outsiders = Outsiders(outside, self.pipeline, self._visit_outside, self._told_of)

    async def run(self) -> None:
        """Run until cancelled."""
        self.pipeline.note(EntryKind.HUB_STARTED, orjson.dumps({"at": self.now().isoformat()}))
        self._tell_replacement()
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            tasks.create_task(self.carrier.run())
            tasks.create_task(self._listen())
            if self.outsiders.all:
                tasks.create_task(self.outsiders.run())

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

    def _committed(self) -> None:
        self.carrier.wake()
        self.on_change()

    def _refused(self, refusal: Refusal) -> None:
        log.warning("the ward refused a batch: %s", refusal.reason)
        self.pipeline.note(EntryKind.BATCH_REFUSED, bytes(refusal), id=f"refused:{refusal.digest}")

    def _outrun(self, span: LogSpan, up_to: int) -> None:
        if self.store.outrun(span.log, up_to):
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
            self.store.keep_notes({REPLACED: None})

    def _note_radio(self, problem: str | None) -> None:
        if problem != self.radio_problem:
            self.radio_problem = problem
            log.warning("radio: %s", problem or "back")
            self.on_change()
