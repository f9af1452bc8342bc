"""Rows 1 and 2: durable commits of a reading through the whole pipeline, log empty and log old."""

from datetime import timedelta
from functools import partial
from random import Random

from tests.bench.given import Bare, Home, blocks, fill, spot_frames, spot_readings
from tests.bench.row import Bench, Outcome, Row, figure, least, ratio, took_s
from tests.given import NOON

CARD_FLUSH_S = 0.003
"""What a flush costs on a middling card; on a server's disk it is a tenth of that."""

YEARS = 5
SPOT_READINGS = YEARS * 365 * 20
NIGHTS, NIGHT_MINUTES = YEARS * 52, 480
"""Twenty single readings a day, and one night of 1 Hz oximetry (SpO2 and pulse) a week."""

WHY_COMMIT = (
    "a flush costs so little on this disk that the pages count: a reading changes six small pages (its "
    "entry, its identity, its place in the series and the index of that, the judge's memory, its device), "
    "each sealed and written, where the bare insert changes one. Decoding and judging take 0.2 ms of it. "
    "The computed line says what is left of the difference where a flush takes 3 ms more."
)
WHY_HISTORY = (
    "identities are random, so each lands on another page, and five years of them do not fit the cache."
)


def commit(bench: Bench) -> list[Outcome]:
    """Measure the pipeline against the bare insert, in turns."""
    rounds, count = bench.many(20, 2), bench.many(150, 5)
    frames = spot_frames(rounds * count, Random(1), is_lone=True)
    home = bench.closing(Home(bench.place("home")))
    bare = bench.closing(Bare(bench.folder / "bare.db"))
    ours, theirs = [], []
    for begin in range(0, len(frames), count):
        ours.append(took_s(partial(_visits, home, frames[begin : begin + count])) / count)
        entries = home.newest(count)
        assert all(entry.kind == "reading" for entry in entries), "only readings are compared"
        theirs.append(took_s(partial(bare.insert, entries)) / count)
    # The first rounds fill caches and write-ahead files, which a hub that has run for a day has done.
    ours, theirs = ours[rounds // 4 :], theirs[rounds // 4 :]
    on_card = [[each + CARD_FLUSH_S for each in side] for side in (ours, theirs)]
    return [
        Outcome(
            what="a commit of one reading, whole pipeline",
            ours=figure(ours, "ms", times=1e3),
            against="bare SQLCipher insert of the same bytes",
            theirs=figure(theirs, "ms", times=1e3),
            ratio=ratio(theirs, ours),
            goal=least(0.8),
            why=WHY_COMMIT,
        ),
        Outcome(
            what="computed: the same, were each flush 3 ms longer, as on a card",
            ours=figure(on_card[0], "ms", times=1e3),
            against="the same bare insert",
            theirs=figure(on_card[1], "ms", times=1e3),
            ratio=ratio(on_card[1], on_card[0]),
        ),
    ]


def history(bench: Bench) -> list[Outcome]:
    """Measure the pipeline on a log of five years against an empty one, in turns."""
    rounds, count = bench.many(20, 2), bench.many(100, 5)
    frames = spot_frames(
        rounds * count, Random(2), is_lone=True, begins_at=NOON + timedelta(days=365 * YEARS)
    )
    empty, old = (bench.closing(Home(bench.place(name))) for name in ("empty", "old"))
    bench.say("making a log of five years")
    share = 1 if not bench.is_small else 2_000
    kept = fill(old.store, spot_readings(SPOT_READINGS // share, Random(3)))
    kept += fill(old.store, blocks(2 * NIGHTS * NIGHT_MINUTES // share, Random(4)))
    ours, theirs = [], []
    for begin in range(0, len(frames), count):
        part = frames[begin : begin + count]
        theirs.append(took_s(partial(_visits, empty, part)) / count)
        ours.append(took_s(partial(_visits, old, part)) / count)
    ours, theirs = ours[rounds // 4 :], theirs[rounds // 4 :]
    return [
        Outcome(
            what=f"a commit of one reading on a log of {kept:,} entries",
            ours=figure(ours, "ms", times=1e3),
            against="an empty log",
            theirs=figure(theirs, "ms", times=1e3),
            ratio=ratio(theirs, ours),
            goal=least(0.95),
            why=WHY_HISTORY,
        )
    ]


def _visits(home: Home, frames: list) -> None:
    for at, data in frames:
        home.visit(at, data)


ROWS = (
    Row(
        "commit",
        "durable commits of a reading through the whole pipeline",
        "A spot check of SpO2 alone, as bytes, through decoder, driver, judge and store, a visit and a "
        "commit each; against one insert and commit of the very body that this gave, into one table of a "
        "second file with the same key, page size, write-ahead mode and `synchronous=FULL`; 150 of each in "
        "turns, 15 rounds after 5 that nobody counts.",
        commit,
    ),
    Row(
        "history",
        "the same with 5 years of history",
        "The same commits on a log with twenty single readings a day and a night of 1 Hz oximetry a week for "
        "five years, and on an empty one, 100 of each in turns, 15 rounds after 5 that nobody counts.",
        history,
    ),
)
