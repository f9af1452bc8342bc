"""The doors of the hub: everything outside it that can fail."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime, tzinfo
from typing import Protocol

from cloud_bridge.contract.entries import Clock
from devices.driver import Advertisement, Link
from devices.readings import FIRST_CREDIBLE_YEAR

Now = Callable[[], datetime]
"""The clock: an aware datetime in UTC."""


Trusted = Callable[[], Clock | None]
"""How far the clock is to be believed now; None from a hub that can't say."""


def untold() -> Clock | None:
    """Say nothing about the clock."""
    return None


def wall_clock(now: datetime, zone: tzinfo) -> datetime | None:
    """Return the home's own time as a device keeps it, or None while the hub doesn't know it."""
    if now.year < FIRST_CREDIBLE_YEAR:
        return None
    return now.astimezone(zone).replace(tzinfo=None, microsecond=0)


class Disk(Protocol):
    """What the hub must know of the disk that its log lies on. None of it raises."""

    def free_bytes(self) -> int:
        """Return how many bytes may still be written."""
        ...

    def lay_ballast(self) -> None:
        """Set room aside, if none is."""
        ...

    def free_ballast(self) -> None:
        """Give that room back: something must be said on a full disk."""
        ...


class RadioError(Exception):
    """There is no radio, or it went away. A person may have to look; the hub tries again."""


class Radio(Protocol):
    """Whatever hears advertisements and opens links."""

    def scan(self) -> AsyncIterator[Advertisement]:
        """Yield advertisements until cancelled; raise RadioError when the radio is away."""
        ...

    def connect(self, address: str) -> AbstractAsyncContextManager[Link]:
        """Open a link, discover its characteristics; raise LinkError when the device is not there.

        Leaving the context disconnects. Only an address heard in this scan can be connected to.
        """
        ...
