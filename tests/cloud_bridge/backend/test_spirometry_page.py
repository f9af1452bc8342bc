"""Spirometry on the patient's page: only where there is some, with what it means, home and clinic apart."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from cloud_bridge.backend.patient import patient_of
from cloud_bridge.look.words import LANGUAGES
from devices.kinds import Kind
from devices.readings import OF_DEVICE, Quality
from tests.cloud_bridge.backend.some_ward import (
    NOW,
    PERSON,
    SomeWard,
    blowing_ward,
    blows,
    full_ward,
    one_ward,
    reading,
)
from tests.cloud_bridge.backend.test_pages import _get, _section, _words

pytestmark = pytest.mark.anyio


async def section(ward, path="/patient/h0"):
    """Return the words of the section."""
    return _words(_section((await _get(ward, path)).text, "spirometry"))


def ward_with(*readings, person=PERSON):
    """Return a ward with one home and these readings."""
    ward = SomeWard()
    ward.enrol("h0", "Kari")
    ward.in_force = ward.in_force.model_copy(update={"person": person})
    ward.keep("h0", *readings)
    return ward


async def test_the_latest_sitting_says_what_it_means():
    """The best of its blows, its quality, per cent of predicted with the equation's name, z, and the best."""
    words = await section(blowing_ward())
    assert "Siste økt hjemme: 3 blås, det beste av dem, i dag 08:30" in words
    for line in (
        "FEV1 1,30 L kvalitet A 62,9 % av forventet (GLI Global 2022) z-skår -1,98",
        "z-skår -1,98 92,9 % av personlig beste hjemme",
        "FVC 2,40 L kvalitet A 90,4 % av forventet (GLI Global 2022) z-skår -0,53",
        "FEV1/FVC 54,2 % 68,8 % av forventet (GLI Global 2022) z-skår -2,77",
        "PEF 240 L/min 80 % av personlig beste hjemme",
    ):
        assert line in words
    assert "GLI Global 2022 for en kvinne født i 1955, som om det var midt i året, og 161 cm høy" in words
    assert "Personlig beste: FEV1 1,40 L (målt hjemme) og PEF 300 L/min (målt hjemme)." in words


async def test_the_ratio_is_that_of_the_blow_with_the_best_first_second():
    """A short blow has a large ratio, and is not the best for it; a ratio without its blow is not made up."""
    blown = [(1.30, 54.0), (1.10, 70.0)]
    made = []
    for minute, (fev1, ratio) in enumerate(blown):
        at = NOW - timedelta(minutes=9 - minute)
        made += [reading(Kind.FEV1, fev1, at), reading(Kind.FEV1_FVC, ratio, at)]
    assert "FEV1 1,30 L kvalitet C FEV1/FVC 54 %" in await section(ward_with(*made))
    assert "FEV1/FVC" not in await section(ward_with(made[0], made[3]))


async def test_without_spirometry_there_is_no_section():
    """A patient with an oximeter and a scale has the page that he always had."""
    html = (await _get(one_ward(), "/patient/h0")).text
    assert "spirometri" not in html.lower()
    assert "figure-fev1" not in html


async def test_a_clinics_blow_stands_apart_and_in_no_plot():
    """The newest and the largest, it is neither the latest at home, nor a dot, nor part of a grade."""
    in_clinic = replace(reading(Kind.FEV1, 1.52, NOW), setting="clinic")
    ward = blowing_ward()
    before = await patient_of(ward, "h0", NOW, 14)
    ward.keep("h0", in_clinic)
    after = await patient_of(ward, "h0", NOW, 14)
    assert after.charts == before.charts
    assert after.latest == before.latest
    assert after.spirometry.sittings == before.spirometry.sittings
    assert [kept.reading for kept in after.spirometry.clinic] == [in_clinic]
    html = (await _get(ward, "/patient/h0")).text
    assert "Holdt for seg, for en klinikk måler oftest høyere: FEV1 1,52 L i dag 09:30" in _words(html)
    row = re.search(rf'<tr id="entry-{len(ward.kept["h0"])}">.*?</tr>', html, re.DOTALL).group()
    assert "målt på klinikk" in row


async def test_a_patient_who_only_blew_in_a_clinic_has_no_sitting():
    """What a clinic measured never fills the place of what is measured at home."""
    ward = ward_with(replace(reading(Kind.FEV1, 1.52, NOW), setting="clinic"))
    words = await section(ward)
    assert "Ingenting er blåst hjemme ennå." in words
    assert "FEV1 1,52 L" in words.partition("Målt på klinikk")[2]
    assert (await patient_of(ward, "h0", NOW, 14)).spirometry.plotted == ()


async def test_each_sitting_is_one_dot():
    """The best of each sitting is drawn, not each blow; a guest's is drawn as one that does not count."""
    ward = blowing_ward()
    ward.keep("h0", *blows(1, 2.6, quality=(Quality.UNKNOWN_USER,)))
    html = (await _get(ward, "/patient/h0")).text
    figure = re.search(r'<figure id="figure-fev1">.*?</figure>', html, re.DOTALL).group()
    assert figure.count("<circle") == 7
    assert figure.count("dot weak") == 1
    assert "1,30 L" in _words(figure.partition("<svg")[0])


async def test_every_number_leads_to_its_row_and_says_where_it_comes_from():
    """What was measured says its device; what was derived says that the hub did it, and from what."""
    html = (await _get(blowing_ward(), "/patient/h0")).text
    links = set(re.findall(r'href="#(entry-\d+)"', _section(html, "spirometry")))
    assert len(links) == 13
    assert all(html.count(f'<tr id="{link}">') == 1 for link in links)
    derived = [row for row in re.findall(r'<tr id="entry-\d+">.*?</tr>', html, re.DOTALL) if "z-skår" in row]
    assert len(derived) == 3
    assert all("Huben regnet det ut av det apparatet 00:1C:05:FF:00:01 målte" in row for row in derived)
    assert all("sammenlignet med GLI Global 2022" in row for row in derived)
    assert all("MDC" not in row for row in derived)


async def test_what_was_derived_does_not_crowd_the_table():
    """The hundred newest rows are readings of devices; of what was derived, those that the page names."""
    ward = ward_with(*(one for back in range(1, 60) for one in blows(back, 1.3, 1.2)))
    found = await patient_of(ward, "h0", NOW, 14)
    assert sum(kept.reading.reference is None for kept in found.table) == 100
    assert sum(kept.reading.reference is not None for kept in found.table) == 8


async def test_without_a_person_in_the_plan_nothing_is_said_of_predicted():
    """The numbers and their quality stand, and a sentence says why there is no more."""
    ward = ward_with(*blows(0, 1.3, 1.2, person=None), person=None)
    words = await section(ward)
    assert "FEV1 1,30 L kvalitet B FVC 2,40 L kvalitet B" in words
    assert "Planen sier ikke kjønn, fødselsår, høyde og ligning" in words
    assert "av forventet" not in words


async def test_a_device_that_grades_itself_is_believed_and_named():
    """It saw the curve; we only see numbers. Where it says nothing, the grade is ours."""
    graded = [replace(one, grade="C") for one in blows(0, 1.3, 1.2, 1.29)]
    words = await section(ward_with(*graded))
    assert "FEV1 1,30 L kvalitet C, sier apparatet" in words
    assert "kvalitet A" not in words


async def test_a_device_of_six_seconds_and_one_of_peak_flow_are_both_shown():
    """FEV6 stands where FVC would; a second device's sitting does not hide the first one's."""
    at = NOW - timedelta(days=4)
    spirometer = [reading(kind, value, at) for kind, value in
                  ((Kind.FEV1, 1.1), (Kind.FEV6, 2.0), (Kind.FEV1_FEV6, 55))]  # fmt: skip
    meter = replace(reading(Kind.PEF, 210, NOW), device="F0:00:00:00:99:01")
    ward = ward_with(*spirometer, meter)
    words = await section(ward)
    assert words.index("PEF 210 L/min") < words.index(
        "FEV1 1,10 L kvalitet E FEV6 2,00 L kvalitet E FEV1/FEV6 55 %"
    )
    assert words.count("Siste økt hjemme: 1 blås") == 2


async def test_whoever_only_has_a_peak_flow_meter_has_its_plot():
    """PEF is drawn where nothing at home tells FEV1."""
    found = await patient_of(ward_with(*blows(1, 1.3)), "h0", NOW, 14)
    assert [chart.kind for chart in found.charts][3:] == [Kind.FEV1]
    found = await patient_of(ward_with(reading(Kind.PEF, 240, NOW)), "h0", NOW, 14)
    assert [chart.kind for chart in found.charts][3:] == [Kind.PEF]


async def test_a_devices_own_per_cent_is_not_taken_for_ours():
    """What a device compares by itself stands in the table, as the device's word; the section has ours."""
    at = NOW - timedelta(hours=1)
    for reference in (OF_DEVICE, None):
        own = replace(reading(Kind.FEV1_PERCENT_BEST, 55, at), reference=reference)
        ward = ward_with(reading(Kind.FEV1, 1.3, at), own)
        words = await section(ward)
        assert "FEV1 1,30 L" in words
        assert "55 %" not in words
        row = re.search(
            r'<tr id="entry-2">.*?</tr>', (await _get(ward, "/patient/h0")).text, re.DOTALL
        ).group()
        assert "Apparatet 00:1C:05:FF:00:01 sa det" in row
        assert ("sammenlignet med det apparatet selv har som beste" in row) == (reference is not None)


async def test_whoever_blows_is_not_silent():
    """A home with a spirometer only is heard, though no column shows it; a clinic's blow is not."""
    words = _words(_section((await _get(ward_with(*blows(0.1, 1.3)))).text, "silent"))
    assert "Ingen er tause" in words
    away = ward_with(*(replace(one, setting="clinic") for one in blows(0.1, 1.3)))
    assert "ingen måling er kommet ennå" in _words(_section((await _get(away)).text, "silent"))


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_page_is_whole_in_every_language(language):
    """Each id is its own, nothing is undefined, and what is in English is English."""
    html = (await _get(blowing_ward(), f"/patient/h0?lang={language}")).text
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert not re.search(r"\bnan\b|None|Undefined", html)
    assert ("of the personal best at home" in _words(html)) == (language == "en")


async def test_nobody_else_on_the_ward_has_the_section():
    """Eighty patients without a spirometer keep their pages."""
    assert 'id="spirometry"' not in (await _get(full_ward(), "/patient/h6")).text
