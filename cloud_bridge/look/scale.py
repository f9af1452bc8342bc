"""Where a value and a moment lie on a plot, and what the axes say."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from typing import Literal

from cloud_bridge.contract.plan import Level, Plan
from cloud_bridge.look.times import date_said
from cloud_bridge.look.words import Language
from devices.kinds import Kind

_HEIGHT_OF_RANGE_MIN = {
    Kind.SPO2: 8.0,
    Kind.PULSE_RATE: 30.0,
    Kind.BODY_WEIGHT: 3.0,
    Kind.PERFUSION_INDEX: 4.0,
    Kind.FEV1: 0.5,
    Kind.FEV6: 0.5,
    Kind.FVC: 0.5,
    Kind.PEF: 60.0,
    Kind.BODY_TEMPERATURE: 2.0,
}
_HEIGHT_MIN_ELSE = 10.0
"""A quiet series must look quiet: half a kilo may not fill the plot."""

_LEFT_PERCENT, _RIGHT_PERCENT = 9.0, 98.0
_PADDING_PX = 16.0
_HOURLY_DAYS_MAX = 2
_TICKS_MAX = 4


@dataclass(frozen=True, slots=True)
class Band:
    """A region outside a limit of the plan, up to the next limit; None is without end."""

    level: Level
    side: Literal["below", "above"]
    edge: float
    end: float | None


def bands_of(plan: Plan | None, kind: Kind) -> tuple[Band, ...]:
    """Return the regions outside the plan's limits, each ending where a worse one begins."""
    limits = [limit for limit in plan.limits if limit.kind == kind] if plan is not None else []
    below = sorted(((limit.below, limit.level) for limit in limits if limit.below is not None), reverse=True)
    above = sorted((limit.above, limit.level) for limit in limits if limit.above is not None)
    return (*_chained("below", below), *_chained("above", above))


def _chained(side: Literal["below", "above"], edges: list[tuple[float, Level]]) -> Iterable[Band]:
    for place, (edge, level) in enumerate(edges):
        end = edges[place + 1][0] if place + 1 < len(edges) else None
        yield Band(level, side, edge, end)


@dataclass(frozen=True, slots=True)
class Scale:
    """Time runs in per cent of the width, so that text keeps its size; values in pixels of the height."""

    since: datetime
    until: datetime
    low: float
    high: float
    height: float

    def x(self, at: datetime) -> float:
        """Return a moment's place from the left in per cent; what lies outside stands at the edge."""
        share = (at - self.since) / (self.until - self.since)
        return round(_LEFT_PERCENT + (_RIGHT_PERCENT - _LEFT_PERCENT) * min(max(share, 0.0), 1.0), 2)

    def y(self, value: float) -> float:
        """Return a value's place from the top in pixels."""
        share = (self.high - min(max(value, self.low), self.high)) / (self.high - self.low)
        return round(_PADDING_PX + (self.height - 2 * _PADDING_PX) * share, 1)


def range_of(kind: Kind, values: Iterable[float], bands: Iterable[Band]) -> tuple[float, float]:
    """Return the lowest and highest value that a plot must show."""
    shown = [*values, *(band.edge for band in bands)]
    low, high = min(shown, default=0.0), max(shown, default=0.0)
    missing = max(_HEIGHT_OF_RANGE_MIN.get(kind, _HEIGHT_MIN_ELSE) - (high - low), 0.0) / 2
    return low - missing, high + missing


def ticks(
    since: datetime, until: datetime, timezone: tzinfo, language: Language
) -> tuple[tuple[datetime, str], ...]:
    """Return the moments that the time axis names, and their names."""
    today = until.astimezone(timezone).date()
    days = (today - since.astimezone(timezone).date()).days
    is_hourly = days <= _HOURLY_DAYS_MAX
    step = max(-(-days // _TICKS_MAX), 1)
    named = []
    for back in range(0, days + 1, 1 if is_hourly else step):
        day = today - timedelta(days=back)
        for hour in (0, 6, 12, 18) if is_hourly and days < _HOURLY_DAYS_MAX else (0,):
            at = datetime.combine(day, time(hour), tzinfo=timezone)
            if since <= at <= until:
                named.append((at, f"{hour:02}:00" if hour else date_said(day, today, language)))
    return tuple(sorted(named))
