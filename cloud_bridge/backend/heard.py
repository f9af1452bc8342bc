"""What a home told besides readings and alerts, as values."""

from dataclasses import dataclass
from datetime import date, tzinfo
from itertools import groupby

from cloud_bridge.contract.answers import Answer
from cloud_bridge.contract.baseline import BaselineEpoch
from cloud_bridge.contract.nights import Night
from cloud_bridge.contract.unjudged import Unjudged


@dataclass(frozen=True, slots=True)
class Told:
    """The newest of each, newest first; of a night only its last revision."""

    answers: tuple[Answer, ...] = ()
    nights: tuple[Night, ...] = ()
    not_judged: tuple[Unjudged, ...] = ()
    epochs: tuple[BaselineEpoch, ...] = ()

    def days(self, zone: tzinfo) -> tuple["AnsweredDay", ...]:
        """Return the answers by the home's days, newest day first; of each question the last word counts."""
        newest = sorted(self.answers, key=lambda answer: answer.answered_at, reverse=True)
        by_day = groupby(newest, key=lambda answer: answer.answered_at.astimezone(zone).date())
        return tuple(AnsweredDay(on, _once(tuple(answers))) for on, answers in by_day)


@dataclass(frozen=True, slots=True)
class AnsweredDay:
    """What was answered on one day of the home."""

    on: date
    answers: tuple[Answer, ...]


def _once(answers: tuple[Answer, ...]) -> tuple[Answer, ...]:
    """The newest word on each question, in the order in which they are asked."""
    newest = {answer.question: answer for answer in reversed(answers)}
    return tuple(newest.values())
