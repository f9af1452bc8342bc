"""Every kind of device the house knows: one line each, the more particular before the more general."""

from typing import Any

from devices.driver import Advertisement, Driver
from devices.drivers import (
    medisana_a3,
    pulse_oximeter,
    qn_scale,
    weight_scale,
    xiaomi_s400,
    xiaomi_scale,
)

DRIVERS: tuple[Driver[Any], ...] = (
    xiaomi_scale.DRIVER,  # it calls its weight beside a SIG service: before whoever would connect for that
    pulse_oximeter.DRIVER,
    weight_scale.DRIVER,
    medisana_a3.DRIVER,
    qn_scale.DRIVER,
    xiaomi_s400.DRIVER,
)


def driver_for(advertisement: Advertisement) -> Driver[Any] | None:
    """Return the first driver that knows this device, or None for a stranger."""
    return next((driver for driver in DRIVERS if driver.matches(advertisement)), None)


def driver_by_id(driver_id: str) -> Driver[Any] | None:
    """Return the driver of this id, or None where the house has forgotten it."""
    return next((driver for driver in DRIVERS if driver.id == driver_id), None)
