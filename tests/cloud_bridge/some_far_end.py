"""A ward without a database, as the window sees it: what it has, and the receipts it gives."""

from itertools import islice

from cloud_bridge.contract import receipts
from cloud_bridge.contract.receipts import Receipt, Span
from cloud_bridge.spans import Spans


class FarEnd:
    """Has numbers of one log, and answers as cloud_bridge/backend/commit.py does."""

    def __init__(self, log: str = "L", first: int = 1) -> None:
        self.log = log
        self.first = first
        self.got = Spans()

    @property
    def up_to(self) -> int:
        """The number up to which it has everything."""
        return next((span.last for span in self.got if span.first == self.first), self.first - 1)

    @property
    def highest(self) -> int:
        """The highest number that it has."""
        return max((span.last for span in self.got), default=self.first - 1)

    def take(self, spans: tuple[Span, ...]) -> Receipt:
        """Keep these numbers and answer the batch."""
        for span in spans:
            self.got.add(span)
        return self.position(spans)

    def position(self, kept: tuple[Span, ...] = ()) -> Receipt:
        """Say where the log stands."""
        up_to, highest = self.up_to, self.highest
        missing = tuple(islice(self.got.gaps(Span(up_to + 1, highest)), receipts.SPANS_MAX))
        return Receipt(self.log, up_to, missing, kept=kept, highest=highest)
