"""The figures as a page and as files: a period is chosen, nobody is named, everybody gets the same."""

import csv
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import httpx
import pytest

from cloud_bridge.backend.app import ward_app
from cloud_bridge.backend.figures_page import MONTHS_MAX, months_of
from cloud_bridge.backend.indicators import UNITS, Period
from cloud_bridge.backend.tables import Tables
from cloud_bridge.backend.who import PEOPLE, Role, Who
from cloud_bridge.look.columns import Column, columns
from tests.cloud_bridge.backend.some_ward import NOW, OSLO, SomeWard, counted_ward
from tests.cloud_bridge.backend.test_access import NAME, ORGANISATIONS, OTHER_NAME, followed, the_app
from tests.contracts.tables.facts import HOME, OTHER, at

pytestmark = pytest.mark.anyio
YEAR = "?from=2025-12-01&to=2026-11-22"


async def _get(ward: SomeWard, path: str) -> httpx.Response:
    app = ward_app(ward, ward, lambda: NOW, OSLO)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://ward") as browser:
        return await browser.get(path)


async def _get_as(tables: Tables, who: Who, path: str) -> httpx.Response:
    ticket = f"{who.organisation}-{who.role}"
    await tables.open_session(ticket, who, at(6))
    transport = httpx.ASGITransport(the_app(tables))
    async with httpx.AsyncClient(
        transport=transport, base_url="http://127.0.0.1", cookies={"ticket": ticket}
    ) as browser:
        return await browser.get(path)


@pytest.mark.parametrize("form", ["csv", "json"])
async def test_each_organisation_gets_the_same_bytes(tables: Tables, form: str) -> None:
    """Whoever asks, whatever homes they may see: the same file of the same period, and nobody in it."""
    await followed(tables)
    path = f"/figures.{form}?from={at(0).date()}&to={at(6).date()}"
    answers = [
        await _get_as(tables, Who("p", organisation, role), path)
        for organisation in ORGANISATIONS.values()
        for role in sorted(PEOPLE)
    ]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert answers[0].text.count("adherence") == 1 + len(ORGANISATIONS)
    told = answers[0].text + str(answers[0].headers)
    assert [each for each in (NAME, OTHER_NAME, HOME, OTHER) if each in told] == []
    assert await tables.looks(HOME) == ()


async def test_the_page_names_no_patient_and_no_home(tables: Tables) -> None:
    """With homes in the tables there is a page of figures, and no home or name on it."""
    await followed(tables)
    html = (await _get_as(tables, Who("p", "sykehuset", Role.LEADER), "/figures")).text
    assert "Tall for begge" in html
    assert [each for each in (NAME, OTHER_NAME, HOME, OTHER) if each in html] == []


async def test_a_leader_is_shown_the_way_to_the_figures(tables: Tables) -> None:
    """The list is not for a leader, who is told so with a link to the figures; a program is not led there."""
    await followed(tables)
    denied = await _get_as(tables, Who("p", "sykehuset", Role.LEADER), "/")
    assert (denied.status_code, 'class="button" href="/figures"' in denied.text) == (403, True)
    program = await _get_as(tables, Who("p", "sykehuset", Role.SYSTEM), "/")
    assert (program.status_code, "/figures" in program.text) == (403, False)
    assert 'href="/figures"' in (await _get_as(tables, Who("p", "sykehuset", Role.NURSE), "/")).text


async def test_the_page_and_its_files_hold_the_same_figures() -> None:
    """Each figure of the file stands on the page, and a share has a bar as long as its number."""
    ward = counted_ward()
    html, file = (await _get(ward, "/figures" + YEAR)).text, await _get(ward, "/figures.csv" + YEAR)
    values = [line["value"] for line in csv.DictReader(file.text.splitlines()) if line["value"]]
    assert len(values) == 7
    assert [value for value in values if f'"figure">{value.replace(".", ",")}' not in html] == []
    assert html.count('class="part" width="105"') == 1  # 87.5 per cent of 120
    assert Decimal("87.5") in map(Decimal, values)
    assert file.headers["content-disposition"] == ('attachment; filename="figures-2025-12-01-2026-11-22.csv"')


async def test_this_month_so_far_unless_asked() -> None:
    """The page begins with the month that is under way, in the ward's own zone, and counts it once."""
    ward = counted_ward()
    html = (await _get(ward, "/figures")).text
    assert 'value="2026-11-01"' in html
    assert 'value="2026-11-22"' in html
    assert ward.periods == [Period(datetime(2026, 10, 31, 23, tzinfo=UTC), NOW)]
    for words in ("2026-10-01&amp;to=2026-10-31", "2026-01-01&amp;to=", "2025-01-01&amp;to=2025-12-31"):
        assert words in html


@pytest.mark.parametrize("path", ["/figures", "/figures.csv", "/figures.json"])
@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("?from=&to=2026-01-01", "Den første dagen passer ikke. Skriv"),
        ("?from=x&to=2026-01-01", "Den første dagen passer ikke. Skriv"),
        ("?from=0001-01-02&to=2026-01-01", "Den første dagen passer ikke. Skriv"),
        ("?from=2026-11-23&to=2026-11-23", "Den første dagen passer ikke. Skriv"),
        ("?from=2026-02-01&to=2026-01-31", "Den siste dagen passer ikke. Skriv"),
        ("?from=2026-02-01&to=9999-12-31", "Den siste dagen passer ikke. Skriv"),
        ('?from=2026-02-01&to="><b>', "Den siste dagen passer ikke. Skriv"),
    ],
)
async def test_a_wrong_period_is_a_page_that_says_what_to_write(path: str, query: str, said: str) -> None:
    """It counts nothing, says which day is wrong, and keeps what was written, escaped."""
    ward = counted_ward()
    answer = await _get(ward, path + query)
    assert (answer.status_code, ward.periods) == (400, [])
    assert said in answer.text
    assert "<b>" not in answer.text


async def test_every_month_of_the_period_has_its_column() -> None:
    """Twelve months are twelve columns for each figure of each organisation; one month alone has none."""
    ward = counted_ward()
    html = (await _get(ward, "/figures" + YEAR)).text
    assert html.count('<svg class="months"') == 3 * len(UNITS)
    assert 'aria-label="Sett: des. 2025: 87,5 %; jan. 2026: 87,5 %' in html
    assert len(ward.periods) == 1 + 12
    assert '<svg class="months"' not in (await _get(ward, "/figures")).text


def test_months_are_those_of_the_zone_and_leave_no_gap() -> None:
    """Each begins at midnight where people live and where the one before ended; the ends are the period's."""
    since, until = datetime(2026, 2, 14, 9, tzinfo=UTC), datetime(2026, 4, 30, 22, tzinfo=UTC)
    found = months_of(Period(since, until), OSLO)
    edges = [since, datetime(2026, 2, 28, 23, tzinfo=UTC), datetime(2026, 3, 31, 22, tzinfo=UTC), until]
    assert [each for _, each in found] == [Period(*each) for each in pairwise(edges)]
    assert [first.month for first, _ in found] == [2, 3, 4]
    many = months_of(Period(until - timedelta(days=9_000), until), OSLO)
    assert (len(many), many[-1][1].until) == (MONTHS_MAX, until)


def test_no_figure_is_a_dash_and_nought_is_an_empty_column() -> None:
    """What is not known is not drawn as nothing, and each column says its number when pointed at."""
    svg = columns("Sett", [Column(None, "a"), Column(0.0, "b"), Column(50.0, "c")], 100.0)
    assert svg.count("–") == 1
    assert 'height="0.0"><title>b' in svg
    assert 'y="16.0" width="7" height="16.0"><title>c' in svg
    assert 'aria-label="Sett: a; b; c"' in svg
