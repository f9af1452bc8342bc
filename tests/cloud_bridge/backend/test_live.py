"""The fan-out: everyone who listens hears of every home, and no wake-up is lost."""

import asyncio

import pytest

from cloud_bridge.backend.live import Changes

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_what_changes_between_two_waits_is_kept() -> None:
    """A change while nobody waits wakes the next wait at once; told often, a home stands in it once."""
    changes = Changes()
    async with asyncio.timeout(5):
        with changes.subscribe() as first, changes.subscribe() as second:
            for home in ("a", "b", "a"):
                changes.notify(home)
            assert await first.wait() == {"a", "b"}
            changes.notify("c")
            assert await first.wait() == {"c"}
            assert await second.wait() == {"a", "b", "c"}


async def test_who_waits_is_woken() -> None:
    """A wait that began before the change ends with it, for everyone."""
    changes = Changes()
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        with changes.subscribe() as news:
            waiting = [group.create_task(news.wait()), group.create_task(changes.wait())]
            await asyncio.sleep(0)
            assert not any(task.done() for task in waiting)
            changes.notify("a")
            assert [await task for task in waiting] == [{"a"}, {"a"}]


async def test_who_gives_up_loses_nothing() -> None:
    """A wait that was cancelled leaves its news for the next; a listener who left is forgotten."""
    changes = Changes()
    with changes.subscribe() as news:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(news.wait())
            await asyncio.sleep(0)
            changes.notify("a")
            task.cancel()
        async with asyncio.timeout(5):
            assert await news.wait() == {"a"}
    changes.notify("b")
    assert not changes._listeners
