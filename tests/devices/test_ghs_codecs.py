"""The formats of the Generic Health Sensor Service: segments, observations of every class, elapsed time."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.codecs.elapsed_time import EPOCH, ElapsedTime, elapsed_at
from devices.codecs.ghs import HEAD_SIZE, Bundle, Observation, flat
from devices.codecs.ghs_frames import Clock, Control, Live, Stored
from devices.codecs.ghs_segments import BODY_SIZE_MAX, Assembler, Lost, segments
from devices.codecs.ghs_values import (
    Attribute,
    Attributes,
    Component,
    Compound,
    Discrete,
    Events,
    Numeric,
    Samples,
    States,
    Text,
)
from devices.codecs.ieee11073 import decode_float
from tests.devices.vectors import OSLO, vectors, wall

FEV1 = Observation(Numeric(0x0640, 2.31), 152586)
LONG = Observation(Text("breathe " * 30), 152586)

u8, u16, u32 = (st.integers(0, 256**size - 1) for size in (1, 2, 4))
floats = st.binary(min_size=4, max_size=4).map(decode_float)
octets = st.binary(max_size=12)
numerics = st.builds(Numeric, u16, floats)
samples = st.integers(1, 4).flatmap(
    lambda size: st.builds(Samples, u16, floats, floats, floats, u8, st.just(size),
                           octets.map(lambda data: data[: len(data) // size * size]))
)  # fmt: skip
events = st.builds(Events, st.lists(u32, max_size=4).map(tuple))
states = octets.map(lambda data: States(data, data[::-1], bytes(len(data))))
simple = (
    numerics | st.builds(Discrete, u32) | st.builds(Text, st.text(max_size=9)) | samples | events | states
)
compounds = st.lists(st.builds(Component, u32, simple), max_size=4).map(lambda each: Compound(tuple(each)))
attributes = st.lists(st.builds(Attribute, u32, u8, octets), max_size=3).map(tuple)
times = st.builds(
    ElapsedTime,
    st.integers(0, 2**48 - 1),
    st.integers(0, 3),
    st.booleans(),
    st.booleans(),
    st.none() | st.integers(-128, 127),
    st.booleans(),
    u8,
)
codes = st.lists(u32, max_size=3).map(tuple)


def observations(values):
    heads = {"status": u16, "object_id": u32, "patient": u8, "mdc": u32, "time": times, "duration_s": floats}
    return st.builds(
        Observation,
        values,
        **{name: st.none() | field for name, field in heads.items()},
        supplements=codes,
        derived_from=codes,
        members=codes,
        attributes=attributes,
    )


singles = observations(simple | compounds | attributes.map(Attributes))
bundles = observations(st.lists(singles, max_size=4).map(lambda each: Bundle(tuple(each))))


@given(singles | bundles)
def test_every_observation_survives_out_and_back(observation):
    """Every class, with every field of the head or without: encoding is the inverse of decoding."""
    assert Observation.from_bytes(bytes(observation)) == observation
    assert list(flat(observation)) == list(flat(Observation.from_bytes(bytes(observation))))


@given(u32, singles, st.sampled_from([0x01, 0x02, 0x80, 0x81, 0x82]), times, u8)
def test_every_other_frame_survives_out_and_back(record, observation, op, time, bits):
    """Live, stored, a word of control, a clock."""
    for frame in (Live(observation), Stored(record, observation), Control(op), Clock(time, bits, bits)):
        assert type(frame).from_bytes(bytes(frame)) == frame


def taken(decode, data):
    """What is decoded, or None where it is refused."""
    try:
        return decode(data)
    except ValueError:
        return None


@given(st.binary(max_size=80))
def test_any_bytes_give_an_observation_or_a_value_error(data):
    """No bytes a stranger can send make a format fall over in any other way."""
    for decode in (Observation.from_bytes, Stored.from_bytes, Clock.from_bytes, Control.from_bytes):
        said = taken(decode, data)
        assert said is None or decode(bytes(said)) == said


@given(bundles, st.data())
def test_a_changed_octet_gives_an_observation_or_a_value_error(bundle, data):
    """Nearly right is more dangerous than wrong: lengths and counts that lie are met too."""
    raw = bytearray(bytes(bundle))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    said = taken(Observation.from_bytes, bytes(raw))
    assert said is None or Observation.from_bytes(bytes(said)) == said


@given(st.binary(min_size=1, max_size=400), st.integers(0, 63), st.integers(2, 30))
def test_segments_come_together_again(body, counter, size_max):
    """Whatever the length and wherever the counter stands, also over its end."""
    data = b"\x08" + len(body).to_bytes(2, "little") + body
    cut = list(segments(data, counter, size_max=size_max))
    assert all(len(segment) <= size_max for segment in cut)
    assembler = Assembler()
    assert [whole for segment in cut for whole in assembler.feed(segment)] == [data]


@given(st.lists(st.binary(max_size=40), max_size=40), st.sampled_from([0, 4]))
def test_an_assembler_is_bounded_and_recovers_from_anything(noise, prefix_size):
    """After any noise a whole observation comes through, and meanwhile no more is held than is allowed."""
    assembler = Assembler(prefix_size)
    for each in noise:
        assembler.feed(each)
        held = assembler._begun or b""
        assert len(held) <= prefix_size + HEAD_SIZE + BODY_SIZE_MAX
    data = bytes(prefix_size) + bytes(LONG)
    said = [each for segment in segments(data, 7) for each in assembler.feed(segment)]
    assert said[-1] == data
    assert all(isinstance(each, Lost) for each in said[:-1])
    assert len(said) <= 2


@pytest.mark.parametrize("missing", range(len(list(segments(bytes(LONG), 60)))))
def test_any_lost_segment_loses_its_observation_and_no_other(missing):
    """One error for one loss, wherever the gap is; the next observation is good."""
    cut = list(segments(bytes(LONG), 60))
    del cut[missing]
    after = list(segments(bytes(FEV1), 60 + len(cut) + 1))
    assembler = Assembler()
    said = [each for segment in cut + after for each in assembler.feed(segment)]
    assert [isinstance(each, Lost) for each in said] == [True, False]
    assert said[-1] == bytes(FEV1)


def test_an_announced_length_is_believed_but_for_one_octet():
    """A sensor that says ten and sends without end is cut off at eleven: ST's own counts one too few."""
    assembler = Assembler()
    assert assembler.feed(b"\x01\x08\x0a\x00" + bytes(11)) == ()
    (lost,) = assembler.feed(b"\x04\x00")
    assert "longer than it announces" in lost.reason
    assert assembler.feed(b"\x08" + bytes(100)) == (), "the rest of what is lost is not lost again"


def test_each_lost_observation_is_told_once():
    """The rest of a lost one is silence; a second one without a beginning is another loss."""
    assembler = Assembler()
    headless = [b"\x04a", b"\x08b", b"\x0ec", b"\x10d", b"\x16e"]
    assert [len(assembler.feed(segment)) for segment in headless] == [1, 0, 0, 1, 0]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (bytes(FEV1)[HEAD_SIZE:] + b"\0", "1 octets more than its fields need"),
        (b"\0\0" + bytes(14) + b"\x01\x00" + bytes(4), "samples of no octets"),
    ],
)
def test_what_fills_its_length_but_not_its_fields_is_refused(body, reason):
    """A length that fits the octets must fit the meaning too."""
    number = 0x01 if "fields" in reason else 0x04
    with pytest.raises(ValueError, match=reason):
        Observation.from_bytes(bytes((number,)) + len(body).to_bytes(2, "little") + body)


def test_claims_cost_nothing():
    """Samples that say to be eight thousand million are refused for want of them."""
    value = bytes(14) + b"\x01\x02" + b"\xff" * 4
    body = b"\x00\x00" + value
    with pytest.raises(ValueError, match="middle of a field"):
        Observation.from_bytes(b"\x04" + len(body).to_bytes(2, "little") + body)


def test_members_take_from_their_bundle_what_they_leave_out():
    """Time, type, patient; doubts and remarks of both; and what a member says itself stands."""
    time, own = ElapsedTime(1, is_utc=True), ElapsedTime(2, is_utc=True)
    members = (
        Observation(Numeric(0x0640, 2.31)),
        Observation(Numeric(0x0640, 3.55), 188928, own, status=1, patient=2, supplements=(5,)),
    )
    bundle = Observation(Bundle(members), 152586, time, status=2, patient=1, supplements=(4,))
    first, second = flat(bundle)
    assert (first.mdc, first.time, first.patient, first.status) == (152586, time, 1, 2)
    assert (second.mdc, second.time, second.patient, second.status) == (188928, own, 2, 3)
    assert (first.supplements, second.supplements) == ((4,), (4, 5))
    assert next(flat(Observation(Bundle((FEV1,))))).status is None


def test_a_compound_is_its_components():
    """Each component has its own code and the head of the whole."""
    parts = (Component(1, Discrete(9)), Component(2, Numeric(0x0640, 1.0)))
    told = list(flat(Observation(Compound(parts), 152586, patient=1)))
    assert [(one.mdc, one.value, one.patient) for one in told] == [
        (1, parts[0].value, 1),
        (2, parts[1].value, 1),
    ]


SUMMER = wall("2026-06-01T14:00")
STEPS = int((datetime(2026, 6, 1, 12, tzinfo=UTC) - EPOCH.replace(tzinfo=UTC)).total_seconds())


@pytest.mark.parametrize(
    ("time", "shown"),
    [
        (ElapsedTime(STEPS, is_utc=True), SUMMER),
        (ElapsedTime(STEPS * 10_000 + 9_999, 3, is_utc=True), SUMMER),
        (ElapsedTime(STEPS + 7200, quarters=8), SUMMER),
        (ElapsedTime(STEPS + 3600, quarters=4), SUMMER),  # still by its winter time
        (ElapsedTime(STEPS - 12_600, quarters=-14), SUMMER),  # bought in Newfoundland
        (ElapsedTime(STEPS + 7200), SUMMER),
        (ElapsedTime(STEPS + 7200, quarters=-128), SUMMER),  # a zone that it doesn't know
        (ElapsedTime(STEPS, is_utc=True, quarters=8), SUMMER),  # the zone is said beside UTC
        (ElapsedTime(STEPS, is_tick=True), None),
        (ElapsedTime(2**48 - 1), None),
        (ElapsedTime(252_455_615_999, is_utc=True), None),
    ],
)
def test_a_device_time_becomes_the_homes_wall_clock(time, shown):
    """UTC and zones are instants, a bare local time is the home's, ticks and absurd years are no time."""
    assert time.wall_clock(OSLO) == shown


@given(st.datetimes(wall("2000-01-01"), wall("2099-12-31")), st.integers(0, 3))
def test_a_wall_clock_survives_out_and_back(moment, resolution):
    """What a clock is set to is what it shows, in whole seconds, in every resolution."""
    moment = moment.replace(microsecond=0)
    assert elapsed_at(moment, resolution=resolution).wall_clock(OSLO) == moment
    there = timezone(timedelta(hours=1))
    assert elapsed_at(moment, quarters=4).wall_clock(there) == moment


def test_only_a_clock_that_asks_and_keeps_a_plain_time_is_set():
    """A hub that knows no zone must not set a clock that counts UTC, or one that wants a zone."""
    plain = Clock(ElapsedTime(5, resolution=2), status=1, capabilities=3)
    assert plain.set_to(SUMMER) == Clock(elapsed_at(SUMMER, resolution=2), status=0, capabilities=3)
    for time in (ElapsedTime(5, is_utc=True), ElapsedTime(5, is_tick=True), ElapsedTime(5, quarters=0)):
        assert Clock(time, status=1, capabilities=3).set_to(SUMMER) is None
    assert Clock(ElapsedTime(5), status=0b1110, capabilities=3).set_to(SUMMER) is None


def test_a_stray_octet_is_forgiven_behind_the_time_of_a_bundle_and_nowhere_else():
    """The vendor's demonstration is read; any other observation that is too long is refused."""
    found = {vector["id"]: bytes.fromhex(vector["hex"])[1:] for vector in vectors("generic_health_sensor")}
    assert Observation.from_bytes(found["v0089"]) == Observation.from_bytes(found["c-st-1"])
    with pytest.raises(ValueError, match="more than"):
        Observation.from_bytes(found["c-st-1"] + b"\x00\x00")
    with pytest.raises(ValueError, match="1 octets more"):
        Observation.from_bytes(bytes(FEV1) + b"\x00")
