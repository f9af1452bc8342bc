"""A damaged page under a long text is found, wherever it lies: SQLite itself would show zeros for its end."""

from contextlib import closing, suppress
from datetime import timedelta

from cloud_bridge.contract.entries import EntryKind
from gateway.store.file import LOG_FILE, StoreError
from gateway.store.kept import Kept
from gateway.store.log import Fact
from gateway.store.look import PAGE_BYTES, DamageError, Look
from gateway.store.salvage import Salvage
from tests.given import KEY, NOON, store

LONG = '"' + "x" * 5_000 + '"'


def test_no_damaged_page_makes_a_text_that_nobody_wrote(tmp_path):
    """An octet is flipped in each page in turn: every text is what was written, or is said to be damaged."""
    log = store(tmp_path)
    log.commit([Fact(EntryKind.ANSWER, LONG.encode(), f"{n}") for n in range(8)], at=NOON, plan=LONG.encode())
    log.close()
    file = tmp_path / LOG_FILE
    sound = file.read_bytes()
    read = damaged = 0
    for page in range(1, len(sound) // PAGE_BYTES):
        hurt = bytearray(sound)
        hurt[page * PAGE_BYTES] ^= 1
        file.write_bytes(hurt)
        with suppress(StoreError), closing(Look(tmp_path, KEY)) as look:
            found = list(look.entries(1, 8))
            assert {one.body for one in found if isinstance(one, Kept)} <= {LONG}, f"page {page + 1}"
            read += sum(isinstance(one, Kept) for one in found)
            damaged += sum(not isinstance(one, Kept) for one in found)
            with suppress(DamageError):
                assert look.state("plan") in (LONG, None), f"page {page + 1}"
    assert read > 8 * 8
    assert damaged >= 8


def test_a_note_that_is_damaged_costs_none_beside_it(tmp_path):
    """A long plan whose last page can't be read is named; what the judge remembers is carried over."""
    old, new = store(tmp_path / "old"), store(tmp_path / "new")
    old.commit([], at=NOON, judge_state=b"{}", plan=LONG.encode())
    old.close()
    file = tmp_path / "old" / LOG_FILE
    sound = file.read_bytes()
    told = set()
    for page in range(len(sound) // PAGE_BYTES - 4, len(sound) // PAGE_BYTES):
        hurt = bytearray(sound)
        hurt[page * PAGE_BYTES] ^= 1
        file.write_bytes(hurt)
        with suppress(StoreError), closing(Look(tmp_path / "old", KEY)) as look:
            salvage = Salvage(new.connection, look, NOON + timedelta(days=1))
            noted = salvage._states()
            told.add((noted.get("judge"), *salvage.unread))
    new.close()
    assert ("{}", "what is noted as plan") in told
