"""Generic health sensors: what observations mean, what doubts go with them, and when they were made."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.codecs import racp
from devices.codecs.elapsed_time import ElapsedTime, elapsed_at
from devices.codecs.ghs import Bundle, Observation, flat
from devices.codecs.ghs_frames import Clock, Control, Live, Stored
from devices.codecs.ghs_segments import segments
from devices.codecs.ghs_values import Discrete, Events, Numeric, Text
from devices.driver import Advertisement, FrameError, uuid16
from devices.drivers.generic_health_sensor import (
    CLOCK,
    CONTROL,
    DIMENSIONLESS,
    DRIVER,
    LIVE,
    MODALITY_FAST,
    MODALITY_SLOW,
    MODALITY_SPOT,
    RECORDS,
    SERVICE,
    STORED,
    decoder,
    matches,
    readings,
)
from devices.kinds import CODINGS, Kind
from devices.readings import Quality
from tests.devices.vectors import decoded, heard, numbers, vectors, wall
from tests.play import NOON

HEARD = heard("generic_health_sensor")
MORNING = wall("2026-06-01T07:42:10")
LITRE, LITRE_PER_MIN, LITRE_PER_S, PERCENT, PER_MIN = 0x0640, 0x0C00, 0x0BE0, 0x0220, 0x0AA0
PEF_CODE, FEV1_CODE, SPO2_CODE = 152584, 152586, 150456
FEV1 = Observation(Numeric(LITRE, 2.31), FEV1_CODE)
SPO2 = Observation(Numeric(PERCENT, 96.0), SPO2_CODE)


def only(observation):
    """The one reading of a live observation."""
    (reading,) = readings(Live(observation), HEARD)
    return reading


def test_golden_vectors_are_decoded_field_by_field():
    """What each vector says of codes, numbers, times, patients and records is what the frames hold."""
    walked = 0
    for vector in vectors("generic_health_sensor"):
        expected = vector["expected"]
        if "error" in expected:
            continue
        (frame,) = decoded(DRIVER, vector)
        walked += 1
        if not isinstance(frame, Live | Stored):
            continue
        members = list(flat(frame.observation))
        first = members[0]
        assert getattr(frame, "record", None) == expected.get("record_number")
        for one, said in zip(members, expected.get("bundle", ()), strict=False):
            assert (one.mdc, one.value.number) == (said["mdc"], said["value"])
        if "mdc" in expected:
            assert (first.mdc, first.value.number) == (expected["mdc"], expected["value"])
        if "patient" in expected:
            assert {one.patient for one in members} == {expected["patient"]}
        if "timestamp" in expected:
            assert first.time.wall_clock(HEARD.timezone) == home(expected["timestamp"])
        if "codes" in expected:
            assert list(first.value.codes) == expected["codes"]
    assert walked == 30


def home(text):
    """A vector's UTC in Oslo's winter, or its local time as it stands."""
    return wall(text.removesuffix("Z")) + timedelta(hours=1 if text.endswith("Z") else 0)


@given(
    st.lists(
        st.tuples(st.sampled_from([LIVE, STORED, CONTROL, RECORDS, CLOCK, SERVICE]), st.binary(max_size=40)),
        max_size=20,
    )
)
def test_any_bytes_give_frames_or_frame_errors(noise):
    """Whatever a stranger sends, on whichever characteristic, in whichever order: frames or FrameErrors."""
    once = decoder()
    for char, data in noise:
        for said in once.feed(char, data):
            if not isinstance(said, FrameError):
                assert type(said).from_bytes(bytes(said)) == said
                readings(said, HEARD)


def test_live_and_stored_are_put_together_apart():
    """Segments of the one between segments of the other: both come through."""
    both = decoder()
    live, stored = Live(replace(FEV1, time=ElapsedTime(1))), Stored(7, replace(FEV1, patient=1))
    first, second = list(segments(bytes(live), 0)), list(segments(bytes(stored), 9))
    chars = [(LIVE, first[0]), (STORED, second[0]), (STORED, second[1]), (LIVE, first[1])]
    assert [said for char, data in chars for said in both.feed(char, data)] == [stored, live]


@pytest.mark.parametrize(
    ("kind", "unit", "number", "value"),
    [
        (Kind.FEV1, LITRE, 2.31, 2.31),
        (Kind.FEV6, LITRE, 3.42, 3.42),
        (Kind.FVC, LITRE, 3.55, 3.55),
        (Kind.FEV05, LITRE, 1.7, 1.7),
        (Kind.SLOW_VC, LITRE, 3.6, 3.6),
        (Kind.PEF, LITRE_PER_MIN, 420.0, 420.0),
        (Kind.PEF, LITRE_PER_S, 7.05, 423.0),
        (Kind.PEF, LITRE_PER_S, 6.999, 419.9),
        (Kind.PEF_BEST, LITRE_PER_MIN, 450.0, 450.0),
        (Kind.FEV1_FEV6, PERCENT, 65.5, 65.5),
        (Kind.FEV1_FVC, DIMENSIONLESS, 0.655, 65.5),
        (Kind.SPO2, PERCENT, 96.0, 96.0),
        (Kind.PULSE_RATE, PER_MIN, 71.0, 71.0),
        (Kind.PERFUSION_INDEX, PERCENT, 2.3, 2.3),
        (Kind.BODY_WEIGHT, 0x06C3, 74.35, 74.35),
        (Kind.BODY_WEIGHT, 0x06E0, 163.8, 74.3),
    ],
)
def test_each_code_in_each_of_its_units_is_told_in_ours(kind, unit, number, value):
    """The coding table says which code is which kind; conversion leaves no dust."""
    reading = only(Observation(Numeric(unit, number), CODINGS[kind].mdc))
    assert (reading.kind, reading.value) == (kind, value)
    assert kind in DRIVER.kinds


@pytest.mark.parametrize(
    "observation",
    [
        replace(FEV1, mdc=999_999),
        replace(FEV1, mdc=None),
        replace(FEV1, value=Numeric(0x0652, 2310.0)),
        replace(FEV1, value=Numeric(PERCENT, 80.0)),
        replace(SPO2, value=Numeric(DIMENSIONLESS, 0.96)),
        replace(FEV1, value=Numeric(LITRE, None)),
        replace(FEV1, value=Numeric(LITRE, 0.0)),
        replace(FEV1, value=Numeric(LITRE, -1.0)),
        replace(FEV1, value=Numeric(LITRE, 20.1)),
        replace(FEV1, value=Numeric(LITRE, 8e129)),
        replace(FEV1, value=Numeric(LITRE_PER_S, 8e129)),
        replace(FEV1, value=Text("2.31")),
        replace(FEV1, value=Discrete(2)),
        replace(FEV1, status=1 << 2),
        replace(FEV1, status=1 << 7),
        replace(SPO2, value=Numeric(PERCENT, 127.0)),
        replace(SPO2, supplements=(MODALITY_FAST,)),
        replace(SPO2, supplements=(MODALITY_SLOW,)),
        Observation(Numeric(PER_MIN, 511.0), 149530),
    ],
)
def test_what_is_no_number_that_we_know_is_no_reading(observation):
    """Unknown codes and units, words, settings, averages and "no finger" stay in the frame."""
    assert readings(Live(observation), HEARD) == ()


def test_words_about_words_mean_nothing():
    """Control, clock and record words are no fact about anybody."""
    for frame in (Control(0x80), Clock(ElapsedTime(1), 0, 0), racp.Word(8, 0, bytes(4))):
        assert readings(frame, HEARD) == ()


@pytest.mark.parametrize(
    ("status", "quality"),
    [
        (None, ()),
        (1 << 0, (Quality.INVALID,)),
        (1 << 1, (Quality.QUESTIONABLE,)),
        (1 << 3, (Quality.CALIBRATING,)),
        (1 << 4, (Quality.DEMO,)),
        (1 << 5, (Quality.EARLY,)),
        (1 << 6, (Quality.MANUAL,)),
        (1 << 14 | 1 << 15, ()),
        (1 << 5 | 1 << 1, (Quality.EARLY, Quality.QUESTIONABLE)),
    ],
)
def test_status_bits_become_reasons_for_care(status, quality):
    """Each bit says what the specification gives it; thresholds are the sensor's own business."""
    assert only(replace(FEV1, status=status)).quality == quality


@pytest.mark.parametrize(
    ("code", "quality"),
    [
        (217714, (Quality.AFTER_MEDICATION,)),
        (217717, (Quality.POOR_EFFORT,)),
        (217720, (Quality.POOR_EFFORT,)),
        (217723, (Quality.POOR_EFFORT,)),
        (217715, ()),
    ],
)
def test_remarks_about_a_blow_go_with_its_numbers(code, quality):
    """As a supplement, or as an event beside it in the bundle; and never with a finger's number."""
    assert only(replace(FEV1, supplements=(code,))).quality == quality
    for beside in (Discrete(code), Events((1, code))):
        bundle = Observation(Bundle((FEV1, Observation(beside, 68193), SPO2)))
        blow, finger = readings(Live(bundle), HEARD)
        assert (blow.quality, finger.quality) == (quality, ())
    alone = Observation(Bundle((replace(FEV1, supplements=(code,)), replace(FEV1, mdc=188928))))
    assert [reading.quality for reading in readings(Live(alone), HEARD)] == [quality, ()]


@pytest.mark.parametrize(
    "time",
    [
        elapsed_at(MORNING),
        elapsed_at(MORNING, quarters=8),
        elapsed_at(MORNING - timedelta(hours=2) + timedelta(hours=5), quarters=20),
        replace(elapsed_at(MORNING - timedelta(hours=2)), is_utc=True),
    ],
)
def test_a_reading_is_measured_when_the_sensor_says(time):
    """By whichever of its clocks: the home's wall clock beside it, the same instant, the same fact."""
    reading = only(replace(FEV1, time=time))
    assert (reading.device_time, reading.measured_at) == (MORNING, NOON.replace(hour=5, minute=42, second=10))
    assert (reading.id, reading.quality) == (only(replace(FEV1, time=elapsed_at(MORNING))).id, ())


def test_another_timeline_is_not_believed():
    """What was counted before the clock was set anew stands in the second of its arrival, and says so."""
    reading = only(replace(FEV1, time=replace(elapsed_at(MORNING), is_current=False)))
    assert (reading.device_time, reading.measured_at) == (MORNING, NOON)
    assert reading.quality == (Quality.TIME_UNCERTAIN,)


def test_a_stored_number_says_that_it_is_stored():
    """And told live before, it is the same fact."""
    timed = replace(FEV1, time=elapsed_at(MORNING))
    (stored,) = readings(Stored(7, timed), HEARD)
    assert stored.quality == (Quality.FROM_STORAGE,)
    assert stored.id == only(timed).id


@pytest.mark.parametrize("time", [None, ElapsedTime(86_400, is_tick=True)])
def test_a_memory_without_times_is_one_memory_at_every_visit(time):
    """Ticks are no time: the record number tells the facts apart, and each is told once."""
    later = replace(HEARD, received_at=NOON + timedelta(days=1))
    told = [
        readings(Stored(n, replace(FEV1, time=time)), who)[0]
        for n, who in ((7, HEARD), (7, later), (8, HEARD))
    ]
    assert told[0].id == told[1].id != told[2].id
    assert {reading.device_time for reading in told} == {None}
    assert {reading.quality for reading in told} == {(Quality.FROM_STORAGE, Quality.TIME_UNCERTAIN)}


def test_an_oximeter_streams_unless_it_says_spot():
    """A stream has no time of its own; a spot check has, and so has everything blown or stored."""
    timed = replace(SPO2, time=elapsed_at(MORNING))
    stream, spot = only(timed), only(replace(timed, supplements=(MODALITY_SPOT,)))
    (stored,) = readings(Stored(1, timed), HEARD)
    assert (stream.is_continuous, stream.device_time) == (True, None)
    assert (spot.is_continuous, spot.device_time) == (False, MORNING)
    assert (stored.is_continuous, stored.device_time) == (False, MORNING)
    assert not only(FEV1).is_continuous


def test_a_sensor_for_several_tells_whose_it_is():
    """Only the patient's own number is judged, and 255 is nobody's."""
    listener = replace(HEARD, patient_slot=1)
    mine, other, nobodys = (readings(Live(replace(FEV1, patient=n)), listener)[0] for n in (1, 2, 255))
    assert (mine.user_slot, mine.quality) == (1, ())
    assert (other.user_slot, other.quality) == (2, (Quality.UNKNOWN_USER,))
    assert (nobodys.user_slot, nobodys.quality) == (None, (Quality.UNKNOWN_USER,))


def test_a_bundle_is_a_reading_of_each_of_its_numbers():
    """One blow, three numbers, one time, one patient; the unknown one beside them costs none."""
    members = (Observation(Numeric(LITRE_PER_S, 7.05), PEF_CODE), FEV1, replace(FEV1, mdc=5), SPO2)
    bundle = Observation(Bundle(members), time=elapsed_at(MORNING), patient=1)
    told = readings(Stored(7, bundle), HEARD)
    assert numbers(told) == {Kind.PEF: 423.0, Kind.FEV1: 2.31, Kind.SPO2: 96.0}
    assert {(reading.device_time, reading.user_slot) for reading in told} == {(MORNING, 1)}


def test_it_is_known_by_its_service_wherever_that_stands():
    """In the list of services, or only beside the sensor's specialisations."""
    assert matches(Advertisement("a", services=frozenset({SERVICE})))
    assert matches(Advertisement("b", service_data={SERVICE: bytes.fromhex("011d10")}))
    assert not matches(Advertisement("c", name="Spirometer", services=frozenset({uuid16(0x183F)})))
