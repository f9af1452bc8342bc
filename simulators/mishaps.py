"""What befalls a hub besides bad air, roads and power: a full disk, one that refuses, a clock that jumps."""

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

from gateway.disk import STOP_BYTES
from simulators.home import Home
from simulators.virtual_box import VirtualBox
from simulators.virtual_disk import ROOMY_BYTES, VirtualDisk

HOURS_S = 3600.0

YEARS = timedelta(days=3652)
JUMPS = (YEARS, -YEARS, timedelta(hours=1), timedelta(hours=-1), timedelta(days=2), timedelta(minutes=-3))
"""A battery that died, a wrong zone, a typing error, a time service that corrects."""


async def jump(box: VirtualBox, dice: Random) -> None:
    """Let a box's clock be wrong for some hours, and no time service say so or otherwise."""
    box.shift, box.is_confirmed = dice.choice(JUMPS), False
    await asyncio.sleep(dice.expovariate(1 / (4 * HOURS_S)))
    settle(box)


def settle(box: VirtualBox) -> None:
    """Let the time service answer again."""
    box.shift, box.is_confirmed = timedelta(0), True


async def fill(disk: VirtualDisk, dice: Random) -> None:
    """Let somebody else fill the disk for some hours."""
    disk.left_bytes = dice.randrange(STOP_BYTES)
    await asyncio.sleep(dice.expovariate(1 / (2 * HOURS_S)))
    disk.left_bytes = ROOMY_BYTES


@dataclass(slots=True)
class Refusals:
    """When a home's disk refused; what was heard then waits in memory, and goes with the power."""

    spans_s: list[tuple[float, float]] = field(default_factory=list)
    since_s: float | None = None

    async def refuse(self, home: Home, dice: Random) -> None:
        """Let the disk refuse for some minutes, or until the hub is started anew."""
        if self.since_s is not None:
            return
        home.refuse_writes(is_refusing=True)
        self.since_s = asyncio.get_running_loop().time()
        await asyncio.sleep(dice.expovariate(1 / 1200))
        self.end(home)

    def end(self, home: Home) -> None:
        """Let the disk take again."""
        if self.since_s is not None:
            self.spans_s.append((self.since_s, asyncio.get_running_loop().time()))
        self.since_s = None
        home.refuse_writes(is_refusing=False)

    def could_lose(self, confirmed_s: float, cut_s: float, patience_s: float) -> bool:
        """Tell whether what was confirmed then could still wait in memory when the power went."""
        spans_s = [*self.spans_s, *([] if self.since_s is None else [(self.since_s, cut_s)])]
        return any(
            begun_s - 1 <= confirmed_s <= ended_s and cut_s <= ended_s + patience_s
            for begun_s, ended_s in spans_s
        )
