"""A device change is no change of the patient: offsets are learnt, doubted meanwhile, and never hidden."""

import pytest

from cloud_bridge.contract.trend_settings import TrendSettings
from devices.kinds import Kind
from gateway.alerts.epochs import EPOCHS_MAX, Epoch
from gateway.alerts.trend import hear
from gateway.alerts.trend_memory import Around
from tests.gateway.alerts.trend_days import OSLO, Diary, check

SETTINGS = TrendSettings()


def epoch(diary, device, kind=Kind.SPO2):
    """Return what is known of a device."""
    return next(each for each in diary.usual(kind).epochs if each.device == device)


def test_a_new_device_opens_an_epoch_and_is_doubted():
    """The first reading of another oximeter is told as a new device, whose offset nobody knows."""
    diary = Diary().quiet(30)
    diary.measure(device="B")
    assert diary.said("new_device") == ["noted", "noted"]
    assert not epoch(diary, "B").is_settled
    assert epoch(diary, "B").variance == SETTINGS.signals[Kind.SPO2].offset_sd ** 2


def test_the_bridge_learns_the_offset_and_keeps_the_baseline():
    """An oximeter that reads two points lower opens no trend, is known after a while, and moves no usual."""
    diary = Diary().quiet(30)
    mean = diary.usual().baseline.mean
    diary.quiet(30, device="B", spo2_off=-2.0)
    assert diary.said() == []
    assert epoch(diary, "B").is_settled
    assert epoch(diary, "B").offset == pytest.approx(-1.8, abs=0.3)
    assert diary.usual().baseline.mean == pytest.approx(mean, abs=0.3)
    assert Diary().quiet(30).quiet(30, spo2_off=-2.0).said() != [], "unnoticed, it would"


def test_what_the_device_says_is_never_changed():
    """The day's sum holds the raw value; the offset stands beside it."""
    diary = Diary().quiet(30).quiet(20, device="B", spo2_off=-2.0)
    diary.hear(Kind.SPO2, 90.0, device="B")
    assert diary.usual().today[0].total == 90.0


def test_an_offset_is_not_learnt_from_a_sick_person():
    """While pulse is up, symptoms are worse or a treatment is fresh, low is not the device's fault."""
    for around, pulse in (({}, 12.0), ({"worsened_at": 1}, 0.0), ({"treated_at": 1}, 0.0)):
        diary = Diary().quiet(30)
        diary.around = {name: diary.at() for name in around}
        diary.live((-3.0, pulse), device="B")
        diary.look()
        diary.day += 1
        diary.look()
        assert epoch(diary, "B").count == 0, around


def test_readings_side_by_side_tell_the_offset_at_once():
    """Three and three within ten minutes, in any order, leave a variance of two thirds beside the prior."""
    known = {}
    for order in ("AAABBB", "BBBAAA", "ABABAB"):
        diary = Diary().quiet(30)
        for minute, device in enumerate(order):
            diary.hear(Kind.SPO2, 92.0 if device == "A" else 89.0, hour=minute / 60, device=device)
        known[order] = (epoch(diary, "B").offset, epoch(diary, "B").variance)
    prior, pair = 1.5**2, 2 / 3
    assert known["AAABBB"][1] == pytest.approx(prior * pair / (prior + pair))
    assert known["AAABBB"][0] == pytest.approx(-3 * prior / (prior + pair))
    assert known["BBBAAA"] == pytest.approx(known["AAABBB"])
    assert known["ABABAB"] == pytest.approx(known["AAABBB"])


def test_readings_of_two_devices_eleven_minutes_apart_are_no_pair():
    """After ten minutes the person may have changed."""
    diary = Diary().quiet(30)
    diary.hear(Kind.SPO2, 92.0, device="A")
    diary.hear(Kind.SPO2, 89.0, hour=11 / 60, device="B")
    assert epoch(diary, "B").offset == 0


def test_devices_that_differ_too_much_are_told_once():
    """More than three points between two oximeters is a matter for a person, not for a filter."""
    diary = Diary().quiet(30)
    for _ in range(3):
        for minute, device in enumerate("AAABBB"):
            diary.hear(Kind.SPO2, 92.0 if device == "A" else 86.0, hour=minute / 60, device=device)
        diary.day += 1
    told = [each for each in diary.findings if each.rule == "devices_disagree"]
    assert [(each.device, each.kind) for each in told] == [("B", Kind.SPO2)]
    assert told[0].amount < -3


def test_the_old_device_is_known_when_it_comes_back():
    """Two oximeters in turns are two epochs, not a new one each time."""
    diary = Diary().quiet(30)
    for _ in range(6):
        diary.quiet(2, device="B").quiet(2, device="A")
    assert diary.said("new_device") == ["noted", "noted"]
    assert {each.device for each in diary.usual().epochs} == {"A", "B"}


def test_other_firmware_is_another_epoch_and_silence_about_it_is_none():
    """An update may read differently; a visit in which the device says nothing of itself is no update."""
    diary = Diary()
    for day in range(30):
        diary.hear(Kind.SPO2, 92.0 + day % 2)
        diary.day += 1
    for firmware, told in (("1.0", 0), (None, 0), ("1.0", 0), ("1.1", 1), ("1.1", 1)):
        at = diary.at()
        reading = check(Kind.SPO2, 92.0, at, firmware=firmware)
        diary.take(hear(diary.settings, diary.memory, reading, Around(now=at, zone=OSLO)))
        diary.day += 1
        assert len(diary.said("new_device")) == told


def test_a_young_baseline_belongs_to_its_device():
    """Before there is a usual, another device's readings wait; it takes over when the first is gone."""
    diary = Diary().quiet(5)
    diary.measure(device="B")
    assert diary.usual().epochs[0].device == "A"
    assert diary.refusals[-1] == "no baseline"
    diary.day += 5
    diary.quiet(16, device="B")
    assert [each.device for each in diary.usual().epochs] == ["B"]
    assert diary.usual().baseline.is_ready(SETTINGS)


def test_a_spirometers_offset_is_a_share():
    """Ten per cent lower is learnt as a share, so that it holds on good days and on bad ones."""
    diary = Diary()
    for day in range(60):
        value = (2.0 + 0.05 * (day % 3 - 1)) * (1.0 if day < 30 else 0.93)
        diary.hear(Kind.FEV1, value, device="A" if day < 30 else "B")
        diary.day += 1
    found = epoch(diary, "B", Kind.FEV1)
    assert found.is_settled
    assert found.offset == pytest.approx(-0.06, abs=0.02)
    tenth = Epoch("B", offset=-0.1)
    fev1 = SETTINGS.signals[Kind.FEV1]
    assert [tenth.corrected(fev1, value) for value in (0.9, 1.8)] == pytest.approx([1.0, 2.0])


def test_no_more_than_four_devices_are_known():
    """A house full of oximeters does not fill the memory."""
    diary = Diary().quiet(30)
    for name in "BCDEFGH":
        diary.measure(device=name)
        diary.measure(device=name)
    assert len(diary.usual().epochs) == EPOCHS_MAX
    assert len(diary.usual().today) <= EPOCHS_MAX
