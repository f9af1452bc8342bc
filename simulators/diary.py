"""The devices' own record on disk: what each has measured and what the radio confirmed, a JSON line each.

Kept apart from everything that a hub or a ward knows, so that both can be counted against it.
"""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from gateway.ports import Now
from gateway.words import WordsError
from simulators.peripherals.memory import Record
from simulators.peripherals.peripheral import Peripheral


class Diary:
    """Writes down one line at a time, and has it on the disk before the device goes on."""

    def __init__(self, descriptor: int, now: Now) -> None:
        self._descriptor = descriptor
        self._now = now

    def follow(self, twin: Peripheral) -> None:
        """Write down what this device measures, and what becomes of it, from now on."""
        memory = twin.memory
        memory.on_measured = partial(self._measured, twin)
        memory.on_confirmed = partial(self._confirmed, twin)
        memory.on_all_told = partial(self._note, "all_told", twin)

    def _measured(self, twin: Peripheral, record: Record) -> None:
        facts = [
            {"kind": fact.kind, "value": fact.value, "device_time": fact.device_time} for fact in record.facts
        ]
        self._note("measured", twin, len(twin.measured), facts=facts)

    def _confirmed(self, twin: Peripheral, record: Record) -> None:
        number = next(at for at, one in enumerate(twin.measured, start=1) if one is record)
        self._note("confirmed", twin, number)

    def _note(self, what: str, twin: Peripheral, number: int, **more: Any) -> None:  # noqa: ANN401 - JSON
        """Note with two times: `at` by this machine's clock, `at_s` by the steady one of all its programs."""
        at: datetime = self._now()
        said = {"what": what, "device": twin.address, "is_keeping": twin.is_keeping, "record": number, **more}
        line = orjson.dumps({**said, "at": at, "at_s": time.monotonic()}, option=orjson.OPT_APPEND_NEWLINE)
        assert os.write(self._descriptor, line) == len(line), "a line is written whole"
        os.fsync(self._descriptor)


@contextmanager
def diary(path: Path, twins: Sequence[Peripheral], now: Now) -> Iterator[None]:
    """Keep the record of these devices in a new file of its owner's alone; raise WordsError where that fails.

    Never in one that is there: these devices are new, and count from one.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
    except OSError as error:
        raise WordsError(
            f"--record: {path}: {error.strerror}. Name a new file in a folder of yours"
        ) from error
    try:
        book = Diary(descriptor, now)
        for twin in twins:
            book.follow(twin)
        yield
    finally:
        os.close(descriptor)
