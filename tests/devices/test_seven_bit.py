"""Seven-bit frames with a sum: what Contec's family shares."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.codecs.seven_bit import (
    HEAD,
    STRAY,
    Piece,
    Splitter,
    Word,
    decode_clock,
    encode_clock,
    opened,
    pair,
    pair_bytes,
    sealed,
)
from tests.devices.vectors import wall
from tests.play import NOON

SIZES = {0x81: 4, 0x82: 2}
seven_bits = st.integers(0, 0x7F)
frames = st.sampled_from((sealed(b"\x81\x05\x06"), sealed(b"\x82")))


def size_of(begun):
    return SIZES.get(begun[0], 0)


def cut(data, places):
    """The same octets in several notifications."""
    ends = [*sorted(place % (len(data) + 1) for place in places), len(data)]
    begins = [0, *ends[:-1]]
    return [data[begin:end] for begin, end in zip(begins, ends, strict=True)]


@given(st.lists(frames, min_size=1), st.lists(st.integers(0, 99), max_size=6))
def test_frames_are_found_however_they_are_cut(said, places):
    """Each frame comes out once, whole, in its order."""
    splitter = Splitter(size_of)
    found = [piece for data in cut(b"".join(said), places) for piece in splitter.feed(data)]
    assert found == [Piece(data) for data in said]


@given(st.lists(st.binary(max_size=30), max_size=8), frames)
def test_nothing_is_lost_and_the_next_whole_frame_is_found(noise, last):
    """Whatever came before: every octet comes out once, and the frame that follows is whole."""
    splitter = Splitter(size_of)
    found = [piece for data in [*noise, last] for piece in splitter.feed(data)]
    assert b"".join(piece.data for piece in found) == b"".join(noise) + last
    assert found[-1] == Piece(last)


def test_octets_of_no_frame_say_why():
    """Without a head, behind a strange one, or broken off by the next."""
    splitter = Splitter(size_of)
    assert splitter.feed(b"\x01\x02") == [Piece(b"\x01\x02", STRAY)]
    assert splitter.feed(b"\xee\x01") == [Piece(b"\xee\x01", "nothing is known of the head 0xee")]
    assert splitter.feed(b"\x81\x05") == []
    assert splitter.feed(b"\x82\x02") == [Piece(b"\x81\x05", "cut short"), Piece(b"\x82\x02")]


@given(st.integers(HEAD, 0xFF), st.lists(seven_bits, max_size=20).map(bytes))
def test_a_word_comes_back(code, operands):
    """Encoding is the exact inverse of decoding."""
    word = Word(code, operands)
    assert Word.from_bytes(bytes(word)) == word


@given(st.integers(HEAD, 0xFF), st.lists(seven_bits, max_size=20).map(bytes), st.integers(1, 0x7F))
def test_a_wrong_sum_is_refused(code, operands, change):
    """One seven-bit octet that came through wrong changes the sum."""
    data = bytes(Word(code, operands))
    with pytest.raises(ValueError, match="the sum is"):
        opened(data[:-1] + bytes((data[-1] ^ change,)))


@pytest.mark.parametrize("data", ["", "80", "0000", "8080", "819001"])
def test_only_a_head_may_have_its_eighth_bit(data):
    """A frame is one head with seven-bit octets behind it."""
    with pytest.raises(ValueError, match="not one head"):
        opened(bytes.fromhex(data))


@given(st.integers(0, (1 << 14) - 1))
def test_a_pair_comes_back(number):
    """Fourteen bits, the low ones first."""
    data = pair_bytes(number)
    assert pair(*data) == number
    assert max(data) < HEAD


@given(
    st.datetimes(wall("2000-01-01"), wall("2127-12-31T23:59:59")).map(lambda at: at.replace(microsecond=0))
)
def test_a_clock_comes_back(moment):
    """Every second that these devices can say."""
    assert decode_clock(encode_clock(moment)) == moment


def test_what_is_no_wall_clock_is_refused():
    """A zone, a fraction, another century, another length; and a date of zeros is none."""
    for moment in (NOON, wall("2026-06-01T12:00:00.5"), wall("1999-12-31"), wall("2128-01-01")):
        with pytest.raises(ValueError, match="no wall clock"):
            encode_clock(moment)
    for number in (-1, 1 << 14):
        with pytest.raises(ValueError, match="14 bits"):
            pair_bytes(number)
    with pytest.raises(ValueError, match="5 octets"):
        decode_clock(bytes(5))
    assert decode_clock(encode_clock(None)) is None
