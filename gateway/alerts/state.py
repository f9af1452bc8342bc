"""What the judge remembers between two events: a few words per rule, kept with the log."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError

from cloud_bridge.contract.alert import Alert
from gateway.alerts.families import FAMILIES, FAMILY_BY_NAME
from gateway.alerts.family import Finding
from gateway.alerts.limits import LimitsMemory, LimitState

VERSION = 2


@dataclass(frozen=True, slots=True)
class Standing:
    """An open alert, and the finding that would close it once it has stood long enough."""

    alert: Alert
    over: Finding | None = None


@dataclass(frozen=True, slots=True)
class Episode:
    """The alerts that belong together now, and when one of them last changed."""

    id: str
    last_at: datetime


@dataclass(frozen=True, slots=True)
class JudgeState:
    """The judge's whole memory, of bounded size, and the plan it belongs to."""

    plan_version: int = 0
    standing: Mapping[str, Standing] = field(default_factory=dict)
    """The open alerts, by rule."""
    told_at: Mapping[str, datetime] = field(default_factory=dict)
    """When a rule was last told at a level: what is locked out is counted from there."""
    episode: Episode | None = None
    worsened_at: datetime | None = None
    treated_at: datetime | None = None
    memories: Mapping[str, Any] = field(default_factory=dict)
    """What each family remembers, by its name; one that has nothing yet to remember is not there."""

    @property
    def open_alerts(self) -> tuple[Alert, ...]:
        """The alerts open now, each as it was opened, red before yellow, oldest first."""
        alerts = [each.alert for each in self.standing.values()]
        return tuple(sorted(alerts, key=lambda alert: (alert.level != "red", alert.at, alert.id)))

    def opened(self, alert: Alert) -> "JudgeState":
        """Return the state in which this alert is open."""
        return replace(self, standing={**self.standing, alert.rule: Standing(alert)})

    def closed(self, rule: str) -> "JudgeState":
        """Return the state in which the alert of this rule is not open."""
        rest = {name: standing for name, standing in self.standing.items() if name != rule}
        return replace(self, standing=rest)

    def memory_of(self, name: str) -> Any:  # noqa: ANN401 - a memory is private to its family
        """Return what one family remembers."""
        known = self.memories.get(name)
        return FAMILY_BY_NAME[name].memory() if known is None else known

    def with_memory(self, name: str, memory: object) -> "JudgeState":
        """Return the state with one family's memory exchanged."""
        if self.memory_of(name) == memory:
            return self
        return replace(self, memories={**self.memories, name: memory})

    def __bytes__(self) -> bytes:
        memories = {
            name: orjson.Fragment(_memory(name).dump_json(memory)) for name, memory in self.memories.items()
        }
        core = _CORE.dump_json(_Core(**{name: getattr(self, name) for name in _Core.__slots__}))
        return orjson.dumps({"version": VERSION, "core": orjson.Fragment(core), "memories": memories})

    @classmethod
    def from_bytes(cls, data: bytes | None) -> "JudgeState":
        """Decode what a commit kept, of this version or the one before; None is an empty memory.

        What a family remembers that is no longer there is left behind.
        """
        if data is None:
            return cls()
        try:
            said = orjson.loads(data)
            if said.get("version") != VERSION:
                return _from_first(data)
            core = _CORE.validate_python(said["core"])
            memories = {
                name: _memory(name).validate_python(memory)
                for name, memory in said["memories"].items()
                if name in FAMILY_BY_NAME
            }
        except (ValidationError, ValueError, KeyError, AttributeError) as error:
            raise AssertionError(f"our own log holds a judge state that we can't read: {error}") from error
        return cls(**{name: getattr(core, name) for name in _Core.__slots__}, memories=memories)


@dataclass(frozen=True, slots=True)
class _Core:
    plan_version: int
    standing: dict[str, Standing]
    told_at: dict[str, datetime]
    episode: Episode | None
    worsened_at: datetime | None
    treated_at: datetime | None


_CORE: TypeAdapter[_Core] = TypeAdapter(_Core)


@cache
def _memory(name: str) -> TypeAdapter[Any]:
    return TypeAdapter(type(FAMILY_BY_NAME[name].memory()))


@dataclass(frozen=True, slots=True)
class _FirstLimit:
    open: Alert | None = None
    values: tuple[float, ...] = ()
    readings: tuple[str, ...] = ()
    judged_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class _First:
    """What hubs kept that knew single limits only: the open alert stood in its limit's memory."""

    plan_version: int
    limits: dict[str, _FirstLimit]


_FIRST: TypeAdapter[_First] = TypeAdapter(_First)


def _from_first(data: bytes) -> JudgeState:
    """An upgrade loses no open alert, and no reading that counts towards one."""
    first = _FIRST.validate_json(data)
    limits = {
        id_: LimitState(each.open is not None, each.values, each.readings, each.judged_at)
        for id_, each in first.limits.items()
    }
    standing = {id_: Standing(each.open) for id_, each in first.limits.items() if each.open is not None}
    memories = {"limits": LimitsMemory(limits)} if limits else {}
    return JudgeState(first.plan_version, standing, memories=memories)


assert len(FAMILY_BY_NAME) == len(FAMILIES), "two families share a name"
