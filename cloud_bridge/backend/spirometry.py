"""The spirometry of one patient: the latest sittings, what they mean, and what a clinic once measured."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from cloud_bridge.backend.views import KeptReading, Views
from devices.kinds import Kind
from devices.readings import Reading
from devices.spirometry.grade import Sitting, sittings

BLOWN = (Kind.FEV1, Kind.FVC, Kind.FEV6, Kind.FEV1_FVC, Kind.FEV1_FEV6, Kind.PEF)
COMPARED: Mapping[Kind, tuple[Kind, ...]] = {
    Kind.FEV1: (Kind.FEV1_PERCENT_PREDICTED, Kind.FEV1_Z, Kind.FEV1_PERCENT_BEST),
    Kind.FVC: (Kind.FVC_PERCENT_PREDICTED, Kind.FVC_Z),
    Kind.FEV1_FVC: (Kind.FEV1_FVC_PERCENT_PREDICTED, Kind.FEV1_FVC_Z),
    Kind.PEF: (Kind.PEF_PERCENT_BEST,),
}
"""What the hub may have derived of each."""

_RATIOS = (Kind.FEV1_FVC, Kind.FEV1_FEV6)
_NEWEST_COUNT = 60
"""More than a sitting holds, with those before it: where one begins depends on where the last one did."""


@dataclass(frozen=True, slots=True)
class Blown:
    """One number of a sitting: its best, how good, and what the hub says that it means."""

    kept: KeptReading
    grade: str | None
    is_grade_of_device: bool
    compared: tuple[KeptReading, ...]


@dataclass(frozen=True, slots=True)
class Sat:
    """One sitting as the page shows it."""

    at: datetime
    trial_count: int
    blown: tuple[Blown, ...]


@dataclass(frozen=True, slots=True)
class Spirometry:
    """The latest sittings at home, and the latest of each kind from a clinic: apart, never one series."""

    sittings: tuple[Sat, ...]
    clinic: tuple[KeptReading, ...]

    @property
    def kept(self) -> tuple[KeptReading, ...]:
        """Every reading that the page names here."""
        told = [(each.kept, *each.compared) for sat in self.sittings for each in sat.blown]
        return (*(kept for line in told for kept in line), *self.clinic)

    def of(self, kind: Kind) -> KeptReading | None:
        """Return the newest sitting's best of one kind."""
        blown = (each.kept for sat in self.sittings for each in sat.blown)
        return next((kept for kept in blown if kept.reading.kind is kind), None)

    @property
    def plotted(self) -> tuple[KeptReading, ...]:
        """What is drawn over time: FEV1, or PEF where nothing at home tells FEV1; nothing from a clinic."""
        return tuple(kept for kind in (Kind.FEV1, Kind.PEF) if (kept := self.of(kind)) is not None)[:1]


async def spirometry_of(views: Views, home: str) -> Spirometry | None:
    """Return somebody's spirometry as values, or None where there is none."""
    clinic = [await views.readings(home, kind=kind, setting="clinic", count_max=1) for kind in BLOWN]
    told: list[KeptReading] = []
    for kind in BLOWN:
        told += await views.readings(home, kind=kind, count_max=_NEWEST_COUNT)
    for kind in (kind for compared in COMPARED.values() for kind in compared) if told else ():
        found = await views.readings(home, kind=kind, count_max=_NEWEST_COUNT)
        told += (kept for kept in found if kept.reading.is_derived)
    sat, in_clinic = tuple(_latest(told)), tuple(kept for found in clinic for kept in found)
    return Spirometry(sat, in_clinic) if sat or in_clinic else None


def _latest(told: Iterable[KeptReading]) -> Iterable[Sat]:
    """One device may know FEV1 and another PEF: show each sitting that has the newest of some kind."""
    kept = {each.reading.id: each for each in told}
    unseen = set(BLOWN)
    for sitting in reversed(sittings(each.shown for each in kept.values())):
        found = unseen & {reading.kind for reading in sitting.readings}
        unseen -= found
        if found:
            best = [best for kind in BLOWN if (best := _best(sitting, kind)) is not None]
            blown = tuple(_blown(sitting, reading, kept) for reading in best)
            trial_count = max(len(sitting.trials(kind)) for kind in BLOWN)
            yield Sat(sitting.readings[0].measured_at, trial_count, blown)


def _best(sitting: Sitting, kind: Kind) -> Reading | None:
    """The share of the first second is that of the blow with the best FEV1, not the largest share."""
    fev1 = sitting.best(Kind.FEV1)
    if kind in _RATIOS and fev1 is not None:
        return sitting.beside(fev1, kind)
    return sitting.best(kind)


def _blown(sitting: Sitting, reading: Reading, kept: Mapping[str, KeptReading]) -> Blown:
    beside = (sitting.beside(reading, kind) for kind in COMPARED.get(reading.kind, ()))
    return Blown(
        kept=kept[reading.id],
        grade=reading.grade or sitting.grade(reading.kind),
        is_grade_of_device=reading.grade is not None,
        compared=tuple(kept[each.id] for each in beside if each is not None),
    )
