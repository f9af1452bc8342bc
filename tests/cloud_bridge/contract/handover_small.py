"""The small world, explored whole: every command of every person at every state, by every clock.

A network that loses, delays, repeats and reorders is here the least that may be assumed of it: anybody's
command, formed upon the newest state or the one before, may arrive at any state at any time.
"""

from collections import deque
from dataclasses import replace
from datetime import timedelta

from cloud_bridge.contract.handover import Accept, Known, Offer, Refuse, TimePasses, Withdraw
from cloud_bridge.contract.handover_replica import Replica
from tests.cloud_bridge.contract.handover_laws import check_learnt, check_step, check_who_may
from tests.cloud_bridge.contract.some_handover import (
    HOSPITAL,
    KEPT,
    KNOWN,
    MOVES,
    ORGANISATIONS,
    content,
    home_of_hospital,
)
from tests.given import HOME, NOON

FACTS_MAX = 5
"""The beginning and two offers with what became of them."""

END = NOON + timedelta(days=2)
CLOCKS = (NOON, END)
"""Before an offer ends, and at its end; a step may be at either, so the clock runs forward and back."""

CARRIED = (content(MOVES), content(KEPT))
"""What each of two people in an organisation offers."""

WITH_ALERT = Known(KNOWN.organisations, frozenset({"a1"}))
WITH_UNNAMED = Known(KNOWN.organisations, frozenset({"a1", "a2"}))


def explore(machine, facts_max=FACTS_MAX):
    """Return how many states there are and how many steps were taken; raise BrokenLawError on the way."""
    first = replace(home_of_hospital(), refused=())
    seen, waiting, steps = {key(first)}, deque([first]), 0
    while waiting:
        state = waiting.popleft()
        check_who_may(machine, state, NOON)
        for command, known in wanted(state):
            for now in CLOCKS:
                # What was refused is left out of the key: that a repeat hears the same is a law of each step.
                after = replace(check_step(machine, state, command, now, known), refused=())
                steps += 1
                if (name := key(after)) not in seen:
                    seen.add(name)
                    if len(after.record) <= facts_max:
                        waiting.append(after)
    return len(seen), steps


def key(state):
    """Return a state as what tells it from others, quick to compare."""
    facts = tuple((fact.what, fact.accountable, fact.command, fact.offer, fact.at) for fact in state.record)
    return (
        facts,
        state.responsibility.accountable,
        state.responsibility.term,
        state.offer and state.offer.offer,
    )


def wanted(state):
    """Yield every command that anybody may have sent, sensible or not."""
    yield TimePasses(), KNOWN
    offers = [fact.offer for fact in state.record if fact.what == "offered"]
    for by in ORGANISATIONS:
        for person in (0, 1):
            for seen in {state.number, max(1, state.number - 1)}:
                said = {"home": HOME, "by": by, "role": "sykepleier", "seen": seen}
                name = f"{by}.{person}.{seen}"
                yield from _offers(said, name, person)
                for offer in (*offers, "none"):
                    said["offer"] = offer
                    yield Accept(id=f"a{name}.{offer}", **said), KNOWN
                    yield Refuse(id=f"r{name}.{offer}", reason="no room", **said), KNOWN
                    yield Withdraw(id=f"w{name}.{offer}", **said), KNOWN


def _offers(said, name, person):
    for to in ORGANISATIONS:
        words = {"to": to, "until": END, "content": CARRIED[person], **said}
        known = (WITH_ALERT, WITH_UNNAMED)[to == HOSPITAL and person]
        yield Offer(id=f"o{name}.{to}", **words), known


def converge(machine, record):
    """Learn a record in every order there is; return the number of steps, each from one set of facts."""
    whole, steps = (1 << len(record)) - 1, 0
    known = {0: Replica(HOME)}
    for mask in range(whole + 1):
        for fact in record:
            after = check_learnt(machine, record, known[mask], fact)
            bigger = mask | 1 << (fact.number - 1)
            assert known.setdefault(bigger, after) == after, "the order in which facts come made a difference"
            steps += 1
    return steps
