"""A fact of the record as JSON, and back: what both organisations and the hub keep."""

from dataclasses import MISSING, fields
from datetime import datetime

import orjson
from pydantic import TypeAdapter, ValidationError

from cloud_bridge.contract.errors import ContractError
from cloud_bridge.contract.handover_content import ALERTS_MAX, REASON_MAX, ROLE_MAX, Content, doubt_of_text
from cloud_bridge.contract.handover_record import HandoverFact, Happened
from cloud_bridge.contract.plain import has_moment, is_plain_name
from cloud_bridge.contract.responsibility import is_organisation
from cloud_bridge.contract.topics import is_home_id

HANDOVER_BYTES_MAX = 400_000
"""The largest fact that can be made is smaller: each of its parts has a bound."""

NUMBER_MAX = 2**31 - 1

_FACT: TypeAdapter[HandoverFact] = TypeAdapter(HandoverFact)
_UNSAID = {field.name: field.default for field in fields(HandoverFact) if field.default is not MISSING}


def handover_body(fact: HandoverFact) -> bytes:
    """Return a fact as JSON; no word where there is nothing to say."""
    told = {field.name: getattr(fact, field.name) for field in fields(fact)}
    words = {name: word for name, word in told.items() if name not in _UNSAID or word != _UNSAID[name]}
    return orjson.dumps(words, default=_plain)


def handover_from(body: bytes) -> HandoverFact:
    """Return the fact in this body; raise ContractError with a reason otherwise."""
    if len(body) > HANDOVER_BYTES_MAX:
        raise ContractError(f"no hand-over: {len(body)} bytes", body[:1000])
    try:
        fact = _FACT.validate_json(body)
    except ValidationError as error:
        raise ContractError(f"no hand-over: {error}", body) from error
    if doubt := _doubt(fact):
        raise ContractError(f"no hand-over: {doubt}", body)
    return fact


def _plain(content: object) -> object:
    if isinstance(content, Content):
        return content.model_dump(mode="json")
    raise TypeError(f"no word of a fact: {type(content)}")


def _doubt(fact: HandoverFact) -> str | None:
    moments = (fact.at, fact.until)
    names = (fact.what, fact.command or "none", fact.offer or "none", *fact.kept)
    if not is_home_id(fact.home):
        return "not a home"
    if not all(map(is_organisation, (fact.accountable, fact.by or "none", fact.organisation or "none"))):
        return "not an organisation"
    if not (1 <= fact.term <= fact.number <= NUMBER_MAX):
        return f"term {fact.term} can't be that of fact {fact.number}"
    if not all(map(is_plain_name, names)) or len(fact.kept) > ALERTS_MAX:
        return "names that are none, or too many"
    if not all(has_moment(each) for each in moments if isinstance(each, datetime)):
        return "a time without a zone, or that no calendar has"
    return _doubt_of_words(fact)


def _doubt_of_words(fact: HandoverFact) -> str | None:
    if len(fact.reason) > REASON_MAX or len(fact.role) > ROLE_MAX:
        return "words that are too long"
    if fact.what in (Happened.OFFERED, Happened.ACCEPTED) and not (fact.offer and fact.organisation):
        return "an offer without a name or a receiver"
    if fact.what == Happened.OFFERED and fact.until is None:
        return "an offer without an end"
    return doubt_of_text(fact.reason) or doubt_of_text(fact.role)
