"""Home, clinic, and what a device compares by itself: on the hub nothing ever counts two of them together."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

from cloud_bridge.contract.entries import EntryKind
from cloud_bridge.contract.plan import Limit
from devices.blocks import BlockBuilder
from devices.driver import FrameError
from devices.kinds import Kind
from devices.readings import OF_DEVICE, reading_of, series_name
from gateway.alerts.judge import judge
from gateway.alerts.state import JudgeState
from gateway.derive import PERCENT_OF_BEST, PREDICTED
from gateway.view import View
from tests.cloud_bridge.contract.test_plan_person import KARI
from tests.devices.test_vectors import BY_ID, EVERY
from tests.devices.vectors import decoded, heard
from tests.gateway.test_pipeline import Home
from tests.given import NOON, SPO2_LOW, SPO2_RED, plan, reading


def in_clinic(value, **more):
    """Return a reading that was made in a clinic."""
    return replace(reading(value, **more), id=f"clinic-{value}", setting="clinic")


def test_no_two_series_share_a_name():
    """Each kind has one name for home and one for the clinic, and no name is another kind's."""
    names = [series_name(kind, setting) for kind in Kind for setting in ("home", "clinic")]
    assert len(set(names)) == 2 * len(Kind)
    assert reading(91).series == "spo2"
    assert in_clinic(91).series == "spo2.clinic"


def test_the_log_finds_them_apart(tmp_path):
    """The newest of a kind is the newest from home, however many a clinic has made since."""
    home = Home(tmp_path)
    home.says([reading(1.3, kind=Kind.FEV1), *(in_clinic(1.5, kind=Kind.FEV1, minute=n) for n in (1, 2))])
    (body,) = home.store.readings(series_name(Kind.FEV1), count_max=9)
    assert b'"value":1.3' in body
    assert b"setting" not in body
    (body,) = home.store.readings(series_name(Kind.FEV1, "clinic"), count_max=9)
    assert b'"setting":"clinic"' in body


def test_the_page_is_given_what_was_measured_at_home(tmp_path):
    """What the patient sees as his latest is from his own device, not from last week's consultation."""
    home = Home(tmp_path)
    home.says([reading(1.3, kind=Kind.FEV1), in_clinic(1.5, kind=Kind.FEV1, minute=1)])
    view = View(SimpleNamespace(store=home.store))  # of the hub, readings need its store only
    assert [one.value for one in view.readings(Kind.FEV1)] == [1.3]


def test_a_limit_counts_what_was_measured_at_home():
    """A clinic's reading opens nothing, makes no second in a row, closes nothing, and is no newer one."""
    limits = plan(SPO2_LOW, SPO2_RED)
    state = judge(limits, JudgeState(), reading(84)).state
    verdict = judge(limits, state, in_clinic(83, minute=1))
    assert verdict.state == state
    assert verdict.changes == ()
    assert set(verdict.refusals) == {
        ("spo2_low", "of another series"),
        ("spo2_low_red", "of another series"),
    }
    assert judge(limits, state, in_clinic(97, minute=1)).changes == ()
    assert [each.rule for each in judge(limits, state, reading(83, minute=1)).changes] == ["spo2_low_red"]


def test_a_block_holds_one_setting_and_says_which():
    """A stream that goes on in a clinic is another Block, and stays the clinic's."""
    builder, said = BlockBuilder(), []
    for second in range(4):
        listener = heard("pulse_oximeter", received_at=NOON + timedelta(seconds=second))
        one = reading_of(Kind.SPO2, 91.0, listener, is_continuous=True)
        said += builder.add(replace(one, setting="clinic") if second >= 2 else one)
    assert [(block.setting, len(block.samples)) for block in builder.flush()] == [("home", 2), ("clinic", 2)]
    assert said == []


def test_no_driver_takes_the_hubs_words_into_its_mouth():
    """Of the kinds that the hub derives, what a device tells by itself is said to be the device's."""
    derives = {kind for each in PREDICTED.values() for kind in each} | set(PERCENT_OF_BEST.values())
    walked = 0
    for driver_id, vector in EVERY:
        said = decoded(BY_ID[driver_id], vector)
        good = [frame for frame in said if not isinstance(frame, FrameError)]
        for one in (one for frame in good for one in BY_ID[driver_id].readings(frame, heard(driver_id))):
            assert not one.is_derived
            if one.kind in derives:
                walked += 1
                assert one.reference == OF_DEVICE
    assert walked > 0


def test_a_devices_own_per_cent_is_a_series_of_its_own(tmp_path):
    """It was compared with another best than the plan's: one blow is never two in a row, nor two latest."""
    own = replace(reading(60, kind=Kind.FEV1_PERCENT_BEST), reference=OF_DEVICE)
    low = Limit(id="best_low", kind=Kind.FEV1_PERCENT_BEST, level="red", below=80, clear=85, in_a_row=2)
    home = Home(tmp_path, plan(low).model_copy(update={"person": KARI}))
    home.says([reading(0.92, kind=Kind.FEV1), own])
    assert home.kept(EntryKind.ALERT) == []
    (body,) = home.store.readings(series_name(Kind.FEV1_PERCENT_BEST), count_max=9)
    assert b"personal best (home)" in body
    assert (own.series, own.is_derived) == ("fev1_percent_best.device", False)
    home.says([reading(0.91, kind=Kind.FEV1, minute=1)])
    assert len(home.kept(EntryKind.ALERT)) == 1
