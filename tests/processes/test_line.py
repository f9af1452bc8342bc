"""The whole line, each part a process of its own, through every accident a winter brings."""

import signal
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest

from cloud_bridge.contract.entries import Entry
from tests.contracts.mosquitto import free_port, mosquitto
from tests.contracts.tables.conftest import postgres_url, server
from tests.given import HOME
from tests.processes.house import House, broker_config, is_served, last_round, measured, page, until
from tests.program import Program, pusterom

__all__ = ["postgres_url", "server"]

EVERY_S = 5.0
"""Longer than a visit and the hub's pause after it: no reading has to wait for the next turn."""


@pytest.fixture
def house(postgres_url):
    """A house whose paths are short enough for a unix socket."""
    with tempfile.TemporaryDirectory(prefix="pusterom-", dir="/tmp") as folder:
        yield House(Path(folder), postgres_url, free_port())


def rows(entries: tuple[Entry, ...]) -> list[tuple]:
    """Return entries as the ward's table has them."""
    return [(entry.seq, str(entry.kind), entry.body.decode()) for entry in entries]


def everything_is_in(house: House, room: Program) -> bool:
    """Tell whether the ward's database has as many readings as the devices have made."""
    return house.count("reading") == measured(room) > 0


def stopped(house: House, hub: Program, ward: Program, room: Program) -> None:
    """Stop everything as systemd does; each says goodbye without a trace and leaves no socket behind."""
    assert room.stop() == 0
    until(lambda: "Alt er sendt og bekreftet" in page(hub), "everything has its receipt")
    pages = [program.wait_for(r"on (http://\S+)")[1] for program in (hub, ward)]
    assert hub.stop() == 0
    until(lambda: house.rows("select is_online from home") == [(False,)], "the ward knows that the hub left")
    assert ward.stop() == 0
    assert [program.err for program in (hub, ward, room) if "Traceback" in program.err] == []
    assert not Path(house.radio.removeprefix("unix:")).exists()
    assert not any(map(is_served, pages))


def enrolled(house: House) -> None:
    """Tell the ward who lives here."""
    who = ("--home", HOME, "--name", "Kari N.", "--birth-year", "1955")
    with pusterom("ward", "enrol", "--config", str(house.folder / "ward.toml"), *who) as enrol:
        assert (enrol.ended(), enrol.err) == (0, "")


def shown_on_both_pages(house: House, ward: Program, hub: Program) -> None:
    """What stands in the database stands on the pages, as people write it."""
    weight = house.rows("select body::jsonb ->> 'value' from entry where body like '%body_weight%'")[0][0]
    shown = weight.replace(".", ",")
    assert "Kari N." in page(ward)
    assert shown in page(ward, f"patient/{HOME}")
    assert shown in page(hub)


def both_ends_agree(house: House, room: Program) -> None:
    """Hub and ward hold the same entries, numbered without a gap, and each reading that was measured once."""
    kept = house.log()
    assert [entry.seq for entry in kept] == list(range(1, len(kept) + 1))
    assert house.rows("select seq, kind, body from entry order by log, seq") == rows(kept)
    readings = [entry for entry in kept if entry.kind == "reading"]
    assert len(readings) == house.count("reading") == measured(room)
    assert house.count("quarantine") == 0


@pytest.mark.mosquitto
@pytest.mark.postgres
def test_nothing_is_lost_on_the_whole_line(house):
    """Hub killed, broker away: what the devices have measured stands once in hub and PostgreSQL, in order."""
    with ExitStack() as stack:
        road = ExitStack()
        stack.push(road)
        road.enter_context(mosquitto(house.folder, broker_config(house.broker_port)))
        ward = stack.enter_context(house.ward())
        ward.wait_for("work list on")
        enrolled(house)
        room = stack.enter_context(house.room(EVERY_S))
        hub = stack.enter_context(house.hub())
        log = hub.wait_for("log ([0-9a-f]{16}) up to number 1,")[1]  # the plan

        until(lambda: house.count("reading") >= 3, "readings reach PostgreSQL")
        shown_on_both_pages(house, ward, hub)

        # Not while a device is told "confirmed" and nothing is committed yet: what it then forgets is gone
        # (simulators/README.md). Right after a measurement has arrived, nobody is in that window.
        room.wait_for("has measured", count=len(room.said("has measured")) + 1)
        until(lambda: everything_is_in(house, room), "the ward has all so far")
        hub.stop(signal.SIGKILL)
        before = house.count("reading")
        hub = stack.enter_context(house.hub())
        again = hub.wait_for(r"log ([0-9a-f]{16}) up to number (\d+),")
        assert again[1] == log
        assert int(again[2]) >= before
        until(lambda: house.count("reading") > before, "readings arrive after the hub was killed")

        road.close()
        hub.wait_for("road to the ward: .*(lost|refused|ended)")
        room.wait_for("has measured", count=len(room.said("has measured")) + 2)
        road.enter_context(mosquitto(house.folder, broker_config(house.broker_port)))
        hub.wait_for("road to the ward: back")
        last_round(room)
        until(lambda: everything_is_in(house, room), "the ward has all that was measured in the outage")

        stopped(house, hub, ward, room)
        both_ends_agree(house, room)
