"""What the trend is told by the plan: each number a default with its source, or marked as unverified."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from devices.kinds import Kind

Scale = Literal["difference", "share"]
"""How two devices differ: by so many units, or by such a share of the value (as spirometers do)."""

PulseDoubt = Literal["beta_blocker", "pacemaker", "atrial_fibrillation"]
"""Why this person's pulse says nothing of how they are."""

# A limit that is no number would never be broken, and nobody would notice.
_STRICT = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class SignalSettings(BaseModel):
    """How one signal is compared with what is usual for this person; all in the unit of its Kind."""

    model_config = _STRICT

    worse: Literal["above", "below"]
    """On which side of the usual it is worse."""
    sd_usual: float = Field(gt=0)
    """The spread of stable patients, to which a young personal one is drawn."""
    sd_floor: float = Field(gt=0)
    """No personal spread is taken for smaller: three equal mornings are no proof of a calm person."""
    scale: Scale = "difference"
    offset_sd: float = Field(gt=0)
    """How far two devices differ, before anybody has seen them side by side (a share where scale is)."""
    pair_sd: float = Field(gt=0)
    """How far two readings of one device differ within ten minutes (a share where scale is)."""
    disagrees_from: float = Field(gt=0)
    """From this offset on a person must look at the devices, in the unit of the Kind, always."""
    drift_from: float | None = Field(default=None, gt=0)
    """So far to the worse side since the plan was signed, and the slow baseline hides a decline."""


def _signals() -> dict[Kind, SignalSettings]:
    return {Kind.SPO2: _SPO2, Kind.PULSE_RATE: _PULSE, Kind.FEV1: _FEV1, Kind.BODY_WEIGHT: _WEIGHT}


_SPO2 = SignalSettings(
    worse="below", sd_usual=1.0, sd_floor=0.7, offset_sd=1.5, pair_sd=1.0, disagrees_from=3.0, drift_from=2.0
)
"""SD: Hurst 2010. Floor, offset (own inference from vendors' Arms of 2 %), pair, 3 and 2: own
recommendation, unverified."""

_PULSE = SignalSettings(
    worse="above", sd_usual=5.0, sd_floor=3.0, offset_sd=1.5, pair_sd=2.0, disagrees_from=5.0, drift_from=10.0
)
"""SD: Hurst 2010. Offset: vendors say ±2 to ±3. The others: own recommendation, unverified."""

_FEV1 = SignalSettings(
    worse="below",
    sd_usual=0.15,
    sd_floor=0.1,
    scale="share",
    offset_sd=0.05,
    pair_sd=0.05,
    disagrees_from=0.3,
)
"""SD: UPLIFT 0.12 to 0.14 L between visits, LHS and NETT 0.106 ± 0.10 L; floor, offset of 5 % and
300 mL: own recommendation, unverified; pair: unverified."""

_WEIGHT = SignalSettings(
    worse="above", sd_usual=0.7, sd_floor=0.4, offset_sd=0.5, pair_sd=0.1, disagrees_from=2.0
)
"""Offset of half a kilo by floor and clothes: from memory, unverified; so are the others."""


class TrendSettings(BaseModel):
    """Rule K1, baselines and device changes of one patient.

    Sources: Hurst 2010 (the composite; SDs), Al Rajeh 2020 (14 stable days). What stands beside a
    field as unverified is the project's own recommendation from a simulation, and a clinician's to
    approve.
    """

    model_config = _STRICT

    is_on: bool = True
    pulse_doubts: tuple[PulseDoubt, ...] = ()
    """With any of these the pulse counts for nothing, and saturation stands alone."""

    smoothing: float = Field(default=0.3, gt=0, le=1)
    """The weight of the newest day in the smoothed score (lambda); own simulation, unverified."""
    limit_alone: float = Field(default=1.1, gt=0)
    """The smoothed score that opens an alert by itself; own simulation (G101 in gateway/alerts/README.md says
    why not the 0.75 that was recommended first), unverified."""
    limit_with_symptoms: float = Field(default=0.5, gt=0)
    """The one that does when symptoms were worse than usual; own simulation, unverified."""
    symptom_days: int = Field(default=3, ge=1, le=14)
    """So many days worse symptoms count, that of the answer included; own simulation, unverified."""
    limit_clear: float = Field(default=0.25)
    """At or below it an open alert closes; unverified: half of what opens it with symptoms."""
    lockout_days: int = Field(default=7, ge=0, le=60)
    """So long after one has opened no other one does; own recommendation, unverified."""
    hold_days: int = Field(default=3, ge=0, le=30)
    """So many days without a reading change nothing; from then on the score fades as it came; unverified."""
    z_max: float = Field(default=4.0, gt=0)
    """One signal counts for no more than this many SDs on one day: one slip of a finger; unverified."""

    learn_days: int = Field(default=14, ge=1, le=90)
    """So many days a baseline is learnt before it counts; Al Rajeh 2020."""
    learn_count_min: int = Field(default=10, ge=2, le=90)
    """With so many days with a reading among them, or it takes longer; own recommendation, unverified."""
    pseudo_count: float = Field(default=7.0, ge=0)
    """So many readings the spread of stable patients weighs; own recommendation, unverified."""
    learn_share: float = Field(default=1 / 60, gt=0, le=1)
    """So much of a later unremarkable day goes into the baseline; own recommendation, unverified."""
    remarkable_from: float = Field(default=1.5, gt=0)
    """A day with this score, to either side, teaches nothing; own recommendation, unverified."""
    treated_days: int = Field(default=14, ge=0, le=90)
    """So long after antibiotics, steroids or admission nothing is learnt; own recommendation, unverified."""
    lasting_days: int = Field(default=35, ge=7, le=365)
    """What has been another level for so long is asked about and learnt anew; unverified (from memory,
    three in four are back at their usual peak flow five weeks after an exacerbation)."""

    pulse_quiet_below: float = Field(default=1.5, gt=0)
    """Only while pulse is less than this many SDs up is a device's offset learnt; unverified."""
    settle_share: float = Field(default=0.5, gt=0, le=1)
    """A device is known once its offset is known to this share of a personal SD; unverified."""
    settle_count: int = Field(default=12, ge=1, le=60)
    """Or after so many days of it (10 to 14 readings); own recommendation, unverified."""
    autocorrelation: float = Field(default=0.3, ge=0, lt=1)
    """How far one day foretells the next: days so alike teach less of an offset; assumed, unverified."""
    pair_s: float = Field(default=600.0, gt=0, le=3600)
    """Readings of two devices within ten minutes are of one state; own recommendation, unverified."""

    night_from_h: int = Field(default=23, ge=0, le=23)
    night_until_h: int = Field(default=6, ge=0, le=23)
    """Between these hours a reading is one of the night: saturation is 2 points lower then (Buekers
    2019), so the two never share a baseline. The hours themselves: unverified."""
    is_night_judged: bool = False
    """Whether nights open a trend by themselves; no SD of single nights was found, so unverified: off."""

    signals: dict[Kind, SignalSettings] = Field(default_factory=_signals)

    @model_validator(mode="after")
    def _opens_above_where_it_closes(self) -> Self:
        if not self.limit_clear < self.limit_with_symptoms <= self.limit_alone:
            raise ValueError(
                "write limit_clear < limit_with_symptoms <= limit_alone, else the alert flickers"
            )
        if self.learn_count_min > self.learn_days:
            raise ValueError("write a learn_count_min of learn_days or fewer: one day counts once")
        return self

    @property
    def scored(self) -> tuple[Kind, ...]:
        """The signals of Hurst's composite that count for this person, in a fixed order."""
        wanted = (Kind.SPO2,) if self.pulse_doubts else (Kind.PULSE_RATE, Kind.SPO2)
        return tuple(kind for kind in wanted if kind in self.signals)
