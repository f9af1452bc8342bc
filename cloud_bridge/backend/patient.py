"""One patient's page: from what the tables hold to one time axis and one table."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cloud_bridge.backend.views import Figures, HomeState, KeptReading, OpenAlert, Person, Views
from cloud_bridge.backend.worklist import LISTED, stranger
from cloud_bridge.contract.plan import Plan
from cloud_bridge.look.plot import Chart, Flag
from devices.kinds import Kind

PERIODS_DAYS = (1, 14, 90)
PERIOD_DAYS = 14
TABLE_COUNT_MAX = 100
_PLOT_COUNT_MAX = 500


@dataclass(frozen=True, slots=True)
class Patient:
    """Everything that the page shows of one person."""

    person: Person
    state: HomeState | None
    plan: Plan | None
    open_alerts: tuple[OpenAlert, ...]
    history: tuple[OpenAlert, ...]
    latest: tuple[KeptReading, ...]
    charts: tuple[Chart, ...]
    table: tuple[KeptReading, ...]
    figures: Figures
    days: int

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
    plan = await views.plan(home)
    since = now - timedelta(days=days)
    history = await views.alerts(home)
    newest = [(await views.readings(home, kind=kind, count_max=1))[-1:] for kind in LISTED]
    latest = tuple(kept for found in newest for kept in found)
    charts = [await _chart(views, home, kind, (since, now), plan=plan, history=history) for kind in LISTED]
    return Patient(
        person=person or stranger(home),
        state=state,
        plan=plan,
        open_alerts=await views.open_alerts(home),
        history=history,
        latest=latest,
        charts=tuple(charts),
        table=_with_latest(await views.readings(home, count_max=TABLE_COUNT_MAX), latest),
        figures=await views.figures(home),
        days=days,
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
    kept = await views.readings(home, kind=kind, since=since, count_max=_PLOT_COUNT_MAX)
    return Chart(
        name=f"plot-{kind}",
        kind=kind,
        readings=tuple(each.reading for each in kept),
        since=since,
        until=until,
        plan=plan,
        ages_s={each.reading.id: each.age_s for each in kept},
        flags=tuple(
            Flag(each.alert.at, each.alert.level)
            for each in history
            if each.alert.change == "opened"
            and each.alert.because.kind == kind
            and since <= each.alert.at <= until
        ),
    )


def _with_latest(table: Sequence[KeptReading], latest: Sequence[KeptReading]) -> tuple[KeptReading, ...]:
    """A weight may be older than a hundred oximeter readings; still its number must find its row."""
    rows = {kept.seq: kept for kept in (*table, *latest)}
    return tuple(sorted(rows.values(), key=lambda kept: (kept.reading.measured_at, kept.seq), reverse=True))
