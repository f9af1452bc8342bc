"""A broken hub is replaced by another: nothing is lost that can be had, nothing doubled."""

import shutil

import pytest
import zstandard

from cloud_bridge.contract.entries import EntryKind
from cloud_bridge.contract.trouble import TroubleKind
from gateway.store import replacement
from gateway.store.backup import BackupError, backup
from gateway.store.file import StoreError
from gateway.store.keys import LogKey
from gateway.store.log import Fact
from gateway.store.look import Look
from gateway.store.replace import MARGIN
from tests.gateway.replaced_hub import ids, in_town
from tests.gateway.test_recover import numbers, read_ids, told_log
from tests.given import HOME, KEY, NOON, OTHER_HOME, fact, store

NEW_KEY = LogKey("12" * 48)


def backed_up(folder, key=KEY):
    """Return a backup of the log in this folder, opened."""
    look = Look(folder, key)
    try:
        return list(backup(look, HOME, NOON, lambda _done, _of: None))
    finally:
        look.close()


def restored(stream, folder, home=HOME):
    """Make a hub from a backup, close it, and return its spans."""
    log = replacement.restore(stream, folder, home, NEW_KEY)
    log.close()
    return log.spans


async def is_right(town, *minutes):
    """See that the ward has exactly these readings, each once, in logs without gap or contradiction."""
    assert await town.readings() == ids(*minutes)
    figures = await town.ward.tables.figures(HOME)
    assert (figures.gaps, figures.duplicates, figures.quarantined) == (0, 0, 0)


def test_a_backup_is_the_whole_log(tmp_path):
    """Entries, what was told, the index, the judge's memory, devices and the cursor are those of the log."""
    told_log(tmp_path / "hub")
    log = store(tmp_path / "hub")
    log.commit(
        [Fact(EntryKind.DEVICE_FAULT, b"{}", "x")], at=NOON, judge_state=b'{"plan_version":7,"limits":{}}'
    )
    log.begin_log(above=5000)
    log.commit([Fact(EntryKind.DEVICE_FAULT, b"{}", "y")], at=NOON)
    log.move_cursor(40)
    before = (log.spans, log.entries(after=0, count_max=10**6), log.readings("spo2", count_max=9), log.cursor)
    stream = backed_up(tmp_path / "hub")
    log.close()
    again = replacement.restore(stream, tmp_path / "new", HOME, NEW_KEY)
    assert (again.spans[:-1], again.entries(after=0, count_max=10**6)) == before[:2]
    assert (again.readings("spo2", count_max=9), again.cursor) == before[2:]
    assert again.told_before(read_ids(again) | {"x", "y"}) == read_ids(again) | {"x", "y"}
    assert again.judge_state() == b'{"plan_version":7,"limits":{}}'
    assert again.spans[-1].first == 5001 + MARGIN + 1
    assert again.log not in {span.log for span in before[0]}


def test_a_backup_beside_a_hub_that_goes_on_is_one_moment(tmp_path):
    """What is committed while it is read is not in it, neither as entry nor in what the judge remembers."""
    told_log(tmp_path / "hub", 2000)
    log = store(tmp_path / "hub")
    look = Look(tmp_path / "hub", KEY)
    stream = list(backup(look, HOME, NOON, lambda _done, _of: one_more(log)))
    look.close()
    again = replacement.restore(stream, tmp_path / "new", HOME, NEW_KEY)
    assert numbers(again) == list(range(1, 2001))
    assert again.judge_state() is None
    assert not again.told_before(["late-2001"])


def one_more(log):
    log.commit([fact(f"late-{log.highest + 1}")], at=NOON, judge_state=b"{}")


@pytest.mark.parametrize("spoil", [
    lambda stream: [b"".join(stream)[:-9]], lambda _: [], lambda _: [b"no backup"],
    lambda stream: [b"".join(stream)[: len(b"".join(stream)) // 2]],
    lambda stream: [repacked(stream, lambda lines: lines[:-1])],
    lambda stream: [repacked(stream, lambda lines: lines[:-2] + lines[-1:])],
    lambda stream: [repacked(stream, lambda lines: lines[1:])],
])  # fmt: skip
def test_a_backup_that_is_not_whole_makes_no_hub(tmp_path, spoil):
    """Cut off, empty or foreign: an error with words, and nothing is left behind."""
    told_log(tmp_path / "hub", 300)
    with pytest.raises(BackupError):
        restored(spoil(backed_up(tmp_path / "hub")), tmp_path / "new")
    assert not list((tmp_path / "new").iterdir())


def repacked(stream, change):
    """Return a stream that is whole as such, with other lines."""
    lines = (
        zstandard.ZstdDecompressor().decompressobj().decompress(b"".join(stream)).splitlines(keepends=True)
    )
    packer = zstandard.ZstdCompressor().compressobj()
    return packer.compress(b"".join(change(lines))) + packer.flush()


def test_a_backup_of_another_home_or_a_newer_program_is_refused(tmp_path):
    """A log never changes homes, and an older program does not guess at a newer one's tables."""
    told_log(tmp_path / "hub", 20)
    with pytest.raises(StoreError, match="is of home"):
        restored(backed_up(tmp_path / "hub"), tmp_path / "new", OTHER_HOME)
    log = store(tmp_path / "hub")
    log.connection.execute("insert into _sqlite_migrations (migration_set, name, applied_at) "
                           "values ('pusterom-hub', 'm9999_tomorrow', '2030')")  # fmt: skip
    header = backed_up_header(tmp_path / "hub")
    log.close()
    with pytest.raises(BackupError, match="newer Pusterom"):
        restored(header, tmp_path / "new")


def backed_up_header(folder):
    """Return a backup of a log whose newest step is not looked at."""
    look = Look(folder, KEY)
    look.log = lambda _home: look.state("log")
    try:
        return list(backup(look, HOME, NOON, lambda _done, _of: None))
    finally:
        look.close()


def test_nothing_is_restored_over_a_log(tmp_path):
    """A folder with a log, or with the word that there was one, is refused."""
    told_log(tmp_path / "hub", 20)
    stream = backed_up(tmp_path / "hub")
    for spoil in (lambda: None, lambda: (tmp_path / "hub" / "log.db").unlink()):
        spoil()
        with pytest.raises(StoreError, match="nothing is restored over it"):
            restored(stream, tmp_path / "hub")


def test_replaced_from_a_backup_nothing_with_a_receipt_is_lost(tmp_path):
    """The ward has more than the backup: it keeps that, says so, and everything new arrives beside it."""

    async def story(town):
        town.boot()
        town.says(*range(400))
        await town.settled()
        town.road.set_reachable(False)
        town.says(*range(400, 450))
        stream = backed_up(tmp_path / "hub")
        town.road.set_reachable(True)
        town.says(*range(450, 500))
        await town.settled()
        await town.unplug()
        restored(stream, tmp_path / "new")
        hub = town.boot("new", key=NEW_KEY)
        town.says(*range(500, 510))
        await town.settled()
        await is_right(town, *range(510))
        whats = {trouble.what for trouble in hub.troubles.open}
        assert whats == {TroubleKind.LOG_REPLACED}
        assert any("the ward has log" in trouble.detail for trouble in hub.troubles.open)
        assert_no_number_twice(await town.ward.tables._rows("select seq from entry"))

    in_town(tmp_path, story)


def assert_no_number_twice(rows):
    """No number of a home is given out twice, under whatever name."""
    seen = [seq for (seq,) in rows]
    assert len(set(seen)) == len(seen)


def test_what_only_the_backup_has_arrives_from_it(tmp_path):
    """A hub that was never on the road, and broke: its backup brings everything."""

    async def story(town):
        town.road.set_reachable(False)
        town.boot()
        town.says(*range(300))
        stream = backed_up(tmp_path / "hub")
        await town.unplug()
        town.road.set_reachable(True)
        restored(stream, tmp_path / "new")
        town.boot("new", key=NEW_KEY)
        town.says(5, 6, 300)
        await town.settled()
        await is_right(town, *range(301))

    in_town(tmp_path, story)


def test_one_backup_restored_twice_is_two_logs(tmp_path):
    """Two hubs from one backup never tell under one name: the ward keeps what each has told."""

    async def story(town):
        town.boot()
        town.says(*range(20))
        await town.settled()
        stream = backed_up(tmp_path / "hub")
        await town.unplug()
        for number, name in enumerate(("new", "newer")):
            restored(stream, tmp_path / name)
            town.boot(name, key=NEW_KEY)
            town.says(*range(20 + 10 * number, 30 + 10 * number))
            await town.settled()
            await town.unplug()
        await is_right(town, *range(40))
        assert len(await town.logs()) == 3

    in_town(tmp_path, story)


@pytest.mark.parametrize("is_cut", [False, True])
def test_replaced_from_a_card_everything_readable_arrives_once(tmp_path, is_cut):
    """Without a backup: what can be read on the old card is in the ward, and what it had stays."""

    async def story(town):
        town.boot()
        town.says(*range(1000))
        await town.settled()
        town.road.set_reachable(False)
        town.says(*range(1000, 1600))
        await town.unplug()
        log = tmp_path / "hub" / "log.db"
        if is_cut:
            log.write_bytes(log.read_bytes()[: log.stat().st_size * 2 // 3])
        before = {path: path.read_bytes() for path in (tmp_path / "hub").iterdir()}
        new = from_folder(tmp_path / "hub", tmp_path / "new")
        assert {path: path.read_bytes() for path in (tmp_path / "hub").iterdir()} == before
        readable = read_ids(new)
        assert is_cut or readable == set(ids(*range(1600)))
        new.close()
        town.road.set_reachable(True)
        town.boot("new", key=NEW_KEY)
        town.says(1600)
        await town.settled()
        kept = await town.readings()
        assert len(kept) == len(set(kept))
        assert set(kept) == readable | set(ids(*range(1000), 1600))
        assert_no_number_twice(await town.ward.tables._rows("select seq from entry"))
        figures = await town.ward.tables.figures(HOME)
        assert (figures.gaps, figures.duplicates, figures.quarantined) == (0, 0, 0)

    in_town(tmp_path, story)


def from_folder(old, new, key=KEY):
    """Make a hub from a folder."""
    return replacement.restore_from_folder(old, key, new, HOME, NEW_KEY, at=NOON)


def test_replaced_with_nothing_the_ward_keeps_what_it_has(tmp_path):
    """A new hub with the same home and no log: whatever had a receipt stands in the ward, once."""

    async def story(town):
        town.boot()
        town.says(*range(100))
        await town.settled()
        await town.unplug()
        shutil.rmtree(tmp_path / "hub")
        town.boot("new", key=NEW_KEY)
        town.says(*range(95, 110))
        await town.settled()
        assert await town.readings() == ids(*range(110))
        assert (await town.ward.tables.figures(HOME)).gaps == 0

    in_town(tmp_path, story)


def test_a_wrong_key_for_the_old_card_is_said(tmp_path):
    """Nothing is made of a log that can't be opened, and the new folder stays empty."""
    told_log(tmp_path / "hub", 20)
    with pytest.raises(StoreError, match="wrong key"):
        from_folder(tmp_path / "hub", tmp_path / "new", NEW_KEY)
    assert not list((tmp_path / "new").iterdir())
