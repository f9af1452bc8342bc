"""A night of 1 Hz oximetry becomes a summary: numpy, once a night, and never on the way of one reading.

A desaturation by d points (d = 3, 4) here: saturation stands for at least 10 s at least d below the
highest value of the 120 s before each of those seconds; two that are less than 10 s apart are one. It is
modelled on what oximeters' makers and sleep laboratories call ODI, from memory: unverified.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta, tzinfo

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from cloud_bridge.contract.night_settings import NightSettings
from cloud_bridge.contract.nights import Night, NightRefused, NightSummary, night_span
from devices.kinds import Kind
from devices.readings import HOME, NOT_JUDGED, Block, Quality

LOOK_BACK_S = 120
EVENT_S_MIN = 10
APART_S = 10

HOLD_S_MAX = 4
"""A ring that makes a record every four seconds at most: its number stands until the next."""

_Seconds = NDArray[np.float64]


def sum_up(
    settings: NightSettings, on: date, blocks: Iterable[Block], zone: tzinfo, *, revision: int = 1
) -> Night:
    """Return one night as the device saw it that saw most of it; whatever order its blocks are in.

    What lies outside the night, was no oxygen saturation or may not be judged is left out; a second that
    is told twice counts once, as the device's memory has it rather than as it was heard over the air.
    """
    of_device = defaultdict[str, dict[str, Block]](dict)
    for block in blocks:
        if block.kind is Kind.SPO2 and block.setting == HOME and NOT_JUDGED.isdisjoint(block.quality):
            of_device[block.device][block.id] = block
    span = night_span(settings, on, zone)
    seen = {device: _seconds(settings, own.values(), span) for device, own in sorted(of_device.items())}
    device = max(seen, key=lambda name: int(np.isfinite(seen[name]).sum()), default=None)
    if device is None:
        return NightRefused(on, revision, "nothing valid", 0.0, 0.0)
    count = sum(_touches(block, span) for block in of_device[device].values())
    return _summary(settings, (on, revision, device, count), seen[device], span[0])


def desaturations(spo2: _Seconds, depth: float) -> int:
    """Count the desaturations by so many points in saturation second by second; NaN where there is none."""
    filled = np.where(np.isfinite(spo2), spo2, -np.inf)
    before = np.concatenate([np.full(LOOK_BACK_S, -np.inf), filled])[:-1]
    highest = sliding_window_view(before, LOOK_BACK_S).max(axis=1)
    is_down = highest >= spo2 + depth  # never where there is no number
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_down, [False]]).astype(np.int8)))
    starts, ends = edges[::2], edges[1::2]
    if not starts.size:
        return 0
    is_new = np.concatenate([[True], starts[1:] - ends[:-1] >= APART_S])
    lengths = np.add.reduceat(ends - starts, np.flatnonzero(is_new))
    return int((lengths >= EVENT_S_MIN).sum())


def _summary(
    settings: NightSettings, who: tuple[date, int, str, int], spo2: _Seconds, begins_at: datetime
) -> Night:
    on, revision, device, block_count = who
    valid = spo2[np.isfinite(spo2)]
    if not valid.size:
        return NightRefused(on, revision, "nothing valid", 0.0, 0.0)
    where = np.flatnonzero(np.isfinite(spo2))
    first, last = int(where[0]), int(where[-1])
    minutes, share = valid.size / 60, valid.size / (last - first + 1)
    if minutes < settings.valid_minutes_min:
        return NightRefused(on, revision, "too little valid time", minutes, share)
    hours, goal = minutes / 60, settings.goal
    return NightSummary(
        on=on,
        revision=revision,
        device=device,
        first_at=begins_at + timedelta(seconds=first),
        last_at=begins_at + timedelta(seconds=last),
        valid_minutes=minutes,
        quality_share=share,
        mean=float(valid.mean()),
        lowest=float(valid.min()),
        below_90_minutes=int((valid < 90).sum()) / 60,
        below_88_minutes=int((valid < 88).sum()) / 60,
        desaturations_3_per_h=desaturations(spo2, 3) / hours,
        desaturations_4_per_h=desaturations(spo2, 4) / hours,
        goal_share=None if goal is None else float((valid > goal.above).mean()),
        block_count=block_count,
    )


def _seconds(settings: NightSettings, blocks: Iterable[Block], span: tuple[datetime, datetime]) -> _Seconds:
    """Return a number for each second of the night, NaN where there is none."""
    length = round((span[1] - span[0]).total_seconds())
    told, held = np.full(length, np.nan), np.full(length, np.nan)
    for block in sorted(blocks, key=lambda block: (Quality.FROM_STORAGE in block.quality, block.id)):
        values = np.array([np.nan if each is None else each for each in block.samples], dtype=np.float64)
        at = np.flatnonzero((values >= settings.spo2_least) & (values <= 100))
        if not at.size or block.period_s <= 0:
            continue
        first_s = (block.measured_at - span[0]).total_seconds()
        seconds = np.floor(first_s + at * block.period_s + 0.5).astype(np.int64)
        step = int(np.diff(seconds).min()) if seconds.size > 1 else 1
        for late in range(min(max(step, 1), HOLD_S_MAX)):
            there = (seconds + late >= 0) & (seconds + late < length)
            (told if late == 0 else held)[seconds[there] + late] = values[at[there]]
    return np.where(np.isfinite(told), told, held)


def _touches(block: Block, span: tuple[datetime, datetime]) -> bool:
    ends_at = block.measured_at + timedelta(seconds=len(block.samples) * block.period_s)
    return ends_at > span[0] and block.measured_at < span[1]
