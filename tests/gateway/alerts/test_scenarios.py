"""Every story of tests/scenarios/ ends as it says: who is told, when, and in which words."""

from collections import Counter

import pytest

from gateway.alerts.families import FAMILIES
from tests.gateway.alerts.scenarios import OSLO, as_told, files, moment, plan_named, read, run

STORIES = files()
STORIES_MIN = 40


@pytest.mark.parametrize("file", STORIES, ids=lambda file: file.stem)
def test_the_story_ends_as_it_says(file):
    """Every change of every alert is told, in order, with the words that the story wants; nothing else is."""
    scenario = read(file)
    outcome = run(scenario)
    wanted = scenario.said.get("told", [])
    everything = [as_told(alert, {"at", "rule", "change", "level", "nb"}) for alert in outcome.changes]
    fields = [set(one) for one in wanted] + [{"at", "rule", "change", "nb"}] * len(outcome.changes)
    got = [as_told(alert, names) for alert, names in zip(outcome.changes, fields, strict=False)]
    assert got == [{**one, "at": one["at"].lower()} if "at" in one else one for one in wanted], everything
    refused = Counter((at.astimezone(OSLO), rule, why) for at, rule, why in outcome.refusals)
    expected = Counter(
        (moment(one["at"]), one["rule"], one["why"]) for one in scenario.said.get("refused", [])
    )
    assert not expected - refused, refused
    if scenario.said.get("exactly_refused"):
        assert refused == expected


def test_there_are_enough_stories_and_each_has_a_law_of_its_own():
    """Every rule that a plan can have is told of in at least one story, and no two stories have one law."""
    assert len(STORIES) >= STORIES_MIN
    stories = [read(file) for file in STORIES]
    laws = Counter(story.law for story in stories)
    assert max(laws.values()) == 1
    assert all(law.endswith(".") for law in laws)
    told = {one["rule"] for story in stories for one in story.said.get("told", [])}
    told |= {one["rule"] for story in stories for one in story.said.get("refused", [])}
    everything = {
        "rules.pef.is_on": True,
        "rules.news2.is_on": True,
    }
    known = frozenset().union(*(family.rules(plan_named("hypercapnic", everything)) for family in FAMILIES))
    assert known <= told
