"""The system of an organisation: hears its stream, and fetches what it missed; an example to copy."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from pathlib import Path

import orjson

from cloud_bridge.broker import Broker, UplinkError
from cloud_bridge.fhir.asking import TYPES
from cloud_bridge.fhir.naming import Resource

AGAIN_S = 0.2

Fetch = Callable[[str, str | None], AsyncIterator[Resource]]
"""Yields the resources of a type that were told behind this moment, the oldest first."""


class Receiver:
    """Keeps each resource at its newest. It listens first and fetches then, so that nothing falls between.

    How far it has fetched is not moved by what it hears: a message that comes says nothing of those
    that did not.
    """

    def __init__(self, organisation: str, broker: Broker, fetch: Fetch) -> None:
        self.organisation = organisation
        self.known: dict[tuple[str, str], Resource] = {}
        self.heard_count = 0
        self._broker = broker
        self._fetch = fetch
        self._fetched: dict[str, str] = {}
        self._news = asyncio.Event()

    async def run(self) -> None:
        """Listen until cancelled; each time that it is back it fetches what it missed."""
        name, topics = f"receiver-{self.organisation}", (f"pusterom/v1/org/{self.organisation}/#",)
        while True:
            with suppress(UplinkError):
                async with self._broker.session(name, subscriptions=topics) as session:
                    await self.catch_up()
                    while True:
                        self.keep(orjson.loads((await session.receive()).payload))
                        self.heard_count += 1
            await asyncio.sleep(AGAIN_S)

    async def catch_up(self) -> None:
        """Fetch what was told since we last fetched."""
        for kind in TYPES:
            async for resource in self._fetch(kind, self._fetched.get(kind)):
                self.keep(resource)
                self._fetched[kind] = str(resource["meta"]["lastUpdated"])

    def keep(self, resource: Resource) -> None:
        """Keep a resource, unless a newer version of it is known."""
        name = (str(resource["resourceType"]), str(resource["id"]))
        if name not in self.known or _version(self.known[name]) < _version(resource):
            self.known[name] = resource
            self._news.set()

    def lacks(self, wanted: Mapping[tuple[str, str], int]) -> list[tuple[str, str]]:
        """Return which of these are not known in these versions or newer."""
        return [name for name, version in wanted.items() if not self._knows(name, version)]

    async def knows(self, wanted: Mapping[tuple[str, str], int]) -> None:
        """Return once all of these are known in these versions or newer."""
        while self.lacks(wanted):
            self._news.clear()
            await self._news.wait()

    def _knows(self, name: tuple[str, str], version: int) -> bool:
        return name in self.known and _version(self.known[name]) >= version

    def write(self, folder: Path) -> int:
        """Write each resource to a file of its own below this folder; return how many there are."""
        own = folder / self.organisation
        own.mkdir(parents=True, exist_ok=True)
        for (_, id_), resource in self.known.items():
            file = own / f"{resource['resourceType']}-{id_}.json"
            file.write_bytes(orjson.dumps(resource, option=orjson.OPT_INDENT_2) + b"\n")
        return len(self.known)


def _version(resource: Resource) -> int:
    return int(resource["meta"]["versionId"])
