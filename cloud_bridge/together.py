"""Runs two sides of one conversation together, and never forgets that it was told to stop."""

import asyncio
from collections.abc import Coroutine
from typing import Any


async def together(*works: Coroutine[Any, Any, None]) -> None:
    """Run until the first of them ends; stop the others and raise what it raised.

    Being cancelled always wins. A TaskGroup forgets a cancellation when a child fails in the same
    moment (up to Python 3.12), and a hub without power would live on as a ghost: found by the simulation.
    """
    loop = asyncio.get_running_loop()
    tasks = [loop.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
