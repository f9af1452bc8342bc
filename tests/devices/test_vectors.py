"""Every vector file against its driver: what was once heard is understood, what was refused still is."""

import json

import pytest

from devices.catalog import DRIVERS
from devices.driver import FrameError, Told
from tests.devices.vectors import (
    FOLDER,
    ORIGINS,
    advertisement_in,
    decoded,
    heard,
    long_uuid,
    meant_by,
    vectors,
)

BY_ID = {driver.id: driver for driver in DRIVERS}

POSITIVE_MIN, NEGATIVE_MIN = 1, 3

EVERY = [(driver_id, vector) for driver_id in BY_ID for vector in vectors(driver_id)]


@pytest.mark.parametrize(
    ("driver_id", "vector"), EVERY, ids=[f"{driver_id}:{vector['id']}" for driver_id, vector in EVERY]
)
def test_a_vector_means_what_it_says(driver_id, vector):
    """Bytes with readings give exactly these; those that break the protocol a FrameError that says why."""
    driver = BY_ID[driver_id]
    said = decoded(driver, vector)
    errors = [each for each in said if isinstance(each, FrameError)]
    if reason := vector["expected"].get("error"):
        assert errors, "the bytes were taken for good"
        assert reason in str(errors[0])
        return
    assert not errors, errors
    listener = heard(driver_id)
    told = [(one.kind, one.value) for frame in said for one in driver.readings(frame, listener)]
    assert sorted(told) == meant_by(vector)


@pytest.mark.parametrize("driver_id", BY_ID)
def test_each_driver_has_good_and_bad_vectors(driver_id):
    """At least one that gives a reading and three that must be refused; each with an origin and a source."""
    found = vectors(driver_id)
    assert sum(bool(vector.get("readings")) for vector in found) >= POSITIVE_MIN
    assert sum("error" in vector["expected"] for vector in found) >= NEGATIVE_MIN
    assert all(vector["origin"] in ORIGINS and vector["source"] for vector in found)
    assert len({vector["id"] for vector in found}) == len(found)


def test_no_vector_file_is_without_its_driver():
    """A file that nobody reads proves nothing."""
    assert {file.stem for file in FOLDER.glob("*.json")} == set(BY_ID)


@pytest.mark.parametrize("driver", DRIVERS, ids=lambda driver: driver.id)
def test_captured_is_said_only_with_a_capture(driver):
    """Whoever calls a driver captured can show the real bytes."""
    real = [vector for vector in vectors(driver.id) if vector["origin"] in ("capture", "source-comment")]
    assert driver.tier != "captured" or real


def test_advertisements_are_vectors_too():
    """Service data, an address and a bind key stand for one advertisement."""
    vector = json.loads('{"service_data": "0x181B", "hex": "0204", "address": "A0:00:00:00:00:01"}')
    seen, told = advertisement_in(vector)
    assert seen.service_data == {long_uuid("0x181B"): b"\x02\x04"}
    assert (seen.address, told) == ("A0:00:00:00:00:01", Told())
