"""A home and a ward as separate real processes around a real broker, each with its files in one folder."""

import json
import signal
import socket
import urllib.request
from collections.abc import Callable
from pathlib import Path
from threading import Event

import psycopg

from cloud_bridge.contract.entries import Entry
from gateway.settings import Settings
from gateway.start import open_store
from gateway.store.episodes import look_key
from gateway.store.file import LOG_FILE
from gateway.store.key_place import KeyPlace
from tests.given import HOME
from tests.processes.checker import hub_place
from tests.program import ROOT, WAIT_S, Program, pusterom

LOOK_AGAIN_S = 0.05
PATIENT_S = 180.0
"""Longer than a hub waits for a receipt before it sends again (20 s), and then some."""

PLAN = ROOT / "config/plan.toml"
NO_CONNECTION_S = 0.5


def broker_config(port: int) -> str:
    """Return our own Mosquitto configuration, with its access list, on another port."""
    text = (ROOT / "config/mosquitto.conf").read_text()
    text = text.replace("listener 1883", f"listener {port}")
    return text.replace("config/mosquitto.acl", str(ROOT / "config/mosquitto.acl"))


def is_served(url: str) -> bool:
    """Tell whether anybody listens at this address still."""
    host, _, port = url.removeprefix("http://").rstrip("/").partition(":")
    try:
        socket.create_connection((host, int(port)), NO_CONNECTION_S).close()
    except OSError:
        return False
    return True


class House:
    """Settings for one hub and one ward, and the words that start them."""

    def __init__(self, folder: Path, database: str, broker_port: int, radio: str | None = None) -> None:
        self.folder = folder
        self.database = database
        self.broker_port = broker_port
        self.radio = radio or f"unix:{folder}/room"
        hub = {
            "home": HOME, "folder": "log", "key_file": "hub.key", "plan_file": str(PLAN),
            "broker": f"mqtt://127.0.0.1:{broker_port}", "radio": self.radio,
        }  # fmt: skip
        ward = {"database": database, "broker": f"mqtt://127.0.0.1:{broker_port}"}
        for name, words in (("hub", hub), ("ward", ward)):
            lines = [f"{key} = {json.dumps(value)}" for key, value in words.items()]
            (folder / f"{name}.toml").write_text("\n".join([*lines, "[page]", "port = 0", ""]))

    def hub(self):
        """Run the hub."""
        return pusterom("hub", "run", "--config", str(self.folder / "hub.toml"))

    def ward(self):
        """Run the ward."""
        return pusterom("ward", "run", "--config", str(self.folder / "ward.toml"))

    def room(self, every_s: float):
        """Run a room with an oximeter and a scale."""
        return pusterom("simulate", "--radio", self.radio, "--every-s", str(every_s))

    def log(self) -> tuple[Entry, ...]:
        """Return every entry of the hub's log, read by the production store; the hub must have stopped."""
        store = open_store(Settings.load(self.folder / "hub.toml"))
        try:
            return store.entries(after=0, count_max=100_000)
        finally:
            store.close()

    def log_key(self) -> str:
        """Return the raw key of the hub's log, for who reads the file past our store."""
        settings = Settings.load(self.folder / "hub.toml")
        return look_key(KeyPlace.of(settings), settings.home).pragma()

    def kept(self) -> int:
        """Return how many readings the hub's file holds, past all our own code, while the hub runs."""
        return len(hub_place(self.folder / "log" / LOG_FILE, self.log_key()).readings)

    def rows(self, sql: str) -> list[tuple]:
        """Ask the ward's PostgreSQL, past all our own code."""
        with psycopg.connect(self.database, autocommit=True) as connection:
            return connection.execute(sql.encode()).fetchall()

    def count(self, table: str) -> int:
        """Return how many rows a table has; none while it is not yet there."""
        try:
            return self.rows(f"select count(*) from {table}")[0][0]
        except psycopg.errors.UndefinedTable:
            return 0


def measured(room: Program) -> int:
    """Return how many readings its devices have made: two by the oximeter each time, one by the scale."""
    return 2 * len(room.said(r"^\S*(Oxi|oxi|Pulse)\S*.* has measured")) + len(
        room.said("cale.* has measured")
    )


def last_round(room: Program) -> None:
    """Let each device measure once more, and return when that is all that there will ever be to tell."""
    room.tell(signal.SIGUSR1)
    room.wait_for("measure no more")


def page(program: Program, path: str = "") -> str:
    """Return what the page of a hub or ward shows now."""
    url = program.wait_for(r"(?:page|work list) on (http://\S+)")[1]
    with urllib.request.urlopen(url + path, timeout=WAIT_S) as answer:
        return answer.read().decode()


def until(is_so: Callable[[], bool], what: str) -> None:
    """Return once it is so: looked at from outside, there is no event to wait for."""
    never = Event()
    for _ in range(int(PATIENT_S / LOOK_AGAIN_S)):
        if is_so():
            return
        never.wait(LOOK_AGAIN_S)
    raise AssertionError(f"after {PATIENT_S} s it is still not so that {what}")
