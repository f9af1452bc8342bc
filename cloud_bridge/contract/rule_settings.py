"""The numbers of the judge's rules T1 to T12: defaults from the literature until a clinician signs them."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

# A limit that is no number would never be broken, and nobody would notice.
_STRICT = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Rule(BaseModel):
    """What every rule has: whether it is used, how long an alert stands, how soon it may be told again."""

    model_config = _STRICT

    is_on: bool = True
    latch_h: float = Field(default=24.0, ge=0, le=24 * 60)
    """So long an open alert stands at least, however good the next reading is."""
    lockout_h: float = Field(default=0.0, ge=0, le=24 * 400)
    """So long after it was told, the same rule is not told again at the same level."""


class Confirmed(Rule):
    """A rule that wants a second reading: until then an alert is yellow and says so."""

    rest_min: float = Field(default=5.0, ge=0, le=60)
    """So long the patient rests before the second reading; one that comes sooner confirms nothing."""
    task_within_min: float = Field(default=15.0, gt=0, le=24 * 60)
    """By then the patient is asked to have measured again."""
    counts_within_h: float = Field(default=26.0, gt=0, le=24 * 14)
    """A later second reading still confirms: who measures once a day must not stay unconfirmed for ever."""


class Spo2VeryLow(Confirmed):
    """T1. Own recommendation, unverified; 83 is the NEWS2 band of scale 2."""

    fall: float = Field(default=4.0, gt=0, le=30)
    below: float = Field(default=85.0, ge=50, le=100)
    scale_2_at_most: float = Field(default=83.0, ge=50, le=100)


class Spo2Low(Confirmed):
    """T2. Own recommendation, unverified; on LTOT the plan's own value."""

    is_told_at_once: bool = True
    """False: nobody is told before a second low reading, after the rest or on the next day, confirms it."""
    fall: float = Field(default=3.0, gt=0, le=30)
    below: float = Field(default=88.0, ge=50, le=100)


class TooMuchOxygen(Rule):
    """T3. The NEWS2 bands of scale 2 for somebody on oxygen (RCP chart 1)."""

    yellow_from: float = Field(default=95.0, ge=80, le=100)
    red_from: float = Field(default=97.0, ge=80, le=100)
    answer_counts_h: float = Field(default=24.0, gt=0, le=24 * 14)
    """So long an answer about oxygen says how a reading was taken; then what the plan says counts."""

    @model_validator(mode="after")
    def _red_behind_yellow(self) -> Self:
        if self.red_from < self.yellow_from:
            raise ValueError(f"write a red_from of {self.yellow_from:g} or more")
        return self


class Pulse(Confirmed):
    """T4. The NEWS2 bands (RCP chart 1)."""

    yellow_from: float = Field(default=111.0, ge=60, le=250)
    red_from: float = Field(default=131.0, ge=60, le=250)
    red_at_most: float = Field(default=40.0, ge=20, le=80)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.red_at_most < self.yellow_from <= self.red_from:
            raise ValueError("write red_at_most, yellow_from and red_from in rising order")
        return self


class Temperature(Confirmed):
    """T5. The NEWS2 bands (RCP chart 1); whether the outer ones are red, the plan says."""

    yellow_from: float = Field(default=38.1, ge=36, le=42)
    high_from: float = Field(default=39.1, ge=36, le=43)
    low_at_most: float = Field(default=35.0, ge=30, le=37)
    outer_level: Literal["yellow", "red"] = "yellow"

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.low_at_most < self.yellow_from <= self.high_from:
            raise ValueError("write low_at_most, yellow_from and high_from in rising order")
        return self


class Symptoms(Rule):
    """T6. After Anthonisen; two days of three is own recommendation, unverified."""

    count_min: int = Field(default=2, ge=1, le=3)
    days_min: int = Field(default=2, ge=1, le=3)
    """So many of three days; 1 where the plan wants to be told on the first."""
    lockout_h: float = Field(default=24.0 * 7, ge=0, le=24 * 400)


class RedFlags(Rule):
    """T7. An answer that is shown to the patient with the emergency number; it can't be made yellow."""


class Rome(Rule):
    """T8. Rome proposal 2021, read in a computable version and not in the paper: unverified."""

    count_min: int = Field(default=3, ge=2, le=4)
    vas_from: float = Field(default=5.0, ge=0, le=10)
    respiratory_rate_from: float = Field(default=24.0, ge=10, le=60)
    pulse_from: float = Field(default=95.0, ge=50, le=200)
    spo2_below: float = Field(default=92.0, ge=50, le=100)
    fall_over: float = Field(default=3.0, gt=0, le=30)
    within_h: float = Field(default=24.0, gt=0, le=24 * 7)
    """So old a value may be to stand beside the newest one."""


class WeightGain(Rule):
    """T9. The ESC's two kilograms in three days; only with heart failure, oedema or orthopnoea."""

    gain_kg: float = Field(default=2.0, gt=0, le=50)
    within_days: float = Field(default=3.0, gt=0, le=14)
    lockout_h: float = Field(default=24.0 * 7, ge=0, le=24 * 400)


class WeightLoss(Rule):
    """T10. A regional manual's 5 % in one month or six and 10 %; against the highest on the same scale."""

    month_percent: float = Field(default=5.0, gt=0, le=50)
    half_year_percent: float = Field(default=5.0, gt=0, le=50)
    great_percent: float = Field(default=10.0, gt=0, le=80)
    lockout_h: float = Field(default=24.0 * 30, ge=0, le=24 * 400)


class Pef(Rule):
    """T11. Zones of the personal best from asthma care: weak in COPD, so only where the plan asks for it."""

    is_on: bool = False
    yellow_below_percent: float = Field(default=80.0, gt=0, le=100)
    red_below_percent: float = Field(default=50.0, gt=0, le=100)


class Fev1(Rule):
    """T12. 225 mL is what nine of ten differ by between two sessions (Herpel); 20 % from ATS/ERS 2005."""

    fall_l: float = Field(default=0.225, gt=0, le=5)
    fall_percent: float = Field(default=20.0, gt=0, le=100)
    apart_h: float = Field(default=12.0, gt=0, le=24 * 14)
    counts_within_days: float = Field(default=14.0, gt=0, le=60)
    grades: tuple[Literal["A", "B", "C", "D"], ...] = ("A", "B", "C")


class Quality(Rule):
    """D2. When a reading says more of the measuring than of the patient; own recommendation, unverified."""

    perfusion_below: float = Field(default=0.3, ge=0, le=20)
    spo2_below: float = Field(default=70.0, ge=0, le=100)
    pulse_apart: float = Field(default=20.0, gt=0, le=300)
    weight_jump_percent: float = Field(default=10.0, gt=0, le=100)
    within_min: float = Field(default=15.0, gt=0, le=24 * 60)
    """Two implausible saturations so close together are believed: then it is the patient after all."""


class News2(Rule):
    """N2, a sum of NEWS2's points over what a home can measure; never called NEWS2, off unless asked for."""

    is_on: bool = False
    yellow_from: int = Field(default=5, ge=1, le=20)
    red_from: int = Field(default=7, ge=1, le=20)
    within_h: float = Field(default=12.0, gt=0, le=24 * 7)


class Rules(BaseModel):
    """Every rule with its numbers; `is_verified` says that a clinician has signed them for this patient."""

    model_config = _STRICT

    is_verified: bool = False
    spo2_very_low: Spo2VeryLow = Spo2VeryLow()
    spo2_low: Spo2Low = Spo2Low()
    too_much_oxygen: TooMuchOxygen = TooMuchOxygen()
    pulse: Pulse = Pulse()
    temperature: Temperature = Temperature()
    symptoms: Symptoms = Symptoms()
    red_flags: RedFlags = RedFlags()
    rome: Rome = Rome()
    weight_gain: WeightGain = WeightGain()
    weight_loss: WeightLoss = WeightLoss()
    pef: Pef = Pef()
    fev1: Fev1 = Fev1()
    quality: Quality = Quality()
    news2: News2 = News2()
    episode_h: float = Field(default=72.0, ge=0, le=24 * 60)
    """Alerts that follow one another within this time belong to one episode; unverified."""
