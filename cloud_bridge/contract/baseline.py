"""How each device stands to what is usual for a person: told by the hub, and handed over with the home."""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from cloud_bridge.contract.care import LINES_MAX
from cloud_bridge.contract.errors import ContractError
from cloud_bridge.contract.plain import is_plain_name

# A reader passes over what a newer hub says besides.
_FROZEN = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


def named(text: str) -> str:
    """Return a name that may travel; raise ValueError for another."""
    if not is_plain_name(text):
        raise ValueError("write one to a hundred plain characters")
    return text


Name = Annotated[str, AfterValidator(named)]


class BaselineEpoch(BaseModel):
    """How one device stands to the baseline of a signal, so that the series goes on with another device.

    `offset` and the root of `variance`, which says how well it is known, are in the unit of the kind.
    """

    model_config = _FROZEN

    kind: Name
    device: Name
    offset: float
    variance: float = Field(ge=0)
    is_settled: bool
    heard_on: date | None = None


class Baselines(BaseModel):
    """All that a hub knows of that at one time; what it told before no longer counts."""

    model_config = _FROZEN

    epochs: tuple[BaselineEpoch, ...] = Field(default=(), max_length=LINES_MAX)


def baselines_body(baselines: Baselines) -> bytes:
    """Return what a hub tells of its baselines as JSON."""
    return baselines.model_dump_json().encode()


def baselines_from(body: bytes) -> Baselines:
    """Return what this body tells; raise ContractError with a reason otherwise."""
    try:
        return Baselines.model_validate_json(body)
    except ValidationError as error:
        raise ContractError(f"no baselines: {error}", body) from error
