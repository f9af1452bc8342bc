"""Dating afterwards in the ward: in whatever order words and entries arrive, the index ends the same."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count, permutations
from typing import Any

import pytest

from cloud_bridge.backend.tables import Tables
from cloud_bridge.contract.bodies import reading_body
from cloud_bridge.contract.dating import ClockFound, found_body
from cloud_bridge.contract.entries import Clock, Entry, EntryKind, Trust
from devices.readings import Quality
from tests.contracts.tables.facts import NOON, alert, batch, reading, told

pytestmark = pytest.mark.anyio

_HOMES = (f"{number:016x}" for number in count(0xD0))
EPOCH = datetime(1970, 1, 2, tzinfo=UTC)


def undated(seq: int, uptime_s: float, *, boot: int = 1, trust: Trust = "unknown", **more: Any) -> Entry:
    """Return the entry of a reading that has only the time of a hub that knows none."""
    at = EPOCH + timedelta(seconds=uptime_s)
    one = replace(reading(seq), measured_at=at, received_at=at, **more)
    return Entry(seq, at, EntryKind.READING, reading_body(one), Clock(boot, uptime_s, trust))


def word(seq: int, uptime_s: float, *, boot: int = 1, trust: Trust = "synced") -> Entry:
    """Return the entry that says: now it is noon."""
    found = ClockFound(boot, 1, uptime_s, NOON, trust, 1e9)
    return Entry(seq, NOON, EntryKind.CLOCK_FOUND, found_body(found), Clock(boot, uptime_s, trust))


async def kept(tables: Tables, *entries: Entry) -> dict[int, tuple[datetime, datetime, tuple[Quality, ...]]]:
    """Deliver each in a batch of its own; return number: as said, as shown, and how it is marked."""
    home = next(_HOMES)
    for entry in entries:
        await tables.commit(batch(entry, home=home), at=NOON)
    return {
        one.seq: (one.reading.measured_at, one.shown.measured_at, one.shown.quality)
        for one in await tables.readings(home)
    }


async def test_the_order_of_arrival_does_not_matter(tables: Tables) -> None:
    """A reading is dated when the word comes after it, and when it comes after the word."""
    entries = (undated(1, 60.0), undated(2, 120.0), word(3, 600.0))
    for order in permutations(entries):
        found = await kept(tables, *order)
        assert {seq: shown for seq, (_, shown, _) in found.items()} == {
            1: NOON - timedelta(seconds=540),
            2: NOON - timedelta(seconds=480),
        }
        assert found[1][0] == EPOCH + timedelta(seconds=60)
        assert {marks for _, _, marks in found.values()} == {(Quality.DATED_AFTERWARDS,)}


async def test_the_best_word_wins_in_any_order(tables: Tables) -> None:
    """What a kept clock said is corrected by a time service, never the other way round."""
    entries = (undated(1, 60.0), word(2, 90.0, trust="kept"), word(3, 600.0))
    for order in permutations(entries):
        assert (await kept(tables, *order))[1][1] == NOON - timedelta(seconds=540)


async def test_what_nobody_dated_is_marked_and_not_moved(tables: Tables) -> None:
    """Another boot, an older word, a device's own time: none is moved; without a time it is uncertain."""
    own = replace(reading(4), received_at=EPOCH, device_time=NOON.replace(tzinfo=None))
    device = Entry(4, EPOCH, EntryKind.READING, reading_body(own), Clock(1, 70.0, "unknown"))
    late = undated(7, 700.0)
    found = await kept(tables, undated(3, 60.0, boot=2), device, word(6, 600.0), late)
    assert found[3][:2] == (EPOCH + timedelta(seconds=60),) * 2
    assert found[4] == (own.measured_at, own.measured_at, ())
    assert found[7][1] == EPOCH + timedelta(seconds=700)
    assert found[3][2] == found[7][2] == (Quality.TIME_UNCERTAIN,)


async def test_an_alert_is_dated_like_a_reading(tables: Tables) -> None:
    """A red alert of a hub without time stands in the list at the time at which it was opened."""
    home = next(_HOMES)
    at = EPOCH + timedelta(seconds=60)
    opened = replace(told(1, replace(alert(1, "opened"), at=at)), at=at, clock=Clock(1, 60.0, "unknown"))
    await tables.commit(batch(opened, home=home), at=NOON)
    await tables.commit(batch(word(2, 600.0), home=home), at=NOON)
    (shown,) = await tables.open_alerts(home)
    assert (shown.alert.at, shown.at) == (at, NOON - timedelta(seconds=540))


@pytest.mark.parametrize("body", [b"{}", b'{"boot":0}', b"7"])
async def test_a_word_that_can_not_be_read_dates_nothing(tables: Tables, body: bytes) -> None:
    """It is quarantined like any bad entry, and stops nobody."""
    home = next(_HOMES)
    bad = Entry(2, NOON, EntryKind.CLOCK_FOUND, body, Clock(1, 600.0, "synced"))
    receipt = await tables.commit(batch(undated(1, 60.0), bad, home=home), at=NOON)
    assert (receipt.up_to, receipt.unreadable) == (2, (2,))
    assert [one.dated_at for one in await tables.readings(home)] == [None]
