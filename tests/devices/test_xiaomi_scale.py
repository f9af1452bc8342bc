"""Xiaomi's Mi scales: what they call, what of it is a fact, and from whom."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.catalog import driver_for
from devices.driver import NOTHING_TOLD, Advertisement, FrameError, uuid16
from devices.drivers.xiaomi_scale import (
    BODY_DATA,
    DRIVER,
    IMPEDANCE_OHM_MAX,
    WEIGHT_DATA,
    BodyWeighing,
    Weighing,
    matches,
    overhear,
    readings,
)
from devices.kinds import Kind
from devices.readings import Quality
from tests.devices.vectors import decoded, heard, numbers, vectors, wall
from tests.play import NOON

HEARD = heard("xiaomi_scale")
MORNING = wall("2026-06-01T07:42:10")
SETTLED = Weighing(14_900, device_time=MORNING)
SETTLED_BODY = BodyWeighing(14_900, has_impedance=True, device_time=MORNING, impedance=503)


def call(data, service=WEIGHT_DATA):
    """What a scale with these bytes calls."""
    return Advertisement("F0:00:00:00:25:01", services=frozenset({service}), service_data={service: data})


def test_golden_vectors_are_understood_in_full():
    """Unit, weight, impedance, time and whether it has settled stand in each frame as its source says."""
    walked = 0
    for vector in vectors("xiaomi_scale"):
        expected = vector["expected"]
        if vector["source"]["repo"] == "(ours)" or "error" in expected:
            continue
        (frame,) = decoded(DRIVER, vector)
        assert bytes(frame).hex() == vector["hex"]
        shown = frame.steps / 100 if frame.unit == "lb" else frame.kg
        assert (shown, frame.unit) == (expected["weight"], expected["unit"])
        assert (frame.is_stable, frame.is_removed) == (expected["stabilized"], expected["removed"])
        assert frame.device_time == wall(expected["device_time"])
        assert frame.is_object == (expected.get("mode") == "object")
        if "impedance_ohm" in expected:
            assert (frame.ohm or 0) == expected["impedance_ohm"]
        walked += 1
    assert walked == 13


@given(st.binary(max_size=20), st.sampled_from([WEIGHT_DATA, BODY_DATA]))
def test_any_bytes_give_a_frame_or_a_frame_error(data, service):
    """No neighbour's scale can make the hub fall over; and what it understands, it can say."""
    said = overhear(call(data, service), NOTHING_TOLD)
    if isinstance(said, FrameError):
        assert said.data == data
    else:
        assert type(said).from_bytes(bytes(said)) == said
        readings(said, HEARD)


u16 = st.integers(0, 0xFFFF)
units = st.sampled_from(["kg", "lb", "jin"])
moments = st.none() | st.datetimes(wall("1970-01-01")).map(lambda at: at.replace(microsecond=0))
weighings = st.builds(
    Weighing, u16, units, st.booleans(), st.booleans(), st.booleans(), moments, st.sampled_from([0, 2, 4, 14])
)
bodies = st.builds(
    BodyWeighing, u16, units, st.booleans(), st.booleans(), st.booleans(), st.booleans(), moments, u16
)


@given(weighings | bodies)
def test_what_the_twin_says_the_driver_understands(frame):
    """Encoding is the exact inverse of decoding."""
    assert type(frame).from_bytes(bytes(frame)) == frame


@given(weighings | bodies)
def test_only_a_settled_weight_of_somebody_who_stands_there_is_a_fact(frame):
    """Moving, removed, an object's, nothing, or without a date: a frame, and no reading."""
    is_fact = frame.is_stable and not frame.is_removed and not frame.is_object
    is_fact = is_fact and frame.steps > 0 and frame.device_time is not None
    assert bool(readings(frame, HEARD)) == is_fact


def test_a_kilogram_is_one_in_every_unit():
    """Kilograms and jin to their 5 g, pounds to the 10 g that they tell; no dust behind them."""
    for steps, unit, kg in ((14_900, "kg", 74.5), (14_901, "jin", 74.505), (15_000, "lb", 68.04)):
        assert numbers(readings(replace(SETTLED, steps=steps, unit=unit), HEARD)) == {Kind.BODY_WEIGHT: kg}


def test_impedance_is_told_with_its_sign_and_only_where_a_body_can_have_it():
    """The number that is left over from before, and the words for "none", are nobody's."""
    assert numbers(readings(SETTLED_BODY, HEARD))[Kind.IMPEDANCE] == 503.0
    for frame in (
        replace(SETTLED_BODY, has_impedance=False),
        *(replace(SETTLED_BODY, impedance=none) for none in (0, IMPEDANCE_OHM_MAX, 0xFFFE, 0xFFFF)),
    ):
        assert numbers(readings(frame, HEARD)) == {Kind.BODY_WEIGHT: 74.5}


def test_the_weight_before_its_impedance_is_the_same_fact():
    """The scale tells the weight first and then both, with one time: one weight, one identity."""
    early, late = replace(SETTLED_BODY, has_impedance=False), SETTLED_BODY
    (first,), (second, _) = readings(early, HEARD), readings(late, HEARD)
    assert (first.id, first.device_time) == (second.id, MORNING)


def test_a_clock_that_was_never_set_is_not_believed():
    """In 1970 nobody weighed himself for us: then it was now, and that is said."""
    (reading,) = readings(replace(SETTLED, device_time=wall("1970-01-01T18:16:26")), HEARD)
    assert (reading.measured_at, reading.quality) == (NOON, (Quality.TIME_UNCERTAIN,))
    assert reading.device_time == wall("1970-01-01T18:16:26"), "it still tells its facts apart"


@pytest.mark.parametrize(("service", "frame"), [(WEIGHT_DATA, SETTLED), (BODY_DATA, SETTLED_BODY)])
def test_it_is_known_by_what_it_calls(service, frame):
    """Service data of its size; and then it goes before every driver that would connect to it."""
    seen = call(bytes(frame), service)
    assert driver_for(seen) is DRIVER
    assert not matches(Advertisement("a", "MIBFS", frozenset({service})))
    assert not matches(call(bytes(frame) + b"\0", service))
    assert not matches(Advertisement("a", service_data={uuid16(0xFE95): bytes(frame)}))


def test_it_is_never_connected_to():
    """There is no talk to have, and nothing that a decoder could take."""
    assert DRIVER.session is None
    (said,) = DRIVER.decoder().feed(WEIGHT_DATA, bytes(SETTLED))
    assert isinstance(said, FrameError)
