"""The parts of the line as real programs: Mosquitto, PostgreSQL that flushes, hub and ward as installed."""

from collections.abc import Callable
from pathlib import Path
from threading import Event
from time import perf_counter

import psycopg

from gateway.settings import Settings
from gateway.start import open_store
from gateway.store.log import Store
from tests.bench.row import Bench, NotHereError
from tests.contracts.mosquitto import free_port, mosquitto
from tests.contracts.tables.server import private_server
from tests.processes.house import House, broker_config
from tests.program import ROOT, Program, pusterom
from tests.run import PARTS

ONLY_IN_TESTS = ("pandas",)
"""What tests bring along and sqlite-utils loads if it is there: 46 MB and 0.2 s that no hub has."""

_LOOK_AGAIN_S = 0.02


class Line(House):
    """One home and one ward around a broker and a database; a part runs until the row is over."""

    def __init__(self, bench: Bench, *, radio: str | None = None, name: str = "line") -> None:
        needed("mosquitto", "postgres")
        self._bench = bench
        server = bench.stack.enter_context(private_server(is_durable=True, place=str(bench.folder.parent)))
        folder = bench.place(name)
        super().__init__(folder, server.url("public"), free_port(), radio or f"unix:{folder}/room")
        self.bare_path = bare_path(folder)

    def begun_log(self) -> Store:
        """Return the hub's log, begun or opened by the hub's own way; close it before a hub runs."""
        return open_store(Settings.load(self.folder / "hub.toml"))

    def broker(self) -> None:
        """Run Mosquitto with the access list that we ship."""
        self._bench.stack.enter_context(mosquitto(self.folder, broker_config(self.broker_port)))

    def ward_running(self) -> Program:
        """Run the ward, and return once it serves."""
        ward = self._run("ward")
        ward.wait_for("work list on")
        return ward

    def hub_running(self, *words: str) -> Program:
        """Run the hub."""
        return self._run("hub", *words)

    def room_running(self) -> Program:
        """Run a room whose devices measure once and then sleep."""
        begun = pusterom("simulate", "--radio", self.radio, "--every-s", "3600")
        room = self._bench.stack.enter_context(begun)
        room.wait_for("devices are in the air")
        return room

    def committed(self) -> int:
        """Return up to which number the ward has the log, by its own row."""
        try:
            return self.rows("select coalesce(max(up_to), 0) from log")[0][0]
        except psycopg.errors.UndefinedTable:
            return 0

    def _run(self, what: str, *words: str) -> Program:
        file = str(self.folder / f"{what}.toml")
        begun = pusterom(what, "run", "--config", file, *words, PYTHONPATH=self.bare_path)
        return self._bench.stack.enter_context(begun)


def bare_path(folder: Path) -> str:
    """Return a PYTHONPATH on which only what a hub brings along is installed."""
    said = (ROOT / "requirements/run.txt").read_text()
    place = folder / "as-installed"
    place.mkdir()
    for name in ONLY_IN_TESTS:
        assert f"\n{name}==" not in said, f"{name} is installed with a hub: measure it"
        (place / f"{name}.py").write_text("raise ImportError('only tests have it')\n")
    return str(place)


def until(is_so: Callable[[], bool], what: str, within_s: float = 120.0) -> None:
    """Return once it is so, or fail."""
    assert waited(is_so, within_s), f"after {within_s:g} s it is still not so that {what}"


def waited(is_so: Callable[[], bool], within_s: float) -> bool:
    """Return whether it came to be so; looked at from outside, there is no event to wait for."""
    never, ends_at = Event(), perf_counter() + within_s
    while not is_so():
        if perf_counter() >= ends_at:
            return False
        never.wait(_LOOK_AGAIN_S)
    return True


def needed(*markers: str) -> None:
    """Raise NotHereError where a program from outside is missing."""
    missing = [part.package for part in PARTS if part.marker in markers and not part.is_here]
    if missing:
        raise NotHereError(f"needs {' and '.join(missing)}")
