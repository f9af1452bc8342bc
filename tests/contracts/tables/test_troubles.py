"""Troubles over both databases: told once, in any order, found by the ward, and over when they are over."""

from datetime import timedelta

import pytest

from cloud_bridge.backend.database import TablesError
from cloud_bridge.backend.standing import OFFLINE_AFTER, Birth
from cloud_bridge.backend.tables import Tables
from cloud_bridge.backend.watch import Watch
from cloud_bridge.contract.entries import Entry, EntryKind
from cloud_bridge.contract.trouble import Trouble, trouble_body
from tests.contracts.tables.facts import HOME, NOON, OTHER, at, batch, told

pytestmark = pytest.mark.anyio

LATE = NOON + OFFLINE_AFTER


def trouble(seq: int, change: str, *, id_: str = "t1", minutes: float = 0, detail: str = "") -> Entry:
    """The entry in which a hub says that its disk is full, or no longer."""
    body = trouble_body(Trouble(id_, "disk_full", change, at(minutes), detail=detail))
    return Entry(seq, NOON, EntryKind.TROUBLE, body)


async def whats(tables: Tables) -> list[tuple[str, str]]:
    """What is open, by home."""
    return [(each.home, each.what) for each in await tables.troubles()]


async def test_a_trouble_is_open_until_it_is_closed(tables: Tables) -> None:
    """What a hub tells stands there with its words, however often it is told, and goes when it is over."""
    for _ in range(2):
        await tables.commit(batch(trouble(1, "opened", detail="12 MB\0")), at=NOON)
    (found,) = await tables.troubles()
    assert (found.home, found.source, found.detail, found.opened_at) == (HOME, "hub", "12 MB", NOON)
    await tables.commit(batch(trouble(2, "closed", minutes=9)), at=NOON)
    assert await tables.troubles() == ()


async def test_an_end_that_overtakes_its_beginning_is_still_an_end(tables: Tables) -> None:
    """Entries may come out of order; what is over is not opened again by its own late beginning."""
    await tables.commit(batch(trouble(2, "closed", minutes=9)), at=NOON)
    await tables.commit(batch(trouble(1, "opened")), at=NOON)
    assert await tables.troubles() == ()


async def test_the_ward_finds_and_forgets_by_itself(tables: Tables) -> None:
    """A home that is offline for long is found once, and is over when the home is back."""
    await tables.set_home_state(HOME, False, NOON)
    await tables.set_home_state(OTHER, True, NOON)
    assert await tables.watch(LATE - timedelta(seconds=1)) == ()
    assert await tables.watch(LATE) == (HOME,)
    assert await tables.watch(LATE) == ()
    assert await whats(tables) == [(HOME, "home_offline")]
    await tables.set_home_state(HOME, True, LATE)
    assert await tables.watch(LATE) == (HOME,)
    assert await whats(tables) == []


MANY = tuple(f"{number:016x}" for number in range(1, 6))


async def test_many_homes_are_looked_at_in_groups_and_none_is_left_out(tables: Tables, monkeypatch) -> None:
    """Whatever the size of a group, each home is found once and is over once."""
    monkeypatch.setattr("cloud_bridge.backend.database.HOMES_AT_ONCE", 2)
    for home in MANY:
        await tables.set_home_state(home, False, NOON)
    assert await tables.watch(LATE) == MANY
    assert await tables.watch(LATE) == ()
    assert await whats(tables) == [(home, "home_offline") for home in MANY]
    for home in MANY:
        await tables.set_home_state(home, True, LATE)
    assert await tables.watch(LATE) == MANY
    assert await whats(tables) == []


async def test_what_one_group_kept_is_said_though_the_next_one_fails(tables: Tables, monkeypatch) -> None:
    """A database that goes away in between: what was found before stands there, and whoever listens knows."""
    monkeypatch.setattr("cloud_bridge.backend.database.HOMES_AT_ONCE", 2)
    for home in MANY:
        await tables.set_home_state(home, False, NOON)
    heard: list[str] = []

    ask = tables._ask

    async def ask_or_fail(work):
        if len(heard) == 4:
            raise TablesError("the server is away")
        return await ask(work)

    monkeypatch.setattr(tables, "_ask", ask_or_fail)
    with pytest.raises(TablesError):
        await tables.watch(LATE, heard.append)
    monkeypatch.setattr(tables, "_ask", ask)
    assert heard == list(MANY[:4])
    assert await whats(tables) == [(home, "home_offline") for home in heard]


async def test_what_a_hub_tells_is_not_the_wards_to_end(tables: Tables) -> None:
    """The ward closes what it found; what a hub said is over when the hub says so."""
    await tables.commit(batch(trouble(1, "opened")), at=NOON)
    await tables.watch(NOON)
    assert await whats(tables) == [(HOME, "disk_full")]


async def test_silence_follows_the_plan_of_the_home(tables: Tables) -> None:
    """A gap, and a hub that is there and says nothing, are found by the home's own numbers."""
    await tables.set_home_state(HOME, True, NOON)
    await tables.commit(batch(told(1), told(4)), at=NOON)
    await tables.watch(NOON + timedelta(minutes=6))
    assert await whats(tables) == [(HOME, "entries_missing")]
    await tables.commit(batch(told(2), told(3)), at=at(7))
    await tables.watch(at(20))
    assert await whats(tables) == []
    await tables.watch(NOON + timedelta(hours=49))
    assert await whats(tables) == [(HOME, "home_quiet")]


async def test_a_hub_on_an_old_copy_and_a_second_hub_are_found(tables: Tables) -> None:
    """Births say how far a hub has counted and which run of the program it is; both are remembered."""
    await tables.commit(batch(*(told(seq) for seq in range(1, 8))), at=NOON)
    for minute, birth in enumerate(
        (Birth("log1", "a", 1, 7), Birth("log1", "b", 1, 4), Birth("log1", "a", 2, 7))
    ):
        await tables.set_home_state(HOME, True, at(minute), birth)
        await tables.watch(at(minute))
        expected = [[], [(HOME, "numbers_backwards")], [(HOME, "two_hubs")]][minute]
        assert await whats(tables) == expected


async def test_the_watch_tells_whose_page_has_changed(tables: Tables) -> None:
    """Whoever looks at a page sees it change, and nobody else is woken."""
    await tables.set_home_state(HOME, False, NOON)
    heard: list[str] = []
    watch = Watch(tables, lambda: LATE, heard.append)
    await watch.look()
    assert heard == [HOME]
