"""What a twin calls fits into a real advertisement, and arrives at the hub as it was meant."""

import asyncio
import contextlib
from random import Random

import pytest

from devices.catalog import driver_by_id
from devices.driver import uuid16
from simulators.peripherals.peripheral import Peripheral
from simulators.peripherals.xiaomi_s400 import XiaomiS400Twin
from simulators.radio.adverts import LEGACY_BYTES_MAX, advertising_bytes
from simulators.radio.air import Air
from simulators.radio.backend import air_radio
from simulators.radio.host import hosted
from simulators.shelf import SHELF
from tests.devices.vectors import OSLO
from tests.play import NOON
from tests.simulators.radio.conftest import WAITS

TEST_S = 8.0
MORNING = NOON.astimezone(OSLO)


@pytest.mark.parametrize("driver_id", SHELF)
def test_every_twin_finds_room_in_31_octets(driver_id):
    """As many as a legacy advertisement has, and as many again for who asks; no radio sends more."""
    twin = SHELF[driver_id]()
    twin.measure_any(MORNING, Random(1))
    called, added = advertising_bytes(twin)
    assert 0 < len(called) <= LEGACY_BYTES_MAX
    assert len(added) <= LEGACY_BYTES_MAX


def test_an_encrypted_call_fills_its_advertisement_to_the_last_octet():
    """Flags and 24 octets of service data; the name waits in the scan response, as a real S400's does."""
    twin = XiaomiS400Twin()
    twin.measure(MORNING, 74.5, ohm=503.4, pulse=80)
    called, added = advertising_bytes(twin)
    assert called.hex().startswith("020106" + "1b1695fe" + "4859d53b")
    assert (len(called), added[2:]) == (31, twin.name.encode())


def test_what_no_radio_could_send_is_refused():
    """A twin that calls too much would teach the hub what no device ever says."""

    class Shouter(Peripheral):
        @property
        def service_data(self):
            return {uuid16(0x181D): bytes(40)}

    with pytest.raises(ValueError, match="47 and 8 octets; 31 fit"):
        advertising_bytes(Shouter())


@pytest.mark.anyio
@pytest.mark.parametrize("driver_id", ["xiaomi_s400", "xiaomi_scale"])
async def test_what_is_called_over_the_air_is_what_the_driver_hears(driver_id):
    """Real HCI bytes back and forth, two weighings: same service data, same name, same meaning."""
    twin, driver = SHELF[driver_id](), driver_by_id(driver_id)
    air = Air(0.3)
    async with asyncio.timeout(TEST_S), hosted(air, [twin], interval_ms=20) as (host,):
        radio = air_radio(air, waits=WAITS)
        for number in (1, 2):
            twin.measure_any(MORNING, Random(number))
            await host.refresh()
            async with contextlib.aclosing(radio.scan()) as scan:
                async for seen in scan:
                    if seen.service_data == twin.service_data and seen.name:
                        break
            assert seen.name == twin.name
            assert driver.matches(seen)
            assert driver.overhear(seen, twin.told).kg == twin.measured[-1].facts[0].value
