"""What the resources say: codes, units, doubts and times, and what they never say."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from typing import get_args

import pytest

from cloud_bridge.contract.bodies import alert_body, plan_body, reading_body
from cloud_bridge.contract.entries import EntryKind
from cloud_bridge.contract.plan import PlanPerson
from cloud_bridge.fhir.mapping import NOT_THE_PATIENTS, resources
from cloud_bridge.fhir.naming import LOINC, UCUM, VKP_ALERT, VKP_SEVERITY, versioned
from cloud_bridge.fhir.transfer import TransferStatus, transfer_task
from cloud_bridge.fhir.vkp import blood_pressure, down
from devices.kinds import CODINGS, Kind
from devices.readings import NOT_JUDGED, Quality
from tests.cloud_bridge.fhir.examples import (
    ABOUT,
    alert,
    block,
    entries,
    entry,
    everything,
    measured,
    of_reading,
    transfer,
)
from tests.given import NOON, OTHER_HOME, SPO2_LOW, plan

OTHER_TIME = NOON - timedelta(days=2)


def codes(concept, system):
    """Return the codes of one system in a concept."""
    return {each["code"] for each in concept["coding"] if each["system"] == system}


def test_every_kind_has_its_unit_in_ucum():
    """Each kind of reading becomes an Observation in the unit of its coding."""
    for kind in Kind:
        value = of_reading(measured(kind))["valueQuantity"]
        assert (value["system"], value["code"]) == (UCUM, CODINGS[kind].unit)


def test_saturation_bears_both_loinc_codes():
    """VKP asks for one LOINC code of oxygen saturation, the exact one is the other: both stand there."""
    assert codes(of_reading(measured(Kind.SPO2))["code"], LOINC) == {"59408-5", "2708-6"}


def test_ids_are_those_that_fhir_allows():
    """Every id has 1 to 64 plain characters, and no home shares one with another."""
    made = everything()
    assert all(re.fullmatch(r"[A-Za-z0-9.-]{1,64}", each["id"]) for each in made)
    elsewhere = replace(ABOUT, home=OTHER_HOME)
    theirs = {each["id"] for one in entries() for each in resources(one, elsewhere)}
    assert theirs.isdisjoint(each["id"] for each in made)


def test_the_same_entry_says_the_same():
    """Mapped twice, an entry gives the same resources byte for byte."""
    for one in entries():
        assert json.dumps(resources(one, ABOUT)) == json.dumps(resources(one, ABOUT))


def test_nobody_is_named():
    """No resource bears a birth year, a national number's system, a name or a time of writing."""
    person = PlanPerson(sex="female", birth_year=1951, height_cm=162, equation="GLI Global 2022")
    known = plan(SPO2_LOW).model_copy(update={"person": person})
    told = [*entries(), entry(EntryKind.PLAN_APPLIED, plan_body(known))]
    text = json.dumps([each for one in told for each in resources(one, ABOUT)])
    for word in ("1951", "urn:oid:2.16.578", "birth", "lastUpdated", '"family"', '"given"'):
        assert word not in text


@pytest.mark.parametrize("quality", sorted(NOT_JUDGED - NOT_THE_PATIENTS))
def test_what_was_not_judged_is_never_final_and_clean(quality):
    """A number that no judge may judge is kept, not final, marked, and not told to VKP."""
    said = of_reading(measured(Kind.SPO2, quality))
    assert said["status"] != "final"
    assert said["valueQuantity"]["value"] == measured(Kind.SPO2).value
    assert said["interpretation"]
    assert down(measured(Kind.SPO2, quality), ABOUT) is None


@pytest.mark.parametrize("quality", sorted(NOT_THE_PATIENTS))
def test_what_may_be_somebody_elses_is_told_to_nobody(quality):
    """A visitor's number, or a demo's, leaves the ward in no resource at all."""
    assert resources(entry(EntryKind.READING, reading_body(measured(Kind.SPO2, quality))), ABOUT) == ()


def test_what_is_dated_afterwards_is_told_at_the_time_that_is_known_now():
    """The effective time is the one that was learnt later, and the certainty says so; the id stays."""
    body, later = reading_body(measured(Kind.SPO2)), replace(ABOUT, dated_at=OTHER_TIME)
    before, said = (resources(entry(EntryKind.READING, body), about)[0] for about in (ABOUT, later))
    assert (said["id"], said["effectiveDateTime"]) == (before["id"], OTHER_TIME.isoformat())
    assert said["extension"][1]["extension"][0]["valueCode"] == "dated-afterwards"


def test_an_issue_that_has_ended_says_from_when_to_when():
    """Whoever hears of an alert at its end only reads when it opened, and no end before its beginning."""
    for opened_at, start in ((NOON - timedelta(hours=3), "start"), (NOON + timedelta(hours=3), "end")):
        about = replace(ABOUT, opened_at=opened_at)
        said = resources(entry(EntryKind.ALERT, _body("closed")), about)[0]["identifiedPeriod"]
        assert said[start] == opened_at.isoformat()
        assert said["start"] <= said["end"]


def test_a_later_version_is_known_by_its_number_and_its_moment():
    """What is told bears versionId and lastUpdated, and where it comes from as before."""
    told = versioned(of_reading(measured(Kind.SPO2)), 7, NOON)["meta"]
    assert (told["versionId"], told["lastUpdated"]) == ("7", "2027-01-05T12:00:00.000000+00:00")
    assert told["source"] == of_reading(measured(Kind.SPO2))["meta"]["source"]


def test_a_questionable_number_is_final_and_says_so():
    """A doubtful reading that may be judged is final, with the measurement-status questionable."""
    said = of_reading(measured(Kind.SPO2, Quality.MOTION))
    assert said["status"] == "final"
    assert said["interpretation"][0]["coding"][0]["code"] == "questionable"
    assert "interpretation" not in of_reading(measured(Kind.SPO2))


def test_the_moment_is_that_of_the_measurement():
    """The effective time is when it was measured, the device's own clock and its certainty stand beside."""
    one = replace(measured(Kind.SPO2), device_time=NOON.replace(tzinfo=None), clock_offset_s=75.0)
    said = of_reading(one)
    assert said["effectiveDateTime"] == NOON.isoformat()
    parts = {part["url"]: part for part in said["extension"][1]["extension"]}
    assert parts["certainty"]["valueCode"] == "corrected"
    assert parts["deviceTime"]["valueString"] == "2027-01-05T12:00:00"
    assert parts["clockOffset"]["valueQuantity"]["value"] == 75.0


def test_a_block_keeps_its_holes_and_goes_down_as_its_median():
    """Samples stay samples with an E where there was no number; VKP gets one value under another id."""
    said, below = of_reading(block()), down(block(), ABOUT)
    assert said["valueSampledData"]["data"] == "91 E 90.5 92"
    assert below is not None
    assert below["valueQuantity"]["value"] == 91.0
    assert below["id"] != said["id"]


def test_an_alert_is_one_issue_from_its_opening_to_its_end():
    """Opened, confirmed and closed bear one id, VKP's severity and code, our rule, and what is behind."""
    said = [
        resources(entry(EntryKind.ALERT, body), ABOUT)[0]
        for body in (_body("opened"), _body("confirmed"), _body("closed"))
    ]
    assert len({each["id"] for each in said}) == 1
    assert [each["status"] for each in said] == ["preliminary", "final", "final"]
    assert "mitigation" in said[2]
    for each in said:
        assert codes(each["code"], VKP_ALERT) == {"5.2.1"}
        severity = next(x for x in each["extension"] if x["url"].endswith("vkp-severity"))
        assert codes(severity["valueCodeableConcept"], VKP_SEVERITY) == {"30"}
        assert each["implicated"][0]["reference"].startswith("Observation/reading-")


def _body(change):
    return alert_body(alert("red", change))


def test_a_hand_over_is_one_task_until_its_end():
    """Each status of a hand-over has its own status of one Task."""
    said = [transfer_task(transfer(status), ABOUT) for status in get_args(TransferStatus)]
    assert [each["status"] for each in said] == ["requested", "completed", "rejected", "cancelled", "failed"]
    assert len({each["id"] for each in said}) == 1


def test_two_pressures_of_two_measurements_are_no_blood_pressure():
    """VKP's blood pressure is made of one measurement only."""
    above, below = measured(Kind.SYSTOLIC_PRESSURE), measured(Kind.DIASTOLIC_PRESSURE)
    assert blood_pressure(above, below, ABOUT) is not None
    assert blood_pressure(above, replace(below, device="another"), ABOUT) is None
    assert blood_pressure(below, above, ABOUT) is None


def test_a_strange_entry_says_nothing():
    """A kind of entry from a newer hub becomes no resource, and stops nobody."""
    assert resources(replace(entry(EntryKind.LOST, b"{}"), kind="from_tomorrow"), ABOUT) == ()
