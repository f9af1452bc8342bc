"""The older ChoiceMMed iChoice: its three frames, their meaning, whom it takes, and the talk."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.driver import Advertisement, FrameError, LinkError, uuid16
from devices.drivers.choicemmed_ichoice import (
    ANSWERS,
    ORDERS,
    STANDARD_SERVICE,
    Answer,
    Password,
    Spot,
    decoder,
    matches,
    readings,
    session,
)
from devices.kinds import Kind
from tests.devices.vectors import heard, numbers
from tests.play import HERE, ScriptedLink, play, step

HEARD = heard("choicemmed_ichoice")
RESULT = ANSWERS[-1]
YES = (ANSWERS[0], bytes(Answer()))
NOT_READY = (RESULT, bytes(Spot(0, 0)))
SERVICE = "ba11f08c-5f14-0b0d-1080-007cbe423eb1"

octet = st.integers(0, 255)


def summed(start, body):
    counted = bytes((len(body) + 1,)) + body
    return start + counted + bytes((sum(counted) & 0xFF,))


@given(
    st.sampled_from((*ANSWERS, ORDERS)),
    st.binary(max_size=24)
    | st.binary(max_size=5).map(lambda body: summed(b"\x55\xaa", body))
    | st.binary(max_size=5).map(lambda body: summed(b"\xaa\x55", body)),
)
def test_any_bytes_give_a_frame_or_a_frame_error(char, data):
    """No bytes fall over, nor a right sum around the wrong number of octets; a frame says itself again."""
    (said,) = decoder().feed(char, data)
    if isinstance(said, FrameError):
        assert said.data == data
    else:
        assert bytes(said) == data
        assert type(said).from_bytes(data) == said
        readings(said, HEARD)


@given(st.integers(0, 255).filter(lambda spo2: spo2 != 0xB1), octet)
def test_what_the_twin_says_the_driver_understands(spo2, pulse):
    """Encoding is the exact inverse of decoding."""
    (said,) = decoder().feed(RESULT, bytes(Spot(spo2, pulse)))
    assert said == Spot(spo2, pulse)


def test_the_captured_result_reads_as_its_display():
    """97 percent, 77 a minute; a spot check, in the second in which it came."""
    (said,) = decoder().feed(RESULT, bytes.fromhex("55aa03614db1"))
    told = readings(said, HEARD)
    assert numbers(told) == {Kind.SPO2: 97.0, Kind.PULSE_RATE: 77.0}
    assert not any(reading.is_continuous or reading.device_time for reading in told)


@pytest.mark.parametrize("spot", [Spot(0, 0), Spot(127, 0), Spot(255, 0)])
def test_what_is_no_number_is_no_reading(spot):
    """Zeros until it is ready, 127 and 255 without a finger; passwords and their answers mean nothing."""
    assert readings(spot, HEARD) == readings(Answer(), HEARD) == readings(Password(), HEARD) == ()
    assert not spot.is_ready


def test_another_characteristic_is_an_error():
    """What is not known is not guessed."""
    (error,) = decoder().feed(uuid16(0x2A5F), bytes(Spot(97, 77)))
    assert isinstance(error, FrameError)


def test_it_is_known_by_the_beginning_of_its_service():
    """The end is its own address; its cousin that measures blood pressure, and newer ones, are others'."""
    assert matches(Advertisement("a", services=frozenset({SERVICE})))
    assert not matches(Advertisement("a", services=frozenset({SERVICE.replace("1080", "10a0")})))
    assert not matches(Advertisement("a", services=frozenset({SERVICE, STANDARD_SERVICE})))
    assert not matches(Advertisement("a", "iChoice"))


def test_the_talk_subscribes_in_order_says_the_password_and_leaves_with_the_first_number():
    """Zeros are waited through; what would come after the first number is not waited for."""
    link = ScriptedLink(
        YES,
        NOT_READY,
        (RESULT, b"\x55"),
        (RESULT, bytes(Spot(97, 77))),
        (RESULT, bytes(Spot(90, 50))),
        has=(*ANSWERS, ORDERS),
    )
    answer, zeros, bad, spot = play(session, link)
    assert (answer, zeros, spot) == (Answer(), Spot(0, 0), Spot(97, 77))
    assert isinstance(bad, FrameError)
    assert link.did == [
        *(("subscribe", char) for char in ANSWERS),
        ("write", ORDERS, bytes.fromhex("aa5504b10000b5")),
    ]


def test_a_device_with_another_password_ends_the_talk_with_its_reason():
    """Nobody waits a minute for a device that has said no."""
    link = ScriptedLink((ANSWERS[0], bytes(Answer(1))), NOT_READY, has=(*ANSWERS, ORDERS))
    running = session(link, HERE)
    step(anext(running))
    assert step(anext(running)) == Answer(1)
    with pytest.raises(LinkError, match="refuses its password"):
        step(anext(running))
