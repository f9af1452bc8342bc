"""The hand-over explored: a small world whole, long walks by dice, and faults that both must find."""

from dataclasses import replace
from datetime import timedelta

import pytest

from cloud_bridge.contract.handover import Accept, Withdraw, step
from cloud_bridge.contract.handover_record import HandoverRefusal, owner_of, state_of
from cloud_bridge.contract.handover_replica import Replica, learn
from tests.cloud_bridge.contract.handover_laws import BrokenLawError, Machine
from tests.cloud_bridge.contract.handover_small import converge, explore
from tests.cloud_bridge.contract.handover_walks import Walk
from tests.cloud_bridge.contract.some_handover import HAMAR

STEPS_MIN = 1_000_000
WALKS, WALK_STEPS = 270, 3000
LEARNT = 9


def test_a_million_steps_leave_exactly_one_accountable():
    """Lost, delayed, repeated, reordered, restarted, two at once: one accountable, no alert without owner."""
    states, steps = explore(Machine())
    handed_over = 0
    for seed in range(WALKS):
        walk = Walk(Machine(), seed)
        walk.live(WALK_STEPS)
        steps += WALK_STEPS
        handed_over += walk.state.responsibility.term - 1
    assert steps >= STEPS_MIN
    assert states > 3000, "a small world in which little happens"
    assert handed_over > WALKS, "walks in which little happens"


def test_a_record_is_learnt_in_any_order():
    """From every set of facts that one may have, each further fact leads to the same knowledge."""
    walk = Walk(Machine(), 1)
    walk.live(WALK_STEPS)
    assert converge(Machine(), walk.state.record[:LEARNT]) == LEARNT * 2**LEARNT


def _walk(machine):
    for seed in range(WALKS):
        Walk(machine, seed).live(WALK_STEPS)


def _accepts_late(state, command, now, known):
    """The end of an offer is forgotten where somebody accepts."""
    return step(state, command, now - timedelta(days=40) if isinstance(command, Accept) else now, known)


def _moves_at_once(state, command, now, known):
    """The receiver is accountable as soon as it is offered to."""
    stepped = step(state, command, now, known)
    facts = tuple(
        replace(fact, accountable=fact.organisation, term=fact.term + 1) if fact.what == "offered" else fact
        for fact in stepped.facts
    )
    record = (*state.record, *facts)
    return replace(stepped, state=replace(state_of(record), refused=stepped.state.refused), facts=facts)


def _accepts_blindly(state, command, now, known):
    """Nobody asks what the person had seen."""
    seen = state.number if isinstance(command, Accept | Withdraw) else getattr(command, "seen", 0)
    return step(state, replace(command, seen=seen) if seen else command, now, known)


def _anybody_accepts(state, command, now, known):
    """Whoever accepts is taken for the receiver."""
    if isinstance(command, Accept) and state.offer is not None:
        command = replace(command, by=state.offer.organisation)
    return step(state, command, now, known)


def _forgets_refusals(state, command, now, known):
    """A refusal is decided anew each time."""
    stepped = step(state, command, now, known)
    refused = () if isinstance(stepped.answer, HandoverRefusal) else stepped.state.refused
    return replace(stepped, state=replace(stepped.state, refused=refused))


def _newest_only(replica, fact):
    """Only what is newer than all that is known is learnt."""
    return replica if replica.facts and fact.number < replica.facts[-1].number else learn(replica, fact)


def _a_third_owns(alert, state, now):
    """What the giver kept belongs to somebody who has no part in it."""
    return HAMAR if alert in state.kept else owner_of(alert, state, now)


def _loses_the_newest(replica):
    """The newest fact was not on the disk yet."""
    return Replica(replica.home, replica.facts[:-1])


FAULTS = {
    "accepts late": (Machine(step=_accepts_late), "in time|nothing outlives its end"),
    "moves at once": (Machine(step=_moves_at_once), "by acceptance alone"),
    "accepts blindly": (Machine(step=_accepts_blindly), "nothing unseen"),
    "anybody accepts": (Machine(step=_anybody_accepts), "the receiver"),
    "a third owns": (Machine(owner_of=_a_third_owns), "an owner|what was agreed"),
    "forgets refusals": (Machine(step=_forgets_refusals), "the same answer"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found(name):
    """Each of these faults, planted in the machine, is found by the law that names it."""
    machine, law = FAULTS[name]
    with pytest.raises(BrokenLawError, match=law):
        _walk(machine)


@pytest.mark.parametrize(
    ("machine", "law"),
    [
        (Machine(learn=_newest_only), "nothing forgotten"),
        (Machine(told_anew=_loses_the_newest), "a restart forgets nothing"),
    ],
)
def test_a_replica_with_a_fault_is_found(machine, law):
    """A hub that learns in order only, or that forgets at a restart, is found too."""
    with pytest.raises(BrokenLawError, match=law):
        _walk(machine)
