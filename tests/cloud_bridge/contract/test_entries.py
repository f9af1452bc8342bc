"""Batches: what leaves the hub is what reaches the ward, and nothing else is a batch."""

import orjson
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from cloud_bridge.contract.entries import (
    BATCH_BYTES_MAX,
    BATCH_COUNT_MAX,
    BOOT_MAX,
    UPTIME_S_MAX,
    Batch,
    Clock,
    Entry,
    EntryKind,
    clock_from,
)
from cloud_bridge.contract.errors import ContractError
from tests.given import HOME, NOON

bodies = st.dictionaries(st.text(max_size=5), st.integers(0, 9) | st.text(max_size=9)).map(orjson.dumps)
clocks = st.builds(
    Clock,
    boot=st.integers(1, BOOT_MAX),
    uptime_s=st.floats(0, UPTIME_S_MAX),
    trust=st.sampled_from(["synced", "kept", "unknown"]),
)
entries = st.builds(
    Entry,
    seq=st.integers(1, 2**53),
    at=st.datetimes(timezones=st.just(NOON.tzinfo)),
    kind=st.sampled_from(EntryKind),
    body=bodies,
    clock=st.none() | clocks,
)


def packed(said: object) -> bytes:
    """Pack anything as a batch is packed."""
    return zstandard.ZstdCompressor().compress(orjson.dumps(said))


@given(st.lists(entries, min_size=1, max_size=5))
def test_a_batch_arrives_as_it_left(some):
    """Encoding and decoding a batch changes nothing in it."""
    batch = Batch(HOME, "log", tuple(some))
    assert Batch.from_bytes(bytes(batch)) == batch


@given(st.binary(max_size=200))
def test_any_bytes_are_a_batch_or_a_contract_error(data):
    """Nothing that comes over the wire can raise anything else."""
    for given_bytes in (data, packed(data.hex()), zstandard.ZstdCompressor().compress(data)):
        with pytest.raises(ContractError):
            Batch.from_bytes(given_bytes)


LINE = [1, "2027-01-05T12:00:00+00:00", "reading", {}]


@pytest.mark.parametrize(
    "said",
    [
        {},
        [],
        {"version": 2, "home": HOME, "log": "l", "entries": [LINE]},
        {"version": 1, "home": HOME, "log": "l", "entries": []},
        {"version": 1, "home": HOME, "log": "l", "entries": [LINE] * (BATCH_COUNT_MAX + 1)},
        {"version": 1, "home": HOME, "log": "l", "entries": [[0, *LINE[1:]]]},
        {"version": 1, "home": HOME, "log": "l", "entries": [[True, *LINE[1:]]]},
        {"version": 1, "home": HOME, "log": "l", "entries": [["1", *LINE[1:]]]},
        {"version": 1, "home": HOME, "log": "l", "entries": [[1, "2027-01-05T12:00:00", "reading", {}]]},
        {"version": 1, "home": HOME, "log": "l", "entries": [[1, LINE[1], "two words", {}]]},
        {"version": 1, "home": HOME, "log": "l", "entries": [LINE[:3]]},
        {"version": 1, "home": HOME, "log": "l", "entries": 7},
        {"version": 1, "home": HOME, "entries": [LINE]},
        {"version": 1, "home": HOME, "log": "", "entries": [LINE]},
        {"version": 1, "home": HOME, "log": "l", "entries": [[2**53 + 1, *LINE[1:]]]},
        {
            "version": 1,
            "home": HOME,
            "log": "l",
            "entries": [[1, "0001-01-01T00:00:00+23:00", "reading", {}]],
        },
    ],
)
def test_a_batch_with_a_broken_part_is_refused(said):
    """Wrong version, no home, no number, no zone, unknown kind, too many: each is a ContractError."""
    with pytest.raises(ContractError):
        Batch.from_bytes(packed(said))


def test_a_bomb_is_refused_before_it_is_unpacked():
    """A few bytes that claim to be gigabytes are not unpacked to see."""
    bomb = zstandard.ZstdCompressor().compress(b" " * (BATCH_BYTES_MAX + 1))
    with pytest.raises(ContractError, match="bytes"):
        Batch.from_bytes(bomb)


def test_an_entry_of_a_kind_we_do_not_know_is_carried():
    """A newer hub is never held up by an older ward: its unknown kind of entry is an entry all the same."""
    (entry,) = Batch.from_bytes(
        packed({"version": 1, "home": HOME, "log": "l", "entries": [[1, LINE[1], "diary", {}]]})
    ).entries
    assert (entry.kind, entry.kind in set(EntryKind)) == ("diary", False)


TICK = {"boot": 3, "uptime_s": 812.25, "trust": "unknown"}


@pytest.mark.parametrize(
    ("behind", "clock"),
    [
        ([], None),
        ([None], None),
        ([TICK], Clock(3, 812.25, "unknown")),
        ([{**TICK, "zone": "Europe/Oslo"}], Clock(3, 812.25, "unknown")),
        ([TICK, "what a newer hub says", 7], Clock(3, 812.25, "unknown")),
        ([None, 7], None),
    ],
)
def test_a_line_may_say_more_than_we_know(behind, clock):
    """Four elements, five, or more: the clock is read where it is told, the rest disturbs nobody."""
    said = {"version": 1, "home": HOME, "log": "l", "entries": [[*LINE, *behind]]}
    (entry,) = Batch.from_bytes(packed(said)).entries
    assert entry.clock == clock


@pytest.mark.parametrize(
    "clock",
    [
        7,
        [3, 812.25, "unknown"],
        {},
        {**TICK, "boot": 0},
        {**TICK, "boot": True},
        {**TICK, "boot": 1.0},
        {**TICK, "boot": BOOT_MAX + 1},
        {**TICK, "uptime_s": -0.001},
        {**TICK, "uptime_s": "812"},
        {**TICK, "uptime_s": True},
        {**TICK, "uptime_s": None},
        {**TICK, "uptime_s": 2 * UPTIME_S_MAX},
        {**TICK, "trust": "perhaps"},
        {**TICK, "trust": ["unknown"]},
    ],
)
def test_a_clock_that_no_box_has_is_refused(clock):
    """Negative, endless or wordless: a clock that can't be is a ContractError, and never kept."""
    with pytest.raises(ContractError):
        Batch.from_bytes(packed({"version": 1, "home": HOME, "log": "l", "entries": [[*LINE, clock]]}))


@pytest.mark.parametrize("uptime_s", [float("nan"), float("inf")])
def test_a_time_to_run_that_is_no_number_is_refused(uptime_s):
    """What JSON can't even say is refused as well, should another decoder let it through."""
    with pytest.raises(ValueError, match="no time to run"):
        clock_from({**TICK, "uptime_s": uptime_s})
