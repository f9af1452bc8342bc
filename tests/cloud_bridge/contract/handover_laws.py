"""The laws of a hand-over, each by its own reading of the record, and the machine that must hold them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from cloud_bridge.contract.handover import Accept, Offer, Refuse, TimePasses, Withdraw, step
from cloud_bridge.contract.handover_body import handover_body, handover_from
from cloud_bridge.contract.handover_record import HandoverRefusal, owner_of, state_of
from cloud_bridge.contract.handover_replica import Replica, learn
from tests.cloud_bridge.contract.some_handover import KNOWN, ORGANISATIONS, entitle

ENDINGS = ("accepted", "refused", "withdrawn", "expired")
ALERTS = ("a1", "a2", "a3")


class BrokenLawError(AssertionError):
    """A law was broken; the first word says which."""


def hold(law: str, holds: bool, *seen: object) -> None:
    """Raise BrokenLawError with its name where a law does not hold."""
    if not holds:
        raise BrokenLawError(f"{law}: {seen}")


def started_anew(state):
    """Return the state as a ward has it after a restart: from the bytes that it has kept."""
    again = state_of(handover_from(handover_body(fact)) for fact in state.record)
    return replace(again, refused=state.refused)


def told_anew(replica):
    """Return what a hub knows after a restart: from the bytes that it has kept."""
    return Replica(replica.home, tuple(handover_from(handover_body(fact)) for fact in replica.facts))


@dataclass(frozen=True)
class Machine:
    """What is explored: the program's own functions, or one with a fault."""

    step: Callable[..., Any] = step
    learn: Callable[..., Any] = learn
    owner_of: Callable[..., str] = owner_of
    started_anew: Callable[..., Any] = started_anew
    told_anew: Callable[..., Any] = told_anew


def open_offer(record):
    """Return the offer that nothing has ended, by going through the record; two at once break a law."""
    is_open = {}
    for fact in record:
        if fact.what == "offered":
            is_open[fact.offer] = fact
        elif fact.what in ENDINGS:
            hold("one ending", is_open.pop(fact.offer, None) is not None, fact)
    hold("one offer", len(is_open) <= 1, record)
    return next(iter(is_open.values()), None)


def check_step(machine, before, command, now, known):
    """Step, hold what came of it against every law, and return the state behind it."""
    stepped = machine.step(before, command, now, known)
    after, facts = stepped.state, stepped.facts
    refused = isinstance(stepped.answer, HandoverRefusal)
    count = len(before.record)
    hold("append only", after.record[:count] == before.record and after.record[count:] == facts, facts)
    hold("a refusal moves nothing", not refused or all(fact.what == "expired" for fact in facts), facts)
    if facts:
        _check_facts(before, command, now, facts)
        hold("never half", replace(state_of(after.record), refused=after.refused) == after, after)
        hold("open", after.offer == open_offer(after.record), after.offer)
    else:
        hold("nothing happened", after == replace(before, refused=after.refused), command)
    accountable = after.responsibility.accountable
    hold("exactly one", accountable in ORGANISATIONS and accountable == after.record[-1].accountable, after)
    hold("a term", after.responsibility.term == after.record[-1].term)
    _check_time(before, command, now, after)
    _check_again(machine, after, command, now, stepped.answer)
    _check_owners(machine, after, now)
    return after


def _check_facts(before, command, now, facts):
    """Each fact is one that may stand there, said by whoever may say it, and moves what it may move."""
    last, offer = before.record[-1], open_offer(before.record)
    for fact in facts:
        hold("no gap", (fact.number, fact.home) == (last.number + 1, last.home), fact)
        if fact.what == "accepted":
            hold("by acceptance alone", fact.term == last.term + 1, fact)
            hold("the receiver", fact.accountable == offer.organisation == command.by, fact)
            hold("in time", now < offer.until, fact)
        else:
            hold("by acceptance alone", (fact.term, fact.accountable) == (last.term, last.accountable), fact)
        if fact.what == "expired":
            hold("really expired", offer is not None and now >= offer.until, fact)
            offer = None
        else:
            hold("nothing unseen", command.seen == before.record[-1].number, fact)
            _check_who(command, last, offer, fact)
        last = fact


def _check_who(command, last, offer, fact):
    by = {Accept: "accepted", Refuse: "refused", Withdraw: "withdrawn", Offer: "offered"}
    hold("what was wanted", fact.what == by.get(type(command), "entitled"), fact)
    hold("in whose name", command.by == fact.by, fact)
    if isinstance(command, Accept | Refuse):
        hold("who decides", offer is not None and command.by == offer.organisation, fact)
        hold("which offer", fact.offer == command.offer == offer.offer, fact)
    else:
        hold("who gives", command.by == last.accountable, fact)


def _check_time(before, command, now, after):
    is_repeat = not isinstance(command, TimePasses) and after == before
    offer = after.offer
    hold("nothing outlives its end", is_repeat or offer is None or now < offer.until, offer)


def _check_again(machine, after, command, now, answer):
    """The same command once more, at once or a year later."""
    if not isinstance(command, TimePasses):
        again = machine.step(after, command, now, KNOWN)
        hold("the same again", (again.state, again.facts) == (after, ()), command, again.facts)
        hold("the same answer", again.answer == answer, command, answer, again.answer)


def _check_owners(machine, state, now):
    """Each alert, foreseen or not, has an owner who sees the home; a keeper only where that was agreed."""
    accountable = state.responsibility.accountable
    for alert in ALERTS:
        owner = machine.owner_of(alert, state, now)
        if owner != accountable:
            kept, keeper = kept_by(state.record)
            hold("an owner", alert in kept and owner == keeper, alert, owner)
            hold("an owner who sees", state.responsibility.may_see(owner, now), alert, owner)
        elif alert in state.kept:
            hold("what was agreed", not state.responsibility.may_see(state.keeper, now), alert)


def kept_by(record):
    """Return what the last acceptance left with the giver, and who that was."""
    for fact in reversed(record):
        if fact.what == "accepted":
            offer = next(each for each in record if each.what == "offered" and each.offer == fact.offer)
            return offer.content.kept, offer.by
    return (), ""


def check_who_may(machine, state, now):
    """Whoever can do what only the accountable one may do is one organisation, and it is the one named."""
    able = []
    for organisation in ORGANISATIONS:
        probe = entitle(state, "org-gp", by=organisation, id="probe")
        known = replace(KNOWN, organisations=KNOWN.organisations | {"org-gp"})
        if not isinstance(machine.step(state, probe, now, known).answer, HandoverRefusal):
            able.append(organisation)
    hold("exactly one can act", able == [state.responsibility.accountable], able)


def check_learnt(machine, record, replica, fact):
    """Learn a fact and hold what is then known against the ward's record; return it."""
    after = machine.learn(replica, fact)
    hold("facts never contradict", isinstance(after, Replica), after)
    known = {each.number for each in replica.facts} | {fact.number}
    hold("nothing forgotten", {each.number for each in after.facts} == known, known)
    hold("nothing invented", all(each == record[each.number - 1] for each in after.facts), after)
    hold("terms never fall", after.term >= replica.term, replica.term, after.term)
    hold("who really was", after.accountable == record[max(known) - 1].accountable, after.accountable)
    missed = {number for span in after.missing(len(record)) for number in range(span.first, span.last + 1)}
    hold("knows what it misses", missed == set(range(1, len(record) + 1)) - known, missed)
    return after
