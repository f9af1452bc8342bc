"""From what a device said to what is kept: one transaction, each fact once, nothing good lost."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from cloud_bridge.contract.bodies import alert_from, reading_from
from cloud_bridge.contract.entries import EntryKind
from devices.decoder import WholeFrames
from devices.driver import NOTHING_TOLD, Driver, FrameError, Told
from devices.identity import DeviceIdentity
from devices.kinds import Kind
from devices.readings import Quality, reading_of
from gateway.fault_limit import FAULTS_PER_DAY_MAX
from gateway.pipeline import GROUP_COUNT_MAX, Pipeline, UnkeptError
from gateway.store.file import NotTakenError
from tests.given import NOON, OXIMETER, SPO2_LOW, SPO2_RED, plan, reading, store

PLAN = plan(SPO2_LOW, SPO2_RED)
ECHO = Driver(
    id="echo",
    title="Echo",
    tier="reported",
    kinds=(Kind.SPO2,),
    matches=lambda _ad: True,
    session=lambda _link, _now: iter(()),
    readings=lambda frame, _heard: tuple(frame),
    decoder=lambda: WholeFrames({}),
)
"""A driver whose frames are the readings themselves."""

SPOKEN = replace(ECHO, readings=lambda spo2, heard: (reading_of(Kind.SPO2, spo2, heard),))
"""A driver whose frames are numbers."""

SHARED = replace(ECHO, readings=lambda spo2, heard: (reading_of(Kind.SPO2, spo2, heard, user_slot=1),))
"""One whose device says who stood on it."""


class Home:
    """A pipeline on a store in a folder, which can be started again."""

    def __init__(self, folder, the_plan=PLAN):
        self.store = store(folder)
        self.wakes = 0
        self.pipeline = Pipeline(
            self.store, the_plan, now=lambda: NOON, timezone=ZoneInfo("Europe/Oslo"), on_commit=self._woken
        )

    def _woken(self):
        self.wakes += 1

    def says(self, *frames):
        """Let the device say these frames in one visit."""
        visit = self.pipeline.visit(ECHO, OXIMETER)
        for frame in frames:
            visit.take(frame)
        visit.close()

    def kept(self, kind=None):
        """Return what stands in the log, without the plan's entry."""
        entries = self.store.entries(after=0, count_max=10_000)
        wanted = {kind} if kind else set(EntryKind) - {EntryKind.PLAN_APPLIED}
        return [entry for entry in entries if entry.kind in wanted]


def test_a_reading_and_the_alert_it_caused_are_one_group(tmp_path):
    """The alert stands right behind its reading, and the judge's state goes with them."""
    home = Home(tmp_path)
    home.says([reading(87)])
    assert [entry.kind for entry in home.kept()] == [EntryKind.READING, EntryKind.ALERT]
    assert home.store.judge_state() == bytes(home.pipeline.state)


def test_what_is_judged_but_not_committed_is_judged_again(tmp_path):
    """When the disk refuses, the judge's memory stays where the log is; the alert opens once it takes."""
    home = Home(tmp_path)
    home.store._db.execute("pragma query_only = on")
    with suppress(UnkeptError):
        home.says([reading(87)])
    assert home.pipeline.state.open_alerts == ()
    with pytest.raises(NotTakenError):
        home.pipeline.keep_waiting()
    home.store._db.execute("pragma query_only = off")
    home.says([reading(87)])
    assert len(home.kept(EntryKind.READING)) == 1
    assert [alert_from(entry.body).change for entry in home.kept(EntryKind.ALERT)] == ["opened"]


def test_a_memory_told_a_hundred_times_is_kept_once(tmp_path):
    """Re-reading adds no reading and opens no second alert, also after a restart."""
    home = Home(tmp_path)
    for _ in range(100):
        home.says([reading(87), reading(92, minute=1)])
    before = home.kept()
    home.store.close()
    again = Home(tmp_path)
    again.says([reading(87), reading(92, minute=1)])
    assert again.kept() == before
    assert len(before) == 4


def test_the_same_reading_twice_in_one_breath_is_kept_once(tmp_path):
    """A device that repeats itself within a group is heard once."""
    home = Home(tmp_path)
    home.says([reading(91), reading(91)], [reading(91)])
    assert len(home.kept()) == 1


def test_a_bad_frame_hides_no_good_one(tmp_path):
    """Frames before and after a broken one are kept; the broken bytes are kept as a fault."""
    home = Home(tmp_path)
    home.says([reading(91)], FrameError("cut short", b"\x01\x02"), [reading(92, minute=1)])
    kinds = [entry.kind for entry in home.kept()]
    assert sorted(kinds) == sorted([EntryKind.READING, EntryKind.READING, EntryKind.DEVICE_FAULT])
    (fault,) = home.kept(EntryKind.DEVICE_FAULT)
    assert b"cut short" in fault.body
    assert b"0102" in fault.body
    assert home.store.devices()[0].fault == "cut short"


def test_the_same_nonsense_is_one_fault(tmp_path):
    """A device that says the same broken bytes for a year does not fill the log."""
    home = Home(tmp_path)
    for _ in range(50):
        home.says(FrameError("cut short", b"\x01"))
    assert len(home.kept()) == 1


def test_readings_are_judged_in_the_order_in_which_they_were_measured(tmp_path):
    """A device that tells its memory newest first does not confuse the judge."""
    home = Home(tmp_path)
    home.says([reading(92, minute=2), reading(84, minute=0), reading(83, minute=1)])
    alerts = [alert_from(entry.body) for entry in home.kept(EntryKind.ALERT)]
    assert [(alert.rule, alert.change) for alert in alerts] == [
        ("spo2_low", "opened"),
        ("spo2_low_red", "opened"),
        ("spo2_low", "closed"),
    ]


def test_an_alert_stays_open_over_a_restart(tmp_path):
    """The judge remembers across power cuts: the alert is not opened twice, and it closes."""
    first = Home(tmp_path)
    first.says([reading(87)])
    first.store.close()
    again = Home(tmp_path)
    again.says([reading(86, minute=1)])
    again.says([reading(91, minute=2)])
    assert [alert_from(entry.body).change for entry in again.kept(EntryKind.ALERT)] == ["opened", "closed"]


def test_two_in_a_row_may_have_a_restart_between_them(tmp_path):
    """The count of readings in a row is part of the state that the commit keeps."""
    first = Home(tmp_path)
    first.says([reading(84)])
    first.store.close()
    again = Home(tmp_path)
    again.says([reading(83, minute=1)])
    assert "spo2_low_red" in {alert_from(entry.body).rule for entry in again.kept(EntryKind.ALERT)}


def test_a_plan_is_applied_once_per_version(tmp_path):
    """The log says when a plan came into force; a restart under the same plan says nothing."""
    for version in (1, 1, 2):
        home = Home(tmp_path, plan(SPO2_LOW, version=version))
        applied = len(home.kept(EntryKind.PLAN_APPLIED))
        home.store.close()
    assert applied == 2


def test_a_long_burst_is_committed_in_groups(tmp_path):
    """A device that never pauses still can't hold more than one group in memory."""
    home = Home(tmp_path)
    visit = home.pipeline.visit(ECHO, OXIMETER)
    for minute in range(GROUP_COUNT_MAX):
        visit.take([reading(91, minute=minute)])
    assert len(home.kept()) == GROUP_COUNT_MAX


def test_a_stream_is_kept_as_blocks(tmp_path):
    """A minute of one reading a second is one entry with sixty samples."""
    home = Home(tmp_path)
    stream = [reading_at(second) for second in range(90)]  # a minute and a half
    home.says(stream)
    blocks = [reading_from(entry.body) for entry in home.kept(EntryKind.READING)]
    assert [len(block.samples) for block in blocks] == [60, 30]


def reading_at(second: int):
    """Return one reading of a stream."""
    from dataclasses import replace

    at = NOON + timedelta(seconds=second)
    return replace(reading(91), id=f"s{second}", measured_at=at, received_at=at, is_continuous=True)


def test_every_commit_wakes_the_road(tmp_path):
    """What is kept is carried at once; what was known already wakes nobody for nothing."""
    home = Home(tmp_path)
    home.says([reading(91)])
    assert home.wakes == 1


def test_a_poor_reading_is_kept_but_tells_nobody(tmp_path):
    """Bytes that the device itself calls invalid are history, never an alert."""
    home = Home(tmp_path)
    home.says([reading(70, quality=(Quality.INVALID,))])
    assert [entry.kind for entry in home.kept()] == [EntryKind.READING, EntryKind.NOT_JUDGED]


def test_a_reading_says_which_device_said_it(tmp_path):
    """And how well it is known: what it tells of itself stands in every reading from then on, as no frame."""
    home = Home(tmp_path)
    visit = home.pipeline.visit(SPOKEN, OXIMETER)
    for said in (DeviceIdentity(model="9560"), 91.0, DeviceIdentity(serial="501"), 92.0):
        visit.take(said)
    visit.close()
    kept = [reading_from(entry.body).identity for entry in home.kept(EntryKind.READING)]
    assert kept == [DeviceIdentity(model="9560"), DeviceIdentity(model="9560", serial="501")]
    assert {reading_from(entry.body).tier for entry in home.kept(EntryKind.READING)} == {"reported"}
    assert visit.frame_count == 2


def test_only_the_patients_own_slot_is_judged(tmp_path):
    """On a shared device everybody else's number is kept, asked about and raises nothing."""
    home = Home(tmp_path)
    for told in (NOTHING_TOLD, Told(user_slot=2), Told(user_slot=1)):
        visit = home.pipeline.visit(SHARED, OXIMETER, told)
        visit.take(80.0 - (told.user_slot or 0))
        visit.close()
    kept = [reading_from(entry.body).quality for entry in home.kept(EntryKind.READING)]
    assert kept == [(Quality.UNKNOWN_USER,), (Quality.UNKNOWN_USER,), ()]
    assert len(home.kept(EntryKind.ALERT)) == 1


def test_a_hub_without_a_clock_has_no_wall_clock(tmp_path):
    """A device's clock is never set from 1970; with a clock it gets the home's own wall time."""
    home = Home(tmp_path)
    assert home.pipeline.wall_clock() == NOON.replace(hour=13, tzinfo=None)
    home.pipeline.now = lambda: datetime.fromtimestamp(60, UTC)
    assert home.pipeline.wall_clock() is None


def test_a_device_gone_mad_does_not_fill_the_log(tmp_path):
    """Ever new nonsense is kept up to a number a day, then said once; tomorrow there is room again."""
    home = Home(tmp_path)
    for number in range(10 * FAULTS_PER_DAY_MAX):
        home.says(FrameError("nonsense", number.to_bytes(4, "big")))
    kept = home.kept(EntryKind.DEVICE_FAULT)
    assert len(kept) == FAULTS_PER_DAY_MAX + 1
    assert b"no more of them are kept" in kept[-1].body
    home.says([reading(91)])
    assert len(home.kept(EntryKind.READING)) == 1, "what it says well is still taken"
    home.pipeline.now = lambda: NOON + timedelta(days=1)
    home.says(FrameError("nonsense", b"again"))
    assert len(home.kept(EntryKind.DEVICE_FAULT)) == FAULTS_PER_DAY_MAX + 2
