"""The twins of scales of the standard: weighings from memory (0x181D), and a body in two packets (0x181B)."""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from random import Random

from devices.drivers.weight_scale import (
    COMPOSITION,
    COMPOSITION_FEATURES,
    COMPOSITION_SERVICE,
    SERVICE,
    WEIGHT,
    WEIGHT_FEATURES,
    Composition,
    CompositionFeatures,
    Frame,
    ScaleFeatures,
)
from devices.kinds import Kind
from simulators.peripherals.composed import Composed
from simulators.peripherals.memory import Fact, Record
from simulators.peripherals.peripheral import Peripheral
from simulators.peripherals.twin import Characteristic, Hub, Property, Service

LINGER_S = 1.0
"""So long it stays after its last word."""

STEPS_PER_KG = 200

_TELLS = ("basal_kj", "muscle_percent", "soft_lean_mass", "water_mass", "impedance_ohm")
_WEIGHT_FEATURES = bytes(ScaleFeatures(True, True, False, step_kg=0.005, height_step_m=0.001))
_COMPOSITION_FEATURES = bytes(CompositionFeatures(True, True, _TELLS, step_kg=0.005, height_step_m=0.001))


class WeightScaleTwin(Peripheral):
    """Remembers weighings until they are confirmed, tells them oldest first, hangs up and sleeps."""

    first_address = "F0:00:00:00:0B:01"
    model = "Scale"

    @property
    def advertised_services(self) -> tuple[str, ...]:
        """The UUIDs in its advertisement."""
        return (SERVICE,)

    @property
    def services(self) -> tuple[Service, ...]:
        """Its GATT table."""
        weight = Characteristic(WEIGHT, Property.INDICATE, is_secured=self.is_secured)
        return (Service(SERVICE, (weight,)),)

    def measure(self, now_local: datetime, kg: float | None, *, user: int | None = None) -> Record:
        """Put one weighing into memory, by the scale's own clock, and wake up; None is a failed one."""
        moment = now_local.replace(tzinfo=None, microsecond=0)
        frame = Frame(None if kg is None else _steps(kg), device_time=moment, user=user)
        facts = () if kg is None else (Fact(Kind.BODY_WEIGHT, kg, moment),)
        return self.remember(Record(moment, facts, bytes(frame)))

    def remember(self, record: Record) -> Record:
        """Put one record into memory, and wake up."""
        self.memory.put(record)
        self.is_awake = True
        return record

    def measure_any(self, now_local: datetime, dice: Random) -> Record:
        """Measure as somebody would on that day."""
        return self.measure(now_local, dice.randrange(8_000, 24_000) / STEPS_PER_KG)

    async def subscribed(self, char: str, hub: Hub) -> None:
        """Tell what it remembers, then hang up."""
        if char != WEIGHT:
            return
        await self.memory.tell(hub, WEIGHT)
        self.is_awake = self.memory.waiting_count > 0
        await asyncio.sleep(LINGER_S)
        await hub.hang_up()


class BodyScaleTwin(WeightScaleTwin):
    """A scale with electrodes: what it makes of a body takes two packets, and it lists what it can do."""

    first_address = "F0:00:00:00:10:01"
    model = "Body scale"

    @property
    def advertised_services(self) -> tuple[str, ...]:
        """The UUIDs in its advertisement."""
        return (SERVICE, COMPOSITION_SERVICE)

    @property
    def services(self) -> tuple[Service, ...]:
        """Its GATT table."""
        return (
            Service(SERVICE, self._chars(WEIGHT, WEIGHT_FEATURES, _WEIGHT_FEATURES)),
            Service(
                COMPOSITION_SERVICE, self._chars(COMPOSITION, COMPOSITION_FEATURES, _COMPOSITION_FEATURES)
            ),
        )

    def compose(self, now_local: datetime, kg: float, body: Composed, *, user: int | None = None) -> Record:
        """Put one weighing with all that it makes of the body into memory, and wake up."""
        moment = now_local.replace(tzinfo=None, microsecond=0)
        frame = Frame(_steps(kg), device_time=moment, user=user)
        facts = (Fact(Kind.BODY_WEIGHT, kg, moment), *body.facts(moment))
        more = tuple((COMPOSITION, bytes(part)) for part in _parts(body, moment, user))
        return self.remember(Record(moment, facts, bytes(frame), more=more))

    def measure_any(self, now_local: datetime, dice: Random) -> Record:
        """Measure as somebody would on that day."""
        kg = dice.randrange(8_000, 24_000) / STEPS_PER_KG
        return self.compose(now_local, kg, Composed.any(dice))

    def _chars(self, told: str, listed: str, features: bytes) -> tuple[Characteristic, ...]:
        return (
            Characteristic(told, Property.INDICATE, is_secured=self.is_secured),
            Characteristic(listed, Property.READ, features),
        )


def _parts(body: Composed, moment: datetime, user: int | None) -> Iterable[Composition]:
    """Twenty octets hold no more; only the first packet says when and who."""
    yield Composition(
        body.fat_percent,
        device_time=moment,
        user=user,
        basal_kj=body.basal_kj,
        muscle_percent=body.muscle_percent,
        is_part=True,
    )
    yield Composition(
        body.fat_percent,
        soft_lean_mass=body.soft_lean_kg,
        water_mass=body.water_kg,
        impedance_ohm=body.impedance_ohm,
        is_part=True,
    )


def _steps(kg: float) -> int:
    steps = round(kg * STEPS_PER_KG)
    if steps / STEPS_PER_KG != kg:
        raise ValueError(f"{kg} kg: this scale weighs in steps of 5 g")
    return steps
