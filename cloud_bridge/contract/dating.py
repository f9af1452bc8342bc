"""Dating afterwards: what a hub says once it knows the time again, and what its older entries make of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import isfinite

from pydantic import TypeAdapter, ValidationError

from cloud_bridge.contract.entries import BOOT_MAX, SEQ_MAX, TRUSTS, UPTIME_S_MAX, Clock, Entry, Trust
from cloud_bridge.contract.errors import ContractError
from cloud_bridge.contract.plain import has_moment

Told = tuple[int, "ClockFound"]
"""A word about the clock, with the number under which it stands in the log."""


@dataclass(frozen=True, slots=True)
class ClockFound:
    """The time became known: `uptime_s` after the start of this boot it was `at`.

    It dates the entries of the same boot before it whose clock was trusted less, back to number
    `first`. `offset_s` is by how much the hub's own time moved in that moment.
    """

    boot: int
    first: int
    uptime_s: float
    at: datetime
    trust: Trust
    offset_s: float

    def instant(self, uptime_s: float) -> datetime:
        """Return when it was so long after the start of this boot; raise OverflowError beyond calendars."""
        return self.at + timedelta(seconds=uptime_s - self.uptime_s)


_FOUND: TypeAdapter[ClockFound] = TypeAdapter(ClockFound)


def found_body(found: ClockFound) -> bytes:
    """Return it as JSON."""
    return _FOUND.dump_json(found)


def found_from(body: bytes) -> ClockFound:
    """Return what this body says of the clock; raise ContractError with a reason otherwise."""
    try:
        found = _FOUND.validate_json(body)
    except ValidationError as error:
        raise ContractError(f"no word about the clock: {error}", body) from error
    if not (1 <= found.boot <= BOOT_MAX and 1 <= found.first <= SEQ_MAX):
        raise ContractError("no word about the clock: no such boot, or no such entry", body)
    if not (0 <= found.uptime_s <= UPTIME_S_MAX and isfinite(found.offset_s)):
        raise ContractError("no word about the clock: nothing runs so long", body)
    if not has_moment(found.at) or rank(found.trust) == 0:
        raise ContractError("no word about the clock: no time that is known", body)
    return found


def rank(trust: Trust) -> int:
    """Return how far a clock is trusted, more is more.

    >>> [rank(trust) for trust in ("unknown", "kept", "synced")]
    [0, 1, 2]
    """
    return len(TRUSTS) - 1 - TRUSTS.index(trust)


def shift_of(seq: int, at: datetime, clock: Clock | None, told: Iterable[Told]) -> timedelta | None:
    """Return by how much the hub's time in this entry was wrong, or None where nobody can tell.

    Of several words the most trusted counts, and of those the first behind the entry: so it does not
    matter in which order they arrive.
    """
    if clock is None:
        return None
    fit = [
        (rank(found.trust), -number, found)
        for number, found in told
        if found.boot == clock.boot and found.first <= seq < number and rank(found.trust) > rank(clock.trust)
    ]
    if not fit:
        return None
    best = max(fit, key=lambda one: one[:2])[2]
    try:
        return best.instant(clock.uptime_s).astimezone(UTC) - at.astimezone(UTC)
    except OverflowError:
        return None


def shift_of_entry(entry: Entry, told: Iterable[Told]) -> timedelta | None:
    """Return by how much the hub's time in this entry was wrong, or None where nobody can tell."""
    return shift_of(entry.seq, entry.at, entry.clock, told)


def moved(at: datetime, shift: timedelta) -> datetime:
    """Return the moment dated afterwards; the same one where no calendar reaches so far.

    >>> moved(datetime(1970, 1, 1, 0, 5, tzinfo=UTC), timedelta(days=1)).isoformat()
    '1970-01-02T00:05:00+00:00'
    """
    try:
        return at.astimezone(UTC) + shift
    except OverflowError:
        return at
