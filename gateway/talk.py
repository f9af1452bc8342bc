"""One visit: connect, let the driver talk, take what it hears, and commit before every wait."""

import logging
import re
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from devices.driver import NOTHING_TOLD, Advertisement, DeviceError, Driver, FrameError, Link, Told, Visitor
from gateway.apart import LateError
from gateway.pipeline import Pipeline, Visit
from gateway.ports import Radio
from gateway.store.file import StoreError

OVERHEARD_COUNT_MAX = 256
"""So many calls are remembered; a neighbour's scale must not fill the memory."""

log = logging.getLogger(__name__)


class CommittingLink:
    """A Link that commits what has been taken before it waits for more.

    A burst of stored records shares a transaction; a single record is durable at once.
    """

    def __init__(self, link: Link, visit: Visit) -> None:
        self._link = link
        self._visit = visit

    @property
    def backlog(self) -> int:
        """How many notifications have arrived that nobody has received yet."""
        return self._link.backlog

    def has(self, char: str) -> bool:
        """Tell whether the device offers this characteristic."""
        return self._link.has(char)

    async def read(self, char: str) -> bytes:
        """Commit, then read."""
        self._visit.flush()
        return await self._link.read(char)

    async def write(self, char: str, data: bytes, *, with_response: bool = True) -> None:
        """Commit, then write: a device may forget what it told once it hears the next order."""
        self._visit.flush()
        await self._link.write(char, data, with_response=with_response)

    async def subscribe(self, char: str) -> None:
        """Commit, then subscribe."""
        self._visit.flush()
        await self._link.subscribe(char)

    async def receive(self, *, timeout_s: float) -> tuple[str, bytes]:
        """Hand out what has arrived; commit before waiting for more."""
        if self._link.backlog == 0:
            self._visit.flush()
        return await self._link.receive(timeout_s=timeout_s)


async def talk(
    radio: Radio, pipeline: Pipeline, driver: Driver[Any], address: str, told: Told = NOTHING_TOLD
) -> bool:
    """Visit one device; return whether it gave anything. What it gave is committed, however it ends."""
    visit = pipeline.visit(driver, address, told)
    assert driver.session is not None, "only a device that takes visits is visited"
    with bulkhead(visit, driver):
        async with radio.connect(address) as link:
            visitor = Visitor(pipeline.wall_clock(), told)
            async for said in driver.session(CommittingLink(link, visit), visitor):
                visit.take(said)
    return visit.frame_count > 0


class Overheard:
    """Takes what devices call into the room; one that repeats itself ten times a second says one thing."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._heard: OrderedDict[tuple[str, str], None] = OrderedDict()

    def take(self, driver: Driver[Any], seen: Advertisement, told: Told = NOTHING_TOLD) -> None:
        """Take one advertisement of a device that broadcasts, and commit what it says."""
        if not self.is_news(seen):
            return
        visit = self._pipeline.visit(driver, seen.address, told)
        assert driver.overhear is not None, "only a device that broadcasts is overheard"
        with bulkhead(visit, driver):
            if (said := driver.overhear(seen, told)) is not None:
                visit.take(said)

    def is_news(self, seen: Advertisement) -> bool:
        """Tell whether this was not said before, and remember it.

        Its name comes and goes, its strength never stays, and two calls may take turns: none is news.
        """
        call = (seen.address, repr((dict(seen.service_data), dict(seen.manufacturer_data))))
        is_news = call not in self._heard
        self._heard[call] = None
        self._heard.move_to_end(call)
        if len(self._heard) > OVERHEARD_COUNT_MAX:
            self._heard.popitem(last=False)
        return is_news


@contextmanager
def bulkhead(visit: Visit, driver: Driver[Any]) -> Iterator[None]:
    """The one bulkhead of the house: a bug in a driver is a fault of that device and ends this visit only."""
    try:
        yield
    except DeviceError as error:
        log.info("%s: visit over: %s", driver.id, _said(error, visit.address))
    except StoreError:
        raise  # a disk that does not take is no fault of the device: the process must stop
    except LateError as error:
        visit.fault(f"driver fault: {error}; it is not asked again before the hub starts anew")
    except Exception as error:
        log.exception("%s: driver fault", driver.id)
        visit.fault(f"driver fault: {type(error).__name__}")
    finally:
        visit.close()


def _said(error: DeviceError, address: str) -> str:
    """Return why a visit ended, for a log that others read: neither whose device it is nor what it told."""
    if isinstance(error, FrameError):
        return "bytes that its protocol does not allow"
    return re.sub(re.escape(address).replace(":", "[:_-]"), "the device", str(error), flags=re.IGNORECASE)
