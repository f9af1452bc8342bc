"""A log may change its name while its numbers go on: no name is used that can't be vouched for."""

import asyncio
import shutil
from datetime import timedelta

import pytest

from cloud_bridge.carry import SAID_AGAIN_AFTER_S
from cloud_bridge.contract.entries import LogSpan
from cloud_bridge.contract.trouble import TroubleKind
from tests.gateway.replaced_hub import ids, in_town
from tests.given import HOME, NOON, fact, store


def test_a_new_name_goes_on_counting(tmp_path):
    """What comes after a new name has the next numbers, over restarts too; the old name keeps its own."""
    log = store(tmp_path)
    old = log.log
    log.commit([fact("a"), fact("b")], at=NOON)
    log.begin_log()
    assert log.commit([fact("c")], at=NOON)[0].seq == 3
    log.close()
    again = store(tmp_path)
    assert again.spans == (LogSpan(old, 1, 2), LogSpan(again.log, 3, 3))
    assert old != again.log


def test_a_new_name_may_leave_numbers_out(tmp_path):
    """Numbers that somebody else may have given are left out, wait for no receipt and count as no entries."""
    log = store(tmp_path)
    log.commit([fact("a"), fact("b")], at=NOON)
    log.begin_log(above=1000)
    assert (log.highest, log.waiting) == (1000, 2)
    assert log.commit([fact("c")], at=NOON)[0].seq == 1001
    assert log.waiting == 3
    log.move_cursor(2)
    assert (log.cursor, log.waiting) == (1000, 1)
    log.close()
    assert store(tmp_path).cursor == 1000


def test_what_the_ward_has_beyond_ours_ends_the_name(tmp_path):
    """What has no receipt is told again under a new name; what comes next has numbers that nobody has."""
    log = store(tmp_path)
    old = log.log
    log.commit([fact("a"), fact("b"), fact("c")], at=NOON)
    log.move_cursor(1)
    assert log.outrun(old, 50)
    again, newest = log.spans[1:]
    assert (log.spans[0], again) == (LogSpan(old, 1, 1), LogSpan(again.log, 2, 3))
    assert (newest.first, log.highest, log.waiting) == (51, 50, 2)
    assert not log.outrun(old, 50), "said again it is no news"
    assert log.outrun(old, 51)
    assert log.highest == 51


def test_both_logs_arrive_and_neither_waits_for_the_other(tmp_path):
    """The rest of the old log and all of the new one reach the ward, each reading once, without a gap."""

    async def story(town):
        town.road.set_reachable(False)
        hub = town.boot()
        await asyncio.sleep(1)
        town.says(*range(300))
        old = hub.store.log
        hub.store.begin_log(above=2000)
        town.says(*range(300, 310))
        town.road.set_reachable(True)
        await town.settled()
        assert await town.readings() == ids(*range(310))
        assert await town.logs() == {old: 302, hub.store.log: 10}
        figures = await town.ward.tables.figures(HOME)
        assert (figures.gaps, figures.duplicates, figures.quarantined) == (0, 0, 0)
        assert hub.store.cursor == hub.store.highest == 2010

    in_town(tmp_path, story)


def test_the_new_log_is_the_homes_newest_though_the_old_one_never_began(tmp_path):
    """The old log takes its turn at birth: its rest, that comes late, does not make it the newest."""

    async def story(town):
        town.road.set_reachable(False)
        hub = town.boot()
        town.says(*range(1500))
        hub.store.begin_log()
        town.says(1500)
        town.road.set_reachable(True)
        await town.settled()
        state = await town.ward.tables.home_state(HOME)
        assert (state.up_to, state.missing_count) == (hub.store.highest, 0)

    in_town(tmp_path, story)


def test_a_ward_that_lost_an_old_log_gets_it_again(tmp_path):
    """A ward restored from its own backup has older words on every log: each is filled up (G6)."""

    async def story(town):
        hub = town.boot()
        town.says(*range(5))
        await town.settled()
        await town.ward.unplug()
        shutil.copy(tmp_path / "ward.db", tmp_path / "ward.bak")
        town.ward.boot()
        town.says(*range(5, 10))
        hub.store.begin_log(above=500)
        town.says(*range(10, 15))
        await town.settled()
        await town.ward.unplug()
        for path in tmp_path.glob("ward.db*"):
            path.unlink()
        shutil.copy(tmp_path / "ward.bak", tmp_path / "ward.db")
        town.ward.boot()
        town.road.set_reachable(False)
        await asyncio.sleep(1)
        town.road.set_reachable(True)
        await asyncio.sleep(900)
        assert await town.readings() == ids(*range(15))
        assert (await town.ward.tables.figures(HOME)).gaps == 0

    in_town(tmp_path, story)


def test_a_hub_put_back_to_an_older_state_loses_and_contradicts_nothing(tmp_path):
    """An older copy of a whole card: the ward has more; what is new comes under a new name, and is told."""

    async def story(town):
        town.boot()
        town.says(*range(5))
        await town.settled()
        await town.unplug()
        shutil.copytree(tmp_path / "hub", tmp_path / "older")
        town.boot()
        town.says(*range(5, 40))
        await town.settled()
        await town.unplug()
        town.road.set_reachable(False)
        hub = town.boot("older")
        town.says(40, 41)
        town.road.set_reachable(True)
        await asyncio.sleep(600)
        town.says(42)
        await town.settled()
        assert await town.readings() == ids(*range(43))
        (trouble,) = hub.troubles.open
        assert (trouble.what, trouble.about) == (TroubleKind.LOG_REPLACED, hub.store.spans[0].log)
        newest = hub.store.spans[-1]
        assert newest.first > max(seq for (seq,) in await told_of(town, hub.store.spans[0].log))

    in_town(tmp_path, story)


@pytest.mark.parametrize("is_position_lost", [False, True])
def test_a_hub_put_back_that_has_gone_on_past_the_ward_loses_nothing(tmp_path, is_position_lost):
    """Offline it has written other entries under the ward's numbers, and more: none of them is lost."""

    async def story(town):
        town.boot()
        town.says(*range(5))
        await town.settled()
        await town.unplug()
        shutil.copytree(tmp_path / "hub", tmp_path / "older")
        town.boot()
        town.says(*range(5, 15))
        await town.settled()
        await town.unplug()
        town.road.set_reachable(False)
        hub = town.boot("older")
        town.says(*range(20, 80))
        if is_position_lost:
            town.ward.tables.receipts = nothing
        town.road.set_reachable(True)
        await town.settled()
        assert await town.readings() == ids(*range(15), *range(20, 80))
        (trouble,) = hub.troubles.open
        assert trouble.what == TroubleKind.LOG_REPLACED

    in_town(tmp_path, story)


@pytest.mark.parametrize("new_count", [3, 60])
def test_an_older_name_that_contradicts_is_told_again_in_its_place(tmp_path, new_count):
    """Put back, gone on, then salvaged: what the old name can no longer tell goes under another one."""

    async def story(town):
        town.boot()
        town.says(*range(5))
        await town.settled()
        await town.unplug()
        shutil.copytree(tmp_path / "hub", tmp_path / "older")
        town.boot()
        town.says(*range(5, 15))
        await town.settled()
        await town.unplug()
        town.road.set_reachable(False)
        hub = town.boot("older")
        town.says(*range(20, 20 + new_count))
        hub.store.begin_log(above=500)
        town.says(900)
        town.road.set_reachable(True)
        await town.settled()
        assert await town.readings() == ids(*range(15), *range(20, 20 + new_count), 900)
        old, again, newest, *_ = hub.store.spans
        assert (again.first, newest.first) == (old.last + 1, 501)
        turns = await town.ward.tables._rows("select log from log order by turn")
        assert [log for (log,) in turns] == [span.log for span in hub.store.spans]

    in_town(tmp_path, story)


async def nothing(_home, _log, _earlier):
    """Answer no birth."""
    return ()


async def told_of(town, log):
    """Return the numbers that the ward has of one log."""
    return await town.ward.tables._rows("select seq from entry where log = :log", log=log)


def test_a_ward_that_lost_all_and_a_hub_that_no_longer_has_all_come_to_rest(tmp_path):
    """What was removed here can't be told again: the rest is, once, and nobody asks for ever."""

    async def story(town):
        hub = town.boot()
        town.says(*range(1300))
        await town.settled()
        assert hub.store.remove_received(NOON + timedelta(days=9999), count_max=200) == 200
        await town.ward.unplug()
        for file in tmp_path.glob("ward.db*"):
            file.unlink()
        town.ward.boot()
        town.says(1300)
        await town.settled()
        count = hub.carrier.road.receipt_count
        assert len(await town.readings()) > 1100
        await asyncio.sleep(18.5 * SAID_AGAIN_AFTER_S)
        assert hub.carrier.road.receipt_count == count + 18, "a position for each birth, and no batch"

    in_town(tmp_path, story)
