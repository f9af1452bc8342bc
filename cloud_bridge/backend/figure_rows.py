"""What the indicators are counted from, home by home; never more than about a week of readings at once."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby, pairwise
from typing import Protocol, TypeVar

from cloud_bridge.backend.asked import schedule_of
from cloud_bridge.backend.counted import (
    Carried,
    Deviation,
    HomeRows,
    Span,
    counted,
    late_counted,
    parts,
    turns,
)
from cloud_bridge.backend.database import Transaction
from cloud_bridge.backend.handled import handled_of
from cloud_bridge.backend.handling import NO_EPISODE
from cloud_bridge.backend.indicators import Counted, Indicators, Period, indicators
from cloud_bridge.backend.moments import moment, stamp
from cloud_bridge.backend.plans import plan_of
from cloud_bridge.contract.bodies import alert_from, reading_from
from cloud_bridge.contract.due import Slot, done_by, slots_between
from cloud_bridge.contract.errors import ContractError
from cloud_bridge.contract.handover_body import handover_from
from cloud_bridge.contract.handover_record import HandoverFact
from cloud_bridge.contract.schedule import Ask, Schedule
from cloud_bridge.contract.trouble import TroubleKind
from cloud_bridge.look.voice import LATE_S
from devices.readings import series_name

T = TypeVar("T")

PAGE = timedelta(days=7)
_LONGEST_SLOT = timedelta(days=9)
"""A week and the hour that clocks are put back: so long before its end what is asked for may have opened."""

DOWN = (
    TroubleKind.HOME_OFFLINE, TroubleKind.HOME_QUIET, TroubleKind.RADIO_AWAY, TroubleKind.DISK_FULL,
    TroubleKind.DISK_BROKEN,
)  # fmt: skip
"""While one of these is open, nothing comes from the home's devices."""

_HOMES = "select home from home union select home from handover_fact order by home"
_BEGAN = "select min(committed_at) from entry where home = :home"
_FACTS = "select body from handover_fact where home = :home order by number"
_PLANS = """
    select body, committed_at from entry
    where home = :home and kind = 'plan_applied' order by committed_at, seq
"""
_MEASURED = """
    select entry.body, reading.measured_at
    from reading
    join entry on entry.home = reading.home and entry.log = reading.log and entry.seq = reading.seq
    where reading.home = :home and reading.kind = :series
        and reading.measured_at >= :since and reading.measured_at < :until
"""
_AGES = """
    select reading.measured_at, entry.committed_at
    from reading
    join entry on entry.home = reading.home and entry.log = reading.log and entry.seq = reading.seq
    where reading.home = :home and reading.measured_at >= :since and reading.measured_at < :until
"""
_DEVIATIONS = """
    select entry.body, alert.at, closed.at
    from alert
    join entry on entry.home = alert.home and entry.log = alert.log and entry.seq = alert.seq
    left join alert as closed
        on closed.home = alert.home and closed.id = alert.id and closed.change = 'closed'
    where alert.home = :home and alert.change = 'opened' and alert.at < :until
        and (alert.at >= :since or closed.at is null or closed.at >= :until)
"""
_DOWNS = """
    select what, opened_at, closed_at from trouble
    where home = :home and opened_at < :until and (closed_at is null or closed_at > :since)
"""
# By when it was committed here: the hub's clock may not know the time, and a gap has none of its own.
_CARRIED = """
    select coalesce(sum(case when kind = 'lost' then 0 else 1 end), 0),
        coalesce(sum(case when seq > before then seq - before else 1 end), 0)
    from (
        select entry.committed_at, entry.kind, entry.seq,
            lag(entry.seq, 1, log.first - 1) over (partition by entry.log order by entry.seq) as before
        from entry join log on log.home = entry.home and log.log = entry.log
        where entry.home = :home
    ) as steps
    where committed_at >= :since and committed_at < :until
"""


class _Asked(Protocol):
    async def _ask(self, work: Callable[[Transaction], T]) -> T: ...


class FigureTables:
    """What the tables say for the indicators; each home is one transaction, so that nobody waits for all."""

    async def indicators(self: _Asked, period: Period) -> Indicators:
        """Return the figures of all homes in a period."""
        homes = await self._ask(lambda transaction: [home for (home,) in transaction.rows(_HOMES)])
        found: list[Counted] = []
        for home in homes:
            found += await self._ask(partial(counted_of, home=home, period=period))
        return indicators(found)


def counted_of(transaction: Transaction, home: str, period: Period) -> list[Counted]:
    """Return what is counted of one home; nothing where nobody has heard of it before the period's end."""
    rows = home_rows(transaction, home, period)
    return [] if rows is None else list(counted(rows, period))


def home_rows(transaction: Transaction, home: str, period: Period) -> HomeRows | None:
    """Read what is counted of one home; None where there is nothing of it."""
    record = tuple(handover_from(body.encode()) for (body,) in transaction.rows(_FACTS, home=home))
    [(heard_at,)] = transaction.rows(_BEGAN, home=home)
    began = [*(fact.at for fact in record[:1]), *([] if heard_at is None else [moment(heard_at)])]
    if not began:
        return None
    return HomeRows(
        began_at=min(began),
        record=record,
        asked=tuple(_asked(transaction, home, period)),
        deviations=tuple(_deviations(transaction, home, period)),
        handled=handled_of(transaction, home),
        downs=tuple(_downs(transaction, home, period)),
        carried=tuple(_carried(transaction, home, record, period)),
    )


def _asked(transaction: Transaction, home: str, period: Period) -> Iterator[tuple[datetime, bool]]:
    """Yield what was due in the period by the plan that was in force when it opened, and whether it came."""
    for schedule, since, until in _schedules(transaction, home, period):
        for ask in schedule.asks:
            if ask.kind is None:
                continue
            slots = slots_between(schedule, ask, max(since, period.since - _LONGEST_SLOT), until)
            due = (slot for slot in slots if period.has(slot.due_at))
            for _, week in groupby(due, key=lambda slot: slot.on - timedelta(days=slot.on.weekday())):
                yield from _came(transaction, home, (schedule, ask), list(week))


def _schedules(
    transaction: Transaction, home: str, period: Period
) -> Iterator[tuple[Schedule, datetime, datetime]]:
    plans = []
    for body, committed_at in transaction.rows(_PLANS, home=home):
        with suppress(ContractError):  # it lies in quarantine; the one before it holds
            plans.append((schedule_of(plan_of(body)), moment(committed_at)))
    for (schedule, since), (_, until) in pairwise([*plans, (None, period.until)]):
        if schedule is not None and since < min(until, period.until):
            yield schedule, since, min(until, period.until)


def _came(
    transaction: Transaction, home: str, asked: tuple[Schedule, Ask], slots: Sequence[Slot]
) -> Iterator[tuple[datetime, bool]]:
    schedule, ask = asked
    assert ask.kind is not None, "only a measurement has a series"
    span = {
        "since": stamp(min(slot.opens_at for slot in slots)),
        "until": stamp(max(slot.due_at for slot in slots)),
    }
    rows = transaction.rows(_MEASURED, home=home, series=series_name(ask.kind), **span)
    times = [moment(at) for body, at in rows if done_by(reading_from(body.encode()), ask) == "done"]
    for slot in slots:
        own = [at for at in times if slot.opens_at <= at < slot.due_at]
        days = {at.astimezone(schedule.zone).date() for at in own}
        yield slot.due_at, (len(days) > slot.part if ask.times_a_week is not None else bool(own))


def _deviations(transaction: Transaction, home: str, period: Period) -> Iterator[Deviation]:
    span = {"since": stamp(period.since), "until": stamp(period.until)}
    for body, at, closed_at in transaction.rows(_DEVIATIONS, home=home, **span):
        episode = alert_from(body.encode()).episode or NO_EPISODE
        yield Deviation(episode, moment(at), None if closed_at is None else moment(closed_at))


def _downs(transaction: Transaction, home: str, period: Period) -> Iterator[Span]:
    span = {"since": stamp(period.since), "until": stamp(period.until)}
    for what, opened_at, closed_at in transaction.rows(_DOWNS, home=home, **span):
        if what in DOWN:
            yield Span(moment(opened_at), None if closed_at is None else moment(closed_at))


def _carried(
    transaction: Transaction, home: str, record: Iterable[HandoverFact], period: Period
) -> Iterator[Carried]:
    for organisation, part in parts(turns(record), period):
        span = {"since": stamp(part.since), "until": stamp(part.until)}
        [(kept, written)] = transaction.rows(_CARRIED, home=home, **span)
        seconds = _ages(transaction, home, part)
        late = sum(count for each, count in seconds.items() if each > LATE_S)
        yield Carried(organisation, int(kept), int(written), late, seconds)


def _ages(transaction: Transaction, home: str, part: Period) -> Counter[int]:
    """Count week by week how old readings were when they were committed here."""
    found: Counter[int] = Counter()
    since = part.since
    while since < part.until:
        until = min(since + PAGE, part.until)
        rows = transaction.rows(_AGES, home=home, since=stamp(since), until=stamp(until))
        found.update(late_counted(moment(committed) - moment(measured) for measured, committed in rows))
        since = until
    return found
