"""Fetching in FHIR: what was missed is found again, page by page, by whoever may see it."""

from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from cloud_bridge.backend.sharing import Organisation
from cloud_bridge.backend.tables import Tables
from cloud_bridge.backend.who import AT_THIS_MACHINE, Role, Who
from cloud_bridge.fhir.asking import Asked
from cloud_bridge.fhir.naming import LOINC, id_of
from devices.kinds import Kind
from tests.cloud_bridge.backend.test_access import the_app
from tests.contracts.tables.facts import HOME, NOON, OTHER, alert, at, batch, reading, told

pytestmark = pytest.mark.anyio

HOSPITAL = "sykehuset"


@pytest.fixture
async def fetch(tables: Tables):
    """A program of the hospital, which follows one of two homes; returns the answer to a path."""
    await tables.enrol_organisations([Organisation(HOSPITAL, HOSPITAL, "hospital")])
    assert await tables.begin_follow_up(HOME, HOSPITAL, "lege", NOON) is None
    await tables.open_session("mine", Who("p", HOSPITAL, Role.SYSTEM), at(6))
    app = the_app(tables)

    async def ask(path: str) -> httpx.Response:
        while await tables.index_next(at(5), "nb"):
            pass
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://127.0.0.1", cookies={"ticket": "mine"}
        ) as client:
            return await client.get(path)

    return ask


async def measured(tables: Tables, *minutes: int, first: int = 1, home: str = HOME) -> None:
    """One saturation and one weight at each of these minutes."""
    entries = [
        told(2 * number + seq, reading(2 * number + seq, kind=kind, value=value, minutes=each))
        for number, each in enumerate(minutes)
        for seq, kind, value in ((first, Kind.SPO2, 91.0), (first + 1, Kind.BODY_WEIGHT, 71.3))
    ]
    await tables.commit(batch(*entries, home=home), at=at(5))


def found(answer: httpx.Response) -> list[dict]:
    """The resources of a page."""
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/fhir+json")
    return [each["resource"] for each in answer.json().get("entry", [])]


async def all_pages(fetch, path: str) -> list[dict]:
    """The resources of all pages from here on."""
    everything = []
    while path:
        answer = await fetch(path)
        everything += found(answer)
        links = {each["relation"]: each["url"] for each in answer.json()["link"]}
        parts = urlsplit(links.get("next", ""))
        path = f"{parts.path}?{parts.query}" if parts.query else ""
    return everything


async def test_pages_hold_everything_once(tables: Tables, fetch) -> None:
    """However small the pages, each resource comes once, in the order in which it was told."""
    await measured(tables, *range(10))
    for count in (1, 3, 500):
        turns = [
            int(each["meta"]["versionId"])
            for each in await all_pages(fetch, f"/fhir/Observation?_count={count}")
        ]
        assert turns == sorted(set(turns))
        assert len(turns) == 20


async def test_what_changes_while_one_turns_the_pages_is_not_missed(tables: Tables, fetch) -> None:
    """An alert that closes behind the page that one reads comes again on a later one."""
    await tables.commit(batch(*(told(seq, alert(seq, "opened")) for seq in range(1, 6))), at=at(1))
    first = await fetch("/fhir/DetectedIssue?_count=2")
    await tables.commit(batch(told(6, alert(1, "closed", minutes=3))), at=at(4))
    further = dict(parse_qsl(urlsplit(first.json()["link"][1]["url"]).query))
    rest = await all_pages(fetch, f"/fhir/DetectedIssue?_count=2&_after={further['_after']}")
    newest = {each["id"]: each["status"] for each in (*found(first), *rest)}
    assert sorted(newest.values()) == ["final"] + ["preliminary"] * 4


async def test_one_asks_by_patient_code_and_time(tables: Tables, fetch) -> None:
    """Each filter narrows, and together they name one reading; another's patient is nobody."""
    await measured(tables, 0, 60, 120)
    await measured(tables, 0, home=OTHER)
    code = f"{LOINC}%7C59408-5"
    assert len(found(await fetch(f"/fhir/Observation?patient={HOME}&code={code}"))) == 3
    later = at(60).isoformat().replace("+00:00", "Z")
    assert len(found(await fetch(f"/fhir/Observation?date=ge{later}"))) == 4
    assert (
        len(found(await fetch(f"/fhir/Observation?patient=Patient/{HOME}&code={code}&date=eq{later}"))) == 1
    )
    assert found(await fetch(f"/fhir/Observation?patient={OTHER}")) == []
    assert found(await fetch("/fhir/Observation?code=http://loinc.org%7C1-1")) == []


async def test_whoever_was_away_asks_for_what_is_newer(tables: Tables, fetch) -> None:
    """By the last stamp that one has seen: everything behind it, and nothing twice."""
    await measured(tables, 0)
    last = found(await fetch("/fhir/Observation"))[-1]["meta"]["lastUpdated"].replace("+00:00", "Z")
    assert found(await fetch(f"/fhir/Observation?_lastUpdated=gt{last}")) == []
    await measured(tables, 60, 120, first=10)
    assert len(found(await fetch(f"/fhir/Observation?_lastUpdated=gt{last}"))) == 4


async def test_one_resource_is_read_by_its_id(tables: Tables, fetch) -> None:
    """With its version as a tag; what is not there, or another's, is refused in FHIR's own words."""
    await measured(tables, 0)
    await measured(tables, 0, home=OTHER)
    answer = await fetch(f"/fhir/Observation/{id_of(HOME, 'reading', 'r1')}")
    assert answer.json()["valueQuantity"]["value"] == 91.0
    assert answer.headers["etag"] == f'W/"{answer.json()["meta"]["versionId"]}"'
    for path in (f"Observation/{id_of(OTHER, 'reading', 'r1')}", "Observation/none", "Patient/x", "Patient"):
        refused = await fetch(f"/fhir/{path}")
        assert (refused.status_code, refused.json()["resourceType"]) == (404, "OperationOutcome")


async def test_what_cannot_be_asked_is_said(fetch) -> None:
    """A parameter that we do not know is 400 with what there is, and no page of everybody."""
    refused = await fetch("/fhir/Observation?subject=x")
    assert refused.status_code == 400
    assert "patient" in refused.json()["issue"][0]["diagnostics"]


async def test_anybody_may_read_what_we_can_do(fetch) -> None:
    """The CapabilityStatement names the version of FHIR, and each type with read and search."""
    said = (await fetch("/fhir/metadata")).json()
    assert said["fhirVersion"] == "4.0.1"
    for each in said["rest"][0]["resource"]:
        assert [one["code"] for one in each["interaction"]] == ["read", "search-type"]


async def test_at_the_wards_own_machine_every_home_is_found(tables: Tables, fetch) -> None:
    """Where nobody logs in, a developer reads everything there is."""
    await measured(tables, 0, home=OTHER)
    await fetch("/fhir/Observation")
    lines, _ = await tables.find(Asked("Observation"), AT_THIS_MACHINE, at(6))
    assert {line.home for line in lines} == {OTHER}
