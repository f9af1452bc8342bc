"""Somebody must be told: an alert opens and closes, each time with a reason in plain words."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from pydantic import TypeAdapter

from cloud_bridge.contract.plan import Level, Side
from devices.kinds import Kind

Change = Literal["opened", "confirmed", "closed"]
"""`confirmed` travels as a kind of entry of its own: a ward from before knows only the other two."""

Confirmation = Literal["not_needed", "waiting", "confirmed"]

NOT_REPORTED, NORMAL, MODERATE, SERIOUS, CRITICAL = 0, 10, 20, 30, 40
"""VKP's severities."""

TECHNICAL = frozenset(
    {"5.3.1", "5.3.2", "pusterom:new_device", "pusterom:devices_disagree", "pusterom:new_level"}
)
"""Codes of what was not reported, and of devices: they bring no patient into a yellow zone."""


@dataclass(frozen=True, slots=True)
class Because:
    """The ground of a decision in figures, so that it can be said in any language."""

    kind: Kind
    values: tuple[float, ...]
    side: Side
    limit: float
    clear: float
    usual: float | None


@dataclass(frozen=True, slots=True)
class Said:
    """A reason as the key of its words and what they are filled with: a number, or keys of words in a row."""

    key: str
    parts: dict[str, float | tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Alert:
    """One change of one alert: `id` is the same when it opens, is confirmed and closes.

    `because` is the ground where it is one kind of reading beside one limit, and None where it is more
    than that. `said` is None where the ground says everything.
    """

    id: str
    rule: str
    level: Level
    change: Change
    reason: str
    because: Because | None
    plan_version: int
    readings: tuple[str, ...]
    at: datetime
    said: Said | None = None
    rule_version: int = 1
    severity: int | None = None
    """VKP's: 0, 10, 20, 30 or 40."""
    code: str = ""
    """VKP's own (5.x) where there is one, else `pusterom:` and ours."""
    confirmation: Confirmation = "not_needed"
    episode: str = ""
    """Alerts that belong together bear one."""

    @property
    def is_technical(self) -> bool:
        """Whether it is about measuring, and says nothing of how the patient is."""
        return self.code in TECHNICAL


ALERT: TypeAdapter[Alert] = TypeAdapter(Alert)
