"""What a scale makes of a body: golden bytes, parts that are joined, what is no number, the talk."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.codecs.body_composition import FIELDS
from devices.codecs.weight import HEIGHT_STEPS_M, MASS_STEPS_KG, TRAILING_MAX
from devices.driver import Advertisement, FrameError, LinkError
from devices.drivers.weight_scale import (
    COMPOSITION,
    COMPOSITION_FEATURES,
    COMPOSITION_SERVICE,
    DRIVER,
    WEIGHT,
    WEIGHT_FEATURES,
    Composition,
    CompositionFeatures,
    Frame,
    ScaleFeatures,
    decoder,
    matches,
    readings,
    session,
)
from devices.identity import NOT_TOLD
from devices.kinds import Kind
from devices.readings import Quality
from tests.devices.vectors import heard, numbers, vectors, wall
from tests.play import HERE, ScriptedLink, play, step

HEARD = heard("weight_scale")
MORNING = wall("2026-06-01T07:42:10")
FEATURES = bytes.fromhex("bf010000")

FIRST = Composition(24.5, device_time=MORNING, user=1, muscle_percent=40.7, is_part=True)
REST = Composition(24.5, water_mass=43.25, impedance_ohm=452.0, is_part=True)


def decoded(*frames, ear=None):
    ear = ear or decoder()
    return [said for frame in frames for said in ear.feed(COMPOSITION, bytes(frame))]


def vector(vector_id):
    (found,) = (each for each in vectors("weight_scale") if each["id"] == vector_id)
    return bytes.fromhex(found["hex"])


def test_a_captured_frame_that_belies_its_flags_tells_its_impedance_alone():
    """Ten octets too many, a fat of 50.5 % in it: only the impedance was ever seen to be right."""
    frame = Composition.from_bytes(vector("v0040"))
    assert (frame.fat_percent, frame.user, len(frame.trailing)) == (50.5, 247, 10)
    (told,) = readings(frame, HEARD)
    assert (told.kind, told.value) == (Kind.IMPEDANCE, 332.8)
    assert set(told.quality) == {Quality.QUESTIONABLE, Quality.UNKNOWN_USER}


@given(st.lists(st.tuples(st.sampled_from(DRIVER.speaks), st.binary(max_size=40)), max_size=12))
def test_any_bytes_in_any_order_give_frames_or_frame_errors(notifications):
    """No stranger can make the decoder fall over, and what it gives can be said again."""
    ear = decoder()
    for char, data in notifications:
        for said in ear.feed(char, data):
            if isinstance(said, FrameError):
                assert said.data == data
            else:
                assert type(said).from_bytes(bytes(said)) == said
                readings(said, HEARD)


u16 = st.integers(0, 0xFFFF)
moments = st.none() | st.datetimes(wall("1582-01-01")).map(lambda at: at.replace(microsecond=0))


@st.composite
def compositions(draw):
    """Any frame that such a scale could send."""
    flags = draw(st.integers(0, (1 << 13) - 1)) & ~(1 << 1)
    body = draw(st.binary(min_size=2 + 1 + 2 * len(FIELDS), max_size=2 + 1 + 2 * len(FIELDS)))
    size = 2 + bool(flags & 4) + 2 * (flags >> 3 & 0x1FF).bit_count()
    frame = Composition.from_bytes(flags.to_bytes(2, "little") + body[:size])
    return replace(frame, device_time=draw(moments), trailing=draw(st.binary(max_size=TRAILING_MAX)))


@given(compositions())
def test_what_a_twin_says_of_a_body_the_driver_understands(frame):
    """Encoding is the exact inverse of decoding, each step of each unit included."""
    assert Composition.from_bytes(bytes(frame)) == frame


@given(compositions())
def test_a_number_has_the_scales_own_step_and_no_float_dust(frame):
    """One decimal for a share, three for a kilogram, two for what came in pounds; and never a zero."""
    for kind, value in ((told.kind, told.value) for told in readings(frame, HEARD)):
        places = 1 if kind in (Kind.BODY_FAT, Kind.MUSCLE_PERCENTAGE, Kind.IMPEDANCE) else 3
        assert value == float(f"{value:.{places}f}")
        assert value > 0
        assert value < 327.675 or kind is Kind.IMPEDANCE


@given(st.binary(min_size=4, max_size=4))
def test_features_come_back_as_they_were_said(data):
    """What nobody has defined is left out; the rest is the same when it is said again."""
    for features in (ScaleFeatures.from_bytes(data), CompositionFeatures.from_bytes(data)):
        assert type(features).from_bytes(bytes(features)) == features
        assert features.step_kg in MASS_STEPS_KG
        assert features.height_step_m in HEIGHT_STEPS_M
        assert readings(features, HEARD) == ()


def test_the_rest_of_a_measurement_gets_time_and_user_of_its_first_part():
    """Twenty octets hold no more: what comes in the second packet is of the same moment and person."""
    assert decoded(FIRST, REST) == [FIRST, replace(REST, device_time=MORNING, user=1)]
    ids = [one.id for said in decoded(FIRST, REST) for one in readings(said, HEARD)]
    assert len(ids) == 5
    assert len(set(ids)) == 4, "the fat stands in both, and is one fact"


def test_a_first_part_is_told_before_its_rest_has_come():
    """A power cut between two packets costs the second, not both."""
    (said,) = decoded(FIRST)
    assert numbers(readings(said, HEARD)) == {Kind.BODY_FAT: 24.5, Kind.MUSCLE_PERCENTAGE: 40.7}


def test_two_measurements_in_parts_are_not_mixed():
    """The second person's first part says another time, and its rest is the second person's."""
    evening = replace(FIRST, device_time=wall("2026-06-01T19:05:00"), user=2)
    *_, rest = decoded(FIRST, REST, evening, REST)
    assert (rest.device_time, rest.user) == (evening.device_time, 2)
    someone_else = replace(REST, user=2)
    assert decoded(FIRST, someone_else) == [FIRST, someone_else]


def test_a_part_without_a_beginning_is_nobodys():
    """The first part came garbled, or the rest is told twice: whose it is, nobody can know; it is refused."""
    ear = decoder()
    (torn,) = ear.feed(COMPOSITION, bytes(FIRST)[:5])
    (orphan,) = ear.feed(COMPOSITION, bytes(REST))
    assert isinstance(torn, FrameError)
    assert "first part was not understood" in str(orphan)
    assert decoded(FIRST, REST, ear=ear) == [FIRST, replace(REST, device_time=MORNING, user=1)]
    assert isinstance(decoded(FIRST, REST, REST)[-1], FrameError)


def test_a_frame_of_its_own_ends_a_measurement_in_parts():
    """What is whole belongs to nothing before it, and what follows it neither."""
    whole = Composition(20.0, impedance_ohm=500.0)
    *_, alone, after = decoded(FIRST, whole, REST)
    assert (alone, after) == (whole, REST)


@pytest.mark.parametrize(
    "frame",
    [
        Composition(0.0, basal_kj=9110, muscle_percent=0.0, soft_lean_mass=0.0, impedance_ohm=0.0),
        Composition(None, user=1),
        Composition(None, muscle_percent=40.0, weight=75.0),
        Composition(6553.4, muscle_percent=6553.5, water_mass=0xFFFF / 200, impedance_ohm=6553.5),
    ],
)
def test_stubs_and_words_for_no_number_mean_nothing(frame):
    """All zeros, all ones and "unsuccessful" are nothing measured, and no fault of the device either."""
    assert readings(Composition.from_bytes(bytes(frame)), HEARD) == ()


def test_the_whole_talk_in_its_order():
    """What it can do, then compositions, then weights: some scales tell and hang up at once."""
    weighing = Frame(14_860, device_time=MORNING)
    link = ScriptedLink(
        (WEIGHT, bytes(weighing)),
        (COMPOSITION, bytes(FIRST)),
        values={WEIGHT_FEATURES: FEATURES, COMPOSITION_FEATURES: b"\0" * 4},
    )
    assert play(session, link) == [
        ScaleFeatures.from_bytes(FEATURES),
        CompositionFeatures.from_bytes(b"\0" * 4),
        weighing,
        FIRST,
    ]
    assert link.did == [
        ("read", WEIGHT_FEATURES),
        ("read", COMPOSITION_FEATURES),
        ("subscribe", COMPOSITION),
        ("subscribe", WEIGHT),
    ]


def test_a_scale_that_only_knows_compositions_is_known_and_heard():
    """0x181B alone is a scale too, unless it calls its numbers out itself."""
    alone = Advertisement("a", services=frozenset({COMPOSITION_SERVICE}))
    assert matches(alone)
    assert not matches(replace(alone, service_data={COMPOSITION_SERVICE: b"\x02"}))
    link = ScriptedLink((COMPOSITION, bytes(FIRST)))
    assert play(session, link) == [FIRST]
    assert link.did == [("subscribe", COMPOSITION)]


def test_a_scale_without_either_ends_the_talk_at_once():
    """Nobody waits for a device that has nothing to subscribe to."""
    running = session(ScriptedLink(), HERE)
    assert step(anext(running)) == NOT_TOLD
    with pytest.raises(LinkError, match="neither"):
        step(anext(running))


def test_nothing_is_ever_written():
    """Nothing that could change a scale is asked of it."""
    link = ScriptedLink((WEIGHT, bytes(Frame(1))), has=(COMPOSITION,), values={WEIGHT_FEATURES: FEATURES})
    play(session, link)
    assert {deed[0] for deed in link.did} == {"read", "subscribe"}
