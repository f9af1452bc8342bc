"""How good a sitting of blows was: the grades of ATS/ERS 2019, as far as a home's readings can tell.

UNVERIFIED: the table is from memory of the standard, not from its text. Ours, and in no standard:
what counts as one sitting, FEV6 in the place of FVC, and which of our remarks means what.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from devices.kinds import Kind
from devices.readings import NOT_JUDGED, Quality, Reading, Setting

Grade = Literal["A", "B", "C", "D", "E", "F", "U"]

SITTING_S = 1_800.0
"""A sitting is over so long after its first blow."""

TRIALS_MAX = 8
"""More blows than this tire: later ones are kept and shown, but neither graded nor the best."""

_SMALL_LUNG_L = 1.0
_Steps = tuple[tuple[Grade, int], ...]
_WITHIN_ML: _Steps = (("B", 150), ("C", 200), ("D", 250))
_WITHIN_ML_SMALL: _Steps = (("B", 100), ("C", 150), ("D", 200))
"""Where the largest FVC is at most a litre. The standard's "or 10 %" can never be more there."""

_UNUSABLE = frozenset({Quality.POOR_EFFORT, Quality.OUT_OF_RANGE})
_UNACCEPTABLE = _UNUSABLE | {Quality.QUESTIONABLE}


@dataclass(frozen=True, slots=True)
class Sitting:
    """The blows into one device, at one place, all before or all after medicine; oldest first."""

    readings: tuple[Reading, ...]

    @property
    def setting(self) -> Setting:
        """Where it was."""
        return self.readings[0].setting

    @property
    def capacity(self) -> Kind:
        """What stands for all the air: FVC, or FEV6 where the device knows nothing else."""
        kinds = {reading.kind for reading in self.readings}
        return Kind.FVC if Kind.FVC in kinds or Kind.FEV6 not in kinds else Kind.FEV6

    def trials(self, kind: Kind) -> tuple[Reading, ...]:
        """Return what each blow gave of one kind."""
        return tuple(reading for reading in self.readings if reading.kind is kind)[:TRIALS_MAX]

    def acceptable(self, kind: Kind) -> tuple[Reading, ...]:
        """Return those that neither the device nor we have anything against."""
        return tuple(each for each in self.trials(kind) if _UNACCEPTABLE.isdisjoint(each.quality))

    def best(self, kind: Kind) -> Reading | None:
        """Return the largest acceptable one; where none is, the largest usable one, or of all."""
        trials = self.trials(kind)
        usable = tuple(each for each in trials if _UNUSABLE.isdisjoint(each.quality))
        chosen = self.acceptable(kind) or usable or trials
        return max(chosen, key=lambda each: each.value, default=None)

    def beside(self, reading: Reading, kind: Kind) -> Reading | None:
        """Return what the same blow gave of another kind."""
        return next(
            (each for each in self.readings if each.kind is kind and each.measured_at == reading.measured_at),
            None,
        )

    def grade(self, kind: Kind) -> Grade | None:
        """Return how good the sitting was for one kind; None where the table says nothing of it."""
        trials = self.trials(kind)
        if kind not in (Kind.FEV1, self.capacity) or not trials:
            return None
        values = sorted((each.value for each in self.acceptable(kind)), reverse=True)
        if not values:
            return "U" if any(_UNUSABLE.isdisjoint(each.quality) for each in trials) else "F"
        if len(values) == 1:
            return "E"
        apart_ml = round((values[0] - values[1]) * 1_000)
        reached: list[Grade] = [grade for grade, within_ml in self._within_ml() if apart_ml <= within_ml]
        if not reached:
            return "E"
        return "A" if reached[0] == "B" and len(values) > 2 else reached[0]

    def _within_ml(self) -> _Steps:
        whole = max((each.value for each in self.acceptable(self.capacity)), default=None)
        return _WITHIN_ML if whole is None or whole > _SMALL_LUNG_L else _WITHIN_ML_SMALL


def sittings(readings: Iterable[Reading]) -> tuple[Sitting, ...]:
    """Return readings as sittings, oldest first; what may not be judged belongs to none."""
    begun: dict[tuple[str, Setting, bool], list[Reading]] = {}
    found: list[list[Reading]] = []
    for reading in sorted(readings, key=lambda each: each.measured_at):
        if not NOT_JUDGED.isdisjoint(reading.quality):
            continue
        where = (reading.device, reading.setting, Quality.AFTER_MEDICATION in reading.quality)
        sitting = begun.get(where)
        if sitting is None or reading.measured_at - sitting[0].measured_at > timedelta(seconds=SITTING_S):
            sitting = begun[where] = []
            found.append(sitting)
        sitting.append(reading)
    return tuple(Sitting(tuple(each)) for each in found)


def best_of_each(readings: Iterable[Reading], kind: Kind) -> tuple[Reading, ...]:
    """Return one reading for each sitting, its best; and those that may not be judged, as they are."""
    known = [reading for reading in readings if reading.kind is kind]
    best = [each.best(kind) for each in sittings(known)]
    weak = [reading for reading in known if not NOT_JUDGED.isdisjoint(reading.quality)]
    shown = [*(reading for reading in best if reading is not None), *weak]
    return tuple(sorted(shown, key=lambda each: each.measured_at))
