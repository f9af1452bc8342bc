"""TaiDoc's words and frames: out and back, cut anywhere, and what their numbers mean."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.codecs.taidoc import Command, Moment, Splitter, Word
from devices.codecs.taidoc_frames import (
    KNOWN_MODELS,
    Clock,
    Live,
    Oxygen,
    Pressure,
    Record,
    Temperature,
    Weighing,
    model_word,
)
from devices.driver import FrameError
from devices.drivers.taidoc import CHANNEL, DRIVER, decoder, readings, session
from devices.kinds import Kind
from devices.readings import Quality
from tests.devices.vectors import decoded, heard, numbers, vectors, wall
from tests.play import ScriptedLink, play

HEARD = heard("taidoc")
MORNING = Moment(2026, 3, 1, 8, 15)

octet = st.integers(0, 255)
fixed = st.integers(0, 255).filter(lambda command: command != Command.WEIGHT)
moments = st.binary(min_size=4, max_size=4).map(Moment.from_bytes)
words = st.builds(Word, fixed, st.binary(min_size=4, max_size=4), st.booleans())
models = st.none() | st.sampled_from(sorted(KNOWN_MODELS)) | st.just("4279")
records = st.builds(
    Record.of,
    st.builds(Word, st.just(Command.RECORD_VALUE), st.binary(min_size=4, max_size=4), st.just(True)),
    st.none() | moments,
    models,
)
lives = st.builds(Live, octet, octet, st.tuples(octet, octet), st.booleans())
clocks = st.builds(Clock, moments, st.sampled_from((Command.READ_CLOCK, Command.SET_CLOCK)))
weighings = st.builds(
    lambda kg, cm, head, tail: Weighing(kg / 10, cm, (bytes((27 + len(tail) - 12,)) + head, bytes(4), tail)),
    st.integers(0, 65535),
    octet,
    st.binary(min_size=8, max_size=8),
    st.binary(min_size=12, max_size=20),
)


def fed(chunks):
    """Return what one connection says in these notifications."""
    line = decoder()
    return [said for chunk in chunks for said in line.feed(CHANNEL, chunk)]


def told(*said):
    """Return the readings of the last frame that these make."""
    *_, frame = fed([bytes(each) for each in said])
    return readings(frame, HEARD)


@given(st.lists(st.binary(max_size=64) | words.map(bytes) | st.just(b"\x51\x71"), max_size=6))
def test_any_bytes_give_frames_or_errors(chunks):
    """No stream falls over or piles up, and every frame that comes out says itself again."""
    said = fed(chunks)
    assert len(said) <= sum(map(len, chunks))
    splitter = Splitter()
    for chunk in chunks:
        splitter.feed(chunk)
        assert len(splitter._begun) < 40
    for frame in said:
        if not isinstance(frame, FrameError):
            assert type(frame).from_bytes(bytes(frame)) == frame
            readings(frame, HEARD)


@given(records | lives | clocks | weighings | words)
def test_what_is_said_is_understood(frame):
    """Encoding is the exact inverse of decoding, whatever the octets that nobody explains."""
    assert type(frame).from_bytes(bytes(frame)) == frame


@given(st.lists(words | lives | weighings, min_size=1, max_size=6), st.integers(1, 40))
def test_words_are_found_however_they_are_cut(sent, size):
    """Two words in one notification, or one in seven: the same words come out."""
    data = b"".join(map(bytes, sent))
    splitter = Splitter()
    pieces = [piece for at in range(0, len(data), size) for piece in splitter.feed(data[at : at + size])]
    assert pieces == list(map(bytes, sent))


def test_rubbish_between_words_is_an_error_and_hides_no_word():
    """A word cut short and a word with a wrong sum cost themselves."""
    good = bytes(Live(97, 72))
    first, bad, second, worse, third = fed([good, good[:5], good, good[:-1] + b"\x01", good])
    assert first == second == third == Live(97, 72)
    assert isinstance(bad, FrameError)
    assert isinstance(worse, FrameError)


def test_the_shared_vectors_say_what_they_say():
    """Times, stored numbers and the height of each shared vector stand in the frame, model or no model."""
    found = {vector["id"]: vector for vector in vectors("taidoc")}
    last = {
        name: decoded(DRIVER, found[name])[-1] for name in found if "error" not in found[name]["expected"]
    }
    assert last["v0263"].moment.wall == last["v0260"].moment.wall == wall("2026-03-01T08:15")
    assert last["v0267"].height_cm == found["v0267"]["expected"]["height_cm"]
    assert last["v0264"] == Record(Oxygen(96, 78), model="8255"), "bytes alone are the oximeter's"
    commands = {name: last[name].command for name in ("v0252", "v0253", "v0255", "v0256", "v0257", "v0258")}
    assert list(commands.values()) == [
        Command.MODEL,
        Command.RECORD_TIME,
        Command.COUNT,
        Command.POWER_OFF,
        Command.MEASURE_PRESSURE,
        Command.MEASURE_OXYGEN,
    ]


def test_the_pulse_stands_elsewhere_in_a_live_and_in_a_stored_frame():
    """Third octet live, fourth stored (the sources don't quite agree): each is read in its own place."""
    assert bytes(Live(97, 72))[2:6] == bytes((97, 0, 72, 0))
    assert bytes(Oxygen(97, 72)) == bytes((97, 0, 0, 72))


def stored(value, model="8255", moment=MORNING):
    words = [] if moment is None else [Clock(moment, Command.RECORD_TIME)]
    return told(model_word(model), *words, Word(Command.RECORD_VALUE, bytes(value), is_from_device=True))


def test_a_stored_number_comes_with_its_own_time():
    """From storage, with the device's minute; a live one is of now, and of a stream."""
    for reading in stored(Oxygen(96, 78)):
        assert (reading.device_time, reading.quality) == (wall("2026-03-01T08:15"), (Quality.FROM_STORAGE,))
        assert not reading.is_continuous
    for reading in told(Live(97, 72)):
        assert (reading.device_time, reading.quality, reading.is_continuous) == (None, (), True)


def test_a_stored_number_of_a_model_that_nobody_knows_is_none():
    """Nor one of a day that is none: a sugar must not become a pressure."""
    assert stored(Oxygen(96, 78), moment=replace(MORNING, month=13)) == ()
    assert stored(Pressure(128, 82, 70), model="4279") == ()


def test_a_stored_number_that_nobody_dated_says_so():
    """Bytes alone give an uncertain time; in a visit, where it would be a new fact each time, an error."""
    assert {one.quality for one in stored(Oxygen(96, 78), moment=None)} == {
        (Quality.FROM_STORAGE, Quality.TIME_UNCERTAIN)
    }
    script = [bytes(Clock(MORNING, each)) for each in (Command.READ_CLOCK, Command.SET_CLOCK)]
    script.append(bytes(model_word("8255")))
    for command in (Command.SERIAL_LOW, Command.SERIAL_HIGH, Command.COUNT, Command.RECORD_VALUE):
        octets = bytes(Oxygen(96, 78)) if command == Command.RECORD_VALUE else b"\x01\x00\x00\x00"
        script.append(bytes(Word(command, octets, is_from_device=True)))
    said = play(session, ScriptedLink(*((CHANNEL, data) for data in script), has=(CHANNEL,)))
    assert not [each for each in said if isinstance(each, Record)]
    assert any("time was not said" in str(each) for each in said if isinstance(each, FrameError))


def test_a_time_belongs_to_one_record_only():
    """A second value without a time of its own gets none, not its neighbour's."""
    value = Word(Command.RECORD_VALUE, bytes(Oxygen(96, 78)), is_from_device=True)
    first, second = fed(
        [bytes(model_word("8255")), bytes(Clock(MORNING, Command.RECORD_TIME)), bytes(value) * 2]
    )[2:]
    assert (first.moment, second.moment) == (MORNING, None)


@pytest.mark.parametrize(
    ("model", "value", "meaning"),
    [
        ("8255", Oxygen(0, 0), {}),
        ("8201", Oxygen(127, 255), {}),
        ("8255", Oxygen(511, 0), {}),
        ("3140", Pressure(128, 82, 0), {Kind.SYSTOLIC_PRESSURE: 128.0, Kind.DIASTOLIC_PRESSURE: 82.0}),
        ("3128", Pressure(82, 128, 70), {}),
        ("3140", Pressure(128, 0, 70), {}),
        ("3140", Pressure(301, 82, 70), {}),
        ("1241", Temperature(366, 230), {Kind.BODY_TEMPERATURE: 36.6}),
        ("1241", Temperature(3665, 2300), {Kind.BODY_TEMPERATURE: 36.65}),
        ("1241", Temperature(601, 230), {}),
        ("1241", Temperature(230, 230), {}),
    ],
)
def test_only_what_can_be_is_told(model, value, meaning):
    """Zeros and impossible numbers are none, half a pressure is none, a bottle and a room are no body."""
    assert numbers(stored(value, model)) == meaning


def test_a_temperature_of_an_unexplained_type_is_questionable():
    """A bit above the minute says something that no source explains; the minute stays what it is."""
    (odd,) = stored(Temperature(366, 230), "1241", replace(MORNING, flags=2))
    (plain,) = stored(Temperature(366, 230), "1241")
    assert Quality.QUESTIONABLE in odd.quality
    assert Quality.QUESTIONABLE not in plain.quality
    assert odd.device_time == plain.device_time


def test_a_weighing_is_of_an_unknown_time():
    """The newest that the scale remembers: whoever decodes it is warned. No weight is no reading."""
    head = b"\x1b" + bytes(8)
    (reading,) = told(Weighing(81.5, 172, (head, bytes(4), bytes(12))))
    assert (reading.value, reading.quality) == (81.5, (Quality.FROM_STORAGE, Quality.TIME_UNCERTAIN))
    assert told(Weighing(0.0, 172, (head, bytes(4), bytes(12)))) == ()
    assert told(Weighing(6553.5, 172, (head, bytes(4), bytes(12)))) == ()
