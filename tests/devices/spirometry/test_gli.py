"""The GLI equations: the worked vectors, the edges of what they know, and refusals instead of guesses."""

import csv
import subprocess
import sys
import zipfile
from itertools import pairwise, product
from math import inf, nan
from pathlib import Path

import pytest

from devices.kinds import Kind
from devices.spirometry.gli import AGE_MAX, AGE_MIN, EQUATIONS, GROUPS, KINDS, Predicted, name_of, predicted
from tests.house.papers import ROOT

FILE = Path(__file__).parent / "gli_global_2022_vectors.csv"
WORKED = list(csv.DictReader(FILE.read_text(encoding="utf-8").splitlines()))
"""Computed, not measured: with another implementation of ours and with pyspiro 1.0.0, from GLI's workbook."""

MEASURES = {"FEV1": Kind.FEV1, "FVC": Kind.FVC, "FEV1FVC": Kind.FEV1_FVC}
SEXES = {"M": "male", "F": "female"}
VARIANTS = [("GLI Global 2022", None), *(("GLI-2012", group) for group in GROUPS)]


def usual(kind=Kind.FEV1, sex="male", age=40, height=175, *, equation="GLI Global 2022", group=None):
    """Return what is usual, which must be known."""
    found = predicted(equation, kind, sex, age, height, group=group)
    assert isinstance(found, Predicted), found
    return found


@pytest.mark.parametrize("worked", WORKED, ids=lambda row: f"{row['sex']}{row['age_years']}-{row['measure']}")
def test_the_worked_vectors_come_out(worked):
    """L, M, S, per cent, z and the lower limit of eighteen people are those of the vectors."""
    kind = MEASURES[worked["measure"]]
    # A ratio is a share in the vectors and per cent with us; there it is written with six digits only.
    unit, digits = (100, 1e-4) if kind is Kind.FEV1_FVC else (1, 1e-8)
    value = float(worked["value"]) * unit
    found = usual(kind, SEXES[worked["sex"]], float(worked["age_years"]), float(worked["height_cm"]))
    got = (found.skew, found.median / unit, found.spread, found.lower_limit / unit)
    assert got == pytest.approx([float(worked[name]) for name in ("L", "M", "S", "lln")], abs=1e-8)
    assert found.percent(value) == pytest.approx(float(worked["pct_pred"]), abs=digits)
    assert found.z(value) == pytest.approx(float(worked["z"]), abs=digits)


def test_there_are_eighteen_worked_vectors():
    """The walk above has walked them all, and both a whole quarter of a year and none are among them."""
    ages = {float(row["age_years"]) for row in WORKED}
    assert len(WORKED) == 18
    assert {age % 0.25 == 0 for age in ages} == {True, False}


def test_the_published_example_of_2012():
    """A man of 40 years and 175 cm, Caucasian in the words of GLI-2012, with 3.0 L has 73.57 per cent."""
    found = usual(equation="GLI-2012", group="caucasian")
    assert round(found.percent(3.0), 2) == 73.57


@pytest.mark.parametrize(("equation", "group"), VARIANTS)
def test_between_two_quarters_the_spline_is_a_line(equation, group):
    """A day makes a day's difference: nothing jumps at a quarter of a year, and half way is half way."""
    for age in (3.0, 17.5, 68.25, 94.75):
        ages = (age, age + 0.0625, age + 0.125, age + 0.1875, age + 0.25)
        medians = [usual(age=each, equation=equation, group=group).median for each in ages]
        steps = [after - before for before, after in pairwise(medians)]
        assert max(steps) - min(steps) < 0.0002
    before, after = (usual(age=68.25 + shift, equation=equation, group=group) for shift in (-1e-9, 1e-9))
    assert before.median == pytest.approx(after.median, rel=1e-8)


@pytest.mark.parametrize(("equation", "group"), VARIANTS)
def test_every_age_has_a_number_that_means_something(equation, group):
    """From 3 to 95, in each table: M and S are above 0, z of M is 0, and that of the lower limit -1.645."""
    walked = 0
    for kind, sex, quarter in product(
        KINDS, ("female", "male"), range(int(AGE_MIN * 4), int(AGE_MAX * 4) + 1)
    ):
        walked += 1
        found = usual(kind, sex, quarter / 4, 165, equation=equation, group=group)
        assert 0 < found.lower_limit < found.median
        assert found.spread > 0
        assert found.z(found.median) == pytest.approx(0, abs=1e-12)
        assert found.z(found.lower_limit) == pytest.approx(-1.645)
        assert found.percent(found.median) == pytest.approx(100)
    assert walked == 6 * 369


@pytest.mark.parametrize("age", [2.99, 95.01, -1, 0, nan, inf, -inf])
def test_an_age_that_the_tables_do_not_know_is_refused(age):
    """A child of two and a man of 96 get no number, rather than that of their neighbour."""
    for equation, group in VARIANTS:
        assert predicted(equation, Kind.FEV1, "male", age, 175, group=group) == (
            "the equations are for 3 to 95 years"
        )


@pytest.mark.parametrize("height", [0, -175, nan, inf])
def test_a_height_that_is_none_is_refused(height):
    """A height that nobody can have is no height."""
    assert predicted("GLI Global 2022", Kind.FEV1, "male", 40, height) == (
        "a height is a number of centimetres above 0"
    )


def test_a_kind_that_the_equations_do_not_know_is_refused():
    """FEV6 is not FVC, FEV1/FEV6 not FEV1/FVC, and PEF has no equation here."""
    unknown = set(Kind) - set(KINDS)
    assert {Kind.FEV6, Kind.FEV1_FEV6, Kind.PEF} < unknown
    for kind in unknown:
        assert predicted("GLI Global 2022", kind, "male", 40, 175) == (
            "the equations know FEV1, FVC and FEV1/FVC only"
        )


def test_a_group_is_never_guessed():
    """GLI-2012 without a group and GLI Global 2022 with one are refused: each choice moves the number."""
    assert predicted("GLI-2012", Kind.FEV1, "male", 40, 175) == "GLI-2012 needs one of its groups"
    with_group = predicted("GLI Global 2022", Kind.FEV1, "male", 40, 175, group="other")
    assert with_group == "GLI Global 2022 has no groups"
    medians = {usual(equation="GLI-2012", group=group).median for group in GROUPS}
    assert len(medians) == len(GROUPS)
    assert max(medians) / min(medians) > 1.1


def test_a_name_tells_equation_and_group_apart():
    """Two values with one name were compared with the same numbers."""
    names = [name_of(equation, group) for equation, group in VARIANTS]
    assert len(set(names)) == len(names)
    assert names[0] == EQUATIONS[0] == "GLI Global 2022"


def test_the_wheel_has_the_tables(tmp_path):
    """Whoever installs Pusterom gets the numbers, and the words that say whose they are."""
    build = (sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path))
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    folder = ROOT / "devices" / "spirometry"
    names = {f"devices/spirometry/{path.name}" for path in folder.iterdir() if path.suffix in {".csv", ".md"}}
    assert len(names) == 5
    assert names <= set(zipfile.ZipFile(wheel).namelist())
