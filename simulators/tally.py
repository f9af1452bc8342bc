"""Counts what happened at each place for itself, and how long it took from there to here."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import quantiles

from cloud_bridge.contract.entries import EntryKind
from simulators.home import Home
from simulators.listeners import Heard
from simulators.peripherals.memory import Record
from simulators.peripherals.peripheral import Peripheral
from simulators.transfer import Sampled, handed_over, swaps
from simulators.ward import Ward

Told = Callable[[Record], None]


@dataclass(frozen=True, slots=True)
class Summary:
    """What the demo ends with: each count from its own place.

    Sent is counted by the twins, on_hub from the hubs' logs, in_ward and alerts from the ward's
    database, receipts by the hubs. `accountable_…` are how many organisations were accountable for one
    home, looked at whenever something happened to it; hand-overs are counted by the ward's record, and
    device swaps by the readings that the ward has. `resources_…` are what the systems of hospital and
    municipality have received in FHIR, what they lack, and what they were told without being entitled to
    it. The times are real seconds from the moment a device
    sent its indication until the ward had committed; p50 and p99 are over readings sent while the road was
    up, `seconds_indication_to_ward_max` is over all, the outage included.
    """

    readings_sent: int
    readings_on_hub: int
    readings_in_ward: int
    alerts_opened: int
    alerts_closed: int
    alerts_open_on_hub: int
    gaps: int
    duplicates: int
    receipts: int
    readings_sent_in_outage: int
    handovers_offered: int
    handovers_accepted: int
    accountable_min: int
    accountable_max: int
    device_swaps: int
    resources_at_organisations: int
    resources_missing: int
    resources_unentitled: int
    seconds_indication_to_ward_p50: float
    seconds_indication_to_ward_p99: float
    seconds_indication_to_ward_max: float

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing, nothing doubled, and both ends agree on which alerts are open."""
        counts = {self.readings_sent, self.readings_on_hub, self.readings_in_ward}
        is_complete = len(counts) == 1 and self.readings_sent > 0 and self.gaps == self.duplicates == 0
        is_complete &= self.accountable_min == self.accountable_max == 1
        is_complete &= self.resources_at_organisations > 0
        is_complete &= self.resources_missing == self.resources_unentitled == 0
        return is_complete and 0 < self.alerts_opened == self.alerts_closed + self.alerts_open_on_hub


class Tally:
    """Notes when each reading was told and when the ward had it."""

    def __init__(self) -> None:
        self.sampled = Sampled()
        self._told_s: dict[str, float] = {}
        self._in_ward_s: dict[str, float] = {}
        self._in_outage: set[str] = set()

    def told(self, address: str, is_cut: Callable[[], bool]) -> Told:
        """Return the hook of one twin, and of whether its home is cut off."""

        def note(record: Record) -> None:
            for fact in record.facts:
                id_ = fact.reading_id(address)
                self._told_s.setdefault(id_, asyncio.get_running_loop().time())
                if is_cut():
                    self._in_outage.add(id_)

        return note

    async def watch(self, ward: Ward) -> None:
        """Note what the ward has committed, as soon as it has; until cancelled."""
        with ward.changes.subscribe() as news:
            while True:
                for home in await news.wait():
                    at_s = asyncio.get_running_loop().time()
                    await self.sampled.look(ward.tables, home)
                    for kept in await ward.tables.readings(home, count_max=30):
                        self._in_ward_s.setdefault(kept.reading.id, at_s)

    async def summary(
        self, homes: Sequence[Home], twins: Sequence[Peripheral], ward: Ward, heard: Heard
    ) -> Summary:
        """Count everything, each at its own place."""
        decided: Counter[str] = Counter()
        for home in homes:
            await self.sampled.look(ward.tables, home.parts.home)
            decided += await handed_over(ward.tables, home.parts.home)
        figures = [await ward.tables.figures(home.parts.home) for home in homes]
        took_s = {
            id_: at_s - self._told_s[id_] for id_, at_s in self._in_ward_s.items() if id_ in self._told_s
        }
        on_time_s = [seconds for id_, seconds in took_s.items() if id_ not in self._in_outage]
        p50, p99 = _percentiles(on_time_s)
        return Summary(
            readings_sent=sum(len(twin.facts()) for twin in twins),
            readings_on_hub=sum(home.hub.store.count(EntryKind.READING) for home in homes),
            readings_in_ward=sum(one.readings for one in figures),
            alerts_opened=sum(one.alerts_opened for one in figures),
            alerts_closed=sum(one.alerts_closed for one in figures),
            alerts_open_on_hub=sum(len(home.hub.pipeline.state.open_alerts) for home in homes),
            gaps=sum(one.gaps for one in figures),
            duplicates=sum(one.duplicates for one in figures),
            receipts=sum(home.hub.carrier.road.receipt_count for home in homes),
            readings_sent_in_outage=len(self._in_outage),
            handovers_offered=decided["offered"],
            handovers_accepted=decided["accepted"],
            accountable_min=self.sampled.least,
            accountable_max=self.sampled.most,
            device_swaps=sum([await swaps(ward.tables, home.parts.home) for home in homes]),
            resources_at_organisations=heard.resources,
            resources_missing=heard.missing,
            resources_unentitled=heard.unentitled,
            seconds_indication_to_ward_p50=p50,
            seconds_indication_to_ward_p99=p99,
            seconds_indication_to_ward_max=round(max(took_s.values(), default=0.0), 3),
        )


def _percentiles(seconds: list[float]) -> tuple[float, float]:
    if len(seconds) < 2:
        return 0.0, 0.0
    cuts = quantiles(seconds, n=100, method="inclusive")
    return round(cuts[49], 4), round(cuts[98], 4)
