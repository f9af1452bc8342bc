"""Each law finds what it is there for, and what a cut may leave of a disk; it needs neither disk nor root."""

from random import Random

import pytest

from gateway.start import open_store
from gateway.store.file import LOG_FILE
from tests.powercut.cuts import KINDS, SECTOR_BYTES, Cut, Platter
from tests.powercut.first_version import JUDGE
from tests.powercut.hub import settings
from tests.powercut.laws import BrokenLawError, check
from tests.powercut.ledger import Ledger
from tests.powercut.life import Life
from tests.powercut.tape import CHUNK_BYTES, FLUSH, WRITE, Step

PAGE = 4096

TAMPERED = {
    "delete from entry where seq > 3": "lost",
    "delete from entry where seq = 3": "lost",
    "update log set log = 'another'": "refused",
    "insert into entry (seq, at, kind, body) values (1000, '', 'reading', '{}')": "foreign",
    "update entry set body = '{}' where seq = 3": "altered",
    "update entry set at = '2027-01-01' where seq = 3": "altered",
    "update state set body = '1' where name = 'cursor'": "cursor",
    "update state set body = '99' where name = 'cursor'": "cursor",
    "update entry set trust = 'unknown' where seq = 3": "altered",
    "delete from told where seq = 3": "half",
    "update reading set measured_at = '2027-01-01' where seq = 2": "half",
    f"update state set body = '{JUDGE}' where name = 'judge'": "half",
    "delete from device": "half",
    "update state set body = '[]' where name = 'cursor_recent'": "half",
    "insert into received values (2, '2027-01-05T12:00:00+00:00', 'nobody')": "half",
}


class Told:
    """Marks that go straight into a ledger; the last deed may stay unacknowledged."""

    def __init__(self):
        self.ledger = Ledger()
        self.is_cut = False

    def say(self, do, **words):
        """Note a word, unless the power is gone."""
        if not (self.is_cut and do == "kept"):
            self.ledger.take({"do": do, **words})


@pytest.fixture
def marks():
    """What the worker says."""
    return Told()


@pytest.fixture
def store(tmp_path, marks):
    """A store with some visits and a receipt."""
    life = Life(tmp_path, marks, Random(1), None)
    store = life.start()
    store.visit = lambda: life.visit(line)
    line = life.pipeline(store)
    for _ in range(5):
        store.visit()
    for up_to in range(1, 11):
        life.receive(store, up_to)
    yield store
    store.close()


def test_a_log_that_is_what_was_told_breaks_no_law(tmp_path, marks, store):
    """Nothing is found where nothing is wrong, and the hub has gone on from there."""
    store.close()
    check(tmp_path, marks.ledger)
    with pytest.raises(BrokenLawError, match="foreign"):
        check(tmp_path, marks.ledger)  # the law's own second life stands there now


@pytest.mark.parametrize("sql", TAMPERED)
def test_each_law_finds_its_fault(tmp_path, marks, store, sql):
    """Whatever is missing, too much, altered or kept in part has a name."""
    store._db.execute(sql)
    store.close()
    with pytest.raises(BrokenLawError) as broken:
        check(tmp_path, marks.ledger)
    assert broken.value.law == TAMPERED[sql]


@pytest.mark.parametrize("is_done", [True, False])
def test_what_was_handed_in_and_not_acknowledged_is_all_there_or_not_at_all(tmp_path, marks, store, is_done):
    """Both are right after a cut; a part of it is not."""
    marks.is_cut = True
    if is_done:
        store.visit()
    else:
        marks.say("handed", deed="cursor", up_to=12, at="2027-01-05T12:00:00+00:00", by="ward-a")
    store.close()
    check(tmp_path, marks.ledger)


def test_half_a_transaction_is_found(tmp_path, marks, store):
    """The newest of what was handed in last is gone, and the rest stands there."""
    marks.is_cut = True
    store.visit()
    store._db.execute("delete from entry where seq = ?", (store.highest,))
    store.abandon()  # closed in order, the second place would know how far it came
    with pytest.raises(BrokenLawError, match="half"):
        check(tmp_path, marks.ledger)


def test_a_damaged_page_is_found(tmp_path, marks, store):
    """One flipped octet in a page that nobody asked for breaks its seal."""
    store._db.execute("create table unasked (body)")
    store._db.execute("insert into unasked values (zeroblob(?))", (4 * PAGE,))
    store.close()
    file = settings(tmp_path, "home").folder / LOG_FILE
    data = bytearray(file.read_bytes())
    data[-PAGE // 2] ^= 1
    file.write_bytes(data)
    with pytest.raises(BrokenLawError, match="damaged: "):
        check(tmp_path, marks.ledger)


def test_another_log_in_its_place_is_found(tmp_path, marks, store):
    """A log begun anew, with a new witness, is not the one that was acknowledged."""
    store.close()
    for file in settings(tmp_path, "home").folder.iterdir():
        file.unlink()
    open_store(settings(tmp_path, "home")).close()
    with pytest.raises(BrokenLawError, match="another log"):
        check(tmp_path, marks.ledger)


@pytest.mark.parametrize("kind", KINDS)
def test_a_cut_leaves_what_was_flushed_and_nothing_that_was_never_written(kind):
    """Of the rest it leaves whole sectors, each as some write left it; the same dice leave the same."""
    old, new = b"o" * PAGE, b"n" * PAGE
    platter = Platter()
    for step in (Step(WRITE, 0, old), Step(FLUSH), Step(WRITE, 0, new), Step(WRITE, PAGE, new)):
        platter.take(step)
    lefts = []
    for number in range(200):
        disk = bytearray(CHUNK_BYTES)
        for offset, data in (*platter.safe(), *platter.left_by(Cut(number, 4, kind, Random(number)))):
            disk[offset : offset + len(data)] = data
        lefts.append(bytes(disk[: 2 * PAGE]))
    sectors = {left[at : at + SECTOR_BYTES] for left in lefts for at in range(0, 2 * PAGE, SECTOR_BYTES)}
    assert sectors <= {octet * SECTOR_BYTES for octet in (b"o", b"n", b"\0")}
    nothing, everything = old + bytes(PAGE), new + new
    assert (nothing in lefts) == (kind in ("nothing", "half", "reordered"))
    assert (everything in lefts) == (kind not in ("nothing", "torn"))
    is_torn = any(left not in (nothing, everything, new + bytes(PAGE), old + new) for left in lefts)
    assert is_torn == (kind in ("torn", "reordered"))
