"""The plan: files that ship are sound, older plans are read, contradictions found, changes are versions."""

import tomllib
from pathlib import Path

import orjson
import pytest
from pydantic import ValidationError

from cloud_bridge.contract.bodies import plan_body, plan_from
from cloud_bridge.contract.contradictions import contradictions
from cloud_bridge.contract.plan import Plan
from cloud_bridge.contract.plan_change import refusal_of_plan
from cloud_bridge.look.plan_said import contradiction_said, plan_said
from cloud_bridge.look.words import LANGUAGES, WORDS
from cloud_bridge.settings import SettingsError, load_plan
from tests.gateway.alerts.scenarios import plan_named
from tests.given import SPO2_LOW, SPO2_RED, plan

ROOT = Path(__file__).parents[3]
FILES = sorted([ROOT / "config/plan.toml", *ROOT.glob("config/plans/*.toml")])


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_plan_that_ships_is_sound_unverified_and_can_be_said(file):
    """It loads, travels unaltered, contradicts itself in nothing, is approved by nobody, and can be said."""
    shipped = load_plan(file)
    assert plan_from(plan_body(shipped)) == shipped
    assert not contradictions(shipped)
    assert not shipped.is_verified
    assert shipped.rules is None or not shipped.rules.is_verified
    assert "UNVERIFIED" in file.read_text()
    for language in LANGUAGES:
        assert all(line.strip() for line in plan_said(shipped, language))


def test_a_plan_says_whether_t2_waits_for_a_second_reading():
    """Who signs a plan reads in it whether one low saturation is told, and which second one counts."""
    waits, at_once = (
        " ".join(plan_said(plan_named("copd", {"rules.spo2_low.is_told_at_once": said}), "en"))
        for said in (False, True)
    )
    words = "only once another reading, after 5 minutes' rest and within 26 hours, says the same"
    assert words in waits
    assert words not in at_once


def test_there_are_plans():
    """The walk above walked."""
    assert len(FILES) >= 3


def test_a_plan_from_before_is_read_and_has_no_rules():
    """What hubs and wards kept before there were rules means what it meant then."""
    old = {"version": 3, "approved_at": "2027-01-05T12:00:00Z", "approved_by_role": "lege", "limits": []}
    read = plan_from(orjson.dumps(old))
    assert (read.version, read.rules, read.targets, read.keep_days) == (3, None, None, 400)


def test_a_plan_of_limits_travels_as_it_always_did():
    """An older ward reads a plan that uses nothing new: no newer word stands in it."""
    said = orjson.loads(plan_body(plan(SPO2_LOW)))
    assert set(said) == {"version", "approved_at", "approved_by_role", "is_verified", "stale_h", "limits"}


CASES = {
    "scale_2_without_target": ("copd", {"targets.news2_scale": 2}),
    "ltot_without_oxygen": ("copd", {"targets.is_ltot": True}),
    "flow_on_air": ("copd", {"targets.oxygen_l_min": 2}),
    "red_before_yellow": ("copd", {"rules.spo2_very_low.below": 92}),
    "red_flags_off": ("copd", {"rules.red_flags": {"is_on": False}}),
    "news2_red_before_yellow": ("copd", {"rules.news2.red_from": 3}),
    "pef_red_before_yellow": ("copd", {"rules.pef.red_below_percent": 90}),
    "pef_without_best": ("copd", {"rules.pef.is_on": True}),
    "usual_beyond_limit": ("copd", {"targets.usual.spo2": 87}),
    "usual_under_target": ("copd", {"targets.usual.spo2": 92}),
    "limit_within_target": ("hypercapnic", {"rules.spo2_low.below": 90}),
    "no_usual_spo2": ("copd", {"targets.usual": {}}),
    "pulse_says_little": ("copd", {"conditions.has_pacemaker": True}),
    "heart_failure_without_weight": (
        "copd", {"conditions.has_heart_failure": True, "rules.weight_gain.is_on": False},
    ),
    "symptoms_not_asked": ("copd", {"questions": []}),
    "red_flags_not_asked": ("copd", {"questions": []}),
    "no_contact_in_red": ("copd", {"contacts": []}),
    "advice_missing": ("copd", {"advice.red": {"en": "Call."}}),
    "yellow_beyond_red": ("copd", {"limits": [
        {"id": "r", "kind": "spo2", "level": "red", "below": 88, "clear": 89},
        {"id": "y", "kind": "spo2", "level": "yellow", "below": 85, "clear": 89},
    ]}),
}  # fmt: skip
GRAVE = {
    "scale_2_without_target", "ltot_without_oxygen", "flow_on_air", "red_before_yellow", "red_flags_off",
    "news2_red_before_yellow", "pef_red_before_yellow", "pef_without_best",
}  # fmt: skip


@pytest.mark.parametrize("key", CASES)
def test_a_contradiction_is_found_and_said(key):
    """Each contradiction is found in a plan that was sound before, and has its sentence in every language."""
    found = {one.key: one for one in contradictions(plan_named(*CASES[key]))}
    assert key in found
    assert found[key].is_grave == (key in GRAVE)
    for language in LANGUAGES:
        assert "{" not in contradiction_said(found[key], language)


def test_nobody_following_is_a_contradiction_only_of_a_plan_with_rules():
    """A plan that has rules must say who follows and which saturation is the target; an old one could not."""
    said = tomllib.loads((ROOT / "config/plans/copd.toml").read_text())
    without = Plan.model_validate(
        {key: value for key, value in said.items() if key not in ("follow", "targets")}
    )
    assert {"nobody_follows", "no_target"} <= {one.key for one in contradictions(without)}
    assert contradictions(plan(SPO2_LOW, SPO2_RED)) == ()


def test_every_contradiction_has_a_case():
    """No sentence about a contradiction stands in the table that no plan here brings about."""
    words = {key.removeprefix("doubt_") for key in WORDS if key.startswith("doubt_")}
    assert words == set(CASES) | {"nobody_follows", "no_target"}


def test_only_a_newer_sound_plan_comes_into_force():
    """Older, the same version with other words, and grave contradictions are refused with their reason."""
    second = plan_named("copd", {"version": 2})
    assert refusal_of_plan(plan_named("copd", {"version": 3}), second) is None
    assert refusal_of_plan(second, second) is None
    assert "older" in str(refusal_of_plan(plan_named("copd", {}), second))
    assert "other words" in str(refusal_of_plan(plan_named("copd", {"version": 2, "stale_h": 24}), second))
    grave = plan_named("copd", {"version": 3, "targets.is_ltot": True})
    assert "ltot_without_oxygen" in str(refusal_of_plan(grave, second))


def test_a_file_that_contradicts_itself_gravely_is_no_plan(tmp_path):
    """A hub does not start on it, and is told where to look."""
    text = (ROOT / "config/plans/copd.toml").read_text().replace("news2_scale = 1", "news2_scale = 2")
    (tmp_path / "plan.toml").write_text(text)
    with pytest.raises(SettingsError, match="scale_2_without_target"):
        load_plan(tmp_path / "plan.toml")


@pytest.mark.parametrize(
    "change",
    [
        {"rules.pulse.yellow_from": 140},
        {"rules.spo2_low.below": float("nan")},
        {"rules.temperature.high_from": 37},
        {"targets.saturation": "90-95"},
        {"contacts": [{"who": "x", "phone": "call me"}]},
        {"advice.green": {"not a language": "x"}},
        {"questions": [{"question": "cough"}, {"question": "cough"}]},
        {"escalation.red_seen_within_min": 5000},
        {"rules.nonsense": {}},
    ],
)
def test_numbers_and_words_that_cannot_be_meant_are_refused(change):
    """A plan with such a part is no plan at all."""
    with pytest.raises(ValidationError):
        plan_named("copd", change)
