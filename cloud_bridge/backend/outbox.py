"""What is still to be told in FHIR: rows written with a fact, so that neither is there without the other."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from cloud_bridge.backend.database import Transaction
from cloud_bridge.contract.entries import EntryKind

TOLD = frozenset({
    EntryKind.READING, EntryKind.ALERT, EntryKind.ALERT_CONFIRMED, EntryKind.ANSWER,
    EntryKind.PLAN_APPLIED, EntryKind.HUB_STARTED,
})  # fmt: skip
"""What an organisation hears of a home's log; everything else concerns the hub and the ward."""

_URGENT = frozenset({EntryKind.ALERT, EntryKind.ALERT_CONFIRMED})

_NOTE = """
    insert into outbox (lane, home, source, name, seq)
    select lane, :home, source, name, seq from lines (lane integer, source text, name text, seq bigint)
"""

What = Literal["entry", "fact", "matter"]


@dataclass(frozen=True, slots=True)
class Source:
    """Where a resource comes from: an entry of a log, a fact of the hand-overs, what was done about a matter.

    `name` is the log or the matter, `seq` the number of the entry or of the fact.
    """

    what: What
    name: str = ""
    seq: int = 0

    def is_before(self, other: "Source") -> bool:
        """Tell whether it stands before another one in the same list."""
        return (self.what, self.name) == (other.what, other.name) and self.seq < other.seq


def note_entries(
    transaction: Transaction, home: str, log: str, kinds: Iterable[tuple[int, str]], moved: Iterable[int]
) -> None:
    """Note the entries of these numbers and kinds, as far as anybody is told of them, and what moved."""
    lanes = {seq: 0 if kind in _URGENT else 1 for seq, kind in kinds if kind in TOLD}
    lanes = dict.fromkeys(moved, 1) | lanes
    _note(transaction, home, ((lane, Source("entry", log, seq)) for seq, lane in sorted(lanes.items())))


def note(transaction: Transaction, home: str, source: Source) -> None:
    """Note a fact or an act: it is told before any backlog."""
    _note(transaction, home, ((0, source),))


def _note(transaction: Transaction, home: str, sources: Iterable[tuple[int, Source]]) -> None:
    lines = [
        {"lane": lane, "source": each.what, "name": each.name, "seq": each.seq} for lane, each in sources
    ]
    if lines:
        transaction.change(_NOTE, home=home, lines=lines)
