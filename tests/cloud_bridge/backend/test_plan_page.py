"""The plan's page: what is shown is what is decided, by the accountable organisation, once."""

from datetime import timedelta
from pathlib import Path
from secrets import token_hex

import httpx
import pytest

from cloud_bridge.backend.app import ward_app
from cloud_bridge.backend.plan_form import edited, fields_of_plan
from cloud_bridge.backend.tables import Tables
from cloud_bridge.backend.views import WrittenPlan
from cloud_bridge.backend.who import Role, Who
from cloud_bridge.settings import load_plan
from tests.cloud_bridge.backend.some_ward import NOW, OSLO, PLAN, one_ward
from tests.cloud_bridge.backend.test_access import followed, the_app
from tests.contracts.tables.facts import HOME, NOON, at
from tests.program import ROOT

pytestmark = pytest.mark.anyio
PATH = f"/patient/{HOME}/plan"
LOWER = {"base": "3", "limits.0.below": "84"}


async def _asked(tables: Tables, organisation: str, fields: dict[str, str] | None = None) -> httpx.Response:
    """Ask for the page as a physician of this organisation, or send its form."""
    ticket = token_hex(8)
    await tables.open_session(ticket, Who("p", organisation, Role.PHYSICIAN), at(6))
    transport, cookies = httpx.ASGITransport(the_app(tables)), {"ticket": ticket}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://127.0.0.1", cookies=cookies
    ) as browser:
        return await (browser.get(PATH) if fields is None else browser.post(PATH, data=fields))


async def _planned(tables: Tables) -> None:
    await followed(tables)
    assert await tables.write_plan(HOME, WrittenPlan(PLAN, "lungelege", NOON)) is None


async def test_what_is_confirmed_is_written_as_whoever_confirmed_it(tables: Tables) -> None:
    """The next version says role, organisation and time of who decided; everything else stays as it was."""
    await _planned(tables)
    answer = await _asked(tables, "sykehuset", LOWER)
    assert answer.headers["location"] == f"{PATH}?said=plan_became_done"
    written = (await tables.plans(HOME)).written
    lower = PLAN.limits[0].model_copy(update={"below": 84})
    said = {"version": 4, "approved_at": at(6), "approved_by_role": "lege, sykehuset"}
    assert written.plan == PLAN.model_copy(update=said | {"limits": (lower, *PLAN.limits[1:])})
    assert (written.by, written.at) == ("lege, sykehuset", at(6))


async def test_only_the_accountable_organisation_changes_a_plan(tables: Tables) -> None:
    """Whoever may only see the home reads the plan without a form, and what they send is not found."""
    await _planned(tables)
    assert 'id="edit"' in (await _asked(tables, "sykehuset")).text
    page = await _asked(tables, "ringsaker")
    assert (page.status_code, 'id="edit"' in page.text) == (200, False)
    assert (await _asked(tables, "ringsaker", LOWER)).status_code == 404
    assert (await tables.plans(HOME)).written.plan == PLAN


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({}, "unreadable"),
        ({"base": "2", "limits.0.below": "84"}, "newer"),
        ({"base": "3"}, "same"),
        ({"base": "3", "limits.0.below": "85,0"}, "same"),
        ({"base": "3", "version": "9"}, "same"),
        ({"base": "3", "limits.0.below": "89"}, "limit"),
        ({"base": "3", "limits.0.below": "nan"}, "limit"),
        ({"base": "3", "limits.0.in_a_row": ""}, "limit"),
        ({"base": "3", "stale_h": "-1"}, "invalid"),
    ],
)
async def test_what_cant_be_is_refused_with_what_to_write(
    tables: Tables, fields: dict[str, str], why: str
) -> None:
    """Nothing is written of a form that is old, empty, or makes no plan; the page says which."""
    await _planned(tables)
    assert (await _asked(tables, "sykehuset", fields)).headers["location"].endswith(f"plan_became_{why}")
    assert (await tables.plans(HOME)).written.plan == PLAN


async def test_of_two_who_change_one_version_the_first_is_heard(tables: Tables) -> None:
    """The second is told that another version has come; also where both were read before either wrote."""
    await _planned(tables)
    assert "done" in (await _asked(tables, "sykehuset", LOWER)).headers["location"]
    other = LOWER | {"limits.0.below": "80"}
    assert "newer" in (await _asked(tables, "sykehuset", other)).headers["location"]
    late = edited(PLAN, other, "lege", at(7)).plan
    assert await tables.write_plan(HOME, WrittenPlan(late, "lege", at(7))) is not None
    assert (await tables.plans(HOME)).written.plan.limits[0].below == 84


async def test_the_preview_shows_and_changes_nothing_and_the_home_hears_once() -> None:
    """Asked with numbers the page shows old and new; only the confirmation is told to the home."""
    ward, told = one_ward(), []
    app = ward_app(ward, ward, lambda: NOW, OSLO, on_decided=lambda: told.append(1))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://ward") as browser:
        html = (await browser.get("/patient/h0/plan", params=LOWER)).text
        assert '<span class="gone">85</span> → <span class="new">84</span>' in html
        assert html.count('name="limits.0.below" value="84"') == 2
        assert "standardverdier til en kliniker har godkjent" in html
        assert (ward.written, told) == (None, [])
        for _ in range(2):
            await browser.post("/patient/h0/plan", data=LOWER)
    assert (ward.written.plan.limits[0].below, told) == (84, [1])


@pytest.mark.parametrize("name", ["copd", "hypercapnic"])
def test_every_field_of_a_shipped_plan_can_be_written_back(name: str) -> None:
    """What the form shows makes no new version as it stands; a rule can be put off, and is unsigned then."""
    path = Path(ROOT) / f"config/plans/{name}.toml"
    plan = load_plan(path)
    fields = fields_of_plan(plan)
    assert len(fields) > 14
    assert edited(plan, {each.path: each.said for each in fields}, "lege", NOW).why == "plan_became_same"
    signed = plan.model_copy(update={"is_verified": True})
    made = edited(signed, {"rules.spo2_low.is_on": "false"}, "lege", NOW + timedelta(days=1))
    assert (made.plan.rules.spo2_low.is_on, made.plan.is_verified, len(made.changes)) == (False, False, 1)
