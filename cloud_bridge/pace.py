"""How fast a backlog may go, so that many homes that come back at once leave the ward room; pure."""

from dataclasses import dataclass
from random import Random

WINDOW_BATCHES = 4
"""So many batches of a backlog are in flight at most."""

GOOD_S = 2.0
"""A ward that answers within this has room for more; in the queues of a slower one alerts wait."""

REST_S_MIN, REST_S_MAX = 0.25, 60.0


@dataclass(slots=True)
class Pace:
    """How many batches of a backlog may be in flight, and how long to rest between them.

    Begins with one, grows while the ward answers in good time, and gives way when it does not:
    first fewer batches, then longer rests.
    """

    batches: int = 1
    rest_s: float = 0.0
    took_s: float = 0.0
    """How long the last answer took."""

    def answered(self, took_s: float) -> None:
        """Learn from a batch that was answered."""
        self.took_s = took_s
        if took_s > GOOD_S:
            self.give_way()
        elif self.rest_s:
            self.rest_s = self.rest_s / 2 if self.rest_s > REST_S_MIN else 0.0
        else:
            self.batches = min(WINDOW_BATCHES, self.batches + 1)

    def give_way(self) -> None:
        """Slow down: the ward is slow, silent, or something on the way has lost a batch."""
        if self.batches == 1:
            self.rest_s = min(REST_S_MAX, max(REST_S_MIN, 2 * self.rest_s, self.took_s))
        self.batches = max(1, self.batches // 2)

    def pause_s(self, dice: Random) -> float:
        """Return how long to rest now: anything up to twice the rest, so that homes fall out of step."""
        return dice.uniform(0.0, 2 * self.rest_s) if self.rest_s else 0.0
