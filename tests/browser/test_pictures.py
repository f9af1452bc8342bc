"""Both pages as pictures: every width, light and dark, with nothing, one, eighty."""

import pytest

from cloud_bridge.backend.app import ward_app
from gateway.web.app import hub_app
from tests.cloud_bridge.backend.some_ward import (
    NOW,
    OSLO,
    SomeWard,
    blowing_ward,
    counted_ward,
    full_ward,
    one_ward,
)
from tests.gateway.web.some_hub import SomeHub, blowing_hub, green_hub, red_hub, yellow_hub

PAGES = {
    "ward-nothing": (SomeWard, "/"),
    "ward-one": (one_ward, "/"),
    "ward-eighty": (full_ward, "/"),
    "ward-eighty-en": (full_ward, "/?lang=en"),
    "patient": (one_ward, "/patient/h0"),
    "patient-blows": (blowing_ward, "/patient/h0"),
    "patient-blows-en": (blowing_ward, "/patient/h0?lang=en&days=90"),
    "patient-long-name": (full_ward, "/patient/h6"),
    "patient-arabic": (full_ward, "/patient/h7?days=1"),
    "patient-nothing": (full_ward, "/patient/never"),
    "figures": (counted_ward, "/figures?from=2025-01-01&to=2026-11-22"),
    "figures-en": (counted_ward, "/figures?lang=en"),
    "lost": (SomeWard, "/patient/nobody"),
    "hub-nothing": (SomeHub, "/"),
    "hub-green": (green_hub, "/"),
    "hub-blows": (blowing_hub, "/"),
    "hub-yellow": (yellow_hub, "/?lang=en"),
    "hub-red": (red_hub, "/"),
}


STICKING_OUT = """[...document.querySelectorAll('main *')]
    .filter(each => !each.closest('.unseen, .label') && each.getBoundingClientRect().right > innerWidth + 1)
    .map(each => each.outerHTML.slice(0, 80))"""


def _app(made):
    if isinstance(made, SomeWard):
        return ward_app(made, made, lambda: NOW, OSLO)
    return hub_app(made, OSLO)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_its_width_and_is_pictured(serving, open_page, picture, name):
    """No page scrolls sideways at 360 or 1440 px, in light or dark; nothing on it sticks out."""
    make, path = PAGES[name]
    with serving(_app(make())) as served:
        page = open_page(f"{served.url}{path}")
        for width in (360, 1440):
            page.set_viewport_size({"width": width, "height": 900})
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)
                assert page.evaluate("document.documentElement.scrollWidth") <= width
                assert page.evaluate(STICKING_OUT) == []
                picture(page, f"{name}-{width}-{scheme}", is_whole="eighty" not in name)
    if name == "lost":
        open_page.complaints[:] = [said for said in open_page.complaints if "404" not in said]


def test_the_page_turned_round_fits_as_well(serving, open_page, picture):
    """Right to left, as for Arabic, the same page fits the same widths."""
    with serving(_app(full_ward())) as served:
        for width in (360, 1440):
            page = open_page(served.url, width=width)
            page.evaluate("document.documentElement.dir = 'rtl'")
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            picture(page, f"ward-rtl-{width}", is_whole=False)


@pytest.mark.parametrize("name", ["hub-red", "hub-green", "hub-nothing"])
def test_what_a_patient_presses_is_large_enough(serving, open_page, name):
    """On the hub, text is 20 px, and every link and every fold is at least 48 px high."""
    make, path = PAGES[name]
    with serving(_app(make())) as served:
        page = open_page(f"{served.url}{path}", width=360)
        assert page.evaluate("getComputedStyle(document.querySelector('.do')).fontSize") == "20px"
        pressed = page.locator("main a, main summary, .quiet")
        heights = [box["height"] for each in pressed.all() if (box := each.bounding_box())]
        assert heights
        assert min(heights) >= 48


def test_paper_needs_no_colour(serving, open_page, picture):
    """In print the search box and the links to elsewhere are gone, and the status keeps shape and word."""
    with serving(_app(one_ward())) as served:
        page = open_page(served.url)
        page.emulate_media(media="print")
        assert page.locator("#search").is_hidden()
        assert page.locator("#needs .status").inner_text().split() == ["▲", "RØD"]
        picture(page, "ward-print")
