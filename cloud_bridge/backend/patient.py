"""One patient's page: from what the tables hold to one time axis and one table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cloud_bridge.backend.handling import Held, held
from cloud_bridge.backend.heard import Told
from cloud_bridge.backend.spirometry import Spirometry, spirometry_of
from cloud_bridge.backend.views import Figures, HomeState, KeptReading, OpenAlert, Person, Plans, Views
from cloud_bridge.backend.worklist import LISTED, stranger
from cloud_bridge.contract.alert import Alert
from cloud_bridge.contract.handover_record import HandoverState, Happened
from cloud_bridge.contract.plan import Plan
from cloud_bridge.look.plot import Chart, Flag
from cloud_bridge.look.ribbons import Turn
from devices.kinds import Kind
from devices.spirometry.grade import best_of_each

PERIODS_DAYS = (1, 14, 90)
PERIOD_DAYS = 14
TABLE_COUNT_MAX = 100
_PLOT_COUNT_MAX = 500
_BLOWS_COUNT_MAX = 2_000
"""A sitting is up to eight blows and becomes one dot: ninety days of two sittings a day are 1,440."""


@dataclass(frozen=True, slots=True)
class Patient:
    """Everything that the page shows of one person."""

    person: Person
    state: HomeState | None
    plan: Plan | None
    open_alerts: tuple[OpenAlert, ...]
    history: tuple[OpenAlert, ...]
    latest: tuple[KeptReading, ...]
    spirometry: Spirometry | None
    charts: tuple[Chart, ...]
    table: tuple[KeptReading, ...]
    figures: Figures
    days: int
    told: Told
    plans: Plans
    matters: tuple[Held, ...]
    follow: HandoverState | None
    names: Mapping[str, str]
    """How people call the organisations."""

    @property
    def tabled_seqs(self) -> frozenset[int]:
        """The entries that stand in the table, so that a number can lead to its row."""
        return frozenset(kept.seq for kept in self.table)


async def patient_of(views: Views, home: str, now: datetime, days: int) -> Patient | None:
    """Return a patient's page as values, or None for a home that nobody has heard of."""
    state = await views.home_state(home)
    person = next((each for each in await views.people() if each.home == home), None)
    if person is None and state is None:
        return None
    plans = await views.plans(home)
    plan = plans.in_force
    since = now - timedelta(days=days)
    history = await views.alerts(home)
    open_alerts = await views.open_alerts(home)
    spirometry = await spirometry_of(views, home)
    latest = await _latest(views, home, spirometry)
    kinds = dict.fromkeys((*LISTED, *(kept.reading.kind for kept in latest)))
    follow = await views.handovers(home)
    names = {each.organisation: each.name for each in await views.organisations()}
    bare = [await _chart(views, home, kind, (since, now), plan=plan, history=history) for kind in kinds]
    charts = [replace(chart, turns=_turns(follow, names, since)) for chart in bare]
    return Patient(
        person=person or stranger(home),
        state=state,
        plan=plan,
        open_alerts=open_alerts,
        history=history,
        latest=latest,
        spirometry=spirometry,
        charts=tuple(charts),
        table=_with_named(await _measured(views, home), (*latest, *_blown(spirometry))),
        figures=await views.figures(home),
        days=days,
        told=await views.told(home),
        plans=plans,
        follow=follow,
        names=names,
        matters=held(open_alerts, await views.handled(), plan, now),
    )


async def _latest(views: Views, home: str, spirometry: Spirometry | None) -> tuple[KeptReading, ...]:
    """Return the newest of each kind that is listed, and the blows that are plotted."""
    newest = [(await views.readings(home, kind=kind, count_max=1))[-1:] for kind in LISTED]
    blown = () if spirometry is None else spirometry.plotted
    return (*(kept for found in newest for kept in found), *blown)


def _turns(follow: HandoverState | None, names: Mapping[str, str], since: datetime) -> tuple[Turn, ...]:
    """Return who took over from whom in this period."""
    facts = () if follow is None else follow.record
    return tuple(
        Turn(
            fact.at,
            names.get(fact.organisation, fact.organisation),
            names.get(fact.accountable, fact.accountable),
        )
        for fact in facts
        if fact.what == Happened.ACCEPTED and fact.at >= since
    )


async def _chart(
    views: Views,
    home: str,
    kind: Kind,
    period: tuple[datetime, datetime],
    *,
    plan: Plan | None,
    history: Sequence[OpenAlert],
) -> Chart:
    since, until = period
    is_blown = kind not in LISTED
    count_max = _BLOWS_COUNT_MAX if is_blown else _PLOT_COUNT_MAX
    kept = await views.readings(home, kind=kind, since=since, count_max=count_max)
    readings = tuple(each.shown for each in kept)
    return Chart(
        name=f"plot-{kind}",
        kind=kind,
        readings=best_of_each(readings, kind) if is_blown else readings,
        since=since,
        until=until,
        plan=plan,
        ages_s={each.reading.id: each.age_s for each in kept},
        flags=tuple(
            Flag(each.at, each.alert.level)
            for each in history
            if each.alert.change == "opened" and is_about(each.alert, kind) and since <= each.at <= until
        ),
    )


def is_about(alert: Alert, kind: Kind) -> bool:
    """Tell whether an alert has this kind of reading as its ground."""
    return alert.because is not None and alert.because.kind == kind


async def _measured(views: Views, home: str) -> tuple[KeptReading, ...]:
    """What the hub derived would crowd the table: two of three, where somebody blows and nothing else."""
    newest = await views.readings(home, count_max=3 * TABLE_COUNT_MAX)
    return tuple(kept for kept in newest if not kept.reading.is_derived)[-TABLE_COUNT_MAX:]


def _blown(spirometry: Spirometry | None) -> Sequence[KeptReading]:
    return () if spirometry is None else spirometry.kept


def _with_named(table: Sequence[KeptReading], named: Sequence[KeptReading]) -> tuple[KeptReading, ...]:
    """A weight may be older than a hundred oximeter readings; still its number must find its row."""
    rows = {kept.seq: kept for kept in (*table, *named)}
    return tuple(sorted(rows.values(), key=lambda kept: (kept.shown.measured_at, kept.seq), reverse=True))
