"""What the road says is a technical alert on the hub: opened once, told to the ward, ended when over."""

from dataclasses import dataclass, field

import pytest

from cloud_bridge.contract.entries import EntryKind
from cloud_bridge.contract.receipts import Receipt, Refusal, Span
from gateway.road_troubles import UNREADABLE_TOLD_MAX, RoadTroubles
from gateway.store.log import Fact, Store
from gateway.troubles import Troubles
from tests.given import NOON, fact, store

KEPT = (Span(1, 1),)


@dataclass
class Road:
    """A log, its troubles, and what the road says."""

    log: Store
    is_aside: bool = False
    troubles: Troubles = field(init=False)
    says: RoadTroubles = field(init=False)

    def __post_init__(self) -> None:
        self.troubles = Troubles(self.log, now=lambda: NOON, on_change=lambda: None)
        self.says = RoadTroubles(self.log, self.troubles, lambda: self.is_aside)

    def receive(self, *, up_to: int | None = None, kept=KEPT, unreadable=()) -> None:
        """Let the ward say that it has all, or so much of it."""
        up_to = self.log.highest if up_to is None else up_to
        self.log.move_cursor(up_to)
        self.says.received(Receipt(self.log.log, up_to, (), unreadable, kept=kept))

    @property
    def open(self) -> list[tuple[str, str]]:
        """What is open now."""
        return [trouble.key for trouble in self.troubles.open]


@pytest.fixture
def road(tmp_path):
    """A road from a log with twenty entries."""
    log = store(tmp_path)
    log.commit([fact(f"id{number}") for number in range(20)], at=NOON)
    return Road(log)


def test_a_denied_publish_is_a_trouble_until_a_batch_is_received(road):
    """The ward's position ends nothing while something waits: state may be allowed, and delivering denied."""
    for _ in range(3):
        road.says.denied("Not authorized (0x87)")
    assert road.open == [("publish_denied", "")]
    road.receive(up_to=1, kept=())
    assert road.open == [("publish_denied", "")]
    road.receive(up_to=2)
    assert road.open == []
    kept = [entry.kind for entry in road.log.entries(after=20, count_max=9)]
    assert kept == [EntryKind.TROUBLE] * 2


def test_a_refused_batch_is_a_trouble_until_all_is_received(road):
    """It ends when the ward has everything and refuses nothing, and not at the first good batch."""
    road.says.refused(Refusal("d1", "bytes that are no batch"))
    road.receive(up_to=5)
    road.is_aside = True
    road.receive()
    assert road.open == [("batch_refused", "")]
    road.is_aside = False
    road.receive()
    assert road.open == []


def test_each_entry_that_the_ward_cannot_read_is_told_once(road):
    """However often a receipt names it; and it ends when the ward's own list no longer has it."""
    for _ in range(3):
        road.receive(unreadable=(3, 5))
    assert road.open == [("batch_refused", "entry 3"), ("batch_refused", "entry 5")]
    road.receive(kept=(), unreadable=(5,))
    assert road.open == [("batch_refused", "entry 5")]


def test_a_trouble_that_the_ward_cannot_read_is_no_new_trouble(road):
    """A ward that doesn't know the word would be told of each telling, for ever."""
    road.log.commit([Fact(EntryKind.TROUBLE, b"{}")], at=NOON)
    road.receive(unreadable=(21,))
    assert road.open == []


def test_a_ward_that_can_read_nothing_fills_no_log(road):
    """Only so many are open at once: the ward's quarantine names the rest."""
    before = road.log.highest
    for _ in range(5):
        road.receive(unreadable=tuple(range(1, 21)))
    assert len(road.open) == road.log.highest - before == UNREADABLE_TOLD_MAX
