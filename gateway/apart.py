"""Runs a stranger's code apart: in a thread that nobody waits for longer than a deadline.

A thread can't be ended from outside. One that never comes back is left behind; it is a daemon, so
that even then the program can leave.
"""

import asyncio
import concurrent.futures
import threading
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

T = TypeVar("T")

Outcome = concurrent.futures.Future


class LateError(Exception):
    """A stranger's code did not come back in time."""

    def __init__(self, deadline_s: float) -> None:
        super().__init__(f"no answer within {deadline_s:g} s")


class StrangeError(Exception):
    """A stranger's code ended with what would end, or confuse, whoever waits for it."""


_ENDS_US = (StopIteration, StopAsyncIteration, concurrent.futures.CancelledError)


def apart(call: Callable[[], T], name: str) -> Outcome[T]:
    """Begin this call in a thread of its own; whatever it raises is an Exception."""
    outcome: Outcome[T] = concurrent.futures.Future()
    outcome.set_running_or_notify_cancel()  # who no longer waits must not make the thread stumble

    def work() -> None:
        try:
            result = call()
        except BaseException as error:  # noqa: BLE001 - a stranger's SystemExit must not end the hub
            outcome.set_exception(_bearable(error))
        else:
            outcome.set_result(result)

    threading.Thread(target=work, name=f"outside:{name}", daemon=True).start()
    return outcome


def wait_for_all(outcomes: Iterable[Outcome[Any]], deadline_s: float) -> None:
    """Return when all have ended, or when it is time: ask each whether it is done."""
    concurrent.futures.wait(outcomes, deadline_s)


async def ask(call: Callable[[], T], name: str, *, deadline_s: float) -> T:
    """Return what this call returns in a thread of its own, and let others live meanwhile."""
    outcome = asyncio.wrap_future(apart(call, name))
    done, _ = await asyncio.wait((outcome,), timeout=deadline_s)
    if not done:
        outcome.add_done_callback(lambda late: late.cancelled() or late.exception())  # nobody else asks
        raise LateError(deadline_s)
    return outcome.result()


def _bearable(error: BaseException) -> Exception:
    if isinstance(error, Exception) and not isinstance(error, _ENDS_US):
        return error
    return StrangeError(f"{type(error).__name__}: {error}")
