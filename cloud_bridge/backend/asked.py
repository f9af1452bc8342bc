"""What a home's plan asks for and has not come here: the ward looks itself, by the hub's arithmetic."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from cloud_bridge.backend.database import Transaction
from cloud_bridge.backend.moments import moment, stamp
from cloud_bridge.backend.plans import plan_of
from cloud_bridge.backend.standing import Finding, Standing
from cloud_bridge.contract.bodies import reading_from
from cloud_bridge.contract.due import Progress, done_by, overdue, silence_of_ask
from cloud_bridge.contract.errors import ContractError
from cloud_bridge.contract.plan import Plan
from cloud_bridge.contract.schedule import Ask, Schedule
from cloud_bridge.contract.trouble import TroubleKind
from devices.readings import CLOCK_AHEAD_S_MAX, series_name

PATIENCE = timedelta(hours=1)
"""So much later than the hub the ward says it: what the hub has said by then, the ward does not say."""

CAUGHT_UP_AFTER = timedelta(hours=1)
"""A hub that has just come back has a backlog to tell first."""

_READINGS_MAX = (3, 200)
"""So many of the newest are looked through for one that counts, few first; of a bad night not the rest."""

_EVER = datetime.min.replace(tzinfo=UTC)

_NEWEST = """
    select entry.body, reading.measured_at
    from reading
    join entry on entry.home = reading.home and entry.log = reading.log and entry.seq = reading.seq
    where reading.home = :home and reading.kind = :series
        and reading.measured_at >= :since and reading.measured_at < :until
    order by reading.measured_at desc, reading.seq desc limit :count_max
"""
_PLANS = """
    select entry.body, entry.committed_at
    from entry
    join log on log.home = entry.home and log.log = entry.log
    where entry.home = :home and entry.kind = 'plan_applied'
    order by log.turn desc, entry.seq desc limit 10
"""
_SILENCES = """
    select alert.id from alert
    where alert.home = :home and alert.change = 'opened' and alert.id like :silences and not exists (
        select 1 from alert as later
        where later.home = alert.home and later.id = alert.id and later.change = 'closed'
    )
"""


def schedule_of(plan: Plan) -> Schedule | None:
    """Return what a plan asks for, None where it says nothing of it."""
    found = getattr(plan, "schedule", None)  # a plan of before there were schedules has no such word
    return found if isinstance(found, Schedule) else None


def can_be_asked(standing: Standing, now: datetime) -> bool:
    """Tell whether what has not come here has not come at all: the hub is there, and has told all it has."""
    is_here = standing.is_online and not standing.missing_count
    return is_here and standing.state_at is not None and now - standing.state_at >= CAUGHT_UP_AFTER


def not_come(
    schedule: Schedule,
    came: Mapping[str, Progress],
    in_force_at: Mapping[str, datetime],
    said: Iterable[str],
    now: datetime,
) -> Iterator[Finding]:
    """Yield what the plan asks for, has not come, and the hub has said nothing of.

    `said` holds the ids of the silences that the hub has opened and not closed.
    """
    by_hub = {silence_of_ask(id_) for id_ in said}
    for ask in schedule.asks:
        if ask.kind is None or ask.id in by_hub:
            continue
        progress = came[ask.id]
        late = overdue(schedule, ask, progress, in_force_at[ask.id], now - PATIENCE)
        if late is not None:
            last = progress.done_at
            detail = f"due {late.slot.due_at.isoformat(timespec='minutes')}, " + (
                "never came" if last is None else f"last came {last.isoformat(timespec='minutes')}"
            )
            yield Finding(TroubleKind.MEASUREMENT_MISSING, detail, about=ask.id)


def look_for(transaction: Transaction, home: str, now: datetime) -> tuple[Finding, ...] | None:
    """Look for what a home's plan asks for; None where it has no plan with a schedule."""
    return look_by(transaction, home, list(_plans(transaction.rows(_PLANS, home=home))), now)


def look_by(
    transaction: Transaction, home: str, plans: Sequence[tuple[Schedule | None, datetime]], now: datetime
) -> tuple[Finding, ...] | None:
    """Look for what the first of these schedules asks for; behind each stands since when it is known here."""
    schedule = plans[0][0] if plans else None
    if schedule is None:
        return None
    measured = [ask for ask in schedule.asks if ask.kind is not None]
    said = [row[0] for row in transaction.rows(_SILENCES, home=home, silences="silence-%")]
    came = {ask.id: _progress(transaction, home, (schedule, ask), now) for ask in measured}
    since = {ask.id: _in_force_at(plans, ask) for ask in measured}
    return tuple(not_come(schedule, came, since, said, now))


def _plans(rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Schedule | None, datetime]]:
    for body, committed_at in rows:
        try:
            yield schedule_of(plan_of(body)), moment(committed_at)
        except ContractError:  # it lies in quarantine; the one before it holds
            continue


def _in_force_at(plans: Iterable[tuple[Schedule | None, datetime]], ask: Ask) -> datetime:
    """Return since when the same is asked for, by our own clock: the hub's may have been wrong."""
    found = None
    for schedule, committed_at in plans:
        same = None if schedule is None else schedule.ask(ask.id)
        if same is None or same.what != ask.what:
            break
        found = committed_at
    assert found is not None, "the newest plan asks for it"
    return found


def _progress(transaction: Transaction, home: str, asked: tuple[Schedule, Ask], now: datetime) -> Progress:
    """What a wrong clock dated ahead is passed over: it would silence us until then."""
    schedule, ask = asked
    newest = _newest_done(transaction, home, ask, (_EVER, now + timedelta(seconds=CLOCK_AHEAD_S_MAX)))
    if newest is None:
        return Progress()
    progress = Progress().came(newest, schedule.zone)
    if ask.times_a_week is None or progress.week_on is None:
        return progress
    for day in range(newest.astimezone(schedule.zone).weekday()):
        span = _day(schedule, progress.week_on + timedelta(days=day))
        done_at = _newest_done(transaction, home, ask, span)
        progress = progress if done_at is None else progress.came(done_at, schedule.zone)
    return progress


def _day(schedule: Schedule, on: date) -> tuple[datetime, datetime]:
    return (
        datetime.combine(on, time(0), schedule.zone),
        datetime.combine(on + timedelta(days=1), time(0), schedule.zone),
    )


def _newest_done(
    transaction: Transaction, home: str, ask: Ask, span: tuple[datetime, datetime]
) -> datetime | None:
    assert ask.kind is not None, "only a measurement has a series"
    words = {"series": series_name(ask.kind), "since": stamp(span[0]), "until": stamp(span[1])}
    for count_max in _READINGS_MAX:
        rows = transaction.rows(_NEWEST, home=home, count_max=count_max, **words)
        for body, at in rows:
            if done_by(reading_from(body.encode()), ask) == "done":
                return moment(at)
        if len(rows) < count_max:
            return None
    return None
