"""What a home is told of its responsibility: which one organisation is accountable now, and since when."""

from dataclasses import dataclass
from datetime import datetime

import orjson
from pydantic import TypeAdapter, ValidationError

from cloud_bridge.contract.errors import ContractError
from cloud_bridge.contract.handover_content import doubt_of_text
from cloud_bridge.contract.plain import has_moment
from cloud_bridge.contract.responsibility import is_organisation

NAME_MAX = 100
NUMBER_MAX = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Accountable:
    """The accountable organisation after the fact `number` of the home's record.

    `name` is what people read; `term` counts how often it was decided, and `since` is when last.
    """

    number: int
    term: int
    organisation: str
    name: str
    since: datetime


@dataclass(frozen=True, slots=True)
class AccountableRefusal:
    """Why a home does not learn it; `is_old` where it knows as much already."""

    reason: str
    is_old: bool = False


_ACCOUNTABLE: TypeAdapter[Accountable] = TypeAdapter(Accountable)


def refusal_of_accountable(new: Accountable, known: Accountable | None) -> AccountableRefusal | None:
    """Return why a home that knows this much does not learn that, or None.

    The order is that of the record's numbers: what comes late or twice changes nothing, and two
    accountable organisations in one term can't both be true.
    """
    if known is None:
        return None
    if new.term == known.term and new.organisation != known.organisation:
        return AccountableRefusal(f"two organisations are said to be accountable in term {new.term}")
    if new.number <= known.number:
        return AccountableRefusal(f"fact {known.number} is known already", is_old=True)
    if new.term < known.term:
        return AccountableRefusal(f"term {new.term} behind term {known.term}")
    return None


def accountable_body(accountable: Accountable) -> bytes:
    """Return it as JSON."""
    return orjson.dumps(accountable)


def accountable_from(body: bytes) -> Accountable:
    """Return what this body says; raise ContractError with a reason otherwise."""
    try:
        accountable = _ACCOUNTABLE.validate_json(body)
    except ValidationError as error:
        raise ContractError(f"nobody accountable: {error}", body) from error
    if doubt := _doubt(accountable):
        raise ContractError(f"nobody accountable: {doubt}", body)
    return accountable


def _doubt(accountable: Accountable) -> str | None:
    if not is_organisation(accountable.organisation):
        return "not an organisation"
    if not 1 <= accountable.term <= accountable.number <= NUMBER_MAX:
        return f"term {accountable.term} can't be that of fact {accountable.number}"
    if not 0 < len(accountable.name) <= NAME_MAX:
        return "a name that is missing or too long"
    if not has_moment(accountable.since):
        return "a time without a zone, or that no calendar has"
    return doubt_of_text(accountable.name)
