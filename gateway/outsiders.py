"""Drivers from outside in a running hub: asked after the house's own, apart, and only while they answer."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from devices.driver import Advertisement, Driver, FrameError, Told, Visitor
from devices.readings import Heard, Reading
from gateway.apart import LateError, ask
from gateway.conversation import Conversation, meant
from gateway.outside import Outside, Outsider
from gateway.pipeline import Pipeline
from gateway.ports import Radio
from gateway.talk import CommittingLink, Overheard, bulkhead

WAITING_COUNT_MAX = 64
"""So many strangers' last words wait to be looked at; the oldest gives way, and will call again."""

log = logging.getLogger(__name__)

Asked = tuple[Outsider, Driver[Any]]


class Outsiders:
    """Asks drivers from outside about what the house doesn't know, one question at a time."""

    def __init__(
        self,
        outside: Outside,
        pipeline: Pipeline,
        visit: Callable[[Outsider, Advertisement], None],
        told_of: Callable[[Advertisement], Told],
    ) -> None:
        self.all = outside.drivers
        self.on_quarantine: Callable[[Outsider], None] = lambda _one: None
        self._pipeline = pipeline
        self._visit = visit
        self._told_of = told_of
        self._deadline_s = outside.call_s
        self._overheard = Overheard(pipeline)
        self._waiting: OrderedDict[str, Advertisement] = OrderedDict()
        self._answers: OrderedDict[str, tuple[Advertisement, Outsider | None]] = OrderedDict()
        self._news = asyncio.Event()

    def driver_by_id(self, driver_id: str) -> Driver[Any] | None:
        """Return the driver of this id, asked or not."""
        drivers = (one.driver for one in self.all if one.driver is not None)
        return next((driver for driver in drivers if driver.id == driver_id), None)

    def hear(self, seen: Advertisement) -> None:
        """Have it looked at; at once it costs nothing but a place in the queue."""
        if not any(self._asked()):
            return
        self._waiting[seen.address] = seen
        if len(self._waiting) > WAITING_COUNT_MAX:
            self._waiting.popitem(last=False)
        self._news.set()

    async def run(self) -> None:
        """Look at what waits, until cancelled."""
        while True:
            await self._news.wait()
            self._news.clear()
            while self._waiting:
                _, seen = self._waiting.popitem(last=False)
                await self._look_at(seen)

    async def talk(self, radio: Radio, outsider: Outsider, address: str, told: Told) -> bool:
        """Visit one device as `talk` does, with the session apart; return whether it gave anything."""
        driver = outsider.driver
        assert driver is not None, "who matches has a driver"
        visit = self._pipeline.visit(driver, address, told)
        with bulkhead(visit, driver), self._watched(outsider):
            async with radio.connect(address) as link:
                conversation = Conversation(
                    driver,
                    CommittingLink(link, visit),
                    heard=visit.heard,
                    take=visit.take,
                    deadline_s=self._deadline_s,
                )
                await conversation.run(Visitor(self._pipeline.wall_clock(), told))
        return visit.frame_count > 0

    async def _look_at(self, seen: Advertisement) -> None:
        outsider = await self._outsider_for(seen)
        if outsider is None or outsider.driver is None:
            return
        if outsider.driver.overhear is None:
            self._visit(outsider, seen)
        elif self._overheard.is_news(seen):
            await self._overhear(outsider, outsider.driver, seen)

    async def _overhear(self, outsider: Outsider, driver: Driver[Any], seen: Advertisement) -> None:
        told = self._told_of(seen)
        visit = self._pipeline.visit(driver, seen.address, told)
        heard = visit.heard()
        with bulkhead(visit, driver), self._watched(outsider):
            call = lambda: _overheard(driver, seen, told, heard)  # noqa: E731 - it has no other name
            said, meaning = await ask(call, driver.id, deadline_s=self._deadline_s)
            if said is not None:
                visit.take(said, meaning)

    async def _outsider_for(self, seen: Advertisement) -> Outsider | None:
        """Return whoever knows this device; who has answered about these very words is not asked again."""
        words = replace(seen, rssi_dbm=None)
        before = self._answers.get(seen.address)
        if before is not None and before[0] == words and (before[1] is None or before[1].problem is None):
            return before[1]
        found = None
        for outsider, driver in self._asked():
            if await self._does_match(outsider, driver, seen):
                found = outsider
                break
        self._answers[seen.address] = (words, found)
        self._answers.move_to_end(seen.address)
        if len(self._answers) > WAITING_COUNT_MAX:
            self._answers.popitem(last=False)
        return found

    async def _does_match(self, outsider: Outsider, driver: Driver[Any], seen: Advertisement) -> bool:
        visit = self._pipeline.visit(driver, seen.address)
        with bulkhead(visit, driver), self._watched(outsider):
            try:
                return bool(await ask(lambda: driver.matches(seen), driver.id, deadline_s=self._deadline_s))
            except LateError:
                raise
            except Exception as error:
                self._quarantine(outsider, f"matches() raises {type(error).__name__}")
                raise
        return False

    def _asked(self) -> Iterator[Asked]:
        for outsider in self.all:
            if outsider.problem is None and outsider.driver is not None:
                yield outsider, outsider.driver

    @contextmanager
    def _watched(self, outsider: Outsider) -> Iterator[None]:
        try:
            yield
        except LateError as error:
            self._quarantine(outsider, str(error))
            raise

    def _quarantine(self, outsider: Outsider, reason: str) -> None:
        """Ask it no more while this process lives: a thread that hangs can't be ended, only not repeated."""
        if outsider.problem is None:
            outsider.problem = reason
            log.error("driver %s of %s is not asked any more: %s", outsider.name, outsider.origin, reason)
            self.on_quarantine(outsider)


def _overheard(
    driver: Driver[Any], seen: Advertisement, told: Told, heard: Heard
) -> tuple[Any, tuple[Reading, ...] | None]:
    """Return what was overheard, and what it means. Runs apart."""
    assert driver.overhear is not None, "only a device that broadcasts is overheard"
    said = driver.overhear(seen, told)
    if said is None or isinstance(said, FrameError):
        return said, None
    return meant(driver, said, heard)
