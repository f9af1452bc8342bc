"""A peak-flow meter that nobody sells: the smallest whole driver from outside, with its twin."""

from dataclasses import dataclass
from datetime import datetime

from devices.decoder import WholeFrames, listen
from devices.driver import Driver, FrameError, Told
from devices.kinds import Kind
from devices.readings import Quality, reading_of
from simulators.peripherals.memory import Fact, Record
from simulators.peripherals.peripheral import Peripheral
from simulators.peripherals.twin import Characteristic, Property, Service

SERVICE = "9eaf0001-0000-4000-8000-00805f9b34fb"
BLOW = "9eaf0002-0000-4000-8000-00805f9b34fb"
CLOCK = "9eaf0003-0000-4000-8000-00805f9b34fb"
SIZE = 11
NO_BLOW = 0xFFFF
TOLD = Told(user_slot=1)


@dataclass(frozen=True, slots=True)
class Frame:
    """One blow: `A5`, litres per minute, year, month, day, hour, minute, second, user, sum."""

    pef_l_min: int | None
    device_time: datetime
    user: int = 1

    @classmethod
    def from_bytes(cls, data):
        if len(data) != SIZE or data[0] != 0xA5 or sum(data[:-1]) & 0xFF != data[-1]:
            raise FrameError("no blow", data)
        pef = int.from_bytes(data[1:3], "little")
        try:
            moment = datetime(2000 + data[3], *data[4:9])  # noqa: DTZ001 - a device's wall clock has no zone
        except ValueError as error:
            raise FrameError(f"no blow: {error}", data) from error
        return cls(None if pef == NO_BLOW else pef, moment, data[9])

    def __bytes__(self):
        at = self.device_time
        pef = NO_BLOW if self.pef_l_min is None else self.pef_l_min
        head = bytes((0xA5, *pef.to_bytes(2, "little"), at.year % 100, at.month, at.day))
        head += bytes((at.hour, at.minute, at.second, self.user))
        return head + bytes((sum(head) & 0xFF,))


def readings(frame, heard):
    if not frame.pef_l_min:
        return ()
    blow = reading_of(
        Kind.PEF,
        float(frame.pef_l_min),
        heard,
        device_time=frame.device_time,
        user_slot=frame.user,
        quality=(Quality.FROM_STORAGE,),
    )
    return (blow,)


async def session(link, visitor):
    if visitor.wall_clock is not None:
        await link.write(CLOCK, visitor.wall_clock.isoformat().encode())
    await link.subscribe(BLOW)
    async for said in listen(link, decoder(), silence_s=20):
        yield said


def decoder():
    return WholeFrames({BLOW: Frame.from_bytes})


DRIVER = Driver(
    id="peak_meter",
    title="Peak-flow meter that nobody sells",
    tier="reported",
    kinds=(Kind.PEF,),
    matches=lambda seen: SERVICE in seen.services,
    readings=readings,
    decoder=decoder,
    speaks=(BLOW,),
    session=session,
    quirks=("It is made up.",),
)


class Twin(Peripheral):
    """Keeps its blows until they are confirmed."""

    first_address = "F0:00:00:00:EE:01"
    model = "Peak meter"

    @property
    def advertised_services(self):
        return (SERVICE,)

    @property
    def told(self):
        return TOLD

    @property
    def services(self):
        blow = Characteristic(BLOW, Property.INDICATE)
        return (Service(SERVICE, (blow, Characteristic(CLOCK, Property.WRITE))),)

    def measure_any(self, now_local, dice):
        moment = now_local.replace(tzinfo=None, microsecond=0)
        pef = dice.randint(90, 500)
        record = Record(moment, (Fact(Kind.PEF, float(pef), moment),), bytes(Frame(pef, moment)))
        self.memory.put(record)
        self.is_awake = True
        return record

    async def subscribed(self, char, hub):
        if char == BLOW:
            await self.memory.tell(hub, BLOW)
            self.is_awake = self.memory.waiting_count > 0
            await hub.hang_up()

    async def written(self, _char, data, _hub):
        if data == b"delete":
            self.deletes_asked += 1


TWIN = Twin
"""What `pusterom devices check` looks for beside DRIVER."""
