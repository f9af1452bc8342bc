"""What the rows measure with: a patient's readings, logs with years in them, the barest encrypted table."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from sqlcipher3 import dbapi2

from cloud_bridge.contract.bodies import reading_body
from cloud_bridge.contract.entries import Entry, EntryKind
from cloud_bridge.settings import load_plan
from devices.blocks import PERIOD_S, SAMPLES_MAX
from devices.drivers.pulse_oximeter import CONTINUOUS, DRIVER, SPOT_CHECK, Continuous, Spot
from devices.kinds import Kind
from devices.readings import Block, Heard, Reading, reading_id
from gateway.pipeline import Pipeline
from gateway.store.log import Fact, Store
from tests.given import KEY, NOON, OXIMETER, store
from tests.program import ROOT

ZONE = ZoneInfo("Europe/Oslo")
PLAN_FILE = ROOT / "config/plan.toml"
LATE_S = 3.0
"""So long after the measurement its frame is heard."""

_PRAGMAS = ("journal_mode = wal", "synchronous = full", "wal_autocheckpoint = 1000", "cache_size = -8000")
_TABLE = """
    create table entry (seq integer primary key, at text not null, kind text not null, body text not null)
"""

FILL_COUNT = 5_000
"""So many entries share a transaction while a log is being made that is to be measured afterwards."""


class Home:
    """The hub's own line from a frame to the disk, without radio and road."""

    def __init__(self, folder: Path) -> None:
        self.store = store(folder)
        self._at = NOON
        self.pipeline = Pipeline(
            self.store, load_plan(PLAN_FILE), now=lambda: self._at, timezone=ZONE, on_commit=lambda: None
        )

    def visit(self, at: datetime, data: bytes) -> None:
        """Take one spot check in a visit of its own: decode, judge, encrypt, commit."""
        self._at = at + timedelta(seconds=LATE_S)
        visit = self.pipeline.visit(DRIVER, OXIMETER)
        for said in DRIVER.decoder().feed(SPOT_CHECK, data):
            visit.take(said)
        visit.close()

    def stream(self, begins_at: datetime, frames: Sequence[bytes]) -> None:
        """Take a stream, a frame a second, each whole Block is committed and gets its receipt."""
        visit, decoder = self.pipeline.visit(DRIVER, OXIMETER), DRIVER.decoder()
        for second, data in enumerate(frames):
            self._at = begins_at + timedelta(seconds=second)
            for said in decoder.feed(CONTINUOUS, data):
                visit.take(said)
            visit.flush()
            self.receipt()
        visit.close()
        self.receipt()

    def receipt(self) -> None:
        """Hear from the ward that it has everything; moves nothing where nothing is new."""
        self.store.move_cursor(self.store.highest)

    def close(self) -> None:
        """Let go of the log."""
        self.store.close()

    def newest(self, count: int) -> tuple[Entry, ...]:
        """Return the entries that were committed last."""
        return self.store.entries(after=self.store.highest - count, count_max=count)


class Bare:
    """One table, one insert a reading: SQLCipher with the log's key, mode and durability, no more."""

    def __init__(self, path: Path) -> None:
        self.db = dbapi2.connect(str(path), isolation_level=None, check_same_thread=False)
        self.db.execute(f'pragma key = "{KEY.pragma()}"')
        for words in _PRAGMAS:
            self.db.execute(f"pragma {words}").fetchall()
        self.db.execute(_TABLE)

    def insert(self, entries: Sequence[Entry], *, group: int = 1) -> None:
        """Insert these entries, so many in a commit."""
        for first in range(0, len(entries), group):
            self.db.execute("begin immediate")
            for entry in entries[first : first + group]:
                self.db.execute(
                    "insert into entry (at, kind, body) values (?, ?, ?)",
                    (entry.at.isoformat(), str(entry.kind), entry.body.decode()),
                )
            self.db.execute("commit")

    def close(self) -> None:
        """Let go of the file."""
        self.db.close()


def spot_frames(
    count: int, dice: Random, *, is_lone: bool = False, begins_at: datetime = NOON
) -> list[tuple[datetime, bytes]]:
    """Return spot checks some minutes apart, as the device says them; a lone one is of SpO2 alone."""
    made = []
    for number in range(count):
        at = begins_at + timedelta(minutes=7 * number, seconds=dice.randrange(60))
        pulse = None if is_lone else float(dice.randint(60, 100))
        perfusion = None if is_lone else dice.randint(5, 80) / 10
        said = Spot(float(dice.randint(89, 95)), pulse, _wall(at), perfusion=perfusion)
        made.append((at, bytes(said)))
    return made


def stream_frames(count: int, dice: Random) -> list[bytes]:
    """Return so many seconds of a sleeping patient's stream."""
    return [bytes(Continuous(float(dice.randint(86, 93)), float(dice.randint(60, 80)))) for _ in range(count)]


def spot_readings(count: int, dice: Random) -> Iterator[Reading]:
    """Yield so many single readings of spot checks, three a check, a few checks a day."""
    said = spot_frames(-(-count // 3), dice)
    made = (reading for at, data in said for reading in _meaning(at, data, dice))
    yield from (reading for reading, _ in zip(made, range(count), strict=False))


def blocks(count: int, dice: Random) -> Iterator[Block]:
    """Yield so many minutes of 1 Hz oximetry, one after the other."""
    for number in range(count):
        at = NOON + timedelta(seconds=PERIOD_S * SAMPLES_MAX * number)
        samples = tuple(float(dice.randint(86, 93)) for _ in range(SAMPLES_MAX))
        yield Block(
            id=reading_id(f"{OXIMETER} stream", Kind.SPO2, samples[0], at),
            kind=Kind.SPO2, value=90.0, device=OXIMETER, driver=DRIVER.id, measured_at=at,
            received_at=at + timedelta(seconds=SAMPLES_MAX), is_continuous=True, tier=DRIVER.tier,
            period_s=PERIOD_S, samples=samples,
        )  # fmt: skip


def fill(kept: Store, readings: Iterator[Reading]) -> int:
    """Put these readings into a log, past the judge; return how many there were."""
    count, facts = 0, []
    for reading in readings:
        count += 1
        where = (reading.series, reading.measured_at)
        facts.append(Fact(EntryKind.READING, reading_body(reading), reading.id, where))
        if len(facts) == FILL_COUNT:
            kept.commit(facts, at=reading.received_at)
            facts = []
    if facts:
        kept.commit(facts, at=NOON)
    return count


def spot_entries(count: int, dice: Random) -> tuple[Entry, ...]:
    """Return single readings as entries of a log."""
    readings = spot_readings(count, dice)
    return tuple(
        Entry(seq, reading.received_at, EntryKind.READING, reading_body(reading))
        for seq, reading in enumerate(readings, start=1)
    )


def _meaning(at: datetime, data: bytes, dice: Random) -> tuple[Reading, ...]:
    received_at = at + timedelta(seconds=LATE_S, microseconds=dice.randrange(1_000_000))
    heard = Heard(OXIMETER, DRIVER.id, received_at, ZONE, tier=DRIVER.tier)
    return DRIVER.readings(Spot.from_bytes(data), heard)


def _wall(at: datetime) -> datetime:
    return at.astimezone(ZONE).replace(tzinfo=None)
