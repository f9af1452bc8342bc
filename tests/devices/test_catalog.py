"""The catalogue: every driver file stands in it, and each says who it is."""

import importlib
import pkgutil

from devices import drivers
from devices.catalog import DRIVERS, driver_by_id, driver_for
from devices.driver import Advertisement, uuid16
from tests.devices.vectors import vectors


def test_every_driver_file_is_in_the_catalogue_under_its_own_name():
    """A driver nobody lists is a device nobody hears."""
    names = [module.name for module in pkgutil.iter_modules(drivers.__path__)]
    assert sorted(driver.id for driver in DRIVERS) == sorted(names)
    for name in names:
        assert importlib.import_module(f"devices.drivers.{name}").DRIVER in DRIVERS
    assert len(names) >= 2


def test_every_driver_has_vectors_good_and_bad():
    """At least three of each, or it isn't known what the driver understands."""
    for driver in DRIVERS:
        refused = [vector for vector in vectors(driver.id) if "error" in vector["expected"]]
        assert len(refused) >= 3
        assert len(vectors(driver.id)) - len(refused) >= 3


def test_a_device_is_known_by_what_it_calls():
    """Each service leads to its driver; a stranger leads to none."""
    found = [
        driver_for(Advertisement("a", services=frozenset({uuid16(n)}))) for n in (0x1822, 0x181D, 0x1805)
    ]
    assert [driver and driver.id for driver in found] == ["pulse_oximeter", "weight_scale", None]
    assert driver_for(Advertisement("a")) is None


def test_a_scale_that_broadcasts_is_a_stranger():
    """Weight in service data is nobody's to connect to."""
    service = uuid16(0x181D)
    assert (
        driver_for(Advertisement("a", services=frozenset({service}), service_data={service: b"\x22"})) is None
    )


def test_a_driver_is_found_again_by_its_id():
    """What the log calls a driver leads back to it; a forgotten one to None."""
    assert all(driver_by_id(driver.id) is driver for driver in DRIVERS)
    assert driver_by_id("horoscope") is None
