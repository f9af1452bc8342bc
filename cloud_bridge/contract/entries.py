"""One line of the home's log, and the batch in which lines travel."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import blake2b
from math import isfinite
from typing import Any, Literal, get_args

import orjson
import zstandard

from cloud_bridge.contract.errors import ContractError
from cloud_bridge.contract.plain import has_moment, is_plain_name

VERSION = 1
BATCH_COUNT_MAX = 200
SEQ_MAX = 2**53
"""No home counts so far; beyond it numbers stop being exact in JSON."""

EARLIER_COUNT_MAX = 100
"""A birth names at most so many earlier logs, the newest of them."""

BOOT_MAX = 2**31 - 1
UPTIME_S_MAX = 3.2e9
"""A hundred years: nothing runs longer."""

BATCH_BYTES_MAX = 4_000_000
"""Unpacked; a batch that claims more is refused before it is unpacked."""

_COMPRESSION_LEVEL = 1  # measured: 50 to 200 readings a message shrink to about an eighth


class EntryKind(StrEnum):
    """What an entry tells of."""

    HUB_STARTED = "hub_started"
    READING = "reading"
    ALERT = "alert"
    PLAN_APPLIED = "plan_applied"
    DEVICE_FAULT = "device_fault"
    BATCH_REFUSED = "batch_refused"
    TROUBLE = "trouble"
    CLOCK_FOUND = "clock_found"
    LOST = "lost"
    """This number was given out; what stood there can no longer be read on the hub."""
    ANSWER = "answer"
    ALERT_CONFIRMED = "alert_confirmed"
    NIGHT = "night"
    """A night of oximetry in a few figures; its samples stand in the log as readings."""
    BASELINE = "baseline"
    """How the devices stand to what is usual for this person, as far as the hub has learnt it."""
    RESPONSIBILITY = "responsibility"
    """The hub has learnt which organisation is accountable."""
    NOT_JUDGED = "not_judged"
    """What was kept and some rules did not judge, and why."""


Trust = Literal["synced", "kept", "unknown"]
"""Confirmed by a time service, plausible but confirmed by nobody, or no time at all."""

TRUSTS: tuple[Trust, ...] = get_args(Trust)


@dataclass(frozen=True, slots=True)
class Clock:
    """How the hub's clock stood when an entry was kept.

    `boot` counts the starts of the box; `uptime_s` runs since then, never jumps, and is comparable
    only within one boot.
    """

    boot: int
    uptime_s: float
    trust: Trust


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the log: `seq` has no gaps, `body` is JSON and never edited.

    `kind` is an EntryKind, or the word of a newer hub for something that we don't know yet: such an
    entry is kept and counted like any other, so that an older ward never holds a newer hub up.
    `at` is what the hub's clock said; `clock` how far it was to be believed, where the hub told that.
    """

    seq: int
    at: datetime
    kind: str
    body: bytes
    clock: Clock | None = None


@dataclass(frozen=True, slots=True)
class LogSpan:
    """The numbers of a home's entries that go under one name, both included; none yet where last < first.

    The name changes, and the numbers go on, whenever a hub can no longer vouch for what it has told.
    """

    log: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Entries on their way. `log` names what they count in; `first` is the number with which it begins."""

    home: str
    log: str
    entries: tuple[Entry, ...]
    first: int = 1

    def __bytes__(self) -> bytes:
        lines = [_line(entry) for entry in self.entries]
        said = {"version": VERSION, "home": self.home, "log": self.log, "entries": lines}
        if self.first != 1:
            said["first"] = self.first
        return zstandard.ZstdCompressor(level=_COMPRESSION_LEVEL).compress(orjson.dumps(said))

    @classmethod
    def from_bytes(cls, data: bytes) -> "Batch":
        """Decode; raise ContractError with a reason on anything that is not a batch of version 1."""
        said = _unpack(data)
        if not isinstance(said, dict) or said.get("version") != VERSION:
            raise ContractError(f"not a batch of version {VERSION}", data)
        try:
            home, log, lines = str(said["home"]), str(said["log"]), said["entries"]
            if not is_plain_name(log):
                raise ValueError(f"no name of a log: {log[:100]!r}")
            entries = tuple(_entry(*line) for line in lines)
            first = _first(said.get("first", 1), entries)
        except (KeyError, TypeError, ValueError) as error:
            raise ContractError(f"a batch with a broken part: {error!r}", data) from error
        if not entries or len(entries) > BATCH_COUNT_MAX:
            raise ContractError(f"a batch holds 1 to {BATCH_COUNT_MAX} entries, not {len(entries)}", data)
        return cls(home, log, entries, first)


def digest_of(kind: str, body: bytes) -> str:
    """Return by what both ends know that they mean the same entry; how its JSON is written is no matter."""
    plain = orjson.dumps([kind, orjson.loads(body)])
    return blake2b(plain, digest_size=8).hexdigest()


def _unpack(data: bytes) -> Any:  # noqa: ANN401 - JSON is anything until it is looked at
    try:
        size = zstandard.frame_content_size(data)
        if not 0 <= size <= BATCH_BYTES_MAX:
            raise ContractError(f"a batch of {size} bytes", data)
        return orjson.loads(zstandard.ZstdDecompressor().decompress(data))
    except (zstandard.ZstdError, orjson.JSONDecodeError) as error:
        raise ContractError(f"bytes that are no batch: {error}", data) from error


def _first(first: object, entries: tuple[Entry, ...]) -> int:
    if not isinstance(first, int) or isinstance(first, bool) or first < 1:
        raise ValueError(f"no log begins with {first!r}")
    if any(entry.seq < first for entry in entries):
        raise ValueError(f"a number that stands before {first}, with which this log begins")
    return first


def clock_from(said: object) -> Clock | None:
    """Return the clock of an entry as JSON says it, None where none is told; raise ValueError."""
    if said is None:
        return None
    if not isinstance(said, dict):
        raise ValueError(f"no clock: {str(said)[:100]}")
    boot, uptime_s = said.get("boot"), said.get("uptime_s")
    if not isinstance(boot, int) or isinstance(boot, bool) or not 1 <= boot <= BOOT_MAX:
        raise ValueError(f"no box has started {str(boot)[:100]} times")
    if not isinstance(uptime_s, int | float) or isinstance(uptime_s, bool) or not isfinite(uptime_s):
        raise ValueError(f"no time to run: {str(uptime_s)[:100]}")
    if not 0 <= uptime_s <= UPTIME_S_MAX:
        raise ValueError(f"nothing runs for {uptime_s} s")
    for trust in TRUSTS:
        if said.get("trust") == trust:
            return Clock(boot, float(uptime_s), trust)
    raise ValueError(f"nobody trusts a clock like this: {str(said.get('trust'))[:100]}")


def _line(entry: Entry) -> list[Any]:
    line = [entry.seq, entry.at.isoformat(), entry.kind, orjson.Fragment(entry.body)]
    return line if entry.clock is None else [*line, entry.clock]


def _entry(seq: int, at: str, kind: str, body: object, clock: object = None, *_newer: object) -> Entry:
    """Return the entry of one line; what a newer hub says behind what we know is left alone."""
    if not isinstance(seq, int) or isinstance(seq, bool) or not 1 <= seq <= SEQ_MAX:
        raise ValueError(f"no home counts to {seq!r}")
    moment = datetime.fromisoformat(at)
    if not has_moment(moment):
        raise ValueError(f"a time without a zone, or that no calendar has: {at}")
    if not isinstance(kind, str) or not is_plain_name(kind):
        raise ValueError(f"no kind of entry: {kind!r}")
    return Entry(seq, moment, kind, orjson.dumps(body), clock_from(clock))
