"""Which numbers of a log went under which name: pure arithmetic over spans that may leave numbers out."""

from itertools import pairwise

from cloud_bridge.contract.entries import LogSpan


def over_gaps(spans: tuple[LogSpan, ...], up_to: int) -> int:
    """Return how far everything is delivered: numbers between two names, or before all, are nobody's.

    >>> over_gaps((LogSpan("a", 1, 100), LogSpan("b", 501, 502)), 100)
    500
    """
    up_to = max(up_to, spans[0].first - 1)
    for span, following in pairwise(spans):
        if span.last <= up_to < following.first:
            up_to = following.first - 1
    return up_to


def waiting(spans: tuple[LogSpan, ...], cursor: int) -> int:
    """Return how many numbers behind the cursor stand for an entry.

    >>> waiting((LogSpan("a", 1, 100), LogSpan("b", 501, 502)), 98)
    4
    """
    return sum(span.last - max(cursor, span.first - 1) for span in spans if span.last > cursor)


def span_named(spans: tuple[LogSpan, ...], log: str) -> LogSpan | None:
    """Return which numbers go under this name, or None where it is none of ours."""
    return next((span for span in spans if span.log == log), None)


def span_of(spans: tuple[LogSpan, ...], number: int) -> LogSpan:
    """Return the name under which this number goes; raise StopIteration for nobody's number."""
    return next(span for span in spans if span.first <= number <= span.last)
