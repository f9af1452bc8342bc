"""The demo's story in a real browser: what hospital and municipality see of one patient, each logged in."""

from simulators.story import DAYS
from tests.program import pusterom

WORDS = ("demo", "--ward-port", "0", "--hub-port", "0", "--login-port", "0", "--day-s", "0.5")


def as_somebody(open_page, url: str, person: str):
    """Open the work list, and choose at the provider who one is."""
    page = open_page(url)
    page.locator(f'a[href*="person={person}"]').click()
    page.locator("#everybody").wait_for()
    return page


def everybody(page) -> set[str]:
    """The names on a work list."""
    return set(page.locator("#everybody [data-name]").evaluate_all("all => all.map(one => one.dataset.name)"))


def test_the_story_ends_with_one_unbroken_series_at_the_municipality(open_page):
    """It sees Kari with both makers' oximeters, the hand-over and the plan; the hospital sees her no more."""
    with pusterom(*WORDS) as demo:
        url = demo.wait_for(r"ward page +(http://\S+)")[1]
        nurse, physician = (as_somebody(open_page, url, who) for who in ("sykepleier", "lege"))
        assert everybody(nurse) == set()
        assert everybody(physician) == {"Kari N.", "Ola H.", "Solveig B."}
        for day in range(1, DAYS + 1):  # each has its own patience, on a slow machine, too
            demo.wait_for("Kari N. +measures", count=day)
        demo.wait_for("the pages stay up")
        nurse.locator('#everybody [data-name="Kari N."]').wait_for()
        physician.locator('#everybody [data-name="Kari N."]').wait_for(state="detached")
        assert (everybody(nurse), everybody(physician)) == ({"Kari N."}, {"Ola H.", "Solveig B."})

        nurse.locator('#everybody [data-name="Kari N."] a').first.click()
        nurse.locator("#figure-spo2").wait_for()
        kari = nurse.url
        assert "Ringsaker kommune" in nurse.locator("#accountable").inner_text()
        epochs = nurse.locator("#figure-spo2 .epoch title").all_text_contents()
        assert len(epochs) == 2
        assert len({epoch.split()[0] for epoch in epochs}) == 2, "another maker's oximeter took over"
        assert "82" in nurse.locator("table.readings").inner_text(), "what the first one measured is there"
        nurse.goto(f"{kari}/looks")
        assert "Sykehus" in nurse.locator("#looks").inner_text()
        assert [each.request.get(kari).status for each in (nurse, physician)] == [200, 404]
        for each in (nurse, physician):
            each.close()
