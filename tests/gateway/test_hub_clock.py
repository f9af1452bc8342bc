"""A running hub's clock: boots are counted, the word is in the log before it is believed, doubts are told."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from cloud_bridge.contract.bodies import reading_body
from cloud_bridge.contract.dating import found_from
from cloud_bridge.contract.entries import EntryKind
from gateway.box import box as real_box
from gateway.clock import Tick
from gateway.hub_clock import PATIENCE_S, HubClock
from gateway.store.file import DiskError
from gateway.store.log import Fact, Store
from tests.given import NOON, reading, store


@dataclass(slots=True)
class ABox:
    """A box whose clock a test turns; it knows no time unless it is told."""

    boot_id: str = "first"
    uptime_s: float = 0.0
    is_told: bool = False
    off_s: float = 0.0
    is_synced: bool = True

    def __call__(self) -> Tick:
        if not self.is_told:
            return Tick(self.boot_id, datetime.fromtimestamp(self.uptime_s, UTC), self.uptime_s, False)
        return Tick(self.boot_id, self.true_at + timedelta(seconds=self.off_s), self.uptime_s, self.is_synced)

    @property
    def true_at(self) -> datetime:
        return NOON + timedelta(seconds=self.uptime_s)


def keep(log: Store, clock: HubClock, number: int) -> None:
    """Keep a reading that came now, from a device without a clock."""
    now = clock.now()
    one = replace(reading(), id=f"r{number}", measured_at=now, received_at=now)
    fact = Fact(EntryKind.READING, reading_body(one), one.id, (one.series, now))
    log.commit([fact], at=now, clock=clock.clock())


def shown(log: Store) -> list[datetime]:
    """Return when the hub's index says that the readings were measured."""
    return [at for _, at in log.dated_readings("spo2", count_max=99)]


def test_boots_are_counted_by_the_box_and_not_by_the_program(tmp_path):
    """The same boot keeps its number over restarts of the hub; another one has the next, for ever."""
    numbers = []
    for boot_id in ("first", "first", "second", "third"):
        log = store(tmp_path)
        clock = HubClock(log, ABox(boot_id))
        keep(log, clock, len(numbers))
        numbers.append(clock.clock().boot)
        log.close()
    assert numbers == [1, 1, 2, 3]


def test_readings_without_a_time_are_dated_when_it_comes_back(tmp_path):
    """The index moves in the transaction that says so; bodies and entries stay as they were written."""
    log, box = store(tmp_path), ABox()
    clock = HubClock(log, box)
    true = []
    for number in range(3):
        box.uptime_s += 60
        true.append(box.true_at)
        keep(log, clock, number)
    before = log.entries(after=0, count_max=9)
    assert [entry.clock.trust for entry in before] == ["unknown"] * 3
    box.uptime_s, box.is_told = 600.0, True
    clock.look()
    assert shown(log) == true
    *same, word = log.entries(after=0, count_max=9)
    assert tuple(same) == before
    found = found_from(word.body)
    assert (word.kind, found.at, found.uptime_s, found.first) == ("clock_found", box.true_at, 600.0, 1)
    assert word.clock.trust == "synced"
    assert log.shift("r1") == box.true_at - timedelta(seconds=600) - same[1].at + timedelta(seconds=120)


def test_what_a_device_dated_itself_is_not_moved(tmp_path):
    """Only the hub's own time was wrong: a device's word stands as it was told."""
    log, box = store(tmp_path), ABox()
    clock = HubClock(log, box)
    one = replace(reading(), received_at=clock.now(), device_time=NOON.replace(tzinfo=None))
    fact = Fact(EntryKind.READING, reading_body(one), one.id, (one.series, one.measured_at))
    log.commit([fact], at=clock.now(), clock=clock.clock())
    box.is_told = True
    clock.look()
    assert shown(log) == [NOON]


def test_what_an_earlier_boot_never_learnt_stays_without_a_time(tmp_path):
    """A power cut before the time came: nobody can date those entries, and nobody does."""
    log, box = store(tmp_path), ABox()
    keep(log, HubClock(log, box), 1)
    undated = shown(log)
    box = ABox("second")
    clock = HubClock(log, box)
    keep(log, clock, 2)
    box.is_told = True
    clock.look()
    assert shown(log) == [*undated, box.true_at]
    assert undated[0].year < 2026


def test_a_word_that_the_disk_does_not_take_is_not_believed_yet(tmp_path):
    """Nothing is trusted more than before until the log says why; then it is said again."""
    log, box = store(tmp_path), ABox()
    clock = HubClock(log, box)
    keep(log, clock, 1)
    log._db.execute("pragma query_only = on")
    box.is_told = True
    with pytest.raises(DiskError):
        clock.look()
    assert clock.clock().trust == "unknown"
    log._db.execute("pragma query_only = off")
    clock.look()
    assert (clock.clock().trust, shown(log)) == ("synced", [box.true_at])


def test_who_hears_of_the_time_keeps_by_it_what_has_waited(tmp_path):
    """Seed 2048: what the disk had refused was kept right behind the word, and as if nobody knew the time."""
    box, heard = ABox(), []

    def found(at, _clock):
        heard.append((at, clock.now(), clock.clock().trust))

    clock = HubClock(store(tmp_path), box, on_found=found)
    box.is_told = True
    box.uptime_s = 30.0
    clock.look()
    assert heard == [(box.true_at, box.true_at, "synced")]


def test_a_restart_before_the_time_comes_dates_what_stood_before_it(tmp_path):
    """Within one boot it does not matter how often the program started."""
    log, box = store(tmp_path), ABox()
    keep(log, HubClock(log, box), 1)
    log.close()
    log, box = store(tmp_path), replace(box, uptime_s=300.0, is_told=True)
    clock = HubClock(log, box)
    assert clock.clock().trust == "unknown"
    clock.look()
    assert shown(log) == [NOON]


def test_a_doubt_is_told_in_time_and_ends(tmp_path):
    """Ten minutes without time are a doubt, and so is a jump that nobody confirms; a true time is none."""
    log, box = store(tmp_path), ABox()
    clock = HubClock(log, box)
    assert clock.doubt is None
    box.uptime_s = PATIENCE_S + 1
    clock.look()
    assert "no time service" in clock.doubt
    box.is_told = True
    clock.look()
    assert clock.doubt is None
    box.off_s, box.is_synced = 10 * 365 * 86_400.0, False
    clock.look()
    assert "jumped to 2037" in clock.doubt
    assert clock.now() == box.true_at
    box.off_s = 0.0
    clock.look()
    assert clock.doubt is None


def test_this_box_can_be_asked():
    """The machine under the test says which boot it is, that time runs, and whether it is confirmed."""
    ask = real_box()
    first, second = ask(), ask()
    assert first.boot_id == second.boot_id
    assert 0 <= first.uptime_s <= second.uptime_s
    assert isinstance(first.is_synced, bool)
    assert first.at.tzinfo is UTC
