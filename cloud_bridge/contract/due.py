"""What was due when, what is due next, and since when it has not come: one arithmetic for hub and ward.

Pure, and O(1) for each question: a week, a dozen windows and fifty pauses are the most that is looked at.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Literal

from cloud_bridge.contract.schedule import WEEKDAYS, Ask, Pause, Schedule, Window
from devices.readings import NOT_JUDGED, Quality, Reading, series_name

_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)

_NOT_THE_PATIENT = frozenset({Quality.DEMO, Quality.UNKNOWN_USER})

Done = Literal["done", "tried", "not this"]


@dataclass(frozen=True, slots=True)
class Slot:
    """One time that something is asked for: from `opens_at` on, until `due_at`; `on` is its local day."""

    ask: str
    on: date
    part: int
    opens_at: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Progress:
    """What has come of one ask: the newest that counts, and of a week on which days something came.

    Nothing in it depends on the order in which things arrived.
    """

    done_at: datetime | None = None
    week_on: date | None = None
    week_days: int = 0
    """A bit for each day of that week, Monday's the lowest."""

    def came(self, at: datetime, zone: tzinfo) -> "Progress":
        """Return what has come once something that was measured or answered then has come, too."""
        on = at.astimezone(zone).date()
        monday, bit = on - timedelta(days=on.weekday()), 1 << on.weekday()
        done_at = at if self.done_at is None else max(self.done_at, at)
        if self.week_on is None or monday > self.week_on:
            return Progress(done_at, monday, bit)
        if monday < self.week_on:
            return replace(self, done_at=done_at)
        return replace(self, done_at=done_at, week_days=self.week_days | bit)

    def not_after(self, at: datetime, zone: tzinfo) -> "Progress":
        """Return it without a future: what a wrong clock dated ahead came at the latest now."""
        if self.done_at is None or self.done_at <= at:
            return self
        now = Progress().came(at, zone)
        return replace(self, done_at=at) if self.week_on == now.week_on else now


@dataclass(frozen=True, slots=True)
class Overdue:
    """Something that was asked for, has not come, and is beyond its grace."""

    slot: Slot
    level: Literal["noted", "yellow"]


def done_by(reading: Reading, ask: Ask) -> Done:
    """Tell whether this reading is what is asked for.

    One without a usable number was tried: the patient is there, and yet there is nothing to go by. One
    of another person, of a demonstration or of a clinic says nothing of this ask.
    """
    if reading.kind is not ask.kind or reading.series != series_name(reading.kind):
        return "not this"
    if not _NOT_THE_PATIENT.isdisjoint(reading.quality):
        return "not this"
    return "done" if NOT_JUDGED.isdisjoint(reading.quality) else "tried"


def waits_for(schedule: Schedule, ask: Ask, progress: Progress, since: datetime) -> Slot | None:
    """Return the first slot, open or still to come, that nothing has filled; None where there is none.

    `since` is when it came into force: what opened before was not asked for. Whatever comes, fills all
    that has opened before it: who has measured is not silent, though a window may have been missed.
    """
    if ask.times_a_week is not None:
        return _weekly(schedule, ask, progress, since)
    done_at = progress.done_at
    return first_slot(schedule, ask, since if done_at is None else max(since, done_at + timedelta.resolution))


def overdue(
    schedule: Schedule, ask: Ask, progress: Progress, since: datetime, now: datetime
) -> Overdue | None:
    """Return what has not come beyond its grace, and how serious that is; None where nothing is amiss.

    In a pause nothing is, and what was waited for before a pause is not waited for after it.
    """
    if pause_at(schedule, ask, now) is not None:
        return None
    slot = waits_for(schedule, ask, progress, max(since, _last_pause_end(schedule, ask, now) or since))
    if slot is None:
        return None
    late_s = (now - slot.due_at).total_seconds()
    if late_s < schedule.noted_after_s(ask):
        return None
    return Overdue(slot, "noted" if late_s < schedule.yellow_after_s(ask) else "yellow")


def next_due(schedule: Schedule, progress: Mapping[str, Progress], now: datetime) -> tuple[Slot, ...]:
    """Return of each ask what is still to come: open now or opening next, and not done; soonest due first."""
    slots = [_to_come(schedule, ask, progress.get(ask.id, Progress()), now) for ask in schedule.asks]
    return tuple(
        sorted((slot for slot in slots if slot is not None), key=lambda slot: (slot.due_at, slot.ask))
    )


def slots_between(schedule: Schedule, ask: Ask, since: datetime, until: datetime) -> Iterator[Slot]:
    """Yield what was asked for: each slot that opened from `since` on and before `until`."""
    for slot in _slots(schedule, ask, since):
        if slot.opens_at >= until:
            return
        if slot.opens_at >= since and _pause_over(schedule, ask, slot) is None:
            yield slot


def first_slot(schedule: Schedule, ask: Ask, since: datetime) -> Slot | None:
    """Return the first slot that opens then or later and is not paused; None where none ever does."""
    while True:
        slot = next(slot for slot in _slots(schedule, ask, since) if slot.opens_at >= since)
        pause = _pause_over(schedule, ask, slot)
        if pause is None:
            return slot
        end_at = _end_of(schedule, pause)
        if end_at is None:
            return None
        since = end_at


def silence_id(ask: Ask, at: datetime) -> str:
    """Return what a silence that opens now is called: another one, later, is another.

    >>> silence_id(Ask(id="daily_form", form="daily"), datetime(2027, 1, 4, 12, tzinfo=UTC))
    'silence-daily_form-20270104T120000'
    """
    return f"silence-{ask.id}-{at.astimezone(UTC):%Y%m%dT%H%M%S}"


def silence_of_ask(id_: str) -> str:
    """Return of which ask a silence is; an ask's name has no hyphen.

    >>> silence_of_ask("silence-daily_form-20270104T120000")
    'daily_form'
    """
    return id_.split("-")[1]


def pause_at(schedule: Schedule, ask: Ask, at: datetime) -> Pause | None:
    """Return the pause in which this moment lies."""
    return next(
        (pause for pause in schedule.pauses if pause.has(ask) and _is_within(schedule, pause, at, at)), None
    )


def _to_come(schedule: Schedule, ask: Ask, progress: Progress, now: datetime) -> Slot | None:
    slot = waits_for(schedule, ask, progress, now - 2 * _WEEK)
    while slot is not None and slot.due_at <= now:
        later = _weekly_after(schedule, ask, slot) if ask.times_a_week else None
        slot = later or first_slot(schedule, ask, slot.opens_at + timedelta.resolution)
    return slot


def _weekly_after(schedule: Schedule, ask: Ask, slot: Slot) -> Slot | None:
    return next((each for each in _week(schedule, ask, slot.on) if each.part > slot.part), None)


def _weekly(schedule: Schedule, ask: Ask, progress: Progress, since: datetime) -> Slot | None:
    if progress.week_on is None:
        return first_slot(schedule, ask, since)
    week = _week(schedule, ask, progress.week_on)
    count = progress.week_days.bit_count()
    is_wanted = count < len(week) and week[count].opens_at >= since
    if is_wanted and _pause_over(schedule, ask, week[count]) is None:
        return week[count]
    return first_slot(schedule, ask, max(since, week[0].opens_at + timedelta.resolution))


def _slots(schedule: Schedule, ask: Ask, since: datetime) -> Iterator[Slot]:
    """Yield every slot, paused or not, in the order in which they open, from shortly before `since`."""
    on = since.astimezone(schedule.zone).date() - _DAY
    if ask.times_a_week is not None:
        on -= timedelta(days=on.weekday())
        while True:
            yield from _week(schedule, ask, on)
            on += _WEEK
    while True:
        if WEEKDAYS[on.weekday()] in ask.days:
            for part, window in enumerate(ask.windows):
                yield _slot(schedule, ask, (on, part), window)
        on += _DAY


def _week(schedule: Schedule, ask: Ask, monday: date) -> tuple[Slot, ...]:
    """The k-th of n is due when only n - k days are left: until then all can still be done."""
    assert ask.times_a_week is not None, "only what is asked for by the week has weeks"
    count, zone = ask.times_a_week, schedule.zone
    opens_at = _instant(zone, monday, time(0), is_late=False)
    dues = [
        _instant(zone, monday + timedelta(days=8 - count + part), time(0), is_late=True)
        for part in range(count)
    ]
    return tuple(Slot(ask.id, monday, part, opens_at, due_at) for part, due_at in enumerate(dues))


def _slot(schedule: Schedule, ask: Ask, which: tuple[date, int], window: Window) -> Slot:
    on, part = which
    last_on = on + _DAY if window.is_over_midnight else on
    return Slot(
        ask.id,
        on,
        part,
        _instant(schedule.zone, on, window.begins, is_late=False),
        _instant(schedule.zone, last_on, window.ends, is_late=True),
    )


def _instant(zone: tzinfo, on: date, at: time, *, is_late: bool) -> datetime:
    """Return this wall clock time as a moment; twice or never there, the one that leaves more room."""
    both = [datetime.combine(on, at, zone).replace(fold=fold).astimezone(UTC) for fold in (0, 1)]
    return max(both) if is_late else min(both)


def _pause_over(schedule: Schedule, ask: Ask, slot: Slot) -> Pause | None:
    """Return a pause that begins before the slot is over and ends after it has begun."""
    last = slot.due_at - timedelta.resolution
    over = (
        pause
        for pause in schedule.pauses
        if pause.has(ask) and _is_within(schedule, pause, slot.opens_at, last)
    )
    return next(over, None)


def _is_within(schedule: Schedule, pause: Pause, first: datetime, last: datetime) -> bool:
    until_on = last.astimezone(schedule.zone).date()
    since_on = first.astimezone(schedule.zone).date()
    return pause.first_on <= until_on and (pause.last_on is None or since_on <= pause.last_on)


def _end_of(schedule: Schedule, pause: Pause) -> datetime | None:
    if pause.last_on is None:
        return None
    return _instant(schedule.zone, pause.last_on + _DAY, time(0), is_late=False)


def _last_pause_end(schedule: Schedule, ask: Ask, now: datetime) -> datetime | None:
    ends = [_end_of(schedule, pause) for pause in schedule.pauses if pause.has(ask)]
    return max((end_at for end_at in ends if end_at is not None and end_at <= now), default=None)
