"""The virtual cohort: made by its seed alone, true to its table, and counted as it says."""

import json
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from cloud_bridge.contract.trend_settings import TrendSettings
from cloud_bridge.settings import SettingsError
from simulators.cohort.cohort import Wishes, cohort
from simulators.cohort.command import cohort as command
from simulators.cohort.figures import RESAMPLES, episodes, figures, interval, sums_of
from simulators.cohort.judged import Opened
from simulators.cohort.life import life_of, lived
from simulators.cohort.person import Illness, Person, course, dice_of, person_of
from simulators.cohort.physiology import PHYSIOLOGY_FILE, load_physiology
from simulators.cohort.plot import Point, operating_plot
from simulators.cohort.swaps import swaps_of, table
from simulators.cohort.years import Year, year_of

PHYSIOLOGY = load_physiology()
PROMISED = (
    "sensitivity", "sensitivity_all", "sensitivity_before_onset", "false_alerts_per_patient_month",
    "false_trend_per_patient_month", "false_red_per_patient_month", "lead_days_before_treatment_median",
    "lead_days_before_onset_median", "ppv", "alerts_per_nurse_day_at_80_patients",
)  # fmt: skip
WELL = Person(0, 92.0, 80.0, 1.0, 5.0, 1.0, False, (), False)


def wishes(**more):
    """Return a small cohort."""
    asked = {"patients": 6, "days": 120, "seed": 7, "jobs": 1, "has_swaps": False, **more}
    return Wishes(physiology=PHYSIOLOGY, settings=TrendSettings(), **asked)


def without_time(found):
    """Return the figures without what the clock on the wall says."""
    return {name: each for name, each in found.items() if name != "processor_s_per_patient_year"}


def nothing(_done, _total):
    """Tell nobody."""


def test_a_seed_makes_the_cohort_however_many_processes_there_are():
    """The same seed gives the same figures with one process and with two; another seed gives others."""
    one, two = (without_time(cohort(wishes(jobs=jobs), nothing)) for jobs in (1, 2))
    assert one == two
    assert without_time(cohort(wishes(seed=8), nothing)) != one


def test_people_live_lives_of_their_own():
    """Two people of one cohort are never absent on the same days."""
    years = [year_of(PHYSIOLOGY, TrendSettings(), 7, number, 60) for number in range(8)]
    assert len({year.compared_days for year in years}) >= 4


def test_every_promised_figure_has_its_interval_and_the_rules_say_what_they_are():
    """One object: each figure a value between a low and a high one, and by which rules."""
    found = cohort(wishes(patients=25, days=365), nothing)
    assert "whole judge" in found["rules"]
    for name in PROMISED:
        assert found[name]["low"] <= found[name]["value"] <= found[name]["high"], name
    assert found["ppv"]["low"] < found["ppv"]["high"], "people differ"


def test_stable_people_vary_as_the_table_says():
    """What a display shows of a well person differs by Hurst's SDs, and each day resembles the one before."""
    life = life_of(PHYSIOLOGY, WELL, dice_of(1, 0), 6_000)
    days = [day for day in lived(life, dice_of(1, 1)) if day.checks]
    first = np.array([(day.checks[0].spo2, day.checks[0].pulse) for day in days])
    spo2_sd = np.quantile(first[:, 0], (0.1587, 0.8413))
    assert np.ptp(spo2_sd) / 2 == pytest.approx(1.0, abs=0.5), "whole points"
    assert np.std(first[:, 1]) == pytest.approx(5.0, abs=0.3)
    assert np.corrcoef(life.pulse[1:], life.pulse[:-1])[0, 1] == pytest.approx(0.3, abs=0.05)
    measuring = PHYSIOLOGY.measuring
    away = measuring.away_a_year * measuring.away_days / 365
    assert len(days) / 6_000 == pytest.approx(1 - measuring.missing_share - away, abs=0.03)


def test_exacerbations_are_as_many_and_as_hidden_as_the_table_says():
    """The rate a year, and a fifth of them in no signal and no answer."""
    people = [person_of(PHYSIOLOGY, dice_of(3, number), number, 3_650) for number in range(150)]
    ill = [each for person in people for each in person.illnesses]
    assert sum(not each.is_visible for each in ill) / len(ill) == pytest.approx(0.2, abs=0.04)
    assert all(each.amplitude == 0 and not each.is_spoken_of for each in ill if not each.is_visible)
    assert 1.0 < len(ill) / 1_500 < 1.37, "some fall too near to another one"


def test_an_exacerbation_rises_before_its_onset_and_fades():
    """From five days before to two after it rises, then it goes back slowly."""
    shape = course(PHYSIOLOGY.exacerbations, np.arange(-7, 40))
    assert shape[:3].tolist() == [0, 0, 0]
    assert shape[9] == shape.max() == 1
    assert 0.5 < shape[5 + 2 + 5] < 1
    assert shape[-1] == 0


def test_alerts_are_counted_against_what_truly_happened():
    """Near an onset they are its own, else false; within a week they are one episode."""
    ill = Illness(100, 1.4, True, True, 104, True)
    unseen = Illness(200, 0.0, False, False, None, False)
    yellow, red = Opened("trend", "yellow"), Opened("threshold", "red")
    opened = (
        (5, yellow),
        (50, yellow),
        (53, red),
        (98, yellow),
        (118, red),
        (150, Opened("technical", "technical")),
    )
    person = Person(0, 92, 80, 1, 5, 1, False, (), False, (ill, unseen))
    counts = sums_of(Year(person, 365, 300, 700, opened)).counts
    assert (counts["visible found"], counts["found"], counts["events"]) == (1, 1, 2)
    assert (counts["false any"], counts["false trend"], counts["false red"]) == (1, 1, 1)
    assert counts["episodes any"] == 3
    found = figures([sums_of(Year(person, 365, 300, 700, opened))], np.random.default_rng(1))
    assert found["lead_days_before_treatment_median"]["value"] == 6
    assert found["lead_days_before_onset_median"]["value"] == 2
    assert found["sensitivity_all"]["value"] == 0.5
    assert episodes([53, 50]) == [50]


def test_an_interval_is_that_of_people():
    """Forty people, half of them one: the interval is that of a share of forty."""
    values = np.array([0.0, 1.0] * 20)
    weights = np.random.default_rng(1).multinomial(40, np.full(40, 1 / 40), RESAMPLES)
    found = interval(values, weights)
    assert found["value"] == 0.5
    assert found["high"] - found["low"] == pytest.approx(4 * (0.25 / 40) ** 0.5, rel=0.15)


def test_device_changes_have_the_shape_of_the_clinical_notes():
    """At the notes' limit: ignored, two points down rings and two up hides; a bridge does neither."""
    settings = TrendSettings(limit_alone=0.75)
    rows = [swaps_of(PHYSIOLOGY, settings, 5, number) for number in range(30)]
    found = table(rows, np.random.default_rng(1))

    def share(cell, name="false_share"):
        return found[cell][name]["value"]

    assert share("ignored +0") == share("no swap") < 0.4
    assert share("ignored -2") > 0.75 > 0.6 > share("bridged -2")
    assert share("bridged_paired -2") <= share("bridged -2")
    assert share("ignored +2") <= share("bridged +2") < share("no swap")
    assert share("ignored +2", "found_share") < share("bridged +2", "found_share")
    apart = [share(f"relearned {offset:+d}") for offset in (-2, 0, 2)]
    assert max(apart) - min(apart) < 0.15, "who forgets does not care what came"


def test_the_default_limit_rings_less_than_the_one_first_recommended():
    """Of the same people's days, 1.1 calls a third fewer ones false than 0.75 does, or it is not worth it."""
    false = []
    for settings in (TrendSettings(), TrendSettings(limit_alone=0.75)):
        asked = replace(wishes(patients=16, days=365, seed=41), settings=settings)
        false.append(cohort(asked, nothing)["false_trend_per_patient_month"]["value"])
    assert false[0] < false[1] * 2 / 3


def test_a_physiology_that_lacks_a_number_is_refused_by_its_name(tmp_path):
    """A file that somebody changed says what is wrong in it."""
    broken = tmp_path / "mine.toml"
    broken.write_text(PHYSIOLOGY_FILE.read_text().replace("a_year = 1.37", "a_yaer = 1.37"))
    with pytest.raises(SettingsError, match=r"exacerbations\.a_y"):
        load_physiology(broken)


def test_every_number_of_the_physiology_says_where_it_comes_from():
    """A source, or the word assumed, stands beside each number."""
    lines = [line for line in PHYSIOLOGY_FILE.read_text().splitlines() if " = " in line]
    assert len(lines) > 40
    bare = [line for line in lines if "#" not in line]
    assert bare == ["rise_until_day = 2"], "told by the line above it"


def test_the_command_prints_one_object_and_draws_a_picture(tmp_path):
    """--json is one JSON object on stdout; --plot is an SVG that says its numbers."""
    app, picture = typer.Typer(), tmp_path / "points.svg"
    app.command()(command)
    asked = ["--patients", "2", "--days", "60", "--jobs", "1", "--no-swaps", "--json", "--plot", str(picture)]
    result = CliRunner().invoke(app, asked)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["patients"] == 2
    assert "false a patient-month" in picture.read_text()
    ElementTree.fromstring(picture.read_text())


def test_the_picture_marks_the_default():
    """Of the points one is ringed: the limit that a plan has unless it says otherwise."""
    points = [Point(limit, is_with, 0.7, 0.2) for limit in (0.75, 1.1) for is_with in (True, False)]
    drawn = operating_plot(points, TrendSettings())
    assert drawn.count("<circle") == 4 + 2 + 1, "points, what their colours mean, and the ring"
    assert drawn.count("the default") == 1
