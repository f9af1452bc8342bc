"""Viatom PC-60FW and kin: a stream cut anywhere, no numbers without a finger, and the talk by hand."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.driver import Advertisement, FrameError, LinkError, uuid16
from devices.drivers.viatom_pc60fw import (
    ASK_PARAMS,
    ASK_SERIAL,
    ASK_VERSION,
    CHECK_PROBE,
    DRIVER,
    NOTIFY,
    PROBE_OFF,
    PULSE_SEARCHING,
    SERIAL,
    UART_NOTIFY,
    UART_WRITE,
    VERSION,
    WRITE,
    Battery,
    Other,
    Params,
    Wave,
    Work,
    readings,
    sealed,
    session,
)
from devices.identity import DeviceIdentity
from devices.kinds import Kind
from devices.readings import Quality
from simulators.peripherals.viatom_pc60fw import ViatomPc60fwTwin
from simulators.virtual_radio import VirtualRadio
from tests.devices.vectors import heard, numbers, vectors
from tests.play import ScriptedLink, play
from tests.simulators.visit import visit
from tests.virtual_time import in_virtual_time

HEARD = heard("viatom_pc60fw")
EVERYTHING = (UART_NOTIFY, UART_WRITE)
octets = st.integers(0, 255)
sample = st.tuples(st.integers(0, 127), st.booleans())
params = st.builds(
    Params, octets, st.integers(0, 0xFFFF), octets, octets, st.integers(0, 3), st.integers(0, 63)
)
waves = st.lists(sample, min_size=5, max_size=5).map(lambda pairs: Wave(*zip(*pairs, strict=True)))
others = st.builds(Other, st.just(0x3C), octets, st.binary(max_size=62))
frames = (
    params | waves | others | st.builds(Work, octets, octets, octets, octets) | st.builds(Battery, octets)
)


def fed(*pieces, char=UART_NOTIFY):
    """What one decoder makes of these notifications."""
    decoder = DRIVER.decoder()
    return [said for piece in pieces for said in decoder.feed(char, piece)]


def cut(data, places):
    """These octets, cut at these places."""
    ends = sorted({place % (len(data) + 1) for place in places} | {0, len(data)})
    return [data[start:end] for start, end in pairwise(ends)]


def captured():
    """The twenty consecutive notifications of a real one."""
    (found,) = [vector for vector in vectors("viatom_pc60fw") if vector["id"] == "v0135"]
    return b"".join(bytes.fromhex(chunk) for chunk in found["chunks"])


def test_the_captured_stream_has_its_frames_and_not_an_octet_more():
    """Nineteen waves and two seconds of numbers, battery and work, from twenty notifications."""
    said = fed(captured())
    kinds = {kind: sum(isinstance(one, kind) for one in said) for kind in (Params, Wave, Battery, Work)}
    assert kinds == {Params: 2, Wave: 19, Battery: 2, Work: 2}
    assert b"".join(map(bytes, said)) == captured()


@given(st.lists(st.integers(0, 300)))
def test_where_a_stream_is_cut_makes_no_difference(places):
    """A notification is no frame: octet by octet, or all at once, the same is said."""
    assert fed(*cut(captured(), places)) == fed(captured())


@given(st.lists(st.binary(max_size=40), max_size=5), frames)
def test_any_bytes_give_frames_or_frame_errors(pieces, frame):
    """Nothing a stranger can send makes decoder or meaning fall over; no octet is kept from the errors."""
    said = fed(*pieces, bytes(frame))
    for one in said:
        assert isinstance(one, FrameError) or type(one).from_bytes(bytes(one)) == one
        assert isinstance(one, FrameError) or readings(one, HEARD) is not None


@given(frames)
def test_what_the_twin_says_the_driver_understands(frame):
    """Encoding is the exact inverse of decoding, for every frame."""
    assert fed(bytes(frame)) == [frame]
    assert type(frame).from_bytes(bytes(frame)) == frame


@given(st.binary(max_size=60).filter(lambda data: b"\xaa" not in data), frames)
def test_after_garbage_comes_the_next_frame(garbage, frame):
    """One error for the octets that are none, then the frame."""
    *errors, last = fed(garbage, bytes(frame))
    assert last == frame
    assert [error.data for error in errors] == ([garbage] if garbage else [])


def test_a_frame_that_lost_its_end_costs_no_other():
    """What was waited for turns out to be the next frame: that one is still heard, whole."""
    lost = bytes(Params(97, 66))[:7]
    error, *said = fed(lost, bytes(Params(96, 67)), bytes(Battery(2)))
    assert (error.data, said) == (lost, [Params(96, 67), Battery(2)])


def test_a_frame_that_claims_too_much_is_not_waited_for():
    """A length of 65 to 255 is none; what comes behind it is heard at once."""
    error, frame = fed(b"\xaa\x55\x0f\x41", bytes(Params(97, 66)))
    assert (error.data, frame) == (b"\xaa\x55\x0f\x41", Params(97, 66))


def test_no_finger_is_all_zero_though_the_status_is_silent():
    """The captured frame without a finger has no bit set and gives nothing."""
    (found,) = [vector for vector in vectors("viatom_pc60fw") if vector["id"] == "v0094"]
    (frame,) = fed(bytes.fromhex(found["hex"]))
    assert (frame.status, frame.spo2, frame.pulse) == (0, 0, 0)
    assert readings(frame, HEARD) == ()


@pytest.mark.parametrize("status", [PROBE_OFF, PULSE_SEARCHING, CHECK_PROBE, 0x0E, 0xFF])
def test_a_probe_that_is_off_has_no_numbers(status):
    """Whatever stands there: off, searching or wrongly put on."""
    assert readings(Params(97, 66, 12, status), HEARD) == ()


@pytest.mark.parametrize(
    ("spo2", "pulse", "kinds"),
    [
        (100, 300, {Kind.SPO2, Kind.PULSE_RATE, Kind.PERFUSION_INDEX}),
        (101, 66, {Kind.PULSE_RATE, Kind.PERFUSION_INDEX}),
        (97, 301, {Kind.SPO2, Kind.PERFUSION_INDEX}),
        (97, 0, {Kind.SPO2, Kind.PERFUSION_INDEX}),
        (127, 255, set()),
        (127, 511, set()),
        (255, 255, set()),
        (255, 65535, set()),
        (0, 0, set()),
    ],
)
def test_what_is_no_number_is_no_reading(spo2, pulse, kinds):
    """0, 127, 255 and 511 are words for "no finger", and an index without a pulse is of nothing."""
    assert set(numbers(readings(Params(spo2, pulse, 12), HEARD))) == kinds


@pytest.mark.parametrize(("level", "quality"), [(0, (Quality.LOW_BATTERY,)), (1, ()), (3, ())])
def test_the_lowest_battery_level_marks_the_readings_and_becomes_none(level, quality):
    """Levels are no percentage; the lowest is a reason to read with care."""
    told = readings(Params(97, 66, 123, battery_level=level), HEARD)
    assert numbers(told) == {Kind.SPO2: 97.0, Kind.PULSE_RATE: 66.0, Kind.PERFUSION_INDEX: 12.3}
    assert all(one.quality == quality and one.is_continuous and one.device_time is None for one in told)
    assert readings(Battery(0), HEARD) == ()


def test_a_thermometer_and_a_spot_checks_result_are_kept_and_mean_nothing():
    """Nobody has written down fully what these numbers are."""
    for frame in (Other(0x3C, 1, b"\x00\x0e\x10"), Work(1, 3, 97, 66)):
        assert fed(bytes(frame)) == [frame]
        assert readings(frame, HEARD) == ()


def test_the_talk_subscribes_asks_who_it_is_and_passes_on_all_but_the_waves():
    """Serial number and versions are the device's own words; nothing else is ever written."""
    script = [Wave((1, 2, 3, 4, 5)), Other(*SERIAL, b"60FW1\0"), Other(*VERSION, b"\x10\x23\x11PC-60FW")]
    link = ScriptedLink(*((UART_NOTIFY, bytes(one)) for one in (*script, Params(97, 66))), has=EVERYTHING)
    assert play(session, link) == [
        DeviceIdentity(serial="60FW1"),
        script[1],
        DeviceIdentity(model="PC-60FW", firmware="1.0.2.3", hardware="1.1"),
        script[2],
        Params(97, 66),
    ]
    asked = [bytes(one) for one in (ASK_SERIAL, ASK_VERSION, ASK_PARAMS)]
    assert link.did == [("subscribe", UART_NOTIFY), *(("write", UART_WRITE, one) for one in asked)]


def test_one_that_lives_on_another_service_is_spoken_to_there():
    """A PC-68B and an SP-20 have 0xFFF1 and 0xFFF2; what it says is what it would say elsewhere."""
    link = ScriptedLink((NOTIFY, bytes(Params(97, 66))), has=(NOTIFY, WRITE))
    assert play(session, link) == [Params(97, 66)]
    assert {deed[1] for deed in link.did} == {NOTIFY, WRITE}


def test_one_that_takes_no_requests_may_still_measure():
    """A refusal to say who it is costs nothing."""
    link = ScriptedLink((UART_NOTIFY, bytes(Params(97, 66))), has=EVERYTHING, refused=["write"])
    assert play(session, link) == [Params(97, 66)]


@pytest.mark.parametrize("has_to_be_asked", [False, True])
def test_one_that_waits_to_be_asked_is_asked(has_to_be_asked):
    """A PC-60NW says nothing by itself; after five seconds of silence it is asked, once."""
    twin = ViatomPc60fwTwin()
    twin.has_to_be_asked = has_to_be_asked
    twin.measure(97, 66, 1.2)
    said = in_virtual_time(visit(VirtualRadio([twin])))
    assert Params(97, 66, 12) in said
    assert not any(isinstance(one, FrameError) for one in said)
    assert (twin.is_awake, len(twin.facts())) == (False, 3)


def test_a_silence_after_the_question_ends_the_talk():
    """Nobody waits for ever."""
    link = ScriptedLink(has=EVERYTHING)
    assert play(session, link) == []
    assert link.did[-1] == ("write", UART_WRITE, bytes(ASK_PARAMS))
    with pytest.raises(LinkError, match="silent"):
        in_virtual_time(link.receive(timeout_s=1))


@pytest.mark.parametrize(
    ("name", "is_ours"),
    [
        ("OxySmart", True),
        ("PC-60F_SN109400", True),
        ("PC-60FW", True),
        ("PC-60NW-1_SN12", True),
        ("PC-60B_SN12", True),
        ("POD-1_SN12", True),
        ("POD-2B_SN12", True),
        ("PC-68B", True),
        ("SP-20", True),
        ("SP-2000", False),
        ("PC-80B", False),
        ("AP-20", False),
        ("Nordic_UART", False),
        ("", False),
    ],
)
def test_it_is_known_by_its_name(name, is_ours):
    """The serial port it speaks through is Nordic's, and everybody's."""
    services = frozenset({"6e400001-b5a3-f393-e0a9-e50e24dcca9e", uuid16(0xFFF0)})
    assert DRIVER.matches(Advertisement("a", name, services)) is is_ours
    assert DRIVER.matches(Advertisement("a", name)) is is_ours


def test_a_frame_in_another_ones_place_is_refused():
    """Each class takes its own token and kind only, and says why."""
    with pytest.raises(FrameError, match="a frame F0 03 in the place of another"):
        Params.from_bytes(bytes(Battery(1)))
    with pytest.raises(FrameError, match="no whole frame"):
        Other.from_bytes(sealed(0x0F, 1, b"") + b"\0")
