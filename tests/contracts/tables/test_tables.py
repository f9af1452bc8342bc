"""What the ward's tables promise, over every database they run on."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloud_bridge.backend.database import Database, TablesError, Transaction, UnkeepableError
from cloud_bridge.backend.tables import Tables
from cloud_bridge.backend.views import Figures
from cloud_bridge.contract.entries import Batch, Clock, Entry, EntryKind, LogSpan
from cloud_bridge.contract.receipts import SPANS_MAX, Receipt, Span, spans_of
from tests.contracts.tables.facts import HOME, NOON, OTHER, alert, at, batch, reading, told
from tests.given import bare

pytestmark = pytest.mark.anyio

_HOMES = (f"{number:016x}" for number in count(1))


class Cut:
    """A database whose power is cut at one statement; it counts them."""

    def __init__(self, database: Database, cut_at: int) -> None:
        self._database = database
        self.left = cut_at

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        with self._database.transaction() as transaction:
            self._transaction = transaction
            yield self

    def rows(self, sql: str, **words: object) -> list[tuple[Any, ...]]:
        self._count()
        return self._transaction.rows(sql, **words)

    def change(self, sql: str, **words: object) -> int:
        self._count()
        return self._transaction.change(sql, **words)

    def _count(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise TablesError("cut")

    def close(self) -> None:
        self._database.close()


def model_receipt(log: str, seqs: set[int]) -> Receipt:
    """The receipt by the plainest means: look at each number."""
    missing = [number for number in range(1, max(seqs)) if number not in seqs]
    spans = [Span(n, n) for n in missing]
    joined: list[Span] = []
    for span in spans:
        if joined and joined[-1].last + 1 == span.first:
            joined[-1] = Span(joined[-1].first, span.last)
        else:
            joined.append(span)
    up_to = missing[0] - 1 if missing else max(seqs)
    return Receipt(log, up_to, tuple(joined), highest=max(seqs))


def life_entry(seq: int) -> Entry:
    """Entry number `seq` of a life in which the hub tells some readings twice and pairs its alerts."""
    if seq % 5 == 4:
        return told(seq, alert(seq // 10, "opened" if seq % 10 == 4 else "closed"))
    return told(seq) if seq % 5 == 0 else told(seq, reading(seq // 2))


deliveries = st.lists(
    st.tuples(
        st.sampled_from([0, 1]),
        st.sampled_from(["log1", "log2"]),
        st.lists(st.integers(1, 30), min_size=1, max_size=12),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deliveries=deliveries)
def test_entries_count_once_however_they_arrive(tables: Tables, deliveries: list[Any]) -> None:
    """Shuffled, overlapping, repeated, over two homes and two logs: each entry once, the receipt exact."""
    homes = (next(_HOMES), next(_HOMES))

    async def live() -> None:
        kept: dict[tuple[str, str], set[int]] = {}
        for which, log, seqs in deliveries:
            home = homes[which]
            receipt = await tables.commit(batch(*map(life_entry, seqs), home=home, log=log), at=NOON)
            kept.setdefault((home, log), set()).update(seqs)
            assert receipt == replace(model_receipt(log, kept[home, log]), kept=spans_of(seqs))
            position = await tables.receipt(home, log)
            assert replace(position, marks=()) == replace(receipt, kept=())
            assert [mark.seq for mark in position.marks] == run_ends(kept[home, log])
        for home in homes:
            assert await tables.figures(home) == model_figures(home, kept)

    asyncio.run(live())


def run_ends(seqs: set[int]) -> list[int]:
    """Where each run of numbers ends, as far as a receipt names gaps."""
    ends = sorted(seq for seq in seqs if seq + 1 not in seqs)
    return ends if len(ends) <= SPANS_MAX else [*ends[:SPANS_MAX], max(seqs)]


def model_figures(home: str, kept: dict[tuple[str, str], set[int]]) -> Figures:
    """Counts from the model: identities are a home's, whatever log they were told in."""
    logs = [seqs for (owner, _), seqs in kept.items() if owner == home]
    everything = {seq for seqs in logs for seq in seqs}
    readings = {seq // 2 for seq in everything if seq % 5 not in {0, 4}}
    changes = Counter("opened" if seq % 10 == 4 else "closed" for seq in everything if seq % 5 == 4)
    return Figures(
        entries=sum(map(len, logs)),
        readings=len(readings),
        alerts_opened=changes["opened"],
        alerts_closed=changes["closed"],
        gaps=sum(max(seqs) - len(seqs) for seqs in logs),
        duplicates=0,
        quarantined=0,
    )


async def test_a_commit_cut_anywhere_leaves_nothing(open_database: Callable[[], Database]) -> None:
    """Whichever statement the power fails at, there is no receipt and no row; the next try is whole."""
    database = open_database()
    honest = Tables(database)
    sent = batch(told(1), told(2, reading(1)), told(3, alert(1, "opened")), told(5, body=b"{}"))
    before = await honest.figures(HOME)
    for cut_at in range(50):
        cut = Cut(database, cut_at)
        try:
            receipt = await Tables(cut).commit(sent, at=NOON)
        except TablesError:
            assert await honest.figures(HOME) == before
            assert await honest.home_state(HOME) is None
            continue
        break
    assert cut_at > 5
    assert bare(receipt) == Receipt("log1", 3, (Span(4, 4),), (5,))
    assert await honest.figures(HOME) == Figures(4, 1, 1, 0, 1, 0, 1)


async def test_a_contradiction_never_overwrites(tables: Tables) -> None:
    """The same number with another body is kept aside and told; what was kept first stands."""
    await tables.commit(batch(told(1, reading(1, value=91.0))), at=NOON)
    receipt = await tables.commit(batch(told(1, reading(2, value=40.0)), told(2)), at=at(1))
    assert bare(receipt) == Receipt("log1", 2, (), (1,))
    assert (receipt.kept, receipt.contradicted) == ((Span(1, 2),), (Span(1, 1),))
    assert (await tables.receipt(HOME, "log1")).contradicted == (Span(1, 1),), "the position says it again"
    assert [kept.reading.value for kept in await tables.readings(HOME)] == [91.0]
    (aside,) = await tables.quarantined()
    assert (aside.home, aside.seq, aside.at) == (HOME, 1, at(1))
    assert b'"r2"' in aside.data
    await tables.commit(batch(told(1, reading(2, value=40.0))), at=at(2))
    assert len(await tables.quarantined()) == 1, "told again, the same contradiction is one"


async def test_a_batch_that_contradicts_itself_is_seen(tables: Tables) -> None:
    """Two bodies under one number in one batch: the first stands, the second is kept aside."""
    receipt = await tables.commit(
        batch(told(1, reading(1)), told(1, reading(2)), told(1, reading(1))), at=NOON
    )
    assert bare(receipt) == Receipt("log1", 1, (), (1,))
    assert [kept.reading.id for kept in await tables.readings(HOME)] == ["r1"]
    assert (await tables.figures(HOME)).quarantined == 1


def spoilt(old: bytes, new: bytes) -> bytes:
    """The body of a good reading with one thing wrong."""
    good = told(1, reading(1)).body
    assert old in good
    return good.replace(old, new, 1)


NOON_SAID = b"2026-11-02T12:00:00+00:00"


@pytest.mark.parametrize(
    "body",
    [
        b'{"nonsense":1}',
        b'"text with \\u0000"',
        spoilt(b'"r1"', b'"r\\u0000"'),
        spoilt(b'"r1"', b'"' + b"x" * 5000 + b'"'),
        spoilt(b"91.0", b'"nan"'),
        spoilt(NOON_SAID, b"2026-11-02T12:00:00"),
        spoilt(NOON_SAID, b"0001-01-01T00:00:00+14:00"),
    ],
)
async def test_an_unreadable_entry_costs_only_itself(tables: Tables, body: bytes) -> None:
    """It counts as received, the receipt names it, its bytes lie in quarantine, the numbering goes on."""
    receipt = await tables.commit(batch(told(1, reading(9)), told(2, body=body), told(3)), at=NOON)
    assert bare(receipt) == Receipt("log1", 3, (), (2,))
    (aside,) = await tables.quarantined()
    assert (aside.home, aside.seq, aside.data) == (HOME, 2, body)
    assert aside.reason
    assert await tables.figures(HOME) == Figures(3, 1, 0, 0, 0, 0, 1)
    assert replace(await tables.receipt(HOME, "log1"), marks=()) == replace(receipt, kept=())


async def test_homes_never_mix(tables: Tables) -> None:
    """The same numbers and the same identities in two homes are two homes' facts."""
    for home, value in ((HOME, 91.0), (OTHER, 95.0)):
        told_of = batch(told(1, reading(1, value=value)), told(2, alert(1, "opened")), home=home)
        assert bare(await tables.commit(told_of, at=NOON)) == Receipt("log1", 2)
    await tables.commit(batch(told(3, alert(1, "closed"))), at=NOON)
    assert [kept.reading.value for kept in await tables.readings(OTHER)] == [95.0]
    assert [opened.home for opened in await tables.open_alerts()] == [OTHER]
    assert await tables.open_alerts(HOME) == ()
    assert (await tables.figures(HOME)).entries == 3


async def test_a_new_log_begins_a_new_count(tables: Tables) -> None:
    """A home's new log counts from one; what it tells again is no second reading and no second alert."""
    await tables.commit(batch(told(1, reading(1)), told(2, alert(1, "opened"))), at=NOON)
    again = batch(told(1, alert(1, "opened")), told(2, reading(1)), told(3, reading(2)), log="log2")
    assert bare(await tables.commit(again, at=at(1))) == Receipt("log2", 3)
    assert bare(await tables.receipt(HOME, "log1")) == Receipt("log1", 2)
    assert await tables.figures(HOME) == Figures(5, 2, 1, 0, 0, 0, 0)
    kept = [(kept.reading.id, kept.seq, kept.committed_at) for kept in await tables.readings(HOME)]
    assert kept == [("r1", 1, NOON), ("r2", 3, at(1))], "the first telling stands"
    state = await tables.home_state(HOME)
    assert state is not None
    assert (state.up_to, state.missing_count) == (3, 0)
    await tables.commit(batch(told(9)), at=at(2))
    assert await tables.home_state(HOME) == state, "a late word in the old log does not make it the new one"


async def test_an_alert_told_twice_in_one_log_is_kept_aside(tables: Tables) -> None:
    """An alert that opens a second time is not swallowed: it lies in quarantine, with its number."""
    await tables.commit(batch(told(1, alert(1, "opened")), told(2, alert(1, "closed"))), at=NOON)
    receipt = await tables.commit(batch(told(3, alert(1, "opened", minutes=9))), at=NOON)
    assert receipt.unreadable == (3,)
    assert await tables.open_alerts(HOME) == ()


async def test_an_unknown_log_stands_at_zero(tables: Tables) -> None:
    """Of a log never seen nothing is committed."""
    assert bare(await tables.receipt(HOME, "never")) == Receipt("never", 0)


async def test_a_receipt_names_so_many_spans_and_no_more(tables: Tables) -> None:
    """A log of holes is asked for in parts: the lowest first."""
    for first in (2, 202):
        await tables.commit(batch(*(told(seq) for seq in range(first, first + 200, 2))), at=NOON)
    receipt = await tables.receipt(HOME, "log1")
    assert receipt.up_to == 0
    assert receipt.missing == tuple(Span(seq, seq) for seq in range(1, 2 * SPANS_MAX, 2))
    assert (await tables.figures(HOME)).gaps == 200


async def test_values_that_no_database_keeps_are_told_apart(tables: Tables) -> None:
    """A number too large is a fault of the batch, not of the database: nothing kept, the next one is."""
    with pytest.raises(UnkeepableError) as refused:
        await tables.commit(Batch(HOME, "log1", (told(1), told(2**63))), at=NOON)  # the wire refuses it
    assert str(2**63) not in str(refused.value), "a refusal stands in journals, and quotes no value"
    assert await tables.figures(HOME) == Figures(0, 0, 0, 0, 0, 0, 0)
    assert bare(await tables.commit(batch(told(1)), at=NOON)) == Receipt("log1", 1)


async def test_how_a_hubs_clock_stood_is_kept(open_database: Callable[[], Database]) -> None:
    """Boot, uptime and trust stand beside the entry as the hub told them, and nothing where it did not."""
    database = open_database()
    clock = Clock(3, 0.1 + 0.2, "unknown")
    told_with = (replace(told(1), clock=clock), told(2), replace(told(3, reading(1)), clock=clock))
    await Tables(database).commit(batch(*told_with), at=NOON)
    with database.transaction() as transaction:
        kept = transaction.rows("select boot, uptime_s, trust from entry order by seq")
    assert [tuple(row) for row in kept] == [
        (3, 0.1 + 0.2, "unknown"),
        (None, None, None),
        (3, 0.1 + 0.2, "unknown"),
    ]


def spanned(*entries: Entry, first: int = 101, log: str = "log2") -> Batch:
    """A batch of a log that begins later, through the wire and back."""
    return Batch.from_bytes(bytes(Batch(HOME, log, entries, first)))


async def test_a_log_that_begins_later_has_no_gap_before_its_first(tables: Tables) -> None:
    """Numbers before the first are another log's: none is missing, and the receipt counts from the first."""
    assert bare(await tables.commit(spanned(told(101), told(102)), at=NOON)) == Receipt("log2", 102)
    receipt = await tables.commit(spanned(told(105)), at=NOON)
    assert bare(receipt) == Receipt("log2", 102, (Span(103, 104),))
    assert (await tables.figures(HOME)).gaps == 2
    state = await tables.home_state(HOME)
    assert state is not None
    assert (state.up_to, state.missing_count) == (102, 2)


async def test_a_log_whose_first_came_late_is_mended(tables: Tables) -> None:
    """A ward that took in such a log before it knew of beginnings stops waiting at the next batch."""
    assert (await tables.commit(batch(told(101), log="log2"), at=NOON)).up_to == 0
    assert bare(await tables.commit(spanned(told(102)), at=NOON)) == Receipt("log2", 102)


async def test_at_birth_each_log_is_answered_and_the_older_ones_take_their_turn(tables: Tables) -> None:
    """A newborn hub hears where all its logs stand; the rest of an old one never makes it the newest."""
    earlier = (LogSpan("log1", 1, 100),)
    receipts = await tables.receipts(HOME, "log2", earlier)
    assert tuple(map(bare, receipts)) == (Receipt("log1", 0), Receipt("log2", 0))
    await tables.commit(spanned(told(101)), at=NOON)
    await tables.commit(batch(told(1)), at=NOON)
    state = await tables.home_state(HOME)
    assert state is not None
    assert state.up_to == 101
    receipts = await tables.receipts(HOME, "log2", earlier)
    assert tuple(map(bare, receipts)) == (Receipt("log1", 1), Receipt("log2", 101))


async def test_a_name_given_late_takes_its_turn_where_the_hub_says(tables: Tables) -> None:
    """The rest of an old log under a name of its own, begun after the newest, never makes it the newest."""
    await tables.commit(batch(told(1)), at=NOON)
    await tables.commit(spanned(told(101)), at=NOON)
    await tables.commit(Batch(HOME, "again", (told(50),), 50), at=NOON)
    for _ in range(2):
        await tables.receipts(HOME, "log2", (LogSpan("log1", 1, 49), LogSpan("again", 50, 60)))
        state = await tables.home_state(HOME)
        assert state is not None
        assert state.up_to == 101


async def test_what_a_hub_has_lost_contradicts_nothing(tables: Tables) -> None:
    """A stone on a number that is kept changes nothing and is no deviation; elsewhere it is an entry."""
    await tables.commit(batch(told(1, reading(1))), at=NOON)
    stones = [Entry(seq, at(9), EntryKind.LOST, b"{}") for seq in (1, 2)]
    assert bare(await tables.commit(batch(*stones), at=at(9))) == Receipt("log1", 2)
    assert [kept.reading.id for kept in await tables.readings(HOME)] == ["r1"]
    figures = await tables.figures(HOME)
    assert (figures.entries, figures.quarantined) == (2, 0)
