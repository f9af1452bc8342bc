"""How long to wait before trying again, so that a fleet which lost one broker doesn't come back in step."""

from random import Random

BACKOFF_S_MIN, BACKOFF_S_MAX = 1.0, 300.0


def backoff_s(attempt: int, dice: Random, s_max: float = BACKOFF_S_MAX) -> float:
    """Return how long to wait: anything up to a ceiling that doubles (full jitter, no storms)."""
    return dice.uniform(0.0, min(s_max, BACKOFF_S_MIN * 2.0 ** min(attempt, 30)))
