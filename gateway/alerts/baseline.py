"""What is usual for one person: a mean and a spread per signal, learnt from unremarkable days only.

A day counts as one reading, however often somebody measured: else ten readings of one morning would
be a baseline, and theirs would forget in a week what others keep for two months.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from math import sqrt

from cloud_bridge.contract.trend_settings import SignalSettings, TrendSettings


@dataclass(frozen=True, slots=True)
class Baseline:
    """The usual of one signal, of constant size; in the words of the first device that told it."""

    count: int = 0
    mean: float = 0.0
    variance: float = 0.0
    first_on: date | None = None
    last_on: date | None = None
    reference: float | None = None
    """The mean when the plan was signed, with which a slow drift is compared."""
    signed_at: datetime | None = None
    has_drifted: bool = False

    def is_ready(self, settings: TrendSettings) -> bool:
        """Tell whether enough stable days were seen to compare with."""
        if self.first_on is None or self.last_on is None:
            return False
        days = (self.last_on - self.first_on).days + 1
        return self.count >= settings.learn_count_min and days >= settings.learn_days

    def sd(self, settings: TrendSettings, signal: SignalSettings) -> float:
        """Return the personal SD, drawn to that of stable patients as if by some readings of theirs."""
        # What a forgetting mean remembers is worth so many readings, and never more.
        freedom = max(0.0, min(self.count, 2 / settings.learn_share - 1) - 1)
        weight = freedom + settings.pseudo_count
        if weight <= 0:
            return max(signal.sd_floor, signal.sd_usual)
        pooled = (freedom * self.variance + settings.pseudo_count * signal.sd_usual**2) / weight
        return max(signal.sd_floor, sqrt(pooled))

    def drift(self, signal: SignalSettings) -> float:
        """Return by how much the usual has moved to the worse side since the plan was signed."""
        if self.reference is None:
            return 0.0
        rise = self.mean - self.reference
        return rise if signal.worse == "above" else -rise


def learnt(settings: TrendSettings, baseline: Baseline, value: float, on: date) -> Baseline:
    """Return the baseline after one unremarkable day: a plain mean at first, then a slow one."""
    count, off = baseline.count + 1, value - baseline.mean
    if baseline.is_ready(settings):
        share = settings.learn_share
        variance = (1 - share) * baseline.variance + share * off * off
    else:
        share = 1 / count
        variance = 0.0 if count == 1 else baseline.variance * (count - 2) / (count - 1) + off * off * share
    return replace(
        baseline,
        count=count,
        mean=baseline.mean + share * off,
        variance=variance,
        first_on=baseline.first_on or on,
        last_on=on,
    )


def signed(settings: TrendSettings, baseline: Baseline, signed_at: datetime | None) -> Baseline:
    """Return the baseline with today's mean as its reference where there is none, or the plan is newer."""
    is_new = baseline.reference is None or signed_at != baseline.signed_at
    if not (is_new and baseline.is_ready(settings)):
        return baseline
    return replace(baseline, reference=baseline.mean, signed_at=signed_at, has_drifted=False)


def forgotten(baseline: Baseline) -> Baseline:
    """Return one that learns anew, and still knows with what it was compared when the plan was signed."""
    return Baseline(
        reference=baseline.reference, signed_at=baseline.signed_at, has_drifted=baseline.has_drifted
    )
