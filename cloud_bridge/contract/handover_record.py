"""The record of who was accountable when: the same list of facts for everybody, and what follows from it.

Facts are numbered without a gap, and each says who is accountable from it on. Their order is their
number: clocks are written down and decide nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import reduce
from typing import Literal

from cloud_bridge.contract.handover_content import Content
from cloud_bridge.contract.responsibility import Entitlement, Responsibility


class Happened(StrEnum):
    """What a fact tells of. A newer ward's word is kept as it is: number, term and accountable count."""

    BEGUN = "begun"
    """The home is followed from now on, and by whom."""
    OFFERED = "offered"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    ENTITLED = "entitled"
    """Somebody else may see, or until when."""


HandoverWhy = Literal[
    "another_home", "unreadable", "id_used_before", "stale", "wrong_organisation", "unknown_offer",
    "already_decided", "expired", "offer_open", "to_oneself", "unknown_organisation", "until_too_soon",
    "until_too_late", "alert_without_owner", "no_reason", "too_many_entitled",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class HandoverRefusal:
    """Why a command changed nothing; the accountable organisation is the one before."""

    why: HandoverWhy
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoverFact:
    """One line of the record. `accountable` is from this line on, also where the line decides nothing.

    `by` is the organisation that said it, empty where time did; `command` is the id of what it said. An
    offer is named by the command that made it. `organisation` is the receiver of an offer, the giver of
    an acceptance, or who may see; `until` is when the offer ends, or the seeing. `kept` are the alerts
    that the giver keeps. `content` is None where the reader is not entitled to it.
    """

    home: str
    number: int
    term: int
    accountable: str
    what: str
    at: datetime
    by: str = ""
    role: str = ""
    command: str = ""
    offer: str = ""
    organisation: str = ""
    until: datetime | None = None
    reason: str = ""
    kept: tuple[str, ...] = ()
    content: Content | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A command that was refused, so that a repeat hears the same."""

    command: str
    by: str
    refusal: HandoverRefusal


@dataclass(frozen=True, slots=True)
class HandoverState:
    """Where a home stands: the record, and what follows from it.

    `offer` is the one that is open. `keeper` is who handed over this term, and `kept` are the alerts that
    stayed with it. `refused` is no part of the record: only who answers commands has it.
    """

    responsibility: Responsibility
    record: tuple[HandoverFact, ...]
    offer: HandoverFact | None = None
    keeper: str = ""
    kept: frozenset[str] = frozenset()
    refused: tuple[Refused, ...] = ()

    @property
    def home(self) -> str:
        """Whose record it is."""
        return self.record[0].home

    @property
    def number(self) -> int:
        """The number of the newest fact: who acts says up to which one it has seen."""
        return self.record[-1].number


def begun(home: str, organisation: str, role: str, now: datetime) -> HandoverState:
    """Return how a home begins: one organisation is accountable, and nobody else may see."""
    fact = HandoverFact(
        home=home, number=1, term=1, accountable=organisation, what=Happened.BEGUN, at=now,
        by=organisation, role=role,
    )  # fmt: skip
    return state_of((fact,))


def state_of(facts: Iterable[HandoverFact]) -> HandoverState:
    """Return what follows from a whole record; raise ValueError where it has a gap or is of two homes."""
    first, *rest = facts
    if first.number != 1:
        raise ValueError(f"a record that begins with fact {first.number}")
    responsibility = Responsibility(first.accountable, first.at, first.term)
    return reduce(appended, rest, HandoverState(responsibility, (first,)))


def appended(state: HandoverState, fact: HandoverFact) -> HandoverState:
    """Return what follows from one fact more."""
    if fact.number != state.number + 1 or fact.home != state.home:
        raise ValueError(f"fact {fact.number} of {fact.home} behind fact {state.number} of {state.home}")
    held = state.responsibility
    now = replace(held, entitled=_entitled(held, fact))
    keeper, kept = state.keeper, state.kept
    if fact.term != held.term:
        now = replace(now, accountable=fact.accountable, since=fact.at, term=fact.term)
        keeper, kept = fact.organisation, frozenset(fact.kept)
    offer = state.offer
    if fact.what == Happened.OFFERED:
        offer = fact
    elif offer is not None and fact.offer == offer.offer:
        offer = None
    return HandoverState(now, (*state.record, fact), offer, keeper, kept, state.refused)


def _entitled(held: Responsibility, fact: HandoverFact) -> tuple[Entitlement, ...]:
    """Return who else may see behind this fact: after an acceptance the giver, as long as the offer said."""
    if fact.what not in (Happened.ACCEPTED, Happened.ENTITLED):
        return held.entitled
    others = [
        each for each in held.entitled if each.organisation not in (fact.organisation, fact.accountable)
    ]
    return (*others, Entitlement(fact.organisation, fact.at, fact.until))


def owner_of(alert: str, state: HandoverState, now: datetime) -> str:
    """Return who must see to an open alert: whoever kept it and may still see it, else the accountable one.

    There is no alert without an answer, also one that nobody had heard of when the offer was made.
    """
    if alert in state.kept and state.responsibility.may_see(state.keeper, now):
        return state.keeper
    return state.responsibility.accountable
