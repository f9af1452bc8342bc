"""What can be measured, and how the world outside names it."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What was measured; the unit is that of its Coding, always."""

    SPO2 = "spo2"
    PULSE_RATE = "pulse_rate"
    PERFUSION_INDEX = "perfusion_index"

    FEV1 = "fev1"
    FEV6 = "fev6"
    FVC = "fvc"
    FEV05 = "fev05"
    FEV075 = "fev075"
    SLOW_VC = "slow_vc"
    FEV1_FEV6 = "fev1_fev6"
    FEV1_FVC = "fev1_fvc"
    PEF = "pef"
    FEF25_75 = "fef25_75"
    FORCED_TIME = "forced_time"
    FEV1_BEST = "fev1_best"
    PEF_BEST = "pef_best"

    FEV1_PERCENT_PREDICTED = "fev1_percent_predicted"
    FVC_PERCENT_PREDICTED = "fvc_percent_predicted"
    FEV1_FVC_PERCENT_PREDICTED = "fev1_fvc_percent_predicted"
    FEV1_Z = "fev1_z"
    FVC_Z = "fvc_z"
    FEV1_FVC_Z = "fev1_fvc_z"
    FEV1_PERCENT_BEST = "fev1_percent_best"
    PEF_PERCENT_BEST = "pef_percent_best"

    BODY_WEIGHT = "body_weight"
    BMI = "bmi"
    BODY_FAT = "body_fat"
    MUSCLE_PERCENTAGE = "muscle_percentage"
    FAT_FREE_MASS = "fat_free_mass"
    SOFT_LEAN_MASS = "soft_lean_mass"
    BODY_WATER_MASS = "body_water_mass"
    IMPEDANCE = "impedance"

    SYSTOLIC_PRESSURE = "systolic_pressure"
    DIASTOLIC_PRESSURE = "diastolic_pressure"
    MEAN_PRESSURE = "mean_pressure"
    CUFF_PULSE_RATE = "cuff_pulse_rate"
    BODY_TEMPERATURE = "body_temperature"

    BATTERY_LEVEL = "battery_level"


@dataclass(frozen=True, slots=True)
class Coding:
    """How the world outside names a Kind: IEEE 11073 MDC, LOINC where verified, UCUM.

    MDC has no word for a part of what is predicted, nor for what a body resists: None there.
    """

    mdc: int | None
    loinc: tuple[str, ...]
    unit: str


CODINGS: dict[Kind, Coding] = {
    Kind.SPO2: Coding(150456, ("2708-6", "59408-5"), "%"),
    Kind.PULSE_RATE: Coding(149530, ("8867-4",), "/min"),
    Kind.PERFUSION_INDEX: Coding(150448, ("61006-3",), "%"),
    Kind.FEV1: Coding(152586, ("20150-9",), "L"),
    Kind.FEV6: Coding(152587, (), "L"),
    Kind.FVC: Coding(188928, ("19868-9",), "L"),
    Kind.FEV05: Coding(188940, (), "L"),
    Kind.FEV075: Coding(None, (), "L"),
    Kind.SLOW_VC: Coding(188932, (), "L"),
    Kind.FEV1_FEV6: Coding(188936, (), "%"),
    Kind.FEV1_FVC: Coding(188948, ("19926-5",), "%"),
    Kind.PEF: Coding(152584, ("33452-4",), "L/min"),
    Kind.FEF25_75: Coding(None, (), "L/s"),
    Kind.FORCED_TIME: Coding(189016, (), "s"),
    Kind.FEV1_BEST: Coding(None, (), "L"),
    Kind.PEF_BEST: Coding(152585, (), "L/min"),
    Kind.FEV1_PERCENT_PREDICTED: Coding(None, (), "%"),
    Kind.FVC_PERCENT_PREDICTED: Coding(None, (), "%"),
    Kind.FEV1_FVC_PERCENT_PREDICTED: Coding(None, (), "%"),
    Kind.FEV1_Z: Coding(None, (), "1"),
    Kind.FVC_Z: Coding(None, (), "1"),
    Kind.FEV1_FVC_Z: Coding(None, (), "1"),
    Kind.FEV1_PERCENT_BEST: Coding(None, (), "%"),
    Kind.PEF_PERCENT_BEST: Coding(None, (), "%"),
    Kind.BODY_WEIGHT: Coding(188736, ("29463-7",), "kg"),
    Kind.BMI: Coding(188752, ("39156-5",), "kg/m2"),
    Kind.BODY_FAT: Coding(188748, ("41982-0",), "%"),
    Kind.MUSCLE_PERCENTAGE: Coding(188772, (), "%"),
    Kind.FAT_FREE_MASS: Coding(188756, (), "kg"),
    Kind.SOFT_LEAN_MASS: Coding(188760, (), "kg"),
    Kind.BODY_WATER_MASS: Coding(188764, (), "kg"),
    Kind.IMPEDANCE: Coding(None, (), "Ohm"),
    Kind.SYSTOLIC_PRESSURE: Coding(150021, ("8480-6",), "mm[Hg]"),
    Kind.DIASTOLIC_PRESSURE: Coding(150022, ("8462-4",), "mm[Hg]"),
    Kind.MEAN_PRESSURE: Coding(150023, ("8478-0",), "mm[Hg]"),
    Kind.CUFF_PULSE_RATE: Coding(149546, ("8867-4",), "/min"),
    Kind.BODY_TEMPERATURE: Coding(150364, ("8310-5",), "Cel"),
    Kind.BATTERY_LEVEL: Coding(67996, (), "%"),
}

_VOLUME_L = (0.05, 15.0)
_SHARE_PERCENT = (0.5, 100.0)
_PREDICTED_PERCENT = (0.5, 400.0)
_Z = (-15.0, 15.0)
_MASS_KG = (0.5, 350.0)
_PRESSURE_MMHG = (10.0, 350.0)

PLAUSIBLE: dict[Kind, tuple[float, float]] = {
    Kind.SPO2: (1.0, 100.0),
    Kind.PULSE_RATE: (1.0, 300.0),
    Kind.PERFUSION_INDEX: (0.001, 100.0),
    Kind.FEV1: _VOLUME_L,
    Kind.FEV6: _VOLUME_L,
    Kind.FVC: _VOLUME_L,
    Kind.FEV05: _VOLUME_L,
    Kind.FEV075: _VOLUME_L,
    Kind.SLOW_VC: _VOLUME_L,
    Kind.FEV1_FEV6: _SHARE_PERCENT,
    Kind.FEV1_FVC: _SHARE_PERCENT,
    Kind.PEF: (5.0, 1500.0),
    Kind.FEF25_75: (0.01, 20.0),
    Kind.FORCED_TIME: (0.1, 60.0),
    Kind.FEV1_BEST: _VOLUME_L,
    Kind.PEF_BEST: (5.0, 1500.0),
    Kind.FEV1_PERCENT_PREDICTED: _PREDICTED_PERCENT,
    Kind.FVC_PERCENT_PREDICTED: _PREDICTED_PERCENT,
    Kind.FEV1_FVC_PERCENT_PREDICTED: _PREDICTED_PERCENT,
    Kind.FEV1_Z: _Z,
    Kind.FVC_Z: _Z,
    Kind.FEV1_FVC_Z: _Z,
    Kind.FEV1_PERCENT_BEST: _PREDICTED_PERCENT,
    Kind.PEF_PERCENT_BEST: _PREDICTED_PERCENT,
    Kind.BODY_WEIGHT: _MASS_KG,
    Kind.BMI: (5.0, 150.0),
    Kind.BODY_FAT: (0.5, 90.0),
    Kind.MUSCLE_PERCENTAGE: (1.0, 99.0),
    Kind.FAT_FREE_MASS: _MASS_KG,
    Kind.SOFT_LEAN_MASS: _MASS_KG,
    Kind.BODY_WATER_MASS: _MASS_KG,
    Kind.IMPEDANCE: (1.0, 10_000.0),
    Kind.SYSTOLIC_PRESSURE: _PRESSURE_MMHG,
    Kind.DIASTOLIC_PRESSURE: _PRESSURE_MMHG,
    Kind.MEAN_PRESSURE: _PRESSURE_MMHG,
    Kind.CUFF_PULSE_RATE: (1.0, 300.0),
    Kind.BODY_TEMPERATURE: (20.0, 46.0),
    Kind.BATTERY_LEVEL: (0.0, 100.0),
}
"""From the least to the most that any living person's device can say; ours, and wide on purpose.

What lies outside is broken bytes or a broken device, not a sick patient.
"""
