"""A home full of things that must not get out, and the room in which its devices tell them.

`python -m tests.processes.planted unix:/socket` serves the room.
"""

import asyncio
import sys
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b

from devices.device_information import MANUFACTURER, MODEL, SERIAL, SYSTEM_ID
from devices.device_information import SERVICE as INFORMATION
from devices.driver import uuid16
from gateway.quiet import quiet_libraries
from simulators.peripherals.pulse_oximeter import PulseOximeterTwin
from simulators.peripherals.twin import Characteristic, Property, Service
from simulators.peripherals.weight_scale import WeightScaleTwin
from simulators.radio.server import path_of
from simulators.simulate import room
from tests.processes.search import Secret

WEIGHTS = tuple((12_203 + 38 * number) / 200 for number in range(90))
"""An odd number of 5 g each: three decimals, and more than any second of a minute."""

STRANGE = uuid16(0xFEED)
OWNER = "Planta Testesen-Ødegård"
BIRTH_YEAR = 1937
PASSWORD = "pl4nt3d-Pass/word+Æ"
ROLE = "fastlege Plantinius-77"


def _bytes(name: str, size: int) -> bytes:
    return blake2b(name.encode(), digest_size=size).digest()


def address(number: int) -> str:
    """Return an address that no other test knows."""
    return (b"\xf0" + _bytes(f"address {number}", 5)).hex(":").upper()


class PlantedScale(WeightScaleTwin):
    """A scale whose name and serial number say whose it is."""

    first_address = address(1)
    model = "Vekt Planta"
    serial = "SN-7Q41-VEKT"

    @property
    def services(self) -> tuple[Service, ...]:
        words = {
            MANUFACTURER: b"Plantemaker 0x", MODEL: b"PLANT-55-X", SERIAL: self.serial.encode(),
            SYSTEM_ID: _bytes("system id", 8),
        }  # fmt: skip
        told = tuple(Characteristic(char, Property.READ, word) for char, word in words.items())
        return (*super().services, Service(INFORMATION, told))


class Stranger(PlantedScale):
    """A scale that only the broken driver from outside takes for its own; it never sleeps."""

    first_address = address(2)
    model = "Fremmed Planta"
    serial = "SN-9Z77-FREMMED"

    @property
    def advertised_services(self) -> tuple[str, ...]:
        return (STRANGE,)

    @property
    def is_awake(self) -> bool:
        """Whatever it is told, it goes on calling."""
        return True

    @is_awake.setter
    def is_awake(self, _: bool) -> None:
        pass


OXIMETER = address(3)


@dataclass
class Planted:
    """Everything that is planted, by what it is; frames and keys that come about later are added."""

    known: list[Secret] = field(default_factory=list)

    def __post_init__(self) -> None:
        for number, kg in enumerate(WEIGHTS):
            self.plant("reading", f"weight {number}", kg)
        for number in range(1, 16):
            self.plant("address", f"{number}", address(number))
            self.plant("address", f"{number} as octets", bytes.fromhex(address(number).replace(":", "")))
        for number in range(4, 16):
            self.plant("bind key", f"{number}", bind_key(number))
        self.codes = {number: 4001 + 397 * number for number in range(4, 16)}
        for number, code in self.codes.items():
            self.plant("consent code", f"{number}", str(code))
        for number in range(25):
            self.plant("plan", f"limit {number}", self.limit(number))
        self.plant("plan", "role", ROLE)
        self.plant("broker password", "", PASSWORD)
        for name in (OWNER, *OWNER.split()):
            self.plant("person", name, name)
        self.plant("person", "year of birth", str(BIRTH_YEAR))
        for twin in (PlantedScale, Stranger):
            self.plant("device", "its name", twin.model)
            self.plant("device", "its serial number", twin.serial)
        self.plant("device", "its maker", "Plantemaker 0x")
        self.plant("device", "its model", "PLANT-55-X")
        self.plant("device", "its system id", _bytes("system id", 8))

    def plant(self, what: str, name: str, value: str | bytes | float) -> None:
        """Add one."""
        self.known.append(Secret(what, name, value))

    def of(self, *whats: str) -> list[Secret]:
        """Return those of these kinds."""
        return [secret for secret in self.known if secret.what in whats]

    def but(self, *whats: str) -> list[Secret]:
        """Return those of all other kinds."""
        return [secret for secret in self.known if secret.what not in whats]

    @staticmethod
    def limit(number: int) -> str:
        """Return the id of one limit."""
        return f"plantegrense_{_bytes(f'limit {number}', 4).hex()}"


def bind_key(number: int) -> bytes:
    """Return the bind key of the device with this number."""
    return _bytes(f"bind {number}", 16)


async def serve(radio: str) -> None:
    """Serve the room until killed; each scale has all its weighings in its memory, the stranger one."""
    scale, stranger = PlantedScale(), Stranger()
    oximeter = PulseOximeterTwin(OXIMETER, is_secured=True)
    begun = datetime.now().astimezone()  # noqa: TID251 - a device has a clock of its own
    for number, kg in enumerate(WEIGHTS):
        scale.measure(begun - timedelta(minutes=len(WEIGHTS) - number), kg)
    stranger.measure(begun, WEIGHTS[0])
    oximeter.measure(begun, 93.0, 71.0)
    place = path_of(radio)
    async with room(radio, (scale, stranger, oximeter), bonds=place.with_name(f"{place.name}.bonds.json")):
        sys.stdout.write("".join(f"frame {one.data.hex()}\n" for one in scale.measured))
        sys.stdout.write("the room is open\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    quiet_libraries()
    asyncio.run(serve(sys.argv[1]))
