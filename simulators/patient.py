"""A simulated person: what their body would show on a day, stable or in an exacerbation."""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from cloud_bridge.contract.plan import Plan
from devices.kinds import Kind

SPO2_NOISE = 0.9
PULSE_NOISE_BPM = 3.0
WEIGHT_NOISE_KG = 0.15
"""Day-to-day spread of stable patients: SpO2 about 1 %, pulse about 5 /min with its slow part
(Hurst 2010); weight is our own guess."""

FALL_SPO2 = 8.0
RISE_PULSE_BPM = 24.0
ONSET_DAYS, RECOVERY_DAYS = 4, 5


@dataclass(frozen=True, slots=True)
class Body:
    """What the devices would measure on one morning."""

    spo2: float
    pulse_bpm: float
    weight_kg: float


@dataclass(frozen=True, slots=True)
class Patient:
    """One person with their own usual values; computed, not taken from anybody."""

    name: str
    birth_year: int
    spo2_usual: float
    pulse_usual_bpm: float
    weight_usual_kg: float
    worst_day: date | None = None
    """The bottom of an exacerbation, if one comes."""

    def individual(self, plan: Plan) -> Plan:
        """Return the plan with this person's usual values in its limits."""
        usual = {Kind.SPO2: self.spo2_usual, Kind.PULSE_RATE: self.pulse_usual_bpm}
        limits = (limit.model_copy(update={"usual": usual.get(limit.kind)}) for limit in plan.limits)
        return plan.model_copy(update={"limits": tuple(limits)})

    def body(self, day: date, dice: Random) -> Body:
        """Return what this person's body shows that morning."""
        ill = self.illness(day)
        spo2 = self.spo2_usual - FALL_SPO2 * ill + dice.gauss(0, SPO2_NOISE)
        pulse = self.pulse_usual_bpm + RISE_PULSE_BPM * ill + dice.gauss(0, PULSE_NOISE_BPM)
        weight = self.weight_usual_kg - 0.6 * ill + dice.gauss(0, WEIGHT_NOISE_KG)
        return Body(float(round(min(99.0, spo2))), float(round(pulse)), round(weight / 0.05) * 5 / 100)

    def illness(self, day: date) -> float:
        """Return how ill, from 0 to 1: rises over days to the worst one, then fades."""
        if self.worst_day is None:
            return 0.0
        off = (day - self.worst_day) / timedelta(days=1)
        return max(0.0, 1 + off / ONSET_DAYS if off < 0 else 1 - off / RECOVERY_DAYS)
