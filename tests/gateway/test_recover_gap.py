"""Numbers that were left out between two names of a log were never given out: nobody looks for them."""

from contextlib import closing

from gateway.store.look import DamageError, Look
from tests.gateway.test_recover import PAGE, because, opened
from tests.gateway.test_store_tools import told
from tests.given import KEY, NOON, store


def test_nobody_looks_for_numbers_that_were_left_out_between_two_names(tmp_path):
    """Where the page at the edge of such a gap is damaged, entries are lost, and no number of the gap."""
    log = store(tmp_path)
    log.commit([told(one) for one in range(1, 501)], at=NOON)
    log.begin_log(above=5000)
    log.commit([told(one) for one in range(501, 1001)], at=NOON)
    log._db.execute("pragma wal_checkpoint(truncate)").fetchall()
    log.abandon()
    spoil_edge(tmp_path, gap=(2000, 2100))
    log = opened(tmp_path)
    lost = [tuple(map(int, span.split("-"))) for span in because(log)["lost"]]
    assert sum(span[-1] - span[0] + 1 for span in lost) == 1000 - because(log)["kept"] > 0


def spoil_edge(folder, gap):
    """Damage the one page on which whoever looks for these numbers ends."""
    path = folder / "log.db"
    whole = path.read_bytes()
    for page in reversed(range(1, len(whole) // PAGE)):
        data = bytearray(whole)
        data[page * PAGE + 50] ^= 1
        path.write_bytes(data)
        with closing(Look(folder, KEY)) as look:
            try:
                look.rows("select body from entry where seq between ? and ?", *gap)
            except DamageError:
                if look.rows("select min(seq) from entry") == [(1,)]:
                    return
    raise AssertionError("no such page")
