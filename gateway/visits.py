"""Who may be talked to now: slots, cool-down after a visit, patience after failures. Pure."""

from dataclasses import dataclass, field

SLOTS_MAX = 3
"""Connections at once; small Bluetooth controllers get unsteady beyond that."""

COOL_DOWN_S = 3.0
FAILURE_WAIT_S_MIN, FAILURE_WAIT_S_MAX = 1.0, 60.0


@dataclass(slots=True)
class _Acquaintance:
    is_busy: bool = False
    failures: int = 0
    not_before_s: float = 0.0


@dataclass(slots=True)
class Visits:
    """Keeps count of who is being visited. Times are seconds of any steady clock."""

    slots_max: int = SLOTS_MAX
    cool_down_s: float = COOL_DOWN_S
    _known: dict[str, _Acquaintance] = field(default_factory=dict)

    def begin(self, address: str, now_s: float) -> bool:
        """Claim a visit; False when this device, or the radio, has to wait."""
        one = self._known.setdefault(address, _Acquaintance())
        busy_count = sum(other.is_busy for other in self._known.values())
        if one.is_busy or now_s < one.not_before_s or busy_count >= self.slots_max:
            return False
        one.is_busy = True
        return True

    def end(self, address: str, now_s: float, *, did_talk: bool) -> None:
        """Give the visit back; a device that gave nothing is left alone twice as long each time."""
        one = self._known[address]
        assert one.is_busy, "a visit ends once"
        one.is_busy = False
        one.failures = 0 if did_talk else one.failures + 1
        patience_s = FAILURE_WAIT_S_MIN * 2.0 ** min(one.failures - 1, 10)
        one.not_before_s = now_s + (self.cool_down_s if did_talk else min(FAILURE_WAIT_S_MAX, patience_s))
