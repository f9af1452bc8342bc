"""The twin of a PC-60FW, OxySmart or PC-60NW: a stream that is cut at 20 octets without regard to frames."""

from collections.abc import Iterable

from devices.drivers.viatom_pc60fw import (
    ASK_PARAMS,
    ASK_SERIAL,
    ASK_VERSION,
    SERIAL,
    UART_NOTIFY,
    UART_WRITE,
    VERSION,
    Battery,
    Frames,
    Other,
    Params,
    Wave,
    Work,
)
from simulators.peripherals.streaming import Streaming
from simulators.peripherals.twin import Characteristic, Hub, Property, Service

UART = "6e400001-b5a3-f393-e0a9-e50e24dcca9e"
NOTIFICATION_SIZE = 20

WAVES = bytes(Wave((49, 48, 46, 45, 44))) + bytes(Wave((43, 42, 42, 41, 41), (True, *[False] * 4)))
IDLE = bytes(Battery(3)) + bytes(Work(2, 0))

WORDS = {
    ASK_SERIAL: Other(*SERIAL, b"60FW109400"),
    ASK_VERSION: Other(*VERSION, bytes((0x10, 0x23, 0x11)) + b"PC-60FW"),
}


class ViatomPc60fwTwin(Streaming):
    """Streams as soon as somebody subscribes; one with `has_to_be_asked`, like a PC-60NW, only when asked."""

    first_address = "F0:00:00:00:16:01"
    model = "PC-60F_SN109400"
    has_to_be_asked = False
    battery_level = 3

    def prepare(self) -> None:
        """Make ready to hear requests."""
        super().prepare()
        self._hearing = Frames()

    @property
    def services(self) -> tuple[Service, ...]:
        """Its GATT table."""
        return (
            Service(
                UART,
                (
                    Characteristic(UART_WRITE, Property.WRITE),
                    Characteristic(UART_NOTIFY, Property.NOTIFY),
                ),
            ),
        )

    def numbers(self, spo2: int, pulse: int, perfusion: float) -> bytes:
        """Return the frame that tells these numbers."""
        return bytes(Params(spo2, pulse, round(perfusion * 10), battery_level=self.battery_level))

    def second(self, numbers: bytes) -> Iterable[bytes]:
        """Return two waves, the numbers, the battery and what it is doing, cut anywhere."""
        return _cut(WAVES + numbers + IDLE)

    def without_finger(self) -> Iterable[bytes]:
        """Return zeros: the status doesn't say that the finger is gone."""
        return _cut(bytes(Wave((0, 0, 0, 0, 0))) + bytes(Params(0, 0, battery_level=self.battery_level)))

    async def subscribed(self, char: str, hub: Hub) -> None:
        """Stream, unless it has to be asked."""
        if char == UART_NOTIFY and not self.has_to_be_asked:
            await self.play(hub, UART_NOTIFY)

    async def written(self, char: str, data: bytes, hub: Hub) -> None:
        """Say who it is, or begin."""
        for request in self._hearing.feed(char, data):
            if isinstance(request, Other) and request in WORDS:
                await self.say(hub, UART_NOTIFY, _cut(bytes(WORDS[request])))
            if request == ASK_PARAMS and self.has_to_be_asked:
                await self.play(hub, UART_NOTIFY)


def _cut(data: bytes) -> Iterable[bytes]:
    return [data[at : at + NOTIFICATION_SIZE] for at in range(0, len(data), NOTIFICATION_SIZE)]
