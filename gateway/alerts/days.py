"""Days in a row: the score of each, smoothed; what is learnt when one is over; how long it has been off."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from math import sqrt

from cloud_bridge.contract.trend_settings import TrendSettings
from devices.kinds import Kind
from gateway.alerts.baseline import forgotten
from gateway.alerts.usual import Deviation, Usual, closed, deviation

Off = dict[Kind, Deviation]
"""How the scored signals of one day differ from the usual."""


@dataclass(frozen=True, slots=True)
class Run:
    """Days in a row whose score lay on the worse side; days without readings are not counted."""

    first_on: date
    last_on: date
    days: int = 0
    totals: dict[Kind, float] = field(default_factory=dict)
    counts: dict[Kind, int] = field(default_factory=dict)
    is_over: bool = False
    """A better day came; it is still the newest run that there was."""

    @property
    def amounts(self) -> dict[Kind, float]:
        """The mean deviation of its days by signal, in its unit."""
        return {kind: total / self.counts[kind] for kind, total in self.totals.items()}


@dataclass(frozen=True, slots=True)
class Part:
    """The memory of the days, or of the nights."""

    usuals: dict[Kind, Usual] = field(default_factory=dict)
    open_on: date | None = None
    closed_on: date | None = None
    """The last day that is over: what comes later and is not younger is not judged."""
    score: float = 0.0
    """Smoothed, up to the last day that is over and had a score."""
    scored_on: date | None = None
    run: Run | None = None
    off_since: date | None = None
    """Since when the smoothed score has been far off, to either side, on every scored day."""
    opened_on: date | None = None
    """When the trend that is open now was opened."""
    told_on: date | None = None
    """When a trend was opened last: the lockout counts from there."""
    readings: tuple[tuple[date, str], ...] = ()
    """The newest readings, to be named as the ground of a trend."""


@dataclass(frozen=True, slots=True)
class Suspicion:
    """Why a day may not be an ordinary one, apart from its numbers."""

    is_alert_open: bool
    is_ill: bool
    """Worse symptoms, or a treatment not long ago."""
    signed_at: datetime | None


def deviations(settings: TrendSettings, part: Part) -> Off:
    """Return how the open day's scored signals differ from the usual, as far as both are known."""
    found = {}
    for kind in settings.scored:
        if kind in part.usuals and (off := deviation(settings, settings.signals[kind], part.usuals[kind])):
            found[kind] = off
    return found


def day_score(off: Off) -> float:
    """Return the score of a day: the mean of two; one alone is taken so that it varies as that mean does."""
    total = sum(each.z for each in off.values())
    return total / len(off) if len(off) > 1 else total / sqrt(2)


def is_whole(settings: TrendSettings, part: Part, off: Off) -> bool:
    """Tell whether every signal with a baseline has spoken today: half an oximeter's word opens nothing."""
    ready = (
        kind
        for kind in settings.scored
        if kind in part.usuals and part.usuals[kind].baseline.is_ready(settings)
    )
    return bool(off) and all(kind in off for kind in ready)


def faded(settings: TrendSettings, score: float, scored_on: date | None, on: date) -> float:
    """Return a smoothed score as it stands before this day: held for some days, then fading."""
    if scored_on is None:
        return 0.0
    beyond = (on - scored_on).days - 1 - settings.hold_days
    return score if beyond <= 0 else score * (1 - settings.smoothing) ** min(beyond, 1_000)


def smoothed(settings: TrendSettings, part: Part, on: date, score: float) -> float:
    """Return the smoothed score with this day's in it."""
    before = faded(settings, part.score, part.scored_on, on)
    return before + settings.smoothing * (score - before)


def run_with(run: Run | None, on: date, off: Off) -> Run | None:
    """Return the run with this day: it goes on, begins anew, or is over."""
    if day_score(off) <= 0:
        return run and replace(run, is_over=True)
    if run is None or run.is_over:
        run = Run(on, on)
    totals, counts = dict(run.totals), dict(run.counts)
    for kind, each in off.items():
        totals[kind] = totals.get(kind, 0.0) + each.amount
        counts[kind] = counts.get(kind, 0) + 1
    return Run(run.first_on, on, run.days + 1, totals, counts)


def day_over(settings: TrendSettings, part: Part, doubt: Suspicion) -> Part:
    """Return the memory after the open day: it is scored, and teaches what such a day may teach."""
    on = part.open_on
    if on is None:
        return part
    off = deviations(settings, part)
    score = day_score(off) if off else 0.0
    pulse = off.get(Kind.PULSE_RATE)
    is_remarkable = abs(score) >= settings.remarkable_from
    is_frozen = is_remarkable or doubt.is_ill or doubt.is_alert_open or part.opened_on is not None
    is_quiet = not doubt.is_ill and (pulse is None or pulse.z < settings.pulse_quiet_below)
    usuals = {
        kind: closed(
            settings,
            settings.signals[kind],
            usual,
            on,
            is_frozen=is_frozen,
            is_quiet=is_quiet,
            signed_at=doubt.signed_at,
        )
        for kind, usual in part.usuals.items()
        if kind in settings.signals
    }
    part = replace(part, usuals=usuals, open_on=None, closed_on=on)
    return _scored(settings, part, on, off) if off else part


def _scored(settings: TrendSettings, part: Part, on: date, off: Off) -> Part:
    score = smoothed(settings, part, on, day_score(off))
    is_off = abs(score) >= settings.limit_with_symptoms
    return replace(
        part,
        score=score,
        scored_on=on,
        run=run_with(part.run, on, off),
        off_since=(part.off_since or on) if is_off else None,
    )


def is_lasting(settings: TrendSettings, part: Part) -> bool:
    """Tell whether another level has lasted so long that it may be the new usual."""
    if part.off_since is None or part.scored_on is None:
        return False
    return (part.scored_on - part.off_since).days >= settings.lasting_days


def begun_anew(settings: TrendSettings, part: Part) -> Part:
    """Return the memory that learns the scored signals' baselines anew; devices and references stay."""
    usuals = {
        kind: replace(usual, baseline=forgotten(usual.baseline)) if kind in settings.scored else usual
        for kind, usual in part.usuals.items()
    }
    return replace(part, usuals=usuals, score=0.0, scored_on=None, run=None, off_since=None, opened_on=None)
