"""What hangs in a driver from outside stops neither the scan nor the page nor another device."""

import asyncio

import pytest

from tests.gateway.outside_house import (
    CALL_S,
    OURS,
    TEST_S,
    THEIRS,
    asked,
    outsider,
    play,
    running,
)
from tests.given import NOON
from tests.installed import HANGS, SPINS, own_parts

ONCE_IN_A_ROOM = """
    def knows(seen):
        return hang() if seen.name == "Stranger" else False
"""
IN_A_SESSION = """
    async def talks(link, visitor):
        await link.subscribe(WEIGHT)
        hang()
        yield None
"""
SLEEPS_ASYNC = """
    import asyncio

    async def talks(link, visitor):
        await link.subscribe(WEIGHT)
        await asyncio.sleep(3600)
        yield None
"""
IN_READINGS = """
    def means(frame, heard):
        return hang()
"""
IN_FEED = """
    class Hanging:
        def feed(self, char, data):
            return hang()

    async def talks(link, visitor):
        await link.subscribe(WEIGHT)
        async for said in listen(link, Hanging(), silence_s=5):
            yield said
"""
IN_FAREWELL = """
    async def talks(link, visitor):
        try:
            await link.read(WEIGHT)
            yield None
        finally:
            hang()
"""
IN_OVERHEAR = """
    def hears(seen, told):
        return hang()
"""

PLACES = {
    "matches": ((ONCE_IN_A_ROOM,), {}),
    "session": ((IN_A_SESSION,), {}),
    "readings": ((IN_READINGS,), {"readings": "means"}),
    "feed": ((IN_FEED,), {}),
    "farewell": ((IN_FAREWELL,), {}),
    "overhear": ((IN_OVERHEAR,), {"session": "None", "overhear": "hears"}),
}
HANGING = [(place, how) for place in PLACES for how in (HANGS, SPINS)]


@pytest.mark.parametrize(
    ("place", "how"),
    HANGING,
    ids=[f"{place}-{'sleeps' if how is HANGS else 'spins'}" for place, how in HANGING],
)
def test_what_hangs_in_one_driver_stops_nobody_else(tmp_path, packages, caplog, place, how):
    """The scale's readings arrive and the page answers meanwhile; then the driver is not asked again.

    That stands in the log as a fault of the device, in the hub's own log, and among the devices on the page.
    """
    parts, names = PLACES[place]
    packages.driver("theirs", outsider(how, *parts, **names))

    async def story(house):
        house.stranger.measure(NOON, 62.5)
        await asked()
        for number in range(3):
            house.scale.measure(NOON.replace(minute=number), 75.0 + number)
            await house.until(lambda: len(house.weights(OURS)) > number)  # noqa: B023 - awaited at once
            assert "Pusterom" in await house.page()
        await house.until(lambda: house.faults())
        return house

    house = play(tmp_path, story)
    (fault,) = house.faults()
    said = f"driver fault: no answer within {CALL_S} s; it is not asked again before the hub starts anew"
    assert (fault.device, fault.driver, fault.reason) == (THEIRS, "their_scale", said)
    assert house.hub.outsiders.all[0].problem == f"no answer within {CALL_S} s"
    assert [one.last_fault for one in house.view.devices() if one.address == THEIRS] == [said]
    assert any("theirs" in each.message and "not asked any more" in each.message for each in caplog.records)
    assert house.weights(THEIRS) == []


@pytest.mark.parametrize("place", PLACES)
def test_while_the_hub_still_has_patience_all_else_goes_on(tmp_path, packages, place):
    """With an hour's deadline, too: nobody waits in the hub's own loop."""
    parts, names = PLACES[place]
    packages.driver("theirs", outsider(HANGS, *parts, **names))

    async def story():
        async with running(tmp_path, call_s=3600) as house:
            house.stranger.measure(NOON, 62.5)
            await asked()
            house.scale.measure(NOON, 75.0)
            await house.until(lambda: house.weights(OURS))
            return house.faults(), "Pusterom" in await house.page()

    assert asyncio.run(story()) == ([], True)


def test_one_that_hangs_does_not_delay_another_from_outside_for_long(tmp_path, packages):
    """After one deadline the next driver is asked, and reads its device."""
    packages.driver("aaa", own_parts(HANGS, ONCE_IN_A_ROOM, matches="knows", id="'hanging_scale'"))
    packages.driver("theirs", outsider())

    async def story(house):
        house.stranger.measure(NOON, 62.5)
        await house.until(lambda: house.weights(THEIRS))
        return [one.problem for one in house.hub.outsiders.all]

    assert play(tmp_path, story) == [f"no answer within {CALL_S} s", None]


def test_a_session_waits_for_nothing_but_its_link(tmp_path, packages):
    """One that waits for an hour of its own is as late as one that sleeps; waiting for the device is free."""
    packages.driver("theirs", outsider(SLEEPS_ASYNC))

    async def story(house):
        house.stranger.measure(NOON, 62.5)
        await house.until(lambda: house.faults())
        return house.faults()[0].reason

    assert "no answer within" in play(tmp_path, story)


def test_stopping_the_hub_waits_for_no_stranger(tmp_path, packages):
    """A hub that is told to stop while a session hangs is gone long before the deadline."""
    packages.driver("theirs", outsider(HANGS, IN_A_SESSION))

    async def story():
        async with asyncio.timeout(TEST_S), running(tmp_path, call_s=3600) as house:
            house.stranger.measure(NOON, 62.5)
            await asked()
            began_s = asyncio.get_running_loop().time()
        return asyncio.get_running_loop().time() - began_s

    assert asyncio.run(story()) < 2
