"""The ward's hand-overs: each home's record, one command at a time, and what a home is told of it."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import Protocol, TypeVar

from cloud_bridge.backend.database import TablesError, Transaction
from cloud_bridge.backend.moments import moment, stamp
from cloud_bridge.backend.outbox import Source, note
from cloud_bridge.backend.sharing import (
    Organisation,
    enrol_organisations,
    homes_of,
    keep_responsibility,
    organisations,
)
from cloud_bridge.backend.views import OpenOffer
from cloud_bridge.contract.accountable import Accountable
from cloud_bridge.contract.handover import REFUSED_MAX, Known, Stepped, TimePasses, Wanted, step
from cloud_bridge.contract.handover_body import handover_body, handover_from
from cloud_bridge.contract.handover_record import (
    HandoverFact,
    HandoverRefusal,
    HandoverState,
    Refused,
    begun,
    state_of,
)

T = TypeVar("T")

TRIES_MAX = 5
"""So often a command is tried where somebody else was quicker; then they were five times."""

_FACTS = "select body from handover_fact where home = :home order by number"
_REFUSED = """
    select command, by_whom, why, detail from handover_refused where home = :home order by at, command
"""
_KEEP_FACT = """
    insert into handover_fact (home, number, body, at) values (:home, :number, :body, :at)
    on conflict (home, number) do nothing
"""
_KEEP_REFUSED = """
    insert into handover_refused (home, command, by_whom, why, detail, at)
    values (:home, :command, :by, :why, :detail, :at)
    on conflict (home, command, by_whom) do nothing
"""
_FORGET_REFUSED = """
    delete from handover_refused where home = :home and command not in (
        select command from handover_refused where home = :home
        order by at desc, command desc limit :count_max
    )
"""
_KEEP_OFFER = "update responsibility set offered_to = :offered_to, offer_until = :until where home = :home"
_OFFERS_OVER = "select home from responsibility where offer_until <= :now"
_OFFERS = """
    select home, accountable, offered_to, offer_until from responsibility
    where offered_to is not null order by offer_until, home
"""
_OPEN_ALERTS = """
    select alert.id from alert
    where alert.home = :home and alert.change = 'opened' and not exists (
        select 1 from alert as later
        where later.home = alert.home and later.id = alert.id and later.change = 'closed'
    )
"""
_TELL = """
    select responsibility.home, responsibility.number, responsibility.term, responsibility.accountable,
        coalesce(organisation.name, responsibility.accountable), responsibility.since
    from responsibility
    left join organisation on organisation.organisation = responsibility.accountable
"""
_UNTOLD = f"""
    {_TELL} join home on home.home = responsibility.home
    where home.is_online and home.fact < responsibility.number
"""
_HUB_KNOWS = "update home set fact = :number where home = :home"
_HUB_LEARNT = "update home set fact = :number where home = :home and coalesce(fact, 0) < :number"


class OvertakenError(TablesError):
    """Somebody else wrote the next fact first; nothing was kept, and the command may be tried again."""


def facts_of(transaction: Transaction, home: str) -> tuple[HandoverFact, ...]:
    """Return a home's record; empty where nobody has begun to follow it."""
    return tuple(handover_from(body.encode()) for (body,) in transaction.rows(_FACTS, home=home))


def state_of_home(transaction: Transaction, home: str) -> HandoverState | None:
    """Return where a home stands; None where nobody has begun to follow it."""
    facts = facts_of(transaction, home)
    if not facts:
        return None
    refused = tuple(
        Refused(command, by, HandoverRefusal(why, detail))
        for command, by, why, detail in transaction.rows(_REFUSED, home=home)
    )
    return replace(state_of(facts), refused=refused)


def begin_follow_up(
    transaction: Transaction, home: str, organisation: str, role: str, now: datetime
) -> str | None:
    """Make an organisation accountable for a home that nobody follows yet; return why not."""
    known = {each.organisation for each in organisations(transaction)}
    if organisation not in known:
        return f"no organisation is called {organisation}"
    if state_of_home(transaction, home) is not None:
        return "somebody is accountable already; a hand-over moves that"
    state = begun(home, organisation, role, now)
    _keep(transaction, state, state.record)
    return None


def hand_over(transaction: Transaction, command: Wanted, now: datetime) -> Stepped | None:
    """Step by one command and keep what follows; None where nobody has begun; raise OvertakenError."""
    state = state_of_home(transaction, command.home)
    if state is None:
        return None
    everybody = frozenset(each.organisation for each in organisations(transaction))
    alerts = frozenset(id_ for (id_,) in transaction.rows(_OPEN_ALERTS, home=command.home))
    stepped = step(state, command, now, Known(everybody, alerts))
    _keep(transaction, stepped.state, stepped.facts)
    if isinstance(stepped.answer, HandoverRefusal):
        words = {"command": command.id, "by": command.by, "at": stamp(now)}
        answer = {"why": stepped.answer.why, "detail": stepped.answer.detail}
        transaction.change(_KEEP_REFUSED, home=command.home, **words, **answer)
        transaction.change(_FORGET_REFUSED, home=command.home, count_max=REFUSED_MAX)
    return stepped


def let_offers_end(transaction: Transaction, now: datetime) -> tuple[str, ...]:
    """Note the offers that nobody has answered in time; return whose. The giver is accountable as before."""
    homes = tuple(home for (home,) in transaction.rows(_OFFERS_OVER, now=stamp(now)))
    for home in homes:
        state = state_of_home(transaction, home)
        assert state is not None, "an offer stands in a record"
        stepped = step(state, TimePasses(), now, Known(frozenset()))
        _keep(transaction, stepped.state, stepped.facts)
    return homes


def hub_knows(transaction: Transaction, home: str, number: int) -> Accountable | None:
    """Note up to which fact a newborn hub has learnt the record; return what it has not heard, or None."""
    transaction.change(_HUB_KNOWS, home=home, number=number)
    for _, newest, *said in transaction.rows(f"{_TELL} where responsibility.home = :home", home=home):
        return _accountable(newest, *said) if newest > number else None
    return None


def hub_has_learnt(transaction: Transaction, home: str, accountable: Iterable[Accountable]) -> None:
    """Note what a hub has said that it has learnt."""
    for each in accountable:
        transaction.change(_HUB_LEARNT, home=home, number=each.number)


def untold(transaction: Transaction) -> tuple[tuple[str, Accountable], ...]:
    """Return the homes that are there and have not said that they know who is accountable now."""
    return tuple((home, _accountable(*said)) for home, *said in transaction.rows(_UNTOLD))


def _accountable(number: int, term: int, organisation: str, name: str, since: str | datetime) -> Accountable:
    return Accountable(number, term, organisation, name, moment(since))


def _keep(transaction: Transaction, state: HandoverState, facts: Iterable[HandoverFact]) -> None:
    facts = tuple(facts)
    for fact in facts:
        body = handover_body(fact).decode()
        number = {"home": fact.home, "number": fact.number}
        if transaction.change(_KEEP_FACT, body=body, at=stamp(fact.at), **number) != 1:
            raise OvertakenError("somebody else has just acted on this hand-over")
        note(transaction, fact.home, Source("fact", seq=fact.number))
    if facts:
        keep_responsibility(transaction, state.home, state.responsibility, state.number)
        offer = state.offer
        to, until = (None, None) if offer is None else (offer.organisation, offer.until)
        words = {"offered_to": to, "until": None if until is None else stamp(until)}
        transaction.change(_KEEP_OFFER, home=state.home, **words)


class _Asked(Protocol):
    async def _ask(self, work: Callable[[Transaction], T]) -> T: ...


class HandoverTables:
    """What the tables say and keep of hand-overs; each call is one transaction."""

    async def organisations(self: _Asked) -> tuple[Organisation, ...]:
        """Return who takes part, by name."""
        return await self._ask(organisations)

    async def enrol_organisations(self: _Asked, each: Iterable[Organisation]) -> None:
        """Keep who takes part."""
        await self._ask(lambda transaction: enrol_organisations(transaction, each))

    async def homes_of(self: _Asked, organisation: str, now: datetime) -> tuple[str, ...]:
        """Return the homes that an organisation may see now."""
        return await self._ask(lambda transaction: homes_of(transaction, organisation, now))

    async def begin_follow_up(
        self: _Asked, home: str, organisation: str, role: str, now: datetime
    ) -> str | None:
        """Make an organisation accountable for a home that nobody follows yet; return why not."""
        return await self._ask(
            lambda transaction: begin_follow_up(transaction, home, organisation, role, now)
        )

    async def handovers(self: _Asked, home: str) -> HandoverState | None:
        """Return where a home stands; None where nobody has begun to follow it."""
        return await self._ask(lambda transaction: state_of_home(transaction, home))

    async def offers(self: _Asked) -> tuple[OpenOffer, ...]:
        """Return the hand-overs that wait for an answer, the first to end first."""
        rows = await self._ask(lambda transaction: transaction.rows(_OFFERS))
        return tuple(OpenOffer(home, giver, to, moment(until)) for home, giver, to, until in rows)

    async def hand_over(self: _Asked, command: Wanted, now: datetime) -> Stepped | None:
        """Step by one command; raise OvertakenError where others were quicker each time."""
        for _ in range(TRIES_MAX - 1):
            try:
                return await self._ask(lambda transaction: hand_over(transaction, command, now))
            except OvertakenError:
                continue
        return await self._ask(lambda transaction: hand_over(transaction, command, now))

    async def let_offers_end(self: _Asked, now: datetime) -> tuple[str, ...]:
        """Note the offers that nobody has answered in time; return whose."""
        return await self._ask(lambda transaction: let_offers_end(transaction, now))

    async def hub_knows(self: _Asked, home: str, number: int) -> Accountable | None:
        """Note what a newborn hub knows; return what it has not heard of, or None."""
        return await self._ask(lambda transaction: hub_knows(transaction, home, number))

    async def untold(self: _Asked) -> tuple[tuple[str, Accountable], ...]:
        """Return who is to be told which organisation is accountable."""
        return await self._ask(untold)
