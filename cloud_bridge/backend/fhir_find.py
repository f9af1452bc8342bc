"""Finds what an organisation asks for in FHIR, as far as it may see it, and notes whose it was."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Protocol, TypeVar

from cloud_bridge.backend.database import Transaction
from cloud_bridge.backend.fhir_told import ROWS, Line, ToldTables, lines_of
from cloud_bridge.backend.looks import keep_looks
from cloud_bridge.backend.moments import stamp
from cloud_bridge.backend.sharing import SEEN
from cloud_bridge.backend.who import AT_THIS_MACHINE, Who
from cloud_bridge.fhir.asking import Asked, Bound
from cloud_bridge.look.words import FIRST_LANGUAGE

T = TypeVar("T")
Found = tuple[tuple[Line, ...], int | None]
"""A page of what was asked for, and where the next one begins, if there is one."""

_MAY_SEE = f"""(
    resource.home in ({SEEN}) or resource.giver = :organisation or resource.receiver = :organisation
)"""
_HAS_WORD = "resource.word in (select line.word from lines (word text))"
_COMPARED = {"from": ">=", "before": "<"}


def find(transaction: Transaction, asked: Asked, who: Who, now: datetime) -> Found:
    """Return a page of what was asked for, in the order in which it was told.

    Where nobody logs in, whoever sits at the ward's own machine may see everything.
    """
    words: dict[str, object] = {"type": asked.type, "after": asked.after, "count_max": asked.count + 1}
    if asked.words is not None:
        words["lines"] = [{"word": word} for word in sorted(asked.words)]
    conditions = list(_conditions(asked, words))
    if who != AT_THIS_MACHINE:
        conditions.append(_MAY_SEE)
        words |= {"organisation": who.organisation, "now": stamp(now)}
    where = " and ".join(conditions)
    rows = transaction.rows(f"{ROWS} where {where} order by resource.turn limit :count_max", **words)
    shown = rows[: asked.count]
    lines = lines_of(transaction, shown, FIRST_LANGUAGE)
    keep_looks(transaction, {line.home for line in lines}, who, "fhir", now)
    return lines, shown[-1][3] if len(rows) > len(shown) and shown else None


def _conditions(asked: Asked, words: dict[str, object]) -> Iterator[str]:
    """Yield what must hold; a value only ever goes beside the statement, into `words`."""
    yield "resource.type = :type and resource.turn > :after"
    for name in ("id", "home"):
        if (said := getattr(asked, name)) is not None:
            words[name] = said
            yield f"resource.{name} = :{name}"
    if asked.words is not None:
        yield _HAS_WORD
    yield from _between("at", asked.dates, words)
    yield from _between("told_at", asked.told, words)


def _between(column: str, bounds: tuple[Bound, ...], words: dict[str, object]) -> Iterator[str]:
    for number, bound in enumerate(bounds):
        name = f"{column}_{number}"
        words[name] = stamp(bound.at)
        yield f"resource.{column} {_COMPARED[bound.edge]} :{name}"


class _Asked(Protocol):
    async def _ask(self, work: Callable[[Transaction], T]) -> T: ...


class FhirTables(ToldTables):
    """What the tables tell, and answer to whoever asks, in FHIR; each call is one transaction."""

    async def find(self: _Asked, asked: Asked, who: Who, now: datetime) -> Found:
        """Return a page of what was asked for, and where the next one begins."""
        return await self._ask(lambda transaction: find(transaction, asked, who, now))
