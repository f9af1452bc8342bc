"""What the plan says of nights: when one is, how much of it must be valid, and what it is held against."""

from datetime import time
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

_STRICT = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class NightGoal(BaseModel):
    """Of a patient on long-term oxygen: saturation above so much for more than such a share of the night.

    Source: procedure for long-term oxygen (Sykehuset Innlandet, helsebiblioteket; expired): "SpO2 > 90 %
    for > 70 % of the time".
    """

    model_config = _STRICT

    above: float = Field(default=90.0, ge=50, le=100)
    share: float = Field(default=0.70, gt=0, lt=1)
    nights_in_a_row: int = Field(default=1, ge=1, le=14)
    """So many nights in a row must miss it before somebody is told; unverified."""


class NightSettings(BaseModel):
    """How overnight oximetry is summed up. What has no source beside it is our own, unverified."""

    model_config = _STRICT

    begins: time = time(21)
    ends: time = time(9)
    """By the home's own clock. Unverified; what is measured outside is of the day and in no summary."""
    quiet_min: float = Field(default=30.0, ge=1, le=24 * 60)
    """A night is over when its window has ended and nothing more of it has come for so long; unverified."""
    valid_minutes_min: float = Field(default=240.0, gt=0)
    """A night with less is not judged: four hours, as many laboratories ask for; from memory, unverified."""
    spo2_least: float = Field(default=50.0, ge=0, le=90)
    """A smaller number is taken for none; unverified."""
    goal: NightGoal | None = None
    """None for who is not on long-term oxygen: then a night is summed up and held against nothing."""

    @model_validator(mode="after")
    def _ends_tomorrow(self) -> Self:
        if self.begins.tzinfo is not None or self.ends.tzinfo is not None:
            raise ValueError("write times of day without a zone, such as 21:00: they are the home's own")
        if not self.ends < self.begins:
            raise ValueError("write a night that begins in the evening and ends the next morning")
        return self
