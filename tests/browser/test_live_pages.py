"""Both pages in a real browser: they update by themselves and leave people in peace."""

from datetime import timedelta

import pytest

from cloud_bridge.backend.app import ward_app
from cloud_bridge.backend.views import OpenAlert
from cloud_bridge.backend.who import Role, Who
from cloud_bridge.contract.handover_record import begun
from cloud_bridge.settings import load_plan
from devices.kinds import Kind
from gateway.web.app import hub_app
from tests.cloud_bridge.backend.some_ward import NOW, OSLO, alert, full_ward, one_ward, reading
from tests.gateway.web.some_hub import green_hub
from tests.program import ROOT


def _app(ward):
    return ward_app(ward, ward, lambda: NOW, OSLO)


def _mark(page):
    page.evaluate("window.untouched = true")


def _is_marked(page):
    return page.evaluate("window.untouched === true")


def _open_red(ward, home):
    ward.opened.append(OpenAlert(home, 990, alert("red", (80.0,), NOW - timedelta(days=9))))
    ward.change()


def _listens(page):
    """Wait until the stream is open and the first look is over, so that a change is heard as a change."""
    page.locator("html[data-state=listening]").wait_for()


def test_the_ward_shows_a_new_reading_by_itself(serving, open_page):
    """A reading that comes in appears on the open page without a reload."""
    ward = one_ward()
    with serving(_app(ward)) as served:
        page = open_page(f"{served.url}/patient/h0")
        _listens(page)
        _mark(page)
        rows = page.locator("table.readings tbody tr").count()

        def arrive():
            ward.keep("h0", reading(Kind.SPO2, 77, NOW - timedelta(minutes=1)))
            ward.change()

        served.on_loop(arrive)
        page.locator("#figure-spo2 .number", has_text="77").wait_for()
        assert page.locator("table.readings tbody tr").count() == rows + 1
        assert _is_marked(page)


def test_the_hub_shows_a_new_reading_and_a_new_zone_by_itself(serving, open_page):
    """The patient's page turns red with the emergency number first, without a reload."""
    hub = green_hub()
    with serving(hub_app(hub, OSLO)) as served:
        page = open_page(served.url)
        _listens(page)
        _mark(page)
        assert page.locator("h1").inner_text() == "Du er i grønn sone"

        def arrive():
            hub.kept.append(reading(Kind.SPO2, 80, NOW - timedelta(minutes=1)))
            hub.alerts = (alert("red", (80.0,), NOW),)
            hub.change()

        served.on_loop(arrive)
        page.locator("h1", has_text="rød sone").wait_for()
        assert "80" in page.locator("#value-spo2 .figure").inner_text()
        call = page.locator("a[href='tel:113']").bounding_box()
        assert call["y"] < page.locator("h1").bounding_box()["y"]
        assert call["height"] >= 48
        assert _is_marked(page)


@pytest.mark.parametrize("row", ["#needs-h38-limits", "#all-h9"])
def test_what_is_under_the_cursor_does_not_move(serving, open_page, row):
    """A new line above pushes nothing away from the pointer, on a long page."""
    ward = full_ward()
    with serving(_app(ward)) as served:
        page = open_page(served.url)
        _listens(page)
        page.locator(row).scroll_into_view_if_needed()
        page.locator(row).hover()
        before = page.locator(row).bounding_box()
        served.on_loop(lambda: _open_red(ward, "h2"))
        page.locator("#needs-h2-limits").wait_for()
        assert page.locator(row).bounding_box()["y"] == pytest.approx(before["y"], abs=1)
        assert page.evaluate("(row) => document.querySelector(row).matches(':hover')", row)


def test_on_a_short_page_nothing_moves_under_the_cursor_either(serving, open_page):
    """Where the page is too short to scroll, a line that comes or goes above still moves nothing."""
    ward = one_ward()
    ward.enrol("h1", "Ola Hansen")
    with serving(_app(ward)) as served:
        page = open_page(served.url, height=2_000)
        _listens(page)
        page.locator("#all-h1").hover()
        before = page.locator("#all-h1").bounding_box()["y"]
        served.on_loop(lambda: _open_red(ward, "h1"))
        page.locator("#needs-h1-limits").wait_for()
        assert page.locator("#all-h1").bounding_box()["y"] == pytest.approx(before, abs=1)

        def close_all():
            ward.opened.clear()
            ward.change()

        _listens(page)
        served.on_loop(close_all)
        page.locator("#needs .empty").wait_for()
        assert page.locator("#all-h1").bounding_box()["y"] == pytest.approx(before, abs=1)


def test_focus_and_selection_survive_an_update(serving, open_page):
    """Who is on a line with the keyboard, or has marked a text, still is after an update that moves lines."""
    ward = full_ward()
    with serving(_app(ward)) as served:
        page = open_page(served.url)
        _listens(page)
        page.locator("#needs-h38-limits a").focus()
        row = "document.querySelector('#needs-h19-limits .cell-why')"
        page.evaluate(f"getSelection().selectAllChildren({row})")
        chosen = page.evaluate("getSelection().toString()")
        served.on_loop(lambda: _open_red(ward, "h2"))
        page.locator("#needs-h2-limits").wait_for()
        assert page.evaluate("document.activeElement.closest('li').id") == "needs-h38-limits"
        assert page.evaluate("getSelection().toString()") == chosen != ""


def test_a_word_in_the_search_box_and_an_open_detail_survive(serving, open_page):
    """What somebody has typed or opened is his; an update does not take it away."""
    ward = full_ward()
    with serving(_app(ward)) as served:
        page = open_page(served.url)
        page.locator("#search").press_sequentially("solveig")
        _listens(page)
        assert page.locator("#everybody li:visible").count() == 8
        served.on_loop(lambda: _open_red(ward, "h2"))
        page.locator("#needs-h2-limits").wait_for(state="attached")
        assert page.locator("#search").input_value() == "solveig"
        assert page.locator("#needs-h2-limits").is_hidden()
        assert page.locator("#needs .count").inner_text() == "10"
        assert page.locator("#everybody li:visible").count() == 8
        page.goto(f"{served.url}/patient/h0")
        page.locator("#table summary").first.click()
        _listens(page)
        served.on_loop(lambda: (ward.keep("h0", reading(Kind.SPO2, 77, NOW)), ward.change()))
        page.locator("#figure-spo2 .number", has_text="77").wait_for()
        assert page.locator("#table details[open]").count() == 1


def test_a_hidden_tab_lets_go_of_its_line_and_catches_up(serving, open_page):
    """Seven tabs may not starve each other; who comes back to a tab sees what he missed, in its title too."""
    ward = full_ward()
    with serving(_app(ward)) as served:
        page = open_page(served.url)
        _listens(page)
        turn = """(state) => {
            Object.defineProperty(document, 'hidden', { value: state, configurable: true });
            document.dispatchEvent(new Event('visibilitychange'));
            return events.readyState;
        }"""
        assert page.evaluate(turn, True) == 2
        served.on_loop(lambda: _open_red(ward, "h2"))
        page.evaluate(turn, False)
        page.locator("#needs-h2-limits").wait_for()
        assert page.title().startswith("(10) ")


def test_the_keyboard_is_enough(serving, open_page):
    """With j and k one goes through the lines, / searches, Escape clears, Enter opens."""
    ward = full_ward()
    with serving(_app(ward)) as served:
        page = open_page(served.url)
        focused = "document.activeElement.closest('li')?.id"
        page.keyboard.press("j")
        first = page.evaluate(focused)
        page.keyboard.press("j")
        second = page.evaluate(focused)
        page.keyboard.press("k")
        assert (page.evaluate(focused), second != first) == (first, True)
        page.keyboard.press("/")
        page.keyboard.type("jk finnes ikke")
        assert page.locator("#search-none").is_visible()
        page.keyboard.press("Escape")
        assert page.locator("#everybody li:visible").count() == 81
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        page.wait_for_url("**/patient/*")
        assert page.locator("h1").inner_text().startswith(page.title().split(" –")[0])


def test_a_page_that_is_cut_off_says_so_and_since_when_and_recovers(serving, open_page):
    """When the server stops, the page says in words how old it is; when it is back, the words go."""
    ward = one_ward()
    with serving(_app(ward)) as served:
        page = open_page(served.url)
        _listens(page)
        assert page.locator("#cut").is_hidden()
        page.context.set_offline(True)
        page.evaluate("events.onerror()")
        page.locator(
            "#cut", has_text="Siden får ikke nye tall. Det du ser, er fra 22. nov. 09:30."
        ).wait_for()
        page.context.set_offline(False)
        page.evaluate("refresh()")
        page.locator("#cut").wait_for(state="hidden")
        served.stop()
        page.locator("#cut", has_text="09:30").wait_for()
    open_page.complaints[:] = [said for said in open_page.complaints if "Failed to load" not in said]


def test_the_pages_work_without_javascript(serving, open_page):
    """With scripts off the list is whole and leads to the patient; one reloads it oneself."""
    with serving(_app(full_ward())) as served:
        page = open_page(served.url, java_script_enabled=False)
        assert page.locator("#everybody li").count() == 81
        page.locator("#needs li a").first.click()
        page.wait_for_url("**/patient/*")
        assert page.locator("svg.plot").count() == 3


def test_pointing_at_one_plot_reads_all_of_them(serving, open_page):
    """The value of every row at the time pointed at is said in words."""
    with serving(_app(one_ward())) as served:
        page = open_page(f"{served.url}/patient/h0")
        _listens(page)
        page.locator("#figure-spo2 circle").nth(3).hover()
        assert page.locator("#figure-spo2 output").inner_text().startswith("91 %, målt 12. nov.")
        assert "målt 12. nov." in page.locator("#figure-pulse_rate output").inner_text()
        assert page.locator(".is-read").count() == 3


def test_a_matter_is_taken_and_done_by_keys_alone(serving, open_page):
    """J moves to the line, t takes it, d opens what is written; what is half written survives an update."""
    ward = one_ward()
    _open_red(ward, "h0")
    with serving(_app(ward)) as served:
        page = open_page(served.url)
        page.keyboard.press("j")
        page.keyboard.press("t")
        page.locator("#taken .row", has_text="tatt av").wait_for()
        assert page.locator("#needs .row").count() == 0
        _listens(page)
        page.keyboard.press("j")
        page.keyboard.press("d")
        note = page.locator("#taken input[name=note]")
        note.focus()
        page.keyboard.type("ringte, dt j")
        served.on_loop(ward.change)
        _listens(page)
        assert note.input_value() == "ringte, dt j", "keys are letters where somebody writes"
        page.keyboard.press("Enter")
        page.locator("#settled .row", has_text="ringte, dt j").wait_for()
        page.close()
    assert [each.act for each in ward.acts] == ["taken", "done"]


def test_a_patient_answers_in_a_real_browser(serving, open_page):
    """What is ticked on the hub's page is kept by the hub: a browser's own headers let the form through."""
    hub = green_hub()
    hub.in_force = load_plan(ROOT / "config/plans/copd.toml")
    with serving(hub_app(hub, OSLO)) as served:
        page = open_page(served.url, width=360)
        page.locator("#form-open summary").click()
        page.locator("#form-open input[type=radio]").first.check()
        page.locator("#form-open button").click()
        page.wait_for_url("**/?answers=kept#now")
        page.close()  # else it may ask a server that is gone
    assert hub.answered


def test_two_organisations_hand_a_patient_over(serving, open_page):
    """Offered on one screen, it appears on the other by itself, is read, accepted, and is true on both."""
    ward = one_ward()
    ward.follow["h0"] = begun("h0", "sykehuset", "lege", NOW - timedelta(days=9))
    people = {"giver": Who("l1", "sykehuset", Role.PHYSICIAN), "receiver": Who("k1", "ringsaker", Role.NURSE)}
    app = ward_app(ward, ward, lambda: NOW, OSLO, who_of=lambda request: people[request.headers["x-who"]])
    with serving(app) as served:
        waiting = open_page(served.url, width=360, extra_http_headers={"x-who": "receiver"})
        page = open_page(f"{served.url}/patient/h0", extra_http_headers={"x-who": "giver"})
        page.locator("#accountable", has_text="Sykehuset Innlandet har ansvaret").click()
        page.locator("input[name=why_now]").fill("stabil siden mandag")
        page.locator("select[name=to]").select_option("ringsaker")
        page.locator("#give button").click()
        page.locator("#withdraw").wait_for()
        waiting.locator("#offers a").click()
        waiting.locator("dd", has_text="stabil siden mandag").wait_for()
        assert waiting.locator("#withdraw").count() == 0
        waiting.locator("#accept button").click()
        waiting.locator("p", has_text="Ringsaker kommune har ansvaret").wait_for()
        page.goto(f"{served.url}/patient/h0")
        page.locator("#accountable", has_text="Ringsaker kommune har ansvaret").wait_for()
        page.close()
        waiting.close()
    assert [fact.what for fact in ward.follow["h0"].record] == ["begun", "offered", "accepted"]
