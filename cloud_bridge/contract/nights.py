"""One night of oximetry in a few figures: what the ward shows, and what the plan is held against."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from cloud_bridge.contract.errors import ContractError
from cloud_bridge.contract.night_settings import NightSettings
from cloud_bridge.contract.plain import doubt_of

METHOD = "pusterom-night-1"
"""How it was worked out; another definition of a desaturation is another method."""


@dataclass(frozen=True, slots=True)
class NightSummary:
    """One night as one device saw it; `on` is the date of its evening, durations are in minutes.

    Times below are of valid seconds; the indices count desaturations by 3 and by 4 points for each valid
    hour. A later revision of the same night replaces an earlier one.
    """

    on: date
    revision: int
    device: str
    first_at: datetime
    last_at: datetime
    valid_minutes: float
    quality_share: float
    """Of the time between first and last sample, how much has a usable number."""
    mean: float
    lowest: float
    below_90_minutes: float
    below_88_minutes: float
    desaturations_3_per_h: float
    desaturations_4_per_h: float
    goal_share: float | None
    """For what share of the valid time the plan's goal was kept; None where it has none."""
    block_count: int
    method: str = METHOD


@dataclass(frozen=True, slots=True)
class NightRefused:
    """A night that can't be judged, and why: technical, never clinical."""

    on: date
    revision: int
    why: Literal["nothing valid", "too little valid time"]
    valid_minutes: float
    quality_share: float


Night = NightSummary | NightRefused
_NIGHT: TypeAdapter[Night] = TypeAdapter(Night)


def night_span(settings: NightSettings, on: date, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return when the night of this evening begins and ends; it is shorter or longer when clocks change."""
    begins_at = datetime.combine(on, settings.begins, zone).astimezone(UTC)
    return begins_at, datetime.combine(on + timedelta(days=1), settings.ends, zone).astimezone(UTC)


def night_of(settings: NightSettings, at: datetime, zone: tzinfo) -> date | None:
    """Return the date of the evening of the night in which this moment lies; None by day."""
    local = at.astimezone(zone)
    for on in (local.date(), local.date() - timedelta(days=1)):
        begins_at, ends_at = night_span(settings, on, zone)
        if begins_at <= at < ends_at:
            return on
    return None


def night_body(night: Night) -> bytes:
    """Return a night as JSON."""
    return _NIGHT.dump_json(night)


def night_from(body: bytes) -> Night:
    """Return the night in this body; raise ContractError with a reason otherwise."""
    try:
        night = _NIGHT.validate_json(body)
    except ValidationError as error:
        raise ContractError(f"no night: {error}", body) from error
    if isinstance(night, NightSummary):
        figures = (night.valid_minutes, night.quality_share, night.mean, night.lowest)
        if doubt := doubt_of(night.device, (night.first_at, night.last_at), figures):
            raise ContractError(f"no night: {doubt}", body)
    return night
