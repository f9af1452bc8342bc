"""What an organisation is told: the resources of the homes it may see, behind the point it has reached."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any, Literal, Protocol, TypeVar

from cloud_bridge.backend.database import Transaction
from cloud_bridge.backend.fhir_index import found, index_next
from cloud_bridge.backend.fhir_rows import made_of
from cloud_bridge.backend.moments import moment, stamp
from cloud_bridge.backend.outbox import Source
from cloud_bridge.backend.sharing import SEEN
from cloud_bridge.fhir.naming import Resource, versioned
from cloud_bridge.look.words import Language

T = TypeVar("T")
Lane = Literal["homes", "transfers"]
LANES: tuple[Lane, ...] = ("homes", "transfers")
"""What is told of the homes that one may see; of others, the hand-overs that one takes part in."""

ROWS = """
    select resource.home, resource.type, resource.id, resource.turn, resource.told_at, resource.source,
        resource.name, resource.seq
    from resource
"""
"""What `lines_of` reads."""

_BEHIND = """
    left join stream on stream.organisation = :organisation and stream.home = resource.home
        and stream.lane = :lane
    where resource.turn > coalesce(stream.turn, 0)
"""
_NEXT: Mapping[Lane, str] = {
    "homes": f"{ROWS} join ({SEEN}) as seen on seen.home = resource.home {_BEHIND}",
    "transfers": f"{ROWS} {_BEHIND} and (giver = :organisation or receiver = :organisation)"
    f" and resource.home not in ({SEEN})",
}
_ENDS_NEXT = "select min(until) from entitlement where organisation = :organisation and until > :now"
_REACHED = """
    insert into stream (organisation, home, lane, turn)
    select :organisation, home, :lane, turn from lines (home text, turn bigint)
    where true
    on conflict (organisation, home, lane) do update set turn = excluded.turn
    where stream.turn < excluded.turn
"""


@dataclass(frozen=True, slots=True)
class Line:
    """One resource as it is told: of which home, and where it stands in the one order."""

    home: str
    turn: int
    resource: Resource

    @property
    def type(self) -> str:
        """What kind of resource it is."""
        return str(self.resource["resourceType"])


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of the one order: its lines, and up to where it goes in each home, also over what is gone."""

    lines: tuple[Line, ...] = ()
    up_to: Mapping[str, int] = field(default_factory=dict)
    is_last: bool = True
    ends_at: datetime | None = None
    """When the organisation next ceases to see one of its homes; from then on this is not to be told."""


def next_stretch(
    transaction: Transaction,
    organisation: str,
    lane: Lane,
    now: datetime,
    *,
    count_max: int,
    language: Language,
) -> Stretch:
    """Return what an organisation has not been told, the oldest first: by what it may see at this instant."""
    words = {"organisation": organisation, "lane": lane, "now": stamp(now), "count_max": count_max}
    rows = transaction.rows(f"{_NEXT[lane]} order by resource.turn limit :count_max", **words)
    up_to = {row[0]: row[3] for row in rows}  # of a home the last row counts
    ((ends_at,),) = transaction.rows(_ENDS_NEXT, organisation=organisation, now=stamp(now))
    return Stretch(
        lines_of(transaction, rows, language),
        up_to,
        is_last=len(rows) < count_max,
        ends_at=None if ends_at is None else moment(ends_at),
    )


def lines_of(
    transaction: Transaction, rows: Sequence[tuple[Any, ...]], language: Language
) -> tuple[Line, ...]:
    """Return the lines of rows of the index, in their order; one that can't be made any more is left out."""
    made: dict[tuple[str, str, str], Resource] = {}
    for home, of_home in groupby(sorted(rows, key=lambda row: row[0]), key=lambda row: row[0]):
        sources = (Source(row[5], row[6], row[7]) for row in of_home)
        for (kind, id_), resource in found(made_of(transaction, home, sources, language)).items():
            made[home, kind, id_] = resource
    return tuple(
        Line(home, turn, versioned(made[home, kind, id_], turn, moment(told_at)))
        for home, kind, id_, turn, told_at, *_ in rows
        if (home, kind, id_) in made
    )


def reached(transaction: Transaction, organisation: str, lane: Lane, up_to: Mapping[str, int]) -> None:
    """Note up to where an organisation was told, home by home; it never goes back."""
    said = [{"home": home, "turn": turn} for home, turn in sorted(up_to.items())]
    if said:
        transaction.change(_REACHED, organisation=organisation, lane=lane, lines=said)


class _Asked(Protocol):
    async def _ask(self, work: Callable[[Transaction], T]) -> T: ...


class ToldTables:
    """What the tables know of what organisations are told; each call is one transaction."""

    async def index_next(self: _Asked, now: datetime, language: Language) -> int:
        """Bring what waits into the one order; return how much that was."""
        return await self._ask(lambda transaction: index_next(transaction, now, language))

    async def next_stretch(
        self: _Asked, organisation: str, lane: Lane, now: datetime, *, count_max: int, language: Language
    ) -> Stretch:
        """Return what an organisation has not been told."""
        return await self._ask(
            lambda transaction: next_stretch(
                transaction, organisation, lane, now, count_max=count_max, language=language
            )
        )

    async def reached(self: _Asked, organisation: str, lane: Lane, up_to: Mapping[str, int]) -> None:
        """Note up to where an organisation was told."""
        await self._ask(lambda transaction: reached(transaction, organisation, lane, up_to))
