"""A whole line of real processes, every part of it to be killed, and what is seen of it from outside."""

import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

import psycopg

from gateway.store.file import LOG_FILE
from tests.contracts.mosquitto import free_port
from tests.contracts.tables.server import Server
from tests.given import HOME
from tests.processes.checker import Place, Verdict, check, devices_record, hub_place, ward_place
from tests.processes.house import House, broker_config
from tests.processes.parts import Broker, Clock, Ours, Postgres, Road, eventually, pause, roads
from tests.program import pusterom

MEASURE_EVERY_S = 3.0
DEVICES = ("pulse_oximeter", "weight_scale")


class Town:
    """One home with two devices, its broker, its ward, the ward's database; and the roads between."""

    def __init__(self, folder: Path, server: Server, url: str) -> None:
        self.broker_port = free_port()
        self.house = House(folder, url, self.broker_port)
        self.record = folder / "record.jsonl"
        self.clock = Clock(folder / "clock")
        self.broker = Broker(folder, self.broker_port, broker_config(self.broker_port))
        self.database = Postgres(server)
        self.stack = ExitStack()

    def move_in(self, seed: int) -> None:
        """Start everything, and return once readings arrive at the ward."""
        house, stack = self.house, self.stack
        (self.hub_road, hub_port), (self.ward_road, ward_port) = stack.enter_context(
            roads(self.broker_port, 2)
        )
        self.broker.start()
        stack.callback(self.broker.close)
        self.ward = self._ours("ward", ward_port, "work list on")
        self.hub = self._ours("hub", hub_port, "page on", **self.clock.environment)
        self.room = stack.enter_context(self._room(seed))
        for part in (self.ward, self.hub):
            part.start()
            stack.callback(part.close)
        eventually(lambda: house.count("reading") > 0, "readings reach PostgreSQL")

    def _ours(self, name: str, port: int, up: str, **environment: str) -> Ours:
        config = str(self.house.folder / f"{name}.toml")
        words = (name, "run", "--config", config, "--broker", f"mqtt://127.0.0.1:{port}")
        return Ours(name, words, up, **environment)

    def _room(self, seed: int):
        words = [word for device in DEVICES for word in ("--device", device)]
        words += ["--every-s", str(MEASURE_EVERY_S), "--seed", str(seed), "--keep"]
        return pusterom("simulate", "--radio", self.house.radio, *words, "--record", str(self.record))

    @property
    def roads(self) -> dict[str, Road]:
        """The roads by whose they are."""
        return {"hub": self.hub_road, "ward": self.ward_road}

    def tend(self, for_s: float) -> None:
        """Let so much time pass; what ends by itself is started again."""
        ends_s = time.monotonic() + for_s
        while True:
            for part in (self.hub, self.ward):
                part.tend()
            if (left_s := ends_s - time.monotonic()) <= 0:
                return
            pause(min(0.1, left_s))

    def unsettled(self) -> str:
        """Say what has not had its way yet; nothing if all has."""
        measured, retold = devices_record(self.record)
        waiting = sum(each.confirmed_at_s is None for each in measured.values())
        if waiting:
            return f"{waiting} records are still in the devices"
        for device in {device for (device, _), each in measured.items() if each.is_kept}:
            count = sum(one == device for one, _ in measured)
            if retold.get(device, 0) < count:
                return f"{device} has told {retold.get(device, 0)} of {count} anew"
        return self._unarrived()

    def _unarrived(self) -> str:
        try:
            hub, ward = self.places()
        except psycopg.OperationalError:
            return "PostgreSQL does not answer"
        highest = max((row.seq for row in hub.entries), default=0)
        if (highest, highest) != (hub.up_to, ward.up_to):
            return f"the hub has {highest} entries and a receipt for {hub.up_to}, the ward {ward.up_to}"
        return ""

    def places(self) -> tuple[Place, Place]:
        """Read both databases past all code of ours."""
        house = self.house
        return (
            hub_place(house.folder / "log" / LOG_FILE, house.log_key()),
            ward_place(house.database, HOME),
        )

    def calm(self) -> None:
        """End every trouble, and let the devices measure for the last time."""
        for road in self.roads.values():
            road.set_cut(False)
            road.set_silent(False)
            road.set_slow(0.0)
        self.clock.set(timedelta())
        self.room.tell(signal.SIGUSR1)

    def verdict(self) -> Verdict:
        """Count everything against everything."""
        measured, _ = devices_record(self.record)
        verdict = check(measured.values(), *self.places(), self.hub.killed_s)
        verdict.fault("disordered", [*self.hub.traces, *self.ward.traces])
        return verdict

    def leave(self) -> None:
        """Stop as systemd does; each must say goodbye without a trace."""
        codes = {"room": self.room.stop()}
        codes |= {part.name: part.now.stop() for part in (self.hub, self.ward)}
        assert set(codes.values()) == {0}, codes


@contextmanager
def town(folder: Path, server: Server, url: str, seed: int) -> Iterator[Town]:
    """Move in; when the context is left everything is gone."""
    made = Town(folder, server, url)
    with made.stack:
        made.move_in(seed)
        yield made
