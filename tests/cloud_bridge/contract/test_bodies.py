"""Bodies: a fact survives the wire unaltered, and what could not be kept or shown is refused."""

from dataclasses import replace

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_bridge.contract.alert import Alert, Because
from cloud_bridge.contract.bodies import (
    alert_body,
    alert_from,
    plan_body,
    plan_from,
    reading_body,
    reading_from,
)
from cloud_bridge.contract.errors import ContractError
from devices.identity import DeviceIdentity
from devices.kinds import CODINGS, Kind
from devices.readings import Block, Quality
from tests.given import NOON, PULSE_HIGH, SPO2_LOW, plan, reading

ALERT = Alert(
    id="spo2_low-1",
    rule="spo2_low",
    level="red",
    change="opened",
    reason="metning 84 %",
    because=Because(Kind.SPO2, (84.0,), "below", 85.0, 87.0, 91.0),
    plan_version=1,
    readings=("r1",),
    at=NOON,
)


@given(
    value=st.floats(0, 300),
    kind=st.sampled_from(Kind),
    quality=st.lists(st.sampled_from(Quality), unique=True, max_size=3).map(tuple),
    slot=st.none() | st.integers(0, 254),
    rest=st.fixed_dictionaries(
        {
            "identity": st.builds(DeviceIdentity, model=st.none() | st.text(), serial=st.none() | st.text()),
            "setting": st.sampled_from(["home", "clinic"]),
            "device_time": st.none() | st.datetimes(),
            "grade": st.none() | st.sampled_from("ABCDEUF"),
            "reference": st.none() | st.just("GLI Global 2022"),
        }
    ),
)
def test_a_reading_arrives_as_it_left(value, kind, quality, slot, rest):
    """Encoding and decoding a reading changes nothing in it."""
    one = reading(value, kind=kind, quality=quality)
    left = replace(one, user_slot=slot, **rest)
    assert reading_from(reading_body(left)) == left


def test_a_block_arrives_as_it_left():
    """Samples, gaps among them and the period survive the wire."""
    one = reading(91)
    words = {name: getattr(one, name) for name in type(one).__dataclass_fields__}
    block = Block(**words, period_s=1.0, samples=(91.0, None, 92.0))
    assert reading_from(reading_body(block)) == block


def test_a_body_says_its_coding():
    """A stranger can read the log: MDC, LOINC and the unit stand beside the value, for every kind."""
    for kind in Kind:
        said = orjson.loads(reading_body(reading(91, kind=kind)))
        coding = CODINGS[kind]
        assert (said["mdc"], tuple(said["loinc"]), said["unit"]) == (coding.mdc, coding.loinc, coding.unit)


def test_alert_and_plan_arrive_as_they_left():
    """Encoding and decoding changes nothing in them."""
    assert alert_from(alert_body(ALERT)) == ALERT
    one = plan(SPO2_LOW, PULSE_HIGH)
    assert plan_from(plan_body(one)) == one


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("id", ""),
        ("id", "two words"),
        ("id", "x" * 101),
        ("value", None),
        ("value", "many"),
        ("kind", "gossip"),
        ("measured_at", "2027-01-05T12:00:00"),
        ("measured_at", "0001-01-01T00:00:00+23:00"),
        ("quality", ["pretty"]),
    ],
)
def test_a_reading_that_could_not_be_shown_is_refused(part, value):
    """No id, no number, no zone, an unknown word: a ContractError that says so."""
    said = {**orjson.loads(reading_body(reading(91))), part: value}
    with pytest.raises(ContractError, match="no reading"):
        reading_from(orjson.dumps(said))


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"1e999"])
def test_what_is_no_number_never_becomes_one(number):
    """Some JSON writers know NaN and Infinity; a nurse never sees them."""
    sound = reading_body(reading(91.5))
    assert sound.count(b'"value":91.5') == 1
    with pytest.raises(ContractError):
        reading_from(sound.replace(b'"value":91.5', b'"value":' + number))


@given(
    st.binary(max_size=80)
    | st.recursive(st.none() | st.text() | st.integers(), st.lists).map(repr).map(str.encode)
)
def test_any_bytes_are_refused_in_one_way(data):
    """Whatever stands in a body, reading, alert and plan refuse it with a ContractError and nothing else."""
    for decode in (reading_from, alert_from, plan_from):
        with pytest.raises(ContractError):
            decode(data)
