"""Starts the real Mosquitto on a free loopback port, and stops it."""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest

STOP_TIMEOUT_S = 10.0
_PLACES = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin")
OPEN = """
listener {port} 127.0.0.1
allow_anonymous true
persistence false
max_queued_messages 100000
"""
"""A configuration that lets everybody do everything."""


class Port(int):
    """The port of a running Mosquitto, which can be told to read its files again."""

    process: subprocess.Popen

    def reload(self) -> None:
        """Send SIGHUP, as `systemctl reload` does."""
        self.process.send_signal(signal.SIGHUP)


def mosquitto_program() -> str:
    """Return the path of the program, or fail the test saying what to install."""
    program = shutil.which("mosquitto", path=os.pathsep.join([os.environ.get("PATH", ""), *_PLACES]))
    if program is None:
        pytest.fail("Mosquitto is missing: `apt-get install mosquitto` (or `brew install mosquitto`)")
    return program


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@contextmanager
def _emptied(process: subprocess.Popen) -> Iterator[None]:
    """Read what it says: a pipe that nobody empties holds 64 KiB, then the broker stands still."""
    reader = Thread(target=process.stderr.read, daemon=True)
    reader.start()
    try:
        yield
    finally:
        process.terminate()
        reader.join(STOP_TIMEOUT_S)


@contextmanager
def mosquitto(folder: Path, config: str = OPEN) -> Iterator[Port]:
    """Run Mosquitto with this configuration, in which {port} is filled in; hand out the port."""
    port = free_port()
    file = folder / "mosquitto.conf"
    # As root Mosquitto would become another user, who can't read a test's folder.
    ours = "\nlog_dest stderr\nconnection_messages false\nuser root\n"
    file.write_text(config.replace("{port}", str(port)) + ours)
    process = subprocess.Popen([mosquitto_program(), "-c", file], stderr=subprocess.PIPE, text=True)
    try:
        said = []
        while line := process.stderr.readline():  # ends when it runs, or when it has ended
            said.append(line)
            if line.rstrip().endswith(" running"):
                break
        else:
            pytest.fail("Mosquitto did not start:\n" + "".join(said))
        port = Port(port)
        port.process = process
        with _emptied(process):
            yield port
    finally:
        process.terminate()
        process.communicate(timeout=STOP_TIMEOUT_S)
