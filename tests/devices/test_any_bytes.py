"""The law over all drivers: any bytes are frames or FrameErrors, and never a number nobody can have."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.catalog import DRIVERS
from simulators.conformance.any_bytes import hold, hold_called
from tests.devices.vectors import long_uuid, vectors

TALKERS = [driver for driver in DRIVERS if driver.overhear is None]
CALLERS = [driver for driver in DRIVERS if driver.overhear is not None]


def said_before(driver):
    """True notifications of this driver's vectors, to be cut, joined and changed."""
    known = [bytes.fromhex(piece) for v in vectors(driver.id) for piece in v.get("chunks") or [v["hex"]]]
    return st.sampled_from(known or [b""])


@st.composite
def changed(draw, driver):
    """A true notification with some octets changed, cut short or with more behind it."""
    data = bytearray(draw(said_before(driver)))
    for place in draw(st.lists(st.integers(0, max(len(data) - 1, 0)), max_size=4)):
        data[place : place + 1] = draw(st.binary(min_size=1, max_size=1))
    return bytes(data[: draw(st.integers(0, len(data)))] if draw(st.booleans()) else data) + draw(
        st.binary(max_size=6)
    )


@pytest.mark.parametrize("driver", TALKERS, ids=lambda driver: driver.id)
@given(data=st.data())
def test_any_notifications_are_frames_or_errors(driver, data):
    """On every characteristic that it hears, in any order, true bytes, changed ones and noise."""
    char = data.draw(st.sampled_from(driver.speaks))
    pieces = st.lists(said_before(driver) | changed(driver) | st.binary(max_size=80), max_size=12)
    hold(driver, char, data.draw(pieces))


@pytest.mark.parametrize("driver", CALLERS, ids=lambda driver: driver.id)
@given(data=st.data())
def test_any_call_is_a_frame_or_an_error(driver, data):
    """The same for what is called into the room, with a key and without."""
    places = sorted({long_uuid(v["service_data"]) for v in vectors(driver.id)})
    hold_called(
        driver, data.draw(st.sampled_from(places)), data.draw(changed(driver) | st.binary(max_size=40))
    )


def test_nobody_is_left_out():
    """Every driver of the catalogue is under one of the two laws."""
    assert {*map(id, TALKERS), *map(id, CALLERS)} == set(map(id, DRIVERS))
    assert TALKERS
