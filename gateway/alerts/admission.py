"""May this reading be judged? The reasons why not, the same for every rule about single readings."""

from datetime import datetime
from math import isfinite
from typing import Literal

from cloud_bridge.contract.answers import Answer
from devices.readings import (
    CLOCK_AHEAD_S_MAX,
    FIRST_CREDIBLE_YEAR,
    NOT_JUDGED,
    Quality,
    Reading,
    series_name,
)

Refusal = Literal[
    "of another series", "stale", "poor quality", "undated", "ahead of time", "older than what was judged"
]  # fmt: skip


def refusal_of(stale_h: float, judged_at: datetime | None, reading: Reading) -> Refusal | None:
    """Return why this reading is kept and not judged, where the newest one judged was of `judged_at`."""
    if reading.series != series_name(reading.kind):
        return "of another series"
    if not NOT_JUDGED.isdisjoint(reading.quality) or not isfinite(reading.value):
        return "poor quality"
    if reading.age_s > stale_h * 3600:
        return "stale"
    if _is_undated(reading) and Quality.FROM_STORAGE in reading.quality:
        return "undated"
    if judged_at is not None and _is_older(reading, judged_at):
        return "older than what was judged"
    return None


def refusal_of_answer(stale_h: float, answer: Answer) -> Refusal | None:
    """Return why this answer is kept and not judged."""
    age_s = (answer.received_at - answer.answered_at).total_seconds()
    if age_s > stale_h * 3600:
        return "stale"
    return "ahead of time" if age_s < -CLOCK_AHEAD_S_MAX else None


def judged_at(before: datetime | None, reading: Reading) -> datetime | None:
    """Return when the newest judged reading was measured; one without a time moves nothing."""
    has_time = reading.measured_at.year >= FIRST_CREDIBLE_YEAR
    return reading.measured_at if has_time else before


def _is_undated(reading: Reading) -> bool:
    return reading.is_in_hub_time and (
        Quality.TIME_UNCERTAIN in reading.quality or reading.measured_at.year < FIRST_CREDIBLE_YEAR
    )


def _is_older(reading: Reading, newest_at: datetime) -> bool:
    """Where the hub had no time, the order of arrival counts; what was judged tomorrow is no measure."""
    if reading.measured_at >= newest_at or reading.measured_at.year < FIRST_CREDIBLE_YEAR:
        return False
    has_hub_time = reading.received_at.year >= FIRST_CREDIBLE_YEAR
    return not has_hub_time or (newest_at - reading.received_at).total_seconds() <= CLOCK_AHEAD_S_MAX
