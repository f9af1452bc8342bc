"""What the patient is asked on the page, and what was meant by what came back."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from urllib.parse import parse_qsl

from cloud_bridge.contract.answers import DAILY, SCALES, Answer, Question, answer_id, value_of, words_of
from cloud_bridge.contract.contradictions import RED_FLAGS
from cloud_bridge.contract.plan import Plan
from cloud_bridge.look.words import FIRST_LANGUAGE

BYTES_MAX = 10_000
FIELDS_MAX = 60


@dataclass(frozen=True, slots=True)
class Asked:
    """One question of the form: in words to choose from, or as a number between two."""

    question: Question
    text: Mapping[str, str]
    words: tuple[str, ...]
    least: float
    most: float

    def said(self, language: str, otherwise: str) -> str:
        """Return the question as the plan words it, in this language or the first one."""
        return self.text.get(language) or self.text.get(FIRST_LANGUAGE) or otherwise


@dataclass(frozen=True, slots=True)
class Form:
    """What is asked: the plan's questions, and signs of danger where the plan has rules about them."""

    questions: tuple[Asked, ...]
    dangers: tuple[Question, ...]


def form_of(plan: Plan) -> Form | None:
    """Return the form of this plan; None where it asks nothing. No plan with rules can leave danger out."""
    told = {each.question: each.text for each in plan.questions}
    dangers = RED_FLAGS if plan.rules is not None else tuple(flag for flag in RED_FLAGS if flag in told)
    questions = tuple(_asked(name, text) for name, text in told.items() if name not in dangers)
    return Form(questions, tuple(dangers)) if questions or dangers else None


def answers_in(form: Form, body: bytes, at: datetime) -> list[Answer]:
    """Return what was answered at this moment; raise ValueError for what no such form says.

    A question that was left open is no answer. A sign of danger that was not ticked is a no, once
    anything was sent: that is what its heading asks.
    """
    fields = dict(parse_qsl(body.decode(), max_num_fields=FIELDS_MAX))
    helper: Literal["patient", "helper"] = "helper" if fields.pop("teller", "") == "helper" else "patient"
    said = {each.question: _value(each, fields.pop(each.question, "")) for each in form.questions}
    values = {question: value for question, value in said.items() if value is not None}
    ticked = {question: float(fields.pop(question, "") == "yes") for question in form.dangers}
    if fields:
        raise ValueError(f"nobody asked {sorted(fields)[0][:40]!r}")
    return _answers(values | ticked, at, helper)


def _answers(
    values: Mapping[Question, float], at: datetime, teller: Literal["patient", "helper"]
) -> list[Answer]:
    return [
        Answer(
            id=answer_id(question, value, at, DAILY),
            question=question.value,
            value=value,
            answered_at=at,
            received_at=at,
            teller=teller,
        )
        for question, value in values.items()
    ]


def _asked(question: Question, text: Mapping[str, str]) -> Asked:
    least, most = SCALES[question]
    return Asked(question, text, tuple(words_of(question)), least, most)


def _value(asked: Asked, said: str) -> float | None:
    if not said.strip():
        return None
    if asked.words:
        return value_of(asked.question, said)
    return value_of(asked.question, float(said.replace(",", ".")))


def danger_in(answers: Iterable[Answer]) -> bool:
    """Tell whether a sign of danger was answered with yes."""
    return any(answer.question in RED_FLAGS and answer.value > 0 for answer in answers)
