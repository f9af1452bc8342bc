"""Visits a twin the way a hub does: hear it, connect, let its driver talk, take the readings."""

from datetime import timedelta
from typing import Any

from devices.catalog import driver_for
from devices.driver import FrameError, LinkError, OfItself, Visitor
from devices.readings import Heard, Reading
from simulators.virtual_radio import VirtualRadio
from tests.devices.vectors import OSLO
from tests.play import HERE, NOON


async def heard_once(radio: VirtualRadio) -> Any:
    """Return the next advertisement."""
    scan = radio.scan()
    try:
        return await anext(scan)
    finally:
        await scan.aclose()


async def visit(radio: VirtualRadio, visitor: Visitor = HERE) -> list[Any]:
    """Return what the next device says in one visit, bad frames included, but not what it says of itself."""
    advertisement = await heard_once(radio)
    driver = driver_for(advertisement)
    said: list[Any] = []
    try:
        async with radio.connect(advertisement.address) as link:
            async for frame in driver.session(link, visitor):
                said.append(frame)  # noqa: PERF401 - what came before the LinkError counts
    except LinkError:
        pass
    return [frame for frame in said if not isinstance(frame, OfItself)]


def meaning(frames: list[Any], driver: Any) -> dict[str, Reading]:
    """Return the readings by identity, as a store would keep them."""
    listener = Heard("F0", driver.id, NOON + timedelta(days=1), OSLO)
    good = [frame for frame in frames if not isinstance(frame, FrameError)]
    return {reading.id: reading for frame in good for reading in driver.readings(frame, listener)}
