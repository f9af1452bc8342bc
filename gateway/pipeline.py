"""The straight line: frame → reading → judge → COMMIT, one transaction per visit or group."""

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, tzinfo
from functools import partial
from typing import Any

import orjson

from cloud_bridge.contract.answers import Answer
from cloud_bridge.contract.bodies import DeviceFault, plan_body, plan_from
from cloud_bridge.contract.entries import Clock, EntryKind
from cloud_bridge.contract.plan import Plan
from cloud_bridge.contract.plan_change import PlanRefusal, refusal_of_plan
from devices.blocks import BlockBuilder
from devices.clocks import DeviceClock, HeardClock
from devices.driver import NOTHING_TOLD, Driver, FrameError, LinkError, Told
from devices.identity import NOT_TOLD, DeviceIdentity
from devices.readings import Heard, Reading
from gateway.alerts.family import Began, NightOver, Tick
from gateway.alerts.judge import judge, take_plan
from gateway.alerts.state import JudgeState
from gateway.baselines import baseline_facts
from gateway.derive import derived
from gateway.facts import alert_fact, answer_fact, fault_fact, night_fact, reading_fact
from gateway.fault_limit import FaultLimit
from gateway.night_sums import nights_over
from gateway.ports import Now, Trusted, untold, wall_clock
from gateway.refusals import Refusals, once
from gateway.store.file import NotTakenError
from gateway.store.log import Fact, Store
from gateway.store.log_reader import Met

GROUP_COUNT_MAX = 50
"""So many readings share a transaction at most, however fast a device talks, and what follows from them."""

FAULT_BYTES_MAX = 512


class UnkeptError(LinkError):
    """What was said waits in memory, for the disk does not take it: the device must keep the rest."""


class Pipeline:
    """Takes what devices said, leaves durable facts behind."""

    def __init__(
        self,
        store: Store,
        plan: Plan,
        *,
        now: Now,
        timezone: tzinfo,
        on_commit: Callable[[], None],
        clock: Trusted = untold,
    ) -> None:
        self.plan = plan
        self.state = JudgeState.from_bytes(store.judge_state())
        self._store = store
        self.now = now
        self._clock = clock
        self.timezone = timezone
        self._on_commit = on_commit
        self._fault_limit = FaultLimit()
        self._refusals = Refusals(store.told_before)
        self._unkept: deque[Callable[[], None]] = deque()
        self.plan_refusal: PlanRefusal | None = None
        """Why the plan that was handed in is not in force; None where it is."""
        self._begin_plan(plan)

    def visit(self, driver: Driver[Any], address: str, told: Told = NOTHING_TOLD) -> "Visit":
        """Begin to take what one device says in one visit."""
        return Visit(self, driver, address, told)

    def wall_clock(self) -> datetime | None:
        """Return the home's own time as a device keeps it, or None while the hub doesn't know it."""
        return wall_clock(self.now(), self.timezone)

    def keep(self, readings: list[Reading], faults: list[DeviceFault], met: Met) -> None:
        """Judge what is new, then commit readings, alerts, faults and the judge's state as one.

        What follows from a reading stands right behind it, and is judged like any other. Raises
        UnkeptError where the disk does not take it now: it waits here, in order, for `keep_waiting`.
        """
        self._keep_now(partial(self._keep, readings, faults, met))

    def answer(self, answers: list[Answer]) -> None:
        """Judge answers that are new, then commit them, what they opened and the judge's state as one.

        Raises UnkeptError where the disk does not take them now: they wait, in order.
        """
        self._keep_now(partial(self._answer, answers))

    def tick(self) -> None:
        """Let time pass: what was due closes or opens. Commits nothing where nothing changes."""
        if self._unkept:
            return  # what waits was said before, and is judged before
        with suppress(NotTakenError):
            self._event(Tick(self.now()), self._clock())
            for night in nights_over(self.plan, self.state, self._store, self.now()):
                self._event(NightOver(night, self.now()), self._clock(), night_fact(night))

    def begin(self) -> None:
        """Keep that the hub has started."""
        at, clock = self.now(), self._clock()
        body = orjson.dumps({"at": at.isoformat()})
        self._keep_soon(partial(self._event, Began(at), clock, Fact(EntryKind.HUB_STARTED, body)))

    def clock_found(self, at: datetime, clock: Clock) -> None:
        """Take note that the time has become known, which stands in the log already."""
        self._keep_soon(partial(self._event, Began(at), clock))
        self._on_commit()

    def keep_waiting(self) -> None:
        """Keep what the disk has not taken before; raise NotTakenError where it still does not."""
        while self._unkept:
            self._unkept[0]()
            self._unkept.popleft()

    def _keep(self, readings: list[Reading], faults: list[DeviceFault], met: Met) -> None:
        state, clock, facts = self.state, self._clock(), list[Fact]()
        for source in self._fresh(readings):
            for reading in (source, *derived(self.plan.person, source)):
                state, led_to = self._judged(state, reading, clock)
                facts += [reading_fact(reading), *led_to]
        facts += self._fresh_faults(list(self._fault_limit.within_the_day(faults, self.now().date())))
        self._commit(state, once(facts), clock=clock, met=met)

    def _answer(self, answers: list[Answer]) -> None:
        told = self._store.told_before(answer.id for answer in answers)
        state, clock, facts = self.state, self._clock(), list[Fact]()
        for answer in {answer.id: answer for answer in answers if answer.id not in told}.values():
            state, led_to = self._judged(state, answer, clock)
            facts += [answer_fact(answer), *led_to]
        if facts:
            self._commit(state, once(facts), clock=clock)

    def _judged(
        self, state: JudgeState, event: Reading | Answer, clock: Clock | None
    ) -> tuple[JudgeState, list[Fact]]:
        """Judge one event; return the state after it, and what it led to: alerts, and why it was refused."""
        verdict = judge(self.plan, state, event, clock=clock)
        refused = self._refusals.facts(event, verdict.refusals, self.plan.version)
        return verdict.state, [*map(alert_fact, verdict.changes), *refused]

    def _event(self, event: Began | NightOver | Tick, clock: Clock | None, *facts: Fact) -> None:
        """Judge what is no reading, and commit it with what it led to; nothing where nothing changes."""
        verdict = judge(self.plan, self.state, event, clock=clock)
        if facts or verdict.state is not self.state:
            self._commit(verdict.state, [*facts, *map(alert_fact, verdict.changes)], at=event.at, clock=clock)

    def _commit(
        self,
        state: JudgeState,
        facts: list[Fact],
        *,
        clock: Clock | None,
        at: datetime | None = None,
        met: Met | None = None,
    ) -> None:
        facts = [*facts, *baseline_facts(self.plan.trend, self.state, state)]
        judge_state = None if state is self.state else bytes(state)
        self._store.commit(facts, at=at or self.now(), clock=clock, judge_state=judge_state, met=met)
        self.state = state
        self._on_commit()

    def note(self, kind: EntryKind, body: bytes, *, id: str | None = None) -> None:  # noqa: A002 - a Fact's word
        """Keep one fact about the hub itself, as soon as the disk takes it; an identity is kept once."""
        self._keep_soon(partial(self._note, kind, body, id))

    def _keep_now(self, act: Callable[[], None]) -> None:
        self._unkept.append(act)
        try:
            self.keep_waiting()
        except NotTakenError as error:
            raise UnkeptError(str(error)) from error

    def _keep_soon(self, act: Callable[[], None]) -> None:
        self._unkept.append(act)
        with suppress(NotTakenError):
            self.keep_waiting()

    def _note(self, kind: EntryKind, body: bytes, id: str | None) -> None:  # noqa: A002 - as above
        if id is None or not self._store.told_before([id]):
            self._store.commit([Fact(kind, body, id)], at=self.now(), clock=self._clock())
            self._on_commit()

    def _fresh(self, readings: list[Reading]) -> list[Reading]:
        told = self._store.told_before(reading.id for reading in readings)
        once = {reading.id: reading for reading in readings if reading.id not in told}
        return sorted(once.values(), key=lambda reading: reading.measured_at)

    def _fresh_faults(self, faults: list[DeviceFault]) -> list[Fact]:
        facts = {fact.id: fact for fact in map(fault_fact, faults)}
        told = self._store.told_before(id_ for id_ in facts if id_ is not None)
        return [fact for id_, fact in facts.items() if id_ not in told]

    def take_plan(self, plan: Plan) -> PlanRefusal | None:
        """Put a newer plan in force, as one with what it closes; return why not, and leave all as it was."""
        if (refusal := refusal_of_plan(plan, self.plan)) is None and plan != self.plan:
            self._put_in_force(plan)
            self._on_commit()
        return refusal

    def _begin_plan(self, plan: Plan) -> None:
        """Go on with the plan in force, or with a newer one; a hub from before has kept none."""
        kept, is_told = self._store.plan(), self._store.is_plan_told
        self.plan = plan if kept is None else plan_from(kept)
        is_known = is_told and (kept is not None or self.state.plan_version == plan.version)
        if kept is None or not is_known:  # what told it may be lost, and the log has another name since
            self._put_in_force(self.plan, is_known=is_known)
        self.plan_refusal = self.take_plan(plan)

    def _put_in_force(self, plan: Plan, *, is_known: bool = False) -> None:
        now, clock = self.now(), self._clock()
        verdict = take_plan(plan, self.state, now, clock)
        facts = [] if is_known else [Fact(EntryKind.PLAN_APPLIED, plan_body(plan))]
        facts += [alert_fact(alert) for alert in verdict.changes]
        state, body = bytes(verdict.state), plan_body(plan)
        self._store.commit(facts, at=now, clock=clock, judge_state=state, plan=body)
        self.state, self.plan = verdict.state, plan


class Visit:
    """What one device has said in one visit and nobody has committed yet."""

    def __init__(self, pipeline: Pipeline, driver: Driver[Any], address: str, told: Told) -> None:
        self.frame_count = 0
        self._pipeline = pipeline
        self._driver = driver
        self.address = address
        self._patient_slot = told.user_slot
        self._identity = NOT_TOLD
        self._clock: HeardClock | None = None
        self._blocks = BlockBuilder()
        self._readings: list[Reading] = []
        self._faults: list[DeviceFault] = []

    def take(self, frame: Any, meaning: tuple[Reading, ...] | None = None) -> None:  # noqa: ANN401 - a frame is private to its driver
        """Take one frame, the FrameError in its place, or a word about the device itself.

        `meaning` is what the frame means where its driver was asked already: one from outside may
        not be asked here, where everybody would wait for it.
        """
        if isinstance(frame, DeviceIdentity):
            self._identity = self._identity.completed_by(frame)
            return
        if isinstance(frame, DeviceClock):
            has_time = self._pipeline.wall_clock() is not None
            self._clock = HeardClock(frame, self._pipeline.now()) if has_time else None
            return
        self.frame_count += 1
        try:
            readings = () if isinstance(frame, FrameError) else meaning
            readings = self._driver.readings(frame, self.heard()) if readings is None else readings
            fault = frame if isinstance(frame, FrameError) else None
        except FrameError as error:
            readings, fault = (), error
        if fault is not None:
            self.fault(fault.reason, fault.data)
        for reading in readings:
            self._readings += self._blocks.add(reading) if reading.is_continuous else (reading,)
        if len(self._readings) >= GROUP_COUNT_MAX:
            self.flush()

    def heard(self) -> Heard:
        """Return the circumstances in which a frame that comes now is heard."""
        pipeline = self._pipeline
        return Heard(
            self.address,
            self._driver.id,
            pipeline.now(),
            pipeline.timezone,
            identity=self._identity,
            clock=self._clock,
            tier=self._driver.tier,
            patient_slot=self._patient_slot,
        )

    def fault(self, reason: str, data: bytes = b"") -> None:
        """Note that the device, or its driver, broke the protocol; the bytes are kept."""
        kept = data[:FAULT_BYTES_MAX].hex()
        self._faults.append(DeviceFault(self.address, self._driver.id, reason, kept))

    def flush(self) -> None:
        """Commit what has been said so far; what is committed is kept, whatever comes next."""
        if self._readings or self._faults:
            last_fault = self._faults[-1].reason if self._faults else None
            met = Met(self.address, self._driver.id, self._pipeline.now(), last_fault)
            readings, faults = self._readings, self._faults
            self._readings, self._faults = [], []
            self._pipeline.keep(readings, faults, met)

    def close(self) -> None:
        """Commit the rest, an unfinished Block included."""
        self._readings += self._blocks.flush()
        with suppress(UnkeptError):  # the visit is over anyway, and the rest waits
            self.flush()
