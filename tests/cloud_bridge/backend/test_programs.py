"""Programs of organisations: a token of the provider opens FHIR to them, and nothing else."""

from datetime import timedelta

import httpx
import pytest

from cloud_bridge.backend.sharing import Organisation
from cloud_bridge.backend.tables import Tables
from cloud_bridge.backend.who import Role
from tests.cloud_bridge.backend.some_login import AUDIENCE, SCOPE
from tests.cloud_bridge.backend.test_login import Stage, stage_of
from tests.contracts.tables.facts import HOME, NOON, OTHER, at, batch, reading, told

pytestmark = pytest.mark.anyio

JOURNAL = {"client_id": "journal-7", "scope": SCOPE, "org": "983971709"}


async def asked(stage: Stage, token: str, path: str = "/fhir/Observation") -> httpx.Response:
    """Ask as a program that bears this token."""
    return await stage.browser.get(stage.ward + path, headers={"authorization": f"Bearer {token}"})


async def followed(tables: Tables) -> None:
    """A home of the hospital and one of nobody, each with a reading."""
    await tables.enrol_organisations([Organisation("sykehuset", "Sykehuset", "hospital")])
    assert await tables.begin_follow_up(HOME, "sykehuset", "lege", NOON) is None
    for home in (HOME, OTHER):
        await tables.commit(batch(told(1, reading(1)), home=home), at=at(1))
    await tables.index_next(at(1), "nb")


async def test_a_program_reads_what_its_organisation_may_see(tables: Tables) -> None:
    """With its token it finds its own homes, and the look is noted as a program's, without its name."""
    await followed(tables)
    async with stage_of(tables) as stage:
        token = stage.provider.program_token(AUDIENCE, JOURNAL)
        found = (await asked(stage, token)).json()["entry"]
    assert [each["resource"]["subject"]["reference"] for each in found] == [f"Patient/{HOME}"]
    (look,) = await tables.looks(HOME)
    assert (look.by.organisation, look.by.role, look.what) == ("sykehuset", Role.SYSTEM, "fhir")
    assert "journal" not in look.by.person


async def test_a_program_opens_no_page(tables: Tables) -> None:
    """What is made for people is refused to it, whoever's program it is."""
    await followed(tables)
    async with stage_of(tables) as stage:
        token = stage.provider.program_token(AUDIENCE, JOURNAL)
        for path in ("/", f"/patient/{HOME}", f"/patient/{HOME}/looks", "/changes"):
            assert (await asked(stage, token, path)).status_code == 403


@pytest.mark.parametrize(
    "bent",
    [
        {"aud": "somebody-else"},
        {"aud": "pusterom-ward"},
        {"scope": "openid"},
        {"org": "1"},
        {"client_id": ""},
        {"iss": "https://elsewhere"},
        {"exp": 0},
    ],
)
async def test_a_token_for_something_else_opens_nothing(tables: Tables, bent: dict) -> None:
    """Another audience, scope, organisation or issuer, nobody's, or one that is over: 401 in FHIR's words."""
    await followed(tables)
    async with stage_of(tables) as stage:
        token = stage.provider.program_token(AUDIENCE, JOURNAL | bent)
        answer = await asked(stage, token)
    assert (answer.status_code, answer.json()["resourceType"]) == (401, "OperationOutcome")
    assert await tables.looks(HOME) == ()


async def test_what_is_no_token_opens_nothing(tables: Tables) -> None:
    """Rubbish, nothing, and a token of five minutes ago."""
    await followed(tables)
    async with stage_of(tables) as stage:
        old = stage.provider.program_token(AUDIENCE, JOURNAL)
        stage.clock.at += timedelta(minutes=6)
        for token in ("-", "rubbish", "a.b.c", old):
            assert (await asked(stage, token)).status_code == 401
