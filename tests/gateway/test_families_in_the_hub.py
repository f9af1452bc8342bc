"""Trend, silence and nights in the hub: they stand in the log, over restarts, and follow from it again."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from cloud_bridge.contract.entries import EntryKind
from cloud_bridge.contract.nights import NightSummary, night_from
from devices.kinds import Kind
from gateway.judged_anew import judged_anew
from gateway.store.log_reader import Met
from tests.gateway.alerts.scenarios import plan_named
from tests.gateway.alerts.test_nights import blocks_of
from tests.gateway.test_plan_in_force import Home
from tests.given import NOON, reading

DAY = timedelta(days=1)
ASKING = plan_named("copd", {"schedule.timezone": "Europe/Oslo", "trend.is_on": True})
NIGHTLY = plan_named("hypercapnic", {"night.goal.nights_in_a_row": 1})
DAY_MIN = 24 * 60


def calm_and_worse(day):
    """Return what a person has on this day: sixteen calm ones, three a little worse, then calm ones again."""
    return (92.6, 90.0) if 16 <= day < 19 else (95 + (day * 7 % 3 - 1) * 0.5, 78 + day * 5 % 3)


def says_day(home, day):
    """Let the home measure once on a day, a little after noon."""
    spo2, pulse = calm_and_worse(day)
    minute = day * DAY_MIN
    home.says(reading(spo2, minute=minute), reading(pulse, kind=Kind.PULSE_RATE, minute=minute))


def told(home, rule):
    """Return every change of one rule's alerts."""
    return [(one.change, one.severity) for one in home.alerts() if one.rule == rule]


def assert_follows(home):
    """What the log holds leads to the same alerts again, and to the same memory."""
    steps = list(judged_anew(home.store.entries(after=0, count_max=100_000)))
    assert [one for step in steps for one in step.verdict.changes] == home.alerts()
    assert steps[-1].verdict.state == home.pipeline.state


def test_a_slow_worsening_opens_and_closes_with_its_figures(tmp_path):
    """Restarted every day, the hub tells it once, in figures; and the log leads to the same again."""
    home = Home(tmp_path, ASKING)
    for day in range(30):
        says_day(home, day)
        home.again(ASKING)
    assert told(home, "K1") == [("opened", 20), ("closed", 20)]
    (opened,) = [one for one in home.alerts() if one.rule == "K1" and one.change == "opened"]
    assert opened.reason.startswith("puls ")
    assert "under det vanlige i" in opened.reason
    assert opened.level == "yellow"
    assert len(opened.readings) >= 4
    assert_follows(home)


def test_what_is_asked_for_and_does_not_come_is_told_by_time_alone(tmp_path):
    """Noted after a day, told after two, over when it comes; ticks that find nothing write nothing."""
    home = Home(tmp_path, ASKING)
    home.pipeline.begin()
    says_day(home, 0)
    kept = home.store.highest
    for hour in range(1, 26):
        home.now = NOON + timedelta(hours=hour)
        home.pipeline.tick()
    assert home.store.highest == kept
    for hour in range(26, 80):
        home.now = NOON + timedelta(hours=hour)
        home.pipeline.tick()
    assert told(home, "silence-saturation") == [("opened", 0), ("closed", 0), ("opened", 20)]
    says_day(home, 4)
    assert told(home, "silence-saturation")[-1] == ("closed", 20)
    assert_follows(home)


def low_night(on, share):
    """Return a night of five hours in Blocks, above the goal for this share of the time."""
    seconds = 5 * 3600
    samples = [95.0 if n < share * seconds else 85.0 for n in range(seconds)]
    return blocks_of(samples, begins_at=datetime.combine(on, datetime.min.time(), UTC) + timedelta(hours=22))


@pytest.mark.parametrize(("share", "opened"), [(0.4, True), (0.9, False)])
def test_a_night_is_summed_up_once_and_judged(tmp_path, share, opened):
    """Its summary is an entry, its samples stay, and one that misses the goal is told; a restart or not."""
    home = Home(tmp_path, NIGHTLY)
    blocks = low_night(NOON.date(), share)
    home.now = blocks[-1].received_at
    home.pipeline.keep(blocks, [], Met("ring", "viatom_o2ring", home.now))
    home.again(NIGHTLY)
    for hour in range(12, 30):
        home.now = NOON + timedelta(hours=hour)
        home.pipeline.tick()
    (night,) = [night_from(entry.body) for entry in home.entries(EntryKind.NIGHT)]
    assert isinstance(night, NightSummary)
    assert (night.on, night.valid_minutes) == (NOON.date(), 300.0)
    assert np.isclose(night.goal_share, share, atol=0.01)
    assert told(home, "N1") == ([("opened", 20)] if opened else [])
    assert_follows(home)
