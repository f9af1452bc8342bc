"""The twin of a spirometer that speaks the Generic Health Sensor Service (0x1840), from its memory."""

import asyncio
from datetime import datetime, timedelta
from random import Random

from devices.codecs import racp
from devices.codecs.elapsed_time import EPOCH, QUARTER, ElapsedTime, elapsed_at
from devices.codecs.ghs import Bundle, Observation
from devices.codecs.ghs_frames import DONE, ERROR, START, Clock, Control, Stored
from devices.codecs.ghs_segments import segments
from devices.codecs.ghs_values import Numeric
from devices.driver import uuid16
from devices.drivers.generic_health_sensor import CLOCK, CONTROL, LIVE, RECORDS, SERVICE, STORED
from devices.kinds import CODINGS, Kind
from simulators.peripherals.memory import Fact, Record
from simulators.peripherals.peripheral import Peripheral
from simulators.peripherals.twin import Characteristic, Hub, Property, Service

LINGER_S = 1.0
"""So long it stays after its last word."""

SEGMENT_SIZE = 20
"""What the smallest of all links carries at a time."""

SPIROMETER = bytes.fromhex("011d10")
"""One specialisation: the spirometer's, 8::4125."""

LITRE, LITRE_PER_S = 0x0640, 0x0BE0


class GenericHealthSensorTwin(Peripheral):
    """Remembers blows; tells them in segments, oldest first, to a hub that asks for its records."""

    first_address = "F0:00:00:00:15:01"
    model = "Spirometer"

    def prepare(self) -> None:
        """Make ready: its clock has never been set, and its counter stands where the last talk left it."""
        self.clock = Clock(ElapsedTime(0), status=1, capabilities=0)
        self.segments_sent = 60
        self._one_talk = asyncio.Lock()

    @property
    def advertised_services(self) -> tuple[str, ...]:
        """The UUIDs in its advertisement."""
        return (SERVICE,)

    @property
    def service_data(self) -> dict[str, bytes]:
        """What kind of sensor it is."""
        return {SERVICE: SPIROMETER}

    @property
    def services(self) -> tuple[Service, ...]:
        """Its GATT table: the sensor's service, and its clock's."""
        asked = Property.WRITE | Property.INDICATE
        table = (
            (LIVE, Property.INDICATE, b""),
            (STORED, Property.INDICATE, b""),
            (CONTROL, asked, b""),
            (RECORDS, asked, b""),
        )
        chars = tuple(Characteristic(*row, is_secured=self.is_secured) for row in table)
        clock = Characteristic(CLOCK, Property.READ | Property.WRITE, bytes(self.clock))
        return (Service(SERVICE, chars), Service(uuid16(0x183F), (clock,)))

    def measure(
        self, now_local: datetime, fev1_l: float, fvc_l: float, pef_l_s: float, *, patient: int | None = None
    ) -> Record:
        """Put one blow into memory, by the sensor's own clock, and wake up."""
        moment = now_local.replace(tzinfo=None, microsecond=0)
        ahead = now_local.utcoffset()
        time = elapsed_at(moment, quarters=None if ahead is None else ahead // QUARTER)
        blown = ((Kind.PEF, LITRE_PER_S, pef_l_s), (Kind.FEV1, LITRE, fev1_l), (Kind.FVC, LITRE, fvc_l))
        bundle = Bundle(tuple(Observation(Numeric(unit, it), CODINGS[kind].mdc) for kind, unit, it in blown))
        frame = Stored(len(self.measured), Observation(bundle, time=time, patient=patient))
        shown = {Kind.PEF: round(pef_l_s * 60, 1), Kind.FEV1: fev1_l, Kind.FVC: fvc_l}
        record = Record(moment, tuple(Fact(kind, it, moment) for kind, it in shown.items()), bytes(frame))
        self.memory.put(record)
        self.is_awake = True
        return record

    def measure_any(self, now_local: datetime, dice: Random) -> Record:
        """Blow as somebody would on that day."""
        fvc = dice.randint(150, 450)
        return self.measure(now_local, round(fvc * 0.55) / 100, fvc / 100, dice.randint(200, 900) / 100)

    @property
    def wall_clock(self) -> datetime:
        """What its display shows for the time of day."""
        return EPOCH + timedelta(seconds=self.clock.time.count)

    async def written(self, char: str, data: bytes, hub: Hub) -> None:
        """Take the time of day, or answer at one of the two control points."""
        async with self._one_talk:
            if char == CLOCK:
                self.clock = Clock.from_bytes(data)
            elif char == CONTROL:
                await hub.indicate(CONTROL, bytes(Control(DONE if data == bytes((START,)) else ERROR)))
            elif char == RECORDS and await hub.indicate(RECORDS, await self._answer(data, hub)):
                await asyncio.sleep(LINGER_S)
                await hub.hang_up()

    async def _answer(self, data: bytes, hub: Hub) -> bytes:
        op, operator = (data + bytes(2))[:2]
        self.deletes_asked += op == racp.Op.DELETE
        if op != racp.Op.COMBINED_REPORT:
            return racp.answer(op, racp.Code.OP_UNSUPPORTED)
        if operator != racp.ALL:
            return racp.answer(op, racp.Code.OPERATOR_UNSUPPORTED)
        count = self.memory.waiting_count
        is_told = await self.memory.tell(_Segmenting(self, hub), STORED)
        self.is_awake = self.memory.waiting_count > 0
        if not is_told:
            return racp.answer(op, racp.Code.NOT_COMPLETED)
        return racp.combined_answer(count) if count else racp.answer(op, racp.Code.NO_RECORDS)


class _Segmenting:
    """The hub, to a sensor that cuts what it says into segments and counts them as it goes."""

    def __init__(self, twin: GenericHealthSensorTwin, hub: Hub) -> None:
        self._twin = twin
        self._hub = hub

    async def indicate(self, char: str, data: bytes) -> bool:
        """Send segment by segment; a record is confirmed when its last segment is."""
        for segment in segments(data, self._twin.segments_sent, size_max=SEGMENT_SIZE):
            self._twin.segments_sent += 1
            if not await self._hub.indicate(char, segment):
                return False
        return True

    async def notify(self, char: str, data: bytes) -> None:
        """Send segment by segment, to whoever listens."""
        for segment in segments(data, self._twin.segments_sent, size_max=SEGMENT_SIZE):
            self._twin.segments_sent += 1
            await self._hub.notify(char, segment)

    async def hang_up(self) -> None:
        """End the connection."""
        await self._hub.hang_up()
