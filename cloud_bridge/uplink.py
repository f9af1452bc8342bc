"""What may be sent now: a pure window over the log, moved by receipts and by nothing else."""

from dataclasses import dataclass, field

from cloud_bridge.contract.receipts import Receipt

BATCH_COUNT_MAX = 200
WINDOW_BATCHES = 4


@dataclass(frozen=True, slots=True)
class Send:
    """Entries to be sent: those behind `after`, at most so many."""

    after: int
    count_max: int


@dataclass(slots=True)
class Window:
    """At most one window of batches in flight; `up_to` is what the ward has committed.

    A window is over one log of the hub, which begins with the number `first`.
    """

    log: str
    up_to: int
    batch_count_max: int = BATCH_COUNT_MAX
    first: int = 1
    _in_flight: list[int] = field(default_factory=list)
    _is_asking: bool = True

    def connected(self) -> None:
        """Begin on a fresh connection: nothing is in flight, and the ward's first word is its position."""
        self._in_flight.clear()
        self._is_asking = True

    def next(self, highest: int) -> Send | None:
        """Return what to send now, or None while the window is full or all is sent."""
        after = self._in_flight[-1] if self._in_flight else self.up_to
        if after >= highest or len(self._in_flight) >= WINDOW_BATCHES:
            return None
        return Send(after, self.batch_count_max)

    def sent(self, last: int) -> None:
        """Note that a batch up to `last` is on its way. This moves no cursor."""
        assert last > (self._in_flight[-1] if self._in_flight else self.up_to)
        self._in_flight.append(last)

    @property
    def is_waiting(self) -> bool:
        """Whether a receipt is owed."""
        return bool(self._in_flight)

    def take(self, receipt: Receipt, highest: int) -> int | None:
        """Take the ward's word; return the new cursor where it moved.

        A receipt of another log, or for more than we ever wrote, moves nothing. Only the first word
        on a connection may set us back: a ward that lost something (an old backup) gets it again.
        A word without progress means that the ward is there and has not got what is in flight, such
        as after a restart of broker and ward: it is sent again at once, not when patience ends.
        """
        if receipt.log != self.log or receipt.up_to > highest or self.is_misread(receipt):
            return None
        up_to = max(receipt.up_to, self.first - 1)  # of a log that it has never seen the ward says 0
        if self._is_asking:
            self.up_to = min(self.up_to, up_to)
        self._is_asking = False
        if receipt.missing or up_to <= self.up_to:
            self._in_flight.clear()
        if up_to <= self.up_to:
            return None
        self.up_to = up_to
        self._in_flight = [last for last in self._in_flight if last > self.up_to]
        self.batch_count_max = BATCH_COUNT_MAX
        return self.up_to

    def is_misread(self, receipt: Receipt) -> bool:
        """Tell whether the ward waits for numbers that this log never had: then it knows no spans."""
        return any(gap.first < self.first for gap in receipt.missing)

    def rewind(self) -> None:
        """Forget what is in flight: all without a receipt is sent again."""
        self._in_flight.clear()

    def shrink(self) -> None:
        """Send smaller batches: one of them could not be read, and the good ones must get past it."""
        self.batch_count_max = max(1, self.batch_count_max // 2)
        self._in_flight.clear()
