"""Which refusals are worth an entry: each event's own, and once a day what a rule lacks for all of them."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime

from cloud_bridge.contract.answers import Answer
from cloud_bridge.contract.entries import EntryKind
from cloud_bridge.contract.unjudged import ELSEWHERE, OF_DAY, Reason, Unjudged, unjudged_body
from devices.readings import Reading
from gateway.store.log import Fact

ToldBefore = Callable[[Iterable[str]], frozenset[str]]


class Refusals:
    """Makes entries of what the judge refused, and remembers what the day has been told already."""

    def __init__(self, told_before: ToldBefore) -> None:
        self._told_before = told_before
        self._today: tuple[date, set[str]] = (date.min, set())

    def facts(
        self, event: Reading | Answer, refusals: Iterable[tuple[str, Reason]], plan_version: int
    ) -> tuple[Fact, ...]:
        """Return what the log is to keep of these refusals; most events have none."""
        own, lacking = dict[str, str](), dict[str, str]()
        for rule, reason in refusals:
            if reason in OF_DAY:
                lacking[rule] = reason
            elif reason not in ELSEWHERE:
                own[rule] = reason
        facts = list(self._of_day(event, lacking, plan_version))
        if own:
            facts.append(_fact(f"unjudged:{event.id}", event, own, plan_version))
        return tuple(facts)

    def _of_day(self, event: Reading | Answer, lacking: dict[str, str], version: int) -> Iterator[Fact]:
        day = event.received_at.date()
        if day != self._today[0]:
            self._today = (day, set())
        known = self._today[1]
        for rule, reason in lacking.items():
            id_ = f"unjudged:{day}:{rule}:{reason.replace(' ', '-')}"
            if id_ in known:
                continue
            if self._told_before([id_]):  # only then: what was handed in and not kept must be told again
                known.add(id_)
                continue
            yield _fact(id_, event, {rule: reason}, version)


def _fact(id_: str, event: Reading | Answer, why: dict[str, str], plan_version: int) -> Fact:
    what, at = _of(event)
    told = Unjudged(id=id_, about=event.id, what=what, at=at, why=why, plan_version=plan_version)
    return Fact(EntryKind.NOT_JUDGED, unjudged_body(told), id=id_)


def _of(event: Reading | Answer) -> tuple[str, datetime]:
    if isinstance(event, Reading):
        return event.kind.value, event.measured_at
    return event.question, event.answered_at


def once(facts: list[Fact]) -> list[Fact]:
    """Return each fact once: two readings of one visit may say that a rule lacks the same."""
    known, kept = set[str](), list[Fact]()
    for fact in facts:
        if fact.id is None or fact.id not in known:
            kept.append(fact)
        known |= {fact.id} if fact.id else set()
    return kept
