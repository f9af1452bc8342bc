"""The hand-over of the story: a hospital gives its patient to a municipality."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise

from cloud_bridge.backend.sharing import Organisation
from cloud_bridge.backend.tables import Tables
from cloud_bridge.contract.handover import Accept, Offer, Wanted
from cloud_bridge.contract.handover_content import Check, Content, HandedAlert, HandedDevice
from cloud_bridge.contract.handover_record import HandoverFact
from devices.kinds import Kind
from gateway.ports import Now

HOSPITAL = Organisation("sykehuset", "Sykehuset", "hospital")
MUNICIPALITY = Organisation("ringsaker", "Ringsaker kommune", "municipality")
OFFERED_FOR = timedelta(days=3)
SEEN_FOR = timedelta(days=2)
"""So long the hospital may still see its former patient, as both have agreed."""


class HandoverError(Exception):
    """The story's hand-over was refused; it can't go on."""


@dataclass(slots=True)
class Sampled:
    """How many organisations were accountable for a home, whenever something happened to it."""

    least: int = 1
    most: int = 1

    async def look(self, tables: Tables, home: str) -> None:
        """Count the organisations that the ward holds accountable for this home now."""
        state = await tables.handovers(home)
        if state is None:
            return
        named = {state.responsibility.accountable, state.record[-1].accountable}
        self.least, self.most = min(self.least, len(named)), max(self.most, len(named))


class Transfer:
    """Offers and accepts in the ward, as people there do."""

    def __init__(
        self, tables: Callable[[], Tables], now: Now, on_decided: Callable[[], None] = lambda: None
    ) -> None:
        self._tables, self._now = tables, now
        self._on_decided = on_decided

    async def begin(self, homes: tuple[str, ...]) -> None:
        """Let the hospital follow these homes."""
        tables = self._tables()
        await tables.enrol_organisations((HOSPITAL, MUNICIPALITY))
        for home in homes:
            await tables.begin_follow_up(home, HOSPITAL.organisation, "physician", self._now())
        self._on_decided()

    async def offer(self, home: str, plan_version: int) -> tuple[str, ...]:
        """Offer the home to the municipality, with what is open; return the reasons of the open alerts."""
        tables, now = self._tables(), self._now()
        alerts = await tables.open_alerts(home)
        kept = await tables.readings(home, count_max=50)
        devices = {each.reading.device: each.reading.driver for each in kept}
        content = Content(
            plan_version=plan_version,
            why_now="can be followed at home by those who live near",
            summary="exacerbation under treatment; measured every morning",
            epochs=(await tables.told(home)).epochs,
            alerts=tuple(HandedAlert(id=each.alert.id, goes="moves") for each in alerts),
            devices=tuple(
                HandedDevice(device=device, driver=driver, owner=HOSPITAL.organisation, goes="given_back")
                for device, driver in sorted(devices.items())
            ),
            checklist=(Check(what="inhaler technique checked", is_done=True, by_role="physician"),),
            giver_sees_until=now + SEEN_FOR,
        )
        offer = Offer(
            id="offer-1", home=home, by=HOSPITAL.organisation, role="physician", seen=1,
            to=MUNICIPALITY.organisation, until=now + OFFERED_FOR, content=content,
        )  # fmt: skip
        await self._say(offer)
        return tuple(each.alert.reason for each in alerts)

    async def accept(self, home: str) -> None:
        """Let the municipality accept."""
        who = {"home": home, "by": MUNICIPALITY.organisation, "role": "nurse"}
        await self._say(Accept(id="accept-1", seen=2, offer="offer-1", **who))

    async def _say(self, wanted: Wanted) -> None:
        stepped = await self._tables().hand_over(wanted, self._now())
        if stepped is None or not isinstance(stepped.answer, HandoverFact):
            raise HandoverError(f"the ward refused: {stepped and stepped.answer}")
        self._on_decided()


async def handed_over(tables: Tables, home: str) -> Counter[str]:
    """Return how often each thing happened to a home's responsibility, by its record."""
    state = await tables.handovers(home)
    return Counter() if state is None else Counter(fact.what for fact in state.record)


async def swaps(tables: Tables, home: str) -> int:
    """Return how often another device took a series over, by the readings that the ward has."""
    kept = await tables.readings(home, kind=Kind.SPO2, count_max=1000)
    devices = [each.reading.device for each in kept]
    return sum(before != after for before, after in pairwise(devices))
