"""What somebody knows of the record from afar: facts in any order, late and repeated, and what is missing."""

from dataclasses import dataclass, replace

from cloud_bridge.contract.handover_record import HandoverFact
from cloud_bridge.contract.receipts import Span, spans_of


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A fact that can't stand beside those known; what was learnt first stays, and somebody must look."""

    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class Replica:
    """What a hub or an organisation has learnt of one home's record, in the order of its numbers."""

    home: str
    facts: tuple[HandoverFact, ...] = ()

    @property
    def newest(self) -> HandoverFact | None:
        """The fact with the highest number; None where nothing was learnt yet."""
        return self.facts[-1] if self.facts else None

    @property
    def accountable(self) -> str | None:
        """Who is accountable as far as known here; None where nothing was learnt yet."""
        return self.facts[-1].accountable if self.facts else None

    @property
    def term(self) -> int:
        """The highest term heard of; it never falls."""
        return self.facts[-1].term if self.facts else 0

    def missing(self, highest: int = 0) -> tuple[Span, ...]:
        """Return which facts are not here, where the ward has said that it has so many."""
        here = {fact.number for fact in self.facts}
        last = max(highest, self.facts[-1].number if self.facts else 0)
        return spans_of(number for number in range(1, last + 1) if number not in here)


def learn(replica: Replica, fact: HandoverFact) -> Replica | Contradiction:
    """Return what is known with one fact more; the order in which facts come makes no difference."""
    if fact.home != replica.home:
        return Contradiction(fact.number, f"a fact of {fact.home}")
    before = [each for each in replica.facts if each.number < fact.number]
    after = [each for each in replica.facts if each.number > fact.number]
    same = replica.facts[len(before) : len(replica.facts) - len(after)]
    if same and fact in (same[0], veiled(same[0])):
        return replica
    if same and same[0] != veiled(fact):
        return Contradiction(fact.number, "another fact under this number")
    for early, late in ((before[-1:], [fact]), ([fact], after[:1])):
        if early and late and not _may_follow(early[0], late[0]):
            return Contradiction(fact.number, "a term that goes back, or has two accountable organisations")
    return Replica(replica.home, (*before, fact, *after))


def veiled(fact: HandoverFact) -> HandoverFact:
    """Return a fact for who may know that it happened and not what was handed over."""
    return fact if fact.content is None else replace(fact, content=None)


def _may_follow(early: HandoverFact, late: HandoverFact) -> bool:
    if early.term == late.term:
        return early.accountable == late.accountable
    return early.term < late.term
