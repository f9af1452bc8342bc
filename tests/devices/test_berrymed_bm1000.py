"""The BerryMed BM1000: its packets, the stream they come in, one of a hundred, and the talk."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.decoder import attempt
from devices.driver import Advertisement, FrameError, uuid16
from devices.drivers.berrymed_bm1000 import (
    PACKETS_PER_S,
    SERVICE,
    SIZE,
    STREAM,
    Packet,
    Packets,
    decoder,
    matches,
    readings,
    session,
)
from devices.kinds import Kind
from devices.readings import Quality
from tests.devices.vectors import heard, numbers
from tests.play import ScriptedLink, play

HEARD = heard("berrymed_bm1000")
GOOD = Packet(98, 140, signal=7, bar=9, pleth=80, is_beep=True)

packets = st.builds(
    Packet,
    st.none() | st.integers(0, 100),
    st.none() | st.integers(0, 254),
    st.integers(0, 15),
    st.integers(0, 15),
    st.integers(0, 127),
    *[st.booleans()] * 5,
)


def fed(chunks):
    """Return what the stream says in these notifications, each packet of it."""
    stream = Packets()
    return [said for chunk in chunks for said in stream.feed(STREAM, chunk)]


def good(said):
    return [each for each in said if isinstance(each, Packet)]


def cut(data, size):
    return [data[at : at + size] for at in range(0, len(data), size)]


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_any_bytes_give_packets_or_errors(chunks):
    """No stream falls over or piles up: never more said than octets came, and less than a packet is kept."""
    stream = Packets()
    said = [each for chunk in chunks for each in stream.feed(STREAM, chunk)]
    assert len(said) <= sum(map(len, chunks))
    assert len(stream._begun) < SIZE
    for packet in good(said):
        assert Packet.from_bytes(bytes(packet)) == packet
        readings(packet, HEARD)


@given(packets)
def test_what_the_twin_says_the_driver_understands(packet):
    """Encoding is the exact inverse of decoding, and only the first octet has its highest bit."""
    data = bytes(packet)
    assert Packet.from_bytes(data) == packet
    assert [octet >> 7 for octet in data] == [1, 0, 0, 0, 0]


@given(st.lists(packets, min_size=1, max_size=12), st.integers(1, 23), st.integers(0, 4))
def test_a_stream_is_the_same_however_it_is_cut(sent, size, late):
    """Whoever joins in the middle of a packet loses that one, without an error; every other comes whole."""
    data = b"".join(map(bytes, sent))[late:]
    said = fed(cut(data, size))
    assert said == sent[1 if late else 0 :]


def test_a_lost_octet_costs_one_packet():
    """The next highest bit begins anew, and the broken packet is an error."""
    data = bytes(GOOD)[:-1] + bytes(GOOD)
    bad, packet = fed([data])
    assert isinstance(bad, FrameError)
    assert packet == GOOD


def test_the_captured_layouts_stream_has_three_packets():
    """The shared vector joins in mid-packet: three octets are passed over, then come three packets."""
    said = fed([bytes.fromhex("0649628737064962873a074962873c074962")])
    assert [(packet.spo2, packet.pulse, packet.pleth) for packet in said] == [
        (98, 73, 0x37),
        (98, 73, 0x3A),
        (98, 73, 0x3C),
    ]


@pytest.mark.parametrize("spo2", [101, 110, 126])
def test_a_number_that_cannot_be_is_a_shifted_packet(spo2):
    """There is no checksum: an SpO2 above 100 % that isn't the word for none is refused."""
    packet = attempt(Packet.from_bytes, bytes.fromhex("87370649") + bytes((spo2,)))
    assert isinstance(packet, FrameError)


def test_of_a_hundred_packets_one_is_a_frame():
    """Ten seconds of stream, in whatever pieces, are ten frames: the first of each hundred."""
    seconds = [Packet(80 + second, 60) for second in range(10)]
    data = b"".join(bytes(packet) * PACKETS_PER_S for packet in seconds)
    decode = decoder()
    said = [each for chunk in cut(data, 19) for each in decode.feed(STREAM, chunk)]
    assert said == seconds


def test_an_error_is_said_and_is_no_packet_of_the_hundred():
    """Garbage neither hides nor moves the second."""
    decode = decoder()
    first = tuple(decode.feed(STREAM, bytes(GOOD)))
    (bad,) = decode.feed(STREAM, b"\x01\x02")
    rest = tuple(decode.feed(STREAM, bytes(GOOD) * 100))
    assert first == rest == (GOOD,)
    assert isinstance(bad, FrameError)


@pytest.mark.parametrize("flag", ["is_finger_missing", "is_probe_unplugged", "is_signal_lost"])
def test_without_a_finger_numbers_are_old_ones(flag):
    """What still stands on the display is not told."""
    assert readings(Packet(98, 73, **{flag: True}), HEARD) == ()


def test_what_is_no_number_is_no_reading():
    """127 and 255 and zeros; one missing number does not hide the other."""
    assert readings(Packet(None, None), HEARD) == readings(Packet(0, 0), HEARD) == ()
    assert Packet.from_bytes(bytes.fromhex("8000407f7f")) == Packet(None, None)
    assert numbers(readings(Packet(None, 254), HEARD)) == {Kind.PULSE_RATE: 254.0}
    assert numbers(readings(Packet(98, None), HEARD)) == {Kind.SPO2: 98.0}


def test_numbers_of_a_search_are_early():
    """A number while it still looks for the pulse is marked; one after it is not. Both are of a stream."""
    early, final = readings(Packet(98, 73, is_searching=True), HEARD), readings(GOOD, HEARD)
    assert {reading.quality for reading in early} == {(Quality.EARLY, Quality.POOR_SIGNAL)}
    assert {reading.quality for reading in final} == {()}
    assert all(reading.is_continuous and reading.device_time is None for reading in early + final)


def test_it_is_known_by_its_name_for_its_service_is_anybodys():
    """A printer on the same serial service is left alone, and so is a BerryMed of the standard."""
    both = frozenset({SERVICE})
    assert matches(Advertisement("a", "BerryMed\0\0", both))
    assert matches(Advertisement("a", "BerryMed"))
    assert not matches(Advertisement("a", "POS-58", both))
    assert not matches(Advertisement("a", services=both))
    assert not matches(Advertisement("a", "BerryMed", frozenset({uuid16(0x1822)})))


def test_the_talk_is_one_subscription():
    """Nothing is written; the stream is told until it ends."""
    link = ScriptedLink((STREAM, bytes(GOOD) * 4), (STREAM, bytes(GOOD) * 4))
    assert play(session, link) == [GOOD]
    assert link.did == [("subscribe", STREAM)]
