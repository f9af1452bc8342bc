"""A twin's memory: it keeps what it has measured until the hub confirms, and counts for itself."""

from collections import deque
from collections.abc import Awaitable, Callable
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

    `char` says where it is told by a device that has several places for that; `more` are bytes on
    other characteristics that belong to the record, which is told when all of them are.
    """

    device_time: datetime | None
    facts: tuple[Fact, ...]
    data: bytes
    char: str | None = None
    more: tuple[tuple[str, bytes], ...] = ()


@dataclass(slots=True)
class Memory:
    """Records in the order of measuring; the oldest is told first, until it is confirmed."""

    measured: list[Record] = field(default_factory=list)
    on_measured: Callable[[Record], None] | None = None
    on_told: Callable[[Record], None] | None = None
    on_confirmed: Callable[[Record], None] | None = None
    on_all_told: Callable[[int], None] | None = None
    """Hears how many records were told anew when a hub has asked for the whole memory."""
    _confirmed: list[Record] = field(default_factory=list)
    _waiting: deque[Record] = field(default_factory=deque)
    _begun: set[int] = field(default_factory=set)

    @property
    def waiting_count(self) -> int:
        """How many records no hub has confirmed yet."""
        return len(self._waiting)

    @property
    def confirmed_count(self) -> int:
        """How many records a hub has confirmed."""
        return len(self._confirmed)

    @property
    def waiting(self) -> tuple[Record, ...]:
        """What no hub has confirmed yet, oldest first."""
        return tuple(self._waiting)

    def facts(self) -> tuple[Fact, ...]:
        """Every fact that a hub has confirmed: the twin's own count."""
        return tuple(fact for record in self._confirmed for fact in record.facts)

    def put(self, record: Record) -> None:
        """Remember one record."""
        self.measured.append(record)
        self._waiting.append(record)
        if self.on_measured is not None:
            self.on_measured(record)

    def call_out(self, record: Record) -> None:
        """Remember a record that is broadcast: nobody confirms it, so it counts as told at once."""
        self.put(record)
        self.begin(record)
        self.confirm(record)

    def begin(self, record: Record) -> None:
        """Note that this record is being told, the first time that it is."""
        if id(record) in self._begun:
            return
        self._begun.add(id(record))
        if self.on_told is not None:
            self.on_told(record)

    def confirm(self, record: Record) -> None:
        """Note that a hub has this record, as far as its device can know; again is nothing new."""
        place = next((at for at, one in enumerate(self._waiting) if one is record), None)
        if place is None:
            return
        del self._waiting[place]
        self._confirmed.append(record)
        if self.on_confirmed is not None:
            self.on_confirmed(record)

    def begin_up_to(self, count: int) -> None:
        """Note that the oldest so many of all that was measured go out now."""
        for record in self.measured[:count]:
            self.begin(record)

    def confirm_up_to(self, count: int) -> None:
        """Count the oldest so many of all that was measured as told for good."""
        for record in self.measured[:count]:
            self.confirm(record)

    async def tell(self, hub: Hub, char: str) -> bool:
        """Indicate record after record; stop and return False at the first without a confirmation."""
        while self._waiting:
            record = self._waiting[0]
            self.begin(record)
            for place, data in ((record.char or char, record.data), *record.more):
                if not await hub.indicate(place, data):
                    return False
            self.confirm(record)
        return True

    async def tell_anew(self, hub: Hub, char: str) -> int | None:
        """Indicate all that was ever measured, as often as a hub asks; return how many, None if cut short."""
        records = tuple(self.measured)
        for record in records:
            if not await hub.indicate(record.char or char, record.data):
                return None
        return len(records)

    async def play(self, send: Callable[[Record], Awaitable[None]]) -> None:
        """Send record after record in the twin's own way; what the link survived counts as confirmed."""
        while self._waiting:
            record = self._waiting[0]
            self.begin(record)
            await send(record)
            self.confirm(record)
