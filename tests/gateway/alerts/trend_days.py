"""Somebody's days for the tests of the trend: one spot check each, as Readings."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cloud_bridge.contract.trend_settings import TrendSettings
from devices.identity import DeviceIdentity
from devices.kinds import Kind
from devices.readings import Reading, reading_id
from gateway.alerts.trend import hear, look
from gateway.alerts.trend_memory import Around, Finding, Step, TrendMemory

OSLO = ZoneInfo("Europe/Oslo")
FIRST = datetime(2027, 1, 4, 7, tzinfo=UTC)
QUIET = (0, 1, -1, 0, 1, 0, -1, 0)
"""Deviations of a quiet week or so, in SDs that Hurst found."""


def check(kind: Kind, value: float, at: datetime, device: str = "A", firmware: str | None = None, **more):
    """Return a reading of that moment."""
    return Reading(
        id=reading_id(device, kind, value, at),
        kind=kind,
        value=value,
        device=device,
        driver="pulse_oximeter",
        measured_at=at,
        received_at=at,
        identity=DeviceIdentity(firmware=firmware),
        **more,
    )


@dataclass
class Diary:
    """One person's trend, day after day; `day` is the next one."""

    settings: TrendSettings = field(default_factory=TrendSettings)
    memory: TrendMemory = field(default_factory=TrendMemory)
    day: int = 0
    spo2: float = 92.0
    pulse: float = 80.0
    findings: list[Finding] = field(default_factory=list)
    refusals: list[str | None] = field(default_factory=list)
    around: dict = field(default_factory=dict)

    def at(self, hour: float = 0.0) -> datetime:
        """Return a moment of the day in hand; 0 is eight in the morning in Oslo in winter."""
        return FIRST + timedelta(days=self.day, hours=hour)

    def take(self, step: Step) -> Step:
        """Keep what a step led to."""
        self.memory = step.memory
        self.findings += step.findings
        self.refusals.append(step.refusal)
        return step

    def hear(self, kind: Kind, value: float, hour: float = 0.0, device: str = "A", **more) -> Step:
        """Hear one reading of the day in hand."""
        at = self.at(hour)
        around = Around(now=at, zone=OSLO, **self.around)
        return self.take(hear(self.settings, self.memory, check(kind, value, at, device, **more), around))

    def measure(self, spo2_off: float = 0.0, pulse_off: float = 0.0, device: str = "A", hour: float = 0.0):
        """Measure once, so far from the usual."""
        self.hear(Kind.SPO2, self.spo2 + spo2_off, hour, device)
        self.hear(Kind.PULSE_RATE, self.pulse + pulse_off, hour, device)

    def look(self, hour: float = 1.0) -> Step:
        """Look again later that day."""
        return self.take(
            look(self.settings, self.memory, Around(now=self.at(hour), zone=OSLO, **self.around))
        )

    def live(self, *offs: tuple[float, float], device: str = "A") -> "Diary":
        """Live so many days, with one check each."""
        for spo2_off, pulse_off in offs:
            self.measure(spo2_off, pulse_off, device)
            self.day += 1
        return self

    def quiet(self, days: int, device: str = "A", spo2_off: float = 0.0) -> "Diary":
        """Live quiet days, a little up and down."""
        for _ in range(days):
            off = QUIET[self.day % len(QUIET)]
            self.live((off + spo2_off, 5.0 * QUIET[(self.day + 3) % len(QUIET)]), device=device)
        return self

    def said(self, rule: str = "trend") -> list[str]:
        """Return what was said by a rule: opened, closed, noted."""
        return [each.change for each in self.findings if each.rule == rule]

    def usual(self, kind: Kind = Kind.SPO2):
        """Return what is remembered of a signal by day."""
        return self.memory.day.usuals[kind]
