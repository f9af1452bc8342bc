"""The twin of a Wellue FS20F: whole frames, sometimes two in a notification."""

from collections.abc import Iterable

from devices.driver import uuid16
from devices.drivers.wellue_fs20f import NOTIFY, SENSOR_OFF, Params, Wave
from simulators.peripherals.streaming import Streaming
from simulators.peripherals.twin import Characteristic, Hub, Property, Service

SERVICE = uuid16(0xFFE0)


class WellueFs20fTwin(Streaming):
    """Streams as soon as somebody subscribes."""

    first_address = "F0:00:00:00:17:01"
    model = "VTM 20F"

    def prepare(self) -> None:
        """Make ready to count frames, and to say what troubles it in the wave."""
        super().prepare()
        self.flags = 0
        self._count = 0

    @property
    def advertised_services(self) -> tuple[str, ...]:
        """The UUIDs in its advertisement."""
        return (SERVICE,)

    @property
    def services(self) -> tuple[Service, ...]:
        """Its GATT table."""
        return (Service(SERVICE, (Characteristic(NOTIFY, Property.NOTIFY),)),)

    def numbers(self, spo2: int, pulse: int, perfusion: float) -> bytes:
        """Return the frame that tells these numbers."""
        return bytes(Params(spo2, pulse, round(perfusion * 1000), self._next()))

    def second(self, numbers: bytes) -> Iterable[bytes]:
        """Return three waves, two of them in one notification, and the numbers behind the last."""
        waves = [self._wave(height) for height in (17, 44, 71)]
        return (waves[0] + waves[1], waves[2] + numbers)

    def without_finger(self) -> Iterable[bytes]:
        """Return a wave that says so, and 511 and 127 for the numbers."""
        return (bytes(Wave(0, SENSOR_OFF, 0, self._next())), bytes(Params(0x7F, 0x1FF, 0, self._next())))

    async def subscribed(self, char: str, hub: Hub) -> None:
        """Stream."""
        if char == NOTIFY:
            await self.play(hub, NOTIFY)

    def _wave(self, height: int) -> bytes:
        return bytes(Wave(height, self.flags, height // 8, self._next()))

    def _next(self) -> int:
        self._count = (self._count + 1) % 256
        return self._count
