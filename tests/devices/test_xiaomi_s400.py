"""Xiaomi's encrypting scales: what they say to whoever has the key, and what is said to who hasn't."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from devices.catalog import driver_for
from devices.codecs.mibeacon import HEAD_SIZE, sealed
from devices.driver import NOTHING_TOLD, Advertisement, FrameError, Told, uuid16
from devices.drivers.xiaomi_s400 import (
    DRIVER,
    PRODUCTS,
    SERVICE,
    Composition,
    Weight,
    matches,
    overhear,
    readings,
)
from devices.kinds import Kind
from devices.readings import Quality
from tests.devices.vectors import OSLO, decoded, heard, numbers, vectors, wall
from tests.play import NOON

ADDRESS, KEY = "F0:00:00:00:26:01", bytes(range(0x40, 0x50))
TOLD = Told(user_slot=1, bind_key=KEY)
HEARD = replace(heard("xiaomi_s400"), patient_slot=1)
SAID = Composition(1, int((NOON - timedelta(hours=1)).timestamp()), 73.2, 414.3, 125)


def call(said=SAID, count=1, *, product=0x3BD5):
    data = sealed(bytes(said), key=KEY, address=ADDRESS, product=product, count=count)
    return Advertisement(ADDRESS, service_data={SERVICE: data})


def test_golden_vectors_decrypt_to_what_their_sources_say():
    """Weight, impedance, pulse, profile and time of every captured call."""
    walked = 0
    for vector in vectors("xiaomi_s400"):
        expected = vector["expected"]
        if not vector.get("real"):
            continue
        (frame,) = decoded(DRIVER, vector)
        assert bytes(frame).hex() == expected["decrypted"]
        assert frame.kg == expected.get("weight_kg")
        assert frame.profile == expected.get("profile_id", 1)
        assert frame.unix_s == expected.get("device_unix_time", frame.unix_s)
        if isinstance(frame, Composition):
            assert frame.ohm == expected.get("impedance_ohm")
            assert frame.pulse_per_min == expected.get("heart_rate_bpm")
        walked += 1
    assert walked == 4


@given(st.binary(max_size=31), st.sampled_from([TOLD, NOTHING_TOLD, Told(bind_key=b"short")]))
def test_any_bytes_give_a_frame_or_a_frame_error_or_nothing(data, told):
    """No call, no key and no lack of one makes the hub fall over."""
    said = overhear(Advertisement(ADDRESS, service_data={SERVICE: data}), told)
    assert said is None or isinstance(said, FrameError | Composition | Weight)


@given(st.binary(max_size=14), st.sampled_from(sorted(PRODUCTS)))
def test_anything_well_encrypted_gives_a_frame_or_a_frame_error_or_nothing(said, product):
    """A scale with a true key may still say what we don't understand."""
    data = sealed(said, key=KEY, address=ADDRESS, product=product, count=1)
    frame = overhear(Advertisement(ADDRESS, service_data={SERVICE: data}), TOLD)
    if frame is not None and not isinstance(frame, FrameError):
        assert type(frame).from_bytes(bytes(frame)) == frame
        readings(frame, HEARD)


u8, u32 = st.integers(0, 255), st.integers(0, 0xFFFFFFFF)
compositions = st.builds(
    Composition,
    u8,
    u32,
    st.none() | st.integers(1, 0x7FF).map(lambda steps: steps / 10),
    st.none() | st.integers(1, 0x3FFF).map(lambda steps: steps / 10),
    st.none() | st.integers(51, 176),
)
weights = st.builds(
    Weight, u8, u32, st.none() | st.integers(1, 0xFFFF).map(lambda steps: steps / 100), st.integers(0, 0xFFFF)
)


@given(compositions | weights)
def test_what_the_twin_says_the_driver_understands(frame):
    """Encoding is the exact inverse of decoding, to the last step; and the key changes none of it."""
    assert type(frame).from_bytes(bytes(frame)) == frame
    assert overhear(call(frame), TOLD) == frame


@given(compositions | weights)
def test_a_call_without_a_weight_means_nothing(frame):
    """An impedance alone is of the other frequency, which must not stand in the first one's series."""
    kinds = set(numbers(readings(frame, HEARD)))
    assert (Kind.BODY_WEIGHT in kinds) == (frame.kg is not None)
    assert frame.kg is not None or not kinds
    assert Kind.PULSE_RATE not in kinds


def test_a_pulse_through_the_feet_is_no_oximeters():
    """It stays in the frame; its two words for "none" are not even there."""
    assert SAID.pulse_per_min == 125
    assert numbers(readings(SAID, HEARD)) == {Kind.BODY_WEIGHT: 73.2, Kind.IMPEDANCE: 414.3}
    packed = [(732 | word << 11).to_bytes(4, "little") for word in (0, 0x7F)]
    for number in packed:
        data = b"\x16\x6e\x09\x01" + number + bytes(4)
        assert Composition.from_bytes(data).pulse_per_min is None


def test_its_seconds_become_the_homes_own_wall_clock():
    """It counts UTC; what a device's clock says is believed as local time, and comes back the same."""
    for reading in readings(SAID, HEARD):
        assert reading.device_time == wall("2026-06-01T13:00:00")
        assert reading.measured_at == NOON - timedelta(hours=1)
        assert reading.quality == ()
    winter = replace(SAID, unix_s=int((NOON - timedelta(days=150)).timestamp()))
    assert readings(winter, HEARD)[0].device_time == wall("2026-01-02T13:00:00")
    assert HEARD.timezone is OSLO


def test_a_profile_is_a_slot():
    """The patient's own is judged; another's, or anybody's where nobody has told, is kept and not judged."""
    assert {one.user_slot for one in readings(SAID, HEARD)} == {1}
    for listener, frame in (
        (HEARD, replace(SAID, profile=2)),
        (HEARD, replace(SAID, profile=0)),
        (replace(HEARD, patient_slot=None), SAID),
    ):
        assert {one.quality for one in readings(frame, listener)} == {(Quality.UNKNOWN_USER,)}


def test_without_a_key_it_says_what_to_do_and_says_it_once():
    """The same words and the same bytes with every call: a log keeps one fault, not hundreds."""
    faults = [
        overhear(call(replace(SAID, kg=kg), number), NOTHING_TOLD) for number, kg in enumerate((60.0, 61.0))
    ]
    assert len({(fault.reason, fault.data) for fault in faults}) == 1
    assert "no bind key told: set bind_key_file" in faults[0].reason
    assert len(faults[0].data) == HEAD_SIZE


def test_with_a_wrong_key_it_does_not_decrypt_and_says_so_once():
    """Another device's key, or one of the wrong size: an error, never a number, and never the key in it."""
    for key in (bytes(16), KEY[:15], b""):
        faults = [overhear(call(count=number), Told(bind_key=key)) for number in (1, 2)]
        assert len({(fault.reason, fault.data) for fault in faults}) == 1
        assert KEY[:15].hex() not in str(faults[0])
    assert "does not decrypt" in overhear(call(), Told(bind_key=bytes(16))).reason


def test_an_older_call_played_again_is_no_new_fact():
    """Whoever records a weighing and plays it later adds nothing: it says when it was."""
    seen = call()
    first = readings(overhear(seen, TOLD), HEARD)
    later = replace(HEARD, received_at=NOON + timedelta(days=30))
    again = readings(overhear(seen, TOLD), later)
    assert [one.id for one in again] == [one.id for one in first]
    assert [one.measured_at for one in again] == [one.measured_at for one in first]


def test_most_of_its_calls_say_only_that_it_is_here():
    """Nothing for us, and no fault either."""
    for data in ("1059d53b24679e74acea1c", "3058d53b00e080d38a43d408", "0859d53b24"):
        seen = Advertisement(ADDRESS, service_data={SERVICE: bytes.fromhex(data)})
        assert matches(seen)
        assert overhear(seen, NOTHING_TOLD) is None


def test_it_is_known_by_its_product():
    """Every device of Xiaomi's calls under 0xFE95; the S400 Pro packs its numbers otherwise."""
    assert all(driver_for(call(product=product)) is DRIVER for product in PRODUCTS)
    assert not matches(call(product=0x4B05))
    assert not matches(call(product=0x055B)), "a thermometer"
    assert not matches(Advertisement(ADDRESS, service_data={SERVICE: b"\x48\x59\xd5"}))
    assert not matches(Advertisement(ADDRESS, "Xiaomi Scale S400 8E47", frozenset({SERVICE, uuid16(0x181D)})))


def test_a_key_is_never_printed():
    """What a person told stays out of every log line that shows it."""
    assert KEY.hex() not in repr(TOLD)
    assert "@ABC" not in repr(TOLD)
