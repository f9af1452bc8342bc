"""A device's own clock: what it shows now, and by how much it is off from ours."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo


@dataclass(frozen=True, slots=True)
class DeviceClock:
    """What a device's clock shows now, without a zone; `is_set_next` where the session then sets it."""

    device_time: datetime
    is_set_next: bool = False


@dataclass(frozen=True, slots=True)
class HeardClock:
    """What a device's clock showed at a moment of ours."""

    clock: DeviceClock
    at: datetime

    def offset_s(self, zone: tzinfo) -> float:
        """Return how far it is ahead of the home's own wall clock; behind is negative."""
        ours = self.at.astimezone(zone).replace(tzinfo=None)
        return (self.clock.device_time - ours).total_seconds()

    def instant(self, device_time: datetime) -> datetime | None:
        """Return when its clock showed that, in UTC and whole seconds, or None beyond any calendar.

        Counted back from now by the device's own clock: so it does not matter whether that one
        follows summer time, or stands in another year.
        """
        try:
            moment = self.at.astimezone(UTC) - (self.clock.device_time - device_time)
            return (moment + timedelta(microseconds=500_000)).replace(microsecond=0)
        except OverflowError:
            return None
