"""One signal of one person: its baseline, its devices, and what today's readings say against them."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from math import sqrt
from typing import Literal

from cloud_bridge.contract.trend_settings import SignalSettings, TrendSettings
from devices.readings import Reading
from gateway.alerts.baseline import Baseline, forgotten, learnt, signed
from gateway.alerts.epochs import (
    Epoch,
    Pairing,
    Side,
    bridged,
    disagrees,
    epoch_of,
    first_epoch,
    heard,
    new_epoch,
    paired,
    side_by_side,
    with_epoch,
)

Met = Literal["known", "new", "not the one being learnt"]
"""How a reading's device stands to what we know."""


@dataclass(frozen=True, slots=True)
class Usual:
    """The memory of one signal: of constant size, however long somebody measures."""

    baseline: Baseline = field(default_factory=Baseline)
    epochs: tuple[Epoch, ...] = ()
    today: tuple[Side, ...] = ()
    """The open day, summed up by device; its mean is the day's value."""
    pairing: Pairing | None = None


@dataclass(frozen=True, slots=True)
class Deviation:
    """How far a day lies from the usual: in the unit of the signal, and in SDs to the worse side."""

    amount: float
    z: float


def taken(
    settings: TrendSettings, signal: SignalSettings, usual: Usual, reading: Reading, on: date
) -> tuple[Usual, Met]:
    """Return the memory with one more reading of this day in it, and how its device was met."""
    known = epoch_of(usual.epochs, reading)
    met: Met = "known"
    if known is not None:
        epoch = heard(known, reading, on)
    elif usual.baseline.is_ready(settings):
        epoch, met = new_epoch(signal, reading, on), "new"
    elif _is_being_learnt(settings, usual, on):
        return usual, "not the one being learnt"
    else:
        usual, epoch = Usual(forgotten(usual.baseline)), first_epoch(reading, on)
    if epoch is not known:
        usual = replace(usual, epochs=with_epoch(usual.epochs, known, epoch))
    usual = replace(usual, today=_added(usual, known, epoch, reading.value))
    return _compared(settings, signal, usual, epoch, reading), met


def deviation(settings: TrendSettings, signal: SignalSettings, usual: Usual) -> Deviation | None:
    """Return how the open day differs from the usual; None without a baseline or without a reading."""
    baseline, sides = usual.baseline, _sides(usual)
    if not sides or not baseline.is_ready(settings):
        return None
    if len(sides) == 1:  # nearly every day has one device, and every reading comes here
        (side, epoch), *_ = sides
        value, doubt = epoch.corrected(signal, side.mean), epoch.spread(signal, baseline.mean)
    else:
        count = sum(side.count for side, _ in sides)
        value = _value(signal, sides)
        doubt = sum(side.count * epoch.spread(signal, baseline.mean) for side, epoch in sides) / count
    amount = value - baseline.mean
    z = amount / sqrt(baseline.sd(settings, signal) ** 2 + doubt)
    worse = z if signal.worse == "above" else -z
    return Deviation(amount, max(-settings.z_max, min(settings.z_max, worse)))


def closed(
    settings: TrendSettings,
    signal: SignalSettings,
    usual: Usual,
    on: date,
    *,
    is_frozen: bool,
    is_quiet: bool,
    signed_at: datetime | None,
) -> Usual:
    """Return the memory after the day: the baseline learns unless frozen, a new device's offset if quiet."""
    baseline, epochs, sides = usual.baseline, usual.epochs, _sides(usual)
    if sides and all(epoch.is_settled for _, epoch in sides):
        if not is_frozen:
            baseline = learnt(settings, baseline, _value(signal, sides), on)
    elif len(sides) == 1 and is_quiet and baseline.is_ready(settings):
        side, epoch = sides[0]
        off, sd = side.mean - baseline.mean, baseline.sd(settings, signal)
        if signal.scale == "share":
            off, sd = off / baseline.mean, sd / baseline.mean
        epochs = with_epoch(epochs, epoch, bridged(settings, epoch, off, sd))
    return Usual(signed(settings, baseline, signed_at), epochs, (), usual.pairing)


def disagreeing(settings: TrendSettings, signal: SignalSettings, usual: Usual) -> tuple[Usual, Epoch | None]:
    """Return the device that turned out to differ too much, once; and the memory that it was told."""
    if not usual.baseline.is_ready(settings):
        return usual, None
    for epoch in usual.epochs:
        if not epoch.has_disagreed and disagrees(signal, epoch, usual.baseline.mean):
            told = replace(epoch, has_disagreed=True)
            epochs = tuple(told if each is epoch else each for each in usual.epochs)
            return replace(usual, epochs=epochs), told
    return usual, None


def provisional(usual: Usual) -> tuple[str, ...]:
    """Return the devices of the open day whose offset is still being learnt."""
    return tuple(epoch.device for _, epoch in _sides(usual) if not epoch.is_settled)


def _is_being_learnt(settings: TrendSettings, usual: Usual, on: date) -> bool:
    """A young baseline belongs to its device, as long as that one is still in use."""
    heard_on = max((epoch.heard_on for epoch in usual.epochs if epoch.heard_on is not None), default=None)
    return heard_on is not None and (on - heard_on).days <= settings.hold_days


def _added(usual: Usual, known: Epoch | None, epoch: Epoch, value: float) -> tuple[Side, ...]:
    """Return the day with one more value; what its device said with another firmware counts no more."""
    before = epoch.device if known is None else known.device
    held = None if known is None else next((side for side in usual.today if side.device == before), None)
    side = Side(epoch.device, 1 + (held.count if held else 0), value + (held.total if held else 0.0))
    names = {each.device for each in usual.epochs} - {epoch.device, before}
    return (side, *(each for each in usual.today if each.device in names))


def _compared(
    settings: TrendSettings, signal: SignalSettings, usual: Usual, epoch: Epoch, reading: Reading
) -> Usual:
    """Learn from two devices side by side, where one of them is new; the known one may have come first."""
    if not usual.baseline.is_ready(settings):
        return usual if usual.pairing is None else replace(usual, pairing=None)
    pairing = side_by_side(settings, usual.pairing, epoch, reading)
    names = {each.device: each for each in usual.epochs}
    known = pairing.known and names.get(pairing.known.device)
    new = pairing.new and names.get(pairing.new.device)
    epochs = usual.epochs
    if known and new and not new.is_settled:
        mean = usual.baseline.mean
        sd = usual.baseline.sd(settings, signal) / (1.0 if signal.scale == "difference" else mean)
        epochs = with_epoch(epochs, new, paired(settings, signal, pairing, (known, new), sd))
    return replace(usual, epochs=epochs, pairing=pairing)


def _sides(usual: Usual) -> list[tuple[Side, Epoch]]:
    """Return what each device said today, with its epoch; a device that we have let go counts no more."""
    epochs = {epoch.device: epoch for epoch in usual.epochs}
    return [(side, epochs[side.device]) for side in usual.today if side.device in epochs]


def _value(signal: SignalSettings, sides: list[tuple[Side, Epoch]]) -> float:
    """Return the day's value: the mean of its readings, each put into the words of the first device."""
    count = sum(side.count for side, _ in sides)
    return sum(side.count * epoch.corrected(signal, side.mean) for side, epoch in sides) / count
