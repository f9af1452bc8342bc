"""The inbox of a link: in order, bounded, honest about its end."""

import asyncio

import pytest

from devices.driver import LinkError
from gateway.inbox import Inbox
from tests.virtual_time import in_virtual_time

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_what_arrived_is_handed_out_before_the_end() -> None:
    """Everything that came before the link ended is received, in order, and only then the reason."""
    inbox = Inbox()
    inbox.put("a", b"1")
    inbox.put("b", b"2")
    inbox.close("gone")
    assert len(inbox) == 2
    assert [await inbox.take(1), await inbox.take(1)] == [("a", b"1"), ("b", b"2")]
    for _ in range(2):
        with pytest.raises(LinkError, match="gone"):
            await inbox.take(1)


async def test_an_end_wakes_who_waits() -> None:
    """A receiver does not sit out its time-out once there is nothing to wait for."""
    inbox = Inbox()
    asyncio.get_running_loop().call_soon(inbox.close, "gone")
    async with asyncio.timeout(2):
        with pytest.raises(LinkError, match="gone"):
            await inbox.take(60)


async def test_news_wakes_who_waits() -> None:
    """A receiver gets what arrives while it waits."""
    inbox = Inbox()
    asyncio.get_running_loop().call_soon(inbox.put, "a", b"1")
    assert await inbox.take(2) == ("a", b"1")


async def test_silence_is_said_with_its_length() -> None:
    """Nothing in time is a LinkError; what comes later is still received."""
    inbox = Inbox()
    with pytest.raises(LinkError, match=r"silent for 0\.01 s"):
        await inbox.take(0.01)
    inbox.put("a", b"1")
    assert await inbox.take(0) == ("a", b"1")


async def test_a_full_inbox_ends_the_link_and_loses_nothing_before() -> None:
    """Too much at once: all that found room is handed out, then it is said that the rest is lost."""
    inbox = Inbox(waiting_count_max=3)
    for number in range(5):
        inbox.put("a", bytes([number]))
    assert inbox.end is not None
    assert [(await inbox.take(1))[1] for _ in range(3)] == [b"\0", b"\1", b"\2"]
    inbox.put("a", b"late")
    with pytest.raises(LinkError, match="more than 3"):
        await inbox.take(1)


async def test_the_first_reason_counts() -> None:
    """A link that ended for one reason doesn't change its mind."""
    inbox = Inbox()
    inbox.close("first")
    inbox.close("second")
    assert inbox.end == "first"


def test_a_step_ends_when_its_link_does():
    """Who waits for an answer on a link that is gone learns it at once, also when the stack says nothing."""

    async def life():
        inbox, loop = Inbox(), asyncio.get_running_loop()
        loop.call_later(2, inbox.close, "the device hung up")
        loop.call_later(2.5, inbox.close, "again")
        with pytest.raises(TimeoutError):
            async with inbox.patience(30):
                await asyncio.Event().wait()
        ended_s = loop.time()
        with pytest.raises(TimeoutError):
            async with Inbox().patience(30):
                await asyncio.Event().wait()
        return ended_s, loop.time()

    assert in_virtual_time(life()) == (2, 32)


def test_a_step_that_ends_in_time_is_left_alone():
    """The end of the link comes after the answer, and nobody is interrupted."""

    async def life():
        inbox = Inbox()
        async with inbox.patience(30):
            pass
        inbox.close("over")
        await asyncio.sleep(1)

    in_virtual_time(life())
