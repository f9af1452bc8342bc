"""What is usual: learnt from unremarkable days only, slowly, and never hiding a slow decline."""

from datetime import date, timedelta
from statistics import fmean, variance

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_bridge.contract.trend_settings import TrendSettings
from devices.kinds import Kind
from gateway.alerts.baseline import Baseline, learnt
from tests.gateway.alerts.trend_days import Diary

SETTINGS = TrendSettings()
SPO2, PULSE = SETTINGS.signals[Kind.SPO2], SETTINGS.signals[Kind.PULSE_RATE]
DAY = date(2027, 1, 4)


def baseline_of(values, every=1):
    """Learn these values, one day each."""
    baseline = Baseline()
    for number, value in enumerate(values):
        baseline = learnt(SETTINGS, baseline, value, DAY + timedelta(days=every * number))
    return baseline


@given(st.lists(st.floats(80, 100), min_size=2, max_size=13))
def test_a_young_baseline_is_the_plain_mean_and_variance(values):
    """Until it counts, it is what anybody would compute from the values."""
    baseline = baseline_of(values)
    assert baseline.mean == pytest.approx(fmean(values))
    assert baseline.variance == pytest.approx(variance(values), abs=1e-6)


def test_it_counts_after_fourteen_days_with_ten_readings():
    """Nine readings in fourteen days are too few, ten are enough, and ten in ten days are too early."""
    assert not baseline_of([92] * 10).is_ready(SETTINGS)
    assert baseline_of([92] * 14).is_ready(SETTINGS)
    assert not baseline_of([92] * 9, every=2).is_ready(SETTINGS)
    assert baseline_of([92] * 10, every=2).is_ready(SETTINGS)


def test_the_spread_is_drawn_to_that_of_stable_patients_and_has_a_floor():
    """Three equal mornings prove no calm person: fourteen equal ones come near the floor, no further."""
    assert baseline_of([92, 92, 92]).sd(SETTINGS, SPO2) == pytest.approx(1.0 * (7 / 9) ** 0.5)
    assert baseline_of([92] * 60).sd(SETTINGS, SPO2) == SPO2.sd_floor
    assert baseline_of([80] * 60).sd(SETTINGS, PULSE) == PULSE.sd_floor


def test_an_old_baseline_moves_by_a_sixtieth_a_day():
    """One more unremarkable day a point lower moves the usual by a sixtieth of a point."""
    old = baseline_of([92] * 20)
    assert learnt(SETTINGS, old, 91, DAY + timedelta(days=20)).mean == pytest.approx(92 - 1 / 60)


@pytest.mark.parametrize("around", [{"is_alert_open": True}, {"treated_at": 1}, {"worsened_at": 1}])
def test_it_is_frozen_by_an_alert_a_treatment_and_worse_symptoms(around):
    """What is measured in such days is not what is usual."""
    diary = Diary().quiet(20)
    diary.live((0, 0))
    before = diary.usual().baseline
    at = diary.at()
    diary.around = {name: at if what == 1 else what for name, what in around.items()}
    diary.live(*[(-1.0, 3.0)] * 3)
    assert diary.usual().baseline.count <= before.count + 1, "only the day before it may still be learnt"


def test_it_thaws_fourteen_days_after_a_treatment():
    """On the fifteenth day the usual learns again."""
    diary = Diary().quiet(20)
    diary.around = {"treated_at": diary.at()}
    diary.quiet(14)
    frozen = diary.usual().baseline.count
    diary.quiet(4)
    assert diary.usual().baseline.count > frozen


def test_a_remarkable_day_teaches_nothing():
    """A day far off, to either side, is scored and not learnt."""
    for off in (-3.0, 3.0):
        diary = Diary().quiet(20).live((0, 0))
        count = diary.usual().baseline.count
        diary.live((off, -5 * off)).live((0, 0))
        assert diary.usual().baseline.count == count + 1


def test_a_slow_decline_that_the_baseline_follows_is_told_against_the_plans_reference():
    """Two points in half a year open no trend, and are told as a drift, once, until a new signature."""
    diary = Diary().quiet(20)
    for day in range(400):
        diary.spo2 = 92 - day / 130
        diary.quiet(1)
    assert diary.said() == []
    assert diary.said("drift") == ["opened"]
    diary.around = {"signed_at": diary.at()}
    diary.quiet(3)
    assert diary.said("drift") == ["opened", "closed"]
