"""What the papers say of our devices is what the catalogue holds."""

import pytest

from devices.catalog import DRIVERS
from simulators.shelf import SHELF
from tests.house.papers import ROOT

WANTED = {
    "pulse_oximeter", "weight_scale", "beurer_scale", "blood_pressure", "health_thermometer",
    "generic_health_sensor", "viatom_pc60fw", "wellue_fs20f", "viatom_o2ring", "beurer_po60", "nonin_3230",
    "taidoc", "berrymed_bm1000", "jumper_jpd500f", "choicemmed_ichoice", "vitalograph", "contec_spirometer",
    "and_scale", "xiaomi_scale", "xiaomi_s400", "medisana_a3", "qn_scale",
}  # fmt: skip
"""What we have promised to hear, whatever else comes."""


def test_every_device_that_was_promised_stands_in_the_catalogue_with_its_twin():
    """Twenty-two kinds of devices, each with a driver and a twin."""
    ids = {driver.id for driver in DRIVERS}
    assert len(WANTED) == 22
    assert ids >= WANTED
    assert set(SHELF) == ids


@pytest.mark.parametrize("driver", DRIVERS, ids=lambda driver: driver.id)
def test_each_driver_is_told_with_its_tier(driver):
    """The README's table says what we hear and how well we know it; the floor's says what is left out."""
    line = f"| {driver.title} | `{driver.id}` | {driver.tier} |"
    assert line in (ROOT / "README.md").read_text()
    assert f"| `{driver.id}` |" in (ROOT / "devices" / "README.md").read_text()
