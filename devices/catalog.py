"""Every kind of device the house knows: one line each, the more particular before the more general."""

from dataclasses import dataclass
from typing import Any

from devices.driver import Advertisement, Driver
from devices.drivers import (
    and_scale,
    berrymed_bm1000,
    beurer_po60,
    beurer_scale,
    blood_pressure,
    choicemmed_ichoice,
    contec_spirometer,
    generic_health_sensor,
    health_thermometer,
    jks50f,
    jumper_jpd500f,
    medisana_a3,
    nonin_3230,
    pulse_oximeter,
    qn_scale,
    taidoc,
    viatom_o2ring,
    viatom_pc60fw,
    vitalograph,
    weight_scale,
    wellue_fs20f,
    xiaomi_s400,
    xiaomi_scale,
)

DRIVERS: tuple[Driver[Any], ...] = (
    xiaomi_scale.DRIVER,  # it calls its weight beside a SIG service: before whoever would connect for that
    pulse_oximeter.DRIVER,
    and_scale.DRIVER,  # these two speak the SIG's language, in their own order: before the plain scale
    beurer_scale.DRIVER,
    weight_scale.DRIVER,
    berrymed_bm1000.DRIVER,
    beurer_po60.DRIVER,
    blood_pressure.DRIVER,
    choicemmed_ichoice.DRIVER,
    contec_spirometer.DRIVER,
    generic_health_sensor.DRIVER,
    health_thermometer.DRIVER,
    jks50f.DRIVER,
    jumper_jpd500f.DRIVER,
    medisana_a3.DRIVER,
    nonin_3230.DRIVER,
    qn_scale.DRIVER,
    taidoc.DRIVER,
    viatom_o2ring.DRIVER,
    viatom_pc60fw.DRIVER,
    vitalograph.DRIVER,
    wellue_fs20f.DRIVER,
    xiaomi_s400.DRIVER,
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
