"""Nights: hand-made ones with known answers, a made-up apnoea, and whatever order the blocks come in."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from cloud_bridge.contract.errors import ContractError
from cloud_bridge.contract.night_settings import NightGoal, NightSettings
from cloud_bridge.contract.nights import (
    NightRefused,
    NightSummary,
    night_body,
    night_from,
    night_of,
    night_span,
)
from devices.kinds import Kind
from devices.readings import Block, Quality
from gateway.alerts.nights import desaturations, sum_up

OSLO = ZoneInfo("Europe/Oslo")
ON = date(2027, 1, 4)
LTOT = NightSettings(goal=NightGoal())
BEGINS = datetime(2027, 1, 4, 22, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
FIVE_HOURS_S = 5 * 3600


def blocks_of(samples, *, begins_at=BEGINS, device="ring", quality=(), length=60) -> list[Block]:
    """Return a stretch of saturation, second by second, in Blocks of a minute or another length."""
    found = []
    for at in range(0, len(samples), length):
        part = tuple(samples[at : at + length])
        moment = begins_at + timedelta(seconds=at)
        if any(each is not None for each in part):
            id_ = f"{device}-{moment:%d%H%M%S}-{len(part)}-{'s' if quality else 'l'}"
            found.append(block(part, moment, id_, device=device, quality=quality))
    return found


def block(samples, moment, id_, *, device="ring", quality=()) -> Block:
    """Return one Block."""
    value = float(np.median([each for each in samples if each is not None]))
    return Block(
        id=id_, kind=Kind.SPO2, value=value, device=device, driver="viatom_o2ring", measured_at=moment,
        received_at=moment + MINUTE, quality=tuple(quality), is_continuous=True, period_s=1.0,
        samples=samples,
    )  # fmt: skip


def night(samples, settings=LTOT, **words):
    """Return the summary of a night with these samples."""
    return sum_up(settings, ON, blocks_of(samples, **words), OSLO)


def test_a_night_by_hand():
    """Three hours at 95, two at 89 and a minute without a number: each figure by head."""
    found = night([95.0] * 3 * 3600 + [None] * 60 + [89.0] * 2 * 3600)
    assert (found.on, found.device, found.revision, found.block_count) == (ON, "ring", 1, 300)
    assert (found.first_at, found.last_at) == (BEGINS, BEGINS + timedelta(seconds=5 * 3600 + 59))
    assert found.valid_minutes == 300
    assert found.quality_share == pytest.approx(300 / 301)
    assert found.mean == pytest.approx((3 * 95 + 2 * 89) / 5)
    assert (found.lowest, found.below_90_minutes, found.below_88_minutes) == (89, 120, 0)
    assert found.goal_share == pytest.approx(0.6)
    assert found.desaturations_3_per_h == found.desaturations_4_per_h == pytest.approx(1 / 5)


def test_exactly_ninety_is_neither_above_nor_below():
    """The goal says above 90, and the time below is below 90."""
    found = night([90.0] * FIVE_HOURS_S)
    assert (found.goal_share, found.below_90_minutes) == (0.0, 0.0)


def test_a_night_without_a_goal_is_held_against_nothing():
    """Who is not on long-term oxygen has a summary and no share."""
    assert night([95.0] * FIVE_HOURS_S, NightSettings()).goal_share is None


@pytest.mark.parametrize(("depth", "threes", "fours"), [(2, 0, 0), (3, 30, 0), (4, 30, 30)])
def test_desaturations_are_counted_by_their_depth(depth, threes, fours):
    """Half a minute down in each of thirty stretches of ten minutes: counted from the depth on."""
    spo2 = np.full(FIVE_HOURS_S, 95.0)
    for begin in range(300, FIVE_HOURS_S, 600):
        spo2[begin : begin + 30] -= depth
    assert (desaturations(spo2, 3), desaturations(spo2, 4)) == (threes, fours)


@pytest.mark.parametrize(("seconds", "count"), [(9, 0), (10, 1), (119, 1), (600, 1)])
def test_a_desaturation_lasts_ten_seconds_and_however_long_is_one(seconds, count):
    """Nine seconds are none; a level that stays low is one, and not one every two minutes."""
    spo2 = np.full(3600, 95.0)
    spo2[1000 : 1000 + seconds] = 90
    assert desaturations(spo2, 4) == count


def test_a_flicker_in_a_desaturation_makes_no_two_of_it():
    """A second or nine back up are part of it; ten are an end."""
    for gap, count in ((1, 1), (9, 1), (10, 2)):
        spo2 = np.full(3600, 95.0)
        spo2[1000:1030] = spo2[1030 + gap : 1060 + gap] = 90
        assert desaturations(spo2, 4) == count


def test_a_slow_fall_is_no_desaturation():
    """A point in every three minutes leads from 96 to 80 without one."""
    assert desaturations(np.repeat(np.arange(96.0, 80.0, -1), 180), 3) == 0


def test_a_pattern_like_sleep_apnoea_is_counted_cycle_by_cycle():
    """Forty falls an hour by six points, waves with noise in whole per cent: 39 to 41."""
    dice = np.random.default_rng(7)
    seconds = np.arange(6 * 3600)
    wave = 93 - 3 * (1 - np.cos(2 * np.pi * seconds / 90))
    spo2 = np.round(wave + dice.normal(0, 0.3, seconds.size))
    found = night(list(spo2))
    assert found.desaturations_3_per_h == pytest.approx(40, abs=1)
    assert found.desaturations_4_per_h == pytest.approx(40, abs=1)
    assert found.mean == pytest.approx(90, abs=0.1)


@pytest.mark.parametrize(("valid_s", "why"), [(0, "nothing valid"), (4 * 3600 - 1, "too little valid time")])
def test_too_little_valid_time_is_a_refusal_with_its_reason(valid_s, why):
    """A night of three hours says nothing of a night; a second more than too little is a summary."""
    found = night([80.0] * valid_s)
    assert isinstance(found, NightRefused)
    assert (found.why, found.valid_minutes) == (why, valid_s / 60)
    assert isinstance(night([80.0] * 4 * 3600), NightSummary)


def test_a_ring_that_records_every_second_or_fourth_second_is_no_half_valid_night():
    """Its number stands until its next one, and not a second longer; a stream has no such excuse."""
    for period in (2, 4):
        samples = [95.0 if second % period == 0 else None for second in range(FIVE_HOURS_S)]
        assert night(samples).valid_minutes == 300
    with_holes = [95.0 if second % 60 < 30 else None for second in range(10 * 3600)]
    assert night(with_holes).quality_share == pytest.approx(0.5, abs=0.001)


def test_what_may_not_be_judged_is_in_no_night():
    """A minute of a sensor that is broken, and numbers that no living person has, are not valid."""
    broken = blocks_of([60.0] * 3600, begins_at=BEGINS + timedelta(hours=5), quality=(Quality.SENSOR_FAULT,))
    impossible = blocks_of([20.0] * 3600, begins_at=BEGINS + timedelta(hours=6))
    found = sum_up(LTOT, ON, [*blocks_of([95.0] * FIVE_HOURS_S), *broken, *impossible], OSLO)
    assert (found.valid_minutes, found.lowest) == (300, 95)


def test_what_was_measured_by_day_is_in_no_night():
    """An hour before it begins and an hour after it ends are of the day, to the second."""
    begins_at, ends_at = night_span(LTOT, ON, OSLO)
    length = round((ends_at - begins_at).total_seconds())
    for within in ([95.0] * length, [95.0] * FIVE_HOURS_S + [None] * (length - FIVE_HOURS_S)):
        around = [80.0] * 3600 + within + [80.0] * 3600
        found = night(around, begins_at=begins_at - timedelta(hours=1))
        assert (found.lowest, found.valid_minutes) == (95, len(within) / 60 - within.count(None) / 60)


@pytest.mark.parametrize(("on", "hours"), [(date(2027, 3, 27), 11), (date(2027, 10, 30), 13), (ON, 12)])
def test_a_night_is_as_long_as_the_clocks_make_it(on, hours):
    """The night in which clocks change has an hour less or more, and each moment of it is of that night."""
    begins_at, ends_at = night_span(LTOT, on, OSLO)
    assert ends_at - begins_at == timedelta(hours=hours)
    assert night_of(LTOT, begins_at, OSLO) == night_of(LTOT, ends_at - MINUTE, OSLO) == on
    assert night_of(LTOT, ends_at, OSLO) is None


def test_of_two_devices_the_one_that_saw_more_tells_the_night():
    """Never a mixture of two, and not the one that was heard last."""
    more, less = blocks_of([95.0] * FIVE_HOURS_S, device="a"), blocks_of([85.0] * 4 * 3600, device="b")
    found = sum_up(LTOT, ON, [*more, *less], OSLO)
    assert (found.device, found.mean, found.block_count) == ("a", 95, 300)


def test_what_was_heard_over_the_air_and_told_again_from_the_memory_counts_once():
    """The same hours twice: as the device keeps them."""
    heard = blocks_of([94.0] * FIVE_HOURS_S)
    kept = blocks_of([95.0] * FIVE_HOURS_S, quality=(Quality.FROM_STORAGE,), length=37)
    for order in ([*heard, *kept], [*kept, *heard]):
        found = sum_up(LTOT, ON, order, OSLO)
        assert (found.valid_minutes, found.mean) == (300, 95)


SAMPLES = st.lists(st.none() | st.integers(40, 101).map(float), min_size=1, max_size=600)


@given(SAMPLES, st.integers(1, 60), st.randoms())
def test_order_repetition_and_how_it_was_cut_change_nothing(samples, cut, dice):
    """Any samples in any order, told twice, or in two parts: one summary, each figure in its bounds."""
    settings = LTOT.model_copy(update={"valid_minutes_min": 0.1})
    whole = blocks_of(samples)
    told = [*whole, *whole[:3]]
    dice.shuffle(told)
    found = sum_up(settings, ON, told, OSLO)
    assert found == sum_up(settings, ON, whole, OSLO)
    if isinstance(found, NightSummary):
        assert 50 <= found.lowest <= found.mean <= 100
        assert 0 < found.quality_share <= 1
        assert 0 <= found.goal_share <= 1
        assert (
            found.below_88_minutes <= found.below_90_minutes <= found.valid_minutes <= len(samples) / 60 + 0.1
        )
        assert found.desaturations_4_per_h >= 0
    dense = [95.0 if each is None else each for each in samples]
    pieces = [
        *blocks_of(dense[:cut], length=cut),
        *blocks_of(dense[cut:], begins_at=BEGINS + timedelta(seconds=cut)),
    ]
    one, other = sum_up(settings, ON, blocks_of(dense), OSLO), sum_up(settings, ON, pieces, OSLO)
    if isinstance(one, NightSummary) and min(dense) >= 50 and max(dense) <= 100:
        assert replace(other, block_count=0) == replace(one, block_count=0)


def test_a_night_survives_the_wire():
    """Out as JSON and back it is the same; what is no night says so."""
    for one in (night([95.0] * FIVE_HOURS_S), night([95.0] * 60)):
        assert night_from(night_body(one)) == one
    for wrong in (
        b"{}",
        b"[",
        night_body(night([95.0] * FIVE_HOURS_S)).replace(b'"mean":95.0', b'"mean":1e999'),
    ):
        with pytest.raises(ContractError):
            night_from(wrong)


def test_settings_that_cant_be_meant_are_refused():
    """A night that ends before it begins is a day."""
    for wrong in ({"begins": "09:00", "ends": "21:00"}, {"begins": "21:00Z"}, {"goal": {"share": 1.5}}):
        with pytest.raises(ValidationError):
            NightSettings.model_validate(wrong)
