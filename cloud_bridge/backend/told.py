"""What a home told besides readings and alerts: answers, nights, what was not judged, how devices stand."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date
from typing import TypeVar

from cloud_bridge.backend.database import Transaction
from cloud_bridge.backend.heard import Told
from cloud_bridge.contract.answers import answer_from
from cloud_bridge.contract.baseline import Baselines, baselines_from
from cloud_bridge.contract.entries import EntryKind
from cloud_bridge.contract.errors import ContractError
from cloud_bridge.contract.nights import Night, night_from
from cloud_bridge.contract.unjudged import unjudged_from

T = TypeVar("T")

ANSWERS_MAX, NIGHTS_MAX, NOT_JUDGED_MAX = 300, 28, 20
"""A fortnight of a form of twenty questions; a fortnight of nights with a revision each."""

_TOLD = """
    select body from entry
    where home = :home and kind = '{kind}'
    order by at desc, seq desc limit :count_max
"""
# The kind stands in the words themselves: so SQLite knows that the index of these kinds answers it.
_ANSWERS, _NIGHTS, _NOT_JUDGED = (
    _TOLD.replace("{kind}", kind) for kind in (EntryKind.ANSWER, EntryKind.NIGHT, EntryKind.NOT_JUDGED)
)
_BASELINE = """
    select entry.body from entry join log on log.home = entry.home and log.log = entry.log
    where entry.home = :home and entry.kind = 'baseline'
    order by log.turn desc, entry.seq desc limit :count_max
"""


def told_of(transaction: Transaction, home: str) -> Told:
    """Return what a home told; what can't be read lies in quarantine."""

    def read(sql: str, count_max: int, meaning: Callable[[bytes], T]) -> Iterator[T]:
        for (body,) in transaction.rows(sql, home=home, count_max=count_max):
            with suppress(ContractError):
                yield meaning(body.encode())

    nights: dict[date, Night] = {}
    for night in read(_NIGHTS, NIGHTS_MAX, night_from):
        if night.on not in nights or nights[night.on].revision < night.revision:
            nights[night.on] = night
    # A hub that goes on under a new name tells again what it has written: each is shown once.
    answers = {answer.id: answer for answer in read(_ANSWERS, ANSWERS_MAX, answer_from)}
    not_judged = {each.id: each for each in read(_NOT_JUDGED, NOT_JUDGED_MAX, unjudged_from)}
    last_nights = tuple(nights[on] for on in sorted(nights, reverse=True))
    baselines = next(read(_BASELINE, 1, baselines_from), Baselines())
    return Told(tuple(answers.values()), last_nights, tuple(not_judged.values()), baselines.epochs)
