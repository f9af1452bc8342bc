"""Records what a device really says, through the driver that a hub would use."""

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TextIO
from zoneinfo import ZoneInfo

from devices.catalog import Catalog
from devices.driver import (
    NOTHING_TOLD,
    Advertisement,
    Driver,
    FrameError,
    Link,
    LinkError,
    OfItself,
    Told,
    Visitor,
)
from gateway.ports import Now, Radio, wall_clock
from gateway.recorder import Blotter, Recorder, RecordingLink
from gateway.recording import Header
from gateway.words import WordsError


class NothingHeardError(Exception):
    """The device that was asked for did not call; says what to do."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What to record: by whom, of which device, for how long, and what the hub was told of it."""

    catalog: Catalog
    zone: ZoneInfo
    driver: Driver[Any] | None = None
    address: str | None = None
    seconds: float = 120.0
    told: Mapping[str, Told] = field(default_factory=dict)
    radio: str = "virtual"


async def to_file(radio: Radio, wish: Wish, file: Path, now: Now, say: Callable[[str], None]) -> int:
    """Record, say what came of it, and return the exit code."""
    count = await capture(radio, wish, file, now, say)
    say(f"{count} frames are in {file}. Next: pusterom replay {file}")
    return 0


async def capture(radio: Radio, wish: Wish, file: Path, now: Now, say: Callable[[str], None]) -> int:
    """Wait for the device, record it into a new file, and return how many frames it gave."""
    loop = asyncio.get_running_loop()
    ends_at_s = loop.time() + wish.seconds
    try:
        async with asyncio.timeout_at(ends_at_s):
            driver, seen = await _found(radio, wish)
    except TimeoutError:
        raise NothingHeardError(_nothing(wish)) from None
    say(f"{seen.name or 'a device without a name'} ({seen.address}) calls: {driver.title}, {driver.id}")
    told = wish.told.get(seen.address.upper(), NOTHING_TOLD)
    visitor = Visitor(wall_clock(now(), wish.zone), told)
    with _new(file) as out:
        recorder = _recorder(out, seen.address, told)
        recorder.begin(Header.of(driver.id, wish.radio, seen.address, wish.zone.key, visitor))
        recorder.advertisement(seen)
        taker = _Taker(radio, driver, seen, recorder, ends_at_s, visitor)
        return await (taker.overhear() if driver.overhear is not None else taker.talk())


def check_place(file: Path) -> None:
    """Raise WordsError where the file can't be begun, before anybody waits for a device."""
    if file.exists():
        raise WordsError(f"--out: {file} is there already; name another, a recording is never written over")
    if not file.absolute().parent.is_dir():
        raise WordsError(f"--out: there is no folder {file.absolute().parent}; make it first")


async def _found(radio: Radio, wish: Wish) -> tuple[Driver[Any], Advertisement]:
    async with _heard(radio) as scan:
        async for seen in scan:
            if wish.address is not None and seen.address.upper() != wish.address:
                continue
            if wish.driver is not None:
                if wish.driver.matches(seen):
                    return wish.driver, seen
            elif (driver := wish.catalog.driver_for(seen)) is not None:
                return driver, seen
    raise NothingHeardError(_nothing(wish))


@asynccontextmanager
async def _heard(radio: Radio) -> AsyncIterator[AsyncIterator[Advertisement]]:
    scan = radio.scan()
    try:
        yield scan
    finally:
        if isinstance(scan, AsyncGenerator):
            await scan.aclose()


def _nothing(wish: Wish) -> str:
    what = wish.address or f"no device of the driver {wish.driver.id if wish.driver else '?'}"
    heard = "was not heard, or no driver knows it" if wish.address else "was heard"
    return (
        f"{what} {heard} in {wish.seconds:g} s. Wake the device (measure with it) and ask again; "
        "a hub that runs beside may have been faster"
    )


@dataclass(frozen=True, slots=True)
class _Taker:
    """Takes down one device until time is up."""

    radio: Radio
    driver: Driver[Any]
    first: Advertisement
    recorder: Recorder
    ends_at_s: float
    visitor: Visitor

    async def talk(self) -> int:
        """Let the driver talk; however that ends, the file says so."""
        count, is_connected, end, is_whole = 0, False, "the driver was done", True
        try:
            async with asyncio.timeout_at(self.ends_at_s), self.radio.connect(self.first.address) as link:
                is_connected = True
                async for said in self._session(link):
                    count += not isinstance(said, OfItself | FrameError)
        except LinkError as error:
            if not is_connected:
                who = self.first.address
                raise NothingHeardError(f"{who} called and did not answer: {error}. Ask again") from error
            end = self.recorder.blotter.said(error)
        except TimeoutError:
            end, is_whole = "time was up", False
        except BaseException as error:
            end, is_whole = f"stopped by {type(error).__name__}", False
            raise
        finally:
            self.recorder.note(end=end, is_whole=is_whole)
        return count

    def _session(self, link: Link) -> AsyncIterator[Any]:
        assert self.driver.session is not None, "a driver hears or talks"
        return self.driver.session(RecordingLink(link, self.recorder), self.visitor)

    async def overhear(self) -> int:
        """Keep what the device calls into the room; what it repeats is kept once."""
        count, last = int(self._is_frame(self.first)), replace(self.first, rssi_dbm=None)
        with suppress(TimeoutError):
            async with asyncio.timeout_at(self.ends_at_s), _heard(self.radio) as scan:
                async for seen in scan:
                    words = replace(seen, rssi_dbm=None)
                    if seen.address == self.first.address and words != last and self.driver.matches(seen):
                        last = words
                        self.recorder.advertisement(seen)
                        count += self._is_frame(seen)
        self.recorder.note(end="time was up", is_whole=False)
        return count

    def _is_frame(self, seen: Advertisement) -> bool:
        assert self.driver.overhear is not None, "a driver hears or talks"
        said = self.driver.overhear(seen, self.visitor.told)
        return said is not None and not isinstance(said, FrameError)


@contextmanager
def _new(file: Path) -> Iterator[TextIO]:
    """Open a new file that its owner alone may read: what a device says is about somebody's health."""
    try:
        number = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise WordsError(f"--out: can't write {file}: {error.strerror}") from error
    try:
        with os.fdopen(number, "w", encoding="utf-8", buffering=1) as out:
            yield out
    except NothingHeardError:
        file.unlink()
        raise


def _recorder(out: TextIO, address: str, told: Told) -> Recorder:
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    return Recorder(out.write, lambda: round((loop.time() - began_s) * 1000), Blotter(told, address))
