"""What of the log goes into the next batch, and what must go ahead of the rest; no IO of its own."""

import contextlib
import logging
from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from cloud_bridge.contract.bodies import alert_from
from cloud_bridge.contract.entries import Batch, Entry, EntryKind, LogSpan, digest_of
from cloud_bridge.contract.errors import ContractError
from cloud_bridge.contract.names import span_of
from cloud_bridge.contract.receipts import Receipt, Span
from cloud_bridge.uplink import BATCH_COUNT_MAX, Send, Window

log = logging.getLogger(__name__)


class Log(Protocol):
    """What is to be carried: the home's log and the cursor that receipts move."""

    home: str
    highest: int
    cursor: int

    @property
    def spans(self) -> tuple[LogSpan, ...]:
        """Return which numbers go under which name, the oldest first; the last one grows."""
        ...

    def entries(self, *, after: int, count_max: int) -> tuple[Entry, ...]:
        """Return the entries behind a number, oldest first."""
        ...

    def hurried(self, *, after: int) -> tuple[int, ...]:
        """Return the numbers of alerts and troubles behind a number, newest first."""
        ...

    def numbers_of(self, ids: Iterable[str]) -> tuple[int, ...]:
        """Return the numbers of the entries with these identities; one that is not there has none."""
        ...

    def move_cursor(self, up_to: int, *, at: datetime, by: str) -> None:
        """Note that the ward, which calls itself `by`, has committed everything up to a number."""
        ...


class Cargo:
    """Finds the alerts in the log, each once, and the entries of a batch."""

    def __init__(self, log_: Log, window: Window) -> None:
        self.look_count = 0
        """How often something was found that must go ahead of the rest."""
        self._log = log_
        self._window = window
        self._looked_up_to = log_.cursor
        self._said_gone: set[Span] = set()

    def look_again(self) -> None:
        """Begin anew behind what the ward has: it may have lost alerts that it had."""
        self._looked_up_to = self._window.up_to

    def look(self) -> None:
        """Let the alerts committed since the last look go first, and with them what they rest on."""
        if self._looked_up_to >= self._log.highest:
            return
        numbers = self._log.hurried(after=max(self._looked_up_to, self._window.up_to))
        self._looked_up_to = self._log.highest
        if numbers:
            self._window.hurry((*numbers, *self._grounds(numbers[:BATCH_COUNT_MAX])))
            self.look_count += 1

    def batch_of(self, send: Send) -> Batch | None:
        """Return what is to be sent, if anything; the window is told what the log no longer holds."""
        entries = self._entries_of(send)
        if not entries:
            return None
        log_ = span_of(self._log.spans, entries[0].seq)
        return Batch(self._log.home, log_.log, entries, log_.first)

    def is_of_another_past(self, receipt: Receipt, log_: LogSpan) -> bool:
        """Tell whether the ward holds, under numbers of this log of ours, what we have never written.

        That is so when a whole card was put back, and the hub has gone on since.
        """
        return (
            any(log_.first <= span.last and span.first <= log_.last for span in receipt.contradicted)
            or False in self._compared(receipt, log_).values()
        )

    def is_continued(self, receipt: Receipt, log_: LogSpan) -> bool:
        """Tell whether what the ward has beyond the end of an older log of ours goes on from it."""
        is_older = log_ != self._log.spans[-1] and not self.is_of_another_past(receipt, log_)
        return is_older and self._compared(receipt, log_).get(log_.last, False)

    def _compared(self, receipt: Receipt, log_: LogSpan) -> dict[int, bool]:
        """Return for each mark under this log whether it is of what stands here; not where that is lost."""
        return {
            mark.seq: digest_of(entry.kind, entry.body) == mark.digest
            for mark in receipt.marks
            if log_.first <= mark.seq <= log_.last
            for entry in self._log.entries(after=mark.seq - 1, count_max=1)
            if entry.seq == mark.seq and entry.kind != EntryKind.LOST
        }

    def _entries_of(self, send: Send) -> tuple[Entry, ...]:
        entries: tuple[Entry, ...] = ()
        for span in send.spans:
            found = self._log.entries(after=span.first - 1, count_max=span.last - span.first + 1)
            begins = found[0].seq if found else self._log.highest + 1
            if begins > span.first:
                self._say_gone(Span(span.first, begins - 1))
                self._window.gone(Span(span.first, min(begins - 1, span.last)), self._log.spans)
            entries += tuple(entry for entry in found if entry.seq <= span.last)
        return entries

    def _say_gone(self, span: Span) -> None:
        """Say it once: a ward that has lost them asks at each birth."""
        if span not in self._said_gone:
            self._said_gone.add(span)
            log.warning("the ward asks for entries %d to %d: they are gone", span.first, span.last)

    def _grounds(self, numbers: Iterable[int]) -> tuple[int, ...]:
        """Return the numbers of the readings behind these alerts."""
        ids: list[str] = []
        for number in numbers:
            for entry in self._log.entries(after=number - 1, count_max=1):
                if entry.kind == EntryKind.ALERT:
                    with contextlib.suppress(ContractError):  # one that can't be read goes all the same
                        ids += alert_from(entry.body).readings
        return self._log.numbers_of(ids) if ids else ()
