"""The Transtek A3 scales: golden bytes, two epochs, a clock, a challenge."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.catalog import driver_for
from devices.decoder import attempt
from devices.driver import Advertisement, FrameError, Visitor, uuid16
from devices.drivers.medisana_a3 import (
    ADE_SERVICE,
    ADE_WEIGHT,
    BODY,
    DRIVER,
    ORDERS,
    SERVICE,
    UPLOAD,
    WEIGHT,
    Body,
    Upload,
    Weighing,
    clock_order,
    decoder,
    moment_of,
    readings,
    session,
)
from devices.kinds import Kind
from devices.readings import Quality
from simulators.peripherals.medisana_a3 import AdeTwin, MedisanaA3Twin
from simulators.virtual_radio import VirtualRadio
from tests.devices.vectors import decoded, heard, numbers, vectors, wall
from tests.play import HERE, NOON, ScriptedLink, play
from tests.simulators.test_twins import hear_all
from tests.simulators.visit import heard_once, visit
from tests.virtual_time import in_virtual_time

HEARD = replace(heard("medisana_a3"), patient_slot=2)
CLOCK_S = int((wall("2026-06-01T07:42:10") - wall("2010-01-01")).total_seconds())
WEIGHING = Weighing(78.2, CLOCK_S, r2=442.1, user=2, status=9, trailing=bytes(4))
BODY_FRAME = Body(18.4, CLOCK_S, 2, 2628, 63.9, 36.3, 3.0, bytes(3))
CLASSES = {WEIGHT: Weighing, ADE_WEIGHT: Weighing, BODY: Body, UPLOAD: Upload}
SET_CLOCK = ("write", ORDERS, clock_order(HERE.wall_clock))


def test_golden_vectors_are_understood_in_full():
    """Each number that a source reads in its capture stands in our frame too, and comes back."""
    names = {"weight_kg": "kg", "user": "user", "person": "user", "resistance2": "r2", "resistance1": "r1",
             "raw_timestamp": "clock_s", "kcal": "kcal", "fat_pct": "fat", "water_pct": "water",
             "muscle_pct": "muscle", "bone_kg": "bone_kg"}  # fmt: skip
    walked = 0
    for vector in vectors("medisana_a3"):
        if not vector.get("real"):
            continue
        (frame,) = decoded(DRIVER, vector)
        assert type(frame).from_bytes(bytes(frame)) == frame
        for key, value in vector["expected"].items():
            if key in names:
                assert getattr(frame, names[key]) == value
            elif key == "timestamp":
                assert moment_of(frame.clock_s) == wall(value.removesuffix("Z"))
            elif key == "reply":
                assert frame.answer.hex() == value
            else:
                assert (key, value, frame.word) == ("msg", "challenge", 0xA1)
        walked += 1
    assert walked == 5


@given(st.binary(max_size=30), st.sampled_from([*CLASSES, "another"]))
def test_any_bytes_give_a_frame_or_a_frame_error(data, char):
    """No bytes make the decoder or the meaning fall over; and what is understood can be said."""
    (said,) = decoder().feed(char, data)
    if isinstance(said, FrameError):
        assert said.data == data
    else:
        assert type(said).from_bytes(bytes(said)) == said
        readings(said, HEARD)


u8, u32 = st.integers(0, 255), st.integers(0, 0xFFFFFFFF)
tenths = st.none() | st.integers(1, 2000).map(lambda steps: steps / 10)
weighings = st.builds(Weighing, tenths, u32, st.none(), tenths, u8, u8, st.integers(0, 8).map(bytes))
bodies = st.builds(
    Body, tenths, u32, u8, st.integers(0, 0xFFFF), tenths, tenths, tenths, st.integers(0, 8).map(bytes)
)


@given(weighings | bodies)
def test_what_the_twin_says_the_driver_understands(frame):
    """Encoding is the exact inverse of decoding, filling included."""
    assert type(frame).from_bytes(bytes(frame)) == frame


@pytest.mark.parametrize("word", ["ffff7f00", "00008000", "feff7f00", "02008000", "01008000", "00000000"])
def test_what_is_no_number_is_no_reading(word):
    """NaN, NRes, both infinities, the reserved word, and an empty place of the memory."""
    frame = Weighing.from_bytes(bytes.fromhex("18" + word + "0209"))
    assert readings(frame, HEARD) == ()
    short = (
        word[:2] + {"ff": "07", "fe": "07", "00": "08"}.get(word[:2], "08") if word != "00000000" else "0000"
    )
    body = Body.from_bytes(bytes.fromhex("24" + "02" + short + "6bf1"))
    assert numbers(readings(body, HEARD)) == {Kind.MUSCLE_PERCENTAGE: 36.3}


def test_the_size_of_a_number_says_where_it_counts_from():
    """One scale counts from 1970 and another from 2010, and no clock that was ever set fits both."""
    for epoch in ("1970-01-01", "2010-01-01"):
        for day in ("2016-01-20T22:30:06", "2026-11-22T00:00:00", "2049-12-31T00:00:00"):
            assert moment_of(int((wall(day) - wall(epoch)).total_seconds())) == wall(day)


def test_a_clock_that_was_never_set_is_not_believed():
    """It counts from its own beginning: 2010 is no year of ours."""
    for reading in readings(replace(WEIGHING, clock_s=236), HEARD):
        assert (reading.measured_at, reading.quality) == (NOON, (Quality.TIME_UNCERTAIN,))


def test_weight_and_composition_are_told_apart_and_belong_together():
    """They come in either order, or alone; one time and one user join them."""
    told = (*readings(WEIGHING, HEARD), *readings(BODY_FRAME, HEARD))
    assert numbers(told) == {Kind.BODY_WEIGHT: 78.2, Kind.BODY_FAT: 18.4, Kind.MUSCLE_PERCENTAGE: 36.3}
    assert {one.device_time for one in told} == {wall("2026-06-01T07:42:10")}
    assert {(one.user_slot, one.quality) for one in told} == {(2, ())}


def test_somebody_else_on_the_scale_is_not_the_patient():
    """Another user's weight is kept and not judged."""
    for frame in (replace(WEIGHING, user=1), replace(BODY_FRAME, user=1)):
        assert {one.quality for one in readings(frame, HEARD)} == {(Quality.UNKNOWN_USER,)}


def test_the_talk_sets_the_clock_and_passes_on_what_comes():
    """Subscribe to everything, then the time; the words about persons are no facts."""
    person = (UPLOAD, bytes.fromhex("8402020137b4000300"))
    link = ScriptedLink(person, (WEIGHT, bytes(WEIGHING)), (BODY, bytes(BODY_FRAME)), has=(ORDERS,))
    assert play(session, link) == [WEIGHING, BODY_FRAME]
    assert link.did == [("subscribe", UPLOAD), ("subscribe", BODY), ("subscribe", WEIGHT), SET_CLOCK]


def test_the_clock_is_the_homes_own_since_2010():
    """Noon in UTC is two in the afternoon on the wall."""
    assert clock_order(HERE.wall_clock).hex() == "02" + (CLOCK_S + 22670).to_bytes(4, "little").hex()
    assert wall("2026-06-01T07:42:10") + timedelta(seconds=22670) == HERE.wall_clock


def test_a_hub_without_a_clock_never_sets_one():
    """A wrong time is worse than none: nothing is written at all."""
    link = ScriptedLink((WEIGHT, bytes(WEIGHING)), has=(ORDERS,))
    assert play(session, link, Visitor(None)) == [WEIGHING]
    assert [deed[0] for deed in link.did] == ["subscribe"]


def test_a_challenge_is_answered_with_itself():
    """An ADE has no password: it wants its four octets back, whatever it says behind them."""
    said = (UPLOAD, bytes.fromhex("a10100b89900000000"))
    link = ScriptedLink(said, (ADE_WEIGHT, bytes(WEIGHING)), has=(ORDERS, UPLOAD, BODY))
    assert play(session, link) == [WEIGHING]
    assert link.did[3:] == [
        SET_CLOCK,
        ("write", ORDERS, bytes.fromhex("200100b899")),
        ("write", ORDERS, b"\x22"),
    ]


def test_a_refused_order_loses_nothing_that_has_arrived():
    """A scale that doesn't take its time, or an answer, may have told its memory all the same."""
    said = (UPLOAD, bytes.fromhex("a10100b899"))
    link = ScriptedLink(
        (WEIGHT, bytes(WEIGHING)), said, (BODY, bytes(BODY_FRAME)), has=(ORDERS,), refused=("write",)
    )
    assert play(session, link) == [WEIGHING, BODY_FRAME]


def test_a_bad_frame_hides_no_good_one():
    """One is an error, the next a weight; the talk goes on."""
    link = ScriptedLink((WEIGHT, b"\x3d"), (WEIGHT, bytes(WEIGHING)), has=(ORDERS,))
    error, weighing = play(session, link)
    assert isinstance(error, FrameError)
    assert weighing == WEIGHING


def test_an_ade_tells_who_repeats_its_number():
    """The twin of the other kind: silent until it is answered, then as talkative as the first."""
    twin = AdeTwin()
    twin.measure(wall("2026-06-01T07:42:10"), 80.4, fat=20.2, muscle=33.8)
    said = in_virtual_time(visit(VirtualRadio([twin])))
    assert numbers(tuple(one for frame in said for one in readings(frame, HEARD))) == {
        Kind.BODY_WEIGHT: 80.4, Kind.BODY_FAT: 20.2, Kind.MUSCLE_PERCENTAGE: 33.8
    }  # fmt: skip
    assert (twin.is_awake, twin.clock_orders) == (False, [clock_order(HERE.wall_clock)])
    assert len(twin.facts()) == 3


def test_a_scale_that_was_told_no_time_or_a_wrong_number_keeps_silent():
    """Both twins hold back what they have, and call again."""
    patient, strict = MedisanaA3Twin(), AdeTwin()
    for twin in (patient, strict):
        twin.measure(wall("2026-06-01T07:42:10"), 80.4)
    assert in_virtual_time(visit(VirtualRadio([patient]), Visitor(None))) == []

    async def guess():
        radio = VirtualRadio([strict])
        await heard_once(radio)
        async with radio.connect(strict.address) as link:
            await link.subscribe(UPLOAD)
            await link.write(ORDERS, bytes.fromhex("2000000000"))
            return await hear_all(link)

    assert [char for char, _ in in_virtual_time(guess())] == [UPLOAD]
    assert patient.is_awake
    assert strict.is_awake
    assert patient.facts() == strict.facts() == ()


def test_it_is_known_by_its_service_or_by_the_name_its_maker_gives_it():
    """None of them calls its brand; a name that only begins alike is somebody else's."""
    for service in (SERVICE, ADE_SERVICE):
        assert driver_for(Advertisement("a", services=frozenset({service}))) is DRIVER
    for name in (
        "0202B6101AFE149CFE",
        "0203B80000000000",
        "013197ABCDEF",
        "013198abcdef",
        "01257B001122",
        "11257BAA",
    ):
        assert driver_for(Advertisement("a", name)) is DRIVER
    for name in ("", "0202B6 my scale", "0302B6101AFE149CFE", "Medisana"):
        assert driver_for(Advertisement("a", name, frozenset({uuid16(0x1810)}))) is not DRIVER


def test_a_word_of_nothing_is_refused():
    """And a challenge that is cut short gets no answer."""
    assert isinstance(attempt(Upload.from_bytes, b""), FrameError)
    assert Upload.from_bytes(bytes.fromhex("a10100b8")).answer is None
