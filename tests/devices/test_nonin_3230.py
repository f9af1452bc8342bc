"""The Nonin 3230: the laws of its frame, its meaning, whom it takes, and the talk."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.catalog import driver_for
from devices.decoder import attempt
from devices.driver import Advertisement, FrameError
from devices.drivers.nonin_3230 import (
    CONTROL,
    DRIVER,
    OXIMETRY,
    SERVICE,
    SIZE,
    STANDARD_SERVICE,
    Frame,
    Status,
    matches,
    readings,
    session,
)
from devices.kinds import Kind
from devices.readings import Quality
from tests.devices.vectors import decoded, heard, numbers, vectors
from tests.play import ScriptedLink, play

HEARD = heard("nonin_3230")
GOOD = Frame(97, 72, 6.5, 17)


@given(st.binary(max_size=14) | st.binary(min_size=9, max_size=9).map(lambda rest: b"\x0a" + rest))
def test_any_bytes_give_a_frame_or_a_frame_error(data):
    """No bytes fall over; those of the right length and first octet are a frame, and say themselves again."""
    frame = attempt(Frame.from_bytes, data)
    if len(data) == SIZE and data[0] == SIZE:
        assert bytes(frame) == data
        assert Frame.from_bytes(bytes(frame)) == frame
        readings(frame, HEARD)
    else:
        assert isinstance(frame, FrameError)


def test_vectors_are_told_field_by_field():
    """Battery, seconds and flags of each vector stand in the frame as the device said them."""
    bits = {
        "weak_signal": Status.WEAK_SIGNAL,
        "encrypted": Status.ENCRYPTED,
        "smartpoint": Status.SMART_POINT,
        "searching": Status.SEARCHING,
        "low_battery": Status.LOW_BATTERY,
    }
    walked = 0
    for vector in vectors("nonin_3230"):
        expected = vector["expected"]
        if "error" in expected:
            continue
        (frame,) = decoded(DRIVER, vector)
        told = {
            "battery_v": frame.battery_v,
            "counter_s": frame.counter_s,
            "pai_pct": frame.perfusion_percent,
        }
        told |= {word: bit in frame.status for word, bit in bits.items()}
        told |= {"pulse_bpm": frame.pulse}
        for key in told.keys() & expected.keys():
            assert told[key] == expected[key], key
        walked += 1
    assert walked == 5


@pytest.mark.parametrize(
    ("status", "quality"),
    [
        (Status.SMART_POINT, ()),
        (Status.DISPLAY_SYNC | Status.ENCRYPTED, (Quality.EARLY,)),
        (Status.SMART_POINT | Status.WEAK_SIGNAL, (Quality.POOR_SIGNAL,)),
        (Status.SMART_POINT | Status.SEARCHING, (Quality.POOR_SIGNAL,)),
        (Status.SMART_POINT | Status.CORRECT_CHECK, (Quality.POOR_FIT,)),
        (Status.SMART_POINT | Status.LOW_BATTERY, (Quality.LOW_BATTERY,)),
    ],
)
def test_what_it_says_of_its_numbers_goes_with_them(status, quality):
    """Each bit of its status is a reason to read every one of its numbers with care."""
    told = readings(Frame(97, 72, 6.5, status=status), HEARD)
    assert {reading.quality for reading in told} == {quality}
    assert all(reading.is_continuous and reading.device_time is None for reading in told)


@pytest.mark.parametrize(
    ("spo2", "pulse", "kinds"),
    [
        (None, None, set()),
        (0, 0, set()),
        (255, 511, set()),
        (None, 72, {Kind.PULSE_RATE, Kind.PERFUSION_INDEX}),
        (97, None, {Kind.SPO2, Kind.PERFUSION_INDEX}),
        (100, 300, {Kind.SPO2, Kind.PULSE_RATE, Kind.PERFUSION_INDEX}),
        (101, 301, set()),
    ],
)
def test_what_is_no_number_is_no_reading(spo2, pulse, kinds):
    """127, 511, zeros and what nobody can have; without a finger the perfusion means nothing either."""
    assert numbers(readings(Frame(spo2, pulse, 6.5), HEARD)).keys() == kinds
    assert Frame(None, None).from_bytes(bytes(Frame(127, 511))) == Frame(None, None)


def test_a_nonin_that_calls_the_standard_is_the_standards():
    """Both services in the call: the driver of the standard; only Nonin's own, or only the name: this one."""
    own = Advertisement("a", "Nonin3230_1", frozenset({SERVICE}))
    both = Advertisement("a", "Nonin3230_1", frozenset({SERVICE, STANDARD_SERVICE}))
    named = Advertisement("a", "Nonin_3150")
    assert [driver_for(each).id for each in (own, both, named)] == [
        "nonin_3230",
        "pulse_oximeter",
        "nonin_3230",
    ]
    assert not matches(both), "whatever the order of the catalogue"
    assert not matches(Advertisement("a", "Nonin3230_1", frozenset({STANDARD_SERVICE})))
    assert not matches(Advertisement("a", "Nonin9560"))


def test_the_talk_is_one_subscription_and_nothing_is_ever_written():
    """The control point, which deletes bonds and memory, is left alone; a bad frame hides no good one."""
    link = ScriptedLink((OXIMETRY, bytes(GOOD)), (OXIMETRY, b"\x0a"), (OXIMETRY, bytes(GOOD)), has=(CONTROL,))
    first, bad, last = play(session, link)
    assert first == last == GOOD
    assert isinstance(bad, FrameError)
    assert link.did == [("subscribe", OXIMETRY)]
