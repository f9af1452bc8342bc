"""What bumble does with a cancellation, and what comes of it."""

import asyncio
import gc

import pytest
from bleak.exc import BleakError
from bumble import hci
from bumble.host import Host

from simulators.peripherals.weight_scale import WeightScaleTwin
from simulators.radio.adapter import Adapter
from simulators.radio.air import Air
from simulators.radio.controller import AirController
from simulators.radio.errors import asked, quiet_bumble
from simulators.radio.host import hosted
from tests.given import NOON

LIMIT_S = 5.0


async def forgetful(times: int, began: asyncio.Event) -> None:
    """Forget so many cancellations, as wait_for does when the answer comes in the same moment."""
    for _ in range(times):
        try:
            began.set()
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            continue
    await asyncio.Event().wait()


async def dropped() -> None:
    """End as bumble does when the link is lost: cancelled, though nobody asked for it."""
    raise asyncio.CancelledError("abort: disconnection event occurred.")


@pytest.mark.parametrize("times", [0, 1, 3])
def test_a_cancellation_reaches_whoever_forgets_it(times):
    """Who stops a talk gets it stopped, however often the library forgets that it was told."""

    async def play():
        async with asyncio.timeout(LIMIT_S), asyncio.TaskGroup() as tasks:
            began = asyncio.Event()
            talk = tasks.create_task(asked("talk", forgetful(times, began)))
            await began.wait() if times else await asyncio.sleep(0)
            talk.cancel()
            await asyncio.wait({talk})
        return talk.cancelled()

    assert asyncio.run(play())


@pytest.mark.parametrize("steps", range(1, 12, 2))
def test_a_device_that_wakes_can_be_stopped_at_any_step(steps):
    """Whoever waits for a device to be heard is stopped when told so: bumble itself forgets it each time."""

    async def play():
        twin = WeightScaleTwin()
        async with asyncio.timeout(LIMIT_S), hosted(Air(), [twin]) as (host,):
            twin.measure(NOON, 62.0)
            waking = asyncio.get_running_loop().create_task(host.refresh())
            for _ in range(steps):
                await asyncio.sleep(0)
            assert not waking.done()
            waking.cancel()
            await asyncio.wait({waking})
            return waking.cancelled()

    assert asyncio.run(play())


def test_a_link_that_is_lost_is_no_cancellation():
    """Nobody asked the task to stop: it hears of a lost link and goes on."""
    with pytest.raises(BleakError, match="read: the link was lost"):
        asyncio.run(asked("read", dropped()))


def test_an_answer_that_comes_too_late_disturbs_nobody():
    """The controller answers in the very moment in which the question is withdrawn: that is no error."""

    async def play():
        troubles = []
        asyncio.get_running_loop().set_exception_handler(lambda _, what: troubles.append(what))
        controller = AirController("F0:00:00:00:00:01", Air())
        host = Host(controller, controller)
        question = asyncio.ensure_future(host.send_sync_command(hci.HCI_Reset_Command()))  # noqa: TID251 - cancelled here
        await asyncio.sleep(0)
        question.cancel()
        await asyncio.wait({question})
        assert question.cancelled()
        await asyncio.wait_for(host.send_sync_command(hci.HCI_Reset_Command()), LIMIT_S)
        return troubles

    assert asyncio.run(play()) == []


def test_what_bumble_forgets_to_await_is_no_trace(caplog):
    """Bumble orders some things and watches none of them: that a link has ended meanwhile is no news.

    What else goes wrong in a task that nobody watches is said as ever.
    """
    quiet_bumble()
    late = hci.HCI_LE_Long_Term_Key_Request_Negative_Reply_Command(connection_handle=7)

    async def fail() -> None:
        raise KeyError("a bug")

    async def play():
        controller = AirController("F0:00:00:00:00:01", Air())
        host = Host(controller, controller)
        await host.reset()
        tasks = [
            asyncio.get_running_loop().create_task(work) for work in (host.send_sync_command(late), fail())
        ]
        await asyncio.wait(tasks)
        tasks.clear()
        gc.collect()

    asyncio.run(play())
    said = [record.exc_info[0] for record in caplog.records if record.name == "asyncio"]
    assert said == [KeyError]


def test_letting_go_twice_stops_nobody():
    """A link that has ended is let go again when its visit is over: whoever starts then goes on."""

    async def play():
        adapter = Adapter(Air())
        link, scan = object(), object()
        await adapter.attach(link)
        adapter.detach(link)
        async with asyncio.timeout(LIMIT_S), asyncio.TaskGroup() as tasks:
            started = tasks.create_task(adapter.attach(scan))
            await asyncio.sleep(0)
            adapter.detach(link)
        assert started.result().powered_on
        adapter.detach(scan)

    asyncio.run(play())
