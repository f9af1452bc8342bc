"""Rule D1: what the plan asks for has not come. Pure, of constant size, O(1) for each event.

Nothing opens or closes on a time that nobody vouches for: what comes meanwhile is counted once the
time is known.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

from cloud_bridge.contract.due import Overdue, done_by, overdue, pause_at, silence_id
from cloud_bridge.contract.schedule import Ask, Schedule
from devices.kinds import Kind
from devices.readings import (
    CLOCK_AHEAD_S_MAX,
    FIRST_CREDIBLE_YEAR,
    LAST_CREDIBLE_YEAR,
    NOT_JUDGED,
    Quality,
    Reading,
)
from gateway.alerts.silence_memory import (
    FORM_MISSING,
    MEASUREMENT_MISSING,
    MODERATE,
    NOT_REPORTED,
    Arrived,
    AskMemory,
    Finding,
    Level,
    Open,
    Over,
    Refusal,
    SilenceMemory,
    Step,
    When,
    Why,
)

SETTLE_S = 3600.0
"""So long after its start a hub opens nothing: what devices have kept must have a chance to come."""

_AHEAD = timedelta(seconds=CLOCK_AHEAD_S_MAX)


def put_in_force(schedule: Schedule, memory: SilenceMemory, when: When) -> Step:
    """Take a schedule: what it asks for as before goes on, the rest begins now, and what it drops is over."""
    at = when.now if memory.is_vouched(when) else None
    asks: dict[str, AskMemory] = {}
    findings: list[Finding] = []
    for id_, before in memory.asks.items():
        ask = schedule.ask(id_)
        if before.open is not None and (ask is None or ask.what != before.what):
            findings.append(_closed(id_, before, "not_asked", when.now))
    for ask in schedule.asks:
        asks[ask.id] = _taken_over(ask, memory.asks.get(ask.id), at)
    return Step(replace(memory, asks=asks), tuple(findings))


def begin(memory: SilenceMemory, when: When) -> SilenceMemory:
    """Note that the hub has started, or its clock was put right: it listens a while before it speaks."""
    return replace(memory, awake_at=when.now if memory.is_vouched(when) else None)


def look(schedule: Schedule, memory: SilenceMemory, when: When) -> Step:
    """Look whether time alone has opened, raised or ended anything."""
    memory = _with_time(schedule, memory, when)
    if not memory.is_vouched(when):
        return Step(memory)
    return _judged(schedule, memory, when)


def hear(schedule: Schedule, memory: SilenceMemory, reading: Reading, when: When) -> Step:
    """Take one reading: it may be what is asked for, say why nothing comes, or be of no concern here."""
    memory = _with_time(schedule, memory, when)
    if reading.kind is Kind.BATTERY_LEVEL:
        return Step(_with_battery(schedule, memory, reading))
    refusals: list[tuple[str, Refusal]] = []
    for ask in schedule.asks:
        done = done_by(reading, ask)
        if done == "not this":
            continue
        before = _of(memory, ask)
        is_low = Quality.LOW_BATTERY in reading.quality or (
            before.is_battery_low and before.device == reading.device
        )
        known = replace(before, device=reading.device, is_battery_low=is_low)
        if done == "tried":
            refusals.append((ask.id, "poor quality"))
            known = replace(known, unusable="no_number")
        else:
            is_live = Quality.FROM_STORAGE not in reading.quality
            known, refusal = _came(schedule, memory, known, (_moment(reading), is_live), when)
            refusals += [(ask.id, refusal)] if refusal else []
        memory = memory.with_ask(ask.id, known)
    return _after(schedule, memory, when, reading, refusals)


def answer(schedule: Schedule, memory: SilenceMemory, form: str, at: datetime, when: When) -> Step:
    """Take one form's answers, given at this moment by the hub's clock."""
    return _take(schedule, memory, f"form {form}", at, when)


def sum_up(schedule: Schedule, memory: SilenceMemory, ended_at: datetime, when: When) -> Step:
    """Take a night of oximetry that has been summed up and is good enough to count."""
    return _take(schedule, memory, "night", ended_at, when)


def open_silences(memory: SilenceMemory) -> tuple[tuple[str, Open], ...]:
    """Return what is open now, by ask."""
    return tuple((id_, each.open) for id_, each in memory.asks.items() if each.open is not None)


def _take(schedule: Schedule, memory: SilenceMemory, of: str, at: datetime, when: When) -> Step:
    memory = _with_time(schedule, memory, when)
    refusals: list[tuple[str, Refusal]] = []
    for ask in schedule.asks:
        if ask.of == of:
            known, refusal = _came(schedule, memory, _of(memory, ask), (at, True), when)
            refusals += [(ask.id, refusal)] if refusal else []
            memory = memory.with_ask(ask.id, known)
    return _after(schedule, memory, when, None, refusals)


def _after(
    schedule: Schedule,
    memory: SilenceMemory,
    when: When,
    reading: Reading | None,
    refusals: list[tuple[str, Refusal]],
) -> Step:
    if not memory.is_vouched(when):
        return Step(memory, (), tuple(refusals))
    step = _judged(schedule, memory, when, reading)
    return Step(step.memory, step.findings, tuple(refusals))


def _came(
    schedule: Schedule,
    memory: SilenceMemory,
    known: AskMemory,
    told: tuple[datetime | None, bool],
    when: When,
) -> tuple[AskMemory, Refusal | None]:
    """Count what came; what came live while nobody knew the time waits, what nobody can date is refused."""
    at, is_live = told
    clock = when.clock
    if not memory.is_vouched(when):
        arrived = Arrived(clock.boot, clock.uptime_s) if is_live and clock is not None else known.undated
        return replace(known, undated=arrived, unusable="undated"), "clock unknown"
    if at is None:
        return replace(known, unusable="undated"), "undated"
    progress = known.progress.came(min(at, when.now), schedule.zone)
    return replace(known, progress=progress, unusable=""), None


def _moment(reading: Reading) -> datetime | None:
    """Return when it was measured; None where it lay in a memory and nobody knows how long."""
    is_credible = FIRST_CREDIBLE_YEAR <= reading.measured_at.year <= LAST_CREDIBLE_YEAR
    is_stored = Quality.FROM_STORAGE in reading.quality
    is_doubted = is_stored and reading.is_in_hub_time and Quality.TIME_UNCERTAIN in reading.quality
    return reading.measured_at if is_credible and not is_doubted else None


def _with_time(schedule: Schedule, memory: SilenceMemory, when: When) -> SilenceMemory:
    """Learn what this moment says of time itself, and date what came before anybody knew it."""
    if when.clock is not None and when.clock.trust == "synced":
        memory = replace(memory, synced_boot=when.clock.boot)
    if not memory.is_vouched(when):
        return memory
    if memory.awake_at is None or memory.awake_at > when.now:
        memory = replace(memory, awake_at=when.now)
    asks = {ask.id: _dated(_of(memory, ask), when, schedule) for ask in schedule.asks}
    return replace(memory, asks=asks)


def _dated(known: AskMemory, when: When, schedule: Schedule) -> AskMemory:
    latest = when.now + _AHEAD
    in_force_at = known.in_force_at
    if in_force_at is None or in_force_at > latest:
        known = replace(known, in_force_at=when.now)
    if known.progress.done_at is not None and known.progress.done_at > latest:
        known = replace(known, progress=known.progress.not_after(when.now, schedule.zone))
    if known.undated is None:
        return known
    arrived, clock = known.undated, when.clock
    if clock is None or clock.boot != arrived.boot or clock.uptime_s < arrived.uptime_s:
        return replace(known, undated=None)
    at = when.now - timedelta(seconds=clock.uptime_s - arrived.uptime_s)
    return replace(known, undated=None, unusable="", progress=known.progress.came(at, schedule.zone))


def _with_battery(schedule: Schedule, memory: SilenceMemory, reading: Reading) -> SilenceMemory:
    if not NOT_JUDGED.isdisjoint(reading.quality):
        return memory
    is_low = reading.value < schedule.battery_low_percent
    for id_, known in memory.asks.items():
        if known.device == reading.device:
            memory = memory.with_ask(id_, replace(known, is_battery_low=is_low))
    return memory


def _of(memory: SilenceMemory, ask: Ask) -> AskMemory:
    return memory.asks.get(ask.id) or AskMemory(ask.what)


def _taken_over(ask: Ask, before: AskMemory | None, at: datetime | None) -> AskMemory:
    if before is None or before.what[:1] != ask.what[:1]:
        return AskMemory(ask.what, at)
    if before.what == ask.what:
        return before
    return replace(before, what=ask.what, in_force_at=at, open=None)


def _judged(schedule: Schedule, memory: SilenceMemory, when: When, reading: Reading | None = None) -> Step:
    """Compare what has come with what should have, at a time that somebody vouches for."""
    findings: list[Finding] = []
    is_settled = memory.awake_at is not None and (when.now - memory.awake_at).total_seconds() >= SETTLE_S
    for ask in schedule.asks:
        known = _of(memory, ask)
        late = overdue(schedule, ask, known.progress, known.in_force_at or when.now, when.now)
        if late is None and known.open is not None:
            ended_by = reading.id if reading is not None and reading.kind is ask.kind else None
            findings.append(_closed(ask.id, known, _over(schedule, ask, known, when.now), when.now, ended_by))
            known = replace(known, open=None)
        elif late is not None and known.open is not None and known.open.due_at != late.slot.due_at:
            # An older gap has been filled since: what is waited for now is younger, and the silence the same.
            known = replace(known, open=replace(known.open, due_at=late.slot.due_at))
        if late is not None and (change := _turn(known.open, late.level, is_settled=is_settled)):
            opened = known.open or _opened(ask, known, late, when.now)
            known = replace(known, open=replace(opened, level=late.level))
            findings.append(_finding(ask.id, known, change, when.now))
        memory = memory.with_ask(ask.id, known)
    return Step(memory, tuple(findings))


def _turn(before: Open | None, level: Level, *, is_settled: bool) -> Literal["opened", "raised"] | None:
    """What is open grows more serious and never less; what is not opens once the hub has listened."""
    if before is None:
        return "opened" if is_settled else None
    return "raised" if (before.level, level) == ("noted", "yellow") else None


def _opened(ask: Ask, known: AskMemory, late: Overdue, now: datetime) -> Open:
    id_ = silence_id(ask, now)
    return Open(id_, late.level, _why(known), late.slot.due_at, known.progress)


def _why(known: AskMemory) -> Why:
    if known.is_battery_low:
        return "battery_low"
    if known.unusable:
        return known.unusable
    return "never_heard" if known.progress.done_at is None else "not_done"


def _over(schedule: Schedule, ask: Ask, known: AskMemory, now: datetime) -> Over:
    assert known.open is not None, "only what is open can be over"
    if known.progress != known.open.was:
        return "came"
    return "time_corrected" if pause_at(schedule, ask, now) is None else "paused"


def _closed(ask_id: str, known: AskMemory, why: Over, now: datetime, reading: str | None = None) -> Finding:
    assert known.open is not None, "only what is open closes"
    return replace(_finding(ask_id, known, "closed", now), why=why, reading=reading)


def _finding(
    ask_id: str, known: AskMemory, change: Literal["opened", "raised", "closed"], now: datetime
) -> Finding:
    open_ = known.open
    assert open_ is not None, "a finding is about what is open"
    return Finding(
        id=open_.id,
        ask=ask_id,
        change=change,
        level=open_.level,
        why=open_.why,
        at=now,
        due_at=open_.due_at,
        last_at=known.progress.done_at,
        asked_since_at=known.in_force_at,
        device=known.device,
        reading=None,
        code=FORM_MISSING if known.what[0].startswith("form ") else MEASUREMENT_MISSING,
        severity=MODERATE if open_.level == "yellow" else NOT_REPORTED,
    )
