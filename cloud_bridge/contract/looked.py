"""What a home is told of who has looked at its patient: organisation, role and time, and no person."""

from dataclasses import dataclass
from datetime import datetime

import orjson
from pydantic import TypeAdapter, ValidationError

from cloud_bridge.contract.errors import ContractError
from cloud_bridge.contract.handover_content import doubt_of_text
from cloud_bridge.contract.plain import has_moment, is_plain_name

LOOKS_MAX = 50
LOOKED_BYTES_MAX = 50_000
NAME_MAX = 100


@dataclass(frozen=True, slots=True)
class ReadLook:
    """One look as the patient reads it: the organisation's name, in which role, when."""

    organisation: str
    role: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Looked:
    """The newest looks, newest first, as they stood at the ward at this moment."""

    at: datetime
    looks: tuple[ReadLook, ...] = ()


_LOOKED: TypeAdapter[Looked] = TypeAdapter(Looked)


def looked_body(looked: Looked) -> bytes:
    """Return it as JSON."""
    return orjson.dumps(looked)


def looked_from(body: bytes) -> Looked:
    """Return what this body says; raise ContractError with a reason otherwise."""
    if len(body) > LOOKED_BYTES_MAX:
        raise ContractError(f"no looks: {len(body)} bytes", body[:1000])
    try:
        looked = _LOOKED.validate_json(body)
    except ValidationError as error:
        raise ContractError(f"no looks: {error}", body) from error
    if doubt := _doubt(looked):
        raise ContractError(f"no looks: {doubt}", body)
    return looked


def _doubt(looked: Looked) -> str | None:
    if len(looked.looks) > LOOKS_MAX:
        return f"{len(looked.looks)} of them"
    for look in looked.looks:
        if not 0 < len(look.organisation) <= NAME_MAX or not is_plain_name(look.role):
            return "an organisation or a role that can't be read"
        if doubt := doubt_of_text(look.organisation):
            return doubt
    moments = (looked.at, *(look.at for look in looked.looks))
    return None if all(map(has_moment, moments)) else "a time without a zone, or that no calendar has"
