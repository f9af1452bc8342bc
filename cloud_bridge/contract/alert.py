"""Somebody must be told: an alert opens and closes, each time with a reason in plain words."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pydantic import TypeAdapter

from cloud_bridge.contract.plan import Level, Side
from devices.kinds import Kind

Change = Literal["opened", "closed"]


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
class Alert:
    """One change of one alert: `id` is the same when it opens and when it closes."""

    id: str
    rule: str
    level: Level
    change: Change
    reason: str
    because: Because
    plan_version: int
    readings: tuple[str, ...]
    at: datetime


ALERT: TypeAdapter[Alert] = TypeAdapter(Alert)
