"""The twin of a BerryMed BM1000: a hundred packets a second, four to a notification, begun in mid-packet."""

import asyncio
from dataclasses import replace
from datetime import datetime
from random import Random

from devices.drivers.berrymed_bm1000 import PACKETS_PER_S, SERVICE, STREAM, Packet
from devices.kinds import Kind
from simulators.peripherals.memory import Fact, Record
from simulators.peripherals.peripheral import Peripheral
from simulators.peripherals.twin import Characteristic, Hub, Property, Service

CHUNK_SIZE = 20
PERIOD_S = 0.04
"""From one notification to the next."""

LINGER_S = 1.0

TAIL = bytes(Packet(98, 73))[2:]
"""The end of a packet that began before anybody listened."""

NO_FINGER = Packet(None, None, is_finger_missing=True)


class BerryMedTwin(Peripheral):
    """Draws its wave in packets, all of which carry the numbers of their second."""

    first_address = "F0:00:00:00:22:01"
    model = "BerryMed\0\0"

    @property
    def advertised_services(self) -> tuple[str, ...]:
        """The UUIDs in its advertisement."""
        return (SERVICE,)

    @property
    def services(self) -> tuple[Service, ...]:
        """Its GATT table."""
        return (Service(SERVICE, (Characteristic(STREAM, Property.NOTIFY),)),)

    def measure(self, spo2: int, pulse: int) -> Record:
        """Have one second ready for whoever subscribes, and wake up."""
        facts = (Fact(Kind.SPO2, float(spo2), None), Fact(Kind.PULSE_RATE, float(pulse), None))
        record = Record(None, facts, bytes(Packet(spo2, pulse, signal=7)))
        self.memory.put(record)
        self.is_awake = True
        return record

    def measure_any(self, _now_local: datetime, dice: Random) -> Record:
        """Measure as somebody would on that day, with and without the pulse's eighth bit; it has no clock."""
        return self.measure(dice.randint(84, 99), dice.randint(50, 180))

    async def subscribed(self, char: str, hub: Hub) -> None:
        """Join the stream in mid-packet, tell the seconds, and switch off when the finger is out."""
        if char != STREAM:
            return
        await hub.notify(STREAM, TAIL)

        async def send(record: Record) -> None:
            for chunk in chunks(_second(record.data)):
                await asyncio.sleep(PERIOD_S)
                await hub.notify(STREAM, chunk)

        await self.memory.play(send)
        self.is_awake = False
        await hub.notify(STREAM, bytes(NO_FINGER))
        await asyncio.sleep(LINGER_S)
        await hub.hang_up()


def chunks(data: bytes) -> list[bytes]:
    """Return the notifications that these bytes need."""
    return [data[at : at + CHUNK_SIZE] for at in range(0, len(data), CHUNK_SIZE)]


def _second(data: bytes) -> bytes:
    packet = Packet.from_bytes(data)
    wave = (replace(packet, pleth=at % 101, bar=at % 16, is_beep=at == 0) for at in range(PACKETS_PER_S))
    return b"".join(map(bytes, wave))
