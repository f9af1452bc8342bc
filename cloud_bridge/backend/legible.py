"""Can this entry be shown? Its row in the index of readings or alerts, or the reason why not; pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from math import isfinite

from cloud_bridge.contract.bodies import alert_from, reading_from
from cloud_bridge.contract.entries import Batch, Entry, EntryKind
from cloud_bridge.contract.errors import ContractError
from devices.readings import Block, Reading

SEQ_MAX = 2**53
"""No home counts so far; beyond it numbers stop being exact in JSON."""

_NAME = re.compile(r"[\x21-\x7e]{1,100}")


@dataclass(frozen=True, slots=True)
class Row:
    """What the index says of one entry; `word` is the kind of a reading, or the change of an alert."""

    seq: int
    id: str
    word: str
    at: datetime
    level: str | None = None


def is_plain_name(text: str) -> bool:
    """Tell whether this can be an id or the name of a log: one to a hundred plain characters."""
    return _NAME.fullmatch(text) is not None


def row_of(entry: Entry) -> Row | None:
    """Return the row of a reading or an alert, None for any other entry; raise ContractError."""
    if entry.kind is EntryKind.READING:
        reading = reading_from(entry.body)
        if doubt := _doubt_of(reading):
            raise ContractError(f"no reading: {doubt}", entry.body)
        return Row(entry.seq, reading.id, reading.kind, reading.measured_at)
    if entry.kind is EntryKind.ALERT:
        alert = alert_from(entry.body)
        if doubt := _doubt_of_words(alert.id, (alert.at,)):
            raise ContractError(f"no alert: {doubt}", entry.body)
        return Row(entry.seq, alert.id, alert.change, alert.at, alert.level)
    return None


def doubt_of_batch(batch: Batch) -> str | None:
    """Return why no database can keep this batch, or None."""
    if not is_plain_name(batch.log):
        return f"no name of a log: {batch.log[:100]!r}"
    for entry in batch.entries:
        if entry.seq > SEQ_MAX:
            return f"no home counts to {entry.seq}"
        if not _has_moment(entry.at):
            return f"entry {entry.seq} has a time that no calendar has"
    return None


def _doubt_of(reading: Reading) -> str | None:
    samples = reading.samples if isinstance(reading, Block) else ()
    if not all(isfinite(number) for number in (reading.value, *samples) if number is not None):
        return "a value that is no number"
    return _doubt_of_words(reading.id, (reading.measured_at, reading.received_at))


def _doubt_of_words(name: str, moments: Iterable[datetime]) -> str | None:
    if not is_plain_name(name):
        return "an id of one to a hundred plain characters is missing"
    if not all(map(_has_moment, moments)):
        return "a time without a zone, or that no calendar has"
    return None


def _has_moment(at: datetime) -> bool:
    if at.tzinfo is None:
        return False
    try:
        at.astimezone(UTC)
    except OverflowError:
        return False
    return True
