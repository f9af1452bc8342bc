"""The physiology of a cohort: every number of it, as it stands in a file that can be replaced."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from cloud_bridge.settings import load

PHYSIOLOGY_FILE = Path(__file__).resolve().parent / "physiology.toml"
"""The default one; each number there has its source beside it, or is called assumed."""

_STRICT = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Least0 = Annotated[float, Field(ge=0)]


class People(BaseModel):
    """Who they are when they are well."""

    model_config = _STRICT

    spo2_mean: float = Field(ge=80, le=99)
    spo2_between_sd: Least0
    pulse_mean: float = Field(ge=40, le=130)
    pulse_between_sd: Least0
    oxygen_share: Share
    oxygen_spo2: float
    beta_blocker_share: Share
    beta_blocker_pulse: float
    beta_blocker_response: Share
    fibrillation_share: Share
    fibrillation_sd: Positive
    decliner_share: Share
    decline_spo2_a_year: float
    decline_pulse_a_year: float


class Stable(BaseModel):
    """How their values vary from day to day, and within one."""

    model_config = _STRICT

    spo2_sd: Positive
    pulse_sd: Positive
    sd_between: Least0
    autocorrelation: float = Field(ge=0, lt=1)
    within_day_share: Share


class Measuring(BaseModel):
    """When they measure, and how badly."""

    model_config = _STRICT

    missing_share: Share
    away_a_year: Least0
    away_days: int = Field(ge=0, le=90)
    second_share: Share
    repeat_low_share: Share
    poor_share: Share
    artefact_share: Share
    artefact_spo2: float


class Exacerbations(BaseModel):
    """How often they get worse, how far, how fast, and what is done."""

    model_config = _STRICT

    a_year: Least0
    clustering: Positive
    apart_days_min: int = Field(ge=1, le=365)
    invisible_share: Share
    amplitude_mean: float
    amplitude_sd: Least0
    pulse_share: Share
    rise_from_day: int = Field(ge=-30, le=0)
    rise_until_day: int = Field(ge=1, le=30)
    recovery_days: Positive
    treated_share: Share
    treated_after_days: Least0
    treated_after_sd: Least0
    treatment_told_share: Share


class Symptoms(BaseModel):
    """What they answer when they are asked whether they are worse than usual."""

    model_config = _STRICT

    false_share: Share
    true_share: Share
    from_day: int = Field(ge=-30, le=30)
    until_day: int = Field(ge=0, le=60)
    silent_share: Share


class Devices(BaseModel):
    """How far their oximeters differ, and how often another one comes."""

    model_config = _STRICT

    spo2_bias_sd: Least0
    pulse_bias_sd: Least0
    swaps_a_year: Least0
    pairs_share: Share


class Physiology(BaseModel):
    """All of it."""

    model_config = _STRICT

    people: People
    stable: Stable
    measuring: Measuring
    exacerbations: Exacerbations
    symptoms: Symptoms
    devices: Devices


def load_physiology(file: Path = PHYSIOLOGY_FILE) -> Physiology:
    """Read a physiology; raise SettingsError with the key that is wrong."""
    return load(Physiology, file)
