"""Which plan a hub runs, and that answers and time are judged and kept like readings."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from cloud_bridge.contract.answers import Answer, answer_from
from cloud_bridge.contract.bodies import alert_from, plan_from
from cloud_bridge.contract.entries import EntryKind
from devices.kinds import Kind
from gateway.judged_anew import judged_anew
from gateway.pipeline import Pipeline, UnkeptError
from gateway.store.file import NotTakenError
from tests.gateway.alerts.scenarios import plan_named
from tests.gateway.test_pipeline import ECHO
from tests.given import NOON, OXIMETER, SPO2_LOW, plan, reading, store

COPD = plan_named("copd", {"rules.spo2_low.is_told_at_once": True})
SECOND = plan_named(
    "copd", {"version": 2, "rules.spo2_low.is_told_at_once": True, "rules.spo2_low.is_on": False}
)


class Home:
    """A pipeline with a clock of its own, which can be started again on the same folder."""

    def __init__(self, folder, the_plan=COPD):
        self.folder, self.now = folder, NOON
        self.start(the_plan)

    def start(self, the_plan):
        """Start on what the folder holds."""
        self.store = store(self.folder)
        self.pipeline = Pipeline(
            self.store,
            the_plan,
            now=lambda: self.now,
            timezone=ZoneInfo("Europe/Oslo"),
            on_commit=lambda: None,
        )

    def again(self, the_plan):
        """Lose the power and start with this plan file."""
        self.store.close()
        self.start(the_plan)

    def says(self, *readings):
        """Let the oximeter say this, at the time of the last one."""
        self.now = readings[-1].received_at
        visit = self.pipeline.visit(ECHO, OXIMETER)
        visit.take(readings)
        visit.close()

    def entries(self, *kinds):
        """Return what stands in the log of these kinds."""
        return [entry for entry in self.store.entries(after=0, count_max=10_000) if entry.kind in kinds]

    def alerts(self):
        """Return every change of every alert."""
        return [alert_from(entry.body) for entry in self.entries(EntryKind.ALERT, EntryKind.ALERT_CONFIRMED)]


def low(minute=0, value=92.0):
    """Return a reading that T2 tells of."""
    return reading(value, minute=minute)


def answer(question="blue_lips", value=1.0, at=NOON):
    """Return an answer."""
    id_ = f"{question}-{at.isoformat()}"
    return Answer(id=id_, question=question, value=value, answered_at=at, received_at=at)


def test_a_newer_plan_comes_into_force_as_one_with_what_it_closes(tmp_path):
    """The plan's entry, the closing of what it no longer has, and the state are one commit."""
    home = Home(tmp_path)
    home.says(low())
    assert home.pipeline.take_plan(SECOND) is None
    assert [(one.rule, one.change, one.plan_version) for one in home.alerts()][-1] == ("T2", "closed", 2)
    assert plan_from(home.store.plan()) == SECOND
    assert home.store.judge_state() == bytes(home.pipeline.state)


def test_an_older_plan_is_refused_and_the_one_in_force_goes_on(tmp_path):
    """After a restart with an old file the newer plan is still in force, and why is known."""
    home = Home(tmp_path, SECOND)
    home.again(COPD)
    assert home.pipeline.plan == SECOND
    assert home.pipeline.plan_refusal.is_old
    assert len(home.entries(EntryKind.PLAN_APPLIED)) == 1


def test_the_same_version_with_other_words_is_refused(tmp_path):
    """A change is a new version: what both ends call version 1 must be one plan."""
    home = Home(tmp_path)
    assert "other words" in str(home.pipeline.take_plan(replace_stale(COPD)))
    assert home.pipeline.plan == COPD


def replace_stale(the_plan):
    """Return the same version of a plan with one other number."""
    return the_plan.model_copy(update={"stale_h": 1.0})


def test_a_hub_from_before_that_kept_no_plan_takes_the_file_as_it_is(tmp_path):
    """The upgrade writes no second entry of a plan that is in force already, and keeps it from then on."""
    home = Home(tmp_path)
    home.store._db.execute("delete from state where name = 'plan'")
    home.again(COPD)
    assert (home.pipeline.plan, home.pipeline.plan_refusal) == (COPD, None)
    assert len(home.entries(EntryKind.PLAN_APPLIED)) == 1
    assert plan_from(home.store.plan()) == COPD


def test_a_plan_whose_commit_fails_is_not_in_force(tmp_path):
    """Where the disk does not take it, plan and memory stay what they were."""
    home = Home(tmp_path)
    state = home.pipeline.state
    home.store._db.execute("pragma query_only = 1")
    with pytest.raises(NotTakenError):
        home.pipeline.take_plan(SECOND)
    assert (home.pipeline.plan, home.pipeline.state) == (COPD, state)


def test_answers_are_kept_once_with_what_they_opened(tmp_path):
    """A danger sign stands in the log with its red alert behind it; sent twice it stands there once."""
    home = Home(tmp_path)
    home.pipeline.answer([answer(), answer("cough")])
    home.pipeline.answer([answer()])
    kinds = [entry.kind for entry in home.entries(EntryKind.ANSWER, EntryKind.ALERT)]
    assert kinds == [EntryKind.ANSWER, EntryKind.ALERT, EntryKind.ANSWER]
    (red,) = home.alerts()
    assert (red.rule, red.level, red.severity) == ("T7", "red", 40)
    assert answer_from(home.entries(EntryKind.ANSWER)[0].body) == answer()


def test_answers_that_the_disk_does_not_take_wait(tmp_path):
    """They are said again once there is room, in order."""
    home = Home(tmp_path)
    home.store._db.execute("pragma query_only = 1")
    with pytest.raises(UnkeptError):
        home.pipeline.answer([answer()])
    home.store._db.execute("pragma query_only = 0")
    home.pipeline.keep_waiting()
    assert len(home.entries(EntryKind.ANSWER)) == 1


def test_time_alone_closes_what_has_stood_its_day(tmp_path):
    """A tick commits the closing at its own moment; one that changes nothing writes nothing."""
    home = Home(tmp_path)
    home.says(low())
    home.says(reading(95.0, minute=30))
    before = home.store._db.total_changes
    home.now = NOON + timedelta(hours=23)
    home.pipeline.tick()
    assert home.store._db.total_changes == before
    home.now = NOON + timedelta(hours=25)
    home.pipeline.tick()
    assert [one.change for one in home.alerts()] == ["opened", "closed"]
    assert home.alerts()[-1].at == low().received_at + timedelta(hours=24)


def test_a_restart_between_two_readings_loses_no_question(tmp_path):
    """The first very low reading is judged before the power goes, the second after: red."""
    home = Home(tmp_path)
    home.says(reading(80.0))
    home.again(COPD)
    home.says(reading(81.0, minute=6))
    assert [(one.level, one.change) for one in home.alerts()] == [
        ("yellow", "opened"), ("yellow", "closed"), ("red", "opened"),
    ]  # fmt: skip


def test_judging_the_log_anew_gives_the_same_alerts(tmp_path):
    """Readings, answers and the moments of all other entries, judged from nothing: what the hub has told."""
    home = Home(tmp_path)
    for day in range(4):
        minute = day * 1440
        home.says(*(reading(value, minute=minute + n * 6) for n, value in enumerate((80.0, 81.0, 95.0))))
        home.says(reading(115.0, kind=Kind.PULSE_RATE, minute=minute + 30))
        at = home.now
        home.pipeline.answer([answer("breathlessness", 1.0, at), answer("sputum_colour", 1.0, at)])
        home.now = at + timedelta(hours=22)
        home.pipeline.tick()
    steps = judged_anew(home.store.entries(after=0, count_max=10_000))
    due = [alert for step in steps for alert in step.verdict.changes]
    assert due == home.alerts()
    assert len(due) > 8


def test_single_limits_alone_speak_on_the_wire_as_they_always_did(tmp_path):
    """With a plan from before, an alert has no word that a ward from before would not know."""
    home = Home(tmp_path, plan(SPO2_LOW))
    home.says(reading(87.0))
    (entry,) = home.entries(EntryKind.ALERT)
    assert b"episode" not in entry.body
    assert b"severity" not in entry.body
    assert replace(alert_from(entry.body), reason="").because is not None
