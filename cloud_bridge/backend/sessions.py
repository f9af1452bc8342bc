"""Who is logged in, and logins that have begun: rows that end by themselves."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Protocol, TypeVar

from cloud_bridge.backend.database import Transaction
from cloud_bridge.backend.moments import moment, stamp
from cloud_bridge.backend.who import Role, Who

T = TypeVar("T")

LASTS = timedelta(hours=8)
"""A shift: then one logs in anew, whatever happened meanwhile."""

IDLE = timedelta(minutes=30)
"""So long without anything that a person did, and it is over."""

BEGUN_LASTS = timedelta(minutes=10)
"""So long somebody may take at the provider's pages."""

_SEEN_EACH = timedelta(minutes=1)
"""More often than this it is not noted that somebody is there: it would be a write for each look."""

_BEGUN_COUNT_MAX = 10_000
"""Strangers begin logins; more than this at a time nobody does who means it, and the oldest are dropped."""

_OPEN = """
    insert into session (id, person, organisation, role, seen_at, until)
    values (:id, :person, :organisation, :role, :now, :until)
"""
_FIND = """
    select person, organisation, role, seen_at from session
    where id = :id and until > :now and seen_at > :idle_since
"""
_BEGIN = """
    insert into login_begun (id, state, nonce, verifier, back, until)
    values (:id, :state, :nonce, :verifier, :back, :until)
"""
_TAKE = """
    delete from login_begun where id = :id returning state, nonce, verifier, back, until
"""
_CROWDED = """
    delete from login_begun where id in (
        select id from login_begun order by until desc limit 1000000 offset :count_max
    )
"""


@dataclass(frozen=True, slots=True)
class Begun:
    """A login that has begun: what the provider's answer must fit, and where to go then."""

    state: str
    nonce: str
    verifier: str
    back: str


def hashed(ticket: str) -> str:
    """Return under what a ticket that a browser holds stands in the tables."""
    return sha256(ticket.encode()).hexdigest()


def open_session(transaction: Transaction, ticket: str, who: Who, now: datetime) -> None:
    """Begin a session; those that are over are forgotten on the way."""
    over = {"now": stamp(now), "idle_since": stamp(now - IDLE)}
    transaction.change("delete from session where until <= :now or seen_at <= :idle_since", **over)
    transaction.change(
        _OPEN, id=hashed(ticket), person=who.person, organisation=who.organisation, role=who.role.value,
        now=stamp(now), until=stamp(now + LASTS),
    )  # fmt: skip


def session_of(transaction: Transaction, ticket: str, now: datetime, *, is_person: bool) -> Who | None:
    """Return who holds this ticket; None where it is nobody's or is over."""
    id_ = hashed(ticket)
    for person, organisation, role, seen_at in transaction.rows(
        _FIND, id=id_, now=stamp(now), idle_since=stamp(now - IDLE)
    ):
        if is_person and now - moment(seen_at) >= _SEEN_EACH:
            transaction.change("update session set seen_at = :now where id = :id", id=id_, now=stamp(now))
        return Who(person, organisation, Role(role))
    return None


def begin_login(transaction: Transaction, ticket: str, begun: Begun, now: datetime) -> None:
    """Keep what the provider's answer must fit; what nobody came back for is forgotten on the way."""
    transaction.change("delete from login_begun where until <= :now", now=stamp(now))
    transaction.change(_CROWDED, count_max=_BEGUN_COUNT_MAX)
    transaction.change(
        _BEGIN, id=hashed(ticket), state=begun.state, nonce=begun.nonce, verifier=begun.verifier,
        back=begun.back, until=stamp(now + BEGUN_LASTS),
    )  # fmt: skip


def take_login(transaction: Transaction, ticket: str, now: datetime) -> Begun | None:
    """Return what was begun with this ticket, once."""
    for state, nonce, verifier, back, until in transaction.rows(_TAKE, id=hashed(ticket)):
        return Begun(state, nonce, verifier, back) if now < moment(until) else None
    return None


class _Asked(Protocol):
    async def _ask(self, work: Callable[[Transaction], T]) -> T: ...


class SessionTables:
    """What the tables keep of sessions; each call is one transaction."""

    async def open_session(self: _Asked, ticket: str, who: Who, now: datetime) -> None:
        """Begin a session."""
        await self._ask(lambda transaction: open_session(transaction, ticket, who, now))

    async def session(self: _Asked, ticket: str, now: datetime, *, is_person: bool = True) -> Who | None:
        """Return who holds this ticket; `is_person` tells their acts from a page's own."""
        return await self._ask(lambda transaction: session_of(transaction, ticket, now, is_person=is_person))

    async def close_session(self: _Asked, ticket: str) -> None:
        """End a session; one that is over already stays so."""
        forget = "delete from session where id = :id"
        await self._ask(lambda transaction: transaction.change(forget, id=hashed(ticket)))

    async def begin_login(self: _Asked, ticket: str, begun: Begun, now: datetime) -> None:
        """Keep what the provider's answer must fit."""
        await self._ask(lambda transaction: begin_login(transaction, ticket, begun, now))

    async def take_login(self: _Asked, ticket: str, now: datetime) -> Begun | None:
        """Return what was begun with this ticket, once."""
        return await self._ask(lambda transaction: take_login(transaction, ticket, now))
