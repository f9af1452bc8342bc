"""The table of what people did about what was open: append only, read for the homes with open alerts."""

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from cloud_bridge.backend.database import Transaction
from cloud_bridge.backend.moments import moment, stamp
from cloud_bridge.backend.outbox import Source, note
from cloud_bridge.backend.views import Handled
from cloud_bridge.backend.who import Role, Who

T = TypeVar("T")

_KEEP = """
    insert into handled (home, matter, act, person, organisation, role, at, upto, note, until, of_no_use)
    values (
        :home, :matter, :act, :person, :organisation, :role, :at, :upto, :note, :until, :of_no_use
    )
    on conflict (home, matter, person, organisation, at) do nothing
"""
_HANDLED = """
    select home, matter, act, person, organisation, role, at, upto, note, until, of_no_use
    from handled
    where home in (
        select alert.home from alert
        where alert.change = 'opened' and not exists (
            select 1 from alert as later
            where later.home = alert.home and later.id = alert.id and later.change = 'closed'
        )
    )
    order by at
"""

_HANDLED_OF_HOME = """
    select home, matter, act, person, organisation, role, at, upto, note, until, of_no_use
    from handled where home = :home order by at, person
"""


def handled_of(transaction: Transaction, home: str) -> tuple[Handled, ...]:
    """Return all that was ever done about one home, oldest first."""
    return tuple(_handled(*row) for row in transaction.rows(_HANDLED_OF_HOME, home=home))


def keep_handled(transaction: Transaction, each: Handled) -> None:
    """Keep one act; the same one told twice is one."""
    transaction.change(
        _KEEP, home=each.home, matter=each.matter, act=each.act, person=each.by.person,
        organisation=each.by.organisation, role=each.by.role.value, at=stamp(each.at), upto=stamp(each.upto),
        note=each.note, until=None if each.until is None else stamp(each.until), of_no_use=each.is_of_no_use,
    )  # fmt: skip
    note(transaction, each.home, Source("matter", each.matter))


def _handled(home: str, matter: str, act: Any, *said: Any) -> Handled:  # noqa: ANN401 - a row, as it comes
    person, organisation, role, at, upto, note, until, of_no_use = said
    return Handled(
        home=home, matter=matter, act=act, by=Who(person, organisation, Role(role)), at=moment(at),
        upto=moment(upto), note=note, until=None if until is None else moment(until),
        is_of_no_use=bool(of_no_use),
    )  # fmt: skip


class _Asked(Protocol):
    async def _ask(self, work: Callable[[Transaction], T]) -> T: ...


class HandledTables:
    """What the tables say and keep of people's acts; each call is one transaction."""

    async def handled(self: _Asked) -> tuple[Handled, ...]:
        """What was done about the homes with open alerts, oldest first."""
        rows = await self._ask(lambda transaction: transaction.rows(_HANDLED))
        return tuple(_handled(*row) for row in rows)

    async def keep_handled(self: _Asked, each: Handled) -> None:
        """Keep one act of one person."""
        await self._ask(lambda transaction: keep_handled(transaction, each))
