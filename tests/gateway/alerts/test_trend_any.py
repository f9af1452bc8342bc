"""Whatever comes in: the trend never raises, its memory round-trips and has a constant size."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from cloud_bridge.contract.trend_settings import TrendSettings
from devices.identity import DeviceIdentity
from devices.kinds import Kind
from devices.readings import Quality
from gateway.alerts.epochs import EPOCHS_MAX
from gateway.alerts.trend import READINGS_MAX, hear, look
from gateway.alerts.trend_memory import Around, TrendMemory
from tests.gateway.alerts.trend_days import FIRST, OSLO, Diary, check

SETTINGS = TrendSettings(
    learn_days=3, learn_count_min=2, limit_alone=0.6, lasting_days=7, is_night_judged=True
)
SIZE_MAX = 40_000
"""Octets of the whole memory with four devices of four signals by day and by night."""

near = st.integers(0, 60 * 24 * 40).map(lambda minute: FIRST + timedelta(minutes=minute))
moments = st.one_of(near, st.datetimes(timezones=st.just(UTC)))
words = st.one_of(st.none(), st.sampled_from(["1", "2"]))
values = st.one_of(st.floats(), st.floats(80, 100), st.floats(0.5, 3))
around = st.builds(
    Around,
    now=near,
    zone=st.sampled_from([OSLO, UTC]),
    worsened_at=st.none() | near,
    treated_at=st.none() | near,
    is_alert_open=st.booleans(),
    signed_at=st.none() | near,
)


@st.composite
def events(draw):
    """Return a reading of anything, or None for a look."""
    if draw(st.integers(0, 5)) == 0:
        return None
    kinds = st.sampled_from([*SETTINGS.signals, Kind.BATTERY_LEVEL])
    device = draw(st.sampled_from("ABCDEF"))
    reading = check(draw(kinds), draw(values), draw(moments), device)
    quality = tuple(draw(st.sets(st.sampled_from(list(Quality)), max_size=1)))
    return replace(
        reading, quality=quality, identity=DeviceIdentity(serial=draw(words), firmware=draw(words))
    )


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(events(), around), max_size=40))
def test_no_input_raises_and_the_memory_round_trips(given_events):
    """Any readings of any devices at any times, in any order: a memory that is kept and read again."""
    memory = TrendMemory()
    for reading, now in given_events:
        step = look(SETTINGS, memory, now) if reading is None else hear(SETTINGS, memory, reading, now)
        memory = step.memory
    assert TrendMemory.from_bytes(bytes(memory)) == memory
    _is_bounded(memory)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("ABC"), st.floats(70, 100), st.floats(40, 160)), max_size=80))
def test_any_days_with_any_devices_keep_the_memory_sound(days):
    """Whatever an oximeter shows day after day, spreads stay positive and alerts open and close in turns."""
    diary = Diary(settings=SETTINGS)
    for device, spo2, pulse in days:
        diary.hear(Kind.SPO2, spo2, device=device)
        diary.hear(Kind.PULSE_RATE, pulse, device=device)
        diary.day += 1
    _is_bounded(diary.memory)
    said = diary.said()
    assert said == (["opened", "closed"] * len(said))[: len(said)]
    for usual in diary.memory.day.usuals.values():
        assert usual.baseline.variance >= 0
        assert all(epoch.variance >= 0 for epoch in usual.epochs)


def _is_bounded(memory):
    for part in (memory.day, memory.night):
        assert len(part.usuals) <= len(SETTINGS.signals)
        assert len(part.readings) <= READINGS_MAX
        for usual in part.usuals.values():
            assert max(len(usual.epochs), len(usual.today)) <= EPOCHS_MAX
    assert len(bytes(memory)) < SIZE_MAX


def test_five_years_take_no_more_room_than_two_months():
    """The memory after five years is as large as after sixty days, give or take the digits of a number."""
    young = len(bytes(Diary().quiet(60).memory))
    old = len(bytes(Diary().quiet(5 * 365).memory))
    assert abs(old - young) < 100


def test_the_same_events_give_the_same_memory():
    """Judging a log anew from its beginning leads to the very same place."""
    assert bytes(Diary().quiet(80).memory) == bytes(Diary().quiet(80).memory)


def test_a_far_zone_moves_the_day_and_raises_nothing():
    """At the edges of the calendar a reading is refused, not an error."""
    for at in (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)):
        step = hear(SETTINGS, TrendMemory(), check(Kind.SPO2, 92, at), Around(now=FIRST, zone=OSLO))
        assert step.refusal == "undated"
