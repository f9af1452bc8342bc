"""The patient's questions: what is asked, what an answer means, and what is shown at once."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from cloud_bridge.contract.accountable import Accountable
from cloud_bridge.contract.answers import SCALES, Question
from cloud_bridge.contract.contradictions import RED_FLAGS
from cloud_bridge.contract.due import Progress
from cloud_bridge.look.words import LANGUAGES, WORDS
from cloud_bridge.settings import load_plan
from gateway.web.answering import BYTES_MAX, answers_in, form_of
from gateway.web.app import hub_app
from gateway.web.tasks import tasks_of
from tests.cloud_bridge.backend.some_ward import NOW, OSLO, PLAN
from tests.gateway.web.some_hub import SomeHub, green_hub, red_hub
from tests.program import ROOT

COPD = load_plan(Path(ROOT / "config/plans/copd.toml"))
FORM = form_of(COPD)


def _hub(**words) -> SomeHub:
    hub = green_hub()
    hub.in_force = COPD.model_copy(update=words)
    return hub


async def _asked(hub, body=None, *, headers=None, path="/"):
    transport = httpx.ASGITransport(hub_app(hub, OSLO))
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as browser:
        if body is None:
            return (await browser.get(path)).text
        return await browser.post("/answers", content=body, headers=headers or {})


def test_whatever_can_be_asked_has_a_question_in_every_language():
    """A plan may ask any question: each has words, and each word that answers it, too."""
    for question in Question:
        assert set(WORDS[f"question_{question}"]) >= set(LANGUAGES)
    assert {f"choice_{word}" for word in ("better", "usual", "worse", "no", "yes")} <= set(WORDS)


def test_a_plan_with_rules_always_asks_for_signs_of_danger():
    """T7 can't be turned off by leaving its questions out; without rules and questions nothing is asked."""
    bare = COPD.model_copy(update={"questions": ()})
    assert form_of(bare).dangers == RED_FLAGS
    assert form_of(PLAN) is None


def test_what_was_answered_is_told_and_what_was_left_open_is_not():
    """A word, a number with a comma, a tick; an open question is no answer, an unticked danger is a no."""
    answers = answers_in(FORM, b"cough=worse&dyspnoea_vas=4%2C5&oedema=&blue_lips=yes&teller=helper", NOW)
    told = {answer.question: answer.value for answer in answers}
    assert told == {
        "cough": 1.0, "dyspnoea_vas": 4.5,
        "confused": 0.0, "cannot_speak": 0.0, "chest_pain": 0.0, "blue_lips": 1.0,
    }  # fmt: skip
    assert {answer.teller for answer in answers} == {"helper"}
    assert {answer.answered_at for answer in answers} == {NOW}


@pytest.mark.parametrize(
    "body",
    [
        b"cough=terrible", b"dyspnoea_vas=11", b"dyspnoea_vas=nan", b"dyspnoea_vas=inf", b"fever=yes",
        b"\xff\xfe", b"&".join(b"a%d=1" % n for n in range(200)), b"cough=1",
    ],
)  # fmt: skip
def test_what_no_form_says_is_refused(body):
    """Another word, a number off its scale, another question, or no text at all: a ValueError, no answer."""
    with pytest.raises(ValueError):  # noqa: PT011 - each says it otherwise
        answers_in(FORM, body, NOW)


@pytest.mark.anyio
async def test_a_form_that_is_sent_is_answered_once_and_said():
    """The hub has the answers, in the home's own time, and the page that follows says so."""
    hub = _hub()
    answer = await _asked(hub, b"cough=usual&sputum_colour=worse")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/?answers=kept#now"
    assert {each.question for each in hub.answered} >= {"cough", "sputum_colour", *RED_FLAGS}
    assert {each.answered_at.utcoffset() for each in hub.answered} == {NOW.astimezone(OSLO).utcoffset()}
    assert "svarene dine er tatt imot" in await _asked(hub, path="/?answers=kept")


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("body", "takes", "said"),
    [
        (b"cough=usual", False, "waiting"),
        (b"cough=nonsense", True, "unclear"),
        (b"x" * (BYTES_MAX + 1), True, "unclear"),
    ],
)
async def test_what_became_of_a_form_is_said(body, takes, said):
    """A disk that does not take it now, and a form that can't be read, are not called taken."""
    hub = _hub()
    hub.takes = takes
    assert (await _asked(hub, body)).headers["location"] == f"/?answers={said}#now"


@pytest.mark.anyio
@pytest.mark.parametrize(
    "headers",
    [{"origin": "http://elsewhere"}, {"sec-fetch-site": "cross-site"}, {"origin": "null"}],
)
async def test_another_site_answers_for_nobody(headers):
    """A page from elsewhere that a browser at home has open can't send answers to the hub."""
    hub = _hub()
    assert (await _asked(hub, b"cough=worse", headers=headers)).status_code == 403
    assert hub.answered == []


@pytest.mark.anyio
async def test_the_plan_says_what_to_do_and_whom_to_call():
    """Advice and contacts of the zone in the patient's language, each number as a link that calls."""
    html = await _asked(_hub())
    assert COPD.advice.green["nb"] in html
    assert 'href="tel:00000000"' in html
    assert "har ansvaret for oppfølgingen" in html
    assert 'href="tel:116117"' not in html, "that is for the yellow and the red zone"
    red = red_hub()
    red.in_force = COPD
    html = await _asked(red, path="/?lang=en")
    assert COPD.advice.red["en"].replace("'", "&#39;") in html
    assert html.index('id="emergency"') < html.index('href="tel:116117"')


@pytest.mark.anyio
async def test_the_page_says_in_plain_words_who_is_accountable_and_since_when():
    """One sentence with name and time, as soon as the ward has said it, and no word of it is markup."""
    hub = _hub()
    hub.in_charge = Accountable(1, 1, "ringsaker", "Ringsaker <kommune>", NOW - timedelta(days=10))
    html = await _asked(hub)
    said = "Ringsaker &lt;kommune&gt; har ansvaret for oppfølgingen siden 12. nov. 09:30."
    assert said in html
    assert "&lt;time" not in html


@pytest.mark.anyio
async def test_a_reading_that_was_not_judged_says_so():
    """Nobody takes silence for "all is well" where a number was only kept."""
    hub = _hub()
    last = hub.readings(hub.kept[-1].kind)[-1]
    hub.unjudged = {last.id: ("low perfusion", "a reason of a newer hub")}
    html = await _asked(hub)
    assert "lagret, men ikke vurdert: det var for lite blod i fingeren og a reason of a newer hub" in html
    assert "ikke vurdert" not in await _asked(_hub())


def test_today_has_what_the_schedule_asks_for_and_the_questions():
    """Each window of today once, what is asked by the week with its count, done where it has come."""
    now = datetime(2026, 11, 25, 9, tzinfo=UTC)  # a Wednesday
    monday = date(2026, 11, 23)
    todo = tasks_of(COPD, {}, None, now)
    assert [(task.word, task.window, task.is_done) for task in todo] == [
        ("plain_spo2", "05:00–12:00", False),
        ("plain_body_weight", "", False),
        ("asked_form", "", False),
    ]
    progress = {
        "saturation": Progress(now - timedelta(hours=2)),
        "weight": Progress(now, monday, 0b11),
        "daily_form": Progress(now - timedelta(hours=1)),
    }
    assert [task.is_done for task in tasks_of(COPD, progress, None, now)] == [True, True, True]
    yesterday = {"saturation": Progress(now - timedelta(days=1)), "weight": Progress(now, monday, 0b1)}
    assert [task.is_done for task in tasks_of(COPD, yesterday, None, now)] == [False] * 3


def test_questions_that_no_schedule_asks_for_are_a_task_too():
    """Done where they were answered on this date of the home."""
    now = datetime(2026, 11, 25, 9, tzinfo=UTC)
    plan = COPD.model_copy(update={"schedule": None})
    for answered_on, is_done in ((None, False), (date(2026, 11, 24), False), (date(2026, 11, 25), True)):
        assert [task.is_done for task in tasks_of(plan, {}, answered_on, now)] == [is_done]


def test_a_pause_asks_for_nothing():
    """On a day of a pause nobody has anything to do."""
    pause = {"first_on": date(2026, 11, 25), "last_on": None, "reason": "holiday"}
    schedule = COPD.schedule.model_validate({**COPD.schedule.model_dump(), "pauses": [pause]})
    plan = COPD.model_copy(update={"schedule": schedule, "questions": ()})
    assert tasks_of(plan, {}, None, datetime(2026, 11, 25, 9, tzinfo=UTC)) == ()


def test_every_scale_fits_its_field():
    """A number's field goes from the least to the most that can be answered, in whole numbers."""
    for question, (least, most) in SCALES.items():
        assert (int(least), int(most)) == (least, most), question
