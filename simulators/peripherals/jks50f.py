"""The twin of a JKS50F: a frame a second, cut into notifications of twenty octets."""

from collections.abc import Iterable
from datetime import datetime
from random import Random

from devices.driver import uuid16
from devices.drivers.jks50f import FINGER_IN, NAME, SIZE, STREAM, Frame
from simulators.peripherals.memory import Record
from simulators.peripherals.streaming import Streaming
from simulators.peripherals.twin import Characteristic, Hub, Property, Service

SERVICE = uuid16(0xFFE0)
NOTIFICATION_SIZE = 20
REST = bytes(SIZE - 7)


class Jks50fTwin(Streaming):
    """Measures as long as a finger is in; what stands in its other octets is made up."""

    first_address = "E0:4E:7A:00:29:01"
    model = NAME

    @property
    def services(self) -> tuple[Service, ...]:
        """Its GATT table."""
        return (Service(SERVICE, (Characteristic(STREAM, Property.NOTIFY),)),)

    def measure_any(self, _now_local: datetime, dice: Random) -> Record:
        """Measure as somebody would on that day; it has no clock, and its perfusion nobody can read."""
        return self.measure(dice.randint(84, 99), dice.randint(50, 120))

    def numbers(self, spo2: int, pulse: int, perfusion: float) -> bytes:  # noqa: ARG002 - where it stands, nobody knows
        """Return the frame that tells these numbers."""
        return bytes(Frame(FINGER_IN, spo2, pulse, REST))

    def second(self, numbers: bytes) -> Iterable[bytes]:
        """Return the notifications of one second in which this frame is told."""
        return (numbers[at : at + NOTIFICATION_SIZE] for at in range(0, SIZE, NOTIFICATION_SIZE))

    def without_finger(self) -> Iterable[bytes]:
        """Return the notifications of one second without a finger."""
        return self.second(bytes(Frame(FINGER_IN + 1, 0, 0, REST)))

    async def subscribed(self, char: str, hub: Hub) -> None:
        """Tell what it measures."""
        if char == STREAM:
            await self.play(hub, char)
