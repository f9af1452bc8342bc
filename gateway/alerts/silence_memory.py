"""What the watch of silence is handed, what it remembers and what it says: nothing here decides."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from cloud_bridge.contract.due import Progress
from cloud_bridge.contract.entries import Clock
from devices.readings import FIRST_CREDIBLE_YEAR, LAST_CREDIBLE_YEAR

Level = Literal["noted", "yellow"]
"""Noted is "not reported" and calls nobody; yellow tells somebody."""

Why = Literal["not_done", "never_heard", "no_number", "undated", "battery_low"]
"""Why it has not come, as far as the hub can tell."""

Over = Literal["came", "paused", "not_asked", "time_corrected"]
"""Why it is no longer waited for."""

Refusal = Literal["poor quality", "undated", "clock unknown"]

FORM_MISSING, MEASUREMENT_MISSING = "5.3.1", "5.3.2"
"""VKP's own codes: a form, or a measurement, that has not come."""

NOT_REPORTED, MODERATE = 0, 20
"""VKP's severities of the two levels."""


@dataclass(frozen=True, slots=True)
class When:
    """The hub's time now, and how far it is to be believed; None from a hub that says nothing of it."""

    now: datetime
    clock: Clock | None = None


@dataclass(frozen=True, slots=True)
class Arrived:
    """When something came that had no time: by the running of the box, which a later time can date."""

    boot: int
    uptime_s: float


@dataclass(frozen=True, slots=True)
class Open:
    """A silence that is open: its id, how serious it is, and what was due when."""

    id: str
    level: Level
    why: Why
    due_at: datetime
    was: Progress
    """What had come when it opened: whatever differs from it has come since."""


@dataclass(frozen=True, slots=True)
class AskMemory:
    """What is remembered of one ask, a few words whatever comes."""

    what: tuple[str, ...]
    in_force_at: datetime | None = None
    """Since when it is asked for; None while nobody knew the time."""
    progress: Progress = field(default_factory=Progress)
    device: str = ""
    """The one that was last heard of it."""
    is_battery_low: bool = False
    unusable: Literal["", "no_number", "undated"] = ""
    """What was the matter with the newest, where it could not count."""
    undated: Arrived | None = None
    """The newest that came while nobody knew the time."""
    open: Open | None = None


@dataclass(frozen=True, slots=True)
class SilenceMemory:
    """The whole memory of silence: a few words for each thing that the plan asks for."""

    asks: dict[str, AskMemory] = field(default_factory=dict)
    synced_boot: int | None = None
    """The start of the box in which a time service last confirmed the time: it runs on from there."""
    awake_at: datetime | None = None
    """Since when this run of the hub listens; None until the time is known."""

    def with_ask(self, id_: str, memory: AskMemory) -> "SilenceMemory":
        """Return it with the memory of one ask exchanged."""
        return replace(self, asks={**self.asks, id_: memory})

    def is_vouched(self, when: When) -> bool:
        """Tell whether a time service vouches for this time, now or earlier in this start of the box.

        A hub that says nothing of its clock is believed, as everywhere.
        """
        if not FIRST_CREDIBLE_YEAR <= when.now.year <= LAST_CREDIBLE_YEAR:
            return False
        clock = when.clock
        if clock is None or clock.trust == "synced":
            return True
        return clock.trust == "kept" and clock.boot == self.synced_boot

    def __bytes__(self) -> bytes:
        return _MEMORY.dump_json(self)

    @classmethod
    def from_bytes(cls, data: bytes) -> "SilenceMemory":
        """Decode what a commit kept."""
        try:
            return _MEMORY.validate_json(data)
        except ValidationError as error:
            raise AssertionError(
                f"our own log holds a memory of silence that we can't read: {error}"
            ) from error


_MEMORY: TypeAdapter[SilenceMemory] = TypeAdapter(SilenceMemory)


@dataclass(frozen=True, slots=True)
class Finding:
    """A silence that opens, grows serious or is over; `id` is the same each time.

    `code` and `severity` are VKP's. `why` is a word for why it opened, or why it is over.
    """

    id: str
    ask: str
    change: Literal["opened", "raised", "closed"]
    level: Level
    why: Why | Over
    at: datetime
    due_at: datetime
    last_at: datetime | None
    """When it last came; None where it never has."""
    asked_since_at: datetime | None
    device: str
    reading: str | None
    """The reading that ended it."""
    code: str
    severity: int

    @property
    def rule(self) -> str:
        """The name of the rule: one for each ask, so that each may have its own alert open."""
        return self.id.rpartition("-")[0]

    @property
    def cause(self) -> str:
        """The moment in which it opened: rule and cause together are the id, which the ward reads."""
        return self.id.rpartition("-")[2]


@dataclass(frozen=True, slots=True)
class Step:
    """What one event led to; `refusals` says by ask why something that came does not count."""

    memory: SilenceMemory
    findings: tuple[Finding, ...] = ()
    refusals: tuple[tuple[str, Refusal], ...] = ()
