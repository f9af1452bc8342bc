"""Drivers from outside in a running hub: asked after the house's own, and never in another's name."""

import asyncio
import sys
import threading

import pytest

from gateway.store.file import StoreError
from simulators.peripherals.weight_scale import LINGER_S
from tests.gateway.outside_house import CALL_S, OURS, TEST_S, THEIRS, House, outsider, play
from tests.given import NOON


def test_a_driver_from_outside_reads_its_device(tmp_path, packages):
    """What it hears stands in the log under its name, beside what the house reads; the page has its title."""
    packages.driver("theirs", outsider())

    async def story(house):
        house.scale.measure(NOON, 75.0)
        house.stranger.measure(NOON, 62.5)
        await house.until(lambda: house.weights(OURS) and house.weights(THEIRS))
        return house.weights(OURS), house.weights(THEIRS), await house.page(), house.view.devices()

    ours, theirs, page, devices = play(tmp_path, story)
    assert (ours, theirs) == ([75.0], [62.5])
    assert "Their scale" in page
    assert {one.driver for one in devices} == {"weight_scale", "their_scale"}


def test_a_driver_from_outside_takes_no_known_device_away(tmp_path, packages):
    """One that says yes to everything gets only what no driver of the house knows."""
    packages.driver("greedy", outsider(matches="lambda seen: True"))

    async def story(house):
        house.scale.measure(NOON, 75.0)
        house.stranger.measure(NOON, 62.5)
        await house.until(lambda: house.weights(OURS) and house.weights(THEIRS))
        return {one.address: one.driver for one in house.view.devices()}

    assert play(tmp_path, story) == {OURS: "weight_scale", THEIRS: "their_scale"}


def test_a_device_that_is_silent_for_longer_than_the_deadline_is_waited_for(tmp_path, packages):
    """The clock runs only while the session itself is at work: a scale lingers before it hangs up."""
    packages.driver("theirs", outsider())

    async def story(house):
        for number, kg in enumerate((62.5, 63.0), start=1):
            house.stranger.measure(NOON.replace(minute=number), kg)
            await house.until(lambda: len(house.weights(THEIRS)) == number)  # noqa: B023 - awaited at once
        return house.faults(), house.hub.outsiders.all[0].problem

    assert LINGER_S > CALL_S
    assert play(tmp_path, story) == ([], None)


CHANGED = """
    def means(frame, heard):
        return tuple(replace(one, {}) for one in SCALE.readings(frame, heard))
"""


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        ("def means(frame, heard): raise ZeroDivisionError", "ZeroDivisionError"),
        ("def means(frame, heard): raise SystemExit", "StrangeError"),
        ("def means(frame, heard): raise KeyboardInterrupt", "StrangeError"),
        ("def means(frame, heard): return ('75 kg',)", "TypeError"),
        ("def means(frame, heard): return None", "TypeError"),
        (CHANGED.format("device='F0:00:00:00:0B:01'"), "ValueError"),
        (CHANGED.format("driver='weight_scale'"), "ValueError"),
        (CHANGED.format("value=float('nan')"), "ValueError"),
        ("means = SCALE.readings\ndef talks(link, visitor): return None", "TypeError"),
    ],
)
def test_a_bug_in_a_driver_from_outside_is_a_fault_of_its_device(tmp_path, packages, part, reason):
    """Whatever it raises or returns ends that visit with its name; the hub lives, nobody is spoken for."""
    packages.driver("theirs", outsider(part, readings="means"))

    async def story(house):
        house.stranger.measure(NOON, 62.5)
        await house.until(lambda: house.faults())
        house.scale.measure(NOON, 75.0)
        await house.until(lambda: house.weights(OURS))
        return house.faults()[0], house.weights(OURS), house.weights(THEIRS)

    fault, ours, theirs = play(tmp_path, story)
    assert (fault.device, fault.reason) == (THEIRS, f"driver fault: {reason}")
    assert (ours, theirs) == ([75.0], [])


def test_a_matches_that_raises_on_some_device_is_asked_no_more(tmp_path, packages):
    """It is a fault of the device it stumbled over, and the reason stands with the driver."""
    knows = 'def knows(seen): return seen.name == "Stranger" and 1 / 0'
    packages.driver("theirs", outsider(f"\n    {knows}\n"))

    async def story(house):
        given_up = []
        house.hub.outsiders.on_quarantine = given_up.append
        house.stranger.measure(NOON, 62.5)
        await house.until(lambda: house.faults())
        assert given_up == list(house.hub.outsiders.all), "said once, to whoever wants to write it down"
        return house.faults()[0], given_up[0].problem

    fault, problem = play(tmp_path, story)
    assert (fault.device, fault.reason) == (THEIRS, "driver fault: ZeroDivisionError")
    assert problem == "matches() raises ZeroDivisionError"


def test_a_broken_frame_is_a_fault_and_hides_no_good_one(tmp_path, packages):
    """FrameErrors as values, and those that readings() raises, are kept like those of the house."""
    means = """
    from devices.driver import FrameError

    def means(frame, heard):
        if frame.kg == 62.5:
            raise FrameError("nobody weighs that", bytes(frame))
        return SCALE.readings(frame, replace(heard, driver="their_scale"))
    """
    packages.driver("theirs", outsider(means, readings="means"))

    async def story(house):
        for kg in (61.0, 62.5, 63.0):
            house.stranger.measure(NOON.replace(minute=int(kg) - 60), kg)
        await house.until(lambda: len(house.weights(THEIRS)) == 2 and house.faults())
        return house.weights(THEIRS), [fault.reason for fault in house.faults()]

    assert play(tmp_path, story) == ([61.0, 63.0], ["nobody weighs that"])


def test_what_was_heard_is_durable_before_the_device_is_waited_for(tmp_path, packages):
    """The session's calls go through the link that commits first, as those of the house do."""
    packages.driver("theirs", outsider())

    async def story(house):
        house.stranger.measure(NOON, 62.5)
        await house.until(lambda: house.weights(THEIRS))
        return house.stranger.address in house.radio._connections

    assert play(tmp_path, story), "the reading was there while the talk still went on"


def test_a_log_that_is_broken_stops_the_hub_here_too(tmp_path, packages):
    """A StoreError is neither a stranger's fault nor for a stranger to swallow."""
    packages.driver("theirs", outsider())

    async def story(house):
        house.store._db.execute("drop table told")
        house.stranger.measure(NOON, 62.5)
        async with asyncio.timeout(TEST_S):
            await asyncio.Event().wait()

    with pytest.raises(BaseExceptionGroup) as stopped:
        asyncio.run(until_it_stops(tmp_path, story))
    assert stopped.group_contains(StoreError)


def test_a_bug_of_ours_is_not_taken_for_a_lost_link(tmp_path, packages):
    """What breaks while the hub takes a reading ends the visit by its own name, as with a house driver."""
    packages.driver("theirs", outsider())

    async def story(house):
        keep, bugs = house.hub.pipeline.keep, [ZeroDivisionError()]

        def keep_or_stumble(*words):
            if bugs:
                raise bugs.pop()
            keep(*words)

        house.hub.pipeline.keep = keep_or_stumble
        house.stranger.measure(NOON, 62.5)
        await house.until(lambda: house.faults())
        return house.faults()[0].reason

    assert play(tmp_path, story) == "driver fault: ZeroDivisionError"


async def until_it_stops(folder, story):
    """Run a house whose hub must end by itself."""
    house = House(folder)
    async with asyncio.timeout(TEST_S), asyncio.TaskGroup() as tasks:
        tasks.create_task(story(house))
        await house.hub.run()


def test_what_a_stranger_calls_is_read_and_meant_apart(tmp_path, packages):
    """A broadcasting device of a driver from outside is overheard; about what it repeats nobody is asked."""
    hears = """
    from devices.drivers.weight_scale import Frame

    CALLS = []

    def knows(seen):
        CALLS.append("matches")
        return seen.name == "Stranger"

    def hears(seen, told):
        CALLS.append("overhear")
        return Frame(12500) if seen.name == "Stranger" else None
    """
    packages.driver("theirs", outsider(hears, session="None", overhear="hears"))

    async def story(house):
        house.stranger.is_awake = True
        await house.until(lambda: house.weights(THEIRS))
        house.scale.measure(NOON, 75.0)
        await house.until(lambda: house.weights(OURS))  # by then it has called again
        return house.weights(THEIRS), sys.modules["theirs"].CALLS[1:]  # the first was asked at loading

    assert play(tmp_path, story) == ([62.5], ["matches", "overhear"])


def test_the_house_pays_nothing(tmp_path, packages):
    """Without a driver from outside no thread is ever begun; with one, none for what the house knows."""

    async def story(house):
        house.scale.measure(NOON, 75.0)
        await house.until(lambda: house.weights(OURS))
        return [thread.name for thread in threading.enumerate() if thread.name.startswith("outside:")]

    before = [thread.name for thread in threading.enumerate() if thread.name.startswith("outside:")]
    assert play(tmp_path / "without", story) == before
    packages.driver("theirs", outsider())
    assert play(tmp_path / "with", story) == before
