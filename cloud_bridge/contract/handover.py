"""The hand-over: offered, then accepted, refused, withdrawn or expired. Until the acceptance nothing moves.

A command is what one person in one organisation wants, and says up to which fact that person has seen.
`step` answers with new facts, or with a refusal; it never raises for what somebody wants. A ward reads the
state, steps, and keeps state and facts in one transaction; hubs and organisations learn the facts.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cloud_bridge.contract.handover_content import REASON_MAX, ROLE_MAX, Content, doubt_of_text
from cloud_bridge.contract.handover_record import (
    HandoverFact,
    HandoverRefusal,
    HandoverState,
    HandoverWhy,
    Happened,
    Refused,
    appended,
)
from cloud_bridge.contract.plain import has_moment, is_plain_name

OFFER_DAYS_MAX = 30
"""Longer than this nobody may leave a hand-over undecided. UNVERIFIED: no guideline says a number."""

ENTITLED_MAX = 40
REFUSED_MAX = 100
"""So many refusals are remembered, the newest; an older command is refused anew, since it is stale."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """What every command says; `seen` is the number of the newest fact that its person had seen."""

    id: str
    home: str
    by: str
    role: str
    seen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer(_Wanted):
    """The accountable organisation offers the home to another, which has until then to decide."""

    to: str
    until: datetime
    content: Content


@dataclass(frozen=True, slots=True, kw_only=True)
class Accept(_Wanted):
    """The receiver takes over, from this instant."""

    offer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse(_Wanted):
    """The receiver does not take over, and says why."""

    offer: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdraw(_Wanted):
    """The giver takes the offer back."""

    offer: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entitle(_Wanted):
    """The accountable organisation lets another see; `until` now or earlier ends it, None sets no end."""

    organisation: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class TimePasses:
    """Nobody wants anything; what has run out ends."""


Decision = Accept | Refuse | Withdraw
Wanted = Offer | Decision | Entitle
Command = Wanted | TimePasses


@dataclass(frozen=True, slots=True)
class Known:
    """What the ward knows at this moment besides the record: who there is, and which alerts are open."""

    organisations: frozenset[str]
    open_alerts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Stepped:
    """What became of a command.

    `facts` are the new ones, to be kept and told; with a refusal at most that an offer has expired.
    `answer` is what whoever wanted it hears: the fact that it made, or why it made none.
    """

    state: HandoverState
    facts: tuple[HandoverFact, ...] = ()
    answer: HandoverFact | HandoverRefusal | None = None


def step(state: HandoverState, command: Command, now: datetime, known: Known) -> Stepped:
    """Return what a command makes of a state; said again it hears the same, and changes nothing."""
    if isinstance(command, TimePasses):
        return _passed(state, now)
    if repeat := _repeat(state, command):
        return repeat
    passed = _passed(state, now)
    # Nobody can have seen an end that is noticed only now.
    is_stale = command.seen != state.number
    refusal = _refusal(passed.state, command, now, known, is_stale)
    if refusal is None:
        fact = _fact(passed.state, command, now)
        return Stepped(appended(passed.state, fact), (*passed.facts, fact), fact)
    refused = (*passed.state.refused, Refused(command.id, command.by, refusal))[-REFUSED_MAX:]
    return Stepped(replace(passed.state, refused=refused), passed.facts, refusal)


def _passed(state: HandoverState, now: datetime) -> Stepped:
    """Let time pass. An end that was once noticed is a fact, so that no clock set back undoes it."""
    offer = state.offer
    if offer is None or offer.until is None or now < offer.until:
        return Stepped(state)
    fact = replace(
        _bare(state, now), what=Happened.EXPIRED, offer=offer.offer, organisation=offer.organisation
    )
    return Stepped(appended(state, fact), (fact,))


def _repeat(state: HandoverState, command: Wanted) -> Stepped | None:
    """Return what this command heard when it came first; None where it comes for the first time."""
    for fact in state.record:
        if fact.command == command.id:
            if (fact.by, fact.what) == (command.by, _HAPPENED[type(command)]):
                return Stepped(state, (), fact)
            return Stepped(state, (), HandoverRefusal("id_used_before"))
    for refused in state.refused:
        if (refused.command, refused.by) == (command.id, command.by):
            return Stepped(state, (), refused.refusal)
    return None


def _refusal(
    state: HandoverState, command: Wanted, now: datetime, known: Known, is_stale: bool
) -> HandoverRefusal | None:
    if command.home != state.home:
        return HandoverRefusal("another_home")
    if doubt := _doubt(command):
        return HandoverRefusal("unreadable", doubt)
    if isinstance(command, Offer):
        why = _why_no_offer(state, command, now, known, is_stale)
    elif isinstance(command, Entitle):
        why = _why_no_entitlement(state, command, now, known, is_stale)
    else:
        why = _why_no_decision(state, command, known, is_stale)
    return None if why is None else HandoverRefusal(why)


def _why_no_offer(
    state: HandoverState, offer: Offer, now: datetime, known: Known, is_stale: bool
) -> HandoverWhy | None:
    """Look at an offer from who may make it down to what it carries; the first ground is the answer."""
    grounds: tuple[tuple[HandoverWhy, bool], ...] = (
        ("wrong_organisation", offer.by != state.responsibility.accountable),
        ("offer_open", state.offer is not None),
        ("stale", is_stale),
        ("to_oneself", offer.to == offer.by),
        ("unknown_organisation", offer.to not in known.organisations),
        ("until_too_soon", offer.until <= now),
        ("until_too_late", offer.until - now > timedelta(days=OFFER_DAYS_MAX)),
        ("alert_without_owner", not known.open_alerts <= offer.content.named),
    )
    return _first(grounds)


def _why_no_entitlement(
    state: HandoverState, wanted: Entitle, now: datetime, known: Known, is_stale: bool
) -> HandoverWhy | None:
    others = {each.organisation for each in state.responsibility.entitled if each.holds(now)}
    grounds: tuple[tuple[HandoverWhy, bool], ...] = (
        ("wrong_organisation", wanted.by != state.responsibility.accountable),
        ("stale", is_stale),
        ("to_oneself", wanted.organisation == wanted.by),
        ("unknown_organisation", wanted.organisation not in known.organisations | others),
        ("too_many_entitled", len(others | {wanted.organisation}) > ENTITLED_MAX),
    )
    return _first(grounds)


def _why_no_decision(
    state: HandoverState, wanted: Decision, known: Known, is_stale: bool
) -> HandoverWhy | None:
    """Look at a decision. Two who decide at once: the first counts, the other hears what happened instead."""
    offered = next((fact for fact in state.record if fact.offer == wanted.offer), None)
    if offered is None:
        return "unknown_offer"
    ended = [fact.what for fact in state.record if fact.offer == wanted.offer and fact is not offered]
    may_decide = offered.by if isinstance(wanted, Withdraw) else offered.organisation
    grounds: tuple[tuple[HandoverWhy, bool], ...] = (
        ("wrong_organisation", wanted.by != may_decide),
        ("expired", ended == [Happened.EXPIRED]),
        ("already_decided", bool(ended)),
        ("stale", is_stale),
        ("no_reason", isinstance(wanted, Refuse) and not wanted.reason.strip()),
        ("unknown_organisation", isinstance(wanted, Accept) and wanted.by not in known.organisations),
    )
    return _first(grounds)


def _first(grounds: tuple[tuple[HandoverWhy, bool], ...]) -> HandoverWhy | None:
    return next((why for why, holds in grounds if holds), None)


def _doubt(command: Wanted) -> str | None:
    """Return why these words can't be kept and carried, or None."""
    reason = command.reason if isinstance(command, Refuse | Withdraw) else ""
    until = command.until if isinstance(command, Offer | Entitle) else None
    if not is_plain_name(command.id):
        return "an id of one to a hundred plain characters is missing"
    if len(reason) > REASON_MAX or not 0 < len(command.role) <= ROLE_MAX:
        return "a role is missing, or words are too long"
    if until is not None and not has_moment(until):
        return "a time without a zone, or that no calendar has"
    return doubt_of_text(reason) or doubt_of_text(command.role)


def _bare(state: HandoverState, now: datetime) -> HandoverFact:
    """Return the fact that comes next, before it is said what happened."""
    return HandoverFact(
        home=state.home, number=state.number + 1, term=state.responsibility.term,
        accountable=state.responsibility.accountable, what="", at=now,
    )  # fmt: skip


def _fact(state: HandoverState, command: Wanted, now: datetime) -> HandoverFact:
    said = replace(_bare(state, now), by=command.by, role=command.role, command=command.id)
    said = replace(said, what=_HAPPENED[type(command)])
    if isinstance(command, Offer):
        return replace(
            said, offer=command.id, organisation=command.to, until=command.until, content=command.content
        )
    if isinstance(command, Entitle):
        return replace(said, organisation=command.organisation, until=command.until)
    if isinstance(command, Accept):
        return _accepted(state, said)
    return replace(said, offer=command.offer, organisation=_open(state).organisation, reason=command.reason)


def _accepted(state: HandoverState, said: HandoverFact) -> HandoverFact:
    """Return the one fact that moves anything: who is accountable, and in a new term, from one instant."""
    offer = _open(state)
    content = offer.content
    assert content is not None, "who answers commands has what was offered"
    return replace(
        said, offer=offer.offer, organisation=offer.by, accountable=offer.organisation, term=said.term + 1,
        kept=content.kept, until=content.giver_sees_until,
    )  # fmt: skip


def _open(state: HandoverState) -> HandoverFact:
    assert state.offer is not None, "a decision without an open offer was refused"
    return state.offer


_HAPPENED: dict[type, Happened] = {
    Offer: Happened.OFFERED,
    Accept: Happened.ACCEPTED,
    Refuse: Happened.REFUSED,
    Withdraw: Happened.WITHDRAWN,
    Entitle: Happened.ENTITLED,
}
