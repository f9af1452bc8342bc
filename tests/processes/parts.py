"""What can be killed, cut or set wrong: our programs, Mosquitto, PostgreSQL, the roads between, a clock."""

import asyncio
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from datetime import timedelta
from glob import glob
from pathlib import Path

from simulators.internet import Internet
from tests.contracts.mosquitto import mosquitto_program
from tests.contracts.tables.server import Server
from tests.processes.house import is_served
from tests.program import Program

LOOK_AGAIN_S = 0.05
START_S = 40.0
SYSTEMD_WAITS_S = 1.0
"""Before it starts again what has ended by itself; the units wait ten seconds."""

FAKETIME = "/usr/lib/*/faketime/libfaketimeMT.so.1"
_NEVER = threading.Event()


def pause(for_s: float) -> None:
    """Let the processes go on for a while: chaos is drawn in time, there is nothing to wait for."""
    _NEVER.wait(for_s)


def eventually(is_so: Callable[[], bool], what: str, within_s: float = START_S) -> None:
    """Return once it is so."""
    ends_s = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < ends_s, f"after {within_s:g} s it is still not so that {what}"
        pause(LOOK_AGAIN_S)


class Ours:
    """A `pusterom` program that systemd would start again."""

    def __init__(self, name: str, words: tuple[str, ...], up: str, **environment: str) -> None:
        self.name = name
        self.killed_s: list[tuple[float, float]] = []
        self.left_by_itself: list[str] = []
        self._words, self._up, self._environment = words, up, environment
        self._runs: list[Program] = []
        self._again_at_s: float | None = None

    @property
    def now(self) -> Program:
        """The program that runs, or ran last."""
        return self._runs[-1]

    @property
    def is_up(self) -> bool:
        """Whether it runs and has said that it is ready."""
        return self.now.code is None and bool(self.now.said(self._up))

    @property
    def traces(self) -> list[str]:
        """The traces of all its runs: each is a bug of ours."""
        return [run.err for run in self._runs if "Traceback" in run.err]

    def start(self) -> None:
        """Start it, unless it runs."""
        self._again_at_s = None
        if not self._runs or self.now.code is not None:
            self._runs.append(Program(*self._words, **self._environment))

    def kill(self) -> None:
        """Kill -9, and note when."""
        begun_s = time.monotonic()
        if self.now.code is None:
            self.now.tell(signal.SIGKILL)
        self.now.ended()
        self.killed_s.append((begun_s, time.monotonic()))

    def tend(self) -> None:
        """Start again what ended by itself, as its unit says; a kill is not of itself."""
        code = self.now.code
        if code is None or code == -signal.SIGKILL:
            return
        if self._again_at_s is None:
            self.left_by_itself.append(f"{self.name} left with {code}: {self.now.err[-300:]}")
            self._again_at_s = time.monotonic() + SYSTEMD_WAITS_S
        elif time.monotonic() >= self._again_at_s:
            self.start()

    def close(self) -> None:
        """End it, and let go of all its runs."""
        for run in self._runs:
            run.close()
            for left in glob(f"/dev/shm/*faketime_*_{run.pid}"):
                Path(left).unlink()  # whoever is killed leaves its clock behind


class Broker:
    """Mosquitto with its state on the disk."""

    def __init__(self, folder: Path, port: int, config: str) -> None:
        self._folder, self._port = folder / "broker", port
        self._folder.mkdir()
        self._file = folder / "mosquitto.conf"
        ours = f"persistence true\npersistence_location {self._folder}/\nautosave_interval 1\n"
        ours += f"log_dest file {folder}/mosquitto.log\nconnection_messages false\nuser root\n"
        self._file.write_text(config.replace("persistence false\n", "") + ours)
        self._process: subprocess.Popen | None = None

    def start(self) -> None:
        """Start it, and return once it listens."""
        self._process = subprocess.Popen([mosquitto_program(), "-c", self._file], stderr=subprocess.DEVNULL)
        eventually(lambda: is_served(f"http://127.0.0.1:{self._port}"), "Mosquitto listens")

    def kill(self) -> None:
        """Kill -9."""
        assert self._process is not None, "only what was started is killed"
        self._process.kill()
        self._process.wait()

    def forget(self) -> None:
        """Delete its state, while it is dead."""
        for file in self._folder.iterdir():
            file.unlink()

    close = kill


class Postgres:
    """PostgreSQL as it is in real use: durable."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def start(self) -> None:
        """Start it; the children of a killed server must have gone first."""
        eventually(self._has_started, "PostgreSQL starts")

    def kill(self) -> None:
        """Kill -9 of the postmaster; its children see that and go."""
        os.kill(self._server.pid, signal.SIGKILL)

    def _has_started(self) -> bool:
        with suppress(AssertionError):
            self._server.start()
            return True
        return False


class Clock:
    """The wall clock of one process, which can be set while it runs; its steady clock stays as it is."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.set(timedelta())

    def set(self, ahead: timedelta) -> None:
        """Set it so much ahead of ours; below zero it is behind."""
        draft = self._file.with_suffix(".new")
        draft.write_text(f"{int(ahead.total_seconds()):+d}\n")
        draft.rename(self._file)

    @property
    def environment(self) -> dict[str, str]:
        """What a process must be started with to live by this clock."""
        found = glob(FAKETIME)
        assert found, "these tests need faketime: apt-get install faketime"
        return {
            "LD_PRELOAD": found[0],
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }


class Road:
    """A road to the broker that runs in a thread of its own, beside whatever waits here."""

    def __init__(self, internet: Internet, loop: asyncio.AbstractEventLoop) -> None:
        self._internet, self._loop = internet, loop

    def set_cut(self, is_cut: bool) -> None:
        """Break it, or mend it."""
        self._loop.call_soon_threadsafe(self._internet.set_cut, is_cut)

    def set_silent(self, is_silent: bool) -> None:
        """Let nothing pass without anybody being told."""
        self._loop.call_soon_threadsafe(self._internet.set_silent, is_silent)

    def set_slow(self, delay_s: float) -> None:
        """Let every piece take so much longer."""
        self._internet.delay_s = delay_s


@contextmanager
def roads(port: int, count: int) -> Iterator[list[tuple[Road, int]]]:
    """Hand out so many roads to the broker on this port, each with a port of its own."""
    begun, over = threading.Event(), asyncio.Event()
    made: list[tuple[Road, int]] = []
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        all_ = [Internet("127.0.0.1", port) for _ in range(count)]
        async with AsyncExitStack() as stack:
            ports = [await stack.enter_async_context(one.open()) for one in all_]
            made.extend((Road(one, loop), own) for one, own in zip(all_, ports, strict=True))
            begun.set()
            await over.wait()
        await _drop_the_rest()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    begun.wait(START_S)
    try:
        yield made
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(START_S)
        loop.close()


async def _drop_the_rest() -> None:
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
