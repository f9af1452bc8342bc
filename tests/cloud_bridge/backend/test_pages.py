"""The ward's pages, asked as a browser asks."""

import re
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from cloud_bridge.backend.app import ward_app
from cloud_bridge.backend.views import HomeState, OpenTrouble, Quarantined
from cloud_bridge.look.voice import is_late
from cloud_bridge.look.words import LANGUAGES
from devices.identity import DeviceIdentity
from devices.kinds import Kind
from tests.cloud_bridge.backend.some_ward import (
    NOW,
    OSLO,
    SomeWard,
    alert,
    full_ward,
    one_ward,
    reading,
)

pytestmark = pytest.mark.anyio
HOSTILE = "<script>alert('x')</script>\"&'"


def _browser(ward):
    app = ward_app(ward, ward, lambda: NOW, OSLO)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://ward")


async def _get(ward, path="/", **more):
    async with _browser(ward) as browser:
        return await browser.get(path, **more)


def _section(html, name):
    return re.search(rf'<section[^>]* id="{name}">.*?</section>', html, re.DOTALL).group()


def _words(html):
    bare = re.sub(r"<title>.*?</title>|<[^>]+>", " ", html, flags=re.DOTALL)
    return " ".join(bare.replace("\u00a0", " ").split())


async def test_an_empty_ward_says_what_will_come():
    """Each empty section says what will appear and why it is empty now."""
    html = (await _get(SomeWard())).text
    assert "Ingen åpne varsler. Her kommer en linje når" in _section(html, "needs")
    assert "Ingen er tause." in _section(html, "silent")
    assert "ingenting mangler" in _section(html, "technical")
    assert "Ingen følges ennå." in _section(html, "everybody")
    assert "ring 113" in html


async def test_who_is_red_stands_first_with_the_reason_in_words():
    """Shape, word, name, age, reason, time and fortnight in one line."""
    html = (await _get(one_ward())).text
    needs = _words(_section(html, "needs"))
    assert (
        "▲ RØD Kari Nordmann 71 metning 84 og 83 %, to målinger på rad under grensen 85 (vanlig 91)" in needs
    )
    assert "i dag 07:42" in needs
    assert 'title="2026-11-22 07:42:00 +01:00"' in html
    assert "<title>(1) Arbeidsliste – Pusterom</title>" in html


async def test_one_line_per_patient_and_the_most_urgent_first():
    """Two alerts of one person are one line; red stands before yellow, the oldest first."""
    ward = SomeWard()
    for home, level, hours in (("a", "yellow", 9), ("b", "red", 1), ("c", "red", 5)):
        ward.enrol(home, home.upper())
        ward.open(home, alert(level, (84.0,), NOW - timedelta(hours=hours)))
    ward.open("b", alert("yellow", (87.0,), NOW - timedelta(hours=30), limit=88))
    needs = _section((await _get(ward)).text, "needs")
    assert re.findall(r'id="needs-(\w)-limits"', needs) == ["c", "b", "a"]
    assert "metning 84 %, under grensen 85 (vanlig 91); metning 87 %" in _words(needs)


async def test_an_alert_from_a_home_without_a_name_is_not_overlooked():
    """A home that nobody has enrolled stands in the list all the same, and has its page."""
    ward = one_ward()
    ward.open("f00d", alert("red", (80.0,), NOW - timedelta(hours=9)))
    ward.states["f00d"] = HomeState("f00d", True, NOW, NOW, 4, 0)
    needs = _section((await _get(ward)).text, "needs")
    assert re.findall(r'<li[^>]* id="needs-(\w+)-limits"', needs) == ["f00d", "h0"]
    assert "▲ RØD hjem f00d metning 80 %" in _words(needs)
    page = _words((await _get(ward, "/patient/f00d")).text)
    assert "hjem f00d Dette hjemmet er ikke meldt inn med navn. Huben er tilkoblet siden i dag 09:30" in page


@pytest.mark.parametrize(
    ("state", "value_h", "words"),
    [
        (None, None, "huben har aldri meldt seg"),
        (
            HomeState("h", False, NOW - timedelta(hours=20), NOW, 4, 0),
            1,
            "huben er frakoblet siden i går 13:30",
        ),
        (HomeState("h", True, NOW, NOW, 4, 0), None, "ingen måling er kommet ennå"),
        (HomeState("h", True, NOW, NOW, 4, 0), 49, "tilkoblet, men siste måling er fra 20. nov. 08:30"),
        (HomeState("h", True, NOW, NOW, 4, 0), 47, "Ingen er tause"),
    ],
)
async def test_silence_is_said_with_its_reason(state, value_h, words):
    """Never heard of, offline, no reading ever, none for long: each says which, and since when."""
    ward = SomeWard()
    ward.enrol("h", "Kari")
    ward.states = {"h": state} if state else {}
    if value_h is not None:
        ward.keep("h", reading(Kind.SPO2, 91, NOW - timedelta(hours=value_h)))
    html = (await _get(ward)).text
    assert words in _words(_section(html, "silent"))
    assert ("GRØNN" in _section(html, "everybody")) == (value_h == 47)


async def test_what_could_not_be_read_and_what_is_missing_is_shown():
    """Quarantine by home with its reason, missing entries with their count, also of strangers."""
    ward = one_ward()
    ward.states["h0"] = HomeState("h0", True, NOW, NOW, 40, 2)
    ward.unread = [Quarantined(n, "stranger", None, f"bad <b>{n}</b>", b"\x00", NOW) for n in (2, 1)]
    technical = _section((await _get(ward)).text, "technical")
    assert "Kari Nordmann 2 innslag fra hjemmet mangler ennå" in _words(technical)
    assert "hjem stranger kunne ikke leses og er lagt til side: bad &lt;b&gt;2&lt;/b&gt; og 1 til" in _words(
        technical
    )


async def test_what_does_not_work_is_said_in_words():
    """A trouble stands in the technical section, also one that this ward has no words for, once a page."""
    ward = one_ward()
    ward.wrong = [
        OpenTrouble("h0", "t1", "hub", "disk_full", "", "12 MB left", NOW),
        OpenTrouble("h0", "t2", "ward", "two_hubs", "", "", NOW),
        OpenTrouble("stranger", "t3", "hub", "moon_too_near", "", "", NOW),
        OpenTrouble("h0", "t4", "ward", "home_offline", "", "", NOW),
    ]
    technical = _words(_section((await _get(ward)).text, "technical"))
    assert (
        "Kari Nordmann huben har lite plass igjen; snart blir målinger liggende i apparatene 12 MB"
        in technical
    )
    assert "to huber melder seg som det samme hjemmet" in technical
    assert "hjem stranger noe som denne siden ikke har ord for: moon_too_near" in technical
    assert "frakoblet" not in technical


@pytest.mark.parametrize("path", ["/", "/patient/h0", "/patient/h0?lang=en&days=90"])
async def test_what_comes_from_outside_is_escaped(path):
    """No name, device, driver or reason can become markup."""
    ward = SomeWard()
    ward.enrol("h0", HOSTILE)
    ward.unread = [Quarantined(1, "h0", None, HOSTILE, HOSTILE.encode(), NOW)]
    ward.wrong = [OpenTrouble("h0", HOSTILE, "hub", HOSTILE, HOSTILE, HOSTILE, NOW)]
    hostile = reading(Kind.SPO2, 84, NOW - timedelta(hours=1))
    object.__setattr__(hostile, "device", HOSTILE)  # a reading is frozen; an attacker does not care
    object.__setattr__(hostile, "driver", HOSTILE)
    ward.keep("h0", hostile)
    ward.open("h0", alert("red", (84.0,), NOW))
    html = (await _get(ward, path)).text
    assert "<script>alert" not in html
    assert html.count("<script") == 1
    assert "&lt;script&gt;" in html


@pytest.mark.parametrize("language", LANGUAGES)
async def test_eighty_patients_are_all_there(language):
    """Everybody is listed, long names and other scripts as well, and no number is not a number."""
    ward = full_ward()
    html = (await _get(ward, f"/?lang={language}")).text
    everybody = _section(html, "everybody")
    assert len(re.findall(r'id="all-', everybody)) == 81
    assert all(person.name in everybody for person in ward.persons)
    assert not re.search(r"\bnan\b|NaN|None|Undefined", html)
    assert len(html) < 500_000


async def test_every_id_on_a_page_is_its_own():
    """Labels, links and the live update all go by id: two of one name would mislead them."""
    ward = full_ward()
    for path in ("/", "/patient/h0"):
        ids = re.findall(r' id="([^"]+)"', (await _get(ward, path)).text)
        assert len(ids) > 30
        assert len(ids) == len(set(ids))


async def test_the_patient_page_tells_where_each_number_comes_from():
    """Measured, received, committed, by what, how good: and the latest number leads to its row."""
    html = (await _get(one_ward(), "/patient/h0")).text
    row = re.search(r'<tr id="entry-30">.*?</tr>', html, re.DOTALL).group()
    assert 'href="#entry-' in html
    links = re.findall(r'href="#(entry-\d+)"', html)
    assert len(links) == 3
    assert all(f'<tr id="{link}">' in html for link in links)
    for words in ("2026-11-21 07:42:00 +01:00", "2026-11-21 07:42:04 +01:00", "2026-11-21 07:42:05 +01:00"):
        assert words in row
    for words in ("00:1C:05:FF:00:01", "lest med nonin_3230", "ingen merknad", "Innslag 30 i hjemmets logg"):
        assert words in row
    assert "MDC 149530, LOINC 8867-4, enhet /min" in row
    assert "Huben lagret målingen i går 07:42, og den ble mottatt her i går 07:42." in row
    assert "(2 t etter målingen)" in html
    assert "demonstrasjon; vises, men utløser aldri varsel" in html


async def test_each_row_says_how_well_its_device_is_known():
    """The evidence behind the driver, and what the device said of itself, stand beside the number."""
    ward = SomeWard()
    ward.enrol("h", "Kari")
    told = DeviceIdentity(model="UC-352BLE", serial="514<b>")
    ward.keep("h", replace(reading(Kind.BODY_WEIGHT, 71, NOW), identity=told, tier="reported"))
    html = (await _get(ward, "/patient/h")).text
    for words in ("laget etter andres kode", "ikke prøvd mot et ekte", "Modell: UC-352BLE.", "514&lt;b&gt;"):
        assert words in html


async def test_a_number_finds_its_row_however_old_it_is():
    """A weight that is older than the hundred newest readings still has its row in the table."""
    ward = SomeWard()
    ward.enrol("h", "Kari")
    ward.keep("h", reading(Kind.BODY_WEIGHT, 71, NOW - timedelta(days=3)))
    ward.keep("h", *(reading(Kind.SPO2, 91, NOW - timedelta(minutes=n)) for n in range(150)))
    html = (await _get(ward, "/patient/h")).text
    assert 'href="#entry-1"' in html
    assert '<tr id="entry-1">' in html
    assert html.count("<tr id=") == 101


async def test_the_patient_page_draws_three_plots_on_one_axis():
    """Saturation, pulse and weight below each other, with the plan's limits and the alert's flag."""
    html = (await _get(one_ward(), "/patient/h0")).text
    assert re.findall(r'<figure id="figure-(\w+)"', html) == ["spo2", "pulse_rate", "body_weight"]
    assert html.count('class="flag red"') == 1
    assert html.count('class="band ') == 3
    assert "Grensene er standardverdier som ingen kliniker har godkjent" in html
    days = (await _get(one_ward(), "/patient/h0?days=1")).text
    assert len(re.findall(r"<circle", days)) < len(re.findall(r"<circle", html))


async def test_a_patient_without_readings_has_a_page():
    """A home that has never been heard of is shown with words, not with errors."""
    words = _words((await _get(full_ward(), "/patient/never")).text)
    assert "Huben har aldri meldt seg." in words
    assert "Ingen plan er kjent her ennå" in words
    assert "Ingen målinger er kommet hit ennå" in words


@pytest.mark.parametrize(
    "path", ["/patient/nobody", "/patient/..%2f..%2fetc", "/nothing", "/look/words.toml"]
)
async def test_what_does_not_exist_is_a_calm_page(path):
    """An unknown address answers 404 in words, with the way back."""
    answer = await _get(one_ward(), path)
    assert answer.status_code == 404
    assert "Det finnes ingen slik side" in answer.text
    assert 'href="/"' in answer.text


@pytest.mark.parametrize("path", ["/", "/patient/nobody", "/health", "/look/style.css"])
async def test_every_answer_carries_the_strict_headers(path):
    """No inline script, no stranger's host, no referrer, no frame; and pages with names are not kept."""
    headers = (await _get(one_ward(), path)).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["referrer-policy"] == "same-origin"
    assert headers["x-content-type-options"] == "nosniff"
    if path in ("/", "/patient/nobody"):
        assert headers["cache-control"] == "no-store"


async def test_pages_fetch_nothing_from_elsewhere_and_hold_no_inline_code():
    """All that a page names lies on this server; styles and scripts stand in their own files."""
    for path in ("/", "/patient/h0", "/patient/nobody"):
        html = (await _get(one_ward(), path)).text
        named = re.findall(r'(?:src|href)="([^"]+)"', html)
        assert named
        assert all(name.startswith(("/", "#", "?")) for name in named), named
        assert not re.search(r' style="| on[a-z]+="|<style', html)


async def test_the_language_is_asked_for_once_and_then_kept():
    """Norwegian first; English when asked; then English without asking, and back."""
    async with _browser(one_ward()) as browser:
        assert '<html lang="nb"' in (await browser.get("/")).text
        assert "Needs someone" in (await browser.get("/?lang=en")).text
        page = (await browser.get("/patient/h0?days=90")).text
        assert "Open alerts" in page
        assert "SpO2" in page
        assert "Spo2" not in page
        assert 'href="/patient/h0?days=90&amp;lang=nb"' in page
        assert '<html lang="nb"' in (await browser.get("/?lang=xx")).text


async def test_health_says_that_pages_can_be_made():
    """The health answer has asked the tables, and names nobody."""
    answer = await _get(one_ward(), "/health")
    assert answer.json() == {"is_up": True, "people_count": 1, "at": "2026-11-22T08:30:00+00:00"}


async def test_what_an_outage_held_back_is_drawn_as_late():
    """On the ward, late is what came here late: what waited on the hub gets a hollow dot and a word."""
    ward = one_ward()
    home = "h0"
    punctual = ward.kept[home][-1]
    held_back = replace(punctual, committed_at=punctual.reading.measured_at + timedelta(hours=5))
    assert not is_late(held_back.reading.age_s)
    ward.kept[home] = [held_back]
    page = (await _get(ward, f"/patient/{home}")).text
    assert 'class="dot late"' in page
    assert "5 t etter målingen" in _words(page)
