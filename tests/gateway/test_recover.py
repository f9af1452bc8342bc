"""A start on whatever became of the log: never silently empty, and nothing lost that can be read."""

import random
import shutil
import sqlite3
from types import SimpleNamespace

import orjson
import pytest

from cloud_bridge.contract.bodies import reading_from
from cloud_bridge.contract.entries import EntryKind
from cloud_bridge.contract.trouble import TroubleKind
from gateway.recover import recovered
from gateway.store import replace
from gateway.store.file import StoreError
from gateway.store.keys import LogKey
from gateway.store.replace import MARGIN, put_aside
from gateway.store.witness import STEP, Witness
from tests.gateway.replaced_hub import ids, in_town
from tests.given import HOME, KEY, NOON, OTHER_HOME, fact, reading, store

PAGE = 4096
COUNT = 3000


def opened(folder, key=KEY, home=HOME):
    """Open the log as the production hub does."""
    return recovered(folder, home, key, at=NOON)


def told_log(folder, count=COUNT, *, is_closed=True):
    """Write a log of real readings, and return its name; not closed, it is left as by a power cut."""
    from tests.gateway.test_store_tools import told

    log = store(folder)
    for first in range(1, count, 50):
        log.commit([told(one) for one in range(first, min(first + 50, count + 1))], at=NOON)
    name = log.log
    log.close() if is_closed else log.abandon()
    return name


def numbers(log):
    """Return every number in the log, in order."""
    return [entry.seq for entry in log.entries(after=0, count_max=10**6)]


def read_ids(log):
    """Return the identities of the readings in a log."""
    entries = log.entries(after=0, count_max=10**6)
    return {reading_from(entry.body).id for entry in entries if entry.kind == EntryKind.READING}


def reason(folder, **others):
    """Return why a start refuses, after seeing that it left log and witness as they were."""
    before = {path.name: path.read_bytes() for path in folder.glob("log*")}
    with pytest.raises(StoreError) as caught:
        opened(folder, **others)
    assert {path.name: path.read_bytes() for path in folder.glob("log*")} == before
    return str(caught.value)


def because(log):
    """Return what the log will tell of why it is a new one."""
    return orjson.loads(log.note("replaced"))


def test_a_sound_log_opens_as_it_is(tmp_path):
    """No new name, no trouble, nothing put aside: neither after an end in order nor after a power cut."""
    for is_closed in (True, False):
        name = told_log(tmp_path / str(is_closed), is_closed=is_closed)
        log = opened(tmp_path / str(is_closed))
        assert (log.log, log.highest, log.note("replaced")) == (name, COUNT, None)
        assert log.put_aside == frozenset()


def empty(path):
    path.write_bytes(b"")


def first_page(path):
    path.write_bytes(bytes(PAGE) + path.read_bytes()[PAGE:])


def first_page_but_salt(path):
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)


def all_zero(path):
    path.write_bytes(bytes(path.stat().st_size))


@pytest.mark.parametrize("damage", [empty, first_page, first_page_but_salt, all_zero])
def test_a_log_of_which_nothing_can_be_read_is_put_aside_and_its_numbers_go_on(tmp_path, damage):
    """It is kept as it lay, the new one begins above every number given out, and says what happened."""
    name = told_log(tmp_path)
    damage(tmp_path / "log.db")
    spoilt = (tmp_path / "log.db").read_bytes()
    log = opened(tmp_path)
    assert [span.log for span in log.spans[:-1]] == [name]
    assert (log.highest, log.waiting, numbers(log)) == (COUNT, 0, [])
    assert (tmp_path / "quarantine" / f"{name}-1" / "log.db").read_bytes() == spoilt
    assert because(log)["where"] == f"quarantine/{name}-1"
    log.close()
    assert opened(tmp_path).log == log.log


def test_a_log_cut_off_in_the_middle_gives_what_lies_before(tmp_path):
    """A file shorter than it says is read as far as it goes; told, index and cursor come with it."""
    name = told_log(tmp_path)
    log = store(tmp_path)
    log.move_cursor(20)
    log.close()
    path = tmp_path / "log.db"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2 + 100])
    log = opened(tmp_path)
    kept = because(log)["kept"]
    assert 1000 < kept < COUNT
    assert len(read_ids(log)) == kept
    assert log.told_before(read_ids(log)) == read_ids(log)
    assert (log.spans[0].log, log.spans[-1].first) == (name, COUNT + 1)
    assert len(log.readings("spo2", count_max=9)) == 9


@pytest.mark.parametrize("seed", range(6))
def test_bad_pages_cost_what_stands_on_them_and_nothing_else(tmp_path, seed):
    """Found at the start after a power cut; all around is carried over under its old numbers."""
    told_log(tmp_path, is_closed=False)
    log = store(tmp_path)
    before = {entry.seq: entry for entry in log.entries(after=0, count_max=10**6)}
    ids_of = dict(log.connection.execute("select seq, id from told"))
    log._db.execute("pragma wal_checkpoint(truncate)").fetchall()
    log.abandon()
    dice, path = random.Random(seed), tmp_path / "log.db"
    data = bytearray(path.read_bytes())
    for page in dice.sample(range(2, len(data) // PAGE), k=1 + seed % 3):
        data[page * PAGE + dice.randrange(PAGE - 80)] ^= 1
    path.write_bytes(data)
    log = opened(tmp_path)
    after = {entry.seq: entry for entry in log.entries(after=0, count_max=10**6)}
    assert list(after) == list(range(1, len(after) + 1))
    lost = {seq for seq, entry in after.items() if entry.kind == EntryKind.LOST}
    assert all(after[seq] == before[seq] for seq in after if seq not in lost)
    assert len(lost) + COUNT - len(after) <= 40 * (1 + seed % 3)
    assert because(log)["kept"] == len(after) - len(lost)
    gone = lost | (set(before) - set(after))
    assert log.told_before(ids_of[seq] for seq in gone) == frozenset(), "a device may tell these again"


@pytest.mark.parametrize("cut_at", range(12))
def test_a_start_cut_anywhere_is_finished_by_the_next(tmp_path, monkeypatch, cut_at):
    """Whatever step the power fails at, the next start ends with the same log, each entry once."""
    told_log(tmp_path)
    path = tmp_path / "log.db"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    shutil.copytree(tmp_path, tmp_path.parent / f"{tmp_path.name}-whole")
    whole = opened(tmp_path.parent / f"{tmp_path.name}-whole")
    with Cutting(monkeypatch, cut_at) as cut:
        try:
            opened(tmp_path).abandon()
        except PowerCutError:
            cut.is_cut = True
    assert cut.is_cut or cut_at > 7, "so many steps there are at least"
    log = opened(tmp_path)
    assert (numbers(log), read_ids(log)) == (numbers(whole), read_ids(whole))
    assert [(span.first, span.last) for span in log.spans] == [
        (span.first, span.last) for span in whole.spans
    ]
    assert because(log)["kept"] == because(whole)["kept"]
    assert len(log.put_aside) == 1


class PowerCutError(Exception):
    """The power is gone."""


class Cutting:
    """Counts what changes the disk, and cuts the power at one of them."""

    def __init__(self, monkeypatch, cut_at):
        self.left, self.is_cut, self._patch = cut_at, False, monkeypatch

    def __enter__(self):
        from pathlib import Path

        from gateway.store import durable
        from gateway.store.salvage import Transaction

        for owner, name in ((Path, "rename"), (Path, "touch"), (durable, "put"), (Transaction, "__exit__")):
            self._patch.setattr(owner, name, self._counted(getattr(owner, name)))
        return self

    def _counted(self, act):
        def counted(*words):
            self.left -= 1
            if self.left < 0:
                raise PowerCutError
            return act(*words)

        return counted

    def __exit__(self, *_):
        self._patch.undo()


def test_an_older_file_goes_on_under_a_new_name_above_what_was_given_out(tmp_path):
    """The second place knows of more: nothing is put aside, for all that stands there is right."""
    name = told_log(tmp_path)
    shutil.copy(tmp_path / "log.db", tmp_path / "older")
    log = store(tmp_path)
    for group in range(8):
        log.commit([fact(f"n{group}-{number}") for number in range(50)], at=NOON)
    log.abandon()
    for path in tmp_path.glob("log.db*"):
        path.unlink()
    (tmp_path / "older").rename(tmp_path / "log.db")
    with pytest.raises(StoreError, match="knows of"):
        store(tmp_path)
    log = opened(tmp_path)
    assert (log.spans[0].log, log.spans[0].last, log.put_aside) == (name, COUNT, frozenset())
    assert COUNT + 400 < log.spans[1].first <= COUNT + 401 + STEP
    assert "knows of" in because(log)["why"]


@pytest.mark.parametrize("spoil", [lambda path: path.unlink(), lambda path: path.write_bytes(b"{")])
def test_without_the_second_place_nobody_vouches_for_the_log(tmp_path, spoil):
    """A witness that is gone or broken costs a new name, and no start."""
    told_log(tmp_path)
    spoil(tmp_path / "log.json")
    log = opened(tmp_path)
    assert (len(log.spans), log.highest) == (2, COUNT + MARGIN)
    assert Witness(tmp_path).read().log == log.log


def test_what_only_a_person_knows_is_asked(tmp_path):
    """A log that is gone, another's key, home or file: refused with what to do, and nothing is changed."""
    told_log(tmp_path, 20)
    assert "wrong key" in reason(tmp_path, key=LogKey("cd" * 48))
    assert "not of" in reason(tmp_path, home=OTHER_HOME)
    told_log(tmp_path / "other", 20)
    (tmp_path / "log.db").write_bytes((tmp_path / "other" / "log.db").read_bytes())
    assert "belongs here" in reason(tmp_path)
    (tmp_path / "log.db").unlink()
    with sqlite3.connect(tmp_path / "log.db") as other:
        other.execute("create table guests (name text)")
    other.close()
    assert "foreign" in reason(tmp_path)
    (tmp_path / "log.db").unlink()
    assert "begin-anew" in reason(tmp_path)


def test_a_log_that_is_gone_for_good_is_replaced_when_a_person_says_so(tmp_path):
    """Said once, the next start begins a log whose numbers go on."""
    name = told_log(tmp_path, 20)
    (tmp_path / "log.db").unlink()
    put_aside(tmp_path)
    log = opened(tmp_path)
    assert ([span.log for span in log.spans][:1], log.highest) == ([name], 20)
    assert "by hand" in because(log)["why"]


def test_what_the_judge_remembered_follows_from_the_log_again(tmp_path):
    """Where its memory is lost, alerts that were told are open, and close as if nothing had been."""

    async def story(town):
        hub = town.boot()
        town.says(*range(5))
        low(town, 80, minute=10)
        remembered = hub.pipeline.state
        assert remembered.open_alerts
        hub.store.connection.execute("delete from state where name = 'judge'")
        await town.settled()
        await town.unplug()
        hub = town.boot()
        assert hub.pipeline.state == remembered
        low(town, 95, minute=20)
        await town.settled()
        assert await town.ward.tables.open_alerts(HOME) == ()

    in_town(tmp_path, story)


def low(town, spo2, minute):
    """Let the device tell one value."""
    from gateway.store.log_reader import Met
    from tests.given import OXIMETER

    met = Met(OXIMETER, "pulse_oximeter", NOON)
    town.home.hub.pipeline.keep([reading(spo2, minute=minute)], [], met)


def test_after_damage_the_ward_has_everything_once_and_is_told(tmp_path):
    """What had a receipt or can be read stands there once; the trouble lasts until the rest is removed."""

    async def story(town):
        town.boot()
        town.says(*range(2000))
        await town.settled()
        town.road.set_reachable(False)
        town.says(*range(2000, 2600))
        await town.unplug()
        spoil_leaf(tmp_path / "hub" / "log.db")
        hub = town.boot()
        lost = because(hub.store)["lost"]
        town.says(2600)
        town.road.set_reachable(True)
        await town.settled()
        readings = await town.readings()
        assert len(set(readings)) == len(readings)
        assert set(ids(*range(2000), 2600)) <= set(readings)
        assert set(readings) >= read_ids(hub.store)
        (trouble,) = hub.troubles.open
        assert trouble.what == TroubleKind.LOG_REPLACED
        assert all(span in trouble.detail for span in lost[:5])
        figures = await town.ward.tables.figures(HOME)
        assert (figures.gaps, figures.duplicates, figures.quarantined) == (0, 0, 0)
        await town.unplug()
        shutil.rmtree(tmp_path / "hub" / "quarantine")
        hub = town.boot()
        await town.settled()
        assert hub.troubles.open == ()

    in_town(tmp_path, story)


def spoil_leaf(path):
    """Flip bits on pages in the last third of the file, and let the next start look closely."""
    data = bytearray(path.read_bytes())
    for page in range(len(data) // PAGE * 2 // 3, len(data) // PAGE * 2 // 3 + 3):
        data[page * PAGE + 50] ^= 1
    path.write_bytes(data)
    witness = Witness(path.parent)
    said = witness.read()
    witness.reserve(said.spans, said.given + 1)


def test_what_a_killed_hub_left_unmerged_is_put_aside_with_its_log(tmp_path):
    """The write-ahead file goes where its log goes, never onto the new one; what it holds is carried over."""
    log = store(tmp_path)
    log.commit([fact(f"id{number}") for number in range(300)], at=NOON)
    crashed = {path: path.read_bytes() for path in tmp_path.glob("log.db*") if path.suffix != ".db-shm"}
    log.close()
    for path, data in crashed.items():
        path.write_bytes(data)
    put_aside(tmp_path)
    again = opened(tmp_path)
    assert numbers(again) == list(range(1, 301))
    assert because(again)["kept"] == 300
    assert (tmp_path / because(again)["where"] / "log.db-wal").exists()


def test_where_there_is_no_room_the_hub_runs_and_the_next_start_carries_over(tmp_path, monkeypatch):
    """What was put aside waits; nothing of it is lost, and the numbers go on meanwhile."""
    name = told_log(tmp_path)
    path = tmp_path / "log.db"
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    with monkeypatch.context() as full:
        full.setattr(replace.shutil, "disk_usage", lambda _path: SimpleNamespace(free=0))
        log = opened(tmp_path)
        assert numbers(log) == []
        log.commit([fact("meanwhile")], at=NOON)
        log.close()
    log = opened(tmp_path)
    assert len(numbers(log)) == because(log)["kept"] + 1 > 1000
    assert log.spans[0].log == name
    assert numbers(log)[-1] == COUNT + 1
