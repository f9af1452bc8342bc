"""Can this entry be shown? Its row in the index, or the reason why not; pure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from cloud_bridge.contract.accountable import accountable_from
from cloud_bridge.contract.answers import answer_from
from cloud_bridge.contract.baseline import baselines_from
from cloud_bridge.contract.bodies import alert_from, plan_from, reading_from
from cloud_bridge.contract.dating import found_from
from cloud_bridge.contract.entries import Entry, EntryKind
from cloud_bridge.contract.errors import ContractError
from cloud_bridge.contract.nights import night_from
from cloud_bridge.contract.trouble import trouble_from
from cloud_bridge.contract.unjudged import unjudged_from


@dataclass(frozen=True, slots=True)
class Row:
    """What the index says of one entry; `word` is the series of a reading, or else a change."""

    seq: int
    id: str
    word: str
    at: datetime
    level: str | None = None


def row_of(entry: Entry) -> Row | None:
    """Return the row of a reading, an alert or a trouble, None for any other entry; raise ContractError."""
    match entry.kind:
        case EntryKind.READING:
            reading = reading_from(entry.body)
            return Row(entry.seq, reading.id, reading.series, reading.measured_at)
        case EntryKind.ALERT:
            alert = alert_from(entry.body)
            return Row(entry.seq, alert.id, alert.change, alert.at, alert.level)
        case EntryKind.TROUBLE:
            trouble = trouble_from(entry.body)
            return Row(entry.seq, trouble.id, trouble.change, trouble.at)
        case kind if kind in _READ:
            _READ[EntryKind(kind)](entry.body)
        case kind if kind not in set(EntryKind):
            raise ContractError(f"an entry of a kind that this ward doesn't know: {kind}", entry.body)
    return None


_READ: dict[EntryKind, Callable[[bytes], object]] = {
    EntryKind.ALERT_CONFIRMED: alert_from,
    EntryKind.ANSWER: answer_from,
    EntryKind.BASELINE: baselines_from,
    EntryKind.NIGHT: night_from,
    EntryKind.NOT_JUDGED: unjudged_from,
    EntryKind.PLAN_APPLIED: plan_from,
    EntryKind.RESPONSIBILITY: accountable_from,
    EntryKind.CLOCK_FOUND: found_from,
}
"""What has no row of its own must be legible all the same."""
