"""One twin for every driver: the shelf from which rooms, tests and the conformance kit take theirs."""

from collections.abc import Callable

from simulators.peripherals.beurer_po60 import BeurerPo60Twin
from simulators.peripherals.contec_spirometer import ContecSpirometerTwin
from simulators.peripherals.peripheral import Peripheral
from simulators.peripherals.pulse_oximeter import PulseOximeterTwin
from simulators.peripherals.vitalograph import VitalographTwin
from simulators.peripherals.weight_scale import WeightScaleTwin

SHELF: dict[str, Callable[[], Peripheral]] = {
    "pulse_oximeter": PulseOximeterTwin,
    "weight_scale": WeightScaleTwin,
    "beurer_po60": BeurerPo60Twin,
    "contec_spirometer": ContecSpirometerTwin,
    "vitalograph": VitalographTwin,
}
"""By the driver's id."""
