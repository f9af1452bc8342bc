"""One twin for every driver: the shelf from which rooms, tests and the conformance kit take theirs."""

from collections.abc import Callable

from simulators.peripherals.peripheral import Peripheral
from simulators.peripherals.pulse_oximeter import PulseOximeterTwin
from simulators.peripherals.viatom_o2ring import ViatomO2RingTwin
from simulators.peripherals.viatom_pc60fw import ViatomPc60fwTwin
from simulators.peripherals.weight_scale import WeightScaleTwin
from simulators.peripherals.wellue_fs20f import WellueFs20fTwin

SHELF: dict[str, Callable[[], Peripheral]] = {
    "pulse_oximeter": PulseOximeterTwin,
    "weight_scale": WeightScaleTwin,
    "viatom_o2ring": ViatomO2RingTwin,
    "viatom_pc60fw": ViatomPc60fwTwin,
    "wellue_fs20f": WellueFs20fTwin,
}
"""By the driver's id."""
