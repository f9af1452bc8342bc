"""Blocks: a stream gathered by the minute, with nothing lost and nothing invented."""

from dataclasses import replace
from datetime import timedelta
from statistics import median

from hypothesis import given
from hypothesis import strategies as st

from devices.blocks import SAMPLES_MAX, BlockBuilder
from devices.kinds import Kind
from devices.readings import Quality, reading_of
from tests.devices.vectors import heard, wall
from tests.play import NOON


def moment(second, value=95.0, *, kind=Kind.SPO2, quality=(), slot=None):
    """One reading of a stream, heard `second` seconds after noon."""
    listener = heard("pulse_oximeter", received_at=NOON + timedelta(seconds=second))
    return reading_of(kind, value, listener, quality=quality, user_slot=slot, is_continuous=True)


def gather(*readings):
    """Every Block that these readings make, the last one flushed."""
    builder = BlockBuilder()
    done = [block for reading in readings for block in builder.add(reading)]
    return [*done, *builder.flush()]


LUNCH = wall("2026-06-01T14:00")
"""Noon, on a wall in Oslo."""


def stored(second, value=95.0, *, began=LUNCH, received_at=NOON):
    """One reading of a memory: `second` seconds after it began, by a clock of its own."""
    listener = heard("viatom_o2ring", received_at=received_at)
    at, flags = began + timedelta(seconds=second), (Quality.FROM_STORAGE,)
    return reading_of(Kind.SPO2, value, listener, device_time=at, quality=flags, is_continuous=True)


def samples(*readings):
    """The samples of the one Block that these readings make."""
    (block,) = gather(*readings)
    return block.samples


def test_a_minute_is_one_block_as_soon_as_it_is_full():
    """Sixty readings, one Block, at once; its value is their median, its time that of the first."""
    builder = BlockBuilder()
    readings = [moment(second, 90.0 + second % 7) for second in range(SAMPLES_MAX)]
    early = [block for reading in readings[:-1] for block in builder.add(reading)]
    (block,) = builder.add(readings[-1])
    assert early == []
    assert block.samples == tuple(reading.value for reading in readings)
    assert block.value == median(block.samples)
    assert (block.measured_at, block.received_at) == (NOON, NOON + timedelta(seconds=59))
    assert (block.period_s, block.is_continuous) == (1.0, True)
    assert builder.flush() == ()


def test_a_night_is_480_blocks():
    """28,800 readings of one kind."""
    assert len(gather(*(moment(second) for second in range(28_800)))) == 480


def test_a_gap_is_none_and_a_long_one_begins_a_new_block():
    """A finger out for three seconds leaves three empty places; out for a minute, the Block ends."""
    assert samples(moment(0, 95.0), moment(4, 96.0)) == (95.0, None, None, None, 96.0)
    first, second = gather(moment(0), moment(60))
    assert (first.samples, second.samples) == ((95.0,), (95.0,))
    assert second.measured_at == NOON + timedelta(seconds=60)


def test_the_last_second_of_a_minute_still_belongs_to_it():
    """59 s is in, 60 s is out."""
    (block,) = gather(moment(0), moment(59))
    assert len(block.samples) == SAMPLES_MAX


def test_a_burst_fills_the_gap_that_it_came_too_late_for():
    """The radio stalls, then delivers three at once: they stand where they were measured, none is lost."""
    late = [moment(5, 92.0), moment(5.01, 93.0), moment(5.02, 94.0)]
    assert samples(moment(0, 90.0), moment(1, 91.0), *late) == (90.0, 91.0, None, 92.0, 93.0, 94.0)


def test_two_in_one_second_by_jitter_take_two_places():
    """3.6 s and 4.4 s both round to 4; the first belongs to the empty third."""
    heard_ = [moment(0, 1.0), moment(1, 2.0), moment(2, 3.0), moment(3.6, 4.0), moment(4.4, 5.0)]
    assert samples(*heard_) == (1.0, 2.0, 3.0, 4.0, 5.0)


def test_a_faster_device_keeps_its_newest_number_of_each_second():
    """Without a gap to fill, two in one second are one place."""
    assert samples(moment(0, 1.0), moment(0.4, 2.0), moment(1, 3.0), moment(1.4, 4.0)) == (2.0, 4.0)


def test_a_clock_that_steps_back_begins_a_new_block():
    """The hub's clock is set while a stream runs: nothing is overwritten, nothing falls over."""
    first, second = gather(moment(0, 1.0), moment(10, 2.0), moment(5, 3.0), moment(6, 4.0))
    assert (first.samples[0], first.samples[-1]) == (1.0, 2.0)
    assert second.samples == (3.0, 4.0)


def test_a_clock_that_jumps_from_1970_begins_a_new_block():
    """A gap of decades is a gap, not a billion empty places."""
    early = moment(0, 1.0)
    early = replace(early, measured_at=early.measured_at.replace(year=1970))
    first, second = gather(early, moment(1, 2.0))
    assert (first.samples, second.samples) == ((1.0,), (2.0,))


def test_devices_and_kinds_and_users_do_not_mix():
    """A Block has one device, one kind and one user."""
    other = replace(moment(1, 3.0), device="F0:00:00:00:00:02")
    blocks = gather(moment(0, 1.0), moment(0, 2.0, kind=Kind.PULSE_RATE), other, moment(1, 4.0, slot=2))
    assert [(b.device[-2:], b.kind, b.user_slot, b.samples) for b in blocks] == [
        ("01", Kind.SPO2, None, (1.0,)),
        ("01", Kind.PULSE_RATE, None, (2.0,)),
        ("02", Kind.SPO2, None, (3.0,)),
        ("01", Kind.SPO2, 2, (4.0,)),
    ]


def test_reasons_for_care_add_up_in_their_order():
    """What is true of one second is said of the minute."""
    (block,) = gather(
        moment(0, quality=(Quality.POOR_SIGNAL,)), moment(1), moment(2, quality=(Quality.EARLY,))
    )
    assert block.quality == (Quality.EARLY, Quality.POOR_SIGNAL)


def test_one_bad_second_neither_hides_a_minute_nor_speaks_for_it():
    """Numbers that may not be judged go into a Block of their own, beside the good one."""
    good, bad = gather(
        moment(0, 84.0), moment(1, 99.0, quality=(Quality.INVALID,)), moment(2, 85.0), moment(3, 84.0)
    )  # fmt: skip
    assert (good.samples, good.quality) == ((84.0, None, 85.0, 84.0), ())
    assert (bad.samples, bad.quality) == ((99.0,), (Quality.INVALID,))


def test_the_same_minute_is_the_same_block_and_another_is_not():
    """Identity is what was said: device, moment and every sample."""
    (block,) = gather(moment(0, 95.0), moment(1, 96.0))
    (same,) = gather(moment(0, 95.0), moment(1, 96.0))
    (other,) = gather(moment(0, 96.0), moment(1, 95.0))
    assert block.id == same.id
    assert block.value == other.value
    assert block.id != other.id


def test_a_block_is_never_taken_for_a_single_reading():
    """A spot check and a stream may agree in device, second and value: still two facts."""
    (block,) = gather(moment(0, 95.0))
    assert block.id != moment(0, 95.0).id


times = st.lists(st.floats(-30, 400), max_size=80)


@given(times)
def test_every_second_that_was_heard_is_kept_once(seconds):
    """Whatever the order: samples are numbers that were said, in their order, none twice, none lost."""
    readings = [moment(second, float(number)) for number, second in enumerate(seconds, 1)]
    blocks = gather(*readings)
    kept = [sample for block in blocks for sample in block.samples if sample is not None]
    assert kept == sorted(set(kept))
    assert set(kept) <= {reading.value for reading in readings}
    assert all(1 <= len(block.samples) <= SAMPLES_MAX for block in blocks)
    assert all(block.samples[0] is not None and block.samples[-1] is not None for block in blocks)


@given(st.lists(st.floats(0.0, 0.49), min_size=1, max_size=300))
def test_a_jittery_stream_of_one_a_second_loses_nothing(late):
    """Each second's reading may be up to half a second late: every one of them has its place."""
    readings = [moment(second + delay, float(second)) for second, delay in enumerate(late)]
    kept = [sample for block in gather(*readings) for sample in block.samples if sample is not None]
    assert kept == [reading.value for reading in readings]


def test_a_memory_that_tells_every_four_seconds_leaves_gaps_and_loses_nothing():
    """Fifteen numbers a minute, each in its second; the next minute is the next Block."""
    night = [stored(second, 90.0 + second % 7) for second in range(0, 120, 4)]
    blocks = gather(*night)
    assert [block.device_time for block in blocks] == [night[0].device_time, night[15].device_time]
    assert [sample for block in blocks for sample in block.samples[::4]] == [one.value for one in night]
    assert {len(block.samples) for block in blocks} == {57}


def test_a_memory_whose_clock_isnt_believed_keeps_its_distances():
    """All is believed to be of the second of its arrival; the device's own clock still tells them apart."""
    night = [stored(second, 90.0 + second, began=wall("2015-01-01")) for second in (0, 4, 8)]
    assert {one.measured_at for one in night} == {NOON}
    assert samples(*night) == (90.0, *[None] * 3, 94.0, *[None] * 3, 98.0)


def test_what_is_stored_and_what_is_now_never_share_a_block():
    """A memory that is read again must make the same Blocks, whatever was measured beside it."""
    later = NOON + timedelta(hours=2)
    memory = [stored(second, received_at=later) for second in range(10)]
    beside = gather(*memory, moment(15))
    assert gather(*memory)[0].id in {block.id for block in beside}
    assert [block.samples for block in beside] == [(95.0,) * 10, (95.0,)]
