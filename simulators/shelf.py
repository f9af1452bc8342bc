"""One twin for every driver: the shelf from which rooms, tests and the conformance kit take theirs."""

from collections.abc import Callable

from simulators.peripherals.blood_pressure import BloodPressureTwin
from simulators.peripherals.generic_health_sensor import GenericHealthSensorTwin
from simulators.peripherals.health_thermometer import HealthThermometerTwin
from simulators.peripherals.peripheral import Peripheral
from simulators.peripherals.pulse_oximeter import PulseOximeterTwin
from simulators.peripherals.weight_scale import WeightScaleTwin

SHELF: dict[str, Callable[[], Peripheral]] = {
    "pulse_oximeter": PulseOximeterTwin,
    "weight_scale": WeightScaleTwin,
    "blood_pressure": BloodPressureTwin,
    "generic_health_sensor": GenericHealthSensorTwin,
    "health_thermometer": HealthThermometerTwin,
}
"""By the driver's id."""
