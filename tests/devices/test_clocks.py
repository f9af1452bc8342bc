"""Device clocks: counted back from what they show now, whatever year or summer time they live in."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from devices.clocks import DeviceClock, HeardClock
from devices.kinds import Kind
from devices.readings import CLOCK_FAR_OFF_S, CLOCK_OFF_S_MAX, Heard, Quality, Reading, reading_of
from tests.devices.vectors import OSLO, heard
from tests.play import NOON

YEARS_10_S = 3652 * 86_400
STORED = (Quality.FROM_STORAGE,)
YEAR = st.datetimes(datetime(2027, 1, 1), datetime(2028, 12, 31)).map(  # noqa: DTZ001 - UTC is said behind it
    lambda at: at.replace(tzinfo=UTC, microsecond=0)
)


def local(at: datetime) -> datetime:
    """Return what a clock on the wall in Oslo shows."""
    return at.astimezone(OSLO).replace(tzinfo=None)


def hearing(now: datetime, shows: datetime, *, is_set_next: bool = False) -> Heard:
    """Return a visit in which the device's clock was read."""
    clock = HeardClock(DeviceClock(shows, is_set_next), now)
    return replace(heard("pulse_oximeter", received_at=now), clock=clock)


def told(listener: Heard, said: datetime, **more: object) -> Reading:
    """Return the reading of a device that says this time."""
    return reading_of(Kind.SPO2, 91.0, listener, device_time=said, **more)


@given(YEAR, st.integers(-YEARS_10_S, YEARS_10_S), st.integers(0, 30 * 86_400))
def test_a_clock_that_is_off_by_any_amount_dates_what_it_has_stored(now, off_s, age_s):
    """Ten years ahead or behind, over both changes of the hour: the moment is right to the minute."""
    shows = local(now) + timedelta(seconds=off_s)
    one = told(hearing(now, shows), shows - timedelta(seconds=age_s), quality=STORED)
    true = now - timedelta(seconds=age_s)
    if abs(off_s) > CLOCK_OFF_S_MAX and true.year >= 2027:
        assert one.measured_at == true
        assert one.clock_offset_s == off_s
        assert (Quality.TIME_UNCERTAIN in one.quality) == (abs(off_s) > CLOCK_FAR_OFF_S)


@given(YEAR, st.integers(0, 300 * 86_400))
def test_a_device_that_never_changes_the_hour_is_right_on_both_sides_of_it(now, age_s):
    """Always on winter time: in summer it is an hour off, and what it stored in winter was right then."""
    winter = timedelta(hours=1)
    said = (now + winter - timedelta(seconds=age_s)).replace(tzinfo=None)
    one = told(hearing(now, (now + winter).replace(tzinfo=None)), said, quality=STORED)
    is_summer = local(now) != (now + winter).replace(tzinfo=None)
    if is_summer:
        assert (one.measured_at, one.clock_offset_s) == (now - timedelta(seconds=age_s), -3600)
        assert Quality.TIME_UNCERTAIN not in one.quality
    else:
        assert one.clock_offset_s is None


@given(YEAR, st.integers(-YEARS_10_S, YEARS_10_S), st.integers(0, 10**7))
def test_the_offset_is_no_part_of_the_identity(now, off_s, age_s):
    """What the device said stays what it said, and is the same fact, whatever its clock shows at a visit."""
    said = local(now) - timedelta(seconds=age_s)
    plain = told(heard("pulse_oximeter", received_at=now), said)
    put_right = told(hearing(now, local(now) + timedelta(seconds=off_s)), said)
    assert (put_right.id, put_right.device_time) == (plain.id, said)


@given(YEAR, st.floats(-CLOCK_OFF_S_MAX, CLOCK_OFF_S_MAX))
def test_a_clock_that_is_nearly_right_is_taken_at_its_word(now, off_s):
    """Seconds are no matter: then nothing is said of an offset."""
    said = local(now) - timedelta(minutes=5)
    one = told(hearing(now, local(now) + timedelta(seconds=off_s)), said)
    assert one == told(heard("pulse_oximeter", received_at=now), said)


def test_a_live_number_after_the_clock_was_set_is_not_put_right_twice():
    """The offset was measured before; only what was stored was made by the old clock."""
    listener = hearing(NOON, local(NOON) + timedelta(hours=3), is_set_next=True)
    assert told(listener, local(NOON)).measured_at == NOON
    stored = told(listener, local(NOON) + timedelta(hours=2), quality=STORED)
    assert stored.measured_at == NOON - timedelta(hours=1)


def test_a_record_from_before_the_clock_lost_its_time_is_taken_at_its_word():
    """A battery was changed: an older record lies in the new clock's future, and its own word is good."""
    listener = hearing(NOON, datetime(2026, 1, 1))  # noqa: DTZ001 - as a device keeps it
    said = local(NOON) - timedelta(days=2)
    one = told(listener, said, quality=STORED)
    assert (one.measured_at, one.clock_offset_s) == (NOON - timedelta(days=2), None)


def test_a_clock_that_says_it_was_never_set_dates_nothing():
    """Its seconds count from nowhere, and may have begun anew in between."""
    listener = hearing(NOON, datetime(2000, 1, 1, 0, 5))  # noqa: DTZ001 - as above
    one = told(listener, datetime(2000, 1, 1), is_clock_set=False)  # noqa: DTZ001 - as above
    assert (one.measured_at, one.clock_offset_s) == (NOON, None)
    assert Quality.TIME_UNCERTAIN in one.quality


@given(st.datetimes(), st.datetimes())
def test_no_clock_makes_anything_fall_over(shows, said):
    """Whatever two clocks say, there is a reading with a time that a calendar has."""
    one = told(hearing(NOON, shows), said, quality=STORED)
    assert one.measured_at.tzinfo is UTC
    assert 2026 <= one.measured_at.year <= 2099
