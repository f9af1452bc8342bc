"""A set of numbers that is mostly runs, such as what the ward holds of a log; pure."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

from cloud_bridge.contract.receipts import Span


class Spans:
    """Numbers, kept as runs that do not touch: a run of a million costs as much as a single one."""

    def __init__(self, spans: Iterable[Span] = ()) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        for span in spans:
            self.add(span)

    def __contains__(self, number: int) -> bool:
        at = bisect_right(self._firsts, number) - 1
        return at >= 0 and number <= self._lasts[at]

    def __iter__(self) -> Iterator[Span]:
        return (Span(first, last) for first, last in zip(self._firsts, self._lasts, strict=True))

    def has(self, span: Span) -> bool:
        """Tell whether every number of this span is there."""
        at = bisect_right(self._firsts, span.first) - 1
        return at >= 0 and span.last <= self._lasts[at]

    def add(self, span: Span) -> None:
        """Add these numbers; a span that holds none changes nothing."""
        if span.first > span.last:
            return
        # Runs that touch or overlap the new one become one with it.
        begin = bisect_left(self._lasts, span.first - 1)
        end = bisect_right(self._firsts, span.last + 1)
        first, last = span.first, span.last
        if begin < end:
            first, last = min(first, self._firsts[begin]), max(last, self._lasts[end - 1])
        self._firsts[begin:end] = [first]
        self._lasts[begin:end] = [last]

    def remove(self, span: Span) -> None:
        """Take these numbers out; a span that holds none changes nothing."""
        if span.first > span.last:
            return
        begin = bisect_left(self._lasts, span.first)
        end = bisect_right(self._firsts, span.last)
        kept: list[Span] = []
        if begin < end:
            kept = [Span(self._firsts[begin], span.first - 1), Span(span.last + 1, self._lasts[end - 1])]
        kept = [one for one in kept if one.first <= one.last]
        self._firsts[begin:end] = [one.first for one in kept]
        self._lasts[begin:end] = [one.last for one in kept]

    def take_up_to(self, number: int) -> int:
        """Forget all up to this number and the run that follows it at once; return where that run ends."""
        at = bisect_right(self._firsts, number + 1)
        end = max(number, self._lasts[at - 1]) if at else number
        del self._firsts[:at], self._lasts[:at]
        return end

    def gaps(self, span: Span) -> Iterator[Span]:
        """Yield the numbers of this span that are not there, as spans, lowest first."""
        first = span.first
        at = bisect_left(self._lasts, first)
        while first <= span.last:
            if at == len(self._firsts) or self._firsts[at] > span.last:
                yield Span(first, span.last)
                return
            if first < self._firsts[at]:
                yield Span(first, self._firsts[at] - 1)
            first = self._lasts[at] + 1
            at += 1
