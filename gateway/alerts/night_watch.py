"""When a night is over, and what the plan makes of it: pure, O(1) for each Block, of constant size.

The samples stand in the log as Blocks. Here is remembered only which nights have something to sum up;
who reads the log does that once a night is over, and brings the summary back.
"""

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, tzinfo
from typing import Literal

from pydantic import TypeAdapter

from cloud_bridge.contract.night_settings import NightSettings
from cloud_bridge.contract.nights import Night, NightRefused, night_of, night_span
from devices.kinds import Kind
from devices.readings import FIRST_CREDIBLE_YEAR, LAST_CREDIBLE_YEAR, Block, Quality

NIGHTS_MAX = 21
"""So many nights are kept in mind, the newest: no more, for they are written with every Block of a night."""

Refusal = Literal["no saturation", "by day", "undated", "too old"]


@dataclass(frozen=True, slots=True)
class NightKnown:
    """One night: when something of it last came, whether that is summed up, and how often it was."""

    heard_at: datetime
    is_summed: bool = False
    revision: int = 0


@dataclass(frozen=True, slots=True)
class NightMemory:
    """Which nights are known, and how many in a row have missed the goal."""

    nights: dict[date, NightKnown] = field(default_factory=dict)
    judged_on: date | None = None
    row: int = 0
    row_before: int = 0
    """How many it was before the night that was judged last: that one may be told more of."""
    open_id: str = ""

    def __bytes__(self) -> bytes:
        return _MEMORY.dump_json(self)

    @classmethod
    def from_bytes(cls, data: bytes) -> "NightMemory":
        """Decode what a commit kept."""
        return _MEMORY.validate_json(data)


_MEMORY: TypeAdapter[NightMemory] = TypeAdapter(NightMemory)


@dataclass(frozen=True, slots=True)
class NightFinding:
    """A run of nights misses the plan's goal, or no longer does; the figures stand in the night's summary."""

    id: str
    change: Literal["opened", "closed"]
    why: Literal["below_goal", "goal_kept", "no_goal"]
    on: date | None
    share: float | None
    goal_share: float | None
    nights: int
    level: Literal["yellow"] = "yellow"


@dataclass(frozen=True, slots=True)
class NightStep:
    """What one event led to."""

    memory: NightMemory
    finding: NightFinding | None = None
    refusal: Refusal | None = None


def hear(
    settings: NightSettings, memory: NightMemory, block: Block, now: datetime, zone: tzinfo
) -> NightStep:
    """Note that there is something of a night; nothing is worked out here."""
    if block.kind is not Kind.SPO2:
        return NightStep(memory, refusal="no saturation")
    is_doubted = block.is_in_hub_time and Quality.TIME_UNCERTAIN in block.quality
    if is_doubted or not FIRST_CREDIBLE_YEAR <= block.measured_at.year <= LAST_CREDIBLE_YEAR:
        return NightStep(memory, refusal="undated")
    ends_at = block.measured_at + timedelta(seconds=(len(block.samples) - 1) * block.period_s)
    on = night_of(settings, block.measured_at, zone) or night_of(settings, ends_at, zone)
    if on is None:
        return NightStep(memory, refusal="by day")
    if on not in memory.nights and len(memory.nights) >= NIGHTS_MAX and on < min(memory.nights):
        return NightStep(memory, refusal="too old")
    before = memory.nights.get(on, NightKnown(now))
    nights = {**memory.nights, on: NightKnown(now, revision=before.revision)}
    newest = sorted(nights)[-NIGHTS_MAX:]
    return NightStep(replace(memory, nights={each: nights[each] for each in newest}))


def over(settings: NightSettings, memory: NightMemory, now: datetime, zone: tzinfo) -> tuple[date, ...]:
    """Return the nights to sum up now: their window has ended, and nothing more of them comes.

    A file that is whole ends no night: who takes a ring off and puts it on again makes two of one night.
    """
    if not FIRST_CREDIBLE_YEAR <= now.year <= LAST_CREDIBLE_YEAR:
        return ()
    quiet = timedelta(minutes=settings.quiet_min)
    return tuple(
        on
        for on, known in sorted(memory.nights.items())
        if not known.is_summed
        and now >= night_span(settings, on, zone)[1]
        # A clock that was put back would make us wait for a time that has been.
        and (now - known.heard_at >= quiet or known.heard_at - now >= quiet)
    )


def revision_of(memory: NightMemory, on: date) -> int:
    """Return which number the next summary of this night has."""
    known = memory.nights.get(on)
    return 1 if known is None else known.revision + 1


def take(settings: NightSettings, memory: NightMemory, night: Night) -> NightStep:
    """Hold a night against the plan; one that says more of the night judged last is judged in its place."""
    known = memory.nights.get(night.on)
    if known is not None:
        summed = replace(known, is_summed=True, revision=night.revision)
        memory = replace(memory, nights={**memory.nights, night.on: summed})
    goal = settings.goal
    if isinstance(night, NightRefused) or goal is None or night.goal_share is None:
        return NightStep(memory)
    if memory.judged_on is not None and night.on < memory.judged_on:
        return NightStep(memory)
    before = memory.row_before if night.on == memory.judged_on else memory.row
    row = 0 if night.goal_share > goal.share else min(before + 1, goal.nights_in_a_row)
    memory = replace(memory, judged_on=night.on, row=row, row_before=before)
    figures = (night.on, night.goal_share, goal.share)
    if row >= goal.nights_in_a_row and not memory.open_id:
        id_ = f"night-{night.on}-{night.revision}"
        return NightStep(
            replace(memory, open_id=id_), NightFinding(id_, "opened", "below_goal", *figures, row)
        )
    if row == 0 and memory.open_id:
        closed = NightFinding(memory.open_id, "closed", "goal_kept", *figures, row)
        return NightStep(replace(memory, open_id=""), closed)
    return NightStep(memory)


def put_in_force(settings: NightSettings | None, memory: NightMemory) -> NightStep:
    """Take other settings: without a goal nothing is missed any more."""
    if memory.open_id and (settings is None or settings.goal is None):
        closed = NightFinding(memory.open_id, "closed", "no_goal", None, None, None, 0)
        return NightStep(replace(memory, open_id="", row=0, row_before=0, judged_on=None), closed)
    return NightStep(memory)
