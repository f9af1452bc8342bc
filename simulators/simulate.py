"""The program behind `pusterom simulate`: devices that wake, measure and call, in an air others may join."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from gateway.ports import Now
from simulators.peripherals.twin import Twin
from simulators.radio.air import Air
from simulators.radio.host import TwinHost, hosted
from simulators.radio.server import path_of, serve

Measure = Callable[[Twin, datetime], None]
"""Lets the twin measure at this moment, and wake."""


async def simulate(
    radio: str,
    twins: Sequence[Twin],
    every_s: float,
    say: Callable[[str], None],
    *,
    measure: Measure,
    now: Now | None = None,
    last_round: asyncio.Event | None = None,
) -> None:
    """Serve these twins at "unix:/path" until cancelled; each measures and wakes every `every_s` seconds.

    After `last_round` each measures once more and then only answers. Their bonds are kept beside the
    socket: a hub that has paired finds them unchanged after a restart.
    """
    place = path_of(radio)
    async with room(radio, twins, bonds=place.with_name(f"{place.name}.bonds.json")) as hosts:
        say(f"{len(hosts)} devices are in the air at {radio}")
        is_last = False
        while not is_last:
            is_last = last_round is not None and last_round.is_set()
            for host in hosts:
                measure(host.twin, (now or _now)())
                await host.refresh()
                say(f"{host.twin.name} ({host.twin.address}) has measured")
                await asyncio.sleep(every_s / len(hosts))
        say("the devices measure no more, and answer whoever calls")
        await asyncio.Event().wait()


@contextlib.asynccontextmanager
async def room(radio: str, twins: Sequence[Twin], *, bonds: Path) -> AsyncIterator[tuple[TwinHost, ...]]:
    """Hold an air with these twins open to other processes."""
    air = Air()
    async with serve(air, radio), hosted(air, twins, bonds=bonds) as hosts:
        yield hosts


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - the shell of the simulator owns this clock
