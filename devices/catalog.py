"""Every kind of device the house knows: one line each, the more particular before the more general."""

from dataclasses import dataclass
from typing import Any

from devices.driver import Advertisement, Driver
from devices.drivers import pulse_oximeter, weight_scale

DRIVERS: tuple[Driver[Any], ...] = (
    pulse_oximeter.DRIVER,
    weight_scale.DRIVER,
)


@dataclass(frozen=True, slots=True)
class Catalog:
    """Drivers in the order in which they are asked."""

    drivers: tuple[Driver[Any], ...]

    def driver_for(self, advertisement: Advertisement) -> Driver[Any] | None:
        """Return the first driver that knows this device, or None for a stranger."""
        return next((driver for driver in self.drivers if driver.matches(advertisement)), None)

    def driver_by_id(self, driver_id: str) -> Driver[Any] | None:
        """Return the driver of this id, or None where nobody has it, or no longer."""
        return next((driver for driver in self.drivers if driver.id == driver_id), None)


HOUSE = Catalog(DRIVERS)
driver_for, driver_by_id = HOUSE.driver_for, HOUSE.driver_by_id
