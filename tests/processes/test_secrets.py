"""No secret, and nothing that says who somebody is, stands where it does not belong: real processes."""

import asyncio
import re
import signal
import sqlite3
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import zstandard

from cloud_bridge.broker import Message, UplinkError
from cloud_bridge.mqtt import PahoBroker
from gateway.start import BONDS_FILE
from tests.contracts.mosquitto import free_port, mosquitto
from tests.given import HOME
from tests.installed import Packages
from tests.processes.house import House, broker_config, until
from tests.processes.planted import BIRTH_YEAR, OWNER, PASSWORD, ROLE, WEIGHTS, Planted, address, bind_key
from tests.processes.search import SURE_BYTES, Secret, forms, found
from tests.program import WAIT_S, Program, pusterom

SECRETS_MIN = 200
NEVER = ("log key", "bond", "bind key", "consent code", "broker password")
"""What may stand in no channel at all; a reading may travel, and a name may stand in the ward."""

BROKEN = """
    import os
    from dataclasses import replace
    from pathlib import Path

    import gateway.app
    from devices.drivers.weight_scale import DRIVER as SCALE, WEIGHT, Frame

    KEY, BOOM, STRANGE = (Path(os.environ[name]) for name in ("PLANTED_KEY", "PLANTED_BOOM", "PLANTED_NAME"))
    hear = gateway.app.Hub._hear

    def knows(seen):
        return seen.name.startswith("Fremmed")

    async def talks(link, visitor):
        await link.subscribe(WEIGHT)
        _, data = await link.receive(timeout_s=5)
        raise ValueError(f"{data!r} {data.hex()} {Frame.from_bytes(data)} {KEY.read_text()} {STRANGE}")
        yield

    def boom(self, seen):
        if BOOM.exists():
            raise RuntimeError(f"{seen!r} {KEY.read_text()} {STRANGE}") from ValueError(str(STRANGE))
        hear(self, seen)

    gateway.app.Hub._hear = boom
    DRIVER = replace(SCALE, id="broken", matches=knows, session=talks, vectors=(), quirks=())
"""
"""A driver from outside whose bugs say everything that they know, and one that it plants in the hub."""


class Spy:
    """Hears everything that goes over a broker."""

    def __init__(self, port: int) -> None:
        self.heard: list[Message] = []
        self._broker = PahoBroker(f"mqtt://127.0.0.1:{port}")
        self._begun = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._listen()), daemon=True)

    async def _listen(self) -> None:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        try:
            async with self._broker.session("spy", subscriptions=("#",)) as session:
                self._begun.set()
                while True:
                    self.heard.append(await session.receive())
        except (asyncio.CancelledError, UplinkError):
            self._begun.set()

    @contextmanager
    def listening(self):
        """Listen while the context is open."""
        self._thread.start()
        assert self._begun.wait(WAIT_S)
        try:
            yield self
        finally:
            if self._thread.is_alive():
                self._loop.call_soon_threadsafe(self._task.cancel)
            self._thread.join(WAIT_S)


def settle_in(folder: Path, planted: Planted, port: int) -> House:
    """Write the settings of a home that is told all its secrets."""
    house = House(folder, f"sqlite:///{folder}/ward.db", port)
    (folder / "password").write_text(PASSWORD)
    (folder / "plan.toml").write_text(_plan(planted))
    devices = []
    for number, code in planted.codes.items():
        (folder / f"{number}.key").write_text(bind_key(number).hex())
        devices.append(f'[[devices]]\naddress = "{address(number)}"\nconsent_code = {code}\n'
                       f'bind_key_file = "{number}.key"\n')  # fmt: skip
    settings = folder / "hub.toml"
    text = re.sub(r'plan_file = ".*"', f'plan_file = "{folder}/plan.toml"', settings.read_text())
    settings.write_text('password_file = "password"\n' + text + "\n" + "\n".join(devices))
    return house


def _plan(planted: Planted) -> str:
    limits = (
        f'[[limits]]\nid = "{planted.limit(number)}"\nkind = "body_weight"\nlevel = "yellow"\n'
        f"above = {62 + number / 2}\nclear = {61 + number / 2}\n"
        for number in range(25)
    )
    head = f'version = 1\napproved_at = 2026-06-01T12:00:00+02:00\napproved_by_role = "{ROLE}"\n'
    return head + "is_verified = false\nstale_h = 48\n" + "\n".join(limits)


def _kept(folder: Path) -> int:
    with closing(sqlite3.connect(f"file:{folder}/ward.db?mode=ro", uri=True)) as ward:
        return ward.execute("select count(*) from reading").fetchone()[0]


def _files(folder: Path) -> dict[str, bytes]:
    return {f"disk: {path.name}": path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}


def _asked(program: Program, what: str) -> dict[str, bytes]:
    url = program.wait_for(r"(?:page|work list) on (http://\S+)")[1]
    answers = {}
    for path in ("health", "metrics", "stats"):
        try:
            with urllib.request.urlopen(url + path, timeout=WAIT_S) as answer:
                answers[f"metrics: {what} /{path}"] = answer.read()
        except urllib.error.HTTPError as refused:
            with refused:
                answers[f"metrics: {what} /{path}"] = refused.read()
    return answers


def _page(program: Program) -> bytes:
    url = program.wait_for(r"page on (http://\S+)")[1]
    with urllib.request.urlopen(url, timeout=WAIT_S) as answer:
        return answer.read()


def _said(*programs: Program) -> bytes:
    return "\n".join(line for program in programs for line in (*program.out, program.err)).encode()


def _unpacked(payload: bytes) -> bytes:
    try:
        return zstandard.ZstdDecompressor().decompress(payload)
    except zstandard.ZstdError:
        return payload


def _bonds(file: Path) -> list[bytes]:
    """Return the keys of all bonds in a file of bonds."""
    return [bytes.fromhex(key) for key in re.findall(r'"value": "([0-9a-f]{32})"', file.read_text())]


@contextmanager
def whole_line(folder: Path, planted: Planted):
    """Run broker, spy, ward and room around a home; hand out what starts its hub, and the rest."""
    port = free_port()
    config = broker_config(port).replace("acl_file", "# acl_file")
    config += f"\nlog_type all\nlog_dest file {folder}/mosquitto.log\n"
    house = settle_in(folder, planted, port)
    packages = Packages(folder / "packages")
    packages.folder.mkdir()
    packages.driver("broken", BROKEN)
    words = {"PYTHONPATH": str(packages.folder), "PLANTED_KEY": str(folder / "hub.key"),
             "PLANTED_BOOM": str(folder / "boom"), "PLANTED_NAME": OWNER}  # fmt: skip

    def hub():
        return pusterom("hub", "run", "-vv", "--config", str(folder / "hub.toml"), **words)

    with ExitStack() as stack:
        stack.enter_context(mosquitto(folder, config))
        spy = stack.enter_context(Spy(port).listening())
        ward = stack.enter_context(pusterom("ward", "run", "-vv", "--config", str(folder / "ward.toml")))
        ward.wait_for("work list on")
        who = ("--home", HOME, "--name", OWNER, "--birth-year", str(BIRTH_YEAR))
        with pusterom("ward", "enrol", "--config", str(folder / "ward.toml"), *who) as enrol:
            assert enrol.ended() == 0
        room = stack.enter_context(pusterom(house.radio, module="tests.processes.planted"))
        room.wait_for("the room is open")
        yield Line(house, hub, ward, room, spy)


@dataclass
class Line:
    """What runs around the hub, and what starts the hub."""

    house: House
    hub: Callable[[], AbstractContextManager[Program]]
    ward: Program
    room: Program
    spy: Spy


def live(line: Line, planted: Planted) -> dict[str, bytes]:
    """Let the hub be killed, crash of a bug, and leave in order; return what stands in every channel."""
    folder, channels = line.house.folder, {}
    with line.hub() as killed:
        killed.wait_for("broken: driver fault")
        until(lambda: _kept(folder) >= len(WEIGHTS) + 2, "the ward has what was measured")
        killed.stop(signal.SIGKILL)
        channels |= _files(folder / "log")  # with the write-ahead file that a kill leaves behind
    with line.hub() as crashed:
        crashed.wait_for("page on")
        channels |= _asked(crashed, "hub") | _asked(line.ward, "ward")
        channels["page"] = _page(crashed)
        (folder / "boom").touch()
        assert crashed.ended() == 1
        (folder / "boom").unlink()
    with line.hub() as left:
        until(lambda: "Alt er sendt og bekreftet" in _page(left).decode(), "everything has its receipt")
        assert left.stop() == 0
    assert line.ward.stop() == 0
    channels["output of the hub"] = _said(killed, left)
    channels["crash trace"] = _said(crashed)
    channels["output of the ward"] = _said(line.ward)
    channels |= {f"{name} after it has left": data for name, data in _files(folder / "log").items()}
    channels |= _of_broker(line)
    _plant_what_was_made(planted, line)
    return channels


def _of_broker(line: Line) -> dict[str, bytes]:
    said = (line.house.folder / "mosquitto.log").read_text()
    up = [_unpacked(message.payload) for message in line.spy.heard]
    return {
        "topics": "\n".join(message.topic for message in line.spy.heard).encode(),
        "clients and users": re.sub(r"\(\d+ bytes\)", "", said).encode(),
        "payloads": b"\n".join(up),
        "database of the ward": (line.house.folder / "ward.db").read_bytes(),
    }


def _plant_what_was_made(planted: Planted, line: Line) -> None:
    """Add what the programs made themselves: the log's key, the bonds, the frames."""
    key = re.search("[0-9a-f]{64}", line.house.log_key())[
        0
    ]  # what stands behind it is the salt, and no secret
    planted.plant("log key", "itself", bytes.fromhex(key))
    planted.plant(
        "log key", "what wraps it", bytes.fromhex((line.house.folder / "hub.key").read_text().strip())
    )
    for number, bond in enumerate(_bonds(line.house.folder / "log" / BONDS_FILE)):
        planted.plant("bond", f"{number}", bond)
    for number, frame in enumerate(line.room.said("^frame (.*)")):
        planted.plant("reading", f"frame {number}", bytes.fromhex(frame[1]))


def allowed(channel: str, planted: Planted) -> list[Secret]:
    """Return which secrets a channel must not hold."""
    if channel.startswith(f"disk: {BONDS_FILE}"):
        # A virtual room's bonds lie there as BlueZ's lie in its own folder: in the clear (S16).
        return planted.but("bond", "address")
    if channel == "page":
        return planted.of(*NEVER)
    if channel == "payloads":
        return planted.of(*NEVER, "person")
    if channel == "database of the ward":
        return planted.of(*NEVER)
    return planted.known


def leaks(channels: dict[str, bytes], planted: Planted) -> list[str]:
    """Return every secret in every channel where it does not belong."""
    return [hit for name, data in channels.items() for hit in found(allowed(name, planted), name, data)]


@pytest.mark.mosquitto
def test_no_secret_stands_where_it_does_not_belong():
    """Planted keys, readings and names: none on the disk, in logs, traces, metrics, topics or clients."""
    planted = Planted()
    with (
        tempfile.TemporaryDirectory(prefix="pusterom-", dir="/tmp") as folder,
        whole_line(Path(folder), planted) as line,
    ):
        channels = live(line, planted)
    assert len({secret.value for secret in planted.known}) >= SECRETS_MIN
    assert leaks(channels, planted) == []
    _see_that_all_was_there(channels, planted)
    for name in channels:
        for secret in (allowed(name, planted)[0], allowed(name, planted)[-1]):
            spilt = {name: b"\n" + max((form for _, form in forms(secret.value)), key=len) + b"\n"}
            assert leaks(spilt, planted) != [], f"{secret} is not noticed in {name}"


def _see_that_all_was_there(channels: dict[str, bytes], planted: Planted) -> None:
    """A search in the wrong place finds nothing: what must stand somewhere does."""
    assert all(any(part in name for name in channels) for part in ("log.db-wal", "keyring.json"))
    assert {"disk: log.db", "disk: log.json", "disk: outside.json", f"disk: {BONDS_FILE}"} <= set(channels)
    assert found(planted.of("bond"), "", channels[f"disk: {BONDS_FILE}"]) != []
    assert len(found(planted.of("reading"), "", channels["payloads"])) >= len(WEIGHTS)
    assert len(found(planted.of("address", "plan"), "", channels["payloads"])) >= 20
    assert found(planted.of("person"), "", channels["database of the ward"]) != []
    assert b"Vekt" in channels["page"]
    assert b"builtins.RuntimeError" in channels["crash trace"]
    assert b"builtins.ValueError" in channels["output of the hub"]
    assert b"DEBUG" in channels["output of the hub"]
    assert f"pusterom/v1/home/{HOME}/up".encode() in channels["topics"]
    assert f"hub-{HOME}".encode() in channels["clients and users"]


@pytest.mark.parametrize("secret", [
    Secret("key", "bytes", bytes(range(40, 56))), Secret("person", "name", "Planta Ødegård"),
    Secret("reading", "weight", 61.015), Secret("code", "digits", "5589"),
], ids=lambda secret: secret.name)  # fmt: skip
def test_every_form_of_a_secret_is_found(secret):
    """In text and between random bytes, in any case, at any place of a longer base64; and nothing else is."""
    noise = bytes(range(128, 256))
    for name, form in forms(secret.value):
        assert found([secret], "", b"said: " + form + b" and more") != [], name
        if len(form) >= SURE_BYTES:
            assert found([secret], "", noise + form + noise) != [], name
            assert found([secret], "", noise + form[:-1] + b"\xfe" + noise) == [], name
    other = b"nothing of it 155890 5589123 161.015 61.0151 10:55:5589:10 5589c682da7069d1422f 0c2d947b5589"
    assert found([secret], "", other) == []
