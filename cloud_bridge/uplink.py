"""What may be sent now: a pure window over the log, moved by receipts and by nothing else."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import takewhile
from math import inf
from random import Random

from cloud_bridge.backoff import backoff_s
from cloud_bridge.contract.entries import LogSpan
from cloud_bridge.contract.names import over_gaps, span_named
from cloud_bridge.contract.receipts import SPANS_MAX, Receipt, Span, spans_of
from cloud_bridge.pace import Pace
from cloud_bridge.spans import Spans

BATCH_COUNT_MAX = 200

POSITION_WAIT_S = 3.0
"""So long a fresh connection waits for the ward's first word, which says what it has; then it sends."""

PATIENCE_S = 20.0
"""What has no receipt for so long is sent again; a silent ward is waited for twice as long each time."""

HURRIED_PATIENCE_S = 4.0
"""The same for alerts: small enough to be sent twice for nothing."""

PATIENCE_S_MAX = 300.0

TOLD_COUNT = 256
"""Of so many batches we know that they were ours; the answer to an older one says nothing new."""


@dataclass(frozen=True, slots=True)
class Send:
    """One batch: these numbers of the log; `is_hurried` goes ahead of everything that waits."""

    spans: tuple[Span, ...]
    is_hurried: bool = False


@dataclass(frozen=True, slots=True)
class _Flight:
    """A batch on its way, and when it left."""

    send: Send
    at_s: float
    digest: str
    patience_s: float


@dataclass(slots=True)
class Window:
    """At most one window of a backlog in flight, and one batch of alerts ahead of it.

    The ward has everything up to `up_to`, and above it what it has named. Whatever is neither there
    nor in flight is to be sent, lowest first: so what is lost on the way is sent again, and only that.
    Numbers are the home's and never reused; `logs`, which many calls are told, are the names under
    which they are spoken of with the ward. No batch straddles two of them.
    """

    up_to: int
    dice: Random
    batch_count_max: int = BATCH_COUNT_MAX
    pace: Pace = field(default_factory=Pace)
    _held: Spans = field(default_factory=Spans)
    _aside: Spans = field(default_factory=Spans)
    _hurried: list[int] = field(default_factory=list)
    _flights: list[_Flight] = field(default_factory=list)
    _told: deque[str] = field(default_factory=lambda: deque(maxlen=TOLD_COUNT))
    _is_known: bool = False
    """Whether the ward has said its position on this connection: before, only its word on a batch counts."""
    _position_until_s: float = -inf
    _rest_until_s: float = -inf
    _refused_until_s: float = -inf
    _silences: int = 0
    _refusals: int = 0

    def connected(self, now_s: float) -> None:
        """Begin on a fresh connection: nothing is in flight, and the ward's first word is its position."""
        self._flights.clear()
        self._held = Spans()
        self._aside = Spans()
        self._is_known = False
        self._position_until_s = now_s + POSITION_WAIT_S

    def hurry(self, numbers: Iterable[int]) -> None:
        """Let these go ahead of everything else, the first of them first."""
        known = set(self._hurried)
        fresh = [number for number in numbers if not self.has(number) and number not in known]
        self._hurried[:0] = fresh

    def has(self, number: int) -> bool:
        """Tell whether the ward has this entry, by its own word."""
        return number <= self.up_to or number in self._held

    def is_on_its_way(self, number: int) -> bool:
        """Tell whether this entry was sent and has no answer yet."""
        return any(span.first <= number <= span.last for span in self._in_flight())

    def next(self, now_s: float, logs: tuple[LogSpan, ...]) -> Send | None:
        """Return what to send now, or None while the window is full or all is sent."""
        if now_s < max(self._position_until_s, self._refused_until_s):
            return None
        if (send := self._next_hurried(logs)) is not None:
            return send
        in_flight_count = sum(not flight.send.is_hurried for flight in self._flights)
        is_backlog = logs[-1].last - self.up_to > BATCH_COUNT_MAX
        if in_flight_count >= self.pace.batches or (is_backlog and now_s < self._rest_until_s):
            return None
        spans = self._unsent(logs)
        return Send(spans) if spans else None

    def sent(self, send: Send, digest: str, now_s: float) -> None:
        """Note that a batch is on its way. This moves nothing."""
        # A slow ward is not a silent one: to send it everything twice would make it slower.
        patience_s = max(HURRIED_PATIENCE_S if send.is_hurried else PATIENCE_S, 2 * self.pace.took_s)
        patience_s = min(PATIENCE_S_MAX, patience_s * 2.0 ** min(self._silences, 10))
        self._flights.append(_Flight(send, now_s, digest, patience_s))
        self._told.append(digest)

    def is_answer(self, receipt: Receipt) -> bool:
        """Tell whether this answers a batch that we have sent, as far as the ward says which it means."""
        return not receipt.digest or receipt.digest in self._told

    def gone(self, span: Span, logs: tuple[LogSpan, ...]) -> None:
        """Note that the log no longer holds these: nobody can send them."""
        self._held.add(span)
        self._settle(logs)

    def renamed(self, up_to: int) -> None:
        """Begin anew behind this number: what comes after it goes under another name from now on."""
        self.up_to = min(self.up_to, up_to)
        self._held = Spans()
        self._flights.clear()

    def expire(self, now_s: float) -> None:
        """Give up waiting for what has had no answer for too long: it is sent again."""
        late = [flight for flight in self._flights if now_s >= flight.at_s + flight.patience_s]
        if late:
            self._flights = [flight for flight in self._flights if flight not in late]
            self._silences += 1
            self.pace.give_way()
            self._rest(now_s)

    def wake_at_s(self, now_s: float) -> float | None:
        """Return when time alone may change what is to be sent, or None while it can't."""
        moments = [flight.at_s + flight.patience_s for flight in self._flights]
        moments += (self._position_until_s, self._rest_until_s, self._refused_until_s)
        return min((moment for moment in moments if moment > now_s), default=None)

    def take(self, receipt: Receipt, logs: tuple[LogSpan, ...], now_s: float) -> int | None:
        """Take the ward's word; return the new cursor where it moved.

        A receipt of no log of ours, or for more than we ever wrote, moves nothing. A word that answers
        no batch is the ward's position: it may set us back, for a ward that was restored from its
        backup gets it again; and what is in flight and not in it has not arrived, such as after a
        restart of broker and ward. It is sent again at once, not when patience ends.
        """
        log = span_named(logs, receipt.log)
        if log is None or receipt.asks_before(log.first) or (log is logs[-1] and receipt.up_to > log.last):
            return None
        before = self.up_to
        if not receipt.kept:
            self._forget(log)
            self._is_known = self._is_known or log is logs[-1]
        self._learn(receipt, log)
        self._settle(logs)
        self._land(receipt, log, now_s)
        if receipt.kept or log is logs[-1]:  # of its earlier logs a newborn hub hears first
            self._position_until_s = -inf
        self._refused_until_s = -inf
        self._silences = self._refusals = 0
        return self.up_to if self.up_to > before else None

    def refused(self, digest: str, now_s: float) -> None:
        """Send smaller batches: one could not be read, and the good entries must get past the bad one.

        An entry that is refused alone is set aside until the ward comes back: the others go on. Where
        we can't tell which batch is meant, all are sent again, after a while.
        """
        flight = next((flight for flight in self._flights if flight.digest == digest), None)
        if flight is None:
            self.batch_count_max = max(1, self.batch_count_max // 2)
            self._flights.clear()
            self._refused_until_s = now_s + backoff_s(self._refusals, self.dice)
            self._refusals += 1
            return
        self._flights.remove(flight)
        count = _count(flight.send.spans)
        self.batch_count_max = max(1, min(self.batch_count_max, count) // 2)
        if count == 1:
            self._aside.add(flight.send.spans[0])

    @property
    def has_hurry(self) -> bool:
        """Whether anything that is to go ahead has not arrived yet."""
        return bool(self._hurried)

    @property
    def is_anything_aside(self) -> bool:
        """Whether the ward refuses an entry that stands in the log."""
        return any(True for _ in self._aside)

    def _forget(self, log: LogSpan) -> None:
        """Forget what the ward had of this log; what it has of the others stands."""
        if self.up_to >= log.first:
            self._held.add(Span(log.last + 1, self.up_to))
            self.up_to = log.first - 1
        self._held.remove(Span(log.first, log.last))
        self._aside.remove(Span(log.first, log.last))

    def _learn(self, receipt: Receipt, log: LogSpan) -> None:
        """Take in what the ward has: all but the gaps, as far as the receipt reaches, and what it answers."""
        if self._is_known or not receipt.kept:
            first = log.first
            for gap in receipt.missing:
                self._held.add(Span(first, min(gap.first - 1, log.last)))
                first = max(first, gap.last + 1)
            if len(receipt.missing) < SPANS_MAX:
                self._held.add(Span(first, min(max(receipt.up_to, receipt.highest), log.last)))
        for span in receipt.kept:
            self._held.add(Span(max(span.first, log.first), min(span.last, log.last)))

    def _settle(self, logs: tuple[LogSpan, ...]) -> None:
        before = -1
        while before < self.up_to:
            before = self.up_to
            self.up_to = over_gaps(logs, self._held.take_up_to(self.up_to))
        self._hurried = [number for number in self._hurried if not self.has(number)]

    def _land(self, receipt: Receipt, log: LogSpan, now_s: float) -> None:
        """Take out of flight what has arrived, and what is lost: the broker keeps the order on its way."""
        answered = [flight for flight in self._flights if flight.send.spans == receipt.kept]
        waiting = [flight for flight in self._flights if not self._has_all(flight)]
        if answered:
            self.pace.answered(now_s - answered[0].at_s)
            before = list(takewhile(lambda flight: flight is not answered[0], self._flights))
            lost = [flight for flight in waiting if flight in before and not _is_unknown(flight, receipt)]
            if lost:
                self.pace.give_way()
            waiting = [flight for flight in waiting if flight not in lost]
            self.batch_count_max = min(BATCH_COUNT_MAX, 2 * self.batch_count_max)
        elif not receipt.kept:
            waiting = [flight for flight in waiting if not _is_within(flight, log)]
        self._flights = waiting
        self._rest(now_s)

    def _rest(self, now_s: float) -> None:
        pause_s = self.pace.pause_s(self.dice)
        self._rest_until_s = now_s + pause_s if pause_s else -inf

    def _has_all(self, flight: _Flight) -> bool:
        return all(span.last <= self.up_to or self._held.has(span) for span in flight.send.spans)

    def _next_hurried(self, logs: tuple[LogSpan, ...]) -> Send | None:
        if not self._hurried or any(flight.send.is_hurried for flight in self._flights):
            return None
        busy = Spans((*self._in_flight(), *self._aside))
        numbers = [number for number in self._hurried if number not in busy]
        if not numbers:
            return None
        log = next(log for log in logs if numbers[0] <= log.last)
        numbers = [number for number in numbers if log.first <= number <= log.last]
        return Send(spans_of(numbers[: self.batch_count_max]), is_hurried=True)

    def _unsent(self, logs: tuple[LogSpan, ...]) -> tuple[Span, ...]:
        """Return the lowest numbers that the ward has not and that are not in flight, one batch of them."""
        busy = Spans((*self._in_flight(), *self._aside))
        for log in logs:
            spans: list[Span] = []
            room = self.batch_count_max
            for gap in self._held.gaps(Span(max(self.up_to + 1, log.first), log.last)):
                for span in busy.gaps(gap):
                    spans.append(Span(span.first, min(span.last, span.first + room - 1)))
                    room -= spans[-1].last - spans[-1].first + 1
                    if room == 0:
                        return tuple(spans)
            if spans:
                return tuple(spans)
        return ()

    def _in_flight(self) -> list[Span]:
        return [span for flight in self._flights for span in flight.send.spans]


def _is_within(flight: _Flight, log: LogSpan) -> bool:
    return log.first <= flight.send.spans[0].first <= log.last


def _is_unknown(flight: _Flight, receipt: Receipt) -> bool:
    """Tell whether this receipt, which names only so many gaps, doesn't reach as far as a batch."""
    reaches = receipt.missing[-1].last if len(receipt.missing) >= SPANS_MAX else inf
    return flight.send.spans[-1].last > reaches


def _count(spans: Iterable[Span]) -> int:
    return sum(span.last - span.first + 1 for span in spans)
