"""One twin for every driver: the shelf from which rooms, tests and the conformance kit take theirs."""

from collections.abc import Callable

from simulators.peripherals.medisana_a3 import MedisanaA3Twin
from simulators.peripherals.peripheral import Peripheral
from simulators.peripherals.pulse_oximeter import PulseOximeterTwin
from simulators.peripherals.qn_scale import QnScaleTwin
from simulators.peripherals.weight_scale import WeightScaleTwin
from simulators.peripherals.xiaomi_s400 import XiaomiS400Twin
from simulators.peripherals.xiaomi_scale import XiaomiScaleTwin

SHELF: dict[str, Callable[[], Peripheral]] = {
    "pulse_oximeter": PulseOximeterTwin,
    "weight_scale": WeightScaleTwin,
    "medisana_a3": MedisanaA3Twin,
    "qn_scale": QnScaleTwin,
    "xiaomi_s400": XiaomiS400Twin,
    "xiaomi_scale": XiaomiScaleTwin,
}
"""By the driver's id."""
