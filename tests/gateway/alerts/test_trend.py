"""Rule K1: a slow worsening is told once, in figures, and never without a baseline."""

from datetime import timedelta

import pytest

from cloud_bridge.contract.trend_settings import TrendSettings
from devices.kinds import Kind
from devices.readings import Quality
from gateway.alerts.days import day_score
from gateway.alerts.trend import hear, usual_of
from gateway.alerts.trend_memory import Around
from gateway.alerts.usual import Deviation
from tests.gateway.alerts.trend_days import FIRST, OSLO, Diary, check

WORSE = (-2.0, 8.0)


def test_a_slow_worsening_opens_one_alert_with_its_figures():
    """Pulse 6 above and saturation 1.5 below the usual: the ground says so, and for how many days."""
    diary = Diary().quiet(24).live(*[(-1.5, 6.0)] * 5)
    assert diary.said() == ["opened"]
    ground = next(each for each in diary.findings if each.rule == "trend").ground
    assert ground.amounts[Kind.PULSE_RATE] == pytest.approx(6, abs=0.5)
    assert ground.amounts[Kind.SPO2] == pytest.approx(-1.5, abs=0.2)
    assert 3 <= ground.days <= 4
    assert ground.score >= ground.limit == TrendSettings().limit_alone
    assert not ground.is_with_symptoms
    assert len(ground.readings) >= 6


def test_quiet_days_open_nothing():
    """Somebody who is as usual is left alone for a year."""
    assert Diary().quiet(365).findings == []


def test_worse_symptoms_lower_the_limit_for_three_days():
    """A trend too small to be told alone is told when the answers say worse, also after the reading."""
    small = [(-1.0, 5.0)] * 4
    assert Diary().quiet(24).live(*small).said() == []
    diary = Diary().quiet(24).live(*small)
    diary.day -= 1
    diary.around = {"worsened_at": diary.at(0.5)}
    diary.look(1.0)
    assert diary.said() == ["opened"]
    assert diary.findings[-1].ground.is_with_symptoms
    old = Diary().quiet(24).live(*small)
    old.day -= 1
    old.around = {"worsened_at": old.at() - timedelta(days=3)}
    old.look(1.0)
    assert old.said() == []


def test_an_episode_closes_with_hysteresis_and_locks_out_the_next_for_a_week():
    """Once told, a trend stays open until it is clearly over; the next comes a week later at the earliest."""
    diary = Diary().quiet(24).live(WORSE, WORSE).live((0.0, 0.0))
    assert diary.said() == ["opened"], "better than what opened it is not yet over"
    diary.live((2.0, -10.0))
    assert diary.said() == ["opened", "closed"]
    diary.live(*[(-4.0, 20.0)] * 4)
    assert diary.said() == ["opened", "closed"]
    diary.live(*[(-4.0, 20.0)] * 2)
    assert diary.said() == ["opened", "closed", "opened"]
    first, _, second = (each.on for each in diary.findings)
    assert (second - first).days == 7


def test_without_a_baseline_nothing_is_told_and_it_is_said():
    """For the first fourteen days a reading is refused for want of a baseline, however bad it is."""
    diary = Diary().live(*[(-8.0, 40.0)] * 12)
    assert set(diary.refusals) == {"no baseline"}
    assert diary.findings == []
    assert usual_of(diary.settings, diary.memory, Kind.SPO2) is None


def test_a_day_is_one_score_however_often_somebody_measures():
    """Ten equal checks a day give the score, the baseline and the alert that one gives."""
    once, often = Diary().quiet(20), Diary()
    for _ in range(20):
        begun = often.day
        for _ in range(10):
            often.day = begun
            often.quiet(1)
        often.day = begun + 1
    assert often.usual().baseline == once.usual().baseline
    assert often.memory.day.score == pytest.approx(once.memory.day.score)


def test_a_day_counts_as_the_mean_of_its_readings():
    """One slip of the finger among good readings of a morning is thinned out, not told."""
    diary = Diary().quiet(24)
    for hour, off in enumerate((0, -4, 0, 0)):
        diary.measure(off, 0, hour=hour / 10)
    diary.day += 1
    diary.measure()
    assert diary.memory.day.run is None or diary.memory.day.run.amounts[Kind.SPO2] == pytest.approx(
        -1, abs=0.2
    )


def test_half_an_oximeters_word_opens_nothing():
    """Saturation comes before pulse: what it alone would open waits for the pulse beside it."""
    diary = Diary().quiet(24).live(WORSE)
    diary.hear(Kind.SPO2, 87.0)
    assert diary.said() == []
    diary.hear(Kind.PULSE_RATE, 80.0)
    assert diary.said() == []
    diary.hear(Kind.PULSE_RATE, 100.0)
    assert diary.said() == ["opened"]


def test_missing_days_hold_and_after_three_the_score_fades():
    """Two silent days change nothing; after ten the old score opens nothing any more."""
    for gap, expected in ((2, ["opened"]), (12, [])):
        diary = Diary().quiet(24).live((-2.2, 9.0))
        diary.day += gap
        assert diary.live((-2.2, 9.0)).said() == expected, gap


def test_an_unusable_pulse_counts_for_nothing():
    """With a beta-blocker, pacemaker or fibrillation only saturation speaks, as cautiously as both did."""
    settings = TrendSettings(pulse_doubts=("beta_blocker",))
    assert Diary(settings).quiet(24).live(*[(0.0, 40.0)] * 6).said() == []
    assert Diary(settings).quiet(24).live(*[(-3.0, 0.0)] * 5).said() == ["opened"]


def test_a_signal_alone_varies_as_the_mean_of_two_does():
    """Two independent signals in SDs, taken as their mean, vary by 0.71; one alone is scaled to that."""
    off = Deviation(-2.0, 2.0)
    assert day_score({Kind.SPO2: off, Kind.PULSE_RATE: off}) == 2
    assert day_score({Kind.SPO2: off}) == pytest.approx(2**0.5)


def test_day_and_night_never_share_a_baseline():
    """What was measured at two in the night is of the evening before, and moves no usual of the day."""
    diary = Diary().quiet(24)
    before = diary.usual()
    diary.hear(Kind.SPO2, 84.0, hour=15.5)
    diary.hear(Kind.SPO2, 84.0, hour=18)
    assert diary.usual() == before
    assert diary.memory.night.open_on == diary.at().date()
    assert diary.memory.night.usuals[Kind.SPO2].today[0].count == 2
    assert diary.said() == []


def test_what_comes_late_is_refused_and_changes_nothing():
    """A stored reading of a day that is over is not judged; one of today is, in any order."""
    diary = Diary().quiet(24)
    memory = diary.memory
    late = check(Kind.SPO2, 80.0, FIRST + timedelta(days=3))
    step = hear(diary.settings, memory, late, Around(now=diary.at(), zone=OSLO))
    assert (step.memory, step.refusal) == (memory, "older than what was judged")
    diary.look()
    yesterday = check(Kind.SPO2, 80.0, diary.at(-20))
    step = hear(diary.settings, diary.memory, yesterday, Around(now=diary.at(), zone=OSLO))
    assert step.refusal == "older than what was judged", "also where only time has closed the day"


@pytest.mark.parametrize(
    ("more", "hours", "refusal"),
    [
        ({"quality": (Quality.LOW_PERFUSION,)}, 0, "poor quality"),
        ({"quality": (Quality.TIME_UNCERTAIN,)}, 0, "undated"),
        ({"setting": "clinic"}, 0, "of another series"),
        ({}, 1, "ahead of time"),
    ],
)
def test_a_doubtful_reading_is_refused_with_its_reason(more, hours, refusal):
    """Poor signal, no time, a clinic's device, or the future: kept elsewhere, learnt from never."""
    diary = Diary().quiet(20)
    doubtful = check(Kind.SPO2, 91.0, diary.at(hours), **more)
    step = hear(diary.settings, diary.memory, doubtful, Around(now=diary.at(), zone=OSLO))
    assert (step.memory, step.refusal) == (diary.memory, refusal)


def test_another_level_for_five_weeks_is_asked_about_and_learnt_anew():
    """An alert that would never close, for the body has settled elsewhere, ends with a question."""
    diary = Diary().quiet(24).live(*[WORSE] * 40)
    assert diary.said() == ["opened", "closed"]
    assert diary.said("new_level") == ["noted"]
    diary.live(*[(-2.0 + off / 4, 8.0 - off) for off in (0, 1, -1) * 8])
    assert usual_of(diary.settings, diary.memory, Kind.SPO2) == pytest.approx(90, abs=0.3)
    assert "opened" in diary.said("drift"), "what the plan was signed on lies two points higher"
