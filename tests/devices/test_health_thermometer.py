"""The SIG thermometer: golden bytes, laws of the frames, bodies and other things, talk."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.codecs.ieee11073 import decode_float
from devices.driver import Advertisement, FrameError, Visitor, uuid16
from devices.drivers.health_thermometer import (
    DATE_TIME,
    DRIVER,
    INTERMEDIATE,
    OBJECT,
    SERVICE,
    SITE,
    SITES,
    TEMPERATURE,
    Intermediate,
    Site,
    Temperature,
    decoder,
    matches,
    readings,
    session,
)
from devices.identity import DeviceIdentity
from devices.kinds import Kind
from devices.readings import Quality
from simulators.peripherals.health_thermometer import HealthThermometerTwin
from simulators.virtual_radio import VirtualRadio
from tests.devices.vectors import decoded, heard, numbers, vectors, wall
from tests.play import NOON, ScriptedLink, play
from tests.simulators.visit import visit
from tests.virtual_time import in_virtual_time

HEARD = heard("health_thermometer")
MORNING = wall("2026-06-01T07:42:10")
WARM = Temperature(37.3, device_time=MORNING, site=3)
MODEL = uuid16(0x2A24)


def test_golden_vectors_are_decoded_field_by_field():
    """What each vector calls a field is what the frame holds, in the unit that the vector names."""
    walked = 0
    for vector in vectors("health_thermometer"):
        expected = vector["expected"]
        if "error" in expected:
            continue
        (frame,) = decoded(DRIVER, vector)
        assert frame.site == expected.get("type")
        if isinstance(frame, Temperature):
            assert frame.is_fahrenheit is ("temp_f" in expected)
            assert frame.degrees == expected.get("temp_f", expected.get("temp_c"))
            told = expected.get("timestamp")
            assert frame.is_time_unknown is (told == "unknown")
            assert frame.device_time == (wall(told) if told and told != "unknown" else None)
        walked += 1
    assert walked == 14


@given(st.sampled_from([TEMPERATURE, INTERMEDIATE, SITE, DATE_TIME]), st.binary(max_size=16))
def test_any_bytes_give_a_frame_or_a_frame_error(char, data):
    """No bytes a stranger can send make the decoder or the meaning fall over."""
    for said in decoder().feed(char, data):
        if isinstance(said, FrameError):
            assert said.data == data
        else:
            assert type(said).from_bytes(bytes(said)) == said
            readings(said, HEARD)


floats = st.binary(min_size=4, max_size=4).map(decode_float)
moments = st.datetimes(wall("1582-01-01")).map(lambda at: at.replace(microsecond=0))
times = moments.map(lambda at: {"device_time": at}) | st.booleans().map(lambda is_: {"is_time_unknown": is_})


@given(
    st.sampled_from([Temperature, Intermediate]),
    floats,
    st.booleans(),
    times,
    st.none() | st.integers(0, 255),
)
def test_what_the_twin_says_the_driver_understands(frame_class, degrees, is_fahrenheit, time, site):
    """Encoding is the exact inverse of decoding, for a result and for one that is still rising."""
    frame = frame_class(degrees, is_fahrenheit, site=site, **time)
    assert frame_class.from_bytes(bytes(frame)) == frame


@given(st.integers(860, 1130))
def test_fahrenheit_becomes_the_nearest_tenth_of_a_degree(tenths):
    """Within half a tenth of the truth, and one decimal as one would write it."""
    celsius = Temperature(tenths / 10, is_fahrenheit=True).celsius
    assert celsius == float(f"{celsius:.1f}")
    assert abs(celsius - (tenths - 320) / 18) <= 0.05


def test_celsius_is_left_as_the_device_said_it():
    """A thermometer that tells hundredths is not rounded: 36.55 stays 36.55."""
    assert numbers(readings(replace(WARM, degrees=36.55), HEARD)) == {Kind.BODY_TEMPERATURE: 36.55}


@pytest.mark.parametrize("site", [OBJECT, 0, 10, 254])
def test_what_is_no_body_has_no_body_temperature(site):
    """A bottle as warm as a person is a bottle; neither is a number that the specification doesn't know."""
    assert readings(replace(WARM, site=site), HEARD) == ()


@pytest.mark.parametrize("site", [None, *SITES])
def test_every_place_on_a_body_counts(site):
    """Nine sites are defined, and a thermometer that names none is taken at its word."""
    assert numbers(readings(replace(WARM, site=site), HEARD)) == {Kind.BODY_TEMPERATURE: 37.3}


@pytest.mark.parametrize(
    ("degrees", "is_told"),
    [(None, False), (-0.5, False), (21.5, False), (29.9, False), (30.0, True), (45.0, True), (45.1, False)],
)
def test_what_no_body_can_have_is_no_reading(degrees, is_told):
    """A room, a bath, a stove: kept in the frame, and no further."""
    assert bool(readings(Temperature(degrees), HEARD)) is is_told


def test_the_limits_hold_in_either_unit():
    """98.6 is a fever to nobody, once it is known to be °F; and in °C it is nobody's."""
    assert numbers(readings(Temperature(98.6, is_fahrenheit=True), HEARD)) == {Kind.BODY_TEMPERATURE: 37.0}
    assert readings(Temperature(98.6), HEARD) == ()


def test_what_still_rises_is_no_result():
    """Intermediate temperatures look like results, and the fixed site is no temperature at all."""
    assert readings(Intermediate(37.3), HEARD) == ()
    assert readings(Site(3), HEARD) == ()


def test_an_unknown_date_keeps_the_number_and_says_so():
    """The reading stands in the second of its arrival, with a doubt; a clock it hasn't is no doubt."""
    (reading,) = readings(Temperature(37.3, is_time_unknown=True), HEARD)
    assert (reading.device_time, reading.measured_at) == (None, NOON)
    assert reading.quality == (Quality.TIME_UNCERTAIN,)
    assert readings(Temperature(37.3), HEARD)[0].quality == ()


def test_a_thermometer_for_one_place_says_so_once():
    """The site on 0x2A1D fills in what the frames leave out, and never what they say themselves."""
    bare = replace(WARM, site=None)
    link = ScriptedLink((TEMPERATURE, bytes(bare)), (TEMPERATURE, bytes(WARM)), values={SITE: b"\xff"})
    assert play(session, link) == [replace(bare, site=OBJECT), WARM]
    garbled = ScriptedLink((TEMPERATURE, bytes(bare)), values={SITE: b""})
    assert play(session, garbled) == [bare]
    silent = ScriptedLink((TEMPERATURE, bytes(bare)), has=[SITE], refused=["read"])
    assert play(session, silent) == [bare]


def test_the_clock_comes_first_then_the_subscription_then_questions():
    """A&D counts five seconds; a bad frame stands in its place and hides none."""
    link = ScriptedLink(
        (TEMPERATURE, bytes(WARM)),
        (TEMPERATURE, b"\x01"),
        (TEMPERATURE, bytes(WARM)),
        has=[DATE_TIME, INTERMEDIATE],
        values={SITE: b"\x03", MODEL: b"UT-201BLE"},
    )
    who, first, bad, last = play(session, link)
    assert (who, first, last) == (DeviceIdentity(model="UT-201BLE"), WARM, WARM)
    assert isinstance(bad, FrameError)
    assert link.did == [
        ("write", DATE_TIME, bytes.fromhex("ea0706010e0000")),
        ("subscribe", TEMPERATURE),
        ("read", SITE),
        ("read", MODEL),
    ]


@pytest.mark.parametrize(
    ("visitor", "has"), [(Visitor(None), [TEMPERATURE, DATE_TIME]), (Visitor(MORNING), [TEMPERATURE])]
)
def test_a_clock_is_set_only_by_a_hub_that_knows_the_time(visitor, has):
    """A hub that stands in 1970 must not take the device with it; and what isn't there isn't written."""
    link = ScriptedLink((TEMPERATURE, bytes(WARM)), has=has)
    assert play(session, link, visitor) == [WARM]
    assert link.did == [("subscribe", TEMPERATURE)]


def test_a_thermometer_that_refuses_its_clock_may_still_tell():
    """The refusal of one order is not the end of the visit."""
    link = ScriptedLink((TEMPERATURE, bytes(WARM)), has=[DATE_TIME], refused=["write"])
    assert play(session, link) == [WARM]


def test_the_twin_measures_walls_and_counts_people():
    """What it took from a wall is told as a frame and stands in nobody's count."""
    twin = HealthThermometerTwin()
    twin.measure(MORNING, 784, site=OBJECT)
    twin.measure(MORNING, None)
    twin.measure(MORNING, 986, is_clock_set=False)
    said = in_virtual_time(visit(VirtualRadio([twin])))
    assert [frame.degrees for frame in said] == [78.4, None, 98.6]
    assert [(fact.value, fact.device_time) for fact in twin.facts()] == [(37.0, None)]
    assert not twin.is_awake


def test_it_is_known_by_its_service():
    """The service makes the thermometer, not its name."""
    assert matches(Advertisement("a", services=frozenset({SERVICE})))
    assert not matches(Advertisement("a", name="FT95", services=frozenset({uuid16(0x1810)})))
