"""Runs a program until it is done or a person says stop; what a person must act on is one clear line."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any

EXIT_STOPPED = 0


def utc_now() -> datetime:
    """Return the machine's time. The one clock of hub and ward; everything else is handed `now`."""
    return datetime.now(UTC)  # noqa: TID251 - this is the shell that owns the clock


def run_program(work: Coroutine[Any, Any, int]) -> int:
    """Run to the end and return the exit code; Ctrl-C and SIGTERM end everything in order."""
    with asyncio.Runner() as runner:
        return runner.run(_until_stopped(work))


async def _until_stopped(work: Coroutine[Any, Any, int]) -> int:
    task = asyncio.current_task()
    assert task is not None, "a program runs as a task"
    is_stopped = False

    def stop() -> None:
        nonlocal is_stopped
        is_stopped = True
        task.cancel()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows has no such handlers
            loop.add_signal_handler(number, stop)
    try:
        return await work
    except asyncio.CancelledError:
        if not is_stopped:
            raise
        return EXIT_STOPPED


def causes(error: BaseException) -> list[BaseException]:
    """Return the single errors inside a group, however deep."""
    if isinstance(error, BaseExceptionGroup):
        return [cause for inner in error.exceptions for cause in causes(inner)]
    return [error]


def say_error(message: str) -> None:
    """Print one line where errors belong."""
    sys.stderr.write(f"pusterom: {message}\n")
