"""Who there is, which homes an organisation may see, and who is accountable for each."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from cloud_bridge.backend.database import Transaction
from cloud_bridge.backend.moments import moment, stamp
from cloud_bridge.contract.responsibility import Entitlement, Responsibility

OrganisationKind = Literal["hospital", "municipality", "gp"]

_ENROL = """
    insert into organisation (organisation, name, kind, checklist)
    values (:organisation, :name, :kind, :checklist)
    on conflict (organisation) do update set
        name = excluded.name, kind = excluded.kind,
        checklist = case when excluded.checklist = '' then organisation.checklist else excluded.checklist end
"""
_ORGANISATIONS = "select organisation, name, kind, checklist from organisation order by name, organisation"
_RESPONSIBILITY = "select accountable, since, term from responsibility where home = :home"
_ENTITLED = """
    select organisation, since, until from entitlement where home = :home order by since, organisation
"""
SEEN = """
    select home from responsibility where accountable = :organisation
    union
    select home from entitlement where organisation = :organisation and (until is null or until > :now)
"""
"""The homes that an organisation may see now."""

_HOMES = f"{SEEN} order by home"
_SET_RESPONSIBILITY = """
    insert into responsibility (home, accountable, since, term, number)
    values (:home, :accountable, :since, :term, :number)
    on conflict (home) do update set
        accountable = excluded.accountable, since = excluded.since,
        term = excluded.term, number = excluded.number
"""
_SET_ENTITLED = """
    insert into entitlement (home, organisation, since, until) values (:home, :organisation, :since, :until)
"""


@dataclass(frozen=True, slots=True)
class Organisation:
    """One that takes part in follow-ups: its id, as in topics, and its name, as people read it."""

    organisation: str
    name: str
    kind: OrganisationKind
    checklist: tuple[str, ...] = ()
    """What it goes through before it hands a home over; empty where it has no list of its own."""


def enrol_organisations(transaction: Transaction, organisations: Iterable[Organisation]) -> None:
    """Keep who there is; a name that was known is brought up to date, and nobody is removed.

    A checklist is exchanged for a new one; without one the old one stays.
    """
    for each in organisations:
        checklist = "\n".join(each.checklist)
        words = {"organisation": each.organisation, "name": each.name, "kind": each.kind}
        transaction.change(_ENROL, checklist=checklist, **words)


def organisations(transaction: Transaction) -> tuple[Organisation, ...]:
    """Return who there is, by name."""
    rows = transaction.rows(_ORGANISATIONS)
    return tuple(Organisation(id_, name, kind, tuple(said.splitlines())) for id_, name, kind, said in rows)


def responsibility_of(transaction: Transaction, home: str) -> Responsibility | None:
    """Return who is accountable for a home and who else may see it; None where nobody has begun."""
    for accountable, since, term in transaction.rows(_RESPONSIBILITY, home=home):
        entitled = tuple(
            Entitlement(organisation, moment(began), None if until is None else moment(until))
            for organisation, began, until in transaction.rows(_ENTITLED, home=home)
        )
        return Responsibility(accountable, moment(since), term, entitled)
    return None


def homes_of(transaction: Transaction, organisation: str, now: datetime) -> tuple[str, ...]:
    """Return the homes that an organisation may see now."""
    rows = transaction.rows(_HOMES, organisation=organisation, now=stamp(now))
    return tuple(home for (home,) in rows)


def keep_responsibility(transaction: Transaction, home: str, held: Responsibility, number: int) -> None:
    """Write down what follows from a record, in the transaction that keeps the newest fact of it."""
    transaction.change(
        _SET_RESPONSIBILITY, home=home, accountable=held.accountable, since=stamp(held.since),
        term=held.term, number=number,
    )  # fmt: skip
    transaction.change("delete from entitlement where home = :home", home=home)
    for each in held.entitled:
        until = None if each.until is None else stamp(each.until)
        transaction.change(
            _SET_ENTITLED, home=home, organisation=each.organisation, since=stamp(each.since), until=until
        )
