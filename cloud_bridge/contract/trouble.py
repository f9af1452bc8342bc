"""A technical alert: something between device and ward that must work does not, and somebody must be told."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from cloud_bridge.contract.errors import ContractError
from cloud_bridge.contract.plain import doubt_of, is_plain_name

DETAIL_LENGTH_MAX = 300


class TroubleKind(StrEnum):
    """What does not work. An older ward shows words that it has never heard as they are."""

    BATCH_REFUSED = "batch_refused"
    """The ward could not read what we sent, and has put it aside."""
    CERTIFICATE_ENDS = "certificate_ends"
    """What proves who we are is soon, or already, no longer valid."""
    CLOCK_UNKNOWN = "clock_unknown"
    """The hub does not know what time it is; silence can't be judged meanwhile."""
    DISK_FULL = "disk_full"
    """Too little room: what devices keep is left with them until there is more."""
    DISK_BROKEN = "disk_broken"
    """The disk no longer takes what must be kept."""
    LOG_REPLACED = "log_replaced"
    """The log could not be used as it lay there: it was put aside, and what could be read carried over."""
    PLAN_REFUSED = "plan_refused"
    RESPONSIBILITY_REFUSED = "responsibility_refused"
    """The plan that was handed in is older, or contradicts itself: the one before it stays in force."""
    PUBLISH_DENIED = "publish_denied"
    """The broker forbids us to deliver."""
    RADIO_AWAY = "radio_away"
    """No device can be heard."""

    # What only the ward can find: the home itself can't say it, or doesn't know.
    ENTRIES_MISSING = "entries_missing"
    """There is a gap in a home's numbers, and nothing comes that would fill it."""
    HOME_OFFLINE = "home_offline"
    """The hub has been away from the broker for longer than a restart or a storm takes."""
    HOME_QUIET = "home_quiet"
    """The hub is there, and yet nothing has come for longer than the plan allows."""
    MEASUREMENT_MISSING = "measurement_missing"
    """The plan asks for a measurement that has not come here, and the hub has said nothing of it."""
    NUMBERS_BACKWARDS = "numbers_backwards"
    """The hub counts from further back than it once did: an old copy of its log is at work."""
    TWO_HUBS = "two_hubs"
    """Two hubs take turns under one identity."""


FOUND_BY_WARD = frozenset(
    {
        TroubleKind.ENTRIES_MISSING,
        TroubleKind.HOME_OFFLINE,
        TroubleKind.HOME_QUIET,
        TroubleKind.MEASUREMENT_MISSING,
        TroubleKind.NUMBERS_BACKWARDS,
        TroubleKind.TWO_HUBS,
    }
)


@dataclass(frozen=True, slots=True)
class Trouble:
    """One change of one trouble: `id` is the same when it opens and when it closes.

    `about` tells two of one kind apart (a device's address, a file's name), `detail` says what a
    technician must know. Neither ever says whose home it is.
    """

    id: str
    what: str
    change: Literal["opened", "closed"]
    at: datetime
    about: str = ""
    detail: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """What it is one of: of each key at most one is open."""
        return self.what, self.about


TROUBLES: TypeAdapter[tuple[Trouble, ...]] = TypeAdapter(tuple[Trouble, ...])
_TROUBLE: TypeAdapter[Trouble] = TypeAdapter(Trouble)


def trouble_body(trouble: Trouble) -> bytes:
    """Return a trouble as JSON."""
    return _TROUBLE.dump_json(trouble)


def trouble_from(body: bytes) -> Trouble:
    """Return the trouble in this body; raise ContractError with a reason otherwise."""
    try:
        trouble = _TROUBLE.validate_json(body)
    except ValidationError as error:
        raise ContractError(f"no trouble: {error}", body) from error
    if doubt := doubt_of(trouble.id, (trouble.at,)):
        raise ContractError(f"no trouble: {doubt}", body)
    if not is_plain_name(trouble.what):
        raise ContractError(f"no trouble: it has no name: {trouble.what[:100]!r}", body)
    return trouble
