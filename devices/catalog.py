"""Every kind of device the house knows: one line each, the more particular before the more general."""

from typing import Any

from devices.driver import Advertisement, Driver
from devices.drivers import (
    blood_pressure,
    generic_health_sensor,
    health_thermometer,
    pulse_oximeter,
    weight_scale,
)

DRIVERS: tuple[Driver[Any], ...] = (
    pulse_oximeter.DRIVER,
    weight_scale.DRIVER,
    blood_pressure.DRIVER,
    generic_health_sensor.DRIVER,
    health_thermometer.DRIVER,
)


def driver_for(advertisement: Advertisement) -> Driver[Any] | None:
    """Return the first driver that knows this device, or None for a stranger."""
    return next((driver for driver in DRIVERS if driver.matches(advertisement)), None)


def driver_by_id(driver_id: str) -> Driver[Any] | None:
    """Return the driver of this id, or None where the house has forgotten it."""
    return next((driver for driver in DRIVERS if driver.id == driver_id), None)
