"""What is on trial: a driver and its twin, and a way to let them meet."""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from devices.clocks import DeviceClock
from devices.driver import Advertisement, Driver, FrameError, Link, LinkError, Visitor
from devices.identity import DeviceIdentity
from devices.readings import Heard, Reading
from simulators.fate import Unkindness
from simulators.peripherals.memory import Fact
from simulators.peripherals.peripheral import Peripheral
from simulators.virtual_radio import VirtualRadio

MORNING = datetime(2026, 6, 1, 6, 42, tzinfo=UTC)
LATER = MORNING + timedelta(days=60)
OSLO = ZoneInfo("Europe/Oslo")
VISITS_MAX = 40

Shown = frozenset[tuple[object, ...]]
"""Facts and readings in the one form in which they can be compared: kind, value, the device's time."""


class Failure(Exception):  # noqa: N818 - a verdict about somebody else's code, no error of ours
    """A driver or its twin does not pass a check; says what was seen."""


def require(holds: object, reason: str) -> None:
    """Raise Failure where this doesn't hold."""
    if not holds:
        raise Failure(reason)


@dataclass(frozen=True, slots=True)
class Case:
    """A driver, a way to make twins of its device, and the twins of all other devices."""

    driver: Driver[Any]
    make_twin: Callable[[], Peripheral]
    others: tuple[Peripheral, ...] = ()


@dataclass(slots=True)
class Hearing:
    """Everything that came of some visits to one twin."""

    twin: Peripheral
    frames: list[Any] = field(default_factory=list)
    errors: list[FrameError] = field(default_factory=list)
    identities: list[DeviceIdentity] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    notifications: list[tuple[str, bytes]] = field(default_factory=list)
    writes: list[tuple[str, bytes]] = field(default_factory=list)

    @property
    def shown(self) -> Shown:
        """What the hub has read."""
        return frozenset((one.kind, one.value, one.device_time) for one in self.readings)


def shown(facts: Iterable[Fact]) -> Shown:
    """Return facts in the form in which they can be compared with readings."""
    return frozenset((fact.kind, fact.value, fact.device_time) for fact in facts)


def all_shown(twin: Peripheral) -> Shown:
    """Return everything that the twin has ever measured."""
    return shown(fact for record in twin.measured for fact in record.facts)


def heard_by(driver: Driver[Any], twin: Peripheral, *, at: datetime = LATER) -> Heard:
    """Return who speaks, as a hub would note it."""
    return Heard(twin.address, driver.id, at, OSLO, patient_slot=twin.told.user_slot)


def wall_clock() -> datetime:
    """Return the home's wall clock on the morning of the trial."""
    return MORNING.astimezone(OSLO).replace(tzinfo=None)


class EarLink:
    """A Link that notes what passes."""

    def __init__(self, link: Link, heard: Hearing) -> None:
        self._link = link
        self._heard = heard

    @property
    def backlog(self) -> int:
        """How many notifications have arrived that nobody has received yet."""
        return self._link.backlog

    def has(self, char: str) -> bool:
        """Tell whether the device offers this characteristic."""
        return self._link.has(char)

    async def read(self, char: str) -> bytes:
        """Read."""
        return await self._link.read(char)

    async def write(self, char: str, data: bytes, *, with_response: bool = True) -> None:
        """Write, and note it."""
        self._heard.writes.append((char, data))
        await self._link.write(char, data, with_response=with_response)

    async def subscribe(self, char: str) -> None:
        """Subscribe."""
        await self._link.subscribe(char)

    async def receive(self, *, timeout_s: float) -> tuple[str, bytes]:
        """Receive, and note it."""
        char, data = await self._link.receive(timeout_s=timeout_s)
        self._heard.notifications.append((char, data))
        return char, data


class Trial:
    """Lets a twin measure on some mornings, and visits it as a hub would."""

    def __init__(self, case: Case, *, unkindness: Unkindness | None = None, seed: int = 1) -> None:
        self.case = case
        self.heard = Hearing(case.make_twin())
        self.visitor = Visitor(wall_clock(), self.heard.twin.told)
        self._dice = Random(seed)
        self._radio = VirtualRadio(
            (self.heard.twin,), dice=Random(seed), unkindness=unkindness or Unkindness()
        )

    def measure(self, day: int = 0) -> None:
        """Let the twin measure something on one morning."""
        self.heard.twin.measure_any((MORNING + timedelta(days=day)).astimezone(OSLO), self._dice)

    async def mornings(self, count: int = 3, visits_max: int = VISITS_MAX) -> Hearing:
        """Measure and visit until the twin sleeps, morning after morning; return what was heard."""
        for day in range(count):
            self.measure(day)
            for _ in range(visits_max):
                if self.heard.twin.is_awake:
                    await self.visit()
        return self.heard

    async def visit(self) -> None:
        """Hear the twin; talk to it, or take what it calls. A lost link ends the visit."""
        seen = await self._advertisement()
        driver = self.case.driver
        if driver.overhear is not None:
            self._take(driver.overhear(seen, self.visitor.told))
            self.heard.twin.is_awake = False
            return
        require(driver.session is not None, "it neither talks nor listens")
        assert driver.session is not None
        try:
            async with self._radio.connect(seen.address) as link:
                await self._talk(driver.session(EarLink(link, self.heard), self.visitor))
        except LinkError:
            return

    async def _talk(self, saying: AsyncIterator[Any]) -> None:
        async for said in saying:
            self._take(said)

    async def _advertisement(self) -> Advertisement:
        async with aclosing(self._radio.scan()) as scan:  # type: ignore[type-var]  # a generator, typed by its protocol
            return await anext(scan)

    def _take(self, said: Any) -> None:  # noqa: ANN401 - a frame is private to its driver
        heard = self.heard
        if isinstance(said, DeviceIdentity):
            heard.identities.append(said)
        elif isinstance(said, DeviceClock):
            pass  # it dates readings, and is no fact about anybody
        elif isinstance(said, FrameError):
            heard.errors.append(said)
        elif said is not None:
            heard.frames.append(said)
            heard.readings += self.case.driver.readings(said, heard_by(self.case.driver, heard.twin))
