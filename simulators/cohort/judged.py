"""The one seam between the cohort and the rules: what is judged here, the cohort counts.

THE RULES ARE NOT COMPLETE YET. The trend (K1, baselines, device changes) is the hub's own code.
Thresholds and symptoms are stand-ins that live in this file alone, until the hub's whole judge is
put in the place of `Rules`: it must take the same three events and say what was opened.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from cloud_bridge.contract.trend_settings import PulseDoubt, TrendSettings
from devices.kinds import Kind
from devices.readings import Reading
from gateway.alerts.trend import hear, look
from gateway.alerts.trend_memory import Around, Finding, TrendMemory

RULES = "trend and symptom rules only; thresholds are the cohort's stand-in (SpO2 T1 and T2, pulse T4)"
"""Said loudly in every output, until the whole judge is behind this seam."""

Family = Literal["trend", "drift", "symptom", "threshold", "technical"]

LATCH = timedelta(hours=24)
CONFIRM_AFTER, CONFIRM_SPO2, CONFIRM_PULSE = timedelta(minutes=5), timedelta(hours=1), timedelta(hours=36)
SPO2_LOWER, SPO2_RED, SPO2_RED_ON_OXYGEN = 88.0, 85.0, 83.0
PULSE_YELLOW, PULSE_RED, PULSE_RED_LOW = 111.0, 131.0, 40.0
"""The default rules T1, T2 and T4 of the clinical notes; each to be approved by a clinician."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the plan of one person says: their habitual values, as somebody typed them in."""

    spo2: float
    pulse: float
    is_on_oxygen: bool
    doubts: tuple[PulseDoubt, ...]


@dataclass(frozen=True, slots=True)
class Opened:
    """An alert opened."""

    family: Family
    level: Literal["yellow", "red", "technical"]


class Rules:
    """One person's rules and what they remember. The seam: `hear`, `answer`, `treat`."""

    def __init__(self, told: Told, settings: TrendSettings) -> None:
        self.settings = settings.model_copy(update={"pulse_doubts": told.doubts})
        self.memory = TrendMemory()
        self._limits = _Limits(told)
        self._worse_on: list[int] = []
        self._worsened_at: datetime | None = None
        self._treated_at: datetime | None = None
        self._is_symptom_open = False

    @property
    def is_compared(self) -> bool:
        """Whether there is a baseline for what the trend looks at."""
        usual = self.memory.day.usuals.get(Kind.SPO2)
        return usual is not None and usual.baseline.is_ready(self.settings)

    def hear(self, reading: Reading, now: datetime) -> list[Opened]:
        """Judge one reading."""
        opened = self._limits.hear(reading)
        step = hear(self.settings, self.memory, reading, self._around(now))
        self.memory = step.memory
        return [*opened, *map(_opened, filter(_is_news, step.findings))]

    def answer(self, is_worse: bool, now: datetime) -> list[Opened]:
        """Judge the day's answer: worse than usual, or not (two of three Anthonisen items)."""
        today, opened = now.toordinal(), list[Opened]()
        self._worse_on = [on for on in self._worse_on if today - on < 3]
        if is_worse:
            self._worse_on.append(today)
            self._worsened_at = now
        if len(self._worse_on) >= 2 and not self._is_symptom_open:
            self._is_symptom_open = True
            opened.append(Opened("symptom", "yellow"))
        elif not self._worse_on:
            self._is_symptom_open = False
        step = look(self.settings, self.memory, self._around(now))
        self.memory = step.memory
        return [*opened, *map(_opened, filter(_is_news, step.findings))]

    def treat(self, now: datetime) -> None:
        """Take in that antibiotics, steroids or an admission began."""
        self._treated_at = now

    def _around(self, now: datetime) -> Around:
        is_open = self._is_symptom_open or self._limits.is_open
        return Around(
            now=now,
            zone=UTC,
            worsened_at=self._worsened_at,
            treated_at=self._treated_at,
            is_alert_open=is_open,
        )


def _is_news(finding: Finding) -> bool:
    return finding.change != "closed"


def _opened(finding: Finding) -> Opened:
    if finding.rule == "trend":
        return Opened("trend", "yellow")
    if finding.rule in ("drift", "new_level"):
        return Opened("drift", "yellow")
    return Opened("technical", "technical")


class _Limits:
    """Stand-ins for T1, T2 and T4: one latch each, a red one only after a confirming reading."""

    def __init__(self, told: Told) -> None:
        self._told = told
        self._since: dict[str, datetime] = {}
        self._asked_at: dict[str, datetime] = {}

    @property
    def is_open(self) -> bool:
        """Whether one of them is open."""
        return bool(self._since)

    def hear(self, reading: Reading) -> list[Opened]:
        """Judge a raw value, uncorrected."""
        if reading.quality:
            return []
        return self._spo2(reading) if reading.kind is Kind.SPO2 else self._pulse(reading)

    def _spo2(self, reading: Reading) -> list[Opened]:
        value, usual = reading.value, self._told.spo2
        lowest = SPO2_RED_ON_OXYGEN if self._told.is_on_oxygen else SPO2_RED
        is_low = value <= usual - 3 or value < min(SPO2_LOWER, usual - 3)
        is_red = value <= usual - 4 or value < min(lowest, usual - 4)
        opened = self._latched("T2", is_low, reading.measured_at, Opened("threshold", "yellow"))
        is_confirmed = self._is_confirmed("T1", is_red, reading.measured_at, CONFIRM_SPO2)
        return opened + self._latched("T1", is_confirmed, reading.measured_at, Opened("threshold", "red"))

    def _pulse(self, reading: Reading) -> list[Opened]:
        value, at = reading.value, reading.measured_at
        is_red = self._is_confirmed("T4 red", value >= PULSE_RED or value <= PULSE_RED_LOW, at, CONFIRM_PULSE)
        is_high = self._is_confirmed("T4", value >= PULSE_YELLOW, at, CONFIRM_PULSE)
        opened = self._latched("T4", is_high, at, Opened("threshold", "yellow"))
        return opened + self._latched("T4 red", is_red, at, Opened("threshold", "red"))

    def _is_confirmed(self, rule: str, is_beyond: bool, at: datetime, within: timedelta) -> bool:
        asked_at = self._asked_at.pop(rule, None)
        if not is_beyond:
            return False
        if asked_at is not None and CONFIRM_AFTER <= at - asked_at <= within:
            return True
        self._asked_at[rule] = at
        return False

    def _latched(self, rule: str, is_beyond: bool, at: datetime, what: Opened) -> list[Opened]:
        since = self._since.get(rule)
        if since is None and is_beyond:
            self._since[rule] = at
            return [what]
        if since is not None and not is_beyond and at - since >= LATCH:
            del self._since[rule]
        return []
