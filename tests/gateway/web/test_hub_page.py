"""The patient's page on the hub, asked as a browser asks."""

import dataclasses
import re
from datetime import timedelta
from html import unescape

import httpx
import pytest

from cloud_bridge.contract.trouble import FOUND_BY_WARD, Trouble, TroubleKind
from cloud_bridge.look.words import LANGUAGES, WORDS
from devices.kinds import Kind
from gateway.web.app import hub_app
from gateway.web.views import DeviceLine, Journey
from gateway.web.zone import zone_of
from tests.cloud_bridge.backend.some_ward import NOW, OSLO, alert, reading
from tests.gateway.web.some_hub import DOWN, UP, SomeHub, blowing_hub, green_hub, red_hub, yellow_hub

pytestmark = pytest.mark.anyio


async def _page(hub, path="/"):
    transport = httpx.ASGITransport(hub_app(hub, OSLO))
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as browser:
        return (await browser.get(path)).text


def _words(html):
    bare = re.sub(r"<(title|desc)[^>]*>.*?</\1>|<[^>]+>", " ", html, flags=re.DOTALL)
    return " ".join(bare.replace("\u00a0", " ").split())


@pytest.mark.parametrize(
    ("levels", "age_h", "zone"),
    [
        (("yellow", "red"), 1, "red"),
        (("yellow",), 1, "yellow"),
        ((), 1, "green"),
        ((), 49, "unknown"),
        ((), None, "unknown"),
        (("red",), None, "red"),
    ],
)
def test_the_zone_is_the_worst_open_alert_and_green_only_when_fresh(levels, age_h, zone):
    """Nobody is told that all is well on the ground of old numbers."""
    alerts = [alert(level, (84.0,), NOW) for level in levels]
    last_at = None if age_h is None else NOW - timedelta(hours=age_h)
    assert zone_of(alerts, last_at, NOW, 48.0) == zone


@pytest.mark.parametrize(
    ("hub", "says", "does"),
    [
        (green_hub(), "Du er i grønn sone", "Gjør som du pleier"),
        (yellow_hub(), "Du er i gul sone", "hvil, og mål på nytt"),
        (red_hub(), "Du er i rød sone", "Vent ikke på at noen skal ringe deg"),
        (SomeHub(), "Vi vet ikke hvordan det står til", "Ta en måling når det passer deg"),
    ],
)
async def test_three_sentences_come_first(hub, says, does):
    """How it is, what to do now, who follows up: in this order, in every zone."""
    words = _words(await _page(hub))
    places = [words.index(part) for part in (says, does, "Hvem følger deg opp")]
    assert places == sorted(places)
    assert "én av dem har alltid ansvaret" in words


async def test_in_the_red_zone_the_emergency_number_stands_before_all():
    """113 is the first thing on the page, as a link that calls; elsewhere it is not a button."""
    html = await _page(red_hub())
    main = html[html.index("<main") :]
    assert main.index('href="tel:113"') < main.index("Du er i rød sone")
    assert "tel:113" not in await _page(yellow_hub())


@pytest.mark.parametrize(
    ("road", "is_said"),
    [
        (UP, False),
        (DOWN, True),
        (dataclasses.replace(UP, waiting_count=9_000), False),
        (dataclasses.replace(UP, waiting_count=1, is_alert_waiting=True), True),
    ],
)
async def test_an_alert_that_nobody_has_confirmed_is_said_to_be_so(road, is_said):
    """While the road is down or an alert waits, the page does not let the patient think that he is seen."""
    hub = red_hub()
    hub.road = road
    assert ("Varselet er ikke bekreftet mottatt" in _words(await _page(hub))) == is_said


@pytest.mark.parametrize("kind", sorted(set(TroubleKind) - FOUND_BY_WARD))
@pytest.mark.parametrize("language", LANGUAGES)
async def test_what_does_not_work_is_said_with_what_to_do(kind, language):
    """Plain words first, the same for everybody; what a technician must know stands behind them."""
    at = NOW - timedelta(hours=2)
    wrong = tuple(Trouble(f"t{n}", kind.value, "opened", at, f"entry {n}", f"reason {n}") for n in (1, 2))
    hub = green_hub()
    hub.wrong = wrong
    html = await _page(hub, f"/?lang={language}")
    words = _words(html)
    assert html.count(f'id="trouble-{kind}"') == 1
    plain = unescape(words).index(WORDS[f"trouble_{kind}"][language])
    assert plain < words.index("reason 1") < words.index("reason 2")
    assert "troubles-title" not in await _page(green_hub())


@pytest.mark.parametrize(
    ("journey", "said"),
    [
        (Journey(NOW, False, False), "Venter på å bli sendt."),
        (Journey(NOW, True, False), "Sendt. Ikke bekreftet mottatt ennå."),
        (Journey(NOW, True, True), "Sendt, og bekreftet mottatt."),
        (Journey(NOW, True, True, NOW, "Lungeavdelingen"), "mottatt i dag 09:30 av Lungeavdelingen."),
        (Journey(NOW, True, True, NOW), "bekreftet mottatt i dag 09:30."),
    ],
)
async def test_a_reading_says_how_far_it_has_come(journey, said):
    """Measured, kept, sent, received, and by whom: beside the number, for who wants to know."""
    hub = green_hub()
    hub.journeys = {each.id: journey for each in hub.kept}
    words = _words(await _page(hub))
    assert "Målt i dag 07:42. Lagret i boksen i dag 09:30." in words
    assert said in words


async def test_values_are_said_without_jargon_with_the_term_beside():
    """'Oksygen i blodet' for the patient, SpO2 beside it for the helper; number, unit, time, plot."""
    html = await _page(green_hub())
    words = _words(html)
    assert "Oksygen i blodet SpO2 91 % i dag 07:42" in words
    assert "Puls slag per minutt 78 /min i dag 07:42" in words
    assert "Vekt 71,4 kg i dag 07:42" in words
    assert html.count('class="plot"') == 3
    assert "metning" not in words


async def test_devices_say_how_well_we_know_them():
    """Title, last heard, last fault and the ground of our knowledge, in words."""
    words = _words(await _page(green_hub()))
    assert "Nonin 3230 Sist hørt i dag 07:30. For den som hjelper deg Laget etter beskrivelsen" in words
    assert "Mi Scale 2 Sist hørt 19. nov. 09:30. Noe gikk galt sist." in words
    assert "xiaomi_scale, A4:C1:38:00:00:02 short frame" in words


@pytest.mark.parametrize(
    ("road", "said"),
    [
        (UP, "Boksen er tilkoblet siden i går 13:30. Alt er sendt og bekreftet. Sist bekreftet i dag 09:27."),
        (DOWN, "ikke tilkoblet, siden i dag 07:30. Den prøver av seg selv. 12 opplysninger venter"),
        (
            dataclasses.replace(DOWN, since=None, waiting_count=1),
            "ikke tilkoblet ennå. Den prøver av seg selv. 1 opp",
        ),
    ],
)
async def test_the_connection_is_said_in_words(road, said):
    """Since when, how much waits, and that nothing is lost."""
    words = _words(await _page(SomeHub(road=road)))
    assert said in words
    assert ("ingenting går tapt" in words) == bool(road.waiting_count)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_an_empty_hub_says_what_will_come(language):
    """No reading, no device, no plan approved: still a whole page with a next step."""
    html = await _page(SomeHub(), f"/?lang={language}")
    assert {"nb": "Slå på et apparat i samme rom", "en": "Turn one on in the same room"}[language] in html
    assert not re.search(r"\bnan\b|None|Undefined", html)


async def test_old_values_are_shown_but_not_drawn_where_the_plot_does_not_reach():
    """A weight from last month is the last weight, with its date; an empty plot is left out."""
    hub = SomeHub([reading(Kind.BODY_WEIGHT, 70, NOW - timedelta(days=40))])
    html = await _page(hub)
    assert "70,0 kg 13. okt." in _words(html)
    assert 'class="plot"' not in html


async def test_what_a_device_calls_itself_is_escaped():
    """A device's name comes from the air: it can never become markup."""
    evil = DeviceLine("aa:bb", "<b>x</b>", "<script>alert(1)</script>", "reported", NOW, "<img src=x>")
    html = await _page(SomeHub(met=(evil,)))
    assert "<script>alert" not in html
    assert "<img" not in html
    assert "&lt;script&gt;alert(1)" in html


async def test_blows_are_said_in_plain_words():
    """Air out in one second, the strongest blow: the best of the latest sitting, and its part of the best."""
    words = _words(await _page(blowing_hub()))
    assert "Luft ut på ett sekund FEV1 1,30 L i dag 08:30 93 % av ditt beste" in words
    assert "Største blåsestyrke PEF 240 L/min i dag 08:30 80 % av ditt beste" in words
    assert "z-skår" not in words
    assert "forventet" not in words


async def test_a_blow_without_a_best_and_a_clinics_blow_are_no_part_of_a_best():
    """Where the plan says no best there is no part of it, and a clinic's blow is not on the page at all."""
    own = reading(Kind.FEV1_PERCENT_BEST, 55, NOW)
    in_clinic = dataclasses.replace(reading(Kind.FEV1, 1.9, NOW), setting="clinic")
    hub = SomeHub([reading(Kind.FEV1, 1.3, NOW), own, in_clinic])
    words = _words(await _page(hub))
    assert "Luft ut på ett sekund FEV1 1,30 L i dag 09:30" in words
    assert "av ditt beste" not in words
    assert "1,9" not in words
