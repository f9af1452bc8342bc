"""The Jumper JPD-500F: the laws of its frame, its meaning, whom it takes, and the talk."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.driver import Advertisement, FrameError, uuid16
from devices.drivers.jumper_jpd500f import SERVICE, STREAM, Frame, decoder, matches, readings, session
from devices.kinds import Kind
from tests.devices.vectors import heard, numbers
from tests.play import ScriptedLink, play

HEARD = heard("jumper_jpd500f")


@given(st.binary(max_size=24) | st.binary(min_size=3, max_size=3).map(lambda rest: b"\x81" + rest))
def test_any_bytes_give_a_frame_an_error_or_a_piece_of_the_wave(data):
    """No bytes fall over; the wave is silent, numbers say themselves again, the rest is an error."""
    said = tuple(decoder().feed(STREAM, data))
    if data[:1] == b"\x80":
        assert said == ()
    elif data[:1] == b"\x81" and len(data) == 4:
        assert [bytes(frame) for frame in said] == [data]
        assert Frame.from_bytes(data) == said[0]
        readings(said[0], HEARD)
    else:
        (error,) = said
        assert isinstance(error, FrameError)


def test_the_captured_frame_reads_as_its_display():
    """99 percent, 56 a minute, perfusion 6.8 without any dust behind the point; live, and without a time."""
    told = readings(Frame.from_bytes(bytes.fromhex("81386344")), HEARD)
    assert numbers(told) == {Kind.SPO2: 99.0, Kind.PULSE_RATE: 56.0, Kind.PERFUSION_INDEX: 6.8}
    assert all(reading.is_continuous and reading.device_time is None for reading in told)


@pytest.mark.parametrize("data", ["81ff7f44", "81000044", "81007f00", "81ff0044"])
def test_a_finger_that_is_not_there_says_nothing(data):
    """255, 127 and zeros are no numbers, and the perfusion beside them is nobody's."""
    assert readings(Frame.from_bytes(bytes.fromhex(data)), HEARD) == ()


def test_a_pulse_of_255_is_missing_not_fast():
    """A pulse can be above 255 elsewhere; here that octet is the word for none."""
    frame = Frame.from_bytes(bytes.fromhex("81ff6144"))
    assert frame.pulse is None
    assert numbers(readings(frame, HEARD)) == {Kind.SPO2: 97.0, Kind.PERFUSION_INDEX: 6.8}


def test_another_characteristic_is_an_error():
    """What is not known is not guessed."""
    (error,) = decoder().feed(uuid16(0x2A5F), b"\x81\x38\x63\x44")
    assert isinstance(error, FrameError)


def test_it_is_known_by_its_service_or_by_its_name_alone():
    """A device that calls other services is not taken for its name."""
    assert matches(Advertisement("a", services=frozenset({SERVICE})))
    assert matches(Advertisement("a", "My Oximeter"))
    assert not matches(Advertisement("a", "My Oximeter", frozenset({uuid16(0x1822)})))
    assert not matches(Advertisement("a", "My Thermometer"))


def test_the_talk_is_one_subscription():
    """Numbers come out, the wave stays out, a bad frame stands in its place; nothing is written."""
    good = Frame(56, 99, 6.8)
    link = ScriptedLink(
        (STREAM, bytes(good)), (STREAM, b"\x80\x01"), (STREAM, b"\x81"), (STREAM, bytes(good))
    )
    first, bad, last = play(session, link)
    assert first == last == good
    assert isinstance(bad, FrameError)
    assert link.did == [("subscribe", STREAM)]
