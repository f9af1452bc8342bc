"""When a way from a home to the ward was open, and how much of it an entry needed."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Way:
    """One home's way: when it opened and closed, and when the hub had kept so many entries."""

    is_open: bool = False
    _since_s: float = 0.0
    _spans_s: list[tuple[float, float]] = field(default_factory=list)
    _kept: list[tuple[int, float]] = field(default_factory=list)

    def looks(self, now_s: float, *, is_open: bool) -> None:
        """Note how the way looks now."""
        if self.is_open and not is_open:
            self._spans_s.append((self._since_s, now_s))
        if is_open and not self.is_open:
            self._since_s = now_s
        self.is_open = is_open

    def begins(self, highest: int) -> None:
        """Note up to which number the hub begins: what stood above it was another past."""
        self._kept = [kept for kept in self._kept if kept[0] <= highest]

    def kept(self, highest: int, now_s: float) -> None:
        """Note that the hub has kept everything up to this number."""
        if not self._kept or highest > self._kept[-1][0]:
            self._kept.append((highest, now_s))

    def open_s(self, seq: int, committed_s: float) -> float:
        """Return for how long a way was open between an entry's commit at the hub and that at the ward."""
        kept_s = next((at_s for highest, at_s in self._kept if highest >= seq), committed_s)
        spans_s = [*self._spans_s, *([(self._since_s, committed_s)] if self.is_open else [])]
        return sum(max(0.0, min(ended_s, committed_s) - max(begun_s, kept_s)) for begun_s, ended_s in spans_s)
