"""How one home stands and what was measured there; for the list many homes in one transaction."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Protocol, TypeVar

from cloud_bridge.backend.database import Transaction, in_groups
from cloud_bridge.backend.listed import SPARK_COUNT_MAX, Listed
from cloud_bridge.backend.moments import moment, stamp
from cloud_bridge.backend.plans import plans_in_force
from cloud_bridge.backend.views import HomeState, KeptReading
from cloud_bridge.contract.bodies import reading_from
from devices.kinds import Kind
from devices.readings import HOME, Setting, series_name

T = TypeVar("T")
_EVER = datetime.min.replace(tzinfo=UTC)

_STATES = """
    select home.home, home.is_online, home.state_at, coalesce(log.up_to, 0), newest.at,
        coalesce(newest.seq - log.up_to, 0)
            - (select count(*) from entry
               where entry.home = home.home and entry.log = log.log and entry.seq > log.up_to)
    from lines (home text)
    join home on home.home = line.home
    left join log on log.home = home.home
        and log.turn = (select max(turn) from log as other where other.home = home.home)
    left join entry as newest on newest.home = log.home and newest.log = log.log
        and newest.seq = (select max(seq) from entry where entry.home = log.home and entry.log = log.log)
"""
_READINGS = """
    select entry.body, entry.seq, entry.committed_at, reading.measured_at, entry.at
    from reading
    join entry on entry.home = reading.home and entry.log = reading.log and entry.seq = reading.seq
    where reading.home = :home and reading.measured_at >= :since
    order by reading.measured_at desc, reading.seq desc limit :count_max
"""
# The column is called kind, and holds the name of the series: the kind itself for what was measured at home.
_READINGS_OF_SERIES = _READINGS.replace(":home and", ":home and reading.kind = :series and")


_NEWEST = """
    select reading.home, line.kind, entry.body, entry.seq, entry.committed_at, reading.measured_at, entry.at
    from lines (home text, kind text, series text)
    join reading on reading.home = line.home and reading.id = (
        select newest.id from reading as newest
        where newest.home = line.home and newest.kind = line.series
        order by newest.measured_at desc, newest.seq desc limit 1
    )
    join entry on entry.home = reading.home and entry.log = reading.log and entry.seq = reading.seq
"""
_SPARKS = """
    select home, body, seq, committed_at, measured_at, at from (
        select reading.home, entry.body, entry.seq, entry.committed_at, reading.measured_at, entry.at,
            row_number() over (
                partition by reading.home order by reading.measured_at desc, reading.seq desc
            ) as place
        from lines (home text)
        join reading on reading.home = line.home and reading.kind = :series
            and reading.measured_at >= :since
        join entry on entry.home = reading.home and entry.log = reading.log and entry.seq = reading.seq
    ) as late
    where place <= :count_max order by home, place desc
"""


class _Asked(Protocol):
    async def _ask(self, work: Callable[[Transaction], T]) -> T: ...


class AtHomeTables:
    """What the tables say of one home; each call is one transaction."""

    async def home_state(self: _Asked, home: str) -> HomeState | None:
        """How one home stands, or None for a home never heard of."""
        return (await self._ask(lambda transaction: _states_of(transaction, [home]))).get(home)

    async def listed(
        self: _Asked, homes: Sequence[str], kinds: Iterable[Kind], since: datetime
    ) -> dict[str, Listed]:
        """What the list shows of each home: the newest of these kinds, and the saturation since then."""
        asked = tuple(kinds)
        found: dict[str, Listed] = {}
        for some in in_groups(homes):
            found |= await self._ask(partial(_listed, homes=some, kinds=asked, since=since))
        return found

    async def readings(
        self: _Asked,
        home: str,
        *,
        kind: Kind | None = None,
        setting: Setting = HOME,
        since: datetime | None = None,
        count_max: int = 500,
    ) -> tuple[KeptReading, ...]:
        """The newest `count_max` readings by measured_at, newest last: of one kind and setting, or all."""
        begin = since or _EVER

        def work(transaction: Transaction) -> tuple[KeptReading, ...]:
            if kind is not None:
                return _of_series(transaction, home, series_name(kind, setting), begin, count_max)
            words = {"home": home, "since": stamp(begin), "count_max": count_max}
            return _newest_last(transaction.rows(_READINGS, **words))

        return await self._ask(work)


def _listed(
    transaction: Transaction, *, homes: Sequence[str], kinds: tuple[Kind, ...], since: datetime
) -> dict[str, Listed]:
    states, plans = _states_of(transaction, homes), plans_in_force(transaction, homes)
    asked = [{"home": home, "kind": kind, "series": series_name(kind)} for home in homes for kind in kinds]
    latest = defaultdict[str, dict[Kind, KeptReading]](dict)
    for home, kind, *row in transaction.rows(_NEWEST, lines=asked):
        latest[home][Kind(kind)] = _kept(*row)
    words = {"series": series_name(Kind.SPO2), "since": stamp(since), "count_max": SPARK_COUNT_MAX}
    sparks = defaultdict[str, list[KeptReading]](list)
    for home, *row in transaction.rows(_SPARKS, lines=_lines(homes), **words):
        sparks[home].append(_kept(*row))
    return {
        home: Listed(states.get(home), plans.get(home), latest[home], tuple(sparks[home])) for home in homes
    }


def _lines(homes: Iterable[str]) -> list[dict[str, str]]:
    return [{"home": home} for home in homes]


def _states_of(transaction: Transaction, homes: Iterable[str]) -> dict[str, HomeState]:
    return {row[0]: _state(row) for row in transaction.rows(_STATES, lines=_lines(homes))}


def _state(row: tuple[Any, ...]) -> HomeState:
    home, is_online, state_at, up_to, last_entry_at, missing_count = row
    return HomeState(
        home=home,
        is_online=bool(is_online),
        state_at=moment(state_at) if state_at else None,
        last_entry_at=moment(last_entry_at) if last_entry_at else None,
        up_to=up_to,
        missing_count=missing_count,
    )


def _of_series(
    transaction: Transaction, home: str, series: str, since: datetime, count_max: int
) -> tuple[KeptReading, ...]:
    words = {"home": home, "series": series, "since": stamp(since), "count_max": count_max}
    return _newest_last(transaction.rows(_READINGS_OF_SERIES, **words))


def _newest_last(rows: list[tuple[Any, ...]]) -> tuple[KeptReading, ...]:
    return tuple(_kept(*row) for row in reversed(rows))


def _kept(
    body: str, seq: int, committed_at: str | datetime, measured_at: str | datetime, kept_at: str | datetime
) -> KeptReading:
    reading = reading_from(body.encode())
    dated_at = dated(measured_at, reading.measured_at)
    return KeptReading(reading, seq, moment(committed_at), moment(kept_at), dated_at)


def dated(at: str | datetime, said: datetime) -> datetime | None:
    """Return what the index says, where the hub has dated afterwards what the body says."""
    return None if (known := moment(at)) == said else known
