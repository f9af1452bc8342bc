"""What people choose and write in the ward, in a real browser, on a phone and on a desk."""

import pytest

from cloud_bridge.backend.app import ward_app
from tests.cloud_bridge.backend.some_ward import NOW, OSLO, counted_ward, one_ward

WIDTHS = (360, 1440)


@pytest.mark.parametrize("width", WIDTHS)
def test_somebody_reads_the_figures_of_last_year(serving, open_page, width):
    """From the list to the figures, to another period, to the file: links and one form, nothing else."""
    ward = counted_ward()
    with serving(ward_app(ward, ward, lambda: NOW, OSLO)) as served:
        page = open_page(served.url, width=width)
        page.get_by_role("link", name="Tall for begge").click()
        assert page.locator("h1").inner_text() == "Tall for begge"
        page.get_by_role("link", name="I fjor").click()
        assert page.locator("svg.months").first.is_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.get_by_label("Fra og med").fill("2026-03-01")
        page.get_by_label("Til og med").fill("2026-04-30")
        page.get_by_role("button", name="Vis").click()
        page.locator("#period", has_text="2026-03-01 til 2026-04-30").wait_for()
        assert page.locator("svg.months").first.locator("rect, text").count() == 2
        with page.expect_download() as fetched:
            page.get_by_role("link", name="Hent som CSV").click()
        assert fetched.value.suggested_filename == "figures-2026-03-01-2026-04-30.csv"


@pytest.mark.parametrize("width", WIDTHS)
def test_somebody_changes_a_limit(serving, open_page, width):
    """From the patient to the plan, a number, what changes, the confirmation: only then is it written."""
    ward = one_ward()
    with serving(ward_app(ward, ward, lambda: NOW, OSLO)) as served:
        page = open_page(f"{served.url}/patient/h0", width=width)
        page.get_by_role("link", name="Plan", exact=True).click()
        page.get_by_label("Grense for metning, rød, under").fill("84")
        page.get_by_role("button", name="Vis hva som endres").click()
        assert "85 → 84" in page.locator("#confirm").inner_text()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert ward.written is None
        page.get_by_role("button", name="Bekreft og send til boksen").click()
        page.locator("[role=status]", has_text="Den nye versjonen er skrevet").wait_for()
        assert (ward.written.plan.version, ward.written.plan.limits[0].below) == (4, 84)
