"""The Beurer PO60: golden bytes, laws of the frames, meaning, talk."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.codecs.seven_bit import Word
from devices.driver import Advertisement, FrameError, Visitor
from devices.drivers.beurer_po60 import (
    ANSWERS,
    DRIVER,
    ORDERS,
    SERVICE,
    Record,
    Stored,
    Version,
    decoder,
    matches,
    readings,
    session,
)
from devices.identity import DeviceIdentity
from devices.kinds import Kind
from devices.readings import Quality
from tests.devices.vectors import decoded, heard, numbers, vectors, wall
from tests.play import HERE, ScriptedLink, play

HEARD = heard("beurer_po60")
SPOT = Record(
    wall("2026-06-01T08:00:00"), wall("2026-06-01T08:00:21"), 22, spo2=(97, 88, 91), pulse=(140, 70, 75)
)


def check(frame, key, value):
    """Hold one word of a vector against the frame."""
    match key:
        case "command":
            assert isinstance(frame, Word)
        case "start":
            assert frame.started == wall(value)
        case "end":
            assert frame.ended == wall(value)
        case "spo2" | "pulse":
            assert getattr(frame, key) == (value["max"], value["min"], value["avg"])
        case "stored":
            assert (frame.kind, frame.count) == (5, value)
        case _:
            assert getattr(frame, key) == value


def test_golden_vectors_mean_what_they_say():
    """Every vector is one frame with its words, which says itself in the same bytes; or it is refused."""
    good = bad = 0
    for vector in vectors("beurer_po60"):
        (said, *_) = decoded(DRIVER, vector)
        if "error" in vector["expected"]:
            assert isinstance(said, FrameError)
            bad += 1
            continue
        assert bytes(said).hex() == vector["hex"]
        for key, value in vector["expected"].items():
            check(said, key, value)
        good += 1
    assert (good, bad) == (12, 5)


@given(st.lists(st.tuples(st.sampled_from(DRIVER.speaks), st.binary(max_size=60)), max_size=8))
def test_any_bytes_give_frames_or_frame_errors(said):
    """Nothing that a stranger can send makes the decoder or the meaning fall over."""
    ear = decoder()
    for char, data in said:
        for frame in ear.feed(char, data):
            if not isinstance(frame, FrameError):
                assert type(frame).from_bytes(bytes(frame)) == frame
                readings(frame, HEARD)


moments = st.none() | st.datetimes(wall("2000-01-01"), wall("2127-12-31")).map(
    lambda at: at.replace(microsecond=0)
)
seven, eight, fourteen = st.integers(0, 0x7F), st.integers(0, 0xFF), st.integers(0, 0x3FFF)
spots = st.builds(
    Record, moments, moments, fourteen, st.tuples(seven, seven, seven), st.tuples(eight, eight, eight),
    st.integers(0, 15), st.integers(0, 7),
)  # fmt: skip
versions = st.lists(seven, min_size=6, max_size=6).map(
    lambda parts: Version("{}.{}.{}".format(*parts[:3]), "{}.{}.{}".format(*parts[3:]))
)


@given(st.lists(spots | versions | st.builds(Stored, seven, fourteen), max_size=5), st.integers(1, 40))
def test_what_the_twin_says_the_driver_understands(said, size):
    """Encoding is the exact inverse of decoding, however the radio cuts it."""
    ear, data = decoder(), b"".join(map(bytes, said))
    found = [frame for at in range(0, len(data), size) for frame in ear.feed(ANSWERS, data[at : at + size])]
    assert found == said


def test_a_spot_check_is_its_average():
    """Highest and lowest come of the finger going in and out too: they stay in the frame."""
    told = readings(SPOT, HEARD)
    assert numbers(told) == {Kind.SPO2: 91.0, Kind.PULSE_RATE: 75.0}
    assert {reading.device_time for reading in told} == {SPOT.started}
    assert {reading.quality for reading in told} == {(Quality.FROM_STORAGE,)}


def test_a_fast_pulse_needs_its_eighth_bit():
    """Of the average of the pulse, and of nothing else: 133, not 5."""
    fast = Record.from_bytes(bytes(replace(SPOT, pulse=(100, 100, 133))))
    assert numbers(readings(fast, HEARD))[Kind.PULSE_RATE] == 133.0
    slow = Record.from_bytes(bytes(replace(SPOT, pulse=(140, 130, 77))))
    assert numbers(readings(slow, HEARD))[Kind.PULSE_RATE] == 77.0


@pytest.mark.parametrize("spo2", [0, 101, 127])
@pytest.mark.parametrize("pulse", [0, 255])
def test_what_is_no_number_is_no_reading(spo2, pulse):
    """Zero and all bits set are words for "no finger"; half of a record may still be a number."""
    assert readings(replace(SPOT, spo2=(98, 97, spo2), pulse=(80, 70, pulse)), HEARD) == ()
    assert numbers(readings(replace(SPOT, spo2=(98, 97, spo2)), HEARD)) == {Kind.PULSE_RATE: 75.0}
    assert numbers(readings(replace(SPOT, pulse=(80, 70, pulse)), HEARD)) == {Kind.SPO2: 91.0}


def test_a_clock_that_was_never_set_is_not_believed():
    """A record of 2019 is kept, with a flag."""
    (reading, _) = readings(replace(SPOT, started=wall("2019-01-01T00:00:19")), HEARD)
    assert Quality.TIME_UNCERTAIN in reading.quality


# The talk.

VERSION, CLOCK = Version("0.2.1", "0.3.1"), Word(0xF3, b"\0")
WHOSE = DeviceIdentity(hardware="0.2.1", software="0.3.1")
ASK_VERSION, SET_CLOCK, SELECT, FIRST, NEXT, KEEP = (
    ("command", ORDERS, bytes.fromhex(order))
    for order in ("8202", "831a06010e0000000032", "900515", "990019", "99011a", "997e17")
)
ASKED = [("subscribe", ANSWERS), ASK_VERSION, SET_CLOCK, SELECT]


def script(*frames):
    """Answers, each in packets of 20."""
    return [
        (ANSWERS, bytes(frame)[at : at + 20]) for frame in frames for at in range(0, len(bytes(frame)), 20)
    ]


def some(count):
    return [replace(SPOT, spo2=(99, 90, 90 + number % 9), index=number % 10) for number in range(count)]


@pytest.mark.parametrize(("count", "asked"), [(1, 1), (10, 1), (11, 2), (20, 2), (25, 3)])
def test_the_whole_talk_in_its_order(count, asked):
    """Version, clock, count; then ten records a request, as many as were counted; finish and keep."""
    told = some(count)
    link = ScriptedLink(*script(VERSION, CLOCK, Stored(5, count), *told), has=(ORDERS,))
    assert play(session, link) == [WHOSE, *told]
    assert link.did == [*ASKED, FIRST, *[NEXT] * (asked - 1), KEEP]


@pytest.mark.parametrize("flags", [0, 2, 4, 6])
def test_the_bit_that_marks_the_last_record_is_not_asked(flags):
    """The sources don't agree which it is: the count decides."""
    told = [replace(spot, flags=flags) for spot in some(3)]
    link = ScriptedLink(*script(VERSION, CLOCK, Stored(5, 3), *told), has=(ORDERS,))
    assert play(session, link) == [WHOSE, *told]
    assert link.did == [*ASKED, FIRST, KEEP]


def test_a_hub_without_a_clock_sets_none():
    """Who does not know the time leaves the device's as it is."""
    link = ScriptedLink(*script(VERSION, Stored(5, 1), SPOT), has=(ORDERS,))
    assert play(session, link, Visitor()) == [WHOSE, SPOT]
    assert link.did == [("subscribe", ANSWERS), ASK_VERSION, SELECT, FIRST, KEEP]


def test_an_empty_memory_is_left_alone():
    """Nothing stored, nothing asked for, nothing finished."""
    link = ScriptedLink(*script(VERSION, CLOCK, Stored(5, 0)), has=(ORDERS,))
    assert play(session, link) == [WHOSE]
    assert link.did == ASKED


def test_after_a_broken_record_the_rest_is_heard_and_nothing_is_finished():
    """The error in its place, the others around it; the device keeps all for the next visit."""
    broken = bytes(SPOT)[:-1] + b"\x00"
    told = some(10)
    link = ScriptedLink(*script(VERSION, CLOCK, Stored(5, 12), *told[:9], broken, *told[:2]), has=(ORDERS,))
    said = play(session, link)
    assert isinstance(said[10], FrameError)
    assert said[1:10] + said[11:] == told[:9] + told[:2]
    assert link.did == [*ASKED, FIRST, NEXT]


def test_a_count_that_is_too_high_ends_in_silence():
    """Whoever tells fewer than it counted has told what it told; it is not told to finish."""
    link = ScriptedLink(*script(VERSION, CLOCK, Stored(5, 30), *some(4)), has=(ORDERS,))
    assert play(session, link) == [WHOSE, *some(4)]
    assert link.did == [*ASKED, FIRST]


@given(st.lists(st.sampled_from([VERSION, CLOCK, Stored(5, 1), Stored(5, 11), SPOT, b"\xe9\x01", b"\x01"])))
def test_nothing_is_ever_deleted(frames):
    """Whatever it answers, in whatever order: start, continue, finish and keep; never 7F."""
    link = ScriptedLink(*script(*frames), has=(ORDERS, ANSWERS))
    play(session, link, HERE)
    orders = [Word.from_bytes(deed[2]) for deed in link.did if deed[0] == "command"]
    assert {order.code for order in orders} <= {0x82, 0x83, 0x90, 0x99}
    assert all(order.operands in (b"\x00", b"\x01", b"\x7e") for order in orders if order.code == 0x99)
    assert not any(deed[0] == "write" for deed in link.did)


def test_only_a_po60_is_taken():
    """Its name counts: the service is that of a whole family, and nobody knows whether it calls it."""
    assert matches(Advertisement("a", "PO60"))
    assert matches(Advertisement("a", "PO60", frozenset({SERVICE})))
    for name in ("", "SP80B", "SP70B", "CMS50D-BT"):
        assert not matches(Advertisement("a", name, frozenset({SERVICE})))
