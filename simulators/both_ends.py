"""What must stand at both ends after any life: all that a hub knows or has told is in the ward."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from operator import itemgetter

import orjson

from cloud_bridge.backend.views import Figures
from cloud_bridge.contract.alert import Alert
from cloud_bridge.contract.bodies import alert_from
from cloud_bridge.contract.entries import Entry, EntryKind
from cloud_bridge.contract.names import span_of
from devices.readings import Reading
from gateway.store.log import Store
from simulators.cards import Loss
from simulators.home import Home
from simulators.world import World

_ENTRIES = "select log, seq, kind, body from entry where home = :home"
_LOGS = "select log, first from log where home = :home"

Number = tuple[str, int]
"""The name of a log, and a number under it."""


@dataclass(frozen=True, slots=True)
class There:
    """What the ward has of one home."""

    figures: Figures
    entries: dict[Number, tuple[str, object]]
    firsts: dict[str, int]
    shown: tuple[Reading, ...]
    alerts: tuple[tuple[int, Alert], ...]

    @property
    def missing(self) -> set[Number]:
        """The numbers between the first and the highest of each log that it has not."""
        last = {log: max(seq for name, seq in self.entries if name == log) for log, _ in self.entries}
        due = {(log, seq) for log, end in last.items() for seq in range(self.firsts[log], end + 1)}
        return due - self.entries.keys()


async def in_ward(world: World, home: Home) -> There:
    """Return what the ward has of this home."""
    tables, name = world.ward.tables, home.parts.home
    shown = await tables.readings(name, count_max=10**6)
    alerts = await tables.alerts(name, count_max=10**6)
    return There(
        figures=await tables.figures(name),
        entries={
            (log, seq): (kind, orjson.loads(body))
            for log, seq, kind, body in await tables._rows(_ENTRIES, home=name)
        },
        firsts=dict(await tables._rows(_LOGS, home=name)),
        shown=tuple(kept.reading for kept in shown),
        alerts=tuple((alert.seq, alert.alert) for alert in alerts),
    )


def given_up(losses: Iterable[Loss], there: There) -> set[str]:
    """Return the readings that went with a card; assert that nobody was left who had to know them."""
    gone: set[tuple[str, bool]] = set()
    for loss in losses:
        for one in loss.entries:
            is_there = (loss.named(one.seq), one.seq) in there.entries
            assert is_there or one.seq > loss.cursor, f"number {one.seq} had a receipt, and is gone"
            if one.kind == EntryKind.READING:
                gone |= {(orjson.loads(one.body)["id"], one.seq <= loss.known_to)}
    shown = {reading.id for reading in there.shown}
    kept = {id_ for id_, is_known in gone if is_known} - shown
    assert not kept, f"the next hub knew {len(kept)} readings that never arrived"
    return {id_ for id_, _ in gone} - shown


def check_ward(losses: list[Loss], there: There, store: Store, entries: tuple[Entry, ...]) -> Counter[str]:
    """Assert that the ward holds every entry once and unaltered, and shows every reading once."""
    for entry in entries:
        name = span_of(store.spans, entry.seq).log
        told = (entry.kind, orjson.loads(entry.body))
        assert entry.kind == EntryKind.LOST or there.entries.get((name, entry.seq)) == told, (
            f"entry {entry.seq} is not in the ward as the hub has it"
        )
    let_go = entries[0].seq - 1  # with a receipt, and older than the plan keeps: such as what is dated 1970
    _check_counts(losses, there, let_go + len(entries))
    _check_shown(losses, there, entries)
    return Counter(replaced=len(losses))


def _check_counts(losses: list[Loss], there: There, count: int) -> None:
    figures = there.figures
    lost = {(loss.named(one.seq), one.seq) for loss in losses for one in loss.entries}
    assert there.missing <= lost, f"missing, and on no card that went: {sorted(there.missing - lost)[:5]}"
    assert figures.gaps == len(there.missing), figures
    assert figures.duplicates == 0, figures
    assert not figures.quarantined or any(loss.may_contradict for loss in losses), figures
    assert losses or figures.entries == count, f"the ward has {figures.entries} of {count} entries"


def _check_shown(losses: list[Loss], there: There, entries: tuple[Entry, ...]) -> None:
    ours = {orjson.loads(entry.body)["id"] for entry in entries if entry.kind == EntryKind.READING}
    shown = Counter(reading.id for reading in there.shown)
    assert max(shown.values(), default=1) == 1, f"shown twice: {shown.most_common(3)}"
    assert shown.keys() >= ours, "every reading is shown"
    sent = [(entry.seq, alert_from(entry.body)) for entry in entries if entry.kind == EntryKind.ALERT]
    if losses or entries[0].seq > 1:
        changes = {(alert.id, alert.change) for _, alert in there.alerts}
        assert {(alert.id, alert.change) for _, alert in sent} <= changes, "every alert reaches the ward"
    else:
        assert shown.keys() == ours, "no reading is shown that the hub has not"
        assert sorted(there.alerts, key=itemgetter(0)) == sent, "every alert reaches the ward as decided"
