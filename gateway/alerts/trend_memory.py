"""What the trend is handed, what it remembers, and what it says: values, and nothing that decides."""

from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from devices.kinds import Kind
from gateway.alerts.days import Part

Refusal = Literal[
    "of another series", "undated", "ahead of time", "implausible", "poor quality",
    "older than what was judged", "no baseline",
]  # fmt: skip

PartName = Literal["day", "night"]
Rule = Literal["trend", "drift", "new_level", "new_device", "devices_disagree"]
"""Only `trend` and `drift` are clinical; `new_level` asks a person, the last two are technical."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What the trend must know besides the reading: the judge hands it in."""

    now: datetime
    zone: tzinfo
    """The patient's own, in which a day begins and ends."""
    worsened_at: datetime | None = None
    """When symptoms were last worse than usual."""
    treated_at: datetime | None = None
    """When antibiotics, steroids or an admission last began."""
    is_alert_open: bool = False
    """Whether a clinical alert of another rule is open."""
    signed_at: datetime | None = None
    """When the plan in force was approved: the slow drift is counted from there."""

    def day_of(self, at: datetime) -> date:
        """Return the person's own date of a moment."""
        return at.astimezone(self.zone).date()


@dataclass(frozen=True, slots=True)
class Ground:
    """The ground of a trend in figures: by how much, for how many days, and what it was judged by.

    From it "pulse 8 above and saturation 2 below the usual for 3 days" can be said in any language.
    """

    score: float
    limit: float
    is_with_symptoms: bool
    days: int
    last_on: date | None
    amounts: dict[Kind, float]
    provisional: tuple[str, ...] = ()
    """Devices whose offset is still being learnt."""
    readings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to be told, as figures; who renders it needs no more."""

    rule: Rule
    change: Literal["opened", "closed", "noted"]
    part: PartName
    on: date
    ground: Ground | None = None
    kind: Kind | None = None
    device: str | None = None
    amount: float | None = None
    """A drift, or how far a device is off, in the unit of the Kind."""


@dataclass(frozen=True, slots=True)
class TrendMemory:
    """All that the trend remembers: day and night apart, for sleep has its own usual."""

    day: Part = field(default_factory=Part)
    night: Part = field(default_factory=Part)

    def __bytes__(self) -> bytes:
        return _MEMORY.dump_json(self)

    @classmethod
    def from_bytes(cls, data: bytes | None) -> "TrendMemory":
        """Decode what a commit kept; None, before the first one, is an empty memory."""
        if data is None:
            return cls()
        try:
            return _MEMORY.validate_json(data)
        except ValidationError as error:
            raise AssertionError(f"our own log holds a trend memory that we can't read: {error}") from error


_MEMORY: TypeAdapter[TrendMemory] = TypeAdapter(TrendMemory)


@dataclass(frozen=True, slots=True)
class Step:
    """What one event led to; `refusal` says why a reading was kept but not compared."""

    memory: TrendMemory
    findings: tuple[Finding, ...] = ()
    refusal: Refusal | None = None
