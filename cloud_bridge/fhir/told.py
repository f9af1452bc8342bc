"""One answered question as an Observation: an answer is an entry of its own, no form waits for its rest."""

from cloud_bridge.contract.answers import Answer, Question, words_of
from cloud_bridge.fhir.codes import RATE_CODES
from cloud_bridge.fhir.naming import (
    CATEGORIES,
    LOCAL,
    VKP,
    About,
    Resource,
    coded,
    concept,
    id_of,
    instant,
    meta,
    organisation,
    patient,
    quantity,
)

_UNITS = {Question.RESPIRATORY_RATE: "/min", Question.OXYGEN_L_MIN: "L/min", Question.DYSPNOEA_VAS: "{score}"}


def answered(answer: Answer, about: About) -> Resource:
    """Return the Observation of one answer; a respiratory rate is also one of VKP's vital signs."""
    is_rate = answer.question == Question.RESPIRATORY_RATE
    return {
        "resourceType": "Observation",
        "id": id_of(about.home, "answer", answer.id),
        "meta": meta(about, *((f"{VKP}-Resprate",) if is_rate else ())),
        "identifier": [{"system": f"{LOCAL}/answer", "value": id_of(about.home, "answer", answer.id)}],
        "status": "final",
        "category": [concept(coded(CATEGORIES, "vital-signs" if is_rate else "survey"))],
        "code": _code(answer),
        "subject": patient(about),
        "effectiveDateTime": instant(answer.answered_at),
        "issued": instant(answer.received_at),
        "performer": [organisation(about.organisation)],
        **_value(answer),
        "method": concept(coded(LOCAL, f"told-by-{answer.teller}")),
    }


def _code(answer: Answer) -> Resource:
    ours = coded(LOCAL, f"question-{answer.question}")
    if answer.question != Question.RESPIRATORY_RATE:
        return concept(ours)
    return concept(*RATE_CODES, ours)


def _value(answer: Answer) -> Resource:
    word = next((word for word, value in words_of(answer.question).items() if value == answer.value), None)
    if word is not None:
        return {"valueCodeableConcept": concept(coded(LOCAL, f"answer-{word}"), text=word)}
    unit = next((unit for question, unit in _UNITS.items() if question == answer.question), "1")
    return {"valueQuantity": quantity(answer.value, unit)}
