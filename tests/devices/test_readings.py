"""Identity of readings, and the time we believe."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.kinds import CODINGS, PLAUSIBLE, Kind
from devices.readings import (
    CLOCK_AHEAD_S_MAX,
    NOT_JUDGED,
    Heard,
    Quality,
    believed_time,
    reading_id,
    reading_of,
)
from tests.devices.vectors import OSLO, heard, wall
from tests.play import NOON

SAID = wall("2026-06-01T13:55")
NOBODYS_TIME = datetime(1970, 1, 1, 0, 3, tzinfo=UTC)


def heard_at(moment):
    return heard("pulse_oximeter", received_at=moment)


@given(st.integers(0, 10**7))
def test_when_we_heard_it_is_no_part_of_what_was_said(delay_s):
    """The same record read at any later time is the same reading."""
    first = reading_of(Kind.SPO2, 91.0, heard_at(NOON), device_time=SAID)
    again = reading_of(Kind.SPO2, 91.0, heard_at(NOON + timedelta(seconds=delay_s)), device_time=SAID)
    assert again.id == first.id


def test_each_part_of_what_was_said_makes_another_reading():
    """Device, kind, value and the device's own time: change one, and it is another fact."""
    parts = [
        ("a", Kind.SPO2, 91.0, SAID),
        ("b", Kind.SPO2, 91.0, SAID),
        ("a", Kind.PULSE_RATE, 91.0, SAID),
        ("a", Kind.SPO2, 91.5, SAID),
        ("a", Kind.SPO2, 91.0, SAID + timedelta(seconds=1)),
    ]
    assert len({reading_id(*part) for part in parts}) == len(parts)


def test_a_whole_number_is_the_same_fact_as_int_and_as_float():
    """91 and 91.0 are one value, however a driver came by it."""
    assert reading_id("a", Kind.SPO2, 91, SAID) == reading_id("a", Kind.SPO2, 91.0, SAID)


def test_a_device_without_a_clock_has_the_second_of_arrival():
    """Told twice within a second is once; a second later it is another fact."""
    first = reading_of(Kind.SPO2, 91.0, heard_at(NOON))
    soon = reading_of(Kind.SPO2, 91.0, heard_at(NOON + timedelta(milliseconds=900)))
    later = reading_of(Kind.SPO2, 91.0, heard_at(NOON + timedelta(seconds=1)))
    assert first.id == soon.id != later.id
    assert first.quality == ()


def test_a_place_in_the_memory_stands_for_a_time_that_nobody_says():
    """Told at every visit it is one fact, two records are two; beside a time the place says nothing."""
    told = [
        reading_of(Kind.FEV1, 2.31, heard_at(NOON + timedelta(days=day)), record=record)
        for day, record in ((0, 7), (30, 7), (0, 8))
    ]
    assert told[0].id == told[1].id != told[2].id
    timed = [reading_of(Kind.FEV1, 2.31, heard_at(NOON), device_time=SAID, record=n) for n in (7, None)]
    assert timed[0].id == timed[1].id


def test_a_disbelieved_clock_still_tells_facts_apart():
    """An unset clock gives no time, yet two records with two of its times are two facts."""
    parts = [wall("2026-01-01T00:01"), wall("2026-01-01T00:02")]
    told = [reading_of(Kind.SPO2, 91.0, heard_at(NOON), device_time=at, is_clock_set=False) for at in parts]
    assert told[0].id != told[1].id
    assert {reading.measured_at for reading in told} == {NOON}
    assert all(reading.quality == (Quality.TIME_UNCERTAIN,) for reading in told)


def test_a_believed_time_is_in_utc_whatever_the_zone():
    """Instants of ours are compared and subtracted; two in one local zone would be so by wall clock."""
    believed = believed_time(SAID, heard_at(NOON))
    assert believed == NOON - timedelta(minutes=5)
    assert believed.tzinfo is UTC


def test_a_device_ahead_of_us_is_not_believed_beyond_five_minutes():
    """A future that is a little off is a sloppy clock; one that is far off is a wrong one."""
    edge = wall("2026-06-01T14:00") + timedelta(seconds=CLOCK_AHEAD_S_MAX)
    assert believed_time(edge, heard_at(NOON)) == NOON + timedelta(seconds=CLOCK_AHEAD_S_MAX)
    assert believed_time(edge + timedelta(seconds=1), heard_at(NOON)) is None


def test_a_hub_without_a_clock_believes_the_device():
    """In 1970 everything lies ahead; the device's word is the best there is."""
    reading = reading_of(Kind.SPO2, 91.0, heard_at(NOBODYS_TIME), device_time=SAID)
    assert reading.measured_at == NOON - timedelta(minutes=5)
    assert reading.quality == ()


@pytest.mark.parametrize(
    "said", ["1999-12-31T23:59:59", "2025-12-31T23:59:59", "2100-01-01", "9999-12-31T23:59:59"]
)
@pytest.mark.parametrize("received_at", [NOON, NOBODYS_TIME])
@pytest.mark.parametrize("zone", ["Pacific/Honolulu", "Europe/Oslo", "Pacific/Auckland"])
def test_a_year_that_cannot_be_is_not_believed_by_any_hub(said, received_at, zone):
    """Before the house was built, or in another century: the clock is wrong, and nothing falls over."""
    listener = Heard("a", "pulse_oximeter", received_at, ZoneInfo(zone))
    reading = reading_of(Kind.SPO2, 91.0, listener, device_time=wall(said))
    assert reading.measured_at == received_at
    assert Quality.TIME_UNCERTAIN in reading.quality


def test_in_autumn_a_live_reading_is_live_in_both_passes_of_the_double_hour():
    """02:30 comes twice; heard at either, it was measured then, not an hour before or after."""
    for passed in (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)):
        listener = heard_at(passed + timedelta(seconds=20))
        assert believed_time(wall("2026-10-25T02:30"), listener) == passed


def test_in_autumn_a_clock_that_nobody_set_back_is_an_hour_ahead():
    """Still on summer time after the change: not believed, for it would lie in the future."""
    received_at = datetime(2026, 10, 25, 6, 0, tzinfo=UTC)
    assert believed_time(wall("2026-10-25T08:00"), heard_at(received_at)) is None


def test_in_spring_the_missing_hour_is_read_as_winter_time():
    """A device that nobody has set forward yet says 02:30 at 03:30."""
    received_at = datetime(2026, 3, 29, 1, 31, tzinfo=UTC)
    assert believed_time(wall("2026-03-29T02:30"), heard_at(received_at)) == received_at - timedelta(
        minutes=1
    )


def test_age_is_real_time_across_the_change_of_clocks():
    """Measured at 01:30 summer time, heard at 03:30 winter time: three hours, not two."""
    reading = reading_of(
        Kind.SPO2, 91.0, Heard("a", "x", datetime(2026, 10, 25, 3, 30, tzinfo=OSLO), OSLO),
        device_time=wall("2026-10-25T01:30"),
    )  # fmt: skip
    assert reading.age_s == 3 * 3600


def test_every_kind_is_coded():
    """A Kind without a code would be a number nobody outside can read."""
    assert set(CODINGS) == set(Kind)
    numbers = [coding.mdc for coding in CODINGS.values() if coding.mdc is not None]
    assert len(set(numbers)) == len(numbers) >= 26
    assert all(coding.unit for coding in CODINGS.values())
    assert set(Quality) > NOT_JUDGED


def test_what_no_living_person_can_have_is_invalid():
    """Broken bytes may make any number; it is kept, marked and never judged. The edges are still people."""
    assert set(PLAUSIBLE) == set(Kind)
    for kind, (least, most) in PLAUSIBLE.items():
        assert all(reading_of(kind, value, heard_at(NOON)).quality == () for value in (least, most))
        for value in (least - 0.01, most + 0.01, 1e30):
            assert reading_of(kind, value, heard_at(NOON)).quality == (Quality.INVALID,)
    assert Quality.INVALID in NOT_JUDGED
