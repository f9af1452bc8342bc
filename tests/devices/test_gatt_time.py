"""The Bluetooth SIG's Date Time."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.codecs.gatt_time import decode_date_time, encode_date_time
from tests.devices.vectors import wall


@given(st.datetimes(wall("1582-01-01")).map(lambda at: at.replace(microsecond=0)))
def test_a_wall_clock_survives_the_way_out_and_back(moment):
    """Encoding is the exact inverse of decoding."""
    assert decode_date_time(encode_date_time(moment)) == moment


@pytest.mark.parametrize("data", ["00000000121a20", "00000301080f1e", "ea070001080f1e", "ea070300080f1e"])
def test_a_zero_date_is_unknown(data):
    """Year, month or day 0 means that the device doesn't know; that is no error."""
    assert decode_date_time(bytes.fromhex(data)) is None
    assert decode_date_time(encode_date_time(None)) is None


@pytest.mark.parametrize(
    "data", ["ea070d01080f1e", "ea07021e080f1e", "ea070301180f1e", "ea0703010800ff", "0100030108001e"]
)
def test_an_impossible_date_is_an_error(data):
    """Month 13, 30 February, hour 24, second 255, the year 1."""
    with pytest.raises(ValueError, match=r"month|day|hour|second|year"):
        decode_date_time(bytes.fromhex(data))


@given(st.binary(max_size=9))
def test_any_bytes_give_a_time_or_a_value_error(data):
    """Nothing else comes out, and only seven bytes are a time."""
    try:
        decode_date_time(data)
    except ValueError:
        return
    assert len(data) == 7


@pytest.mark.parametrize(
    "moment", [datetime(2026, 1, 1, tzinfo=UTC), wall("2026-01-01T00:00:00.000001"), wall("1500-01-01")]
)
def test_what_is_no_wall_clock_is_not_written(moment):
    """A zone, a fraction or a year before 1582 would be lost on the way."""
    with pytest.raises(ValueError, match="no wall clock"):
        encode_date_time(moment)
