"""A radio made of nothing: carries twins to the hub at the level of links, in real or virtual time."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from random import Random

from devices.driver import Advertisement, Link, LinkError
from gateway.ports import RadioError
from simulators.fate import Fate, Garbled, Note, Unkindness, forget
from simulators.peripherals.twin import Twin
from simulators.virtual_link import Connection, VirtualLink

CONNECT_S = 0.2
"""How long it takes to reach a device, or to find out that it isn't there."""


class VirtualRadio:
    """Hears awake twins and links the hub to them; as unkind as asked, and always the same from one seed."""

    def __init__(
        self,
        twins: Iterable[Twin],
        *,
        dice: Random | None = None,
        unkindness: Unkindness | None = None,
        advertising_interval_s: float = 1.0,
        note: Note = forget,
    ) -> None:
        self._twins = {twin.address: twin for twin in twins}
        self._fate = Fate(dice or Random(0), unkindness or Unkindness(), note)
        self._interval_s = advertising_interval_s
        self._is_plugged = True
        self._away: dict[str, None] = {}
        self._heard: dict[str, None] = {}
        self._connections: dict[str, Connection] = {}

    @property
    def unkindness(self) -> Unkindness:
        """How unkind the air is now; it may be changed while the world lives."""
        return self._fate.unkindness

    @unkindness.setter
    def unkindness(self, unkindness: Unkindness) -> None:
        self._fate.unkindness = unkindness

    @property
    def garbled(self) -> tuple[Garbled, ...]:
        """Every frame that came through wrong so far."""
        return tuple(self._fate.garbled)

    async def scan(self) -> AsyncIterator[Advertisement]:
        """Yield what every awake twin in range calls, again and again."""
        self._heard.clear()
        while True:
            if not self._is_plugged:
                raise RadioError("the radio is unplugged")
            for twin in tuple(self._twins.values()):
                if self._is_calling(twin):
                    self._heard[twin.address] = None
                    yield call_of(twin)
            await asyncio.sleep(self._interval_s)

    @asynccontextmanager
    async def connect(self, address: str) -> AsyncIterator[Link]:
        """Open a link to a twin that was heard; leaving it ends whatever the twin still does."""
        await asyncio.sleep(CONNECT_S)
        twin = self._reached(address)
        failure: Exception | None = None
        async with asyncio.TaskGroup() as tasks:
            connection = self._connections[address] = Connection(twin, self._fate, tasks)
            self._fate.note("connected", address)
            try:
                yield VirtualLink(connection)
            except Exception as error:  # noqa: BLE001 - raised again below; from in here it would come wrapped
                failure = error
            finally:
                connection.close()
                del self._connections[address]
        if failure is not None:
            raise failure

    def set_in_range(self, address: str, is_in_range: bool) -> None:
        """Carry a device out of the house, or home again; its link breaks on the way out."""
        if is_in_range:
            self._away.pop(address, None)
        else:
            self._away[address] = None
            self._lose(address, "out of range")

    def set_plugged(self, is_plugged: bool) -> None:
        """Pull the radio out of the hub, or put it back; every link breaks."""
        self._is_plugged = is_plugged
        if not is_plugged:
            for address in self._connections:
                self._lose(address, "the radio is unplugged")

    def _lose(self, address: str, why: str) -> None:
        if address in self._connections:
            self._connections[address].lose(why)

    def _is_calling(self, twin: Twin) -> bool:
        """A device that is connected doesn't advertise."""
        return twin.is_awake and twin.address not in self._away and twin.address not in self._connections

    def _reached(self, address: str) -> Twin:
        if not self._is_plugged:
            raise LinkError("the radio is unplugged")
        if address not in self._heard:
            raise LinkError(f"{address} has not been heard")
        twin, fate = self._twins[address], self._fate
        is_lost = fate.is_met_by(fate.unkindness.connect_lost)
        if is_lost or not twin.services or not self._is_calling(twin):
            fate.note("no link", address)
            raise LinkError(f"{address} did not answer")
        return twin


def call_of(twin: Twin) -> Advertisement:
    """Return what a twin calls into the room."""
    return Advertisement(
        twin.address,
        twin.name,
        frozenset(twin.advertised_services),
        dict(twin.service_data),
        dict(twin.manufacturer_data),
    )
