"""How one home stands, and what is wrong with that: what the ward finds without being told; pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import TypeAdapter, ValidationError

from cloud_bridge.contract.trouble import TroubleKind

OFFLINE_AFTER = timedelta(minutes=15)
"""A restart, an update or a storm takes less."""

GAP_AFTER = timedelta(minutes=5)
"""A backlog arrives with gaps that fill; one that nothing fills for so long is told."""

QUIET_AFTER_H = 48.0
"""Where no plan says otherwise."""

INSTANCES_MAX = 8
"""So many runs of a hub's program are told apart; an older one that is told again looks new, once."""

LEAST_QUIET = timedelta(hours=1)

DOUBLED_FOR = timedelta(hours=1)
"""So long after the last change of turns two hubs count as at work."""


@dataclass(frozen=True, slots=True)
class Birth:
    """What a hub says of itself when it connects; an older hub says less.

    `instance` is drawn anew at each start of the program, `count` counts its connections.
    """

    log: str
    instance: str = ""
    count: int = 0
    highest: int | None = None
    trouble: str = ""
    plan_version: int | None = None
    """Of the plan in force there."""
    again: int = 0
    """How often it was said before on this connection; entries may have overtaken what is said again."""
    fact: int | None = None
    """The newest fact it knows of who is accountable; None where it is from before there was such a word."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is remembered of a home's births: the newest, and by instance how often each was born."""

    last: Birth | None = None
    counts: tuple[tuple[str, int], ...] = ()
    doubled_at: datetime | None = None
    lost_count: int = 0
    """So many entries the ward has that the hub, when it was born, no longer had."""

    def born(self, birth: Birth, up_to: int, at: datetime) -> "Known":
        """Return what is known after this birth; one that is told again (retained, resent) changes nothing.

        A program that starts anew draws a new instance, so one that comes back after another was
        there is a second hub.
        """
        before = dict(self.counts)
        is_same = self.last is None or birth.instance == self.last.instance
        if self._is_late(birth) or birth.count < before.get(birth.instance, 0) + (not is_same):
            return self
        is_back = not is_same and birth.instance in before
        others = tuple(pair for pair in self.counts if pair[0] != birth.instance)
        return Known(
            birth,
            (*others, (birth.instance, birth.count))[-INSTANCES_MAX:],
            at if is_back else self.doubled_at,
            self.lost_count if birth.again else _lost_count(birth, up_to),
        )

    def _is_late(self, birth: Birth) -> bool:
        last = self.last
        if last is None or birth.instance != last.instance:
            return False
        return (birth.count, birth.again) < (last.count, last.again) or birth == last

    def __bytes__(self) -> bytes:
        return _KNOWN.dump_json(self)

    @classmethod
    def from_text(cls, text: str | None) -> "Known":
        """Decode what was kept; what can't be read is forgotten, for the next birth says it anew."""
        try:
            return _KNOWN.validate_json(text or "{}")
        except ValidationError:
            return cls()


def _lost_count(birth: Birth, up_to: int) -> int:
    return 0 if birth.highest is None else max(0, up_to - birth.highest)


_KNOWN: TypeAdapter[Known] = TypeAdapter(Known)


@dataclass(frozen=True, slots=True)
class Standing:
    """One home now; `last_committed_at` is when its newest entry came here."""

    home: str
    is_online: bool
    state_at: datetime | None
    last_committed_at: datetime | None
    missing_count: int
    known: Known
    quiet_after_h: float | None = QUIET_AFTER_H
    """None where the plan has a schedule: that says what is silence, and what is not."""

    def is_perhaps_quiet(self, now: datetime) -> bool:
        """Tell whether it is worth asking the plan how long nothing may come; it always allows an hour."""
        return self.last_committed_at is not None and now - self.last_committed_at > LEAST_QUIET


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with a home, in figures for a technician."""

    what: str
    detail: str
    about: str = ""
    """What of it, where there may be several: what the plan asks for."""


def findings(standing: Standing, now: datetime) -> Iterator[Finding]:
    """Yield what is wrong now; the same home an hour later may be well again."""
    known, last_at = standing.known, standing.last_committed_at
    if not standing.is_online and standing.state_at and now - standing.state_at >= OFFLINE_AFTER:
        yield Finding(TroubleKind.HOME_OFFLINE, f"since {standing.state_at.isoformat(timespec='seconds')}")
    if (
        standing.is_online
        and last_at
        and standing.quiet_after_h is not None
        and now - last_at >= max(LEAST_QUIET, timedelta(hours=standing.quiet_after_h))
    ):
        yield Finding(TroubleKind.HOME_QUIET, f"since {last_at.isoformat(timespec='seconds')}")
    if standing.missing_count and last_at and now - last_at >= GAP_AFTER:
        yield Finding(TroubleKind.ENTRIES_MISSING, f"{standing.missing_count} entries")
    if known.lost_count:
        yield Finding(TroubleKind.NUMBERS_BACKWARDS, f"{known.lost_count} entries are here and not there")
    if known.doubled_at and now - known.doubled_at < DOUBLED_FOR:
        yield Finding(
            TroubleKind.TWO_HUBS, f"they took turns at {known.doubled_at.isoformat(timespec='seconds')}"
        )
    if standing.is_online and known.last and known.last.trouble:
        yield Finding(known.last.trouble, "said beside the log")
