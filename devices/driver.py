"""What a driver is, and the one door through which it may reach its device."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Literal, Protocol, TypeVar

from devices.readings import Heard, Kind, Reading

FrameT = TypeVar("FrameT")

Tier = Literal["captured", "specified", "reported"]
"""How we know the device's language: real captures, a vendor's or SIG document, public code only."""

_BASE_SUFFIX = "-0000-1000-8000-00805f9b34fb"


def uuid16(number: int) -> str:
    """Return a 16-bit UUID of the Bluetooth SIG in its long form, the only form the house uses.

    >>> uuid16(0x1822)
    '00001822-0000-1000-8000-00805f9b34fb'
    """
    return f"{number:08x}{_BASE_SUFFIX}"


@dataclass(frozen=True, slots=True)
class Advertisement:
    """What a device calls into the room before anyone connects to it. UUIDs in long form."""

    address: str
    name: str = ""
    services: frozenset[str] = frozenset()
    service_data: Mapping[str, bytes] = field(default_factory=dict)
    manufacturer_data: Mapping[int, bytes] = field(default_factory=dict)
    rssi_dbm: int | None = None


class DeviceError(Exception):
    """Base of everything that can go wrong with one device."""


class LinkError(DeviceError):
    """The device went away, refused or stayed silent. Expected; it will call again."""


class FrameError(DeviceError):
    """The device sent bytes that its protocol does not allow. The bytes are kept."""

    def __init__(self, reason: str, data: bytes) -> None:
        super().__init__(f"{reason}: {data[:64].hex()}")
        self.reason = reason
        self.data = data


class Link(Protocol):
    """An open connection: the only part of the world that a session may touch."""

    @property
    def backlog(self) -> int:
        """How many notifications have arrived that nobody has received yet."""
        ...

    def has(self, char: str) -> bool:
        """Tell whether the device offers this characteristic."""
        ...

    async def read(self, char: str) -> bytes:
        """Return the characteristic's value, or raise LinkError."""
        ...

    async def write(self, char: str, data: bytes, *, with_response: bool = True) -> None:
        """Write, or raise LinkError."""
        ...

    async def subscribe(self, char: str) -> None:
        """Ask for notifications or indications; pairs first where the device demands it."""
        ...

    async def receive(self, *, timeout_s: float) -> tuple[str, bytes]:
        """Return the next notification as (characteristic, bytes), or raise LinkError.

        What arrived before the device hung up is handed out before the LinkError.
        """
        ...


@dataclass(frozen=True, slots=True)
class Driver(Generic[FrameT]):
    """Everything the house knows about one kind of device.

    A session yields frames, and FrameErrors as values: one bad frame neither ends the talk nor
    hides the good ones behind it.
    """

    id: str
    title: str
    tier: Tier
    kinds: tuple[Kind, ...]
    matches: Callable[[Advertisement], bool]
    session: Callable[[Link, datetime], AsyncIterator[FrameT | FrameError]]
    readings: Callable[[FrameT, Heard], tuple[Reading, ...]]
    quirks: tuple[str, ...] = ()


def attempt(decode: Callable[[bytes], FrameT], data: bytes) -> FrameT | FrameError:
    """Return the frame in these bytes, or the FrameError that says why there is none."""
    try:
        return decode(data)
    except FrameError as error:
        return error
