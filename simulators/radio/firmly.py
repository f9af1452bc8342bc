"""Waits for bumble, and never forgets that it was told to stop."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

TELL_AGAIN_S = 0.05


async def firmly(work: Coroutine[Any, Any, T]) -> T:
    """Return what this work returns; a cancellation is repeated until the work has ended.

    bumble waits for its controller with wait_for, which in Python 3.11 forgets a cancellation when
    the answer is there already; on an air of this process it always is.
    """
    task = asyncio.get_running_loop().create_task(work)
    try:
        await asyncio.wait({task})
    except asyncio.CancelledError:
        while not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=TELL_AGAIN_S)
        if not task.cancelled():
            task.exception()  # seen; whoever would have cared is leaving
        raise
    return task.result()
