"""The twin of a Vitalograph Lung Monitor BT Smart: silent without credits, a record after each blow."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from random import Random

from devices.codecs.lung_monitor import Blow, Reply
from devices.codecs.terminal_io import (
    COMPANY,
    FROM_DEVICE,
    ITS_GRANTS,
    OUR_GRANTS,
    PACKET_SIZE_MAX,
    SERVICE,
    TERMINAL,
    TO_DEVICE,
)
from devices.kinds import Kind
from simulators.peripherals.memory import Fact, Record
from simulators.peripherals.peripheral import Peripheral
from simulators.peripherals.twin import Characteristic, Hub, Property, Service

LINGER_S = 1.0
"""So long it stays after its last word."""

ACK_S = 3.0
"""So long it waits to be acknowledged; whether the real one does, nobody has seen."""

GRANTED_MAX, GRANTED_LOW = 8, 2
"""So many packets it takes from us, and at so few that are left it grants anew."""

CLOCK = "%y%m%d%H%M%S"


class _Talk:
    """One connection's account: who may send how much, and what was acknowledged."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.subscribed: set[str] = set()
        self.credit_count = 0
        self.granted = asyncio.Event()
        self.acknowledged = asyncio.Event()
        self.has_begun = False
        self._granted_count = 0

    async def grant(self) -> None:
        """Let the hub say something."""
        if self._granted_count <= GRANTED_LOW:
            count, self._granted_count = GRANTED_MAX - self._granted_count, GRANTED_MAX
            await self.hub.indicate(ITS_GRANTS, bytes((count,)))

    def take(self) -> bool:
        """Take one packet, if the hub had the right to send it."""
        self._granted_count -= 1
        return self._granted_count >= 0

    async def say(self, data: bytes) -> None:
        """Send packets of 20, each for a credit; wait where there is none."""
        for at in range(0, len(data), PACKET_SIZE_MAX):
            while self.credit_count == 0:
                self.granted.clear()
                await self.granted.wait()
            self.credit_count -= 1
            await self.hub.notify(FROM_DEVICE, data[at : at + PACKET_SIZE_MAX])


class VitalographTwin(Peripheral):
    """Keeps a record until it is acknowledged; whether the real one tells an old one again isn't known."""

    first_address = "F0:00:00:00:19:01"
    model = "LUNG4000"
    device_id = "0000129406"

    def prepare(self) -> None:
        """Nobody is connected yet."""
        self._talk: _Talk | None = None
        self.best_fev1_l = 0.0
        self.orders: list[bytes] = []
        """What it was told besides ACK, or without having granted it: nothing, one hopes."""

    @property
    def advertised_services(self) -> tuple[str, ...]:
        """The UUIDs in its advertisement."""
        return (SERVICE,)

    @property
    def manufacturer_data(self) -> Mapping[int, bytes]:
        """A terminal in working order that asks to be connected to."""
        return {COMPANY: TERMINAL + b"\x00\x01\x01"}

    @property
    def services(self) -> tuple[Service, ...]:
        """Its GATT table."""
        table = (
            (TO_DEVICE, Property.WRITE),
            (FROM_DEVICE, Property.NOTIFY),
            (OUR_GRANTS, Property.WRITE),
            (ITS_GRANTS, Property.INDICATE),
        )
        chars = tuple(Characteristic(*row, is_secured=self.is_secured) for row in table)
        return (Service(SERVICE, chars),)

    def measure(
        self, now_local: datetime, pef_l_min: int, fev1_l: float, fev6_l: float, *, is_poor: bool = False
    ) -> Record:
        """Blow once, by the device's own clock, and wake up."""
        moment = now_local.replace(tzinfo=None, microsecond=0)
        ratio = float(round(100 * fev1_l / fev6_l))
        self.best_fev1_l = max(self.best_fev1_l, fev1_l)
        of_best = float(round(100 * fev1_l / self.best_fev1_l))
        blow = Blow(
            "G", self.device_id, moment.strftime(CLOCK), is_poor, "912",
            pef_l_min=pef_l_min, fev1_l=fev1_l, fev6_l=fev6_l, fev1_fev6_percent=ratio,
            fev1_best_l=self.best_fev1_l, fev1_percent_of_best=of_best,
            green_percent=80, yellow_percent=50, orange_percent=30,
        )  # fmt: skip
        shown = {
            Kind.PEF: float(pef_l_min),
            Kind.FEV1: fev1_l,
            Kind.FEV6: fev6_l,
            Kind.FEV1_FEV6: ratio,
            Kind.FEV1_BEST: self.best_fev1_l,
            Kind.FEV1_PERCENT_BEST: of_best,
        }
        record = Record(
            moment, tuple(Fact(kind, value, moment) for kind, value in shown.items()), bytes(blow)
        )
        self.memory.put(record)
        self.is_awake = True
        return record

    def measure_any(self, now_local: datetime, dice: Random) -> Record:
        """Measure as somebody would on that day."""
        fev6_cl = dice.randint(150, 450)
        fev1_cl = dice.randint(40 * fev6_cl // 100, fev6_cl)
        return self.measure(now_local, dice.randint(80, 600), fev1_cl / 100, fev6_cl / 100)

    async def subscribed(self, char: str, hub: Hub) -> None:
        """Note that somebody listens."""
        self._with(hub).subscribed.add(char)

    async def written(self, char: str, data: bytes, hub: Hub) -> None:
        """Take credits, and begin to tell; or take an answer."""
        talk = self._with(hub)
        if char == OUR_GRANTS and talk.subscribed >= {FROM_DEVICE, ITS_GRANTS}:
            talk.credit_count += data[0]
            talk.granted.set()
            if not talk.has_begun:
                talk.has_begun = True
                await talk.grant()
                await self._tell(talk)
        elif char == TO_DEVICE:
            self.deletes_asked += data[3:5] in (b"CM", b"RD")
            if talk.take() and data == bytes(Reply(is_good=True)):
                talk.acknowledged.set()
            else:
                self.orders.append(data)
            await talk.grant()

    def _with(self, hub: Hub) -> _Talk:
        """Each connection begins with nothing: credits do not outlive it."""
        if self._talk is None or self._talk.hub is not hub:
            self._talk = _Talk(hub)
        return self._talk

    async def _tell(self, talk: _Talk) -> None:
        while self.memory.waiting_count:
            number = self.memory.confirmed_count + 1
            self.memory.begin_up_to(number)
            talk.acknowledged.clear()
            await talk.say(self.measured[number - 1].data)
            try:
                async with asyncio.timeout(ACK_S):
                    await talk.acknowledged.wait()
            except TimeoutError:
                break
            self.memory.confirm_up_to(number)
        self.is_awake = self.memory.waiting_count > 0
        await asyncio.sleep(LINGER_S)
        await talk.hub.hang_up()
