"""Rule K1: a person drifts away from their own usual over days. Pure, of constant size, O(1) per reading.

A day's score is Hurst's: the mean of pulse and saturation, each as the mean of the day's readings in
personal SDs to the worse side. One day is one score, however often somebody measures: while the day
is open it counts as it stands now, and it is settled when the next day begins.
"""

from dataclasses import replace
from datetime import date, datetime, timedelta
from math import isfinite

from cloud_bridge.contract.trend_settings import TrendSettings
from devices.kinds import PLAUSIBLE, Kind
from devices.readings import (
    CLOCK_AHEAD_S_MAX,
    FIRST_CREDIBLE_YEAR,
    LAST_CREDIBLE_YEAR,
    NOT_JUDGED,
    Quality,
    Reading,
    series_name,
)
from gateway.alerts.days import (
    Off,
    Part,
    Run,
    Suspicion,
    begun_anew,
    day_over,
    day_score,
    deviations,
    faded,
    is_lasting,
    is_whole,
    run_with,
    smoothed,
)
from gateway.alerts.trend_memory import Around, Finding, Ground, PartName, Refusal, Step, TrendMemory
from gateway.alerts.usual import Met, Usual, disagreeing, provisional, taken

_TOO_POOR = NOT_JUDGED | {
    Quality.POOR_SIGNAL, Quality.LOW_PERFUSION, Quality.MOTION, Quality.QUESTIONABLE, Quality.POOR_FIT,
    Quality.OUT_OF_RANGE, Quality.EARLY, Quality.POOR_EFFORT, Quality.AFTER_MEDICATION,
}  # fmt: skip
"""A single limit may look at these; a baseline would carry them along for months."""


READINGS_MAX = 24
"""So many of the newest readings are named as the ground of a trend."""


def hear(settings: TrendSettings, memory: TrendMemory, reading: Reading, around: Around) -> Step:
    """Take one reading into the trend, and say what it leads to."""
    if refusal := _refusal(settings, reading, around):
        return Step(memory, (), refusal)
    local = reading.measured_at.astimezone(around.zone)
    name, on = _part_of(settings, local)
    part: Part = getattr(memory, name)
    is_late = part.closed_on is not None and on <= part.closed_on
    if is_late or (part.open_on is not None and on < part.open_on):
        return Step(memory, (), "older than what was judged")
    findings: list[Finding] = []
    if part.open_on != on:
        part, found = _day_over(settings, part, name, around)
        findings += found
    part, met = _with_reading(settings, part, reading, on)
    if met == "not the one being learnt":
        return Step(_with(memory, name, part), tuple(findings), "no baseline")
    if met == "new":
        findings.append(Finding("new_device", "noted", name, on, kind=reading.kind, device=reading.device))
    part, found = _told(settings, part, name, around)
    is_ready = part.usuals[reading.kind].baseline.is_ready(settings)
    return Step(_with(memory, name, part), (*findings, *found), None if is_ready else "no baseline")


def look(settings: TrendSettings, memory: TrendMemory, around: Around) -> Step:
    """Look again without a reading: an answer came, a plan, or only time."""
    findings: list[Finding] = []
    today = around.day_of(around.now)
    for name in ("day", "night"):
        part: Part = getattr(memory, name)
        # A night bears the date of its evening, and is not over at midnight.
        if part.open_on is not None and part.open_on + timedelta(days=name == "night") < today:
            part, found = _day_over(settings, part, name, around)
            findings += found
        part, found = _told(settings, part, name, around)
        findings += found
        memory = _with(memory, name, part)
    return Step(memory, tuple(findings))


def usual_of(settings: TrendSettings, memory: TrendMemory, kind: Kind) -> float | None:
    """Return what is usual by day for this person, in the words of their first device; None if unknown."""
    usual = memory.day.usuals.get(kind)
    return usual.baseline.mean if usual is not None and usual.baseline.is_ready(settings) else None


def _with(memory: TrendMemory, name: PartName, part: Part) -> TrendMemory:
    return replace(memory, day=part) if name == "day" else replace(memory, night=part)


def _with_reading(settings: TrendSettings, part: Part, reading: Reading, on: date) -> tuple[Part, Met]:
    signal = settings.signals[reading.kind]
    usual, met = taken(settings, signal, part.usuals.get(reading.kind, Usual()), reading, on)
    named = (*part.readings, (on, reading.id))[-READINGS_MAX:] if reading.kind in settings.scored else None
    usuals = {**part.usuals, reading.kind: usual}
    return replace(part, usuals=usuals, open_on=on, readings=named or part.readings), met


def _day_over(
    settings: TrendSettings, part: Part, name: PartName, around: Around
) -> tuple[Part, tuple[Finding, ...]]:
    """Settle the open day; say where the usual has drifted, or another level has lasted."""
    on = part.open_on
    if on is None:
        return part, ()
    before = part.usuals
    part = day_over(
        settings, part, Suspicion(around.is_alert_open, _is_ill(settings, around, on), around.signed_at)
    )
    part, found = _drifts(settings, part, before, name, on)
    if is_lasting(settings, part):
        ground = _ground(settings, part, part.score, part.run, is_with_symptoms=False)
        if part.opened_on is not None:
            found.append(Finding("trend", "closed", name, on, ground))
        found.append(Finding("new_level", "noted", name, on, ground))
        part = begun_anew(settings, part)
    return part, tuple(found)


def _drifts(
    settings: TrendSettings, part: Part, before: dict[Kind, Usual], name: PartName, on: date
) -> tuple[Part, list[Finding]]:
    found, usuals = [], dict(part.usuals)
    for kind, usual in part.usuals.items():
        signal, baseline = settings.signals[kind], usual.baseline
        if signal.drift_from is None or not baseline.is_ready(settings):
            continue
        drift = baseline.drift(signal)
        if drift >= signal.drift_from and not baseline.has_drifted:
            usuals[kind] = replace(usual, baseline=replace(baseline, has_drifted=True))
            found.append(Finding("drift", "opened", name, on, kind=kind, amount=drift))
        elif before[kind].baseline.has_drifted and not baseline.has_drifted:
            found.append(Finding("drift", "closed", name, on, kind=kind, amount=drift))
    return replace(part, usuals=usuals) if found else part, found


def _told(
    settings: TrendSettings, part: Part, name: PartName, around: Around
) -> tuple[Part, tuple[Finding, ...]]:
    """Open or close what the smoothed score says now."""
    part, found = _disagreements(settings, part, name, around)
    if name == "night" and not settings.is_night_judged:
        return part, found
    today = around.day_of(around.now)
    score, off = _standing(settings, part, today)
    is_worse = _is_within(around, around.worsened_at, today, settings.symptom_days - 1)
    limit = settings.limit_with_symptoms if is_worse else settings.limit_alone
    if part.opened_on is not None:
        if score > settings.limit_clear:
            return part, found
        ground = _ground(settings, part, score, _run(part, off), is_with_symptoms=is_worse)
        return replace(part, opened_on=None), (*found, Finding("trend", "closed", name, today, ground))
    is_locked = part.told_on is not None and 0 <= (today - part.told_on).days < settings.lockout_days
    if score < limit or is_locked:
        return part, found
    ground = _ground(settings, part, score, _run(part, off), is_with_symptoms=score < settings.limit_alone)
    part = replace(part, opened_on=today, told_on=today)
    return part, (*found, Finding("trend", "opened", name, today, ground))


def _standing(settings: TrendSettings, part: Part, today: date) -> tuple[float, Off]:
    """Return the smoothed score as it stands today, and what of the open day is in it: all, or nothing."""
    if part.open_on is not None and is_whole(settings, part, off := deviations(settings, part)):
        score = smoothed(settings, part, part.open_on, day_score(off))
        return faded(settings, score, part.open_on, today), off
    return faded(settings, part.score, part.scored_on, today), {}


def _run(part: Part, off: Off) -> Run | None:
    """Return the run of days with the open one in it, where that counts."""
    return part.run if part.open_on is None or not off else run_with(part.run, part.open_on, off)


def _ground(
    settings: TrendSettings, part: Part, score: float, run: Run | None, *, is_with_symptoms: bool
) -> Ground:
    since = run.first_on if run is not None else None
    devices = {device for usual in part.usuals.values() for device in provisional(usual)}
    return Ground(
        score=score,
        limit=settings.limit_with_symptoms if is_with_symptoms else settings.limit_alone,
        is_with_symptoms=is_with_symptoms,
        days=run.days if run is not None else 0,
        last_on=run.last_on if run is not None else None,
        amounts=run.amounts if run is not None else {},
        provisional=tuple(sorted(devices)),
        readings=tuple(id_ for on, id_ in part.readings if since is None or on >= since),
    )


def _disagreements(
    settings: TrendSettings, part: Part, name: PartName, around: Around
) -> tuple[Part, tuple[Finding, ...]]:
    found: list[Finding] = []
    usuals = part.usuals
    for kind, usual in part.usuals.items():
        if len(usual.epochs) < 2:
            continue
        signal = settings.signals[kind]
        after, epoch = disagreeing(settings, signal, usual)
        if epoch is not None:
            usuals = {**usuals, kind: after}
            amount = epoch.offset_in_units(signal, usual.baseline.mean)
            on = around.day_of(around.now)
            found.append(Finding("devices_disagree", "noted", name, on, None, kind, epoch.device, amount))
    return (replace(part, usuals=usuals) if found else part), tuple(found)


def _is_ill(settings: TrendSettings, around: Around, on: date) -> bool:
    """Tell whether a day lies near worse symptoms, or not long after a treatment."""
    return _is_within(around, around.worsened_at, on, settings.symptom_days - 1) or _is_within(
        around, around.treated_at, on, settings.treated_days
    )


def _is_within(around: Around, at: datetime | None, on: date, days: int) -> bool:
    """Tell whether something was at most so long before this day; a day or two after it counts as well.

    What is answered this morning was felt yesterday, when the day that is settled now was lived.
    """
    return at is not None and -2 <= (on - around.day_of(at)).days <= days


def _refusal(settings: TrendSettings, reading: Reading, around: Around) -> Refusal | None:
    if not settings.is_on or reading.kind not in settings.signals:
        return "of another series"
    if reading.series != series_name(reading.kind):
        return "of another series"
    year = reading.measured_at.year
    if Quality.TIME_UNCERTAIN in reading.quality or not FIRST_CREDIBLE_YEAR <= year <= LAST_CREDIBLE_YEAR:
        return "undated"
    if (reading.measured_at - around.now).total_seconds() > CLOCK_AHEAD_S_MAX:
        return "ahead of time"
    least, most = PLAUSIBLE[reading.kind]
    if not (isfinite(reading.value) and least <= reading.value <= most):
        return "implausible"
    is_poor_pulse = reading.kind is Kind.PULSE_RATE and Quality.IRREGULAR_PULSE in reading.quality
    return "poor quality" if is_poor_pulse or not _TOO_POOR.isdisjoint(reading.quality) else None


def _part_of(settings: TrendSettings, local: datetime) -> tuple[PartName, date]:
    """Return whether it is day or night for this person, and the date; a night has that of its evening."""
    begin, end, hour = settings.night_from_h, settings.night_until_h, local.hour
    is_night = begin <= hour < end if begin <= end else hour >= begin or hour < end
    is_after_midnight = is_night and begin > end and hour < end
    on = local.date() - timedelta(days=1) if is_after_midnight else local.date()
    return ("night" if is_night else "day"), on
