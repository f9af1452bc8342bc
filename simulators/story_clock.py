"""A clock that tells a story: it jumps from one event to the next, and between jumps runs like any other."""

from collections.abc import Callable
from datetime import datetime, timedelta


class StoryClock:
    """Time in the story; `steady_s` is real time, so that a visit lasts as long as it really lasts."""

    def __init__(self, begins_at: datetime, steady_s: Callable[[], float]) -> None:
        self._steady_s = steady_s
        self._told_at = begins_at
        self._since_s = steady_s()

    def now(self) -> datetime:
        """The story's time."""
        return self._told_at + timedelta(seconds=self._steady_s() - self._since_s)

    def jump_to(self, at: datetime) -> None:
        """Go on at a later moment; time never runs back."""
        if at > self.now():
            self._told_at, self._since_s = at, self._steady_s()
