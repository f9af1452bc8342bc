"""What may be asked of our FHIR: read strictly, and never passed over."""

import json
from datetime import UTC, datetime

import pytest
from fhir.resources.R4B import get_fhir_model_class

from cloud_bridge.fhir.asking import (
    COUNT_MAX,
    Bound,
    SearchError,
    asked_from,
    bundle,
    capability_statement,
    outcome,
)
from cloud_bridge.fhir.codes import PROFILES
from cloud_bridge.fhir.naming import LOINC, MDC
from tests.cloud_bridge.fhir.examples import everything

DAY, NEXT = datetime(2027, 1, 5, tzinfo=UTC), datetime(2027, 1, 6, tzinfo=UTC)
NOON = datetime(2027, 1, 5, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ("2027-01-05", (Bound("from", DAY), Bound("before", NEXT))),
        ("eq2027-01-05", (Bound("from", DAY), Bound("before", NEXT))),
        ("ge2027-01-05", (Bound("from", DAY),)),
        ("gt2027-01-05", (Bound("from", NEXT),)),
        ("lt2027-01-05", (Bound("before", DAY),)),
        ("le2027-01-05", (Bound("before", NEXT),)),
        ("ge2027-01-05T13:00:00+01:00", (Bound("from", NOON),)),
        ("gt2027-01-05T12:00:00Z", (Bound("from", NOON.replace(second=1)),)),
        ("gt2027-01-05T12:00:00.000000Z", (Bound("from", NOON.replace(microsecond=1)),)),
    ],
)
def test_a_date_is_as_long_as_it_is_written(text: str, bounds: tuple[Bound, ...]) -> None:
    """A day is a day and a second a second; a stamp of ours, said back, leaves out just itself."""
    assert asked_from("Observation", [("date", text)]).dates == bounds
    assert asked_from("Observation", [("_lastUpdated", text)]).told == bounds


@pytest.mark.parametrize(
    ("parameters", "word"),
    [
        ([("subject", "x")], "subject"),
        ([("code", "a"), ("code", "b")], "code may be said once"),
        ([("patient", "a"), ("patient", "b")], "patient may be said once"),
        ([("date", "yesterday")], "date: write a day"),
        ([("date", "ap2027-01-05")], "date: write a day"),
        ([("date", "2027-02-30")], "date: write a day"),
        ([("date", "2027-01-05T12:00:00")], "date: write a day"),
        ([("_lastUpdated", "lt0001-01-01T00:00:00+14:00")], "_lastUpdated: write a day"),
        ([("date", "le9999-12-31")], "date: write a day"),
        ([("_count", "many")], "_count: write a number"),
        ([("_after", "-1")], "_after: write a number"),
        ([("_count", "1" * 30)], "_count: write a number"),
    ],
)
def test_what_we_would_have_to_pass_over_is_refused(parameters: list[tuple[str, str]], word: str) -> None:
    """A filter that is not understood is an error, since leaving it out would find too much."""
    with pytest.raises(SearchError, match=word):
        asked_from("Observation", parameters)


def test_a_code_is_found_by_each_of_its_names() -> None:
    """LOINC, MDC, SNOMED CT and our own word mean one series; a strange code means nothing, and not all."""
    for token in (f"{LOINC}|59408-5", "2708-6", f"{MDC}|150456", "431314004", "spo2"):
        assert "spo2" in (asked_from("Observation", [("code", token)]).words or ())
    assert asked_from("Observation", [("code", f"{LOINC}|1-1")]).words == frozenset()
    both = asked_from("Observation", [("code", "spo2,9279-1")]).words or frozenset()
    assert both >= {"spo2", "question-respiratory_rate"}


def test_a_page_has_its_limit() -> None:
    """Whoever asks for everything at once gets a page."""
    assert asked_from("Observation", [("_count", "999999")]).count == COUNT_MAX


def test_what_we_say_around_resources_is_r4() -> None:
    """Pages, refusals and the statement of what we can do are read by somebody else's model of FHIR R4."""
    at = "https://ward.example/fhir"
    pages = (
        bundle(everything()[:3], at, f"{at}/Task", None),
        bundle((), at, f"{at}/Task", f"{at}/Task?_after=1"),
    )
    for each in (*pages, outcome("invalid", "write a day"), capability_statement(PROFILES)):
        get_fhir_model_class(each["resourceType"]).model_validate_json(json.dumps(each))


def test_the_statement_names_every_profile_that_we_claim() -> None:
    """No resource claims a profile that the CapabilityStatement does not name."""
    claimed = {
        (each["resourceType"], url) for each in everything() for url in each["meta"].get("profile", ())
    }
    named = {
        (each["type"], url)
        for each in capability_statement(PROFILES)["rest"][0]["resource"]
        for url in each.get("supportedProfile", ())
    }
    assert claimed <= named | {("Observation", url) for _, url in claimed if url.endswith("Bloodpressure")}
