"""The twin of a Xiaomi Mi scale: it calls its last weighing into the room, and takes no connection."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from random import Random

from devices.drivers.xiaomi_scale import BODY_DATA, WEIGHT_DATA, BodyWeighing, Frame, Weighing
from devices.kinds import Kind
from simulators.peripherals.memory import Fact, Record
from simulators.peripherals.peripheral import Peripheral

STEPS_PER_KG = 200


class XiaomiScaleTwin(Peripheral):
    """The second generation: a weight, and what the body resists."""

    first_address = "F0:00:00:00:25:01"
    model = "MIBFS"
    data_service = BODY_DATA

    def prepare(self) -> None:
        """Make ready for the first call."""
        self._shown: Frame | None = None

    @property
    def advertised_services(self) -> tuple[str, ...]:
        """The UUIDs in its advertisement: the same that its service data stands under."""
        return (self.data_service,)

    @property
    def service_data(self) -> Mapping[str, bytes]:
        """The last weighing, as it is now."""
        return {} if self._shown is None else {self.data_service: bytes(self._shown)}

    def measure(self, now_local: datetime, kg: float, *, ohm: int | None = None) -> Record:
        """Settle on a weight, by the scale's own clock, and call it until something else happens."""
        moment = now_local.replace(tzinfo=None, microsecond=0)
        return self._call(self.frame(_steps(kg), moment, ohm), kg, ohm)

    def measure_any(self, now_local: datetime, dice: Random) -> Record:
        """Weigh as somebody would on that day, on bare feet."""
        kg = dice.randrange(8_000, 24_000) / STEPS_PER_KG
        return self.measure(now_local, kg, ohm=dice.randrange(350, 650))

    def frame(self, steps: int, moment: datetime, ohm: int | None) -> Frame:
        """Return the frame of one settled weighing."""
        return BodyWeighing(steps, has_impedance=ohm is not None, device_time=moment, impedance=ohm or 0)

    def waver(self, kg: float) -> None:
        """Show a weight that still moves."""
        assert self._shown is not None, "something was measured before"
        self._shown = replace(self._shown, steps=_steps(kg), is_stable=False)

    def step_off(self) -> None:
        """Let the person go: the weight stays on the display for a while, and in the air."""
        assert self._shown is not None, "somebody stood on it"
        self._shown = replace(self._shown, is_removed=True)

    def _call(self, frame: Frame, kg: float, ohm: int | None) -> Record:
        self._shown = frame
        moment = frame.device_time
        facts = [Fact(Kind.BODY_WEIGHT, kg, moment)]
        if ohm is not None:
            facts.append(Fact(Kind.IMPEDANCE, float(ohm), moment))
        record = Record(moment, tuple(facts), bytes(frame))
        self.memory.call_out(record)
        self.is_awake = True
        return record


class FirstXiaomiScaleTwin(XiaomiScaleTwin):
    """The first generation: nothing but a weight."""

    model = "MI_SCALE"
    data_service = WEIGHT_DATA

    def frame(self, steps: int, moment: datetime, ohm: int | None) -> Frame:
        """Return the frame of one settled weighing; it has no plates to measure more."""
        assert ohm is None, "this scale can't measure it"
        return Weighing(steps, device_time=moment)

    def measure_any(self, now_local: datetime, dice: Random) -> Record:
        """Weigh as somebody would on that day."""
        return self.measure(now_local, dice.randrange(8_000, 24_000) / STEPS_PER_KG)


def _steps(kg: float) -> int:
    steps = round(kg * STEPS_PER_KG)
    if steps / STEPS_PER_KG != kg:
        raise ValueError(f"{kg} kg: this scale weighs in steps of 5 g")
    return steps
