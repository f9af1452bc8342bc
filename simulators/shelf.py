"""One twin for every driver: the shelf from which rooms, tests and the conformance kit take theirs."""

from collections.abc import Callable

from simulators.peripherals.and_scale import AndScaleTwin
from simulators.peripherals.beurer_scale import BeurerScaleTwin
from simulators.peripherals.peripheral import Peripheral
from simulators.peripherals.pulse_oximeter import PulseOximeterTwin
from simulators.peripherals.weight_scale import BodyScaleTwin

SHELF: dict[str, Callable[[], Peripheral]] = {
    "pulse_oximeter": PulseOximeterTwin,
    "and_scale": AndScaleTwin,
    "beurer_scale": BeurerScaleTwin,
    "weight_scale": BodyScaleTwin,
}
"""By the driver's id."""
