"""How one home stands and what was measured there; for the list all of it in one transaction."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

from cloud_bridge.backend.database import Transaction
from cloud_bridge.backend.listed import SPARK_COUNT_MAX, Listed
from cloud_bridge.backend.moments import moment, stamp
from cloud_bridge.backend.plans import plans_of
from cloud_bridge.backend.views import HomeState, KeptReading
from cloud_bridge.contract.bodies import reading_from
from devices.kinds import Kind
from devices.readings import HOME, Setting, series_name

T = TypeVar("T")
_EVER = datetime.min.replace(tzinfo=UTC)

_HOME_STATE = """
    select home.is_online, home.state_at, coalesce(log.up_to, 0), newest.at,
        coalesce(newest.seq - log.up_to, 0)
            - (select count(*) from entry where home = :home and entry.log = log.log and seq > log.up_to)
    from home
    left join log on log.home = home.home
        and log.turn = (select max(turn) from log as other where other.home = :home)
    left join entry as newest on newest.home = log.home and newest.log = log.log
        and newest.seq = (select max(seq) from entry where home = :home and entry.log = log.log)
    where home.home = :home
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


class _Asked(Protocol):
    async def _ask(self, work: Callable[[Transaction], T]) -> T: ...


class AtHomeTables:
    """What the tables say of one home; each call is one transaction."""

    async def home_state(self: _Asked, home: str) -> HomeState | None:
        """How one home stands, or None for a home never heard of."""
        return await self._ask(lambda transaction: _state_of(transaction, home))

    async def listed(self: _Asked, home: str, kinds: Iterable[Kind], since: datetime) -> Listed:
        """What the list shows of one home: the newest of these kinds, and the saturation since then."""

        def work(transaction: Transaction) -> Listed:
            newest = {kind: _of_series(transaction, home, series_name(kind), _EVER, 1) for kind in kinds}
            return Listed(
                _state_of(transaction, home),
                plans_of(transaction, home).in_force,
                {kind: kept[0] for kind, kept in newest.items() if kept},
                _of_series(transaction, home, series_name(Kind.SPO2), since, SPARK_COUNT_MAX),
            )

        return await self._ask(work)

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


def _state_of(transaction: Transaction, home: str) -> HomeState | None:
    found = transaction.rows(_HOME_STATE, home=home)
    if not found:
        return None
    is_online, state_at, up_to, last_entry_at, missing_count = found[0]
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
