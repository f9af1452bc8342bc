"""What the judge remembers between two readings: a few words per limit, kept with the log."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from pydantic import TypeAdapter, ValidationError

from cloud_bridge.contract.alert import Alert


@dataclass(frozen=True, slots=True)
class LimitState:
    """One limit's memory: the open alert, if any, and the readings in a row that point the other way."""

    open: Alert | None = None
    values: tuple[float, ...] = ()
    readings: tuple[str, ...] = ()
    judged_at: datetime | None = None
    """When the newest judged reading was measured: an older one that comes later is not judged."""


@dataclass(frozen=True, slots=True)
class JudgeState:
    """The judge's whole memory, of constant size, and the plan it belongs to."""

    plan_version: int = 0
    limits: dict[str, LimitState] = field(default_factory=dict)

    def of(self, limit_id: str) -> LimitState:
        """Return the memory of one limit."""
        return self.limits.get(limit_id, LimitState())

    def with_limit(self, limit_id: str, memory: LimitState) -> "JudgeState":
        """Return the state with one limit's memory exchanged."""
        return replace(self, limits={**self.limits, limit_id: memory})

    @property
    def open_alerts(self) -> tuple[Alert, ...]:
        """The alerts open now, each as it was opened, red before yellow, oldest first."""
        alerts = [memory.open for memory in self.limits.values() if memory.open is not None]
        return tuple(sorted(alerts, key=lambda alert: (alert.level != "red", alert.at, alert.id)))

    def __bytes__(self) -> bytes:
        return _STATE.dump_json(self)

    @classmethod
    def from_bytes(cls, data: bytes | None) -> "JudgeState":
        """Decode what a commit kept; None, before the first one, is an empty memory."""
        if data is None:
            return cls()
        try:
            return _STATE.validate_json(data)
        except ValidationError as error:
            raise AssertionError(f"our own log holds a judge state that we can't read: {error}") from error


_STATE: TypeAdapter[JudgeState] = TypeAdapter(JudgeState)
