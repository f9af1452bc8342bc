"""The story of the demo from many seeds: a hand-over in an exacerbation, an outage, another device."""

import os

import pytest

from simulators import handed_on
from simulators.handed_on import STORY, HandedOn
from simulators.simulation import lived, lives

SEEDS = range(1, 7)
DAYS = 6
measure = HandedOn.measure


@pytest.fixture(scope="module")
def stories():
    """Every story, lived beside others on all cores."""
    jobs = os.cpu_count() or 1
    return {life.seed: life for life in lives(SEEDS, DAYS, jobs=jobs, hardship=STORY, kind=HandedOn)}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_patient_is_handed_on_without_a_gap(stories, seed):
    """One is accountable at any time, the series goes on, and the swap opens no alert (see handed_on.py)."""
    story = stories[seed]
    assert story.broken == ""
    assert (story.figures["handed_over"], story.figures["swaps"]) == (1, 1)
    assert story.figures["told"] > 50


def test_alerts_move_along_in_some_story(stories):
    """The stories are no stories of quiet days: something is open when the hospital offers."""
    assert sum(each.figures.get("moved", 0) for each in stories.values()) > 0


@pytest.mark.parametrize(
    ("where", "what", "instead", "broken"),
    [
        (HandedOn, "_accept", "nothing", "never accepted"),
        (HandedOn, "measure", "now_and_then", "swaps:"),
        (handed_on, "_of_one_device", "no_entries", "another device"),
    ],
)
def test_a_story_that_goes_wrong_is_told(monkeypatch, where, what, instead, broken):
    """Each law of the story is broken where somebody forgets, swaps back, or the swap opens an alert."""
    monkeypatch.setattr(where, what, globals()[instead])
    assert broken in lived(1, DAYS, STORY, HandedOn).broken


async def nothing(_story):
    """Nobody accepts."""


def no_entries(_entries):
    """One device would have opened nothing: whatever opened is the swap's doing."""
    return []


def now_and_then(story, home, local, body):
    """Measure with the one oximeter and the other by turns."""
    story._has_swapped = not story._has_swapped
    measure(story, home, local, body)
