"""What must hold after any life, however hard; each law counts from the rawest source it can reach."""

import re
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from cloud_bridge.contract.accountable import accountable_from
from cloud_bridge.contract.alert import Alert
from cloud_bridge.contract.answers import answer_from
from cloud_bridge.contract.bodies import alert_from, plan_from
from cloud_bridge.contract.dating import found_from, shift_of_entry
from cloud_bridge.contract.entries import Entry, EntryKind
from cloud_bridge.contract.names import span_of
from cloud_bridge.contract.receipts import spans_of
from devices.driver import FrameError
from devices.drivers import pulse_oximeter, weight_scale
from devices.kinds import Kind
from devices.readings import Heard, Reading
from gateway.disk import LOOK_EVERY_S
from gateway.judged_anew import judged_anew
from simulators.both_ends import There, check_ward, given_up, in_ward
from simulators.home import Home
from simulators.mishaps import JUMPS
from simulators.streamed import check_escalated, check_streams
from simulators.virtual_box import VirtualBox
from simulators.world import BEGINNING, OSLO, World

CONFIRM_WINDOW_S = 1.0
"""A reading that the radio confirmed so shortly before a power cut may be lost: no stack can wait for us."""

RED_S = 10.0
"""So soon a red alert reaches the ward in a kind week."""

HARD_RED_S = 900.0
"""And in a hard one, where connections are refused, lost and half open again and again."""

_RED = """
    select entry.seq, entry.committed_at from alert
    join entry on entry.home = alert.home and entry.log = alert.log and entry.seq = alert.seq
    where alert.home = :home and alert.level = 'red' and alert.change = 'opened'
"""

_NAME = re.compile(r"(?<![0-9a-f])[0-9a-f]{16}(?![0-9a-f])")

_DECODERS: dict[str, Callable[[bytes, Heard], tuple[Reading, ...]]] = {
    pulse_oximeter.SPOT_CHECK: lambda data, heard: pulse_oximeter.readings(
        pulse_oximeter.Spot.from_bytes(data), heard
    ),
    weight_scale.WEIGHT: lambda data, heard: weight_scale.readings(
        weight_scale.Frame.from_bytes(data), heard
    ),
}


async def check(world: World) -> dict[str, int]:
    """Assert every law; return the figures that a person wants to see."""
    totals: Counter[str] = Counter(cuts=world.cuts)
    for home in world.homes:
        losses = world.cards[home.parts.home].losses
        entries = home.hub.store.entries(after=0, count_max=10**9)
        there = await in_ward(world, home)
        lost = given_up(losses, there)
        totals.update(_check_devices(world, home, there.shown, lost))
        totals.update(given_up=len(lost))
        totals.update(_check_log(home, entries, there))
        totals.update(await _check_answers(world, home))
        totals.update(await _check_plan(world, home, entries))
        totals.update(await _check_responsibility(world, home, entries))
        totals.update(_check_time(world.boxes[home.parts.home], entries))
        # What is dated 1970 is the first that a long log lets go; without it nothing can be judged anew.
        is_whole = entries[0].seq == 1 and not any(loss.what == "pages damaged" for loss in losses)
        if is_whole:
            totals.update(_check_alerts(entries))
        totals.update(check_ward(losses, there, home.hub.store, entries))
        wait_s = await _check_red(world, home)
        totals["red_waited_s"] = max(totals["red_waited_s"], round(wait_s))
        for entry in entries:
            world.note(home.parts.home, _nameless(repr(entry), home.parts.folder))
    totals.update(await check_escalated(world.ward.tables, world.now()))
    totals.update(await check_streams(world.ward.tables, world.streamed, world.now()))
    return dict(totals)


def _nameless(said: str, folder: Path) -> str:
    """A trouble names its log, and where it lies: the two things that no seed decides."""
    return _NAME.sub("a log", said.replace(str(folder), "its folder"))


def _check_devices(
    world: World, home: Home, readings: tuple[Reading, ...], given_up: set[str]
) -> Counter[str]:
    """Every fact a device was told to have got across is shown once; nothing else is."""
    parts = home.parts
    twins = parts.twins
    assert all(twin.memory.waiting_count == 0 for twin in twins), "no device is left with something to tell"
    assert not any(twin.deletes_asked for twin in twins), "nobody deletes on a device"
    told = {fact.reading_id(twin.address) for twin in twins for fact in twin.facts()}
    kept = Counter(reading.id for reading in readings)
    assert max(kept.values(), default=1) == 1, f"kept twice: {kept.most_common(3)}"
    lost = told - set(kept) - given_up
    refused = {id_ for id_ in lost if _could_wait_in_memory(world, parts.home, id_)}
    unexplained = [id_ for id_ in lost - refused if not _is_in_confirm_window(world, parts.home, id_)]
    assert not unexplained, f"{len(unexplained)} confirmed readings lost, and no power cut explains it"
    false = [reading for reading in readings if reading.id not in told]
    garbled = _plausible(world, parts.home)
    assert all((one.device, one.kind, one.value) in garbled for one in false), f"nobody told this: {false}"
    return Counter(
        told=len(told),
        kept=len(kept),
        lost_in_confirm_window=len(lost - refused),
        lost_with_a_refusing_disk=len(refused),
        garbled_but_plausible=len(false),
    )


def _could_wait_in_memory(world: World, home: str, id_: str) -> bool:
    """Tell whether the disk refused it and the power went before it took again."""
    confirmed_s, refusals = world.confirmed_s[id_], world.refusals[home]
    cuts_s = [cut_s for cut_s in world.cut_s.get(home, ()) if cut_s >= confirmed_s]
    return any(refusals.could_lose(confirmed_s, cut_s, 2 * LOOK_EVERY_S) for cut_s in cuts_s[:1])


def _is_in_confirm_window(world: World, home: str, id_: str) -> bool:
    """Tell whether the power went just after the radio had confirmed, before we could commit."""
    confirmed_s = world.confirmed_s[id_]
    return any(0 <= cut_s - confirmed_s <= CONFIRM_WINDOW_S for cut_s in world.cut_s.get(home, ()))


def _plausible(world: World, home: str) -> set[tuple[str, Kind, float]]:
    """Return what garbled frames could be taken for: no code can tell such a number from a true one."""
    found = set()
    for frame in world.radios[home].garbled:
        heard = Heard(frame.address, "", world.now(), OSLO)
        with suppress(
            FrameError, KeyError
        ):  # bytes that are no frame, or of a characteristic without readings
            said = _DECODERS[frame.char](frame.arrived, heard)
            found |= {(one.device, one.kind, one.value) for one in said}
    return found


def _check_log(home: Home, entries: tuple[Entry, ...], there: There) -> Counter[str]:
    """Numbers have no gap, but for what only the ward has since a card was damaged; and nothing waits."""
    store = home.hub.store
    due = {seq for span in store.spans for seq in range(span.first, span.last + 1)}
    gone = due - {entry.seq for entry in entries}
    assert all((span_of(store.spans, seq).log, seq) in there.entries for seq in gone), (
        f"numbers with a gap that nobody can fill: {spans_of(gone)}"
    )
    assert [entry.seq for entry in entries] == sorted(due - gone), "numbers in their order, each once"
    assert store.waiting == 0, f"{store.waiting} entries still wait"
    return Counter(entries=len(entries), only_in_ward=len(gone))


async def _check_answers(world: World, home: Home) -> Counter[str]:
    """What the hub said it had kept of answers is shown in the ward, once each, but for what a card took."""
    name = home.parts.home
    shown = [answer.id for answer in (await world.ward.tables.told(name)).answers]
    assert len(shown) == len(set(shown)), "an answer is shown twice"
    gone = {
        answer_from(one.body.encode()).id
        for loss in world.cards[name].losses
        for one in loss.entries
        if one.kind == EntryKind.ANSWER
    }
    missing = world.answered[name] - set(shown) - gone
    assert not missing, f"{len(missing)} answers were taken and are gone"
    return Counter(answered=len(shown))


async def _check_plan(world: World, home: Home, entries: tuple[Entry, ...]) -> Counter[str]:
    """The newest plan that anybody wrote is in force, and the ward knows it; each came into force once."""
    spans = home.hub.store.spans
    applied = [
        (span_of(spans, entry.seq).first, plan_from(entry.body).version)
        for entry in entries
        if entry.kind == EntryKind.PLAN_APPLIED
    ]
    assert applied == sorted(set(applied)), "under one name of the log, plans come into force once and ascend"
    plans = await world.ward.tables.plans(home.parts.home)
    assert plans.waiting is None, f"plan {plans.waiting} waits at the end of a quiet day"
    assert plans.in_force == home.hub.pipeline.plan, "the ward believes in another plan than the hub"
    assert plans.written is None or plans.written.plan.version <= home.hub.pipeline.plan.version
    return Counter(plans=0 if plans.written is None else plans.written.plan.version - 1)


async def _check_responsibility(world: World, home: Home, entries: tuple[Entry, ...]) -> Counter[str]:
    """The home knows who is accountable by the ward's record; it learnt each fact once, terms ascend."""
    spans, name = home.hub.store.spans, home.parts.home
    learnt = [
        (span_of(spans, entry.seq).first, said.number, said.term)
        for entry in entries
        if entry.kind == EntryKind.RESPONSIBILITY
        for said in (accountable_from(entry.body),)
    ]
    assert learnt == sorted(set(learnt)), "under one name of the log, a fact is learnt once, and in order"
    state = await world.ward.tables.handovers(name)
    if state is None:
        assert not learnt, "nobody has begun, and the home knows of it"
        return Counter()
    known, held = home.hub.responsible.known, state.responsibility
    assert known is not None, "the home has never heard who is accountable"
    assert (known.number, known.term) == (state.number, held.term), "the home has not heard the newest"
    assert (known.organisation, known.since) == (held.accountable, held.since), "the home believes another"
    return Counter(handed_over=held.term - 1)


def _check_time(boxes: list[VirtualBox], entries: tuple[Entry, ...]) -> Counter[str]:
    """Each entry tells its boot and running time; what it was dated by afterwards is true to the second."""
    told = [(entry.seq, found_from(entry.body)) for entry in entries if entry.kind == EntryKind.CLOCK_FOUND]
    confirmed = {one.boot for _, one in told if one.trust == "synced"}
    confirmed |= {one.clock.boot for one in entries if one.clock and one.clock.trust == "synced"}
    found, lost, before = 0, 0, (1, 0.0)
    may_be_of = {one.number: [box for box in boxes if box.number == one.number] for one in boxes}
    for entry in entries:
        if entry.kind == EntryKind.LOST:
            continue
        clock = entry.clock
        assert clock is not None, "every entry says how its clock stood"
        assert before <= (clock.boot, clock.uptime_s), "running time never goes back within a boot"
        before, shift = (clock.boot, clock.uptime_s), shift_of_entry(entry, told)
        found, lost = found + (shift is not None), lost + (shift is None and clock.trust == "unknown")
        if shift is None and clock.trust == "unknown":
            assert all(one.boot != clock.boot for _, one in told), (
                "a boot that found its time dates all of it"
            )
            continue
        at = entry.at + (shift or timedelta(0))
        # Where no time service ever answered, a box's clock is plausible or not, and nothing more.
        errors = (timedelta(0),) if clock.boot in confirmed else (timedelta(0), *JUMPS)
        fit = [box for box in may_be_of[clock.boot] if _is_one_of(at - box.true_at(clock.uptime_s), errors)]
        assert fit, f"entry {entry.seq} is wrong: {at} in {clock}"
        may_be_of[clock.boot] = fit  # one and the same box explains a whole boot
    return Counter(dated_afterwards=found, never_dated=lost)


def _is_one_of(error: timedelta, errors: tuple[timedelta, ...]) -> bool:
    return any(abs(error - each) < timedelta(seconds=1) for each in errors)


def _check_alerts(entries: tuple[Entry, ...]) -> Counter[str]:
    """Judging the log anew, as if no power had ever failed, gives the very same alerts; they pair up."""
    due, still_open = list[Alert](), 0
    for step in judged_anew(entries):
        due += step.verdict.changes
        still_open = len(step.verdict.state.open_alerts)
    kinds = (EntryKind.ALERT, EntryKind.ALERT_CONFIRMED)
    kept = [alert_from(entry.body) for entry in entries if entry.kind in kinds]
    assert kept == due, f"alerts differ from a fresh judgement: {len(kept)} kept, {len(due)} due"
    changes = Counter(alert.change for alert in kept)
    assert changes["opened"] - changes["closed"] == still_open, "alerts open and close in pairs"
    return Counter(opened=changes["opened"], closed=changes["closed"])


async def _check_red(world: World, home: Home) -> float:
    """A red alert reaches the ward within its time, counted while a way is open; return the longest wait."""
    way, name = world.ways[home.parts.home], home.parts.home
    limit_s = RED_S if world.is_kind else HARD_RED_S
    waits_s = [
        way.open_s(seq, (datetime.fromisoformat(committed_at) - BEGINNING).total_seconds())
        for seq, committed_at in await world.ward.tables._rows(_RED, home=name)
    ]
    assert max(waits_s, default=0.0) <= limit_s, f"a red alert waited {max(waits_s):.0f} s beside an open way"
    return max(waits_s, default=0.0)
