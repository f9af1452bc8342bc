"""A home whose silence is watched, event by event, as a test tells it."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from cloud_bridge.contract.entries import Clock
from cloud_bridge.contract.schedule import Ask, Pause, Schedule, Window
from devices.kinds import Kind
from devices.readings import Reading
from gateway.alerts.silence import answer, begin, hear, look, put_in_force
from gateway.alerts.silence_memory import Finding, SilenceMemory, Step, When
from tests.given import reading

OSLO = ZoneInfo("Europe/Oslo")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MORNING = Window(begins=time(6), ends=time(12))
SPO2 = Ask(id="spo2", kind=Kind.SPO2, windows=(MORNING,))
WEIGHT = Ask(id="weight", kind=Kind.BODY_WEIGHT, times_a_week=2)
FORM = Ask(id="daily", form="daily")


def at(day: int, hour: int = 0, minute: int = 0, month: int = 1) -> datetime:
    """Return a moment of 2027 by the home's clock; the 4th of January is a Monday."""
    return datetime(2027, month, day, hour, minute, tzinfo=OSLO).astimezone(UTC)


def measured(at: datetime, value: float = 91.0, *, kind: Kind = Kind.SPO2, **words) -> Reading:
    """Return a reading that was measured then and heard at once, or as the words say."""
    one = replace(reading(value, kind=kind), measured_at=at, received_at=at, id=f"{kind}-{at:%d%H%M}")
    return replace(one, **words)


def pause(first: int, last: int | None, reason="holiday", month: int = 1) -> Pause:
    """Return a pause of these days of a month."""
    last_on = None if last is None else date(2027, month, last)
    return Pause(first_on=date(2027, month, first), last_on=last_on, reason=reason)


class SilentHome:
    """A hub that has run since the morning of the 4th, and everything that it has found since."""

    def __init__(self, *asks: Ask, since: datetime | None = None, pauses: tuple[Pause, ...] = ()) -> None:
        self.schedule = Schedule(asks=asks, pauses=pauses)
        self.memory = SilenceMemory()
        self.found: list[Finding] = []
        self.clock: Clock | None = None
        since = since or at(4)
        self.take(put_in_force(self.schedule, self.memory, When(since)))
        self.memory = begin(self.memory, When(since))

    def take(self, step: Step) -> Step:
        """Keep what a step led to, as the hub would: through its log."""
        self.memory = SilenceMemory.from_bytes(bytes(step.memory))
        self.found += step.findings
        return step

    def when(self, now: datetime) -> When:
        """Return this moment, by the clock that the hub has."""
        return When(now, self.clock)

    def look(self, now: datetime) -> list[str]:
        """Let time pass until then; return what that changed."""
        return [
            finding.change for finding in self.take(look(self.schedule, self.memory, self.when(now))).findings
        ]

    def look_hourly(self, since: datetime, until: datetime) -> None:
        """Look once an hour."""
        while since < until:
            self.look(since)
            since += HOUR

    def hear(self, one: Reading, now: datetime | None = None) -> Step:
        """Take a reading, in the moment in which it was heard."""
        return self.take(hear(self.schedule, self.memory, one, self.when(now or one.received_at)))

    def answer(self, form: str, at: datetime) -> Step:
        """Take a form's answers."""
        return self.take(answer(self.schedule, self.memory, form, at, self.when(at)))

    def new_plan(self, *asks: Ask, now: datetime, pauses: tuple[Pause, ...] = ()) -> Step:
        """Put another schedule in force."""
        self.schedule = Schedule(asks=asks, pauses=pauses)
        return self.take(put_in_force(self.schedule, self.memory, self.when(now)))

    def start(self, now: datetime) -> None:
        """Start the hub's program anew."""
        self.memory = begin(SilenceMemory.from_bytes(bytes(self.memory)), self.when(now))

    @property
    def told(self) -> list[tuple[str, str]]:
        """What was found, as change and why."""
        return [(finding.change, finding.why) for finding in self.found]
