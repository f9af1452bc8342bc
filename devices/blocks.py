"""Gathers a stream of continuous readings into Blocks, so that a night is 480 entries, not 28,800."""

from dataclasses import dataclass, field
from datetime import datetime
from statistics import median

from devices.readings import Block, Kind, Reading, reading_id

PERIOD_S = 1.0
SAMPLES_MAX = 60

_Series = tuple[str, Kind]


@dataclass(slots=True)
class BlockBuilder:
    """Takes readings one by one; gives a Block when a minute is full or the stream breaks."""

    _open: dict[_Series, list[Reading]] = field(default_factory=dict)

    def add(self, reading: Reading) -> tuple[Block, ...]:
        """Take one continuous reading; return the Blocks that are now complete."""
        series = (reading.device, reading.kind)
        waiting = self._open.setdefault(series, [])
        done: list[Block] = []
        if waiting and not 0 <= _slot(waiting, reading.measured_at) < SAMPLES_MAX:
            done.append(_block(waiting))
            waiting.clear()
        waiting.append(reading)
        if _slot(waiting, reading.measured_at) == SAMPLES_MAX - 1:
            done.append(_block(waiting))
            waiting.clear()
        return tuple(done)

    def flush(self) -> tuple[Block, ...]:
        """Return what is left, complete or not, and forget it."""
        left = tuple(_block(waiting) for waiting in self._open.values() if waiting)
        self._open.clear()
        return left


def _slot(waiting: list[Reading], at: datetime) -> int:
    return round((at - waiting[0].measured_at).total_seconds() / PERIOD_S)


def _block(waiting: list[Reading]) -> Block:
    first = waiting[0]
    samples: list[float | None] = [None] * (_slot(waiting, waiting[-1].measured_at) + 1)
    for reading in waiting:
        samples[_slot(waiting, reading.measured_at)] = reading.value
    value = float(median(sample for sample in samples if sample is not None))
    return Block(
        id=reading_id(first.device, first.kind, value, first.device_time or first.measured_at),
        kind=first.kind,
        value=value,
        device=first.device,
        driver=first.driver,
        measured_at=first.measured_at,
        received_at=waiting[-1].received_at,
        device_time=first.device_time,
        quality=tuple(sorted({flag for reading in waiting for flag in reading.quality})),
        is_continuous=True,
        period_s=PERIOD_S,
        samples=tuple(samples),
    )
