"""What is counted of one home in a period, and for whom: whoever was accountable at that instant. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

from cloud_bridge.backend.handling import NO_EPISODE
from cloud_bridge.backend.indicators import Counted, Period, Tally
from cloud_bridge.backend.views import SAW, Handled
from cloud_bridge.contract.handover_record import HandoverFact, Happened

NOBODY = ""
"""Whom a home belongs to before anybody has begun to follow it."""

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Span:
    """From a moment on, and before another one; None where it has not ended."""

    since: datetime
    until: datetime | None = None

    def within(self, period: Period) -> tuple[datetime, datetime] | None:
        """Return what of it lies in a period."""
        since = max(self.since, period.since)
        until = period.until if self.until is None else min(self.until, period.until)
        return (since, until) if since < until else None


@dataclass(frozen=True, slots=True)
class Deviation:
    """An alert that opened, at the time that we know now, and of which matter."""

    matter: str
    at: datetime
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Carried:
    """What came here from one turn: entries kept, entries known to be written, and how late readings came."""

    organisation: str
    kept: int
    written: int
    late: int
    seconds: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HomeRows:
    """The rows of one home: what the plan in force asked for (due when, and did it come), and the rest."""

    began_at: datetime
    record: tuple[HandoverFact, ...] = ()
    asked: tuple[tuple[datetime, bool], ...] = ()
    deviations: tuple[Deviation, ...] = ()
    handled: tuple[Handled, ...] = ()
    downs: tuple[Span, ...] = ()
    carried: tuple[Carried, ...] = ()


def turns(record: Iterable[HandoverFact]) -> tuple[tuple[datetime, str], ...]:
    """Return since when who was accountable. Facts count in their order: a clock set back moves nothing."""
    found: list[tuple[datetime, str]] = []
    for fact in record:
        if not found:
            found.append((fact.at, fact.accountable))
        elif fact.accountable != found[-1][1]:
            found.append((max(fact.at, found[-1][0]), fact.accountable))
    return tuple(found)


def accountable_at(turns_: Sequence[tuple[datetime, str]], at: datetime) -> str:
    """Return who was accountable at a moment."""
    return next((organisation for since, organisation in reversed(turns_) if since <= at), NOBODY)


def parts(turns_: Sequence[tuple[datetime, str]], period: Period) -> Iterator[tuple[str, Period]]:
    """Yield the parts of a period, each with who was accountable in it."""
    edges = [period.since, *(at for at, _ in turns_ if period.since < at < period.until), period.until]
    for since, until in pairwise(edges):
        if since < until:
            yield accountable_at(turns_, since), Period(since, until)


def counted(rows: HomeRows, period: Period) -> Iterator[Counted]:
    """Yield what is counted of one home."""
    turns_ = turns(rows.record)
    for due_at, is_done in rows.asked:
        if period.has(due_at):
            yield accountable_at(turns_, due_at), "adherence", Tally(int(is_done), 1)
    for deviation in rows.deviations:
        if deviation.at < period.until:
            yield from _deviation(deviation, rows.handled, turns_, period)
    yield from _handovers(rows.record, period)
    yield from _time(rows, turns_, period)
    for each in rows.carried:
        yield each.organisation, "receipt", Tally(each.kept, each.written)
        readings = sum(each.seconds.values())
        yield each.organisation, "late", Tally(each.late, readings, 0, each.seconds)


def _deviation(
    deviation: Deviation, handled: Sequence[Handled], turns_: Sequence[tuple[datetime, str]], period: Period
) -> Iterator[Counted]:
    acts = [each for each in handled if each.matter == deviation.matter and each.at < period.until]
    about = sorted((each for each in acts if each.upto >= deviation.at), key=lambda each: each.at)
    done = next((each for each in about if each.act == "done"), None)
    closed_at = deviation.closed_at
    is_open = done is None and (closed_at is None or closed_at >= period.until)
    if is_open:
        yield from _age(deviation.at, turns_, period)
    if not period.has(deviation.at):
        return
    who = accountable_at(turns_, deviation.at)
    first = {
        "seen": next((each.at for each in about if each.act in SAW), None),
        "taken": _taken_at(deviation, acts, about),
        "done": None if done is None else done.at,
    }
    for id_, at in first.items():
        yield who, id_, _timed(deviation.at, at, is_waiting=is_open and at is None)
    yield who, "alerts", Tally(1)
    if done is not None:
        yield who, "of_no_use", Tally(int(done.is_of_no_use), 1)


def _taken_at(deviation: Deviation, acts: Iterable[Handled], about: Iterable[Handled]) -> datetime | None:
    """Whoever has the matter has also what opens in it later: that was taken the moment it opened."""
    if deviation.matter != NO_EPISODE:
        earlier = [each for each in acts if each.at <= deviation.at and each.act in ("taken", "done")]
        if earlier and max(earlier, key=lambda each: each.at).act == "taken":
            return deviation.at
    return next((each.at for each in about if each.act == "taken"), None)


def _timed(since: datetime, at: datetime | None, *, is_waiting: bool) -> Tally:
    """Whole seconds, none below zero: the hub's clock may be ahead of ours."""
    if at is None:
        return Tally(0, 1, int(is_waiting))
    return Tally(1, 1, 0, {max(0, (at - since) // _SECOND): 1})


def _age(at: datetime, turns_: Sequence[tuple[datetime, str]], period: Period) -> Iterator[Counted]:
    age = period.until - at
    own = "open_under_day" if age < _DAY else "open_under_week" if age < 7 * _DAY else "open_older"
    who = accountable_at(turns_, period.until - timedelta.resolution)
    for id_ in ("open_under_day", "open_under_week", "open_older"):
        yield who, id_, Tally(int(id_ == own), 1)


def _handovers(record: Sequence[HandoverFact], period: Period) -> Iterator[Counted]:
    """A hand-over is the giver's, who was accountable while it waited."""
    ended = {fact.offer: fact for fact in record if fact.offer and fact.what != Happened.OFFERED}
    for fact in record:
        if fact.what != Happened.OFFERED or not period.has(fact.at):
            continue
        end = ended.get(fact.offer)
        is_waiting = end is None or end.at >= period.until
        is_accepted = end is not None and not is_waiting and end.what == Happened.ACCEPTED
        at = end.at if end is not None and is_accepted else None
        yield fact.accountable, "handover", _timed(fact.at, at, is_waiting=is_waiting)


def _time(rows: HomeRows, turns_: Sequence[tuple[datetime, str]], period: Period) -> Iterator[Counted]:
    downs = _together(rows.downs)
    for who, part in parts(turns_, period):
        followed = Span(rows.began_at).within(part)
        if followed is None:
            continue
        whole = _length(*followed)
        down = sum(_length(*span) for each in downs if (span := each.within(Period(*followed))) is not None)
        yield who, "alerts", Tally(0, whole)
        yield who, "downtime", Tally(down, whole)


def _length(since: datetime, until: datetime) -> int:
    """Whole seconds between two moments, each rounded down alone: so that lengths add up."""
    epoch = datetime.fromtimestamp(0, since.tzinfo)
    return (until - epoch) // _SECOND - (since - epoch) // _SECOND


def _together(spans: Iterable[Span]) -> list[Span]:
    """Return spans that do not overlap: what is down twice is down once."""
    joined: list[Span] = []
    for each in sorted(spans, key=lambda span: span.since):
        last = joined[-1] if joined else None
        if last is None or (last.until is not None and last.until < each.since):
            joined.append(each)
        elif last.until is not None:
            until = None if each.until is None else max(last.until, each.until)
            joined[-1] = Span(last.since, until)
    return joined


def late_counted(ages: Iterable[timedelta]) -> Counter[int]:
    """Return ages in whole seconds, counted; none below zero."""
    return Counter(max(0, age // _SECOND) for age in ages)
