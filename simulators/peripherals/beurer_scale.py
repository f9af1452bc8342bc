"""The twin of a Beurer BF788: silent without consent, stubs without a profile written back."""

import asyncio
from dataclasses import replace
from datetime import datetime
from random import Random

from devices.codecs.user_data import INCREMENT_ONE, Answer, BirthDate, Height, Op, Request, Result
from devices.driver import FrameError, Told, uuid16
from devices.drivers.beurer_scale import (
    ACTIVITY,
    BIRTH_DATE,
    CHANGE_INCREMENT,
    COMPANY,
    COMPOSITION,
    CURRENT_TIME,
    GENDER,
    HEIGHT,
    LIST_USERS,
    PROFILE,
    USER_CONTROL,
    USER_LIST,
    WEIGHT,
    Composition,
    Listed,
    Weighing,
    decoder,
)
from devices.kinds import Kind
from simulators.peripherals.composed import Composed
from simulators.peripherals.memory import Fact, Record
from simulators.peripherals.peripheral import Peripheral
from simulators.peripherals.twin import Characteristic, Hub, Property, Service

CONFIRM_WAIT_S = 5.0
"""So long it waits for the profile; then it tells stubs and keeps what it has."""

LINGER_S = 1.0
STUBS_MAX = 35
STEPS_PER_KG = 200
USERS = (1, 2)
END_OF_LIST = b"\x01"

_READ_WRITE = Property.READ | Property.WRITE


class BeurerScaleTwin(Peripheral):
    """Knows two people; tells both to who has the code of one, and bodies once the profile is confirmed."""

    first_address = "F0:00:00:00:11:01"
    model = "BF788"
    consent_code = 2520

    def prepare(self) -> None:
        """Make ready for a first connection."""
        self.profile = {
            BIRTH_DATE: bytes(BirthDate(1955, 8, 8)),
            GENDER: b"\x01",
            HEIGHT: bytes(Height(168)),
            ACTIVITY: b"\x03",
        }
        self.clock: bytes | None = None
        self.users_made = 0
        self._forget(None)

    @property
    def advertised_services(self) -> tuple[str, ...]:
        """The UUIDs in its advertisement."""
        return (uuid16(0x181D), uuid16(0x181B))

    @property
    def manufacturer_data(self) -> dict[int, bytes]:
        """Beurer's own; what stands in it is not known."""
        return {COMPANY: b""}

    @property
    def told(self) -> Told:
        """Who the patient is on this scale, and the code that it shows."""
        return Told(user_slot=USERS[0], consent_code=self.consent_code)

    @property
    def services(self) -> tuple[Service, ...]:
        """Its GATT table; nothing in it may be touched without a bond."""
        table = (
            (0x181D, ((WEIGHT, Property.INDICATE),)),
            (0x181B, ((COMPOSITION, Property.INDICATE),)),
            (0x1805, ((CURRENT_TIME, Property.WRITE),)),
            (0x181C, (
                (USER_CONTROL, Property.WRITE | Property.INDICATE),
                (CHANGE_INCREMENT, _READ_WRITE),
                (BIRTH_DATE, _READ_WRITE),
                (GENDER, _READ_WRITE),
                (HEIGHT, _READ_WRITE),
            )),
            (0xFFF0, ((USER_LIST, Property.WRITE | Property.NOTIFY), (ACTIVITY, _READ_WRITE))),
        )  # fmt: skip
        return tuple(
            Service(
                uuid16(number),
                tuple(Characteristic(char, may, self.profile.get(char, b""), True) for char, may in chars),
            )
            for number, chars in table
        )

    def measure(
        self, now_local: datetime, kg: float, body: Composed | None = None, *, user: int = USERS[0]
    ) -> Record:
        """Put one person's weighing into memory, with what it makes of the body, and wake up."""
        moment = now_local.replace(tzinfo=None, microsecond=0)
        height_cm = Height.from_bytes(self.profile[HEIGHT]).height_cm
        bmi = round(kg / (height_cm / 100) ** 2, 1)
        frame = Weighing(round(kg * STEPS_PER_KG), False, moment, user, (round(bmi * 10), height_cm * 10))
        facts: tuple[Fact, ...] = (Fact(Kind.BODY_WEIGHT, kg, moment), Fact(Kind.BMI, bmi, moment))
        more: tuple[tuple[str, bytes], ...] = ()
        if body is not None:
            facts += body.facts(None)
            more = ((COMPOSITION, bytes(_composition(body))),)
        record = Record(moment, facts, bytes(frame), more=more)
        self.memory.put(record)
        self.is_awake = True
        return record

    def measure_any(self, now_local: datetime, dice: Random) -> Record:
        """Measure as somebody would on that day."""
        return self.measure(now_local, dice.randrange(8_000, 24_000) / STEPS_PER_KG, Composed.any(dice))

    async def subscribed(self, char: str, hub: Hub) -> None:
        """Wait for the profile; without it, tell stubs and keep everything."""
        self._meet(hub)
        if char != WEIGHT or not self._is_open:
            return
        await asyncio.sleep(CONFIRM_WAIT_S)
        if not self._is_confirmed:
            await self._stub(hub, self.memory.waiting_count)
            await hub.hang_up()

    async def written(self, char: str, data: bytes, hub: Hub) -> None:
        """Take the time, list the users, give or refuse consent, take the profile, tell."""
        self._meet(hub)
        if char == CURRENT_TIME:
            self.clock = data
        elif char == USER_LIST and data == LIST_USERS:
            for user in USERS:
                await hub.notify(USER_LIST, bytes(Listed(0, bytes((user,)) + bytes(10))))
            await hub.notify(USER_LIST, END_OF_LIST)
        elif char == USER_CONTROL:
            await hub.indicate(USER_CONTROL, bytes(self._answer(data)))
        elif char in PROFILE and self._is_open:
            self.profile[char] = data
            self._written.add(char)
        elif char == CHANGE_INCREMENT and data == INCREMENT_ONE and self._written == set(PROFILE):
            self._is_confirmed = True
            await self._tell(hub)

    def _answer(self, data: bytes) -> Answer:
        (asked,) = decoder().feed(USER_CONTROL, data)
        if isinstance(asked, FrameError) or not isinstance(asked, Request):
            return Answer(Op.CONSENT, Result.INVALID_PARAMETER)
        if asked.op is not Op.CONSENT:
            self.deletes_asked += asked.op is Op.DELETE
            self.users_made += asked.op is Op.REGISTER
            return Answer(asked.op, Result.OP_UNSUPPORTED)
        self._is_open = asked.user in USERS and asked.consent_code == self.consent_code
        return Answer(Op.CONSENT, Result.SUCCESS if self._is_open else Result.NOT_AUTHORIZED)

    async def _tell(self, hub: Hub) -> None:
        """What was told before comes again as stubs; then what is new, and it sleeps."""
        await self._stub(hub, min(self.memory.confirmed_count, STUBS_MAX))
        await self.memory.tell(hub, WEIGHT)
        self.is_awake = self.memory.waiting_count > 0
        await asyncio.sleep(LINGER_S)
        await hub.hang_up()

    async def _stub(self, hub: Hub, count: int) -> None:
        for number in range(count):
            stub = Composition(0.0, basal_kj=9110.0 + number)
            zeros = replace(stub, muscle_percent=0.0, soft_lean_mass=0.0, water_mass=0.0, impedance_ohm=0.0)
            await hub.indicate(COMPOSITION, bytes(zeros))

    def _meet(self, hub: Hub) -> None:
        """Consent and profile hold for one connection, and no longer."""
        if hub is not self._hub:
            self._forget(hub)

    def _forget(self, hub: Hub | None) -> None:
        self._hub = hub
        self._is_open = self._is_confirmed = False
        self._written: set[str] = set()


def _composition(body: Composed) -> Composition:
    """Neither time nor user, as the captured ones have it."""
    return Composition(
        body.fat_percent,
        basal_kj=body.basal_kj,
        muscle_percent=body.muscle_percent,
        soft_lean_mass=body.soft_lean_kg,
        water_mass=body.water_kg,
        impedance_ohm=body.impedance_ohm,
    )
