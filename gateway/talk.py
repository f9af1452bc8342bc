"""One visit: connect, let the driver talk, take what it hears, and commit before every wait."""

import logging
from datetime import datetime
from typing import Any

from devices.driver import DeviceError, Driver, Link
from gateway.pipeline import Pipeline, Visit
from gateway.ports import Radio
from gateway.store.file import StoreError

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


async def talk(radio: Radio, pipeline: Pipeline, driver: Driver[Any], address: str, now: datetime) -> bool:
    """Visit one device; return whether it gave anything. What it gave is committed, however it ends.

    The one bulkhead of the house: a bug in a driver is kept as a fault of that device and ends
    this visit only.
    """
    visit = pipeline.visit(driver, address)
    try:
        async with radio.connect(address) as link:
            async for frame in driver.session(CommittingLink(link, visit), now):
                visit.take(frame)
    except DeviceError as error:
        log.info("%s: visit over: %s", driver.id, error)
    except StoreError:
        raise  # a disk that does not take is no fault of the device: the process must stop
    except Exception as error:
        log.exception("%s: driver fault", driver.id)
        visit.fault(f"driver fault: {type(error).__name__}")
    finally:
        visit.close()
    return visit.frame_count > 0
