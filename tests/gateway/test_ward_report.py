"""`pusterom ward report`: the figures for both as a page to print and as numbers, without anybody's name."""

import csv
import json
import re
from datetime import UTC, timedelta
from html.parser import HTMLParser

import pytest

from cloud_bridge.backend.figure_report import Report, said
from cloud_bridge.backend.indicators import UNITS, Period, Tally, indicators
from tests.given import NOON


class _Outside(HTMLParser):
    """Gathers whatever a page would run or fetch."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        self.found += [tag] if tag in {"script", "link", "img", "iframe"} else []
        self.found += [name for name, _ in attrs if name in {"src", "href"} or name.startswith("on")]


@pytest.fixture
def report(run, folder):
    """Run the command for January over a ward that follows one home, and return what it prints."""
    ward = ("--config", folder / "ward.toml")
    run("ward", "organisation", "town", "--name", "Ringsaker <kommune>", "--kind", "municipality", *ward)
    run(
        "ward", "enrol", "--home", "00c0ffee00c0ffee", "--name", "Kari Nordmann", "--birth-year", "1950",
        "--accountable", "town", *ward,
    )  # fmt: skip

    def ran(*words):
        code, out, err = run("ward", "report", "--from", "2026-01-01", "--to", "2099-01-31", *words, *ward)
        assert (code, err) == (0, "")
        return out

    return ran


@pytest.mark.parametrize(("language", "title"), [("nb", "Tall for begge"), ("en", "Figures for both")])
def test_the_page_prints_by_itself_and_names_nobody(report, language, title):
    """No script, nothing from outside, no patient, no home; where nothing is to count, it says so."""
    page = report("--language", language)
    assert title in page
    assert "Ringsaker &lt;kommune&gt;" in page
    assert "Kari" not in page
    assert "00c0ffee" not in page
    assert "@media print" in page
    outside = _Outside()
    outside.feed(page)
    assert outside.found == []
    assert "url(" not in page
    none = "ingen tall" if language == "nb" else "no figure"
    assert len(re.findall(none, page)) >= len(UNITS)


def test_csv_and_json_hold_the_same_digits():
    """Each indicator once for all together and once for each organisation; no figure is an empty field."""
    found = indicators([("town", "seen", Tally(1, 3, 1, {60: 1})), ("ward", "late", Tally(0, 2))])
    report = Report(Period(NOON - timedelta(days=1), NOON), NOON, UTC, found, ())
    lines = list(csv.DictReader(said(report, "csv", "nb").splitlines()))
    told = json.loads(said(report, "json", "nb"))["figures"]
    assert [(each["organisation"], each["indicator"]) for each in lines] == [
        (organisation, id_) for organisation in ("*", "town", "ward") for id_ in UNITS
    ]
    for line, each in zip(lines, told, strict=True):
        assert line == {name: "" if value is None else str(value) for name, value in each.items()}
    assert {each["value"] for each in lines if each["indicator"] == "seen"} == {"33.3", ""}
    assert {each["value"] for each in told if each["indicator"] == "seen"} == {"33.3", None}


def test_the_command_prints_numbers_for_machines(report):
    """What is printed as CSV begins with the columns, and as JSON with the period in UTC."""
    assert report("--format", "csv").startswith("organisation,indicator,unit,value,part,whole,")
    assert json.loads(report("--format", "json"))["since"] == "2025-12-31T23:00:00+00:00"


def test_it_writes_a_file(report, folder):
    """With --out the page lies in the file, and only the period is said."""
    assert "2025-12-31 23:00 to" in report("--out", folder / "2026.html")
    assert (folder / "2026.html").read_text().startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("first_on", "last_on", "says"),
    [
        ("yesterday", "2026-01-31", "--from: write a day such as 2026-01-31"),
        ("2026-01-01", "2026-13-01", "--to: write a day such as 2026-01-31"),
        ("2026-01-31", "2026-01-01", "--to: write a day that is not before --from"),
        ("2999-01-01", "2999-01-02", "--from: nothing has happened yet"),
        ("2026-01-01", "9999-12-31", "--to: no calendar reaches so far"),
    ],
)
def test_days_that_are_none_are_refused(refused, folder, first_on, last_on, says):
    """One line names the option and what to write."""
    ward = ("--config", folder / "ward.toml")
    assert says in refused("ward", "report", "--from", first_on, "--to", last_on, *ward)


def test_its_help_teaches(run):
    """Who asks for help reads an example and what to do next."""
    code, out, _ = run("ward", "report", "--help")
    assert code == 0
    assert "Next: open the file and print it" in " ".join(out.split())
