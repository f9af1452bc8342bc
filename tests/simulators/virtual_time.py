"""Runs a coroutine in virtual time: a test of an hour takes none."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any

LIMIT_S = 24 * 3600.0


class _Jumping(selectors.DefaultSelector):
    now_s = 0.0

    def select(self, timeout: float | None = None) -> Any:
        assert timeout is not None, "every task waits for something that can no longer happen"
        self.now_s += max(0.0, timeout)
        return super().select(0)


def in_virtual_time(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run to the end, within a virtual day; a deadlock fails."""
    selector = _Jumping()
    loop = asyncio.SelectorEventLoop(selector)
    loop.time = lambda: selector.now_s
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(asyncio.wait_for(coroutine, LIMIT_S))
