"""The Lung Monitor: golden bytes, laws of the frame, meaning."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.codecs.lung_monitor import _NUMBERS, ETX, STX, Blow, Order, Reply
from devices.codecs.terminal_io import COMPANY, FROM_DEVICE, PACKET_SIZE_MAX, SERVICE, TO_DEVICE, Grant
from devices.driver import Advertisement, FrameError
from devices.drivers.vitalograph import DRIVER, FRAME_SIZE_MAX, decoder, matches, readings
from devices.kinds import Kind
from devices.readings import Quality
from tests.devices.vectors import decoded, heard, numbers, vectors, wall
from tests.play import NOON

HEARD = heard("vitalograph")
SPARSE = Blow(
    "G", "1234567VIT", "260601140000", False, "912", fev1_l=1.65, fev6_l=2.9, fev1_fev6_percent=57.0
)
BLOW = Blow.from_bytes(bytes(SPARSE))
"""The same with a zero wherever it has no number, as the device would say it."""

FIELDS = {
    "pef_lpm": "pef_l_min", "fev1_l": "fev1_l", "fev6_l": "fev6_l", "fev1_fev6_pct": "fev1_fev6_percent",
    "fef2575_lps": "fef25_75_l_s", "fev1_personal_best_l": "fev1_best_l",
    "fev1_pct_pb": "fev1_percent_of_best", "pef_personal_best_lpm": "pef_best_l_min",
    "green_pct": "green_percent", "yellow_pct": "yellow_percent",
    "orange_pct": "orange_percent", "device_id": "device_id", "model": "model", "device_code": "model",
    "credits": "count",
}  # fmt: skip


def packets(data):
    """A frame as it comes over the air."""
    return [data[at : at + PACKET_SIZE_MAX] for at in range(0, len(data), PACKET_SIZE_MAX)]


def heard_in(*notifications):
    ear = decoder()
    return [said for data in notifications for said in ear.feed(FROM_DEVICE, data)]


def check(frame, key, value):
    """Hold one word of a vector against the frame."""
    match key:
        case "timestamp":
            assert frame.device_time == (value and wall(value))
        case "good_test":
            assert frame.is_poor is not value
        case "software":
            assert frame.software == str(value)
        case "fev1_fev6_ratio":
            assert frame.fev1_fev6_percent == pytest.approx(100 * value)
        case "command":
            assert isinstance(frame, Order | Reply)
        case _:
            assert getattr(frame, FIELDS[key]) == value


def test_golden_vectors_mean_what_they_say():
    """Every vector is one frame with its words, which says itself in the same bytes; or it is refused."""
    good = bad = 0
    for vector in vectors("vitalograph"):
        (said, *_) = decoded(DRIVER, vector)
        if "error" in vector["expected"]:
            assert isinstance(said, FrameError)
            bad += 1
            continue
        assert bytes(said).hex() == vector["hex"]
        for key, value in vector["expected"].items():
            check(said, key, value)
        good += 1
    assert (good, bad) == (12, 9)


@given(st.lists(st.tuples(st.sampled_from(DRIVER.speaks), st.binary(max_size=90)), max_size=8))
def test_any_bytes_give_frames_or_frame_errors(said):
    """Nothing that a stranger can send makes the decoder or the meaning fall over."""
    ear = decoder()
    for char, data in said:
        for frame in ear.feed(char, data):
            if not isinstance(frame, FrameError):
                assert type(frame).from_bytes(bytes(frame)) == frame
                readings(frame, HEARD)


words = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=10, max_size=10)


@st.composite
def blows(draw):
    """Any blow that either model can tell."""
    model = draw(st.sampled_from("GF"))
    told = {name: draw(st.integers(0, 999)) / parts for name, parts in _NUMBERS[model]}
    clock = draw(st.text("0123456789", min_size=12, max_size=12))
    return Blow(model, draw(words), clock, draw(st.booleans()), draw(words)[:3], **told)


@given(blows(), st.lists(st.integers(0, 71), max_size=5))
def test_a_blow_cut_anywhere_is_understood(blow, cuts):
    """Encoding is the exact inverse of decoding, however the radio cuts it."""
    data = bytes(blow)
    places = [0, *sorted(cuts), len(data)]
    pieces = [data[begin:end] for begin, end in pairwise(places)]
    assert heard_in(*pieces) == [blow]


@given(st.binary(max_size=60).filter(lambda noise: STX not in noise), st.integers(1, 70))
def test_it_finds_its_feet_again(noise, cut):
    """Noise, then a record that breaks off, then a whole one: errors, and the whole one."""
    *before, last = heard_in(noise, bytes(BLOW)[:cut], *packets(bytes(BLOW)))
    assert last == BLOW
    assert all(isinstance(said, FrameError | Reply) for said in before)
    assert any(isinstance(said, FrameError) for said in before)


def test_a_text_without_end_is_given_up():
    """Who never says ETX does not fill the memory."""
    said = heard_in(bytes((STX,)), *[b"0" * PACKET_SIZE_MAX] * 100)
    assert said
    assert all(isinstance(each, FrameError) for each in said)
    assert max(len(each.data) for each in said) <= FRAME_SIZE_MAX + 1


@given(st.integers(0, 70), st.integers(1, 255))
def test_no_wrong_octet_becomes_a_number(place, change):
    """One octet that came through wrong is never a blow: the XOR, or the frame around it, says so."""
    data = bytearray(bytes(BLOW))
    data[place] ^= change
    assert not any(isinstance(said, Blow) for said in heard_in(bytes(data)))


def test_zero_is_no_number():
    """A best or a percentage that nobody has set yet is silence, not nought; so is a failed blow."""
    blow = replace(BLOW, fev1_best_l=0.0, fev1_percent_of_best=0.0, pef_l_min=0.0)
    assert numbers(readings(blow, HEARD)) == {Kind.FEV1: 1.65, Kind.FEV6: 2.9, Kind.FEV1_FEV6: 57.0}
    assert readings(replace(blow, fev1_l=0.0, fev6_l=0.0, fev1_fev6_percent=0.0), HEARD) == ()


def test_a_ratio_above_one_is_no_number():
    """Nobody blows more in one second than in six."""
    assert Kind.FEV1_FEV6 not in numbers(readings(replace(BLOW, fev1_fev6_percent=101.0), HEARD))
    assert Kind.FEV1_FEV6 in numbers(readings(replace(BLOW, fev1_fev6_percent=100.0), HEARD))


def test_a_poor_blow_is_told_as_one():
    """The device's own word about the effort goes with what was blown; its best is of another day."""
    poor = replace(BLOW, is_poor=True, fev1_best_l=3.8, fev1_percent_of_best=43.0)
    quality = {reading.kind: reading.quality for reading in readings(poor, HEARD)}
    assert quality.pop(Kind.FEV1_BEST) == ()
    assert set(quality.values()) == {(Quality.POOR_EFFORT,)}
    assert not any(reading.quality for reading in readings(replace(poor, is_poor=False), HEARD))


def test_a_percentage_says_whose_it_is():
    """The device's percentages are of the device's bests; what was blown is compared with nothing."""
    blow = replace(BLOW, fev1_percent_of_best=43.0, pef_percent_of_best=60.0)
    reference = {reading.kind: reading.reference for reading in readings(blow, HEARD)}
    assert reference.pop(Kind.FEV1_PERCENT_BEST) == reference.pop(Kind.PEF_PERCENT_BEST) == "device"
    assert set(reference.values()) == {None}


@pytest.mark.parametrize("off_s", [-86_400, -901, 301, 86_400])
def test_a_clock_that_is_off_is_not_believed(off_s):
    """A blow is told at once: where the device's clock says another hour, the arrival stands, with a flag."""
    moment = NOON.replace(hour=14) + timedelta(seconds=off_s)
    (reading, *_) = readings(replace(BLOW, clock=moment.strftime("%y%m%d%H%M%S")), HEARD)
    assert (reading.measured_at, reading.quality) == (NOON, (Quality.TIME_UNCERTAIN,))
    assert reading.device_time == moment.replace(tzinfo=None)


@pytest.mark.parametrize("off_s", [-900, 0, 300])
def test_a_clock_that_is_right_is_believed(off_s):
    """Minutes between a blow and its arrival are the blow's; the device knows better than we when it was."""
    moment = NOON.replace(hour=14) + timedelta(seconds=off_s)
    (reading, *_) = readings(replace(BLOW, clock=moment.strftime("%y%m%d%H%M%S")), HEARD)
    assert (reading.measured_at, reading.quality) == (NOON + timedelta(seconds=off_s), ())


def test_a_hub_without_a_clock_believes_the_device():
    """Who stands in 1970 has nothing better."""
    listener = replace(HEARD, received_at=datetime(1970, 1, 1, tzinfo=UTC))
    (reading, *_) = readings(BLOW, listener)
    assert (reading.measured_at, reading.quality) == (NOON, ())


@pytest.mark.parametrize("clock", ["000000000000", "260230120000", "260601250000"])
def test_a_lost_date_keeps_the_blow(clock):
    """A clock that can't be read costs the time, not the numbers."""
    (reading, *_) = readings(replace(BLOW, clock=clock), HEARD)
    assert (reading.kind, reading.measured_at, reading.device_time) == (Kind.FEV1, NOON, None)


def test_credits_are_no_reading():
    """What only keeps the line going means nothing about anybody."""
    assert all(readings(frame, HEARD) == () for frame in (Grant(64), Reply(is_good=True), Order("G", "DI")))


def test_each_direction_is_a_stream_of_its_own():
    """An order that we write in the middle of a record leaves the record whole."""
    ear, data = decoder(), bytes(BLOW)
    assert list(ear.feed(FROM_DEVICE, data[:30])) == []
    assert list(ear.feed(TO_DEVICE, b"\x06")) == [Reply(is_good=True)]
    assert list(ear.feed(FROM_DEVICE, data[30:])) == [BLOW]
    assert data[-2] == ETX


def test_only_a_lung_monitor_is_taken():
    """Terminal I/O alone is somebody else's too (PARI), and the name alone may be the classic model."""
    terminal = {COMPANY: bytes.fromhex("09b0000101")}
    for name in ("LUNG_1234", "Lung Monitor", "BT Smart", "LUNG4000", "Vitalograph"):
        assert matches(Advertisement("a", name, services=frozenset({SERVICE})))
        assert matches(Advertisement("a", name, manufacturer_data=terminal))
        assert not matches(Advertisement("a", name, manufacturer_data={COMPANY: b"\x01\x02"}))
    assert not matches(Advertisement("a", "SpiroSense", frozenset({SERVICE}), manufacturer_data=terminal))
    assert not matches(Advertisement("a", services=frozenset({SERVICE})))
