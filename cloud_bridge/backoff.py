"""How long to wait before trying again, so that a fleet which lost one broker doesn't come back in step."""

from dataclasses import dataclass
from random import Random

BACKOFF_S_MIN, BACKOFF_S_MAX = 1.0, 300.0

STEADY_S = 60.0
"""A connection that lasted so long was a good one: the next wait is short again."""

SHORT_TRIES_MAX = 4
"""A line that breaks soon, but carried something, is waited for as after so many tries at most."""


def backoff_s(attempt: int, dice: Random, s_max: float = BACKOFF_S_MAX) -> float:
    """Return how long to wait: anything up to a ceiling that doubles (full jitter, no storms)."""
    return dice.uniform(0.0, min(s_max, BACKOFF_S_MIN * 2.0 ** min(attempt, 30)))


@dataclass(slots=True)
class Tries:
    """Tries to connect: being let in proves nothing, only a connection that lasts does."""

    count: int = 0

    def ended(self, lasted_s: float, *, has_carried: bool) -> None:
        """Learn from a connection that is over, or never was."""
        if lasted_s >= STEADY_S:
            self.count = 0
        elif has_carried:
            self.count = min(self.count, SHORT_TRIES_MAX)

    def wait_s(self, dice: Random, s_max: float = BACKOFF_S_MAX) -> float:
        """Return how long to wait before the next try, and count it."""
        self.count += 1
        return backoff_s(self.count - 1, dice, s_max)
