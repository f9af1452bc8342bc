"""An event loop in which waiting costs nothing and a deadlock is a failure."""

import asyncio
import selectors
from collections.abc import Callable
from typing import Any


class NothingLeftError(RuntimeError):
    """Every task waits for something that can no longer happen."""


class _JumpingSelector(selectors.DefaultSelector):
    """Instead of sleeping until the next timer, moves the loop's clock there."""

    loop: "SimLoop"

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return at once; without any timer there is nothing left to wait for."""
        if timeout is None:
            raise NothingLeftError("every task waits, and no timer runs")
        self.loop.virtual_s += max(0.0, timeout)
        self.loop.step()
        return super().select(0)


class SimLoop(asyncio.SelectorEventLoop):
    """Runs asyncio code in virtual time, on one thread, the same way every time."""

    def __init__(self) -> None:
        self.virtual_s = 0.0
        self._steps_left = 0
        self._act: Callable[[], object] = lambda: None
        selector = _JumpingSelector()
        selector.loop = self
        super().__init__(selector)
        # After 97 virtual days the default of 1e-9 s drowns in the float, and timers would never come due.
        self._clock_resolution = 1e-6

    def time(self) -> float:
        """Return virtual seconds since the loop began."""
        return self.virtual_s

    def after_steps(self, count: int, act: Callable[[], object]) -> None:
        """Act between two awaits, so many steps from now: wherever the programs then stand."""
        self._steps_left, self._act = count, act

    def step(self) -> None:
        """Count one round of the loop."""
        self._steps_left -= 1
        if self._steps_left == 0:
            self._act()

    def run_in_executor(  # type: ignore[override]  # the base is typed for any number of executors
        self,
        executor: object,  # noqa: ARG002 - there is only this thread
        func: Callable[..., Any],
        *args: Any,  # noqa: ANN401 - as the base
    ) -> asyncio.Future[Any]:
        """Run at once: no thread, no race, no lost determinism."""
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - handed to whoever awaits
            future.set_exception(error)
        return future
