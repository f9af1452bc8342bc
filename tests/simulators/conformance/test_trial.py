"""Finding what is to be tried, and telling the verdict."""

from dataclasses import replace

import pytest

from devices.drivers import weight_scale
from gateway.words import WordsError
from simulators.conformance.checks import CHECKS
from simulators.conformance.trial import case_of, verdict
from simulators.shelf import SHELF

PEAK_METER = "tests.simulators.conformance.peak_meter"


@pytest.mark.parametrize("name", ["weight_scale", "devices.drivers.weight_scale"])
def test_a_driver_of_the_house_is_found_by_id_and_by_module(name):
    """With its twin from the shelf, and all other twins as strangers."""
    case = case_of(name)
    assert case.driver is weight_scale.DRIVER
    assert isinstance(case.make_twin(), SHELF["weight_scale"])
    assert "Oximeter" in {other.model for other in case.others}


def test_a_driver_from_outside_brings_its_twin():
    """Every check is told in one line, and the sum at the end."""
    lines = []
    assert verdict(case_of(PEAK_METER), lines.append)
    count = len(CHECKS.all)
    assert lines[-1] == f"peak_meter: {count} of {count} checks passed"
    assert [line for line in lines if line.startswith("ok ")] == lines[:-1]


def test_a_failed_check_is_told_with_its_reason():
    """The line begins with FAIL, names number and law, and says what was seen; the verdict is no."""
    case, lines = replace(case_of(PEAK_METER), driver=weight_scale.DRIVER), []
    assert not verdict(case, lines.append)
    assert any(line.startswith("FAIL 10 it knows its own twin's call: it does not know") for line in lines)


@pytest.mark.parametrize(
    ("name", "reason"),
    [("no.such.module", "Write a module with DRIVER"), ("json", "holds no DRIVER"), ("", "Write a module")],
)
def test_what_is_not_there_is_said(name, reason):
    """A person learns what to write instead."""
    with pytest.raises(WordsError, match=reason):
        case_of(name)
