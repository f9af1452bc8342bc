"""IEEE 11073 numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.codecs.ieee11073 import decode_float, decode_sfloat, encode_float, encode_sfloat

WORDS = (0x7FE, 0x7FF, 0x800, 0x801, 0x802)


def test_every_sfloat_there_is_survives_the_way_out_and_back():
    """All 65,536 words: what decodes to a number encodes to the same number again."""
    walked = 0
    for word in range(1 << 16):
        value = decode_sfloat(word.to_bytes(2, "little"))
        assert decode_sfloat(encode_sfloat(value)) == value
        walked += 1
    assert walked == 65_536


def test_a_word_is_never_a_number_whatever_its_exponent():
    """NaN, NRes, both infinities and the reserved word have no value, with any of the 16 exponents."""
    for exponent in range(16):
        for mantissa in WORDS:
            assert decode_sfloat((exponent << 12 | mantissa).to_bytes(2, "little")) is None


def test_the_neighbours_of_the_words_are_numbers():
    """2045 and -2045 are the last mantissas that mean themselves."""
    assert decode_sfloat((0x7FD).to_bytes(2, "little")) == 2045.0
    assert decode_sfloat((0x803).to_bytes(2, "little")) == -2045.0


def test_the_five_words_of_float_have_no_value():
    """The same five words in 24 bits."""
    for mantissa in (0x7FFFFE, 0x7FFFFF, 0x800000, 0x800001, 0x800002):
        assert decode_float(mantissa.to_bytes(4, "little")) is None
    assert decode_float((0x7FFFFD).to_bytes(4, "little")) == 8_388_605.0


def test_decimals_are_exact():
    """What the device says as 2.3 or 36.4 is the float that Python writes as 2.3 or 36.4."""
    assert decode_sfloat(bytes.fromhex("17f0")) == 2.3
    assert decode_float(bytes.fromhex("6c0100ff")) == 36.4


def test_whole_numbers_are_said_as_devices_say_them():
    """A hundred is 100 with exponent 0, not 1 with exponent 2."""
    assert encode_sfloat(100.0).hex() == "6400"


@given(st.binary(min_size=4, max_size=4))
def test_any_float_survives_the_way_out_and_back(data):
    """Encoding is the exact inverse of decoding."""
    value = decode_float(data)
    assert decode_float(encode_float(value)) == value


@pytest.mark.parametrize("value", [94.123, 2046.0, 2.1e10, 1e-9, float("nan"), float("inf")])
def test_a_number_that_cannot_be_said_exactly_is_refused(value):
    """Nothing is rounded in silence, and no number becomes a word."""
    with pytest.raises(ValueError, match=r"can't be said|no number"):
        encode_sfloat(value)


def test_a_number_of_the_wrong_length_is_refused():
    """Two octets or four, nothing else."""
    with pytest.raises(ValueError, match="1 octets instead of 2"):
        decode_sfloat(b"\x01")
    with pytest.raises(ValueError, match="5 octets instead of 4"):
        decode_float(bytes(5))
