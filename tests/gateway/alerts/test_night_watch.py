"""When a night is over, and when somebody is told of one that misses the plan's goal."""

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from cloud_bridge.contract.night_settings import NightGoal, NightSettings
from cloud_bridge.contract.nights import NightRefused
from devices.kinds import Kind
from devices.readings import Quality
from gateway.alerts.night_watch import NIGHTS_MAX, NightMemory, hear, over, put_in_force, revision_of, take
from gateway.alerts.nights import sum_up
from tests.gateway.alerts.test_nights import BEGINS, LTOT, ON, OSLO, blocks_of

MORNING = datetime(2027, 1, 5, 8, tzinfo=UTC)
"""When the night of the 4th ends, by the home's clock at nine."""
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
HALF_HOUR = 30 * MINUTE


def told(memory, blocks, now):
    """Return the memory after these blocks, each heard now."""
    for each in blocks:
        memory = NightMemory.from_bytes(bytes(hear(LTOT, memory, each, now, OSLO).memory))
    return memory


def ended(day, share, memory, settings=LTOT, hours=5):
    """Return what a night leads to, `day` days after the 4th, with such a share of it above the goal."""
    count = round(hours * 3600 * share)
    samples = [95.0] * count + [85.0] * (hours * 3600 - count)
    blocks = blocks_of(samples, begins_at=BEGINS + day * DAY)
    memory = told(memory, blocks[:2], MORNING + day * DAY)
    on = ON + day * DAY
    return take(settings, memory, sum_up(settings, on, blocks, OSLO, revision=revision_of(memory, on)))


def test_a_night_is_over_when_its_window_has_ended_and_nothing_more_comes():
    """Not while it is worn, not before nine, not half an hour after the last of it; then once."""
    memory = told(NightMemory(), blocks_of([95.0] * 3600), BEGINS + 61 * MINUTE)
    assert over(LTOT, memory, MORNING - MINUTE, OSLO) == ()
    assert over(LTOT, memory, MORNING, OSLO) == (ON,)
    worn = told(memory, blocks_of([95.0] * 60, begins_at=MORNING - MINUTE), MORNING)
    assert over(LTOT, worn, MORNING + HALF_HOUR - MINUTE, OSLO) == ()
    assert over(LTOT, worn, MORNING + HALF_HOUR, OSLO) == (ON,)
    summed = take(LTOT, worn, sum_up(LTOT, ON, blocks_of([95.0] * 5 * 3600), OSLO)).memory
    assert over(LTOT, summed, MORNING + DAY, OSLO) == ()


def test_a_stored_night_in_two_parts_is_one_night():
    """The second file comes ten minutes after the first: summed up once, half an hour after that."""
    stored = (Quality.FROM_STORAGE,)
    memory = told(NightMemory(), blocks_of([95.0] * 120, quality=stored), MORNING + 60 * MINUTE)
    second = blocks_of([95.0] * 120, begins_at=BEGINS + 300 * MINUTE, quality=stored)
    memory = told(memory, second, MORNING + 70 * MINUTE)
    assert over(LTOT, memory, MORNING + 95 * MINUTE, OSLO) == ()
    assert over(LTOT, memory, MORNING + 100 * MINUTE, OSLO) == (ON,)


def test_what_comes_after_the_summary_makes_a_new_revision_of_the_same_night():
    """A late part is not lost, and the night is judged anew in place of itself."""
    low = ended(0, 0.5, NightMemory())
    assert (low.finding.change, low.memory.row) == ("opened", 1)
    again = told(low.memory, blocks_of([95.0] * 60), MORNING + DAY)
    assert over(LTOT, again, MORNING + DAY + HALF_HOUR, OSLO) == (ON,)
    assert revision_of(again, ON) == 2
    better = ended(0, 0.9, again)
    assert (better.finding.change, better.finding.id, better.memory.row) == ("closed", low.finding.id, 0)
    worse = ended(0, 0.5, better.memory)
    assert worse.finding.id != low.finding.id


def test_in_whatever_order_its_blocks_come_the_night_is_over_at_the_same_time():
    """Shuffled or not, the same memory."""
    blocks = blocks_of([95.0] * 600)
    shuffled = Random(3).sample(blocks, len(blocks))
    assert told(NightMemory(), blocks, MORNING) == told(NightMemory(), shuffled, MORNING)


@pytest.mark.parametrize("share", [0.0, 0.70])
def test_a_night_at_or_below_the_goal_is_told_and_a_better_one_ends_it(share):
    """More than 70 per cent is the goal: 70 itself misses it."""
    low = ended(0, share, NightMemory())
    assert (low.finding.why, low.finding.share, low.finding.goal_share) == ("below_goal", share, 0.7)
    assert ended(1, share, low.memory).finding is None
    good = ended(2, 0.71, low.memory)
    assert (good.finding.change, good.finding.why, good.finding.id) == ("closed", "goal_kept", low.finding.id)


def test_a_plan_may_wait_for_nights_in_a_row():
    """Two in a row, a good one between them begins anew, and one that is told twice is one."""
    patient = NightSettings(goal=NightGoal(nights_in_a_row=2))
    step = ended(0, 0.5, NightMemory(), patient)
    assert ended(0, 0.5, step.memory, patient).finding is None
    assert ended(1, 0.5, ended(1, 0.9, step.memory, patient).memory, patient).finding.change == "opened"
    broken = ended(1, 0.9, step.memory, patient).memory
    assert ended(2, 0.5, broken, patient).finding is None


def test_a_refused_night_is_technical_and_changes_nothing():
    """Two hours at 80 open nothing and close nothing."""
    low = ended(0, 0.5, NightMemory())
    for memory in (NightMemory(), low.memory):
        refused = ended(1, 0.0, memory, hours=2)
        assert refused.finding is None
        assert (refused.memory.row, refused.memory.open_id) == (memory.row, memory.open_id)
    assert isinstance(sum_up(LTOT, ON, blocks_of([80.0] * 7200), OSLO), NightRefused)


def test_an_older_night_that_is_told_late_is_not_judged():
    """What was low a week ago opens nothing after a good night."""
    good = ended(5, 0.9, NightMemory())
    assert ended(0, 0.0, good.memory).finding is None


def test_a_plan_without_the_goal_ends_what_was_open():
    """Off oxygen, or no nights any more: it says so, once."""
    low = ended(0, 0.5, NightMemory())
    for settings in (None, NightSettings()):
        step = put_in_force(settings, low.memory)
        assert (step.finding.why, step.finding.id) == ("no_goal", low.finding.id)
        assert put_in_force(settings, step.memory).finding is None
    assert put_in_force(LTOT, low.memory).finding is None


def test_what_is_of_no_night_is_refused_with_its_reason():
    """Another kind, by day, or of a time that nobody knows."""
    (one,) = blocks_of([95.0] * 60)
    wrong = {
        "no saturation": replace(one, kind=Kind.PULSE_RATE),
        "by day": replace(one, measured_at=MORNING + MINUTE),
        "undated": replace(one, measured_at=datetime(1970, 1, 1, tzinfo=UTC)),
    }
    for why, each in wrong.items():
        step = hear(LTOT, NightMemory(), each, MORNING, OSLO)
        assert (step.refusal, step.memory) == (why, NightMemory())
    assert over(LTOT, told(NightMemory(), [one], MORNING), datetime(1970, 1, 9, tzinfo=UTC), OSLO) == ()


def test_the_memory_does_not_grow():
    """Two years of nights, and the newest three weeks of them are in mind."""
    memory, sizes = NightMemory(), []
    for day in range(730):
        memory = told(memory, blocks_of([95.0] * 60, begins_at=BEGINS + day * DAY), MORNING + day * DAY)
        sizes.append(len(bytes(memory)))
    assert len(memory.nights) == NIGHTS_MAX
    assert sizes[-1] <= sizes[NIGHTS_MAX] + 10
    old = blocks_of([95.0] * 60)[0]
    assert hear(LTOT, memory, old, MORNING + 730 * DAY, OSLO).refusal == "too old"


def test_numpy_is_not_on_the_way_of_a_reading():
    """A hub that hears Blocks and waits for the end of a night does not even load it, nor does a library."""
    told = "import sys, gateway.start; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", told], check=False).returncode == 0
