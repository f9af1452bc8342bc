"""The SIG weight scale: golden bytes, laws of the frame, meaning, talk."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.catalog import DRIVERS, driver_for
from devices.codecs.weight import TRAILING_MAX, UNSUCCESSFUL
from devices.decoder import attempt
from devices.driver import Advertisement, FrameError
from devices.drivers.weight_scale import (
    SERVICE,
    WEIGHT,
    Frame,
    matches,
    readings,
    session,
)
from devices.kinds import Kind
from devices.readings import NOT_JUDGED, Quality
from tests.devices.vectors import heard, numbers, vectors, wall
from tests.play import NOON, ScriptedLink, play

HEARD = heard("weight_scale")


def check(frame, key, value):
    """Hold one word of a vector against the frame and its meaning."""
    told = readings(frame, HEARD)
    match key:
        case "weight_kg":
            assert numbers(told)[Kind.BODY_WEIGHT] == pytest.approx(value, abs=0.005)
        case "weight_lb":
            assert (frame.is_imperial, frame.steps) == (True, round(value * 100))
        case "weight":
            assert value in ("measurement unsuccessful", "stub")
            assert told == ()
        case "timestamp":
            assert frame.device_time == wall(value)
        case "user_slot":
            assert {reading.user_slot for reading in told} == {value}
        case "user":
            assert value == "unknown"
            assert [reading.quality for reading in told] == [(Quality.UNKNOWN_USER,)]
        case "bmi_and_height":
            assert frame.bmi_and_height == tuple(value)
            assert numbers(told)[Kind.BMI] == value[0] / 10
        case "trailing":
            assert frame.trailing.hex() == value
        case _:
            raise AssertionError(f"nobody checks {key}")


def test_golden_vectors_mean_what_they_say():
    """Every vector decodes to its meaning, or is refused for its reason."""
    good = bad = 0
    for vector in (each for each in vectors("weight_scale") if each["characteristic"] == "0x2A9D"):
        data, expected = bytes.fromhex(vector["hex"]), vector["expected"]
        if "error" in expected:
            with pytest.raises(FrameError, match=expected["error"]) as caught:
                Frame.from_bytes(data)
            assert caught.value.data == data
            bad += 1
            continue
        frame = Frame.from_bytes(data)
        assert bytes(frame) == data, "a weighing has one way to be said"
        for key, value in expected.items():
            check(frame, key, value)
        good += 1
    assert (good, bad) == (8, 5)


@given(st.binary(max_size=40))
def test_any_bytes_give_a_frame_or_a_frame_error(data):
    """No bytes a stranger can send make the decoder or the meaning fall over."""
    frame = attempt(Frame.from_bytes, data)
    if isinstance(frame, FrameError):
        assert frame.data == data
    else:
        readings(frame, HEARD)


u16 = st.integers(0, 0xFFFF)
frames = st.builds(
    Frame,
    st.none() | st.integers(0, UNSUCCESSFUL - 1),
    st.booleans(),
    st.none() | st.datetimes(wall("1582-01-01")).map(lambda at: at.replace(microsecond=0)),
    st.none() | st.integers(0, 255),
    st.none() | st.tuples(u16, u16),
    st.binary(max_size=TRAILING_MAX),
)


@given(frames)
def test_what_the_twin_says_the_driver_understands(frame):
    """Encoding is the exact inverse of decoding, trailing octets included."""
    assert Frame.from_bytes(bytes(frame)) == frame


@given(st.integers(1, UNSUCCESSFUL - 1))
def test_kilograms_are_exact_and_pounds_are_whole_tens_of_grams(steps):
    """5 g steps are the decimals one would write; pounds come within 5 g of the truth."""
    assert f"{Frame(steps).kg:.3f}" == f"{steps * 5 // 1000}.{steps * 5 % 1000:03d}"
    kg = Frame(steps, is_imperial=True).kg
    assert kg == float(f"{kg:.2f}")
    assert abs(kg - steps / 100 * 0.45359237) < 0.00501


def test_a_user_of_the_scale_is_kept_and_only_the_patient_is_judged():
    """User 255 is nobody, and another number is somebody else: neither may alert anyone."""
    listener = replace(HEARD, patient_slot=0)
    (patient,) = readings(Frame(14_860, user=0), listener)
    (spouse,) = readings(Frame(14_860, user=1), listener)
    (unsaid,) = readings(Frame(14_860, user=0), HEARD)
    (stranger,) = readings(Frame(14_860, user=255), listener)
    assert (patient.user_slot, patient.quality) == (0, ())
    assert (spouse.user_slot, spouse.quality) == (1, (Quality.UNKNOWN_USER,))
    assert unsaid.quality == stranger.quality == (Quality.UNKNOWN_USER,)
    assert stranger.user_slot is None
    assert not NOT_JUDGED.isdisjoint(stranger.quality)


@pytest.mark.parametrize("bmi", [0, 0xFFFF])
def test_a_body_mass_index_of_nobody_is_no_reading(bmi):
    """A scale that doesn't know the height has no index, and without a weight there is none either."""
    assert set(numbers(readings(Frame(14_860, bmi_and_height=(bmi, 1700)), HEARD))) == {Kind.BODY_WEIGHT}
    assert readings(Frame(None, bmi_and_height=(247, 1700)), HEARD) == ()


def test_an_unknown_date_keeps_the_weight():
    """A scale that has lost its date still weighs: the reading stands in the second of its arrival."""
    (reading,) = readings(Frame.from_bytes(bytes.fromhex("020c3a00000000000000")), HEARD)
    assert (reading.value, reading.measured_at, reading.device_time) == (74.3, NOON, None)


def test_session_subscribes_then_passes_frames_on():
    """One subscription, every frame, a bad one in its place."""
    link = ScriptedLink((WEIGHT, bytes(Frame(14_860))), (WEIGHT, b"\x00"), (WEIGHT, bytes(Frame(None))))
    first, bad, last = play(session, link)
    assert (first, last) == (Frame(14_860), Frame(None))
    assert isinstance(bad, FrameError)
    assert link.did == [("subscribe", WEIGHT)]


def test_a_scale_that_broadcasts_is_left_alone():
    """Xiaomi's scale calls its weight in service data on the same service, and takes no connection."""
    is_sig = Advertisement("a", services=frozenset({SERVICE}))
    xiaomi = Advertisement(
        "b", services=frozenset({SERVICE}), service_data={SERVICE: bytes.fromhex("229e43e507040b101301")}
    )
    assert matches(is_sig)
    assert not matches(xiaomi)
    assert not matches(Advertisement("c", name="Scale"))


@pytest.mark.parametrize(
    ("name", "maker"), [("A&D_UC-352BLE_0A1B2C", {}), ("UC-421BLE", {}), ("BF788", {}), ("", {0x0611: b""})]
)
def test_a_scale_that_wants_more_than_a_listener_is_left_to_its_own_driver(name, maker):
    """Consent or a clock: this driver would hear nothing, and keep the one that would from asking."""
    seen = Advertisement("a", name=name, services=frozenset({SERVICE}), manufacturer_data=maker)
    assert not matches(seen)
    assert driver_for(seen).id in ("and_scale", "beurer_scale")
    assert matches(replace(seen, name="BF915"))


def test_of_two_drivers_the_particular_one_is_asked_first():
    """A device that both would take is the one's who knows more of it."""
    ids = [driver.id for driver in DRIVERS]
    assert max(ids.index("and_scale"), ids.index("beurer_scale")) < ids.index("weight_scale")
