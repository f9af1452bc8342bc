"""A disk that is full, read-only or broken: the hub stops taking before it loses, and says so."""

import asyncio
import stat
from contextlib import suppress
from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from sqlcipher3 import dbapi2

from cloud_bridge.contract.bodies import reading_from
from cloud_bridge.contract.entries import EntryKind
from cloud_bridge.contract.trouble import trouble_from
from gateway.app import Hub
from gateway.disk import HYSTERESIS, LOOK_EVERY_S, SAY_BYTES, STOP_BYTES
from gateway.store.file import DiskError, NotTakenError
from gateway.store.room import BALLAST_BYTES, LogDisk
from simulators.peripherals.weight_scale import WeightScaleTwin
from simulators.virtual_disk import VirtualDisk
from simulators.virtual_radio import VirtualRadio
from tests.gateway.test_overheard import NoBroker
from tests.given import NOON, fact, plan, store
from tests.virtual_time import in_virtual_time

OSLO = ZoneInfo("Europe/Oslo")
MORNING = datetime(2027, 1, 5, 8, 0)  # noqa: DTZ001 - a device's own wall clock
LONG_S = 4 * LOOK_EVERY_S


class House:
    """A hub, a scale that keeps what was not confirmed, and a disk that can be spoiled."""

    def __init__(self, folder):
        self.scale = WeightScaleTwin()
        self.disk = VirtualDisk()
        self.store = store(folder)
        self.hub = None

    def live(self, *acts):
        """Boot a hub, let these things happen one after another, and end it."""
        in_virtual_time(self._live(acts))

    async def _live(self, acts):
        loop = asyncio.get_running_loop()
        self.hub = Hub(
            radio=VirtualRadio((self.scale,), dice=Random(0)), store=self.store, broker=NoBroker(),
            plan=plan(),
            now=lambda: NOON + timedelta(seconds=loop.time()), timezone=OSLO, dice=Random(0), disk=self.disk,
        )  # fmt: skip
        running = loop.create_task(self.hub.run())
        for act in acts:
            act()
            await asyncio.wait([running], timeout=LONG_S)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

    def weigh(self, minute):
        """Return the act of stepping onto the scale."""
        return lambda: self.scale.measure(MORNING + timedelta(minutes=minute), 70 + minute / 10)

    def leave(self, free_bytes):
        """Return the act of leaving so much room."""

        def act():
            self.disk.left_bytes = free_bytes

        return act

    def refuse(self, *, is_refusing):
        """Return the act of a disk that turns read-only, or back."""
        return lambda: self.store._db.execute(f"pragma query_only = {'on' if is_refusing else 'off'}")

    def weights(self):
        """Return what the log holds."""
        kept = self.store.entries(after=0, count_max=1000)
        return [reading_from(entry.body).value for entry in kept if entry.kind == EntryKind.READING]

    def told(self):
        """Return the troubles that the log tells of."""
        kept = self.store.entries(after=0, count_max=1000)
        troubles = [trouble_from(entry.body) for entry in kept if entry.kind == EntryKind.TROUBLE]
        return [(trouble.what, trouble.change) for trouble in troubles]


def test_little_room_is_told_and_everything_is_still_taken(tmp_path):
    """Nearly full is a trouble for the service, and no reason to leave a reading behind."""
    house = House(tmp_path)
    house.live(house.leave(SAY_BYTES - 1), house.weigh(1))
    assert house.told() == [("disk_full", "opened")]
    assert house.weights() == [70.1]


def test_a_full_disk_leaves_everything_with_the_devices(tmp_path):
    """Nothing is asked of a device, which keeps what it has; when there is room again, all of it comes."""
    house = House(tmp_path)
    waiting = []
    house.live(
        house.leave(STOP_BYTES - 1), house.weigh(1), house.weigh(2),
        lambda: waiting.append((house.weights(), house.scale.memory.waiting_count)),
        house.leave(int(SAY_BYTES * HYSTERESIS)), lambda: None,
    )  # fmt: skip
    assert waiting == [([], 2)]
    assert house.weights() == [70.1, 70.2]
    assert house.told() == [("disk_full", "opened"), ("disk_full", "closed")]


def test_at_the_edge_the_hub_does_not_flicker(tmp_path):
    """A few bytes more or less around the limit open one trouble, not one a look."""
    house = House(tmp_path)
    house.live(*[house.leave(SAY_BYTES + sign * 1000) for sign in (-1, 1, -1, 1, -1)])
    assert house.told() == [("disk_full", "opened")]


def test_a_disk_that_refuses_is_outlived(tmp_path):
    """What was heard waits in memory, nothing more is asked; all is kept once when the disk takes again."""
    house = House(tmp_path)
    meanwhile = []
    house.live(
        house.refuse(is_refusing=True), house.weigh(1), house.weigh(2),
        lambda: meanwhile.append((house.hub.disk.is_taking, house.hub.disk.problem is not None)),
        house.refuse(is_refusing=False), house.weigh(3),
    )  # fmt: skip
    assert meanwhile == [(False, True)]
    assert house.weights() == [70.1, 70.2, 70.3]
    assert house.told() == [("disk_broken", "opened"), ("disk_broken", "closed")]


def test_the_ward_hears_beside_the_log_that_nothing_can_be_kept(tmp_path):
    """A hub that can't write its trouble down says it in its state, and takes it back when it is over."""
    house = House(tmp_path)
    said = []
    look = lambda: said.append(b"disk_broken" in house.hub.carrier._state(is_online=True).payload)  # noqa: E731 - said twice
    house.live(
        house.refuse(is_refusing=True), house.weigh(1), look, house.refuse(is_refusing=False), look, look
    )
    assert said == [True, False, False] or said == [True, True, False]


def test_a_full_file_is_passing_and_a_broken_one_is_not(tmp_path):
    """SQLite's "full" is outlived, and leaves the log as it was; a log that is no log stops the process."""
    log = store(tmp_path)
    log.commit([fact("a")], at=NOON)
    pages = log._db.execute("pragma page_count").fetchone()[0]
    log._db.execute(f"pragma max_page_count = {pages}")
    with pytest.raises(NotTakenError):
        log.commit([fact(str(number), b'{"n":"%s"}' % (b"x" * 4000)) for number in range(9)], at=NOON)
    log._db.execute("pragma max_page_count = 1000000")
    assert [entry.seq for entry in log.commit([fact("b")], at=NOON)] == [2]
    log.close()
    with pytest.raises(DiskError) as broken:
        log.commit([fact("c")], at=NOON)
    assert not isinstance(broken.value, NotTakenError)


def test_a_failed_commit_is_heard_of(tmp_path):
    """Whoever watches the disk hears of each failure, a receipt's included, which itself goes on."""
    log = store(tmp_path)
    log.commit([fact("a")], at=NOON)
    heard = []
    log.on_failure = heard.append
    log._db.execute("pragma query_only = on")
    log.move_cursor(1)
    assert [type(error) for error in heard] == [NotTakenError]
    assert log.cursor == 1


def test_the_ballast_is_room_that_can_be_thrown_off(tmp_path):
    """It takes real blocks, is its owner's alone, and is gone when it is needed."""
    disk = LogDisk(tmp_path)
    disk.lay_ballast()
    disk.lay_ballast()
    (ballast,) = tmp_path.iterdir()
    status = ballast.stat()
    assert status.st_blocks * 512 >= BALLAST_BYTES
    assert stat.S_IMODE(status.st_mode) == 0o600
    disk.free_ballast()
    disk.free_ballast()
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_not_there_has_no_room(tmp_path):
    """Where the system says nothing, the hub takes nothing, instead of failing."""
    disk = LogDisk(tmp_path / "gone")
    assert disk.free_bytes() == 0
    disk.lay_ballast()
    disk.free_ballast()
    assert LogDisk(tmp_path).free_bytes() > 0


def test_sqlite_says_what_we_count_as_passing():
    """The four codes are the ones that SQLite itself has for read-only, I/O error, full and can't open."""
    names = ("SQLITE_READONLY", "SQLITE_IOERR", "SQLITE_FULL", "SQLITE_CANTOPEN")
    from gateway.store.log import PASSING

    assert {getattr(dbapi2, name) for name in names} == PASSING
