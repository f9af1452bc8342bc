"""What the work list shows of each home, asked for in groups: a long list asks so often."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from cloud_bridge.contract.plan import Plan
from devices.kinds import Kind

if TYPE_CHECKING:
    from cloud_bridge.backend.views import HomeState, KeptReading

SPARK_COUNT_MAX = 1_000
"""So many points a line on the list has at most."""


@dataclass(frozen=True, slots=True)
class Listed:
    """How a home stands, its plan in force, the newest of each kind, and the saturation of late."""

    state: "HomeState | None"
    plan: Plan | None
    latest: "Mapping[Kind, KeptReading]"
    spark: "tuple[KeptReading, ...]"


class Listing(Protocol):
    """What the list asks of the tables."""

    async def listed(
        self, homes: Sequence[str], kinds: Iterable[Kind], since: datetime
    ) -> Mapping[str, Listed]:
        """What the list shows of each home: the newest of these kinds, and the saturation since then."""
        ...
