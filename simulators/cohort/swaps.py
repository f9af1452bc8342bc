"""What a device change does to the trend: three ways to meet it, over offsets, with the trend alone."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from typing import Literal

import numpy as np

from cloud_bridge.contract.trend_settings import TrendSettings
from devices.kinds import Kind
from gateway.alerts.trend import hear
from gateway.alerts.trend_memory import Around, TrendMemory
from simulators.cohort.figures import RESAMPLES, Figure, interval
from simulators.cohort.life import life_of, lived
from simulators.cohort.person import Check, Day, Person, Swap, dice_of, illness_of, person_of
from simulators.cohort.physiology import Physiology
from simulators.cohort.years import FIRST_DAY, readings_of

Policy = Literal["ignored", "relearned", "bridged", "bridged_paired"]
POLICIES: tuple[Policy, ...] = ("ignored", "relearned", "bridged", "bridged_paired")
OFFSETS = (-2.0, -1.0, 0.0, 1.0, 2.0)
"""By how much the new oximeter reads above the old one, in points of saturation."""

SWAP_ON, WATCHED_DAYS, ONSET_AFTER = 60, 21, 6
"""Two quiet months, the change, three weeks; and once with an exacerbation six days after it."""

FOUND_FROM = -ONSET_AFTER
FOUND_UNTIL = 3

Cell = tuple[Policy, float]
Outcomes = dict[str, tuple[bool, bool]]
"""By cell: whether a trend opened without cause, and whether the exacerbation was found."""


@dataclass(frozen=True, slots=True)
class _Fork:
    """The rules' memory on the eve of the change: every way goes on from here."""

    settings: TrendSettings
    memory: TrendMemory


def swaps_of(physiology: Physiology, settings: TrendSettings, seed: int, number: int) -> Outcomes:
    """Let one person change oximeter in every way, all else equal; and not at all."""
    days = SWAP_ON + WATCHED_DAYS
    person = person_of(physiology, dice_of(seed, number, 10), number, days)
    person = replace(person, illnesses=(), swaps=(), is_declining=False)
    settings = settings.model_copy(update={"pulse_doubts": person.doubts})
    sick = illness_of(physiology, dice_of(seed, number, 11), SWAP_ON + ONSET_AFTER, is_visible=True)
    unwell = replace(person, illnesses=(sick,))
    quiet = _days(physiology, person, seed, None)
    fork = _Fork(settings, _heard(settings, TrendMemory(), quiet[:SWAP_ON]).memory)
    found: Outcomes = {}
    cells: list[tuple[str, Policy, Swap | None]] = [("no swap", "ignored", None)]
    for policy in POLICIES:
        swaps = (Swap(SWAP_ON, offset, 0.0, policy == "bridged_paired") for offset in OFFSETS)
        cells += ((f"{policy} {swap.spo2:+g}", policy, swap) for swap in swaps)
    lives: dict[Swap | None, tuple[list[Day], list[Day]]] = {
        None: (quiet, _days(physiology, unwell, seed, None))
    }
    for name, policy, swap in cells:
        if swap not in lives:
            lives[swap] = _days(physiology, person, seed, swap), _days(physiology, unwell, seed, swap)
        well, ill = lives[swap]
        found[name] = (
            bool(_opened(fork, policy, well)),
            any(FOUND_FROM <= day - sick.onset <= FOUND_UNTIL for day in _opened(fork, policy, ill)),
        )
    return found


def table(outcomes: Iterable[Outcomes], dice: np.random.Generator) -> dict[str, dict[str, Figure]]:
    """Return both shares by cell, with their intervals."""
    rows = list(outcomes)
    weights = dice.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), RESAMPLES)
    return {
        name: {
            "false_share": interval(np.array([row[name][0] for row in rows], dtype=float), weights),
            "found_share": interval(np.array([row[name][1] for row in rows], dtype=float), weights),
        }
        for name in rows[0]
    }


def _days(physiology: Physiology, person: Person, seed: int, swap: Swap | None) -> list[Day]:
    """Live the same days: the dice are the same, so that only the oximeter differs."""
    person = replace(person, swaps=() if swap is None else (swap,))
    life = life_of(physiology, person, dice_of(seed, person.number, 12), SWAP_ON + WATCHED_DAYS)
    return list(lived(life, dice_of(seed, person.number, 13)))


def _opened(fork: _Fork, policy: Policy, days: list[Day]) -> list[int]:
    memory = fork.memory
    if policy == "relearned":
        usuals = dict(memory.day.usuals)
        usuals.pop(Kind.SPO2, None)
        memory = replace(memory, day=replace(memory.day, usuals=usuals))
    rest = days[SWAP_ON:]
    if policy in ("ignored", "relearned"):
        rest = [_in_disguise(day) for day in rest]
    return _heard(fork.settings, memory, rest).opened


def _in_disguise(day: Day) -> Day:
    """Let every check be of the first oximeter, as if nobody had noticed the change."""
    checks = tuple(replace(check, device=0) for check in day.checks)
    return replace(day, checks=checks)


@dataclass(frozen=True, slots=True)
class _Heard:
    memory: TrendMemory
    opened: list[int]


def _heard(settings: TrendSettings, memory: TrendMemory, days: Iterable[Day]) -> _Heard:
    opened: list[int] = []
    for day in days:
        for check in day.checks:
            memory = _step(settings, memory, check, opened)
    return _Heard(memory, opened)


def _step(settings: TrendSettings, memory: TrendMemory, check: Check, opened: list[int]) -> TrendMemory:
    at = FIRST_DAY + timedelta(days=check.day, minutes=check.minute)
    for reading in readings_of(check, at):
        step = hear(settings, memory, reading, Around(now=at, zone=UTC))
        memory = step.memory
        opened += [check.day for each in step.findings if (each.rule, each.change) == ("trend", "opened")]
    return memory
