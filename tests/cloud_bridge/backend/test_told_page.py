"""What a patient's page shows of answers, nights, and what was kept and not judged."""

import httpx
import pytest

from cloud_bridge.backend.app import ward_app
from cloud_bridge.backend.heard import Told
from cloud_bridge.look.words import LANGUAGES
from tests.cloud_bridge.backend.some_ward import NOW, OSLO, one_ward
from tests.contracts.tables.test_told import answered, night, unjudged

pytestmark = pytest.mark.anyio


async def _page(ward, language="nb"):
    app, (home, *_) = ward_app(ward, ward, lambda: NOW, OSLO), ward.kept
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://ward") as browser:
        answer = await browser.get(f"/patient/{home}?lang={language}")
    return answer.text.replace("\u00a0", " ")


def _with(**told):
    ward = one_ward()
    ward.said = dict.fromkeys(ward.kept, Told(**told))
    return ward


async def test_answers_are_said_in_words_and_the_bad_ones_stand_out():
    """The question and the word that was chosen; worse than usual and signs of danger in bold."""
    html = await _page(_with(answers=(answered("cough", 1.0), answered("blue_lips", 0.0))))
    assert '<span class="answer bad">hoste: verre enn vanlig</span>' in html
    assert '<span class="answer">blå lepper: nei</span>' in html


async def test_a_night_is_said_in_its_figures():
    """Valid time, mean, lowest, time under 90 and 88, falls, and the plan's goal."""
    html = await _page(_with(nights=(night(),)), "en")
    assert "6.7 h valid, mean 91.5 %, lowest 82 %, below 90 % for 60 min, below 88 % for 12 min" in html
    assert "2.5 falls of 4 points an hour; the goal kept for 85 % of the time" in html


@pytest.mark.parametrize("language", LANGUAGES)
async def test_what_was_not_judged_says_by_which_rules_and_why(language):
    """The rules of one reason stand together, with the reason in words."""
    html = await _page(_with(not_judged=(unjudged(3),)), language)
    assert "T1-T5, T8: " in html
    assert {"nb": "apparatet sier selv", "en": "the device itself says"}[language] in html


async def test_a_home_that_told_nothing_besides_shows_no_empty_sheet():
    """Nights and refusals have a place on the page only where there are some."""
    html = await _page(one_ward())
    assert 'id="nights"' not in html
    assert 'id="unjudged"' not in html


async def test_the_whole_plan_is_one_click_away():
    """Every line that `pusterom plan check` says stands on the page, too."""
    html = await _page(one_ward())
    assert "Hele planen" in html
