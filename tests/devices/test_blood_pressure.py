"""The SIG blood pressure monitor: golden bytes, laws of the frames, meaning, talk, and A&D's five seconds."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.codecs.ieee11073 import decode_sfloat
from devices.driver import Advertisement, FrameError, Visitor, uuid16
from devices.drivers.blood_pressure import (
    CUFF,
    DATE_TIME,
    DRIVER,
    FEATURES,
    RESULT,
    SERVICE,
    Cuff,
    Features,
    Result,
    decoder,
    matches,
    readings,
    session,
)
from devices.identity import DeviceIdentity
from devices.kinds import Kind
from devices.readings import NOT_JUDGED, Quality
from simulators.peripherals.blood_pressure import PATIENCE_S, BloodPressureTwin
from simulators.virtual_radio import VirtualRadio
from tests.devices.vectors import decoded, heard, numbers, vectors, wall
from tests.play import NOON, ScriptedLink, play
from tests.simulators.visit import visit
from tests.virtual_time import in_virtual_time

HEARD = heard("blood_pressure")
MORNING = wall("2026-06-01T07:42:10")
GOOD = Result(134.0, 77.0, 100.0, device_time=MORNING, pulse=61.0, status=0)
FAILED = Result(None, None, None, device_time=MORNING, status=0)
MODEL = uuid16(0x2A24)
FIELDS = {
    "systolic_mmhg": "systolic",
    "systolic_kpa": "systolic",
    "diastolic_mmhg": "diastolic",
    "diastolic_kpa": "diastolic",
    "map_mmhg": "mean",
    "map_kpa": "mean",
    "cuff_mmhg": "systolic",
    "pulse_bpm": "pulse",
    "user_id": "user",
    "status": "status",
    "features": "bits",
}


def test_golden_vectors_are_decoded_field_by_field():
    """What each vector calls a field is what the frame holds, in the unit that the vector names."""
    walked = 0
    for vector in vectors("blood_pressure"):
        if "error" in vector["expected"]:
            continue
        (frame,) = decoded_frames(vector)
        for key, value in vector["expected"].items():
            if key == "timestamp":
                is_known = not value.startswith("year unknown")
                assert frame.device_time == (wall(value) if is_known else None)
                assert frame.is_time_unknown is not is_known
            elif not key.startswith(("pulse_special", "device_error")):
                assert getattr(frame, FIELDS[key]) == value, (vector["id"], key)
                assert not key.endswith("_kpa") or frame.is_kpa
        walked += 1
    assert walked == 14


def decoded_frames(vector):
    """Frames of a vector, good ones."""
    return decoded(DRIVER, vector)


@given(st.sampled_from([RESULT, CUFF, FEATURES, DATE_TIME]), st.binary(max_size=24))
def test_any_bytes_give_a_frame_or_a_frame_error(char, data):
    """No bytes a stranger can send make the decoder or the meaning fall over."""
    for said in decoder().feed(char, data):
        if isinstance(said, FrameError):
            assert said.data == data
        else:
            assert type(said).from_bytes(bytes(said)) == said
            readings(said, HEARD)


sfloats = st.binary(min_size=2, max_size=2).map(decode_sfloat)
moments = st.datetimes(wall("1582-01-01")).map(lambda at: at.replace(microsecond=0))
times = moments.map(lambda at: {"device_time": at}) | st.booleans().map(lambda is_: {"is_time_unknown": is_})


@given(
    st.sampled_from([Result, Cuff]),
    st.tuples(sfloats, sfloats, sfloats, st.booleans()),
    times,
    st.tuples(sfloats, st.none() | st.integers(0, 255), st.none() | st.integers(0, 0xFFFF)),
)
def test_what_the_twin_says_the_driver_understands(frame_class, pressures, time, tail):
    """Encoding is the exact inverse of decoding, for a result and for a cuff at work."""
    pulse, user, status = tail
    frame = frame_class(*pressures, **time, pulse=pulse, user=user, status=status)
    assert frame_class.from_bytes(bytes(frame)) == frame


@pytest.mark.parametrize(("kpa", "mmhg"), [(18.9, 141.8), (11.0, 82.5), (15.9, 119.3), (40.1, None)])
def test_kilopascals_become_millimetres_without_dust(kpa, mmhg):
    """One decimal, as one would write it; and the limit holds for what it means, not for what was said."""
    assert Result(kpa, None, None, is_kpa=True).mmhg(kpa) == mmhg


@pytest.mark.parametrize("pressure", [None, 0.0, -1025.0, 300.1, 2046.0])
def test_what_is_no_pressure_is_no_reading_and_hides_no_other(pressure):
    """Each field counts for itself: Beurer's mean of 0 takes neither the systolic nor the pulse with it."""
    told = numbers(readings(replace(GOOD, mean=pressure), HEARD))
    assert told == {
        Kind.SYSTOLIC_PRESSURE: 134.0,
        Kind.DIASTOLIC_PRESSURE: 77.0,
        Kind.CUFF_PULSE_RATE: 61.0,
    }


@pytest.mark.parametrize("pulse", [None, 0.0, 300.1])
def test_a_pulse_that_could_not_be_counted_is_none(pulse):
    """A&D's 0x0800 and a zero are no pulse, and the pressures stand."""
    assert Kind.CUFF_PULSE_RATE not in numbers(readings(replace(GOOD, pulse=pulse), HEARD))
    assert len(readings(replace(GOOD, pulse=pulse), HEARD)) == 3


def test_a_failed_run_means_nothing():
    """A&D's record with a good time and no number is kept as a frame, and is no error and no reading."""
    real = [vector for vector in vectors("blood_pressure") if vector["origin"] == "capture"]
    told = {vector["id"]: [readings(frame, HEARD) for frame in decoded_frames(vector)] for vector in real}
    assert [vector_id for vector_id, (each,) in told.items() if each] == ["v0065"]
    assert len(told) == 4


def test_a_cuff_at_work_is_no_result():
    """The rising pressure on 0x2A36 looks like a systolic one, and is nobody's blood pressure."""
    assert readings(Cuff(180.0, None, None), HEARD) == ()
    assert readings(Features(0x3F), HEARD) == ()


@pytest.mark.parametrize(
    ("status", "pressures", "pulse"),
    [
        (0, (), ()),
        (1 << 0, (Quality.MOTION,), (Quality.MOTION,)),
        (1 << 1, (Quality.POOR_FIT,), (Quality.POOR_FIT,)),
        (1 << 2, (Quality.IRREGULAR_PULSE,), (Quality.IRREGULAR_PULSE,)),
        (1 << 3, (), (Quality.OUT_OF_RANGE,)),
        (2 << 3, (), (Quality.OUT_OF_RANGE,)),
        (1 << 5, (Quality.POOR_FIT,), (Quality.POOR_FIT,)),
        (0xFFC0, (), ()),
        (None, (), ()),
    ],
)
def test_status_bits_become_reasons_for_care(status, pressures, pulse):
    """Each bit says what the specification gives it; a pulse out of range leaves the pressures alone."""
    systolic, diastolic, mean, rate = readings(replace(GOOD, status=status), HEARD)
    assert systolic.quality == diastolic.quality == mean.quality == pressures
    assert rate.quality == pulse


def test_a_monitor_for_two_tells_whose_it_is():
    """Beurer dumps both users: only the patient's own number is judged, and 255 is nobody's."""
    listener = replace(HEARD, patient_slot=1)
    patient, spouse, stranger = (readings(replace(GOOD, user=user), listener)[0] for user in (1, 0, 255))
    assert (patient.user_slot, patient.quality) == (1, ())
    assert (spouse.user_slot, spouse.quality) == (0, (Quality.UNKNOWN_USER,))
    assert (stranger.user_slot, stranger.quality) == (None, (Quality.UNKNOWN_USER,))
    assert not NOT_JUDGED.isdisjoint(stranger.quality)


def test_an_unknown_date_keeps_the_numbers_and_says_so():
    """A year of 0 is no year: the reading stands in the second of its arrival, with a doubt."""
    (frame,) = decoder().feed(RESULT, bytes.fromhex("0286004d006400000004111429 3b".replace(" ", "")))
    systolic, *_ = readings(frame, HEARD)
    assert (systolic.device_time, systolic.measured_at) == (None, NOON)
    assert systolic.quality == (Quality.TIME_UNCERTAIN,)


def test_a_result_is_measured_when_the_device_says():
    """Local wall clock in, believed instant out."""
    systolic, *_ = readings(replace(GOOD, device_time=wall("2026-06-01T13:30")), HEARD)
    assert systolic.measured_at == NOON - timedelta(minutes=30)


def test_the_clock_comes_first_then_the_subscription_then_questions():
    """A&D counts five seconds from encryption: who it is, is asked when it can no longer fall silent."""
    link = ScriptedLink(
        (RESULT, bytes(FAILED)),
        (RESULT, b"\x01"),
        (RESULT, bytes(GOOD)),
        has=[CUFF, FEATURES, DATE_TIME],
        values={MODEL: b"UA-651BLE"},
    )
    who, failed, bad, good = play(session, link)
    assert (who, failed, good) == (DeviceIdentity(model="UA-651BLE"), FAILED, GOOD)
    assert isinstance(bad, FrameError)
    assert link.did == [
        ("write", DATE_TIME, bytes.fromhex("ea0706010e0000")),
        ("subscribe", RESULT),
        ("read", MODEL),
    ]


@pytest.mark.parametrize(
    ("visitor", "has"),
    [(Visitor(None), [RESULT, DATE_TIME]), (Visitor(MORNING), [RESULT])],
)
def test_a_clock_is_set_only_by_a_hub_that_knows_the_time(visitor, has):
    """A hub that stands in 1970 must not take the device with it; and what isn't there isn't written."""
    link = ScriptedLink((RESULT, bytes(GOOD)), has=has)
    assert play(session, link, visitor) == [GOOD]
    assert link.did == [("subscribe", RESULT)]


def test_a_monitor_that_refuses_its_clock_may_still_tell():
    """The refusal of one order is not the end of the visit."""
    link = ScriptedLink((RESULT, bytes(GOOD)), has=[DATE_TIME], refused=["write"])
    assert play(session, link) == [GOOD]


def test_the_twin_keeps_its_silence_and_its_memory_from_a_hub_without_a_clock():
    """Nothing is told and nothing is lost; the next hub that knows the time hears it all."""
    twin = BloodPressureTwin()
    twin.fail(MORNING)
    twin.measure(MORNING, (134.0, 77.0, 100.0), 61.0)
    radio = VirtualRadio([twin])
    assert in_virtual_time(visit(radio, Visitor(None))) == []
    assert (twin.memory.waiting_count, twin.facts(), twin.clock_set_to) == (2, (), None)
    assert in_virtual_time(visit(radio)) == [FAILED, GOOD]
    assert (twin.is_awake, twin.clock_set_to) == (False, wall("2026-06-01T14:00"))
    twin.measure(MORNING, (120.0, 70.0, 87.0), 60.0)
    assert in_virtual_time(visit(radio, Visitor(None))) == [], "each visit sets the clock anew"
    assert PATIENCE_S == 5.0


def test_it_is_known_by_its_service():
    """The service makes the monitor, not its name."""
    assert matches(Advertisement("a", services=frozenset({SERVICE})))
    assert not matches(Advertisement("a", name="A&D_UA-651BLE", services=frozenset({uuid16(0x1822)})))
