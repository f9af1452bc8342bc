"""The Contec spirometer: golden bytes, laws of the frames, meaning, talk."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.codecs.contec_blow import _NUMBERS, RECORD, SAMPLE_COUNT_MAX, Manoeuvre, Record, Stored, Wave
from devices.codecs.seven_bit import Word, sealed
from devices.driver import Advertisement, FrameError, Visitor
from devices.drivers.contec_spirometer import (
    ANSWERS,
    DRIVER,
    ORDERS,
    SERVICE,
    decoder,
    matches,
    readings,
    session,
)
from devices.kinds import Kind
from devices.readings import Quality
from tests.devices.vectors import decoded, heard, numbers, vectors, wall
from tests.play import HERE, NOON, ScriptedLink, play

HEARD = heard("contec_spirometer")
BLOW = Record(
    Manoeuvre.FVC, 1, wall("2026-05-31T08:00:00"), 1, 67, 164, 1, 0,
    fvc_l=3.0, fev05_l=1.2, fev1_l=1.65, fev1_fvc_percent=55.0, fev6_l=2.9, pef_l_s=4.11, fef25_75_l_s=0.9,
)  # fmt: skip
CURVE = Wave(1, ((0, 0, 0), (100_000, 7130, 345)))

FIELDS = {
    "number": "number", "age": "age_years", "height_cm": "height_cm", "drug": "drug", "fvc_l": "fvc_l",
    "fev1_l": "fev1_l", "fev1_fvc_pct": "fev1_fvc_percent", "pef_lps": "pef_l_s", "fef25_lps": "fef25_l_s",
    "fef50_lps": "fef50_l_s", "fef75_lps": "fef75_l_s", "fef2575_lps": "fef25_75_l_s", "evol": "evol",
    "pef_time": "pef_time", "record_count": "count", "wave_number": "number",
}  # fmt: skip


def check(frame, key, value):
    """Hold one word of a vector against the frame."""
    match key:
        case "command":
            assert isinstance(frame, Word)
        case "answer":
            assert frame.code == int(value, 16)
        case "type":
            assert frame.manoeuvre is Manoeuvre[value]
        case "timestamp":
            assert frame.device_time == (value and wall(value))
        case "sex":
            assert frame.sex == ("male", "female").index(value)
        case "standard":
            assert frame.standard == ("ECCS", "KNUDSON", "USA").index(value) + 1
        case "samples":
            assert frame.samples == tuple(map(tuple, value))
        case _:
            assert getattr(frame, FIELDS[key]) == value


def test_golden_vectors_mean_what_they_say():
    """Every vector is one frame with its words, which says itself in the same bytes; or it is refused."""
    good = bad = 0
    for vector in vectors("contec_spirometer"):
        (said, *_) = decoded(DRIVER, vector)
        if "error" in vector["expected"]:
            assert isinstance(said, FrameError)
            bad += 1
            continue
        assert bytes(said).hex() == vector["hex"]
        for key, value in vector["expected"].items():
            check(said, key, value)
        good += 1
    assert (good, bad) == (14, 7)


@given(st.lists(st.tuples(st.sampled_from(DRIVER.speaks), st.binary(max_size=60)), max_size=8))
def test_any_bytes_give_frames_or_frame_errors(said):
    """Nothing that a stranger can send makes the decoder or the meaning fall over."""
    ear = decoder()
    for char, data in said:
        for frame in ear.feed(char, data):
            if not isinstance(frame, FrameError):
                assert type(frame).from_bytes(bytes(frame)) == frame
                readings(frame, HEARD)


@given(st.binary(min_size=42, max_size=42))
def test_any_sealed_record_is_a_record_or_a_frame_error(body):
    """A sum that fits is no promise that the rest does."""
    (said,) = decoder().feed(ANSWERS, sealed(bytes((RECORD, *(octet & 0x7F for octet in body)))))
    if not isinstance(said, FrameError):
        assert Record.from_bytes(bytes(said)) == said
        readings(said, HEARD)


u16 = st.integers(0, 0xFFFF)
seven, fourteen = st.integers(0, 0x7F), st.integers(0, 0x3FFF)
samples = st.lists(st.tuples(st.integers(0, 0xFFFFFF), u16, u16), max_size=6).map(tuple)


@st.composite
def records(draw):
    """Any record that can be told."""
    moment = draw(st.none() | st.datetimes(wall("2000-01-01"), wall("2127-12-31")))
    person = (draw(seven), draw(seven), draw(fourteen), draw(seven), draw(seven))
    told = {name: draw(fourteen) / parts for name, parts in _NUMBERS}
    kind, number = draw(st.sampled_from(Manoeuvre)), draw(fourteen)
    return Record(kind, number, moment and moment.replace(microsecond=0), *person, **told)


@given(
    st.lists(records() | st.builds(Wave, fourteen, samples) | st.builds(Stored, fourteen), max_size=4),
    st.integers(1, 60),
)
def test_what_the_twin_says_the_driver_understands(said, size):
    """Encoding is the exact inverse of decoding, however the radio cuts it."""
    ear, data = decoder(), b"".join(map(bytes, said))
    found = [frame for at in range(0, len(data), size) for frame in ear.feed(ANSWERS, data[at : at + size])]
    assert found == said


@pytest.mark.parametrize("rest", [b"", b"\x55", bytes(19)])
def test_what_stands_behind_a_curve_is_passed_over(rest):
    """Nobody knows whether a sum does; the next frame is found all the same."""
    found = decoder().feed(ANSWERS, bytes(CURVE) + rest + bytes(BLOW))
    assert list(found) == [CURVE, BLOW]


def test_behind_anything_else_it_is_an_error():
    """Only a curve is forgiven."""
    _, bad = decoder().feed(ANSWERS, bytes(BLOW) + b"\x55")
    assert isinstance(bad, FrameError)


def test_a_curve_has_a_limit():
    """More samples than a blow can have are never waited for, and never kept."""
    longest = Wave(1, ((1, 2, 3),) * SAMPLE_COUNT_MAX)
    assert list(decoder().feed(ANSWERS, bytes(longest))) == [longest]
    ear = decoder()
    assert isinstance(next(iter(ear.feed(ANSWERS, bytes.fromhex("e201000120")))), FrameError)
    assert list(ear.feed(ANSWERS, bytes(BLOW))) == [BLOW]


def test_the_numbers_of_a_forced_blow():
    """Volumes in L, the ratio in percent, PEF turned from L/s into L/min and nothing lost by it."""
    assert numbers(readings(BLOW, HEARD)) == {
        Kind.FVC: 3.0, Kind.FEV05: 1.2, Kind.FEV1: 1.65, Kind.FEV1_FVC: 55.0, Kind.FEV6: 2.9,
        Kind.PEF: 246.6, Kind.FEF25_75: 0.9,
    }  # fmt: skip


@given(st.integers(1, 2000))
def test_a_flow_has_no_dust(step):
    """One step of the device is 0.6 L/min: one decimal says it exactly."""
    told = numbers(readings(replace(BLOW, pef_l_s=step / 100), HEARD))
    assert f"{told[Kind.PEF]:.1f}" == f"{step * 6 // 10}.{step * 6 % 10}"
    assert told[Kind.PEF] == float(f"{told[Kind.PEF]:.1f}")


def test_what_is_no_number_is_no_reading():
    """Zero, all bits set, and more than a person can blow."""
    nothing = dict.fromkeys(("fvc_l", "fev05_l", "fev1_l", "fev6_l", "fev1_fvc_percent", "pef_l_s"), 0.0)
    assert numbers(readings(replace(BLOW, **nothing), HEARD)) == {Kind.FEF25_75: 0.9}
    for name, value in (("fvc_l", 163.83), ("fvc_l", 15.01), ("fev1_fvc_percent", 100.1), ("pef_l_s", 20.01)):
        assert len(readings(replace(BLOW, **{name: value}), HEARD)) == 6


@pytest.mark.parametrize("manoeuvre", [Manoeuvre.VC, Manoeuvre.MVV, Manoeuvre.MV])
def test_other_manoeuvres_have_no_numbers_of_a_forced_blow(manoeuvre):
    """A slow breath in the field of FVC would be judged as a forced one."""
    assert readings(replace(BLOW, manoeuvre=manoeuvre), HEARD) == ()


def test_a_record_is_of_its_own_time():
    """From memory, at the device's own moment; after a drug it says so; a lost date is no date."""
    (first, *_) = readings(BLOW, HEARD)
    assert (first.device_time, first.quality) == (BLOW.device_time, (Quality.FROM_STORAGE,))
    (after, *_) = readings(replace(BLOW, drug=1), HEARD)
    assert set(after.quality) == {Quality.FROM_STORAGE, Quality.AFTER_MEDICATION}
    (undated, *_) = readings(replace(BLOW, device_time=None), HEARD)
    assert (undated.device_time, undated.measured_at) == (None, NOON)


# The talk.

HELLO, CLOCK, VERSION, PREDICTED = Word(0xF0), Word(0xF3, b"\0"), Word(0xF2, bytes(6)), Word(0xE4, bytes(21))
BEFORE = [HELLO, CLOCK, VERSION, PREDICTED]
ASKED = [
    ("subscribe", ANSWERS), *(("write", ORDERS, bytes.fromhex(order)) for order in
    ("8000", "831a0601" + "0e0000" + "0000" + "32", "8202", "9414", "9010")),
]  # fmt: skip
FIRST, NEXT, ASK_WAVE, KEEP = (
    ("write", ORDERS, bytes.fromhex(order)) for order in ("91000112", "91010113", "920012", "917e0110")
)


def script(*frames):
    """Answers, each in packets of 20."""
    return [
        (ANSWERS, bytes(frame)[at : at + 20]) for frame in frames for at in range(0, len(bytes(frame)), 20)
    ]


def test_the_whole_talk_in_its_order():
    """Greeting, clock, version, predictions, count; each record and its curve; finish and keep."""
    other = replace(BLOW, number=2)
    link = ScriptedLink(*script(*BEFORE, Stored(2), BLOW, CURVE, other, CURVE), has=(ORDERS,))
    assert play(session, link) == [BLOW, CURVE, other, CURVE]
    assert link.did == [*ASKED, FIRST, ASK_WAVE, NEXT, ASK_WAVE, KEEP]


def test_a_hub_without_a_clock_sets_none():
    """Who does not know the time leaves the device's as it is."""
    link = ScriptedLink(*script(HELLO, VERSION, PREDICTED, Stored(1), BLOW, CURVE), has=(ORDERS,))
    assert play(session, link, Visitor()) == [BLOW, CURVE]
    assert not any(deed[-1][:1] == b"\x83" for deed in link.did if deed[0] == "write")


def test_an_empty_memory_is_left_alone():
    """Nothing stored, nothing asked for, nothing finished."""
    link = ScriptedLink(*script(*BEFORE, Stored(0)), has=(ORDERS,))
    assert play(session, link) == []
    assert link.did == ASKED


def test_after_a_broken_record_the_rest_is_heard_and_nothing_is_finished():
    """The error in its place, the next record behind it; the device keeps all for the next visit."""
    broken = bytes(BLOW)[:-1] + b"\x00"
    link = ScriptedLink(*script(*BEFORE, Stored(2), broken, CURVE, BLOW, CURVE), has=(ORDERS,))
    bad, *rest = play(session, link)
    assert isinstance(bad, FrameError)
    assert rest == [CURVE, BLOW, CURVE]
    assert link.did == [*ASKED, FIRST, ASK_WAVE, NEXT, ASK_WAVE]


@given(
    st.lists(st.sampled_from([*BEFORE, Stored(1), Stored(3), BLOW, CURVE, b"\xe1\x7f", b"\x01"]), max_size=14)
)
def test_nothing_is_ever_deleted(frames):
    """Whatever it answers, in whatever order: no 7F, no 93, and no setting of the person (8B)."""
    link = ScriptedLink(*script(*frames), has=(ORDERS, ANSWERS))
    play(session, link, HERE)
    orders = [Word.from_bytes(deed[2]) for deed in link.did if deed[0] == "write"]
    assert {order.code for order in orders} <= {0x80, 0x82, 0x83, 0x90, 0x91, 0x92, 0x94}
    assert all(order.operands[0] in (0x00, 0x01, 0x7E) for order in orders if order.code == 0x91)


def test_only_these_two_are_taken():
    """The service is that of a whole family, so the name counts; the name alone is not enough."""
    for name in ("SP70B", "SP80B", "SP80BEXP", "sp80b-01"):
        assert matches(Advertisement("a", name, frozenset({SERVICE})))
        assert not matches(Advertisement("a", name))
    for name in ("", "PO60", "SP10", "CMS50D-BT"):
        assert not matches(Advertisement("a", name, frozenset({SERVICE})))
