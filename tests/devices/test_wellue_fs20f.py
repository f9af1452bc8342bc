"""Wellue FS20F: whole frames by the dozen, numbers with the flags of the wave before them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.driver import Advertisement, FrameError, uuid16
from devices.drivers.wellue_fs20f import (
    DISTURBED,
    DRIVER,
    LOW_PERFUSION,
    NOTIFY,
    SENSOR_OFF,
    Other,
    Params,
    Wave,
    readings,
    sealed,
    session,
)
from devices.kinds import Kind
from devices.readings import NOT_JUDGED, Quality
from simulators.peripherals.wellue_fs20f import WellueFs20fTwin
from simulators.virtual_radio import VirtualRadio
from tests.devices.vectors import heard, numbers, vectors
from tests.play import ScriptedLink, play
from tests.simulators.visit import visit
from tests.virtual_time import in_virtual_time

HEARD = heard("wellue_fs20f")
octets, words = st.integers(0, 255), st.integers(0, 0xFFFF)
waves = st.builds(Wave, octets, octets, octets, octets)
params = st.builds(Params, octets, words, words, octets)
others = st.builds(Other, st.integers(0, 0x54), st.binary(max_size=16))


def fed(*pieces):
    """What one decoder makes of these notifications."""
    decoder = DRIVER.decoder()
    return [said for piece in pieces for said in decoder.feed(NOTIFY, piece)]


def test_every_captured_notification_is_whole_frames():
    """Twenty-one printed ones: each octet belongs to a frame, and says what was printed beside it."""
    real = [vector for vector in vectors("wellue_fs20f") if vector["origin"] == "source-comment"]
    assert len(real) == 21
    for vector in real:
        said = fed(bytes.fromhex(vector["hex"]))
        assert b"".join(map(bytes, said)).hex() == vector["hex"]
        told = vector["expected"]
        if isinstance(said[0], Wave) and "wave" in told:
            assert said == [Wave(told["wave"], told["flags"], told["bargraph"], told["seq"])]


@given(st.lists(st.binary(max_size=40), max_size=5), params | waves | others)
def test_any_bytes_give_frames_or_frame_errors(pieces, frame):
    """Nothing a stranger can send makes decoder or meaning fall over."""
    for one in fed(*pieces, bytes(frame)):
        assert isinstance(one, FrameError) or type(one).from_bytes(bytes(one)) == one
        assert isinstance(one, FrameError) or readings(one, HEARD) is not None


@given(params | waves | others)
def test_what_the_twin_says_the_driver_understands(frame):
    """Encoding is the exact inverse of decoding, for every frame."""
    assert fed(bytes(frame)) == [frame]


@given(params, waves)
def test_numbers_carry_the_wave_before_them(numbers_of_now, wave):
    """Its flags are all that tells how good they are; out and back they stay together."""
    _, told = fed(bytes(wave), bytes(numbers_of_now))
    assert told.wave == wave
    assert Params.from_bytes(bytes(told)) == told


@pytest.mark.parametrize(
    ("flags", "quality"),
    [
        (0, ()),
        (1, ()),
        (DISTURBED, (Quality.MOTION,)),
        (LOW_PERFUSION, (Quality.LOW_PERFUSION,)),
        (DISTURBED | LOW_PERFUSION, (Quality.LOW_PERFUSION, Quality.MOTION)),
    ],
)
def test_what_troubles_the_wave_marks_the_numbers(flags, quality):
    """Movement and weak perfusion are reasons to read with care, none to keep from the judge."""
    _, frame = fed(bytes(Wave(40, flags)), bytes(Params(97, 66, 1735)))
    told = readings(frame, HEARD)
    assert numbers(told) == {Kind.SPO2: 97.0, Kind.PULSE_RATE: 66.0, Kind.PERFUSION_INDEX: 1.735}
    assert all(one.quality == quality and one.is_continuous and one.device_time is None for one in told)
    assert NOT_JUDGED.isdisjoint(quality)


def test_a_sensor_that_is_off_has_no_numbers_until_it_is_on_again():
    """The last wave counts, not the one before."""
    off, on, now = bytes(Wave(0, SENSOR_OFF)), bytes(Wave(40)), bytes(Params(97, 66))
    _, first, _, second = fed(off, now, on, now)
    assert readings(first, HEARD) == ()
    assert numbers(readings(second, HEARD)) == {Kind.SPO2: 97.0, Kind.PULSE_RATE: 66.0}


@pytest.mark.parametrize(
    ("spo2", "pulse", "kinds"),
    [
        (100, 300, {Kind.SPO2, Kind.PULSE_RATE, Kind.PERFUSION_INDEX}),
        (97, 0x1FF, {Kind.SPO2, Kind.PERFUSION_INDEX}),
        (0x7F, 66, {Kind.PULSE_RATE, Kind.PERFUSION_INDEX}),
        (97, 255, {Kind.SPO2, Kind.PULSE_RATE, Kind.PERFUSION_INDEX}),
        (0x7F, 0x1FF, set()),
        (0x7F, 0xFF, set()),
        (0, 0, set()),
        (0, 0xFFFF, set()),
    ],
)
def test_what_is_no_number_is_no_reading(spo2, pulse, kinds):
    """511 and 127 are its words for it, 255 and 127 an owner's; zero is nobody's."""
    assert set(numbers(readings(Params(spo2, pulse, 1500), HEARD))) == kinds


def test_a_false_start_costs_no_frame_behind_it():
    """An octet FE that begins nothing, a checksum that is wrong: the next frame is heard."""
    wave = bytes(Wave(254, 0, 3, 0xFE))
    assert fed(b"\xfe\xfe\xff", wave)[-1] == Wave(254, 0, 3, 0xFE)
    error, frame = fed(wave[:-1] + b"\x00", wave)
    assert (error.reason, frame) == ("a frame whose checksum is wrong", Wave(254, 0, 3, 0xFE))


def test_the_talk_writes_nothing_and_keeps_the_waves_to_itself():
    """It is subscribed to, and that is all."""
    link = ScriptedLink((NOTIFY, bytes(Wave(40)) + bytes(Params(97, 66))), (NOTIFY, b"\x00"), has=(NOTIFY,))
    said, error = play(session, link)
    assert said == Params(97, 66, wave=Wave(40))
    assert isinstance(error, FrameError)
    assert link.did == [("subscribe", NOTIFY)]


def test_its_twin_says_what_troubles_it():
    """Flags of the twin's waves arrive as the quality of the hub's readings; no finger means nothing."""
    twin = WellueFs20fTwin()
    twin.flags = LOW_PERFUSION
    twin.measure(88, 101, 0.2)
    said = in_virtual_time(visit(VirtualRadio([twin])))
    told = [one for frame in said for one in readings(frame, HEARD)]
    assert [(one.kind, one.value) for one in told] == [
        (Kind.SPO2, 88.0),
        (Kind.PULSE_RATE, 101.0),
        (Kind.PERFUSION_INDEX, 0.2),
    ]
    assert {one.quality for one in told} == {(Quality.LOW_PERFUSION,)}
    assert sum(isinstance(frame, Params) for frame in said) == 3


@pytest.mark.parametrize(
    ("name", "is_ours"),
    [
        ("VTM 20F", True),
        ("FS20F", True),
        ("FS02F", True),
        ("QN-Scale", False),
        ("SANITAS SBF70", False),
        ("", False),
    ],
)
def test_it_is_known_by_its_name(name, is_ours):
    """Its service is that of scales and of other oximeters too."""
    assert DRIVER.matches(Advertisement("a", name, frozenset({uuid16(0xFFE0)}))) is is_ours


def test_a_frame_in_another_ones_place_is_refused():
    """Each class takes its own kind only, and says why."""
    with pytest.raises(FrameError, match="a frame 55 in the place of another"):
        Wave.from_bytes(bytes(Params(97, 66)))
    with pytest.raises(FrameError, match="no whole frame"):
        Other.from_bytes(sealed(1, b"") + b"\0")
