"""A hub on a machine whose Bluetooth is not there: it lives, says so, and asks again."""

import socket
import tempfile
from pathlib import Path

from tests.processes.house import House, page
from tests.program import WAIT_S, pusterom


def test_a_hub_without_bluetooth_says_so_and_keeps_trying():
    """Where D-Bus is away the hub does not die: its page and its log name the reason, and it asks again."""
    with tempfile.TemporaryDirectory(prefix="pusterom-", dir="/tmp") as name:
        folder = Path(name)
        house = House(folder, f"sqlite:///{folder}/ward.db", 9, radio="bluez")
        words = ("hub", "run", "--config", str(folder / "hub.toml"))
        with pusterom(*words, DBUS_SYSTEM_BUS_ADDRESS=f"unix:path={folder}/bus") as hub:
            hub.wait_for("radio: no Bluetooth radio: .*systemctl status bluetooth")
            assert "no Bluetooth radio" in page(hub)
            with socket.socket(socket.AF_UNIX) as bus:
                bus.settimeout(WAIT_S)
                bus.bind(f"{folder}/bus")
                bus.listen()
                bus.accept()[0].close()  # the hub has asked again
            assert hub.stop() == 0
            assert "Traceback" not in hub.err
            assert len(hub.said("systemctl status bluetooth")) <= 2
        assert [entry.kind for entry in house.log()] == ["plan_applied", "hub_started"]
