"""The hospital and the municipality of the story, as systems that listen to their streams."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

from cloud_bridge.backend.tables import Tables
from cloud_bridge.backend.who import Role, Who
from cloud_bridge.broker import Broker
from cloud_bridge.fhir.asking import asked_from
from cloud_bridge.fhir.naming import Resource
from cloud_bridge.look.words import FIRST_LANGUAGE
from gateway.ports import Now
from simulators.receiver import Fetch, Receiver
from simulators.streamed import Streamed, due
from simulators.transfer import HOSPITAL, MUNICIPALITY

SETTLED_TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True)
class Heard:
    """What both systems have at the end: resources, those they lack, and those that were not theirs."""

    resources: int
    missing: int
    unentitled: int


class Listeners:
    """Two receivers, and who was told what."""

    def __init__(self, broker_of: Callable[[str], Broker], tables: Callable[[], Tables], now: Now) -> None:
        self.streamed = Streamed()
        self._tables, self._now = tables, now
        self.receivers = tuple(
            Receiver(who, broker_of(f"org-{who}"), fetch_from(tables, who, now))
            for who in (HOSPITAL.organisation, MUNICIPALITY.organisation)
        )

    async def run(self) -> None:
        """Listen until cancelled."""
        async with asyncio.TaskGroup() as both:
            for each in self.receivers:
                both.create_task(each.run())

    async def heard(self) -> Heard:
        """Wait until both know what they may know, as long as that may take; return how it stands."""
        missing = 0
        while await self._tables().index_next(self._now(), FIRST_LANGUAGE):
            pass  # what was committed a moment ago is due, too
        for receiver in self.receivers:
            wanted = {
                (line.type, str(line.resource["id"])): line.turn
                async for line in due(self._tables(), receiver.organisation, self._now())
            }
            try:
                async with asyncio.timeout(SETTLED_TIMEOUT_S):
                    await receiver.knows(wanted)
            except TimeoutError:
                missing += len(receiver.lacks(wanted))
        unentitled = await self.streamed.unentitled(self._tables())
        return Heard(sum(len(each.known) for each in self.receivers), missing, len(unentitled))

    def write(self, folder: Path) -> int:
        """Write what each has received below this folder; return how many files there are."""
        return sum(each.write(folder) for each in self.receivers)


def fetch_from(tables: Callable[[], Tables], organisation: str, now: Now) -> Fetch:
    """Return what fetches for an organisation, as `/fhir` would answer its program."""

    async def fetch(kind: str, since: str | None) -> AsyncIterator[Resource]:
        who, after = Who("receiver", organisation, Role.SYSTEM), 0
        told = [] if since is None else [("_lastUpdated", f"gt{since}")]
        while True:
            asked = asked_from(kind, [*told, ("_after", str(after))])
            lines, further = await tables().find(asked, who, now())
            for line in lines:
                yield line.resource
            if further is None:
                return
            after = further

    return fetch
