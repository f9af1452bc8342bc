"""The SIG pulse oximeter: golden bytes, laws of the frames, meaning."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.codecs.ieee11073 import decode_sfloat
from devices.decoder import attempt
from devices.driver import Advertisement, FrameError, uuid16
from devices.drivers.pulse_oximeter import (
    CONTINUOUS,
    SERVICE,
    SPOT_CHECK,
    Continuous,
    Spot,
    matches,
    readings,
)
from devices.kinds import Kind
from devices.readings import NOT_JUDGED, Quality
from tests.devices.vectors import heard, numbers, vectors, wall
from tests.play import NOON

CLASSES = {SPOT_CHECK: Spot, CONTINUOUS: Continuous}
HEARD = heard("pulse_oximeter")
FIELDS = {
    "spo2_pct": "spo2",
    "pulse_bpm": "pulse",
    "fast": "fast",
    "slow": "slow",
    "measurement_status": "status",
    "device_sensor_status": "sensor",
    "pai_pct": "perfusion",
    "timestamp": "device_time",
    "clock_not_set": "is_clock_set",
}


def expected_field(key, value):
    """What the vector's word is in the frame's."""
    if key == "timestamp":
        return wall(value)
    if key == "clock_not_set":
        return not value
    return tuple(value) if isinstance(value, list) else value


def test_golden_vectors_mean_what_they_say():
    """Every vector, captured or computed, decodes to its meaning, or is refused for its reason."""
    good = bad = 0
    told = [vector for vector in vectors("pulse_oximeter") if vector["characteristic"] != "0x2A52"]
    for vector in told:
        frame_class = CLASSES[uuid16(int(vector["characteristic"], 16))]
        data, expected = bytes.fromhex(vector["hex"]), vector["expected"]
        if "error" in expected:
            with pytest.raises(FrameError, match=expected["error"]) as caught:
                frame_class.from_bytes(data)
            assert caught.value.data == data
            bad += 1
            continue
        frame = frame_class.from_bytes(data)
        assert frame_class.from_bytes(bytes(frame)) == frame
        for key, value in expected.items():
            if key == "quality":
                assert all(Quality.INVALID in reading.quality for reading in readings(frame, HEARD))
            elif key != "spo2_special":
                assert getattr(frame, FIELDS[key]) == expected_field(key, value), vector["id"]
        good += 1
    assert (good, bad) == (13, 5)


def captured(characteristic):
    """The bytes of every real frame we have of one kind."""
    found = [vector for vector in vectors("pulse_oximeter") if vector["origin"] == "capture"]
    return [bytes.fromhex(vector["hex"]) for vector in found if vector["characteristic"] == characteristic]


def test_the_captured_spot_check_is_judged_though_its_clock_was_never_set():
    """A real oximeter out of its box stands in 2017: the number counts, its time doesn't."""
    (data,) = captured("0x2A5E")
    told = readings(Spot.from_bytes(data), HEARD)
    assert numbers(told) == {Kind.SPO2: 97.0, Kind.PULSE_RATE: 96.0}
    for reading in told:
        assert reading.quality == (Quality.EARLY, Quality.LOW_PERFUSION, Quality.TIME_UNCERTAIN)
        assert NOT_JUDGED.isdisjoint(reading.quality)
        assert reading.measured_at == NOON


def test_the_captured_stream_becomes_readings_that_are_judged():
    """A real oximeter calls each moment "ongoing"; that must not keep it from the judge."""
    (data,) = captured("0x2A5F")
    told = readings(Continuous.from_bytes(data), HEARD)
    assert numbers(told) == {Kind.SPO2: 98.0, Kind.PULSE_RATE: 78.0}
    assert all(r.quality == () and r.is_continuous and r.measured_at == NOON for r in told)


@given(st.sampled_from([Spot, Continuous]), st.binary(max_size=24))
def test_any_bytes_give_a_frame_or_a_frame_error(frame_class, data):
    """No bytes a stranger can send make the decoder or the meaning fall over."""
    frame = attempt(frame_class.from_bytes, data)
    if isinstance(frame, FrameError):
        assert frame.data == data
    else:
        readings(frame, HEARD)


sfloats = st.binary(min_size=2, max_size=2).map(decode_sfloat)
pairs = st.none() | st.tuples(sfloats, sfloats)
tails = {
    "status": st.none() | st.integers(0, 0xFFFF),
    "sensor": st.none() | st.integers(0, 0xFF_FFFF),
    "perfusion": sfloats,
}
moments = st.datetimes(wall("1582-01-01")).map(lambda at: at.replace(microsecond=0))
spots = st.builds(
    Spot, sfloats, sfloats, device_time=st.none() | moments, is_clock_set=st.booleans(), **tails
)
streams = st.builds(Continuous, sfloats, sfloats, fast=pairs, slow=pairs, **tails)


@given(spots | streams)
def test_what_the_twin_says_the_driver_understands(frame):
    """Encoding is the exact inverse of decoding, for every frame of either kind."""
    assert type(frame).from_bytes(bytes(frame)) == frame


@pytest.mark.parametrize(
    ("spo2", "pulse", "kinds"),
    [
        (97.0, 71.0, {Kind.SPO2, Kind.PULSE_RATE}),
        (100.0, 300.0, {Kind.SPO2, Kind.PULSE_RATE}),
        (None, 71.0, {Kind.PULSE_RATE}),
        (97.0, None, {Kind.SPO2}),
        (None, None, set()),
        (0.0, 0.0, set()),
        (127.0, 511.0, set()),
        (255.0, 255.0, {Kind.PULSE_RATE}),
        (100.1, 71.0, {Kind.PULSE_RATE}),
        (97.0, 300.1, {Kind.SPO2}),
        (-1.0, -1.0, set()),
    ],
)
def test_what_is_no_number_is_no_reading(spo2, pulse, kinds):
    """Zero, 127, 511 and everything a living finger can't have is kept in the frame and goes no further."""
    told = readings(Continuous(spo2, pulse), HEARD)
    assert {reading.kind for reading in told} == kinds


def test_without_a_finger_there_is_no_perfusion_either():
    """A perfusion index beside two missing numbers is the perfusion of nothing."""
    assert readings(Spot(None, None, perfusion=2.3), HEARD) == ()
    assert Kind.PERFUSION_INDEX in numbers(readings(Spot(97.0, 71.0, perfusion=2.3), HEARD))


@pytest.mark.parametrize(
    ("status", "sensor", "quality"),
    [
        (1 << 5, 0, (Quality.EARLY,)),
        (1 << 6, 0, (Quality.EARLY,)),
        (1 << 7 | 1 << 8, 0, ()),
        (1 << 9, 0, (Quality.FROM_STORAGE,)),
        (1 << 10, 0, (Quality.DEMO,)),
        (1 << 11, 0, (Quality.DEMO,)),
        (1 << 12, 0, (Quality.CALIBRATING,)),
        (1 << 13, 0, (Quality.INVALID,)),
        (1 << 14, 0, (Quality.QUESTIONABLE,)),
        (1 << 15, 0, (Quality.INVALID,)),
        (0, 1 << 3, (Quality.POOR_SIGNAL,)),
        (0, 1 << 5, (Quality.LOW_PERFUSION,)),
        (0, 1 << 11, (Quality.SENSOR_FAULT,)),
        (0, 1 << 15, (Quality.SENSOR_FAULT,)),
        (1 << 14 | 1 << 9, 1 << 4, (Quality.FROM_STORAGE, Quality.QUESTIONABLE, Quality.POOR_SIGNAL)),
        (0b11111, 0xFF << 16, ()),
        (None, None, ()),
    ],
)
def test_status_bits_become_reasons_for_care(status, sensor, quality):
    """Each bit of both status fields says what the specification gives it; reserved ones say nothing."""
    for reading in readings(Spot(97.0, 71.0, status=status, sensor=sensor), HEARD):
        assert reading.quality == quality


def test_every_sensor_bit_has_a_meaning():
    """Sixteen bits are defined; none of them may be overlooked."""
    for bit in range(16):
        told = readings(Spot(97.0, 71.0, sensor=1 << bit), HEARD)
        assert all(len(reading.quality) == 1 for reading in told), bit


def test_a_spot_check_is_measured_when_the_device_says():
    """Local wall clock in, believed instant out; and the device's own word beside it."""
    said = wall("2026-06-01T13:30")  # Oslo in summer: two hours before UTC
    (spo2, _) = readings(Spot(97.0, 71.0, said), HEARD)
    assert spo2.measured_at == NOON - timedelta(minutes=30)
    assert (spo2.device_time, spo2.quality, spo2.is_continuous) == (said, (), False)


def test_a_clock_that_was_never_set_is_not_believed():
    """The reading stands in the second of its arrival, says so, and keeps the device's word."""
    said = wall("2026-01-01")
    (spo2, _) = readings(Spot(97.0, 71.0, said, is_clock_set=False), HEARD)
    assert (spo2.measured_at, spo2.device_time) == (NOON, said)
    assert spo2.quality == (Quality.TIME_UNCERTAIN,)


def test_it_is_known_by_its_service():
    """The service makes the oximeter, not its name."""
    assert matches(Advertisement("a", services=frozenset({SERVICE})))
    assert not matches(Advertisement("a", name="Pulse Oximeter", services=frozenset({uuid16(0x1810)})))
