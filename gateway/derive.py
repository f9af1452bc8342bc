"""What a measured blow means for this person: per cent of predicted, z, per cent of the personal best."""

from collections.abc import Iterator
from dataclasses import replace
from hashlib import blake2b

from cloud_bridge.contract.plan import Best, PlanPerson
from devices.kinds import PLAUSIBLE, Kind
from devices.readings import FIRST_CREDIBLE_YEAR, NOT_JUDGED, Block, Quality, Reading
from devices.spirometry.gli import Predicted, predicted

PREDICTED = {
    Kind.FEV1: (Kind.FEV1_PERCENT_PREDICTED, Kind.FEV1_Z),
    Kind.FVC: (Kind.FVC_PERCENT_PREDICTED, Kind.FVC_Z),
    Kind.FEV1_FVC: (Kind.FEV1_FVC_PERCENT_PREDICTED, Kind.FEV1_FVC_Z),
}
PERCENT_OF_BEST = {Kind.FEV1: Kind.FEV1_PERCENT_BEST, Kind.PEF: Kind.PEF_PERCENT_BEST}


def derived(person: PlanPerson | None, reading: Reading) -> tuple[Reading, ...]:
    """Return what follows from one reading; nothing where the plan, the reading or the equation can't tell.

    Each has the time, device, quality and setting of its source, and says what it was compared with.
    What nobody can have is kept and not judged: then the plan's height, year or best is wrong.
    """
    is_judged = NOT_JUDGED.isdisjoint(reading.quality)
    if person is None or not is_judged or reading.value <= 0 or isinstance(reading, Block):
        return ()
    return (*_of_predicted(person, reading), *_of_best(person, reading))


def _of_predicted(person: PlanPerson, reading: Reading) -> Iterator[Reading]:
    # A hub that has no clock yet stands in 1970, and would take the patient for a child.
    if reading.kind not in PREDICTED or reading.measured_at.year < FIRST_CREDIBLE_YEAR:
        return
    age_years = person.age_years(reading.measured_at)
    usual = predicted(
        person.equation, reading.kind, person.sex, age_years, person.height_cm, group=person.group
    )
    if isinstance(usual, Predicted):
        percent, z = PREDICTED[reading.kind]
        yield _compared(reading, percent, round(usual.percent(reading.value), 1), person.reference)
        yield _compared(reading, z, round(usual.z(reading.value), 3), person.reference)


def _of_best(person: PlanPerson, reading: Reading) -> Iterator[Reading]:
    best = _best(person, reading.kind)
    if best is not None and best.setting == reading.setting:
        percent = round(100 * reading.value / best.value, 1)
        yield _compared(reading, PERCENT_OF_BEST[reading.kind], percent, f"personal best ({best.setting})")


def _best(person: PlanPerson, kind: Kind) -> Best | None:
    return {Kind.FEV1: person.fev1_best, Kind.PEF: person.pef_best}.get(kind)


def _compared(source: Reading, kind: Kind, value: float, reference: str) -> Reading:
    """Its identity is that of its source and of what was done with it: told again, it is the same."""
    words = f"{source.id}|{kind}|{reference}"
    id_ = blake2b(words.encode(), digest_size=12).hexdigest()
    least, most = PLAUSIBLE[kind]
    flags = {*source.quality} if least <= value <= most else {*source.quality, Quality.INVALID}
    quality = tuple(flag for flag in Quality if flag in flags)
    return replace(source, id=id_, kind=kind, value=value, quality=quality, reference=reference)
