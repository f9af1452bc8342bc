"""The twin of a Xiaomi S400: it calls its weighings encrypted, each under a count of its own."""

from collections.abc import Mapping
from datetime import UTC, datetime
from random import Random

from devices.codecs.mibeacon import sealed
from devices.driver import Told
from devices.drivers.xiaomi_s400 import SERVICE, Composition
from devices.kinds import Kind
from simulators.peripherals.memory import Fact, Record
from simulators.peripherals.peripheral import Peripheral

PRODUCT = 0x3BD5
PROFILE = 1


class XiaomiS400Twin(Peripheral):
    """Tells a weight, a pulse and two impedances to whoever has its key; takes no connection."""

    first_address = "F0:00:00:00:26:01"
    model = "Xiaomi Scale S400 2601"
    bind_key = bytes(range(0x40, 0x50))

    def prepare(self) -> None:
        """Make ready for the first call."""
        self._count = 0
        self._call = b""

    @property
    def service_data(self) -> Mapping[str, bytes]:
        """The last call."""
        return {SERVICE: self._call} if self._call else {}

    @property
    def told(self) -> Told:
        """Its key, and the patient's profile on it."""
        return Told(user_slot=PROFILE, bind_key=self.bind_key)

    def measure(
        self, now_local: datetime, kg: float, *, ohm: float | None = None, pulse: int | None = None
    ) -> Record:
        """Call a weighing; the clock inside counts seconds of 1970, so the zone must be known."""
        assert now_local.tzinfo is not None, "this clock knows UTC only: say in which zone it is now"
        frame = Composition(PROFILE, int(now_local.timestamp()), kg, ohm, pulse)
        moment = now_local.replace(tzinfo=None, microsecond=0)
        facts = [Fact(Kind.BODY_WEIGHT, kg, moment)]
        if ohm is not None:
            facts.append(Fact(Kind.IMPEDANCE, ohm, moment))
        record = Record(moment, tuple(facts), self.call(frame))
        self.memory.call_out(record)
        self.is_awake = True
        return record

    def measure_any(self, now_local: datetime, dice: Random) -> Record:
        """Weigh as somebody would on that day, on bare feet."""
        kg, ohm = dice.randrange(400, 1200) / 10, dice.randrange(3500, 6500) / 10
        return self.measure(now_local, kg, ohm=ohm, pulse=dice.randrange(55, 110))

    def call_other_frequency(self, now_local: datetime, ohm: float) -> None:
        """Call what ends a weighing: the impedance of the other frequency, and nothing else."""
        self.call(Composition(PROFILE, int(now_local.astimezone(UTC).timestamp()), ohm=ohm))

    def replay(self, call: bytes) -> None:
        """Call what was called before, as somebody with a recorder would."""
        self._call = call

    def call(self, frame: Composition) -> bytes:
        """Encrypt a frame under the next count, and call it from now on."""
        self._count += 1
        key, address = self.bind_key, self.address
        self._call = sealed(bytes(frame), key=key, address=address, product=PRODUCT, count=self._count)
        return self._call
