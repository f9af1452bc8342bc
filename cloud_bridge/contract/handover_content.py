"""What an offer carries: all that the receiver must know to decide, and nothing of who the patient is."""

import re
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from cloud_bridge.contract.baseline import BaselineEpoch, Name
from cloud_bridge.contract.care import LINES_MAX, Contact
from cloud_bridge.contract.errors import ContractError
from cloud_bridge.contract.plain import has_moment
from cloud_bridge.contract.responsibility import is_organisation

ALERTS_MAX = 100
CHECKS_MAX, CHECK_LENGTH_MAX = 60, 200
REASON_MAX, ROLE_MAX, SUMMARY_MAX = 500, 100, 4000

# A reader passes over what a newer ward says besides: a fact that can't be read would be a gap in the record.
_FROZEN = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")
_IDENTITY_NUMBER = re.compile(r"(?<!\d)\d{6}[ -]?\d{5}(?!\d)")


def doubt_of_text(text: str) -> str | None:
    """Return why these words may not travel, or None.

    >>> doubt_of_text("Exacerbation, better since Monday") is None
    True
    >>> doubt_of_text("born as 010190 12345")
    'eleven digits, which may be a national identity number'
    """
    if _CONTROL.search(text):
        return "a control character"
    if _IDENTITY_NUMBER.search(text):
        return "eleven digits, which may be a national identity number"
    return None


def _sayable(text: str) -> str:
    if doubt := doubt_of_text(text):
        raise ValueError(f"write it without {doubt}")
    return text


def _organisation(text: str) -> str:
    if not is_organisation(text):
        raise ValueError("write an organisation's id: small letters, digits and hyphens")
    return text


OrganisationId = Annotated[str, AfterValidator(_organisation)]
Words = Annotated[str, AfterValidator(_sayable)]


class HandedAlert(BaseModel):
    """What becomes of an open alert: it moves, or the giver keeps or closes it and says why."""

    model_config = _FROZEN

    id: Name
    goes: Literal["moves", "kept", "closed"]
    reason: Words = Field(default="", max_length=300)

    @model_validator(mode="after")
    def _reason_where_it_stays(self) -> Self:
        if self.goes != "moves" and not self.reason.strip():
            raise ValueError("write why this alert does not move")
        return self


class HandedDevice(BaseModel):
    """One device, whose it is, and what becomes of it."""

    model_config = _FROZEN

    device: Name
    driver: Name
    owner: OrganisationId
    goes: Literal["given_back", "stays", "comes"]
    """`comes` is one that the receiver brings."""


class Check(BaseModel):
    """One line of the discharge list, done or not, and by whom: a role and no person."""

    model_config = _FROZEN

    what: Words = Field(min_length=1, max_length=CHECK_LENGTH_MAX)
    is_done: bool
    by_role: Words = Field(default="", max_length=ROLE_MAX)


class HandedContact(Contact):
    """Whom to call, as in the plan."""

    model_config = _FROZEN


class Content(BaseModel):
    """What the giver hands over. Every part has a bound, so that the fact of it can always be carried."""

    model_config = _FROZEN

    plan_version: int = Field(ge=1, le=2**31 - 1)
    why_now: Words = Field(min_length=1, max_length=REASON_MAX)
    summary: Words = Field(default="", max_length=SUMMARY_MAX)
    epochs: tuple[BaselineEpoch, ...] = Field(default=(), max_length=LINES_MAX)
    alerts: tuple[HandedAlert, ...] = Field(default=(), max_length=ALERTS_MAX)
    devices: tuple[HandedDevice, ...] = Field(default=(), max_length=LINES_MAX)
    contacts: tuple[HandedContact, ...] = Field(default=(), max_length=LINES_MAX)
    checklist: tuple[Check, ...] = Field(default=(), max_length=CHECKS_MAX)
    giver_sees_until: AwareDatetime | None = None
    """Until when the giver may still see after an acceptance; None is without an end."""

    def driver_of(self, device: str) -> str:
        """Return what kind of device an address is, as far as it is handed over; else the address."""
        return next((each.driver for each in self.devices if each.device == device), device)

    @property
    def kept(self) -> tuple[str, ...]:
        """The alerts that stay with the giver."""
        return tuple(alert.id for alert in self.alerts if alert.goes == "kept")

    @property
    def named(self) -> frozenset[str]:
        """The alerts of which it is said what becomes of them."""
        return frozenset(alert.id for alert in self.alerts)

    @model_validator(mode="after")
    def _once_each(self) -> Self:
        if len(self.named) < len(self.alerts):
            raise ValueError("say once what becomes of an alert")
        if len({each.device for each in self.devices}) < len(self.devices):
            raise ValueError("say once what becomes of a device")
        return self

    @model_validator(mode="after")
    def _keeper_can_see(self) -> Self:
        if self.giver_sees_until is not None and not has_moment(self.giver_sees_until):
            raise ValueError("write a giver_sees_until that stands in the calendar")
        if self.kept and self.giver_sees_until is not None:
            raise ValueError("who keeps an alert must be able to see it; remove giver_sees_until")
        return self


def content_body(content: Content) -> bytes:
    """Return what an offer carries as JSON."""
    return content.model_dump_json().encode()


def content_from(body: bytes) -> Content:
    """Return what this body says that an offer carries; raise ContractError with a reason otherwise."""
    try:
        return Content.model_validate_json(body)
    except ValidationError as error:
        raise ContractError(f"no hand-over: {error}", body) from error
