"""What a twin's display shows of a body, and how it is told."""

from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Self

from devices.kinds import Kind
from simulators.peripherals.memory import Fact


@dataclass(frozen=True, slots=True)
class Composed:
    """What a scale with electrodes shows besides the weight."""

    fat_percent: float
    muscle_percent: float
    soft_lean_kg: float
    water_kg: float
    impedance_ohm: float
    basal_kj: float = 6879.0

    @classmethod
    def any(cls, dice: Random) -> Self:
        """Return what somebody's body might show on some day, in the steps of such scales."""
        return cls(
            dice.randrange(150, 450) / 10,
            dice.randrange(250, 450) / 10,
            dice.randrange(8_000, 14_000) / 200,
            dice.randrange(5_000, 10_000) / 200,
            dice.randrange(3_500, 7_000) / 10,
        )

    def facts(self, device_time: datetime | None) -> tuple[Fact, ...]:
        """Return what the display shows, one by one."""
        shown = {
            Kind.BODY_FAT: self.fat_percent,
            Kind.MUSCLE_PERCENTAGE: self.muscle_percent,
            Kind.SOFT_LEAN_MASS: self.soft_lean_kg,
            Kind.BODY_WATER_MASS: self.water_kg,
            Kind.IMPEDANCE: self.impedance_ohm,
        }
        return tuple(Fact(kind, value, device_time) for kind, value in shown.items())
