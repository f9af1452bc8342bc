"""The work list's acts: seen, taken, put off, done; and what nobody has seen in time."""

import re
from dataclasses import replace
from datetime import timedelta
from random import Random

import httpx
import pytest

from cloud_bridge.backend.app import ward_app
from cloud_bridge.backend.handling import care_of, matters_of
from cloud_bridge.backend.views import Handled, OpenAlert
from cloud_bridge.backend.who import Role, Who
from cloud_bridge.contract.care import Escalation
from tests.cloud_bridge.backend.some_ward import NOW, OSLO, SomeWard, alert

KARI = Who("k1", "ringsaker", Role.NURSE)
OLA = Who("o1", "sykehuset", Role.PHYSICIAN)
HOUR = timedelta(hours=1)
SOON = Escalation(red_seen_within_min=30, yellow_seen_within_h=4, to="sykehuset")


def opened(level="yellow", hours=2.0, episode="e1", home="h"):
    """An alert that opened so long ago."""
    at = NOW - hours * HOUR
    return OpenAlert(home, 1, replace(alert(level, (84.0,), at), episode=episode, id=f"{level}{hours}"))


def act(what, hours=1.0, by=KARI, **more):
    """What somebody did so long ago, about all that stood there."""
    at = NOW - hours * HOUR
    words = {"home": "h", "matter": "e1", "upto": at, "note": "", "until": None} | more
    return Handled(act=what, by=by, at=at, **words)


def stands(alerts, *handled, escalation=SOON, now=NOW):
    """How the one matter of these alerts stands."""
    (matter,) = matters_of(alerts)
    return care_of(matter, handled, escalation, now)


def test_alerts_of_one_episode_are_one_matter_and_the_worst_leads():
    """A nurse sees one line per episode, not per alert."""
    alerts = [opened("yellow", 5), opened("red", 1), opened("yellow", 3, episode="e2")]
    matters = matters_of(alerts)
    assert [(each.id, each.level, len(each.alerts)) for each in matters] == [
        ("e1", "red", 2), ("e2", "yellow", 1),
    ]  # fmt: skip


def test_who_takes_or_finishes_has_seen_it_and_who_puts_it_off_has_not():
    """Snoozing is not acknowledging."""
    alerts = [opened()]
    for what, is_seen in (("seen", True), ("taken", True), ("done", True), ("put_off", False)):
        care = stands(alerts, act(what, until=NOW + HOUR, note="ringt"))
        assert (care.seen is not None) == is_seen, what


def test_what_was_escalated_stands_until_somebody_has_seen_it():
    """It was told to whoever the plan names; putting it off before is over with that, and seeing ends it."""
    alerts, told = [opened("red", 2)], act("escalated", 1, Who("ward", "sykehuset", Role.SYSTEM))
    put_off = act("put_off", 1.5, until=NOW + HOUR)
    care = stands(alerts, put_off, told)
    assert (care.escalated, care.seen, care.is_settled) == (told, None, False)
    assert stands(alerts, told, act("put_off", 0.5, until=NOW + HOUR)).is_settled
    assert stands(alerts, told, act("seen", 0.5)).escalated is None
    assert stands([*alerts, opened("red", 0.9)], told).escalated is None, "what opened later is new"


def test_what_opens_after_an_act_is_new_but_whoever_has_the_matter_still_has_it():
    """Neither seen nor done nor put off covers an alert that was not there; taken does."""
    alerts = [opened("yellow", 5), opened("red", 0.1)]
    for what in ("seen", "done", "put_off"):
        care = stands(alerts, act(what, until=NOW + HOUR, note="ringt"))
        assert (care.seen, care.done, care.put_off) == (None, None, None), what
    care = stands(alerts, act("taken"))
    assert (care.seen, care.taken.by) == (None, KARI)


def test_nobody_has_seen_it_in_time():
    """Red within its minutes, yellow within its hours; putting off does not stop the clock, seeing does."""
    assert stands([opened("red", 0.4)]).overdue_at is None
    assert stands([opened("red", 0.6)]).overdue_at == NOW - 0.1 * HOUR
    assert stands([opened("yellow", 3.9)]).overdue_at is None
    late = [opened("yellow", 5)]
    assert stands(late).overdue_at == NOW - HOUR
    assert stands(late, act("put_off", until=NOW + HOUR)).overdue_at == NOW - HOUR
    assert stands(late, act("seen")).overdue_at is None
    assert stands(late, escalation=None).overdue_at is None, "a plan that names no time"


def test_a_matter_that_was_put_off_comes_back():
    """When its time is over it needs somebody again."""
    alerts, put_off = [opened()], act("put_off", until=NOW + HOUR)
    assert stands(alerts, put_off).is_settled
    assert not stands(alerts, put_off, now=NOW + HOUR).is_settled


def test_another_may_take_it_over_and_done_gives_it_back():
    """The last who took it has it; after "done" nobody has."""
    alerts = [opened()]
    assert stands(alerts, act("taken", 2), act("taken", 1, OLA)).taken.by == OLA
    assert stands(alerts, act("taken", 2), act("done", 1, note="ringt")).taken is None


def test_the_order_in_which_acts_are_read_makes_no_difference():
    """They count by their time, whatever order a database gives them in."""
    dice, alerts = Random(7), [opened("yellow", 9), opened("red", 3)]
    for _ in range(300):
        acts = [
            act(dice.choice(("seen", "taken", "put_off", "done")), dice.uniform(0, 10),
                dice.choice((KARI, OLA)), until=NOW + dice.uniform(-1, 1) * HOUR, note="x")
            for _ in range(5)
        ]  # fmt: skip
        first = stands(alerts, *acts)
        dice.shuffle(acts)
        assert stands(alerts, *acts) == first


def test_without_episodes_an_old_act_says_nothing_of_a_new_alert():
    """A plan of single limits has one matter for all: who took the last one has not taken this one."""
    old = act("taken", 5, matter="limits")
    assert stands([opened("yellow", 2, episode="")], old).taken is None
    assert stands([opened("yellow", 9, episode="")], old).taken is not None


# On the pages.

pytestmark = pytest.mark.anyio


def ward_with(*alerts):
    """A ward with one person and these alerts."""
    ward = SomeWard()
    ward.enrol("h", "Kari")
    ward.opened += alerts
    return ward


async def sent(ward, who=KARI, headers=None, **fields):
    """Send the form as a browser does; return the answer and the page that follows."""
    app = ward_app(ward, ward, lambda: NOW, OSLO, who_of=lambda _request: who)
    words = {"home": "h", "matter": "e1", "upto": NOW.isoformat()} | fields
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://ward") as browser:
        answer = await browser.post("/handle", data=words, headers=headers or {})
        after = await browser.get(answer.headers.get("location", "/"))
    return answer, after.text


def section(html, name):
    """One section of the page."""
    return re.search(rf'<section[^>]* id="{name}">.*?</section>', html, re.DOTALL).group()


async def test_a_matter_moves_by_a_persons_word_alone():
    """Taken, it stands under "taken" with organisation and time; done, under "done" with what was done."""
    ward = ward_with(opened("red", 2))
    answer, html = await sent(ward, act="taken")
    assert answer.status_code == 303
    assert "tatt av ringsaker i dag 09:30" in section(html, "taken")
    assert 'id="needs-h' not in html
    _, html = await sent(ward, act="done", note="ringte pasienten", of_no_use="yes")
    assert "ferdig hos ringsaker i dag 09:30: ringte pasienten (til ingen nytte)" in section(html, "settled")
    assert ward.acts[-1].is_of_no_use


async def test_two_who_take_at_once_are_both_kept_and_the_last_has_it():
    """Nobody's word is lost; the list shows one."""
    ward = ward_with(opened("red", 2))
    await sent(ward, act="taken")
    _, html = await sent(ward, who=OLA, act="taken")
    assert [each.by for each in ward.acts] == [KARI, OLA]
    assert "tatt av sykehuset" in section(html, "taken")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"act": "done"}, "Skriv hva som ble gjort"),
        ({"act": "done", "note": "x" * 501}, "høyst 500 tegn"),
        ({"act": "taken", "matter": "gone"}, "lukket seg i mellomtiden"),
        ({"act": "taken", "home": "elsewhere"}, "lukket seg i mellomtiden"),
        ({"act": "eaten"}, "kunne ikke leses"),
        ({"act": "seen", "upto": "soon"}, "kunne ikke leses"),
        ({"act": "seen", "upto": "2026-11-22T08:30:00"}, "kunne ikke leses"),
        ({"act": "put_off", "hours": "5000"}, "kunne ikke leses"),
        ({"act": "put_off", "hours": "nan"}, "kunne ikke leses"),
        ({"act": "seen", "note": "x" * 30_000}, "kunne ikke leses"),
    ],
)
async def test_what_cannot_be_is_said_and_changes_nothing(fields, said):
    """A refusal in words, and not one act."""
    ward = ward_with(opened("red", 2))
    _, html = await sent(ward, **fields)
    assert said in html
    assert ward.acts == []


@pytest.mark.parametrize("headers", [{"origin": "http://elsewhere"}, {"sec-fetch-site": "cross-site"}])
async def test_another_site_acts_for_nobody(headers):
    """A page from elsewhere that is open in the same browser can't act."""
    ward = ward_with(opened("red", 2))
    answer, _ = await sent(ward, headers=headers, act="taken")
    assert (answer.status_code, ward.acts) == (403, [])


async def test_the_list_says_what_nobody_has_seen_in_time_and_puts_it_first():
    """Among equals the overdue one leads, and says since when."""
    ward = ward_with(opened("yellow", 9, "e1"), opened("yellow", 2, "e2", "i"))
    ward.enrol("i", "Ola")
    ward.in_force = ward.in_force.model_copy(update={"escalation": SOON})
    _, html = await sent(ward, act="seen", matter="gone")
    needs = section(html, "needs")
    assert re.findall(r'id="needs-(\w)-', needs) == ["h", "i"]
    assert "ingen har sett den; noen skulle ha gjort det i dag 04:30" in needs
    assert needs.count("ingen har sett den") == 1
    assert "Planen sier at sykehuset skal se på den nå. Herfra er de ikke varslet: ring." in needs


async def test_the_list_says_when_they_were_told():
    """Whoever opens the list need not call whom the ward has told."""
    ward = ward_with(opened("yellow", 9))
    ward.in_force = ward.in_force.model_copy(update={"escalation": SOON})
    ward.acts.append(act("escalated", 5, Who("ward", "sykehuset", Role.SYSTEM)))
    _, html = await sent(ward, act="seen", matter="gone")
    assert "sykehuset er varslet i dag 04:30, slik planen sier." in section(html, "needs")


async def test_nobody_escalates_by_a_form():
    """That is the ward's own act."""
    ward = ward_with(opened("red", 2))
    await sent(ward, act="escalated")
    assert ward.acts == []
