"""What was kept and not judged, and why: a refusal as a value that both ends can show."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

import orjson
from pydantic import TypeAdapter, ValidationError

from cloud_bridge.contract.errors import ContractError
from cloud_bridge.contract.plain import doubt_of, is_plain_name

OfReading = Literal[
    "stale", "too old", "undated", "ahead of time", "older than what was judged", "implausible",
    "poor quality", "poor signal", "low perfusion", "two devices disagree on the pulse",
    "another person on the scale?", "grade too low", "no grade", "clock unknown",
    "told before in this episode",
]  # fmt: skip
"""What one reading or answer is refused for."""

OfDay = Literal["no baseline", "no usual value", "on air"]
"""What a rule lacks, whatever is measured: it is said once a day."""

Elsewhere = Literal["of another series", "no saturation", "by day"]
"""No refusal: a rule about single values does not hear of nights, and a clinic's are compared with others."""

Reason = OfReading | OfDay | Elsewhere

OF_DAY: frozenset[str] = frozenset(get_args(OfDay))
ELSEWHERE: frozenset[str] = frozenset(get_args(Elsewhere))
REASONS: tuple[str, ...] = (*get_args(OfReading), *get_args(OfDay))
"""What can be shown."""

TOLD_BEFORE = "told before in this episode"
"""It was judged, and somebody knows already: a reason for who follows, and nothing for the patient."""

WORDS_MAX = 50
"""So many rules refuse one event at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unjudged:
    """One reading or answer that some rules did not judge.

    `about` is its id and `what` its kind or question; `why` has a reason for each rule. A reason that we
    do not know yet is kept as it is.
    """

    id: str
    about: str
    what: str
    at: datetime
    """When it was measured or answered."""
    why: dict[str, str]
    plan_version: int


def unjudged_body(unjudged: Unjudged) -> bytes:
    """Return it as JSON."""
    return orjson.dumps(unjudged)


def unjudged_from(body: bytes) -> Unjudged:
    """Return what this body says was not judged; raise ContractError with a reason otherwise."""
    try:
        told = _UNJUDGED.validate_json(body)
    except ValidationError as error:
        raise ContractError(f"nothing unjudged: {error}", body) from error
    doubt = doubt_of(told.id, (told.at,))
    if doubt is None and not (told.why and is_plain_name(told.what) and is_plain_name(told.about)):
        doubt = "a reason, or what it is about, is missing"
    if doubt is None and (len(told.why) > WORDS_MAX or max(map(len, told.why.values())) > 100):
        doubt = "more words than any judge says"
    if doubt:
        raise ContractError(f"nothing unjudged: {doubt}", body)
    return told


_UNJUDGED: TypeAdapter[Unjudged] = TypeAdapter(Unjudged)
