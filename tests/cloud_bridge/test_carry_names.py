"""A log that has had several names on its way to the ward."""

import asyncio

import pytest

from cloud_bridge.contract.entries import Entry, EntryKind, LogSpan
from cloud_bridge.contract.receipts import Mark, Receipt, Span, spans_of
from cloud_bridge.uplink import PATIENCE_S
from tests.cloud_bridge.some_far_end import FarEnd
from tests.cloud_bridge.test_carry import MemoryLog, Town, answer, birth, next_batch
from tests.given import NOON
from tests.virtual_time import in_virtual_time


def test_another_past_is_not_believed_while_the_log_cannot_be_given_up():
    """A disk that takes nothing lets no new name begin: till then the ward's word moves nothing."""

    async def story():
        town = Town(300)
        async with town.living() as ward:
            await birth(ward)
            await answer(ward, Receipt("log-1", 200, highest=200, marks=(Mark(200, "another"),)))
            await town.until(lambda: town.carrier.road.problem is not None)
            assert (town.log.cursor, "something else" in town.carrier.road.problem) == (0, True)

    in_virtual_time(story())


class TwoLogs(MemoryLog):
    """A log that had another name up to 500; the numbers behind it, up to 600, are nobody's."""

    @property
    def spans(self):
        return (LogSpan("old", 1, 500), LogSpan("log-1", 601, self.highest))

    def entries(self, *, after, count_max):
        numbers = [seq for seq in range(after + 1, self.highest + 1) if not 500 < seq <= 600]
        return tuple(Entry(seq, NOON, EntryKind.READING, b"{}") for seq in numbers[:count_max])


def test_no_batch_straddles_two_logs():
    """Each batch goes under its own name, and the cursor passes what is nobody's."""

    async def story():
        town = Town(log=TwoLogs(603))
        wards = {"old": FarEnd("old"), "log-1": FarEnd("log-1", 601)}
        async with town.living() as ward:
            await birth(ward)
            for each in wards.values():
                await answer(ward, each.position())
            told = []
            while town.log.cursor < 603:
                batch = await next_batch(ward)
                told.append((batch.log, batch.first, batch.entries[0].seq, batch.entries[-1].seq))
                await answer(ward, wards[batch.log].take(spans_of(entry.seq for entry in batch.entries)))
                await town.until(lambda last=told[-1][3]: town.log.cursor >= last)
            assert told == [
                ("old", 1, 1, 200), ("old", 1, 201, 400), ("old", 1, 401, 500), ("log-1", 601, 601, 603)
            ]  # fmt: skip

    in_virtual_time(story())


def test_a_ward_too_old_for_names_is_named_and_not_flooded():
    """It asks for what the log never had: the page says so, and nothing is sent again before its time."""

    async def story():
        town = Town(log=TwoLogs(603))
        town.log.cursor = 600
        town.carrier = town.carrying()
        async with town.living() as ward:
            batch = await next_batch(ward)
            begun_s = asyncio.get_running_loop().time()
            await answer(ward, Receipt("log-1", 0, (Span(1, 600),), kept=(Span(601, 603),)))
            assert await next_batch(ward) == batch
            assert asyncio.get_running_loop().time() - begun_s == pytest.approx(PATIENCE_S, abs=2)
            assert "older than this hub" in town.carrier.road.problem

    in_virtual_time(story())


def test_what_the_ward_has_beyond_ours_is_told_again_under_a_new_name():
    """A ward that has more of the log than we: the hub is asked, and what has no receipt goes again."""

    async def story():
        def outrun(log, up_to, _is_continued):
            assert (log.log, up_to) == ("log-1", 400)
            old, new = LogSpan("log-1", 1, 100), LogSpan("log-2", 101, 300)
            type(log_).spans = property(lambda _log: (old, new, LogSpan("log-3", 401, 400)))

        class Renamed(MemoryLog):
            """A log whose names change under way."""

        log_ = Renamed(300)
        log_.cursor = 100
        town = Town(log=log_, on_surplus=outrun)
        async with town.living() as ward:
            await birth(ward)
            await answer(ward, Receipt("log-1", 400, highest=400))
            batch = await next_batch(ward)
            assert (batch.log, batch.first, batch.entries[0].seq) == ("log-2", 101, 101)
            await answer(ward, Receipt("log-2", 300, kept=(Span(101, 300),), digest="another's"))
            await asyncio.sleep(5)
            assert town.log.cursor == 100, "not the answer to anything of ours"

    in_virtual_time(story())
