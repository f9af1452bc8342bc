"""How devices stand to the usual, as the hub tells it: when it changes, and not with every reading."""

from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from cloud_bridge.contract.baseline import baselines_from
from cloud_bridge.contract.entries import EntryKind
from cloud_bridge.settings import load_plan
from devices.driver import Driver
from devices.kinds import Kind
from devices.readings import reading_of
from gateway.judged_anew import judged_anew
from gateway.pipeline import Pipeline
from tests.gateway.test_pipeline import ECHO
from tests.given import NOON, store

PLANS = Path("config")
OSLO = ZoneInfo("Europe/Oslo")
FIRST, SECOND = "00:00:00:00:00:0A", "00:00:00:00:00:0B"


class Home:
    """A pipeline whose days pass as the test says."""

    def __init__(self, folder, plan="plans/copd.toml"):
        self.store = store(folder)
        self.day = 0
        self.pipeline = Pipeline(
            self.store, load_plan(PLANS / plan), now=self.now, timezone=OSLO, on_commit=lambda: None
        )

    def now(self):
        """Noon of the day."""
        return NOON + timedelta(days=self.day)

    def says(self, device, spo2, driver: Driver = ECHO):
        """Let a device measure saturation on the next day."""
        self.day += 1
        visit = self.pipeline.visit(driver, device)
        visit.take((reading_of(Kind.SPO2, spo2, visit.heard()),))
        visit.close()

    def told(self):
        """Return what was told, each as (device, offset, settled) by device."""
        entries = self.store.entries(after=0, count_max=10_000)
        bodies = [baselines_from(each.body) for each in entries if each.kind == EntryKind.BASELINE]
        return [
            sorted((one.device, one.offset, one.is_settled) for one in told.epochs if one.kind == Kind.SPO2)
            for told in bodies
        ]


def test_a_device_is_told_once_and_another_when_it_comes(tmp_path):
    """The first is the measure of all; thirty readings of it are no news; another begins to be learnt."""
    home = Home(tmp_path)
    for _ in range(30):
        home.says(FIRST, 94.0)
    assert home.told() == [[(FIRST, 0.0, True)]]
    home.says(SECOND, 96.0)
    assert [device for device, _, _ in home.told()[-1]] == [FIRST, SECOND]
    assert home.told()[-1][1][2] is False


def test_what_is_learnt_of_a_device_is_told_until_it_is_known(tmp_path):
    """The offset of the second moves to what it really is, and the last word says that it is settled."""
    home = Home(tmp_path)
    for _ in range(30):
        home.says(FIRST, 94.0)
    for _ in range(60):
        home.says(SECOND, 97.0)
    (_, first, _), (_, second, is_settled) = home.told()[-1]
    assert (first, is_settled) == (0.0, True)
    assert second == pytest.approx(3.0, abs=1.0)
    assert len(home.told()) < 40, "not with every reading"


def test_without_a_trend_nothing_is_learnt_and_nothing_told(tmp_path):
    """A plan of single limits knows no usual."""
    home = Home(tmp_path, "plan.toml")
    for device in (FIRST, SECOND):
        home.says(device, 91.0)
    assert home.told() == []


def test_what_was_told_judges_nothing(tmp_path):
    """It follows from the readings: a log judged anew comes to the same without it."""
    home = Home(tmp_path)
    for spo2 in (91.0, 90.0, 92.0, 80.0, 79.0):
        home.says(FIRST, spo2)
    entries = home.store.entries(after=0, count_max=10_000)
    told = [each for each in entries if each.kind != EntryKind.BASELINE]
    assert len(told) < len(entries)
    assert [*judged_anew(told)][-1].verdict.state == [*judged_anew(entries)][-1].verdict.state
