"""One home that can lose its power: twins, a radio, and the production hub on whatever is left on disk."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import Path
from random import Random

from cloud_bridge.broker import Broker
from cloud_bridge.contract.plan import Plan
from gateway.app import Hub
from gateway.hub_clock import Box
from gateway.ports import Now, Radio
from gateway.recover import recovered
from gateway.store.episodes import open_key, rotate
from gateway.store.key_place import KeyPlace
from gateway.store.keys import LogKey
from gateway.store.log import Store
from gateway.visits import Visits
from simulators.peripherals.pulse_oximeter import PulseOximeterTwin
from simulators.peripherals.taidoc import TaiDocTwin
from simulators.peripherals.weight_scale import WeightScaleTwin
from simulators.virtual_disk import VirtualDisk


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeParts:
    """What a home is made of. `radio` and `broker` may be virtual or real; the hub can't tell."""

    home: str
    folder: Path
    oximeter: PulseOximeterTwin
    scale: WeightScaleTwin
    newcomer: TaiDocTwin | None = None
    """Another maker's oximeter, that may take over."""
    radio: Radio
    broker: Broker
    plan: Plan
    now: Now
    timezone: tzinfo
    dice: Random
    disk: VirtualDisk = field(default_factory=VirtualDisk)
    backoff_s_max: float = 300.0
    cool_down_s: float = 3.0

    @property
    def twins(self) -> tuple[PulseOximeterTwin | WeightScaleTwin | TaiDocTwin, ...]:
        """All devices of this home."""
        first = (self.oximeter, self.scale)
        return first if self.newcomer is None else (*first, self.newcomer)


class Home:
    """Boots the hub, and cuts its power."""

    def __init__(self, parts: HomeParts, tasks: asyncio.TaskGroup) -> None:
        self.parts = parts
        self.on_boot: Callable[[Hub], None] = lambda _hub: None
        self._tasks = tasks
        self._running: tuple[Hub, asyncio.Task[None]] | None = None

    @property
    def hub(self) -> Hub:
        """The hub that runs now."""
        assert self._running is not None, "a home without power has no hub"
        return self._running[0]

    @property
    def is_powered(self) -> bool:
        """Whether the hub runs."""
        return self._running is not None

    def open_store(self) -> Store:
        """Open the log as it lies on the disk, whatever became of it."""
        return recovered(self.parts.folder, self.parts.home, self.key(), at=self.parts.now())

    def key(self) -> LogKey:
        """Return the log's key, made at the first start."""
        return open_key(self.place, self.parts.home, self.parts.now())

    @property
    def place(self) -> KeyPlace:
        """Where the parts of the log's key lie: the secret beside the folder, the keyring in it."""
        return KeyPlace(self.parts.folder, self.parts.folder.with_suffix(".key"))

    def rotate_key(self) -> None:
        """Wrap the log's key under a new secret, as a person does while the hub is stopped."""
        assert self._running is None, "a hub that runs holds its folder"
        rotate(self.place, self.parts.home, self.parts.now())

    def boot(self, now: Now | None = None, *, clock: Box | None = None) -> None:
        """Start a hub on what is left on the disk, perhaps with a time or a box of its own."""
        assert self._running is None, "a home has one hub"
        parts = self.parts
        hub = Hub(
            radio=parts.radio,
            store=self.open_store(),
            broker=parts.broker,
            plan=parts.plan,
            now=now or parts.now,
            box=clock,
            timezone=parts.timezone,
            dice=parts.dice,
            disk=parts.disk,
            visits=Visits(cool_down_s=parts.cool_down_s),
            backoff_s_max=parts.backoff_s_max,
        )
        self._running = (hub, self._tasks.create_task(self._live(hub)))
        self.on_boot(hub)

    def refuse_writes(self, *, is_refusing: bool) -> None:
        """Let the disk under the running hub turn read-only, or back: SQLite answers as it would then."""
        if self._running is not None:
            self.hub.store._db.execute(f"pragma query_only = {'on' if is_refusing else 'off'}")

    def cut(self) -> asyncio.Task[None]:
        """Cut the power now: nothing more reaches the disk, whatever the dying hub still tries."""
        assert self._running is not None, "only a running hub can lose its power"
        hub, task = self._running
        self._running = None
        hub.store.abandon()
        task.cancel()
        return task

    async def unplug(self) -> None:
        """Cut the power and wait until the hub is gone."""
        await asyncio.wait({self.cut()})

    async def _live(self, hub: Hub) -> None:
        try:
            await hub.run()
        except BaseException:
            # Without power, what the dying hub shouts about its closed log is of no interest.
            if self._running is not None and self._running[0] is hub:
                raise
