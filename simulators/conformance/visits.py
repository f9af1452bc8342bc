"""Checks 43 to 56: the talk itself, on kind days and on bad ones."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from typing import Any

from devices.driver import DeviceError, LinkError, Visitor
from devices.identity import WORD_LENGTH_MAX, DeviceIdentity
from simulators.conformance.case import (
    Case,
    Hearing,
    Trial,
    all_shown,
    heard_by,
    require,
    shown,
    wall_clock,
)
from simulators.conformance.decoding import heard_on_kind_days
from simulators.conformance.kit import Checks
from simulators.fate import Unkindness
from simulators.loop import SimLoop

SEEDS = (1, 2, 3)
SILENCE_S_MAX = 3600.0
STEPS_MAX = 10_000


def add_to(checks: Checks) -> None:
    """Add these checks."""
    checks.add(43, "what the twin's display shows is what the hub reads")(reads_the_display)
    checks.add(44, "a twin that has told everything sleeps")(twin_sleeps)
    checks.add(45, "a link that breaks again and again loses nothing that was told")(survives_lost_links)
    checks.add(46, "and brings nothing that was never measured")(invents_nothing)
    checks.add(47, "garbled bytes end no visit but by a lost link")(survives_garbled_frames)
    checks.add(48, "nothing is ever deleted on the device")(deletes_nothing)
    checks.add(49, "a session waits for nothing but its link")(waits_for_its_link_alone)
    checks.add(50, "a device that offers nothing is a lost link, and nothing worse")(survives_an_empty_device)
    checks.add(51, "a device that falls silent is given up within the hour")(gives_up_the_silent)
    checks.add(52, "a hub without a clock sets none")(sets_no_clock_without_one)
    checks.add(53, "what a device says of itself is short and printable")(identities_are_words)
    checks.add(54, "reading it again adds nothing")(adds_nothing_twice)
    checks.add(55, "two homes can be visited at once")(visits_two_at_once)
    checks.add(56, "the same morning is the same talk")(talks_alike)


def reads_the_display(case: Case) -> None:
    """Kind, value and the device's own time of every fact."""
    heard = heard_on_kind_days(case)
    missing, extra = all_shown(heard.twin) - heard.shown, heard.shown - all_shown(heard.twin)
    require(not missing, f"on the display, not read: {sorted(map(str, missing))[:2]}")
    require(not extra, f"read, not on the display: {sorted(map(str, extra))[:2]}")
    require(heard.shown, "the twin shows nothing at all")


def twin_sleeps(case: Case) -> None:
    """A device that calls for ever empties its battery."""
    heard = heard_on_kind_days(case)
    require(not heard.twin.is_awake, "it still calls after forty visits")
    require(case.driver.overhear or shown(heard.twin.facts()) == all_shown(heard.twin), "it has not told all")


def survives_lost_links(case: Case) -> None:
    """Confirmed is heard."""
    for heard in _bad_days(case):
        lost = shown(heard.twin.facts()) - heard.shown
        require(not lost, f"told and not heard: {sorted(map(str, lost))[:2]}")


def invents_nothing(case: Case) -> None:
    """A broken link makes no number."""
    for heard in _bad_days(case):
        extra = heard.shown - all_shown(heard.twin)
        require(not extra, f"never measured: {sorted(map(str, extra))[:2]}")


def survives_garbled_frames(case: Case) -> None:
    """Any other exception would be a fault of the driver."""
    for seed in SEEDS:
        _run(Trial(case, unkindness=Unkindness(frame_garbled=0.3), seed=seed).mornings(2, 5))


def deletes_nothing(case: Case) -> None:
    """The memory is the patient's."""
    for heard in (heard_on_kind_days(case), *_bad_days(case)):
        require(
            not heard.twin.deletes_asked, f"the twin was asked {heard.twin.deletes_asked} times to delete"
        )


def waits_for_its_link_alone(case: Case) -> None:
    """No clock, no sleep, no task: stepped by hand, with a link that answers at once, it ends."""
    if case.driver.session is None:
        return
    for is_silent in (False, True):
        running = case.driver.session(_Puppet(case.driver.speaks, is_silent), Visitor(wall_clock()))
        _step_to_the_end(running)


def survives_an_empty_device(case: Case) -> None:
    """A stranger with the right name."""
    if case.driver.session is None:
        return
    with suppress(DeviceError):
        _step_to_the_end(case.driver.session(_Puppet((), True), Visitor(wall_clock())))


def gives_up_the_silent(case: Case) -> None:
    """A visit holds one of three places."""
    if case.driver.session is None:
        return

    async def visit() -> float:
        trial = Trial(case)
        trial.measure()
        with suppress(DeviceError):
            async for _ in case.driver.session(_Mute(case.driver.speaks), trial.visitor):  # type: ignore[misc]  # asked above
                pass
        return asyncio.get_running_loop().time()

    took_s = _run(visit())
    require(took_s <= SILENCE_S_MAX, f"it waited {took_s:.0f} s for a silent device")


def sets_no_clock_without_one(case: Case) -> None:
    """1970 on the device would date its next memory: what is written then is written with a clock too."""
    with_clock, without = Trial(case), Trial(case)
    without.visitor = replace(without.visitor, wall_clock=None)
    kept, unset = _run(with_clock.mornings(1, 2)), _run(without.mornings(1, 2))
    extra = set(unset.writes) - set(kept.writes)
    require(not extra, f"only without a clock it writes {sorted(data.hex() for _, data in extra)[:2]}")


def identities_are_words(case: Case) -> None:
    """They stand in every reading."""
    for identity in heard_on_kind_days(case).identities:
        for name in DeviceIdentity.__dataclass_fields__:
            word = getattr(identity, name)
            is_word = word is None or (isinstance(word, str) and word.isprintable() and word.strip())
            require(is_word and len(word or "") <= WORD_LENGTH_MAX, f"its {name} is {word!r}")


def adds_nothing_twice(case: Case) -> None:
    """Frames that are read again, in any order, are the same facts."""
    heard = heard_on_kind_days(case)
    dated = [one for one in heard.readings if one.device_time is not None]
    again = [
        one
        for frame in heard.frames
        for one in case.driver.readings(frame, heard_by(case.driver, heard.twin))
    ]
    ids = {one.id for one in again if one.device_time is not None}
    require({one.id for one in dated} == ids, "read again, other facts come of it")


def visits_two_at_once(case: Case) -> None:
    """A driver is a value: it keeps nothing between two visits."""

    async def both() -> tuple[Hearing, Hearing]:
        one, other = Trial(case, seed=1), Trial(case, seed=2)
        one.measure()
        other.measure(1)
        await asyncio.gather(one.visit(), other.visit())
        return one.heard, other.heard

    for heard in _run(both()):
        extra = heard.shown - all_shown(heard.twin)
        require(not extra, f"one home reads the other's numbers: {sorted(map(str, extra))[:2]}")


def talks_alike(case: Case) -> None:
    """Same device, same day: same bytes written, same readings."""
    mornings = [_run(Trial(case).mornings(2)) for _ in range(2)]
    for one, other in pairwise(mornings):
        require(one.writes == other.writes, "the driver asks differently each time")
        require(one.shown == other.shown, "the driver reads differently each time")


def _bad_days(case: Case) -> list[Hearing]:
    weak = Unkindness(link_lost=0.1, confirm_lost=0.1, connect_lost=0.1)
    return [_run(Trial(case, unkindness=weak, seed=seed).mornings()) for seed in SEEDS]


def _run(work: Any) -> Any:  # noqa: ANN401 - whatever the coroutine returns
    with asyncio.Runner(loop_factory=SimLoop) as runner:
        return runner.run(work)


class _Puppet:
    """A link that offers everything, answers at once, and says nothing worth hearing."""

    def __init__(self, chars: tuple[str, ...], is_silent: bool) -> None:
        self._chars = chars
        self._left = 0 if is_silent else 20
        self.backlog = 0

    def has(self, char: str) -> bool:
        return char in self._chars

    async def read(self, char: str) -> bytes:
        if char not in self._chars:
            raise LinkError(f"{char} is not offered")
        return b"\0" * 4

    async def write(self, char: str, data: bytes, *, with_response: bool = True) -> None:  # noqa: ARG002 - the Link's
        if char not in self._chars:
            raise LinkError(f"{char} is not offered")

    async def subscribe(self, char: str) -> None:
        if char not in self._chars:
            raise LinkError(f"{char} is not offered")

    async def receive(self, *, timeout_s: float) -> tuple[str, bytes]:
        if self._left == 0:
            raise LinkError(f"silent for {timeout_s} s")
        self._left -= 1
        return self._chars[self._left % len(self._chars)], bytes((self._left,)) * 12


class _Mute(_Puppet):
    """The same, and real time passes while one waits for it."""

    def __init__(self, chars: tuple[str, ...]) -> None:
        super().__init__(chars, is_silent=True)

    async def receive(self, *, timeout_s: float) -> tuple[str, bytes]:
        await asyncio.sleep(timeout_s)
        raise LinkError(f"silent for {timeout_s} s")


def _step_to_the_end(running: AsyncIterator[Any]) -> None:
    for _ in range(STEPS_MAX):
        waiting = anext(running)
        try:
            waiting.__await__().__next__()
        except StopIteration:
            continue
        except (StopAsyncIteration, DeviceError):
            return
        require(False, "it waits for something that is not its link")
    require(False, f"it still talks after {STEPS_MAX} steps")
