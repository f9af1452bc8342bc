"""Which zone the patient is in: open alerts decide, and where nothing was measured nobody knows."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from cloud_bridge.contract.alert import Alert

Zone = Literal["red", "yellow", "green", "unknown"]


def zone_of(
    alerts: Sequence[Alert], last_measured_at: datetime | None, now: datetime, stale_h: float
) -> Zone:
    """Return the zone; green is only said of somebody whose readings are fresh."""
    levels = {alert.level for alert in alerts}
    if "red" in levels:
        return "red"
    if "yellow" in levels:
        return "yellow"
    if last_measured_at is None or now - last_measured_at > timedelta(hours=stale_h):
        return "unknown"
    return "green"
