"""The socket that lends the air: who may serve, who may listen, and what a dead process leaves."""

import asyncio
import contextlib
import socket
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from devices.driver import LinkError
from gateway.ports import Radio, RadioError
from gateway.radio import Waits, open_radio
from simulators.radio.air import Air
from simulators.radio.backend import unix_radio
from simulators.radio.host import hosted
from simulators.radio.server import serve
from simulators.simulate import simulate
from tests.contracts.teller import FEATURE, SECRET, TOLD, Teller
from tests.simulators.radio.conftest import ADDRESS, hear

pytestmark = pytest.mark.anyio
TEST_S = 8.0


@pytest.fixture
def place() -> Iterator[Path]:
    # Not tmp_path: the path of a unix socket must be short.
    with TemporaryDirectory() as folder:
        yield Path(folder) / "radio.sock"


def mode_of(place: Path) -> str:
    return stat.filemode(place.stat().st_mode)


async def test_only_the_owner_may_join(place: Path) -> None:
    """The socket is its owner's alone, and goes with the process that made it."""
    async with serve(Air(), f"unix:{place}"):
        assert mode_of(place) == "srw-------"
    with pytest.raises(FileNotFoundError):
        mode_of(place)


async def test_a_living_server_is_not_robbed_of_its_place(place: Path) -> None:
    """A second server says who is in the way, and the first goes on."""
    async with serve(Air(), f"unix:{place}"):
        with pytest.raises(RadioError, match="another process serves"):
            async with serve(Air(), f"unix:{place}"):
                raise AssertionError("the place is taken")
        assert mode_of(place) == "srw-------"


async def test_a_dead_servers_socket_is_replaced(place: Path) -> None:
    """What a killed process left behind is in nobody's way."""
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(place))
        left.listen()
    async with serve(Air(), f"unix:{place}"):
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(place))


@pytest.fixture
def file(place: Path) -> Path:
    place.write_text("precious")
    return place


async def test_a_file_is_never_overwritten(file: Path) -> None:
    """A path that is something else than a socket is left alone."""
    with pytest.raises(RadioError, match="no socket"):
        async with serve(Air(), f"unix:{file}"):
            raise AssertionError("there is a file")
    assert mode_of(file).startswith("-")


@pytest.mark.parametrize("spec", ["unix:", "tcp:1", "radio.sock"])
async def test_a_spec_of_another_form_is_refused(spec: str) -> None:
    """Only unix:/path names a place to serve."""
    with pytest.raises(RadioError, match="not of the form"):
        async with serve(Air(), spec):
            raise AssertionError("there is no such place")


async def test_a_place_that_can_not_be_is_refused(place: Path) -> None:
    """A folder that isn't there is said in words."""
    with pytest.raises(RadioError, match="can't serve"):
        async with serve(Air(), f"unix:{place}/nowhere/radio.sock"):
            raise AssertionError("there is no such folder")


async def test_a_client_that_talks_nonsense_is_cut_off(place: Path) -> None:
    """Anything but HCI ends that client, and nobody else."""
    air = Air()
    async with asyncio.timeout(TEST_S), serve(air, f"unix:{place}"):
        reader, writer = await asyncio.open_unix_connection(place)
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
        writer.close()
        with contextlib.suppress(ConnectionResetError):
            await writer.wait_closed()
        assert not air.controllers


@pytest.mark.parametrize("is_linked", [False, True])
async def test_a_server_that_stops_ends_what_waits_for_it(place: Path, is_linked: bool) -> None:
    """A connection being opened, and a value being read, end with the radio and not with their time-outs."""
    spec, air, twin = f"unix:{place}", Air(), Teller("teller", ADDRESS)
    radio = unix_radio(spec, waits=Waits(connect_s=60, read_s=60))
    served, over = asyncio.Event(), asyncio.Event()

    async def serve_until_over() -> None:
        async with serve(air, spec):
            served.set()
            await over.wait()

    async def talk() -> None:
        await hear(radio)
        twin.is_awake = is_linked
        await host.refresh()
        async with radio.connect(ADDRESS) as link:
            host.set_in_range(False)
            await link.read(FEATURE)

    async with (
        asyncio.timeout(TEST_S),
        hosted(air, [twin], interval_ms=20) as (host,),
        asyncio.TaskGroup() as tasks,
    ):
        tasks.create_task(serve_until_over())
        await served.wait()
        twin.is_awake = True
        await host.refresh()
        asyncio.get_running_loop().call_later(0.2, over.set)
        async with asyncio.timeout(1.5):
            with pytest.raises(LinkError, match=r"lost|out of reach"):
                await talk()


async def visit(radio: Radio) -> bytes:
    """Pair with whoever calls, and return the first thing it says."""
    async with contextlib.aclosing(radio.scan()) as scan:
        address = (await anext(scan)).address
    async with radio.connect(address) as link:
        assert await link.read(SECRET) == b"secret"
        await link.subscribe(TOLD)
        return (await link.receive(timeout_s=2))[1]


async def test_simulate_lets_devices_wake_again_and_again(place: Path) -> None:
    """`pusterom simulate` serves devices that a hub, by the name of its radio, hears, pairs and listens to.

    Started anew, it still knows the hub.
    """
    spec, moment, said = f"unix:{place}", datetime(2026, 3, 1, tzinfo=UTC), []
    radio = open_radio(spec, bonds=place.with_name("hub.json"))

    for _ in range(2):
        twin, served = Teller("teller", "F0:00:00:00:00:0B"), asyncio.Event()

        def say(line: str, served: asyncio.Event = served) -> None:
            said.append(line)
            served.set()

        async with asyncio.timeout(TEST_S), asyncio.TaskGroup() as tasks:
            program = tasks.create_task(
                simulate(
                    spec,
                    [twin],
                    0.05,
                    say,
                    measure=lambda twin, at: twin.measure(at.isoformat().encode()),
                    now=lambda: moment,
                )
            )
            await served.wait()
            assert await visit(radio) == moment.isoformat().encode()
            assert await visit(radio) == moment.isoformat().encode()
            program.cancel()
    assert said[0] == f"1 devices are in the air at {spec}"
    assert said[1] == "teller (F0:00:00:00:00:0B) has measured"
