"""The demo's summary is whole only if every place counted the same, alerts included."""

from dataclasses import replace

import pytest

from simulators.tally import Summary

WHOLE = Summary(
    readings_sent=9,
    readings_on_hub=9,
    readings_in_ward=9,
    alerts_opened=2,
    alerts_closed=1,
    alerts_open_on_hub=1,
    gaps=0,
    duplicates=0,
    receipts=5,
    readings_sent_in_outage=3,
    handovers_offered=1,
    handovers_accepted=1,
    accountable_min=1,
    accountable_max=1,
    device_swaps=1,
    resources_at_organisations=20,
    resources_missing=0,
    resources_unentitled=0,
    seconds_indication_to_ward_p50=0.1,
    seconds_indication_to_ward_p99=0.2,
    seconds_indication_to_ward_max=2.0,
)


def test_equal_counts_are_whole():
    """What was sent is on the hubs and in the ward; what opened has closed, or is open at both ends."""
    assert WHOLE.is_whole


@pytest.mark.parametrize(
    "wrong",
    [
        {"readings_sent": 10},
        {"resources_at_organisations": 0},
        {"resources_missing": 1},
        {"resources_unentitled": 1},
        {"readings_on_hub": 8},
        {"readings_in_ward": 8},
        {"readings_sent": 0, "readings_on_hub": 0, "readings_in_ward": 0},
        {"alerts_closed": 2},
        {"alerts_open_on_hub": 0},
        {"alerts_opened": 0, "alerts_closed": 0, "alerts_open_on_hub": 0},
        {"gaps": 1},
        {"duplicates": 1},
        {"accountable_min": 0},
        {"accountable_max": 2},
    ],
    ids=str,
)
def test_any_difference_is_said(wrong):
    """A reading lost, a gap, a duplicate, a forgotten alert, nobody or two accountable: not whole."""
    assert not replace(WHOLE, **wrong).is_whole
