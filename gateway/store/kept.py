"""What stands under a number of the log, or that it can't be read; pure."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kept:
    """One entry as it stands in the table; nothing of it has been looked at."""

    seq: int
    at: str
    kind: str
    body: str
    boot: int | None = None
    uptime_s: float | None = None
    trust: str | None = None

    @property
    def clock(self) -> dict[str, object] | None:
        """How the hub's clock stood, in the words of the wire; None where nobody told."""
        if self.boot is None:
            return None
        return {"boot": self.boot, "uptime_s": self.uptime_s, "trust": self.trust}


@dataclass(frozen=True, slots=True)
class Lost:
    """Numbers from first to last that can't be read, or that stand nowhere."""

    first: int
    last: int
    is_damaged: bool = True

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"


def joined(lost: Iterable[Lost]) -> list[Lost]:
    """Return the same numbers in as few spans as possible.

    >>> [str(span) for span in joined([Lost(1, 2), Lost(3, 3), Lost(7, 7)])]
    ['1-3', '7']
    """
    spans: list[Lost] = []
    for one in lost:
        if spans and spans[-1].last + 1 == one.first and spans[-1].is_damaged == one.is_damaged:
            one = Lost(spans.pop().first, one.last, one.is_damaged)
        spans.append(one)
    return spans
