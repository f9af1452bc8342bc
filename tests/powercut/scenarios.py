"""What a hub does while its power is cut. A new scenario is a function here and a line in the table."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from cloud_bridge.contract.bodies import reading_body
from cloud_bridge.contract.entries import EntryKind
from gateway.clock import NOWHERE, Tick
from gateway.hub_clock import HubClock
from gateway.retention import Retention
from gateway.store.log import Fact
from tests.given import NOON, reading
from tests.powercut.hub import PLAN, Minutes
from tests.powercut.life import Life

OLD = timedelta(days=PLAN.keep_days + 30)


def commit(life: Life) -> None:
    """Visits with readings, alerts and faults, now and then a receipt; a checkpoint when SQLite likes."""
    store = life.start()
    line = life.pipeline(store)
    life.begin()
    for turn in range(250):
        life.visit(line, life.dice.choice((1, 1, 1, 2, 5)), is_faulty=turn % 9 == 0)
        if life.dice.random() < 0.2:
            life.receive(store, store.highest - life.dice.randint(0, 5))


def checkpoint(life: Life) -> None:
    """Full groups, and a checkpoint after nearly each of them."""
    store = life.start()
    store._db.execute("pragma wal_autocheckpoint = 20")
    line = life.pipeline(store)
    life.begin()
    for _ in range(60):
        life.visit(line, 12)


def cursor(life: Life) -> None:
    """Receipts, one after the other, and few entries."""
    store = life.start()
    line = life.pipeline(store)
    life.visit(line, 60)
    life.begin()
    for turn in range(200):
        life.receive(store, min(store.cursor + life.dice.randint(0, 2), store.highest))
        if turn % 20 == 0:
            life.visit(line, 10)


def first_start(life: Life) -> None:
    """New homes: the key is made, the log begun, its witness written, the first entries kept."""
    life.with_neighbour()
    life.begin()
    for number in range(12):
        store = life.start(f"home-{number}")
        life.visit(life.pipeline(store))
        store.close()


def restart(life: Life) -> None:
    """Hubs that end, cleanly or killed with an unmerged write-ahead file, and start again."""
    life.start().close()
    life.with_neighbour()
    life.begin()
    for turn in range(20):
        if turn % 2:
            life.killed(lambda: life.visit(life.pipeline(life.start()), 30))
        else:
            store = life.start()
            life.visit(life.pipeline(store), 5)
            store.close()


def rotation(life: Life) -> None:
    """A new secret, again and again, and a hub that starts with each."""
    store = life.start()
    life.visit(life.pipeline(store), 20)
    store.close()
    life.with_neighbour()
    life.begin()
    for _ in range(20):
        life.rotate()
        store = life.start()
        life.visit(life.pipeline(store))
        store.close()


def upgrade(life: Life) -> None:
    """Logs of the first version: new tables, step by step, and a keyring, at the first start of ours."""
    names = [f"home-{number}" for number in range(12)]
    for name in names:
        life.of_first_version(name)
    life.with_neighbour()
    life.begin()
    for name in names:
        store = life.start(name)
        life.visit(life.pipeline(store))
        store.close()


def retention(life: Life) -> None:
    """What is old and has its receipts goes, batch by batch, while new readings come."""
    store = life.start()
    now, life.clock = life.clock, Minutes(life.clock() - OLD)
    line = life.pipeline(store)
    for _ in range(40):
        life.visit(line, 25)
    life.clock = now
    line = life.pipeline(store)
    retained = Retention(store, lambda: PLAN, now=life.clock)
    goal = store.highest
    life.begin()
    while store.cursor < goal:
        life.receive(store, min(store.cursor + 50, goal))
        life.visit(line, 2)
        if life.dice.random() < 0.3:
            retained.clear_up()
        else:
            before = now() - timedelta(days=PLAN.keep_days)
            store.remove_received(before, count_max=life.dice.randint(1, 60))


def salvage(life: Life) -> None:
    """Logs with pages that can't be read: put aside at a start, and carried over as far as they can be."""
    names = [f"home-{number}" for number in range(5)]
    for name in names:
        life.killed(lambda name=name: _filled(life, name))
        life.damage(name, pages=3)
        life.salvaged_apart(name)
    life.with_neighbour()
    life.begin()
    for name in names:
        store = life.start(name)
        life.visit(life.pipeline(store))
        store.close()


def _filled(life: Life, name: str) -> None:
    store = life.start(name)
    line = life.pipeline(store)
    for _ in range(12):
        life.visit(line, 20)
    life.receive(store, 300)
    store._db.execute("pragma wal_checkpoint(truncate)").fetchall()


def dating(life: Life) -> None:
    """Boots without a time, whose readings are dated once it is found."""
    store = life.start()
    life.begin()
    for boot in range(1, 25):
        box = [Tick(str(boot), NOWHERE, 0.0, is_synced=False)]
        clock = HubClock(store, lambda box=box: box[-1])
        for number in range(10):
            box.append(Tick(str(boot), NOWHERE, 10.0 * number, is_synced=False))
            now = clock.now()
            one = replace(reading(), id=f"{boot}/{number}", measured_at=now, received_at=now)
            fact = Fact(EntryKind.READING, reading_body(one), one.id, (one.series, now))
            store.commit([fact], at=now, clock=clock.clock())
        box.append(Tick(str(boot), NOON + timedelta(days=boot), 100.0, is_synced=True))
        clock.look()


SCENARIOS: dict[str, Callable[[Life], None]] = {
    "commit": commit,
    "checkpoint": checkpoint,
    "cursor": cursor,
    "first-start": first_start,
    "restart": restart,
    "rotation": rotation,
    "upgrade": upgrade,
    "retention": retention,
    "salvage": salvage,
    "dating": dating,
}
