"""What a patient, or who helps, answers: one question, one number, coded like a reading."""

from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from hashlib import blake2b
from types import MappingProxyType
from typing import Literal

import orjson
from pydantic import TypeAdapter, ValidationError

from cloud_bridge.contract.errors import ContractError
from cloud_bridge.contract.plain import doubt_of, is_plain_name

Teller = Literal["patient", "helper"]

DAILY = "daily"
"""The name of the form that the plan asks for each day."""


class Question(StrEnum):
    """What can be asked. A word of a newer hub, or a plan's own, is kept as it is and not judged."""

    BREATHLESSNESS = "breathlessness"
    SPUTUM_VOLUME = "sputum_volume"
    SPUTUM_COLOUR = "sputum_colour"
    COUGH = "cough"
    DYSPNOEA_VAS = "dyspnoea_vas"
    RESPIRATORY_RATE = "respiratory_rate"
    OXYGEN_L_MIN = "oxygen_l_min"
    """0 is on air."""
    OEDEMA = "oedema"
    ORTHOPNOEA = "orthopnoea"
    CONFUSED = "confused"
    CANNOT_SPEAK = "cannot_speak"
    CHEST_PAIN = "chest_pain"
    BLUE_LIPS = "blue_lips"
    MEDICATION_STARTED = "medication_started"
    """Antibiotics or steroids for a worsening."""


_CHANGE = MappingProxyType({"better": -1.0, "usual": 0.0, "worse": 1.0})
_YES = MappingProxyType({"no": 0.0, "yes": 1.0})
_CHANGES = (Question.BREATHLESSNESS, Question.SPUTUM_VOLUME, Question.SPUTUM_COLOUR, Question.COUGH)

SCALES: dict[Question, tuple[float, float]] = {
    **dict.fromkeys(Question, (0.0, 1.0)),
    **dict.fromkeys(_CHANGES, (-1.0, 1.0)),
    Question.DYSPNOEA_VAS: (0.0, 10.0),
    Question.RESPIRATORY_RATE: (3.0, 80.0),
    Question.OXYGEN_L_MIN: (0.0, 15.0),
}
"""From the least to the most that can be answered."""

KNOWN = frozenset(each.value for each in Question)

_NUMBERS = frozenset({Question.DYSPNOEA_VAS, Question.RESPIRATORY_RATE, Question.OXYGEN_L_MIN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answered question. `question` is a Question, or a word that we do not know yet."""

    id: str
    question: str
    value: float
    answered_at: datetime
    """When, with the home's own offset: its date is the patient's date."""
    received_at: datetime
    form: str = DAILY
    teller: Teller = "patient"


def answer_id(question: str, value: float, answered_at: datetime, form: str = DAILY) -> str:
    """Return the identity of an answer: who sends a form twice has answered once."""
    words = f"{form}|{question}|{float(value)!r}|{answered_at.replace(microsecond=0).timestamp():.0f}"
    return blake2b(words.encode(), digest_size=12).hexdigest()


def words_of(question: str) -> dict[str, float]:
    """Return the words in which a question can be answered; none where it takes a number.

    >>> words_of("cough"), words_of("oxygen_l_min")
    ({'better': -1.0, 'usual': 0.0, 'worse': 1.0}, {})
    """
    if question not in KNOWN or question in _NUMBERS:
        return {}
    return dict(_CHANGE if question in _CHANGES else _YES)


def is_bad(answer: Answer) -> bool:
    """Tell whether an answer says that something is worse than usual, or wrong; a number says neither."""
    return answer.question in KNOWN and answer.question not in _NUMBERS and answer.value > 0


def value_of(question: str, said: object) -> float:
    """Return what was said as a number; raise ValueError with what can be said instead.

    >>> value_of("cough", "worse"), value_of("blue_lips", True), value_of("dyspnoea_vas", 6)
    (1.0, 1.0, 6.0)
    """
    words = words_of(question)
    if isinstance(said, str) and said in words:
        return words[said]
    if isinstance(said, bool) and "yes" in words:
        return float(said)
    if isinstance(said, bool) or not isinstance(said, int | float):
        raise ValueError(f"{question} can't be answered with {str(said)[:40]!r}; write {_sayable(question)}")
    if doubt := _doubt(question, float(said)):
        raise ValueError(doubt)
    return float(said)


def _sayable(question: str) -> str:
    least, most = SCALES[Question(question)] if question in KNOWN else (-1e6, 1e6)
    return " or ".join(words_of(question)) or f"a number from {least:g} to {most:g}"


def _doubt(question: str, value: float) -> str | None:
    if question not in KNOWN:
        return None
    least, most = SCALES[Question(question)]
    if least <= value <= most:
        return None
    return f"{question} can't be answered with {value:g}; write {_sayable(question)}"


_ANSWER: TypeAdapter[Answer] = TypeAdapter(Answer)


def answer_body(answer: Answer) -> bytes:
    """Return an answer as JSON, with its word beside the number where it has one."""
    told = {field.name: getattr(answer, field.name) for field in fields(answer)}
    word = next((word for word, value in words_of(answer.question).items() if value == answer.value), None)
    return orjson.dumps(told if word is None else {**told, "word": word})


def answer_from(body: bytes) -> Answer:
    """Return the answer in this body; raise ContractError with a reason otherwise."""
    try:
        answer = _ANSWER.validate_json(body)
    except ValidationError as error:
        raise ContractError(f"no answer: {error}", body) from error
    doubt = doubt_of(answer.id, (answer.answered_at, answer.received_at), (answer.value,))
    if doubt is None and not (is_plain_name(answer.question) and is_plain_name(answer.form)):
        doubt = "a question or a form without a name"
    if doubt := doubt or _doubt(answer.question, answer.value):
        raise ContractError(f"no answer: {doubt}", body)
    return answer
