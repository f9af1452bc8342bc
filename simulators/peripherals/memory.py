"""A twin's memory: it keeps what it has measured until the hub confirms, and counts for itself."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from devices.kinds import Kind
from devices.readings import reading_id
from simulators.peripherals.twin import Hub


@dataclass(frozen=True, slots=True)
class Fact:
    """One number that the twin knows of, as it stands on its own display; no time where it has no clock."""

    kind: Kind
    value: float
    device_time: datetime | None

    def reading_id(self, address: str) -> str:
        """Return the identity of the reading that a hub makes of this, where the device has a clock."""
        assert self.device_time is not None, "without a clock, the hub's arrival time would be needed"
        return reading_id(address, self.kind, self.value, self.device_time)


@dataclass(frozen=True, slots=True)
class Record:
    """One record in a twin's memory: when, which facts, and the bytes that tell them.

    `more` are bytes on other characteristics that belong to the record; it is told when all are.
    """

    device_time: datetime | None
    facts: tuple[Fact, ...]
    data: bytes
    more: tuple[tuple[str, bytes], ...] = ()


@dataclass(slots=True)
class Memory:
    """Records in the order of measuring; the oldest is told first, until it is confirmed."""

    measured: list[Record] = field(default_factory=list)
    on_told: Callable[[Record], None] | None = None
    on_confirmed: Callable[[Record], None] | None = None
    confirmed_count: int = 0
    _waiting: deque[Record] = field(default_factory=deque)
    _begun_count: int = 0

    @property
    def waiting_count(self) -> int:
        """How many records no hub has confirmed yet."""
        return len(self._waiting)

    def facts(self) -> tuple[Fact, ...]:
        """Every fact that a hub has confirmed: the twin's own count."""
        confirmed = self.measured[: self.confirmed_count]
        return tuple(fact for record in confirmed for fact in record.facts)

    def put(self, record: Record) -> None:
        """Remember one record."""
        self.measured.append(record)
        self._waiting.append(record)

    async def tell(self, hub: Hub, char: str) -> bool:
        """Indicate record after record; stop and return False at the first without a confirmation."""
        while self._waiting:
            record = self._waiting[0]
            self._note_first(record)
            for place, data in ((char, record.data), *record.more):
                if not await hub.indicate(place, data):
                    return False
            self._waiting.popleft()
            self.confirmed_count += 1
            if self.on_confirmed is not None:
                self.on_confirmed(record)
        return True

    def _note_first(self, record: Record) -> None:
        if self.confirmed_count < self._begun_count:
            return
        self._begun_count += 1
        if self.on_told is not None:
            self.on_told(record)
