"""What a hub was handed and what it has acknowledged, counted from the worker's marks alone."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

RECENT_COUNT = 1_000
"""So many entries are never removed. Said here again: the law must not move with the code."""

NOTHING_NEW = "nothing new"
"""A deed that changes no entry: a start, a new key."""

MINUTE = len("2027-01-05T12:00")

Mark = dict[str, Any]


@dataclass(frozen=True, slots=True)
class State:
    """What stands in a log, table by table, as plain values."""

    log: str | None = None
    entries: dict[int, tuple[Any, ...]] = field(default_factory=dict)
    """By number: at, kind, body, and the three words for how the clock stood, or None for each."""
    told: dict[str, int] = field(default_factory=dict)
    readings: dict[int, tuple[str, str]] = field(default_factory=dict)
    devices: dict[str, tuple[str, str, str | None]] = field(default_factory=dict)
    noted: dict[str, str] = field(default_factory=dict)
    """The judge's memory, the open troubles, the plan in force and the cursor, by name."""
    receipts: tuple[tuple[int, str, str], ...] = ()
    """Up to which number something was received, when, and by whom: the last of each minute."""
    highest: int = 0
    earlier: tuple[tuple[int, int], ...] = ()
    """The first and the last number of each name that the log had before."""

    @property
    def cursor(self) -> int:
        """Up to which number the ward has everything."""
        return int(self.noted.get("cursor", 0))

    def after(self, deed: Mark) -> "State":
        """Return what a deed that was done whole leaves."""
        return _DEEDS[deed["deed"]](self, deed)


def _dated(readings: dict[int, tuple[str, str]], entries: dict[int, tuple[Any, ...]], found: Mark) -> Any:
    """Yield what a found clock makes of the readings of its boot that were kept without a time."""
    for seq, (series, measured_at) in readings.items():
        at, _, _, boot, uptime_s, trust = entries[seq]
        if boot == found["boot"] and seq >= found["first"] and trust == "unknown":
            true_at = datetime.fromisoformat(found["at"]) + timedelta(seconds=uptime_s - found["uptime_s"])
            shift = true_at - datetime.fromisoformat(at)
            yield seq, (series, (datetime.fromisoformat(measured_at) + shift).isoformat())


def _commit(state: State, deed: Mark) -> State:
    state = _kept(state, deed)
    for one in deed["facts"]:
        if one["kind"] == "clock_found":
            dated = dict(_dated(state.readings, state.entries, json.loads(one["body"])))
            state = replace(state, readings=state.readings | dated)
    return state


def _kept(state: State, deed: Mark) -> State:
    facts = dict(enumerate(deed["facts"], start=state.highest + 1))
    met, clock = deed["met"], deed["clock"] or (None, None, None)
    return replace(
        state,
        entries=state.entries
        | {seq: (deed["at"], one["kind"], one["body"], *clock) for seq, one in facts.items()},
        told=state.told | {one["id"]: seq for seq, one in facts.items() if one["id"]},
        readings=state.readings | {seq: tuple(one["series"]) for seq, one in facts.items() if one["series"]},
        devices=state.devices | ({met[0]: tuple(met[1:])} if met else {}),
        noted=state.noted | deed["noted"],
        highest=state.highest + len(facts),
    )


def _cursor(state: State, deed: Mark) -> State:
    if deed["up_to"] <= state.cursor:
        return state
    receipts, receipt = state.receipts, (deed["up_to"], deed["at"], deed["by"])
    if receipts and (receipts[-1][1][:MINUTE], receipts[-1][2]) == (deed["at"][:MINUTE], deed["by"]):
        receipts = receipts[:-1]
    noted = state.noted | {"cursor": str(deed["up_to"])}
    return replace(state, noted=noted, receipts=(*receipts, receipt))


def _remove(state: State, deed: Mark) -> State:
    oldest = min(state.entries, default=1)
    young = min((seq for seq, (at, *_) in state.entries.items() if at >= deed["before"]), default=None)
    until = min(state.cursor, state.highest - RECENT_COUNT, oldest + deed["count_max"] - 1)
    until = until if young is None else min(until, young - 1)
    return replace(
        state,
        entries={seq: entry for seq, entry in state.entries.items() if seq > until},
        readings={seq: reading for seq, reading in state.readings.items() if seq > until},
    )


def _nothing_new(state: State, _deed: Mark) -> State:
    return state


_DEEDS = {NOTHING_NEW: _nothing_new, "commit": _commit, "cursor": _cursor, "remove": _remove}


TABLES = ("entries", "told", "readings", "devices", "noted")


def said_of(state: State) -> Mark:
    """Return a state as the words of a mark, without the name of its log: that is made anew each time."""
    tables = {name: list(getattr(state, name).items()) for name in TABLES}
    return {**tables, "receipts": state.receipts, "highest": state.highest, "earlier": state.earlier}


def _said(mark: Mark) -> State:
    tables = {name: {key: tuple(row) if isinstance(row, list) else row for key, row in mark[name]}
              for name in TABLES}  # fmt: skip
    receipts, earlier = (tuple(map(tuple, mark[name])) for name in ("receipts", "earlier"))
    return State(**tables, receipts=receipts, highest=mark["highest"], earlier=earlier)


class Ledger:
    """Where each of the worker's homes must stand; the last one named is the one that is written."""

    def __init__(self) -> None:
        self.home = ""
        self._handed: Mark | None = None
        self._states: dict[str, State] = {}

    def take(self, mark: Mark) -> None:
        """Note one of the worker's words."""
        if mark["do"] == "home":
            self.home = mark["name"]
            self._states.setdefault(self.home, State())
        elif mark["do"] == "expected":
            self._states[self.home] = _said(mark)
        elif mark["do"] == "handed":
            assert self._handed is None, "one writer does one thing after the other"
            self._handed = mark
        elif mark["do"] == "kept":
            assert self._handed is not None, "what was not handed in can't be kept"
            state = self.acknowledged.after(self._handed)
            self._states[self.home] = replace(state, log=mark.get("log", state.log))
            self._handed = None

    @property
    def acknowledged(self) -> State:
        """What must stand there at least."""
        return self._states[self.home]

    @property
    def handed(self) -> State:
        """What may stand there at most: the deed in hand is done whole, or not at all."""
        return self.acknowledged if self._handed is None else self.acknowledged.after(self._handed)


def spans(numbers: Iterable[int]) -> str:
    """Return numbers as few words.

    >>> spans([3, 1, 2, 7])
    '1-3, 7'
    """
    found: list[list[int]] = []
    for number in sorted(numbers):
        if found and found[-1][-1] + 1 == number:
            found[-1] = [found[-1][0], number]
        else:
            found.append([number])
    return ", ".join("-".join(map(str, span)) for span in found)
