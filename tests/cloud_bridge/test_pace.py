"""How fast a backlog goes: as fast as the ward takes it, and never so fast that alerts wait in its queues."""

from heapq import heappop, heappush
from itertools import count
from random import Random

import pytest

from cloud_bridge.contract.entries import LogSpan
from cloud_bridge.pace import GOOD_S, REST_S_MAX, WINDOW_BATCHES, Pace
from cloud_bridge.uplink import Window
from tests.cloud_bridge.some_far_end import FarEnd


def test_a_quick_ward_gets_a_whole_window_and_no_rest():
    """One batch to begin with, then more with each good answer, up to a window; nobody rests."""
    pace = Pace()
    begun = pace.batches
    for _ in range(20):
        pace.answered(GOOD_S)
    assert (begun, pace.batches, pace.pause_s(Random(1))) == (1, WINDOW_BATCHES, 0.0)


def test_a_slow_ward_gets_less_and_less_and_is_tried_again():
    """First fewer batches, then rests that double up to a limit; good answers undo it, rests first."""
    pace, rests = Pace(batches=4), []
    for _ in range(20):
        pace.answered(GOOD_S + 0.1)
        rests.append(pace.rest_s)
    assert rests[0] == 0.0
    assert rests == sorted(rests)
    assert (pace.batches, rests[-1]) == (1, REST_S_MAX)
    for _ in range(40):
        pace.answered(0.1)
    assert (pace.batches, pace.rest_s) == (WINDOW_BATCHES, 0.0)


@pytest.mark.parametrize("batches_per_s", [20, 100])
def test_five_hundred_homes_that_come_back_leave_room_for_an_alert(batches_per_s):
    """All with a month of backlog, back within two minutes: alerts wait seconds, the ward is kept busy."""
    rush = Rush(homes=500, work_s=1 / batches_per_s, back_s_max=120.0)
    rush.live(until_s=300.0)
    assert len(rush.waits_s) > 300
    assert max(rush.waits_s) < 10
    assert rush.taken_count > 0.7 * batches_per_s * (300 - 120)


class Rush:
    """Homes that come back to one ward, which takes batches one after the other, in the order sent."""

    def __init__(self, *, homes: int, work_s: float, back_s_max: float) -> None:
        dice = Random(7)
        self.windows = [Window(0, Random(home)) for home in range(homes)]
        self.wards = [FarEnd() for _ in range(homes)]
        self.highest = [143_200] * homes
        self.work_s = work_s
        self.free_s = 0.0
        self.waits_s: list[float] = []
        self.taken_count = 0
        self.wakes: dict[int, float] = {}
        self.number = count()
        self.events: list[tuple[float, int, int, object]] = []
        for home in range(homes):
            back_s = dice.uniform(0, back_s_max)
            self.plan(back_s, home, "back")
            self.plan(back_s + dice.uniform(10, 150), home, "alert")

    def logs(self, home: int) -> tuple[LogSpan, ...]:
        """Return the one name of this home's log."""
        return (LogSpan("L", 1, self.highest[home]),)

    def plan(self, at_s: float, home: int, what: object) -> None:
        """Let something happen later."""
        heappush(self.events, (at_s, next(self.number), home, what))

    def live(self, until_s: float) -> None:
        """Let everything happen, in its order."""
        while self.events[0][0] < until_s:
            now_s, _, home, what = heappop(self.events)
            self.happen(now_s, home, what)
            self.send(now_s, home)

    def happen(self, now_s: float, home: int, what: object) -> None:
        """Let one thing happen in one home."""
        window = self.windows[home]
        if what == "back":
            window.connected(now_s)
            window.take(self.wards[home].position(), self.logs(home), now_s)
        elif what == "alert":
            self.highest[home] += 1
            window.hurry([self.highest[home]])
        elif isinstance(what, tuple):
            sent, at_s = what
            window.take(self.wards[home].take(sent.spans), self.logs(home), now_s)
            self.waits_s += [now_s - at_s] if sent.is_hurried else []
            self.taken_count += 1

    def send(self, now_s: float, home: int) -> None:
        """Send what this home's window says, and wake it when something is due there."""
        window = self.windows[home]
        window.expire(now_s)
        while (sent := window.next(now_s, self.logs(home))) is not None:
            window.sent(sent, "", now_s)
            self.free_s = max(self.free_s, now_s) + self.work_s
            self.plan(self.free_s + 0.1, home, (sent, now_s))
        wake_at_s = window.wake_at_s(now_s)
        if wake_at_s is not None and not now_s < self.wakes.get(home, 0.0) <= wake_at_s:
            self.wakes[home] = wake_at_s
            self.plan(wake_at_s, home, "wake")
