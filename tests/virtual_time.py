"""Runs a coroutine in virtual time: a test of an hour takes none, and a deadlock fails."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from simulators.loop import SimLoop

LIMIT_S = 24 * 3600.0


def in_virtual_time(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run to the end, within a virtual day."""
    with asyncio.Runner(loop_factory=SimLoop) as runner:
        return runner.run(asyncio.wait_for(coroutine, LIMIT_S))
