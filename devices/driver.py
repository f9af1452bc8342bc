"""What a driver is, and the one door through which it may reach its device."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Protocol, SupportsBytes, TypeVar

from devices.clocks import DeviceClock
from devices.identity import DeviceIdentity
from devices.kinds import Kind
from devices.readings import Heard, Reading, Tier

OfItself = DeviceIdentity | DeviceClock
"""What a device says of itself: who it is, and what its clock shows now."""

DRIVER_API = 1
"""The version of this file's promises; a driver from outside that was made for another is not asked."""

FrameT = TypeVar("FrameT", bound=SupportsBytes)
_FrameOut = TypeVar("_FrameOut", bound=SupportsBytes, covariant=True)

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
class Told:
    """What a person has told the hub about one device; None where nobody has."""

    user_slot: int | None = None
    consent_code: int | None = None
    bind_key: bytes | None = field(default=None, repr=False)


NOTHING_TOLD = Told()


@dataclass(frozen=True, slots=True)
class Visitor:
    """What the hub brings along on a visit.

    `wall_clock` is the home's own, in whole seconds and without a zone, as devices keep it; None
    while the hub doesn't know the time: then no device's clock may be set.
    """

    wall_clock: datetime | None = None
    told: Told = NOTHING_TOLD


class Decoder(Protocol[_FrameOut]):
    """Puts frames together from notifications; one for each connection, for it may remember a half."""

    def feed(self, char: str, data: bytes) -> Iterable[_FrameOut | FrameError]:
        """Take one notification; return what is now whole, and a FrameError for what can't be."""
        ...


@dataclass(frozen=True, slots=True)
class Driver(Generic[FrameT]):
    """Everything the house knows about one kind of device.

    A session yields frames, FrameErrors as values (one bad frame neither ends the talk nor hides
    the good ones behind it), and what the device says of itself (OfItself). A device that only
    broadcasts has no session but an `overhear`: None means "nothing for us". `speaks` names the
    characteristics that the decoder takes; `vectors` the devices in the vectors file for which this
    driver answers. Every frame's class has a `from_bytes` that undoes its `__bytes__`.
    """

    id: str
    title: str
    tier: Tier
    kinds: tuple[Kind, ...]
    matches: Callable[[Advertisement], bool]
    readings: Callable[[FrameT, Heard], tuple[Reading, ...]]
    decoder: Callable[[], Decoder[FrameT]]
    speaks: tuple[str, ...] = ()
    session: Callable[[Link, Visitor], AsyncIterator[FrameT | FrameError | OfItself]] | None = None
    overhear: Callable[[Advertisement, Told], FrameT | FrameError | None] | None = None
    quirks: tuple[str, ...] = ()
    vectors: tuple[str, ...] = ()
    api: int = DRIVER_API
