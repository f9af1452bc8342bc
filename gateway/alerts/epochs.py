"""What changes when a device is exchanged: a new one opens an epoch, and its offset is learnt.

The baseline stays in the words of the first device. Each later one has an offset to it and the
variance of our knowledge of that: a Kalman filter of one number. While that is wide, the device's
readings weigh less and teach the baseline nothing. No stored value is ever changed.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime

from cloud_bridge.contract.trend_settings import SignalSettings, TrendSettings
from devices.readings import Reading

EPOCHS_MAX = 4
"""So many devices of one signal are known at a time; of more, the one not heard for longest goes."""


@dataclass(frozen=True, slots=True)
class Epoch:
    """One device instance with one firmware: its offset to the baseline, and how well that is known."""

    device: str
    serial: str | None = None
    firmware: str | None = None
    offset: float = 0.0
    """In the unit of the signal, or as a share of the value where the settings say so."""
    variance: float = 0.0
    count: int = 0
    """Days that it was learnt from."""
    heard_on: date | None = None
    is_settled: bool = True
    has_disagreed: bool = False

    def is_of(self, reading: Reading) -> bool:
        """Tell whether this device said it, with the firmware that we know; silence about it is no change."""
        told = reading.identity
        is_same = self.device == reading.device or (self.serial is not None and self.serial == told.serial)
        is_other_serial = None not in (self.serial, told.serial) and self.serial != told.serial
        is_other_firmware = None not in (self.firmware, told.firmware) and self.firmware != told.firmware
        return is_same and not is_other_serial and not is_other_firmware

    def corrected(self, signal: SignalSettings, value: float) -> float:
        """Return what the first device would have said."""
        if signal.scale == "difference":
            return value - self.offset
        return value / max(0.1, 1 + self.offset)

    def spread(self, signal: SignalSettings, mean: float) -> float:
        """Return the variance that our doubt adds to one of its values, in the unit of the signal squared."""
        return self.variance if signal.scale == "difference" else self.variance * mean * mean

    def offset_in_units(self, signal: SignalSettings, mean: float) -> float:
        """Return the offset in the unit of the signal, to be said to people."""
        return self.offset if signal.scale == "difference" else self.offset * mean


@dataclass(frozen=True, slots=True)
class Side:
    """What one of two devices said within the ten minutes."""

    device: str
    count: int
    total: float

    @property
    def mean(self) -> float:
        """The mean of what it said."""
        return self.total / self.count


@dataclass(frozen=True, slots=True)
class Pairing:
    """Two devices measured side by side: one state of the person, so that their difference is theirs."""

    begun_at: datetime
    known: Side | None = None
    new: Side | None = None
    offset: float = 0.0
    variance: float = 0.0
    """Of the new one, before they were compared: each further reading judges the whole pair anew."""


def first_epoch(reading: Reading, on: date) -> Epoch:
    """Return the epoch of the device in whose words the baseline is learnt."""
    return Epoch(reading.device, reading.identity.serial, reading.identity.firmware, heard_on=on)


def new_epoch(signal: SignalSettings, reading: Reading, on: date) -> Epoch:
    """Return the epoch of a device that nobody has compared yet."""
    epoch = first_epoch(reading, on)
    return replace(epoch, variance=signal.offset_sd**2, is_settled=False)


def epoch_of(epochs: tuple[Epoch, ...], reading: Reading) -> Epoch | None:
    """Return the epoch that a reading belongs to, or None for a device that is new here."""
    return next((epoch for epoch in epochs if epoch.is_of(reading)), None)


def with_epoch(epochs: tuple[Epoch, ...], old: Epoch | None, new: Epoch) -> tuple[Epoch, ...]:
    """Return the epochs with one exchanged or added, newest heard first, no more than there may be.

    One address is one device: with other firmware it is not what it was, and takes its own place.
    """
    others = (epoch for epoch in epochs if epoch is not old and epoch.device != new.device)
    return (new, *others)[:EPOCHS_MAX]


def heard(epoch: Epoch, reading: Reading, on: date) -> Epoch:
    """Return the epoch with what its device tells of itself by now."""
    told = reading.identity
    if epoch.heard_on == on and epoch.device == reading.device and epoch.firmware == told.firmware:
        return epoch
    serial, firmware = epoch.serial or told.serial, epoch.firmware or told.firmware
    return replace(epoch, device=reading.device, serial=serial, firmware=firmware, heard_on=on)


def bridged(settings: TrendSettings, epoch: Epoch, off: float, sd: float) -> Epoch:
    """Return the epoch after one more day: `off` from the usual, both as the scale of the signal has it.

    Days resemble their neighbours, so each is worth less than an independent one.
    """
    noise = sd * sd * (1 + settings.autocorrelation) / (1 - settings.autocorrelation)
    learned = _updated(epoch, epoch.offset, epoch.variance, off, noise)
    return _settled(settings, replace(learned, count=epoch.count + 1), sd)


def paired(
    settings: TrendSettings, signal: SignalSettings, pairing: Pairing, epochs: tuple[Epoch, Epoch], sd: float
) -> Epoch:
    """Return the new device's epoch after the pair; `epochs` are that of the known and of the new one."""
    known, new = pairing.known, pairing.new
    assert known is not None
    assert new is not None
    offset, doubt = epochs[0].offset, epochs[0].variance
    if signal.scale == "difference":
        apart = offset + new.mean - known.mean
    else:
        apart = (1 + offset) * new.mean / known.mean - 1
    noise = doubt + signal.pair_sd**2 * (1 / known.count + 1 / new.count)
    learned = _updated(epochs[1], pairing.offset, pairing.variance, apart, noise)
    return _settled(settings, learned, sd)


def side_by_side(settings: TrendSettings, pairing: Pairing | None, epoch: Epoch, reading: Reading) -> Pairing:
    """Return the pairing with one more reading in it, or a new one where the ten minutes are over."""
    at = reading.measured_at
    if pairing is None or not 0 <= (at - pairing.begun_at).total_seconds() <= settings.pair_s:
        pairing = Pairing(at)
    held = pairing.known if epoch.is_settled else pairing.new
    if held is None or held.device != epoch.device:
        held = Side(epoch.device, 0, 0.0)
    if not epoch.is_settled and held.count == 0:
        pairing = replace(pairing, offset=epoch.offset, variance=epoch.variance)
    held = Side(held.device, held.count + 1, held.total + reading.value)
    return replace(pairing, known=held) if epoch.is_settled else replace(pairing, new=held)


def disagrees(signal: SignalSettings, epoch: Epoch, mean: float) -> bool:
    """Tell whether a device differs so much that a person must look at it."""
    return abs(epoch.offset_in_units(signal, mean)) > signal.disagrees_from


def _updated(epoch: Epoch, offset: float, variance: float, off: float, noise: float) -> Epoch:
    gain = variance / (variance + noise)
    return replace(epoch, offset=offset + gain * (off - offset), variance=(1 - gain) * variance)


def _settled(settings: TrendSettings, epoch: Epoch, sd: float) -> Epoch:
    """Known well enough, or long enough: from then on its offset stays, and its days teach the baseline."""
    is_known = epoch.variance <= (settings.settle_share * sd) ** 2 or epoch.count >= settings.settle_count
    return replace(epoch, is_settled=epoch.is_settled or is_known)
