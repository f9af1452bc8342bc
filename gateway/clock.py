"""The hub's own time, told from what its box shows: believed, carried on, or known to be unknown. Pure."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from cloud_bridge.contract.dating import ClockFound, rank
from cloud_bridge.contract.entries import Clock, Trust
from devices.readings import FIRST_CREDIBLE_YEAR, LAST_CREDIBLE_YEAR

JUMP_S = 60.0
"""A box's clock that differs from its own running by more than this has jumped; by less it was put right."""

BEHIND_S_MAX = 300.0
"""A clock so far behind the newest time in the log went back while nobody looked."""

AHEAD = timedelta(days=366)
"""A clock so far ahead of it was more likely set wrong than left lying: a time service must say so."""

NOWHERE = datetime(1970, 1, 1, tzinfo=UTC)
"""Where a hub stands that has no time: everything else takes these years for "unknown"."""

BOOTS_APART = 10_000
"""Each boot without time has a day of its own in them, so that no two say the same of two facts."""


@dataclass(frozen=True, slots=True)
class Tick:
    """What the box shows in one moment. `uptime_s` runs since `boot_id` began and never jumps."""

    boot_id: str
    at: datetime
    uptime_s: float
    is_synced: bool


@dataclass(frozen=True, slots=True)
class Line:
    """The hub's time as a line through one moment of this boot: it was `at` when it had run `uptime_s`."""

    at: datetime
    uptime_s: float
    trust: Trust

    def instant(self, uptime_s: float) -> datetime:
        """Return what time it is after so long."""
        return self.at + timedelta(seconds=uptime_s - self.uptime_s)


def without_time(boot: int) -> Line:
    """Return the line of a hub that knows no time: it begins with the boot, on a day long ago."""
    return Line(NOWHERE + timedelta(days=boot % BOOTS_APART), 0.0, "unknown")


@dataclass(frozen=True, slots=True)
class ClockState:
    """What a hub knows of its time in this boot.

    `line` is None before the first look; `newest` is the newest time that the log believed; `refused`
    says what the box shows where that is not believed.
    """

    boot: int
    first: int
    newest: datetime | None = None
    line: Line | None = None
    refused: datetime | None = None

    def now(self, uptime_s: float) -> datetime:
        """Return the hub's time after so long."""
        return (self.line or without_time(self.boot)).instant(uptime_s)

    def clock(self, uptime_s: float) -> Clock:
        """Return how far that time is to be believed."""
        trust = "unknown" if self.line is None else self.line.trust
        return Clock(self.boot, max(0.0, uptime_s), trust)


def look(state: ClockState, tick: Tick) -> tuple[ClockState, ClockFound | None]:
    """Look at the box's clock once more; return what is known now, and the word for the log, if any.

    Between two looks time goes on by the running of the box alone. A time service's word is taken
    whatever it says. Without one the box is followed while it runs evenly; a jump that nobody
    confirms is refused, and the hub counts on by itself.
    """
    line, refused = _line(state, tick), None
    if not tick.is_synced and abs((tick.at - line.instant(tick.uptime_s)).total_seconds()) > JUMP_S:
        refused = tick.at
    then = replace(state, line=line, refused=refused)
    if line.trust != "unknown":
        then = replace(then, newest=line.instant(tick.uptime_s))
    if state.line is None:
        return then, None
    now = line.instant(tick.uptime_s)
    offset_s = (now - state.line.instant(tick.uptime_s)).total_seconds()
    if abs(offset_s) <= JUMP_S:  # out of the unknown it is always years
        return then, None
    return then, ClockFound(state.boot, state.first, tick.uptime_s, now, line.trust, offset_s)


def _line(state: ClockState, tick: Tick) -> Line:
    if tick.is_synced and _is_credible(tick.at):
        return Line(tick.at, tick.uptime_s, "synced")
    if state.line is not None and state.line.trust != "unknown":
        expected = state.line.instant(tick.uptime_s)
        is_even = abs((tick.at - expected).total_seconds()) <= JUMP_S
        return Line(tick.at if is_even else expected, tick.uptime_s, "kept")
    if _is_credible(tick.at) and _follows(state.newest, tick.at):
        return Line(tick.at, tick.uptime_s, "kept")
    return without_time(state.boot)


def _is_credible(at: datetime) -> bool:
    return FIRST_CREDIBLE_YEAR <= at.year <= LAST_CREDIBLE_YEAR


def _follows(newest: datetime | None, at: datetime) -> bool:
    return newest is None or timedelta(seconds=-BEHIND_S_MAX) <= at - newest <= AHEAD


def restored(state: ClockState, at: datetime, clock: Clock) -> ClockState:
    """Return what is known when the program starts anew within a boot: the newest entry of it says so."""
    assert clock.boot == state.boot, "running times of two boots can't be compared"
    line = without_time(state.boot) if rank(clock.trust) == 0 else Line(at, clock.uptime_s, clock.trust)
    return replace(state, line=line)
