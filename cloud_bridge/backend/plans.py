"""A home's plans: which is in force by the hub's own word, which was written here and is on its way."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from typing import Protocol, TypeVar

from cloud_bridge.backend.database import Transaction
from cloud_bridge.backend.moments import moment, stamp
from cloud_bridge.backend.views import Plans, WrittenPlan
from cloud_bridge.contract.bodies import plan_body, plan_from
from cloud_bridge.contract.errors import ContractError
from cloud_bridge.contract.plan import Plan
from cloud_bridge.contract.plan_change import refusal_of_plan

T = TypeVar("T")

PLANS_KEPT = 2_048
"""So many plans are kept as values: list and watch look at every home's again and again. 50 KB each."""

_APPLIED = """
    select entry.body, entry.at
    from entry
    join log on log.home = entry.home and log.log = entry.log
    where entry.home = :home and entry.kind = 'plan_applied'
    order by log.turn desc, entry.seq desc limit 10
"""
_APPLIED_OF_ALL = """
    select home, body from (
        select entry.home, entry.body, row_number() over (
            partition by entry.home order by log.turn desc, entry.seq desc
        ) as place
        from lines (home text)
        join entry on entry.home = line.home and entry.kind = 'plan_applied'
        join log on log.home = entry.home and log.log = entry.log
    ) as applied
    where place <= 10 order by home, place
"""
_WRITTEN = """
    select body, by_whom, at from plan where home = :home order by version desc limit 1
"""
_WRITE = """
    insert into plan (home, version, body, by_whom, at) values (:home, :version, :body, :by_whom, :at)
"""
_WAITING = """
    select distinct plan.home from plan join home on home.home = plan.home
    where home.is_online and plan.is_waiting
"""
_TAKEN = "update plan set is_waiting = false where home = :home and version <= :version"


@lru_cache(maxsize=PLANS_KEPT)
def plan_of(body: str) -> Plan:
    """Return the plan in the body of an entry or a row; raise ContractError otherwise."""
    return plan_from(body.encode())


def plans_in_force(transaction: Transaction, homes: Sequence[str]) -> dict[str, Plan]:
    """Return the plan in force on each of these homes' hubs, for those that have said one."""
    found: dict[str, Plan] = {}
    for home, body in transaction.rows(_APPLIED_OF_ALL, lines=[{"home": home} for home in homes]):
        with suppress(ContractError):  # one that can't be read is in quarantine; the one before it holds
            if home not in found:
                found[home] = plan_of(body)
    return found


def plans_of(transaction: Transaction, home: str) -> Plans:
    """Return the plan in force on a home's hub, since when, and the newest that was written here."""
    applied = _applied(transaction, home)
    in_force, since = applied[0] if applied else (None, None)
    return Plans(in_force, since, _written(transaction, home))


def newest_plan(transaction: Transaction, home: str) -> Plan | None:
    """Return the newest plan known here, whoever had it first: a hub that has an older one needs it."""
    written = _written(transaction, home)
    known = [plan for plan, _ in _applied(transaction, home)] + ([] if written is None else [written.plan])
    return max(known, key=lambda plan: plan.version, default=None)


def write_plan(transaction: Transaction, home: str, written: WrittenPlan) -> str | None:
    """Keep a plan that is to be sent to a home; return why not, and then nothing is kept."""
    if refusal := refusal_of_plan(written.plan, newest := newest_plan(transaction, home)):
        return str(refusal)
    if newest is not None and written.plan == newest:
        return f"version {newest.version} is what is known already; nothing changes"
    transaction.change(
        _WRITE,
        home=home,
        version=written.plan.version,
        body=plan_body(written.plan).decode(),
        by_whom=written.by,
        at=stamp(written.at),
    )
    return None


def plans_waiting(transaction: Transaction) -> tuple[tuple[str, Plan], ...]:
    """Return the homes that are there and have an older plan in force than was written, and what to send."""
    waiting = []
    for (home,) in transaction.rows(_WAITING):
        plans = plans_of(transaction, home)
        if (written := plans.waiting) is not None:
            waiting.append((home, written.plan))
        elif plans.written is not None:
            transaction.change(_TAKEN, home=home, version=plans.written.plan.version)
    return tuple(waiting)


class _Asked(Protocol):
    async def _ask(self, work: Callable[[Transaction], T]) -> T: ...


class PlanTables:
    """What the tables say of plans; each call is one transaction."""

    async def plans(self: _Asked, home: str) -> Plans:
        """Return the plan in force on a home's hub, and the newest that was written here."""
        return await self._ask(lambda transaction: plans_of(transaction, home))

    async def write_plan(self: _Asked, home: str, written: WrittenPlan) -> str | None:
        """Keep a plan that is to be sent to a home; return why not, and then nothing is kept."""
        return await self._ask(lambda transaction: write_plan(transaction, home, written))

    async def plan_for(self: _Asked, home: str, version: int | None) -> Plan | None:
        """Return the plan that a hub needs which has this version in force; None where it has the newest."""

        def work(transaction: Transaction) -> Plan | None:
            newest = newest_plan(transaction, home)
            if version is None or newest is None or newest.version <= version:
                return None
            return newest

        return await self._ask(work)

    async def plans_waiting(self: _Asked) -> tuple[tuple[str, Plan], ...]:
        """Return what is to be sent to the homes that are there and wait for a plan."""
        return await self._ask(plans_waiting)


def _applied(transaction: Transaction, home: str) -> list[tuple[Plan, datetime]]:
    found = []
    for body, at in transaction.rows(_APPLIED, home=home):
        with suppress(ContractError):  # one that can't be read is in quarantine; the one before it holds
            found.append((plan_of(body), moment(at)))
    return found


def _written(transaction: Transaction, home: str) -> WrittenPlan | None:
    for body, by, at in transaction.rows(_WRITTEN, home=home):
        return WrittenPlan(plan_of(body), by, moment(at))
    return None
