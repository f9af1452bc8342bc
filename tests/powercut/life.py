"""The worker: lives one scenario on the recorded disk, and says before and after each deed what it is."""

import json
import os
import shutil
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from cloud_bridge.contract.entries import Clock, EntryKind
from devices.driver import FrameError
from devices.kinds import Kind
from gateway.pipeline import Pipeline
from gateway.start import open_store
from gateway.store.episodes import rotate
from gateway.store.file import LOG_FILE
from gateway.store.key_place import KeyPlace
from gateway.store.log import Fact, Store
from gateway.store.log_reader import Met
from gateway.store.look import PAGE_BYTES
from tests.given import HOME, NOON, OXIMETER
from tests.powercut.first_version import JUDGE, first_version
from tests.powercut.hub import ECHO, Minutes, measured, pipeline, settings
from tests.powercut.laws import state_of
from tests.powercut.ledger import NOTHING_NEW, said_of
from tests.powercut.tape import BEGIN, END

FORK = get_context("fork")
A_LONG_TIME = 1_000

STEPS = frozenset({
    "open", "write", "flush", "fsync", "close", "rename", "replace", "unlink", "mkdir",
    "chmod", "fchmod", "ftruncate",
})  # fmt: skip
"""What Python calls when it changes something on a disk, or is about to."""


class Marks:
    """The file into which we say what we do; the disk puts it on its tape."""

    def __init__(self, file: Path) -> None:
        self._file = os.open(file, os.O_WRONLY)

    def say(self, do: str, **words: Any) -> None:
        """Say one thing; when this returns it stands on the tape."""
        os.pwrite(self._file, json.dumps({"do": do, **words}).encode() + b"\n", 0)


class Told:
    """The production store, with every deed that changes it told before and after."""

    def __init__(self, store: Store, marks: Marks) -> None:
        self._store = store
        self._marks = marks

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def commit(
        self, facts: Any, *, at: datetime, clock: Any = None, met: Met | None = None, **noted: bytes | None
    ) -> Any:
        """Hand in facts, with what is noted beside them."""
        self._marks.say(
            "handed",
            deed="commit",
            at=at.isoformat(),
            clock=clock and [clock.boot, clock.uptime_s, clock.trust],
            facts=[_fact(fact) for fact in facts],
            met=met and [met.address, met.driver, met.heard_at.isoformat(), met.fault],
            noted={name.removesuffix("_state"): body.decode() for name, body in noted.items() if body},
        )
        entries = self._store.commit(facts, at=at, clock=clock, met=met, **noted)
        self._marks.say("kept")
        return entries

    def move_cursor(self, up_to: int, *, at: datetime, by: str) -> None:
        """Note a receipt."""
        self._marks.say("handed", deed="cursor", up_to=up_to, at=at.isoformat(), by=by)
        self._store.move_cursor(up_to, at=at, by=by)
        self._marks.say("kept")

    def remove_received(self, before: datetime, *, count_max: int) -> int:
        """Remove what the ward has."""
        self._marks.say("handed", deed="remove", before=before.isoformat(), count_max=count_max)
        count = self._store.remove_received(before, count_max=count_max)
        self._marks.say("kept")
        return count


def _fact(fact: Fact) -> dict[str, Any]:
    series = fact.series and [fact.series[0], fact.series[1].isoformat()]
    return {"kind": fact.kind, "body": fact.body.decode(), "id": fact.id, "series": series}


class Life:
    """One scenario's world: a disk, dice, and the words for what happens on it."""

    def __init__(self, disk: Path, marks: Marks, dice: Random, planted: str | None) -> None:
        self.disk = disk
        self.dice = dice
        self.clock = Minutes()
        self._marks = marks
        self._planted = planted
        self._minute, self._uptime_s = 0, 0.0
        self._received_at = self.clock()

    def begin(self) -> None:
        """From here on the power may be cut."""
        self._marks.say(BEGIN)

    def start(self, name: str = "home") -> Told:
        """Open the log as a hub does that starts, or begin one."""
        self._marks.say("home", name=name)
        self._marks.say("handed", deed=NOTHING_NEW)
        store = open_store(settings(self.disk, name))
        if self._planted is not None:
            store._db.execute(f"pragma synchronous = {self._planted}")
        self._marks.say("kept", log=store.log)
        return Told(store, self._marks)

    def of_first_version(self, name: str) -> None:
        """Leave a log as the first version did: its first tables, and a key that is the key file itself."""
        self._marks.say("home", name=name)
        facts = [Fact(EntryKind.READING, b"{}", f"{name}-{number}", ("spo2", NOON)) for number in range(20)]
        told = {"at": NOON.isoformat(), "clock": None, "met": None, "noted": {"judge": JUDGE}}
        self._marks.say("handed", deed="commit", facts=[_fact(fact) for fact in facts], **told)
        first_version(settings(self.disk, name), name, facts)
        self._marks.say("kept", log=name)

    def damage(self, name: str, pages: int) -> None:
        """Flip an octet in some pages of a log, as a card does."""
        with (settings(self.disk, name).folder / LOG_FILE).open("r+b") as file:
            count = file.seek(0, os.SEEK_END) // PAGE_BYTES
            for page in self.dice.sample(range(1, count), pages):
                file.seek(page * PAGE_BYTES)
                octet = file.read(1)[0]
                file.seek(page * PAGE_BYTES)
                file.write(bytes([octet ^ 1]))
            file.flush()
            os.fsync(file.fileno())

    def salvaged_apart(self, name: str) -> None:
        """Say what a start makes of a damaged log when nothing disturbs it: no cut may make it less."""
        with TemporaryDirectory() as place:
            here, there = settings(self.disk, name), settings(Path(place), name)
            shutil.copytree(here.folder, there.folder)
            shutil.copy2(here.key_file, there.key_file)
            with closing(open_store(there)) as store:
                state = state_of(store)
        self._marks.say("home", name=name)
        self._marks.say("expected", **said_of(state))

    def rotate(self, name: str = "home") -> None:
        """Give the hub a new secret, as `pusterom store rotate-key` does while it stands still."""
        self._marks.say("handed", deed=NOTHING_NEW)
        rotate(KeyPlace.of(settings(self.disk, name)), HOME, self.clock())
        self._marks.say("kept")

    def pipeline(self, store: Told) -> Pipeline:
        """Put the production pipeline on a store."""
        return pipeline(store, self.clock, self.trusted)

    def trusted(self) -> Clock:
        """Say how the hub's clock stands: confirmed now and then."""
        self._uptime_s += self.dice.random()
        return Clock(1, self._uptime_s, self.dice.choice(("synced", "kept")))

    def visit(self, line: Pipeline, readings: int = 3, *, is_faulty: bool = False) -> None:
        """Let a device tell some readings, high and low, in one visit."""
        visit = line.visit(ECHO, OXIMETER)
        for _ in range(readings):
            self._minute += 1
            spo2 = measured(self._minute, float(self.dice.randint(80, 96)))
            visit.take([spo2, measured(self._minute, float(self.dice.randint(60, 130)), Kind.PULSE_RATE)])
        if is_faulty:
            visit.take(FrameError("no frame of ours", self.dice.randbytes(20)))
        visit.close()

    def receive(self, store: Told, up_to: int) -> None:
        """Note what a ward has received: one of two, in this minute or in the next."""
        if self.dice.random() < 0.5:
            self._received_at = self.clock()
        store.move_cursor(up_to, at=self._received_at, by=self.dice.choice(("ward-a", "ward-b")))

    def killed(self, deed: Callable[[], None]) -> None:
        """Do something in a process that ends as if killed: nothing is closed behind it."""

        def until_killed() -> None:
            deed()
            os._exit(0)

        _joined(FORK.Process(target=until_killed))
        self._minute += A_LONG_TIME  # what it told is told: nobody measures the same again

    def with_neighbour(self) -> None:
        """Let another program sync the disk's journal right before each of our steps on files.

        What is half done then outlives a cut. SQLite's own steps are not seen by Python; it needs no help.
        """
        file = os.open(self.disk / "neighbour", os.O_RDWR | os.O_CREAT, 0o600)

        def sync(_frame: object, event: str, called: Any) -> None:
            if event == "c_call" and called.__name__ in STEPS:
                os.pwrite(file, b"!", 0)
                os.fsync(file)

        sys.setprofile(sync)


def lived(scenario: Callable[[Life], None], disk: Path, marks: Path, seed: str, planted: str | None) -> None:
    """Live a scenario in a process of its own, up to the moment in which nothing is closed."""

    def live() -> None:
        said = Marks(marks)
        scenario(Life(disk, said, Random(seed), planted))
        said.say(END)
        os._exit(0)  # as if it still ran

    _joined(FORK.Process(target=live))


def _joined(process: Any) -> None:
    process.start()
    process.join()
    if process.exitcode:
        raise ChildProcessError(f"the worker ended with {process.exitcode}; see above")
