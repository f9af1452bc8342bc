"""What a twin is: a virtual device that any carrier (virtual link or virtual air) can host."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Flag, auto
from typing import Protocol


class Property(Flag):
    """What a characteristic allows."""

    READ = auto()
    WRITE = auto()
    NOTIFY = auto()
    INDICATE = auto()


@dataclass(frozen=True, slots=True)
class Characteristic:
    """One characteristic as the twin offers it; `is_secured` demands an encrypted link."""

    uuid: str
    properties: Property
    value: bytes = b""
    is_secured: bool = False


@dataclass(frozen=True, slots=True)
class Service:
    """One service with its characteristics."""

    uuid: str
    characteristics: tuple[Characteristic, ...]


class Hub(Protocol):
    """The hub, as a connected twin meets it; every call may end in LinkError when the link is lost."""

    async def indicate(self, char: str, data: bytes) -> bool:
        """Send and wait for the confirmation; False when it did not come, or nobody subscribed."""
        ...

    async def notify(self, char: str, data: bytes) -> None:
        """Send without confirmation, to a subscriber."""
        ...

    async def hang_up(self) -> None:
        """End the connection from the device's side."""
        ...


class Twin(Protocol):
    """A virtual device: what it advertises, what it offers, how it answers."""

    name: str
    address: str
    is_awake: bool
    """Whether it advertises now: real devices sleep when they have nothing to tell."""

    passkey: int | None
    """Shown on the device's display while pairing; None pairs by Just Works."""

    @property
    def advertised_services(self) -> tuple[str, ...]:
        """The UUIDs in its advertisement."""
        ...

    @property
    def service_data(self) -> Mapping[str, bytes]:
        """Service data in its advertisement."""
        ...

    @property
    def manufacturer_data(self) -> Mapping[int, bytes]:
        """Manufacturer data in its advertisement, by company."""
        ...

    @property
    def services(self) -> tuple[Service, ...]:
        """Its GATT table."""
        ...

    async def subscribed(self, char: str, hub: Hub) -> None:
        """The hub has subscribed. Runs as a task of its own that ends with the connection."""
        ...

    async def written(self, char: str, data: bytes, hub: Hub) -> None:
        """The hub has written. Runs as a task of its own that ends with the connection."""
        ...
