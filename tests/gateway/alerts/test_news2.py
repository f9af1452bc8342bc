"""NEWS2's chart: every edge of every band, both scales, and what a partial sum leaves out."""

import pytest

from gateway.alerts.news2 import PARTS, partial, points

CHART = {
    "respiratory_rate": {8: 3, 9: 1, 11: 1, 12: 0, 20: 0, 21: 2, 24: 2, 25: 3},
    "spo2": {91: 3, 92: 2, 93: 2, 94: 1, 95: 1, 96: 0, 100: 0},
    "oxygen_l_min": {0: 0, 0.5: 2, 2: 2},
    "systolic_pressure": {90: 3, 91: 2, 100: 2, 101: 1, 110: 1, 111: 0, 219: 0, 220: 3},
    "pulse_rate": {40: 3, 41: 1, 50: 1, 51: 0, 90: 0, 91: 1, 110: 1, 111: 2, 130: 2, 131: 3},
    "confused": {0: 0, 1: 3},
    "body_temperature": {35.0: 3, 35.1: 1, 36.0: 1, 36.1: 0, 38.0: 0, 38.1: 1, 39.0: 1, 39.1: 2},
}
SCALE_2_OXYGEN = {83: 3, 84: 2, 85: 2, 86: 1, 87: 1, 88: 0, 92: 0, 93: 1, 94: 1, 95: 2, 96: 2, 97: 3}


@pytest.mark.parametrize("part", PARTS)
def test_every_band_begins_and_ends_where_the_chart_says(part):
    """Each edge of each band, from the chart of the Royal College of Physicians."""
    assert {value: points(part, value) for value in CHART[part]} == CHART[part]


def test_scale_2_gives_points_for_too_much_oxygen_only_on_oxygen():
    """On air a high saturation is worth nothing, on oxygen up to three points."""
    on = {value: points("spo2", value, scale=2, is_on_oxygen=True) for value in SCALE_2_OXYGEN}
    assert on == SCALE_2_OXYGEN
    assert [points("spo2", value, scale=2) for value in (88, 93, 97, 100)] == [0, 0, 0, 0]
    assert points("spo2", 83, scale=2) == 3


@pytest.mark.parametrize(
    ("part", "value", "score"),
    [("pulse_rate", 110.4, 1), ("pulse_rate", 110.5, 2), ("body_temperature", 38.04, 0), ("spo2", 91.4, 3)],
)
def test_between_two_numbers_of_the_chart_the_nearer_one_counts(part, value, score):
    """The chart knows whole numbers, and tenths of a degree."""
    assert points(part, value) == score


def test_a_partial_sum_says_what_is_missing():
    """What nobody measured is named, and counts for nothing."""
    score = partial({"spo2": 93.0, "pulse_rate": 96.0, "oxygen_l_min": 0.0})
    assert (score.total, score.missing) == (
        3, ("respiratory_rate", "systolic_pressure", "confused", "body_temperature"),
    )  # fmt: skip
