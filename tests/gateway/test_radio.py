"""How bleak's words and errors become ours, on a BlueZ that misbehaves as the real one was seen to."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from typing import Any

import pytest
from bleak.backends.scanner import AdvertisementData
from bleak.exc import BleakDBusError, BleakError, BleakGATTProtocolError

import gateway.radio
from devices.driver import Advertisement, LinkError
from gateway.ports import RadioError
from gateway.radio import HEARD_COUNT_MAX, BleakLink, BleakRadio, Waits, open_radio
from tests.gateway.bluez import ADDRESS, CHAR, Client, Scanner, agree, hang

pytestmark = pytest.mark.anyio
WAITS = Waits(
    scan_round_s=0.02,
    connect_s=0.05,
    pair_s=0.05,
    read_s=0.05,
    write_s=0.05,
    subscribe_s=0.05,
    disconnect_s=0.05,
)
QUIET = AdvertisementData(None, {}, {}, [], None, -127, ())


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def refuse(error: Exception) -> Any:
    async def step() -> None:
        raise error

    return step


class Bluez:
    """A radio on backends of its own."""

    def __init__(self, **steps: list[Any]) -> None:
        self.scanner = type("S", (Scanner,), {"heard": [(ADDRESS, QUIET)]})
        self.client = type(
            "C", (Client,), {"did": [], "steps": {k.replace("_", " "): v for k, v in steps.items()}}
        )
        self.radio = BleakRadio(self.scanner, self.client, waits=WAITS)

    async def hear(self) -> Advertisement:
        async with contextlib.aclosing(self.radio.scan()) as scan:
            return await anext(scan)

    @contextlib.asynccontextmanager
    async def link(self) -> AsyncIterator[BleakLink]:
        await self.hear()
        async with self.radio.connect(ADDRESS) as link:
            yield link


async def test_what_was_heard_in_our_words() -> None:
    """UUIDs are long and lower case, bytes are bytes, and no strength is None instead of -127."""
    bluez = Bluez()
    uuid = "0000181D-0000-1000-8000-00805F9B34FB"
    data = AdvertisementData("Scale", {87: b"\1"}, {uuid: b"\2"}, [uuid], None, -60, ())
    bluez.scanner.heard = [(ADDRESS, data)]
    low = uuid.lower()
    assert await bluez.hear() == Advertisement(
        ADDRESS, "Scale", frozenset({low}), {low: b"\2"}, {87: b"\1"}, rssi_dbm=-60
    )
    bluez.scanner.heard = [(ADDRESS, QUIET)]
    assert await bluez.hear() == Advertisement(ADDRESS)


async def test_without_a_bus_there_is_a_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine without D-Bus the scan says that there is no radio and what to look at."""
    monkeypatch.setitem(os.environ, "DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere/bus")
    radio = open_radio("bluez", bonds=None)
    with pytest.raises(RadioError, match="systemctl status bluetooth"):
        await anext(radio.scan())


@pytest.mark.parametrize(
    "error",
    [BleakError("no adapter"), BleakDBusError("org.bluez.Error.NotReady", []), EOFError(), OSError(2, "x")],
)
async def test_a_radio_that_does_not_start_is_a_radio_error(error: Exception) -> None:
    """However the bus or BlueZ fail, one error of ours comes out."""
    bluez = Bluez()
    bluez.scanner.failure = error
    with pytest.raises(RadioError):
        await bluez.hear()


async def test_a_radio_that_dies_while_scanning_is_noticed() -> None:
    """Nobody tells us when bluetoothd dies: the next round finds out, within a named time."""
    bluez = Bluez()
    scan = bluez.radio.scan()
    await anext(scan)
    bluez.scanner.failure = BleakError("bluetoothd is gone")
    async with asyncio.timeout(2):
        with pytest.raises(RadioError, match="bluetoothd is gone"):
            await anext(scan)


async def test_scanning_has_limits() -> None:
    """A crowd of changing addresses fills no memory: the oldest are forgotten, the newest are heard."""
    bluez = Bluez()
    bluez.scanner.heard = [(f"{number:06x}", QUIET) for number in range(2 * HEARD_COUNT_MAX)]
    async with contextlib.aclosing(bluez.radio.scan()) as scan:
        first = await anext(scan)
        assert len(bluez.radio._heard) == HEARD_COUNT_MAX
        assert int(first.address, 16) >= HEARD_COUNT_MAX
        with pytest.raises(LinkError, match="not heard"):
            async with bluez.radio.connect("000000"):
                raise AssertionError("it is forgotten")


async def test_a_new_scan_starts_with_nobody_heard() -> None:
    """What was heard yesterday can't be connected to: BlueZ has forgotten it too."""
    bluez = Bluez()
    await bluez.hear()
    bluez.scanner.heard = [("AA:AA:AA:AA:AA:AA", QUIET)]
    await bluez.hear()
    with pytest.raises(LinkError, match="not heard"):
        async with bluez.radio.connect(ADDRESS):
            raise AssertionError("it was not heard again")


@pytest.mark.parametrize("step", [hang, refuse(BleakError("le-connection-abort")), refuse(EOFError())])
async def test_a_connection_that_fails_is_a_link_error(step: Any) -> None:
    """Hanging, refused, bus gone: a LinkError in time, and the client is asked to clean up."""
    bluez = Bluez(connect=[step])
    async with asyncio.timeout(2):
        with pytest.raises(LinkError, match="connect"):
            async with bluez.link():
                raise AssertionError("there is no link")
    assert bluez.client.did == ["connect", "disconnect"]


@pytest.mark.parametrize(
    ("step", "act"),
    [
        ("read 2", lambda link: link.read(CHAR)),
        ("write", lambda link: link.write(CHAR, b"1")),
        ("subscribe", lambda link: link.subscribe(CHAR)),
    ],
)
async def test_what_hangs_is_a_link_error(step: str, act: Any) -> None:
    """Without an agent BlueZ never answers a protected read: the named time-out does."""
    bluez = Bluez(**{step.replace(" ", "_"): [hang]})
    async with asyncio.timeout(2), bluez.link() as link:
        with pytest.raises(LinkError, match="no answer in time"):
            await act(link)


async def test_insufficient_encryption_pairs_once_and_tries_again() -> None:
    """Where the device demands a bond, one is made and the step is taken once more."""
    bluez = Bluez(read_2=[refuse(BleakGATTProtocolError(0x0F)), agree])
    async with bluez.link() as link:
        assert await link.read(CHAR) == b"ok"
    assert bluez.client.did == ["connect", "read 2", "pair", "read 2", "disconnect"]


async def test_pairing_that_does_not_help_ends() -> None:
    """A device that still refuses after pairing is a LinkError, not a circle."""
    no = refuse(BleakGATTProtocolError(0x05))
    bluez = Bluez(read_2=[no, no])
    async with bluez.link() as link:
        with pytest.raises(LinkError, match="Insufficient Authentication"):
            await link.read(CHAR)
    assert bluez.client.did.count("pair") == 1


async def test_pairing_that_hangs_or_fails_is_a_link_error() -> None:
    """Nobody types the passkey, or the agent refuses: the talk ends in time."""
    for step in (hang, refuse(BleakDBusError("org.bluez.Error.AuthenticationFailed", []))):
        bluez = Bluez(read_2=[refuse(BleakGATTProtocolError(0x0F))], pair=[step])
        async with asyncio.timeout(2), bluez.link() as link:
            with pytest.raises(LinkError, match="pair"):
                await link.read(CHAR)


async def test_other_refusals_do_not_pair() -> None:
    """What has nothing to do with a bond is told as it is."""
    bluez = Bluez(read_2=[refuse(BleakGATTProtocolError(0x02))])
    async with bluez.link() as link:
        with pytest.raises(LinkError, match="Read Not Permitted"):
            await link.read(CHAR)
    assert "pair" not in bluez.client.did


async def test_a_goodbye_that_fails_harms_nobody() -> None:
    """A disconnect that hangs or fails takes neither the talk's result nor its error."""
    for step in (hang, refuse(BleakError("no"))):
        bluez = Bluez(disconnect=[step])
        async with asyncio.timeout(2), bluez.link() as link:
            assert await link.read(CHAR) == b"ok"
    bluez = Bluez(disconnect=[refuse(BleakError("no"))])
    with pytest.raises(ZeroDivisionError):
        async with bluez.link():
            raise ZeroDivisionError


async def test_a_disconnect_wakes_who_receives() -> None:
    """What was told before is received, then the LinkError comes at once, and no step is tried any more."""
    bluez = Bluez()
    async with asyncio.timeout(2), bluez.link() as link:
        await link.subscribe(CHAR)
        bluez.client.tell(bytearray(b"1"))
        client = link._client._backend
        asyncio.get_running_loop().call_soon(client._disconnected_callback)
        assert await link.receive(timeout_s=60) == (CHAR, b"1")
        with pytest.raises(LinkError, match="hung up"):
            await link.receive(timeout_s=60)
        with pytest.raises(LinkError, match="hung up"):
            await link.read(CHAR)
        assert "read 2" not in bluez.client.did


async def test_what_was_told_and_hung_up_at_once_was_subscribed() -> None:
    """A device may tell all and hang up while the answer is still on its way to us: what it told is kept."""

    async def tell_and_hang_up() -> None:
        bluez.client.tell(bytearray(b"1"))
        link._client._backend._disconnected_callback()
        await hang()

    bluez = Bluez(subscribe=[tell_and_hang_up])
    async with asyncio.timeout(2), bluez.link() as link:
        await link.subscribe(CHAR)
        assert await link.receive(timeout_s=60) == (CHAR, b"1")
        with pytest.raises(LinkError, match="hung up"):
            await link.receive(timeout_s=60)


async def test_one_connection_is_opened_at_a_time() -> None:
    """BlueZ refuses a second Connect while the first goes on: they queue, and a failure frees the place."""
    bluez = Bluez(connect=[hang, agree])
    await bluez.hear()

    async def visit() -> str:
        try:
            async with bluez.radio.connect(ADDRESS):
                return "linked"
        except LinkError:
            return "failed"

    async with asyncio.timeout(2):
        assert await asyncio.gather(visit(), visit()) == ["failed", "linked"]
    assert bluez.client.did == ["connect", "disconnect", "connect", "disconnect"]


async def test_forget_drops_our_half_of_the_bond() -> None:
    """A stale bond is dropped on demand; when BlueZ refuses, it says so."""
    bluez = Bluez(unpair=[agree, refuse(BleakError("busy"))])
    await bluez.hear()
    await bluez.radio.forget(ADDRESS)
    with pytest.raises(LinkError, match="busy"):
        await bluez.radio.forget(ADDRESS)


@pytest.mark.parametrize("spec", ["hci0", "tcp:1.2.3.4:5", "unix", ""])
def test_an_unknown_radio_is_refused_with_the_known_ones(spec: str) -> None:
    """Who misspells the radio is told which there are."""
    with pytest.raises(RadioError, match="known are: bluez, unix:<place>"):
        open_radio(spec, bonds=None)


def test_a_radio_whose_package_is_missing_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra the error names it."""
    missing = EntryPoint("unix", "no_such_package:open_radio", "pusterom.radios")
    monkeypatch.setattr(gateway.radio, "entry_points", lambda **_: EntryPoints([missing]))
    with pytest.raises(RadioError, match=r"pusterom\[simulators\]"):
        open_radio("unix:/x", bonds=Path("bonds"))
