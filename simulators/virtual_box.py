"""The clock of one hub's box: it may begin without time, jump, and be confirmed by a time service or not."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from gateway.clock import Tick
from gateway.ports import Now


def _loop_s() -> float:
    return asyncio.get_running_loop().time()


@dataclass(slots=True)
class VirtualBox:
    """One boot of one box. Call it for what it shows now; it stands in 1970 until `told_after_s`.

    `shift` moves its clock away from the world's; `is_confirmed` says whether a time service
    answers for what it then shows.
    """

    world_now: Now
    boot_id: str
    told_after_s: float = 0.0
    shift: timedelta = timedelta(0)
    is_confirmed: bool = True
    booted_s: float = field(default_factory=_loop_s)
    number: int = 0
    """As its hub counts it; one that was made of an older log gives a number out again."""

    def __call__(self) -> Tick:
        """Return what the box shows now."""
        uptime_s = _loop_s() - self.booted_s
        if uptime_s < self.told_after_s:
            return Tick(self.boot_id, datetime.fromtimestamp(uptime_s, UTC), uptime_s, is_synced=False)
        return Tick(self.boot_id, self.world_now() + self.shift, uptime_s, is_synced=self.is_confirmed)

    def true_at(self, uptime_s: float) -> datetime:
        """Return when it really was so long after this boot began."""
        return self.world_now() + timedelta(seconds=self.booted_s + uptime_s - _loop_s())
