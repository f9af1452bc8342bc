"""What the ward finds by itself: silence, gaps, numbers that go back, two hubs under one name."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_bridge.backend.standing import (
    DOUBLED_FOR,
    GAP_AFTER,
    OFFLINE_AFTER,
    Birth,
    Known,
    Standing,
    findings,
)

NOON = datetime(2027, 1, 5, 12, tzinfo=UTC)
WELL = Standing("h", True, NOON, NOON, 0, Known())
SECOND = timedelta(seconds=1)


def whats(standing, now=NOON):
    """Return what is found, by name."""
    return [str(finding.what) for finding in findings(standing, now)]


def known(*births, up_to=0):
    """Return what is known after these births, one a minute."""
    memory = Known()
    for minute, birth in enumerate(births):
        memory = memory.born(birth, up_to, NOON + timedelta(minutes=minute))
    return memory


def born(instance, count=1, **words):
    """Return the birth of a hub."""
    return Birth("log", instance, count, **words)


def test_a_home_that_is_well_has_no_findings():
    """Where nothing is wrong, nobody is told anything."""
    assert whats(WELL) == []


@pytest.mark.parametrize(
    ("standing", "after", "what"),
    [
        (replace(WELL, is_online=False), OFFLINE_AFTER, "home_offline"),
        (WELL, timedelta(hours=48), "home_quiet"),
        (replace(WELL, quiet_after_h=6.0), timedelta(hours=6), "home_quiet"),
        (replace(WELL, quiet_after_h=0.01), timedelta(hours=1), "home_quiet"),
        (replace(WELL, missing_count=2), GAP_AFTER, "entries_missing"),
    ],
)
def test_each_silence_has_its_patience(standing, after, what):
    """Nothing is said before its time, and it is said when its time has come."""
    assert whats(standing, NOON + after - SECOND) == []
    assert whats(standing, NOON + after) == [what]


def test_a_hub_that_was_never_born_is_not_offline():
    """A home that only its entries tell of has no line to lose."""
    assert whats(replace(WELL, is_online=False, state_at=None), NOON + 9 * OFFLINE_AFTER) == []


def test_what_the_hub_says_beside_its_log_is_found_while_it_says_so():
    """A hub that can keep nothing is a trouble here, until a birth without it."""
    broken = known(born("a", trouble="disk_broken"))
    assert whats(replace(WELL, known=broken)) == ["disk_broken"]
    assert whats(replace(WELL, known=broken.born(born("a"), 0, NOON))) == []


def test_a_hub_that_counts_from_further_back_is_found():
    """A log restored by hand is told from a sound one by its highest number, until it is ahead again."""
    behind = known(born("a", highest=40), up_to=50)
    assert behind.lost_count == 10
    assert whats(replace(WELL, known=behind)) == ["numbers_backwards"]
    assert whats(replace(WELL, known=known(born("a", highest=50), up_to=50))) == []


def test_a_birth_that_is_told_again_proves_nothing():
    """A retained birth speaks of an hour ago: what was committed since is no loss."""
    fresh = known(born("a", highest=40), up_to=40)
    assert fresh.born(born("a", highest=40), 90, NOON) == fresh


def test_a_birth_said_again_that_entries_have_overtaken_is_no_older_log():
    """The ward has more than the hub had when it spoke: that proves nothing, and hides nothing."""
    fresh = known(born("a", highest=40), up_to=40)
    again = fresh.born(born("a", highest=45, again=1), 47, NOON)
    assert whats(replace(WELL, known=again)) == []
    behind = known(born("a", highest=40), up_to=50)
    assert behind.born(born("a", highest=51, again=1), 51, NOON).lost_count == behind.lost_count > 0


def test_a_birth_said_again_that_comes_late_changes_nothing():
    """Of two on one connection the later one counts, in whatever order they come."""
    late, newest = born("a", again=1, plan_version=1), born("a", again=2, plan_version=2)
    memory = known(born("a"), late, newest)
    assert memory.last == newest
    assert memory.born(late, 0, NOON) == memory


def test_two_hubs_that_take_turns_are_found_and_forgotten_an_hour_later():
    """A, B, A again: no restart looks like that."""
    both = known(born("a"), born("b"), born("a", 2))
    at = NOON + timedelta(minutes=2)
    assert whats(replace(WELL, known=both), at) == ["two_hubs"]
    assert whats(replace(WELL, known=both), at + DOUBLED_FOR) == []


@pytest.mark.parametrize(
    "births",
    [
        [born("a"), born("b"), born("c"), born("d")],
        [born("a"), born("a", 2), born("a", 3)],
        [born("a"), born("b"), born("a")],
        [born("a", 2), born("b"), born("a", 1), born("b")],
        [Birth("log"), Birth("log"), born("a"), Birth("log")],
    ],
)
def test_a_restart_or_a_message_told_again_is_no_second_hub(births):
    """Restarts draw new instances, and old births come again from the broker: neither is a doubling."""
    assert known(*births).doubled_at is None


@given(st.integers(0, 2**32))
def test_however_births_are_repeated_one_hub_is_one(seed):
    """Whatever the broker tells again and however often, a hub that restarts is never taken for two."""
    dice = Random(seed)
    told, memory = [], Known()
    for restart in range(4):
        for count in range(1, dice.randint(2, 4)):
            told.append(born(f"run{restart}", count))
            memory = memory.born(told[-1], 0, NOON)
            for _ in range(dice.randint(0, 2)):
                memory = memory.born(dice.choice(told[-3:]), 0, NOON)
    assert memory.doubled_at is None
    assert memory.last == told[-1]


def test_what_is_known_survives_the_database():
    """Out and back it is the same; what can't be read is forgotten, and never an error."""
    memory = known(born("a", highest=3), born("b"), born("a", 2), up_to=9)
    assert Known.from_text(bytes(memory).decode()) == memory
    for text in (None, "", "x", "[]", '{"last":1}'):
        assert Known.from_text(text) == Known()
