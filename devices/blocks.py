"""Gathers a stream of continuous readings into Blocks, so that a night is 480 entries, not 28,800."""

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from statistics import median

from devices.kinds import Kind
from devices.readings import NOT_JUDGED, Block, Quality, Reading, Setting

PERIOD_S = 1.0
SAMPLES_MAX = 60

_Series = tuple[str, Kind, Setting, int | None, bool, bool]


@dataclass(slots=True)
class BlockBuilder:
    """Takes readings one by one; gives a Block when a minute is full or the stream breaks.

    Numbers that may be judged and numbers that may not never share a Block: one bad second must
    not hide a minute of falling oxygen from the judge, nor lend it its number. Nor do numbers from
    storage and numbers of now: a memory that is read again must make the same Blocks.
    """

    _open: dict[_Series, "_Growing"] = field(default_factory=dict)

    def add(self, reading: Reading) -> tuple[Block, ...]:
        """Take one continuous reading; return the Blocks that are now complete."""
        is_judged = NOT_JUDGED.isdisjoint(reading.quality)
        is_stored = Quality.FROM_STORAGE in reading.quality
        where = (reading.device, reading.kind, reading.setting, reading.user_slot)
        series = (*where, is_judged, is_stored)
        growing = self._open.get(series)
        done: list[Block] = []
        if growing is not None and not growing.has_place_for(reading):
            done.append(growing.block())
            growing = None
        if growing is None:
            growing = self._open[series] = _Growing(reading)
        growing.put(reading)
        if len(growing.samples) == SAMPLES_MAX:
            done.append(growing.block())
            del self._open[series]
        return tuple(done)

    def flush(self) -> tuple[Block, ...]:
        """Return what is left, complete or not, and forget it."""
        left = tuple(growing.block() for growing in self._open.values())
        self._open.clear()
        return left


@dataclass(slots=True)
class _Growing:
    """A Block that is not full yet."""

    first: Reading
    samples: list[float | None] = field(default_factory=list)
    quality: set[Quality] = field(default_factory=set)
    received_at: datetime = field(init=False)

    def has_place_for(self, reading: Reading) -> bool:
        """Tell whether this reading belongs here: not before the newest, not after the minute."""
        return len(self.samples) - 1 <= self._slot(reading) < SAMPLES_MAX

    def put(self, reading: Reading) -> None:
        """Put one number in its second."""
        slot = self._slot(reading)
        self.samples += [None] * (slot + 1 - len(self.samples))
        if self.samples[slot] is not None:
            self._close_ranks(slot)
        self.samples[slot] = reading.value
        self.quality.update(reading.quality)
        self.received_at = reading.received_at

    def block(self) -> Block:
        """Return what has been gathered."""
        first = self.first
        return Block(
            id=self._id(),
            kind=first.kind,
            value=float(median(sample for sample in self.samples if sample is not None)),
            device=first.device,
            driver=first.driver,
            measured_at=first.measured_at,
            received_at=self.received_at,
            device_time=first.device_time,
            quality=tuple(flag for flag in Quality if flag in self.quality),
            user_slot=first.user_slot,
            is_continuous=True,
            identity=first.identity,
            tier=first.tier,
            setting=first.setting,
            clock_offset_s=first.clock_offset_s,
            period_s=PERIOD_S,
            samples=tuple(self.samples),
        )

    def _slot(self, reading: Reading) -> int:
        """By the device's own clock, where it has one: an unbelieved one would put all in the same second."""
        first = self.first
        if first.device_time is not None and reading.device_time is not None:
            return round((reading.device_time - first.device_time).total_seconds() / PERIOD_S)
        return round((reading.measured_at - first.measured_at).total_seconds() / PERIOD_S)

    def _close_ranks(self, slot: int) -> None:
        """Move the run that ends here back into the gap before it: radio is late, never early.

        Where there is no gap, the device talks faster than we keep, and its newer number stands.
        """
        gap = next((at for at in range(slot, -1, -1) if self.samples[at] is None), None)
        if gap is not None:
            del self.samples[gap]
            self.samples.append(None)

    def _id(self) -> str:
        """All samples are its identity: a Block is never taken for a single reading or another Block."""
        first = self.first
        moment = (first.device_time or first.measured_at).isoformat()
        words = f"{first.device}|{first.kind}|{first.user_slot}|{moment}|{PERIOD_S}|{self.samples!r}"
        return blake2b(words.encode(), digest_size=12).hexdigest()
