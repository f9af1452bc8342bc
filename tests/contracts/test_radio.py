"""What a Radio promises, whichever it is."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from devices.driver import Advertisement, Link, LinkError
from gateway.ports import Radio, RadioError
from tests.contracts.radios import AirProcess, Room, address_of, open_air, open_far, open_virtual
from tests.contracts.teller import ABSENT, DATA_SERVICE, ECHO, FEATURE, ORDERS, SECRET, SERVICE, TOLD

A, B = "teller-a", "teller-b"
TEST_S = 10.0
QUIET_S = 3.0

OpenRoom = Callable[[], AbstractAsyncContextManager[Room]]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def process() -> Iterator[AirProcess]:
    # A folder of its own: the path of a unix socket must be short.
    with TemporaryDirectory() as folder:
        air = AirProcess(Path(folder))
        air.start()
        yield air
        air.die()


@pytest.fixture(params=["virtual", "air", "unix"])
def open_room(request: pytest.FixtureRequest) -> OpenRoom:
    if request.param != "unix":
        return open_air if request.param == "air" else open_virtual
    process = request.getfixturevalue("process")
    return lambda: open_far(process)


async def hear(radio: Radio, name: str) -> Advertisement:
    """Return what this device calls."""
    async with asyncio.timeout(TEST_S), aclosing(radio.scan()) as scan:
        async for heard in scan:
            if heard.address == address_of(name):
                return heard
    raise AssertionError("a scan only ends by being cancelled")


@asynccontextmanager
async def link_to(room: Room, name: str) -> AsyncIterator[Link]:
    """Hear a device and open a link to it."""
    await hear(room.radio, name)
    async with asyncio.timeout(TEST_S), room.radio.connect(address_of(name)) as link:
        yield link


async def received(link: Link) -> list[bytes]:
    """Return all that arrives until the link ends; fails if it merely falls silent."""
    got: list[bytes] = []

    async def until_it_ends() -> None:
        while True:
            got.append((await link.receive(timeout_s=QUIET_S))[1])

    with pytest.raises(LinkError) as ended:
        await until_it_ends()
    assert "silent" not in str(ended.value)
    return got


def records(count: int, start: int = 0) -> list[bytes]:
    return [bytes([number]) * 3 for number in range(start, start + count)]


async def measure(room: Room, name: str, those: list[bytes], stops_after: int | None = None) -> None:
    await room.order(name, "measure", records=[each.hex() for each in those], stops_after=stops_after)


async def untold(room: Room, name: str) -> list[bytes]:
    return [bytes.fromhex(each) for each in await room.order(name, "untold")]


@pytest.mark.anyio
async def test_an_awake_device_is_heard_and_a_sleeping_one_is_not(open_room: OpenRoom) -> None:
    """A scan tells name, services, service data and strength of whoever is awake, and of nobody else."""
    async with open_room() as room:
        await measure(room, A, records(1))
        heard = await hear(room.radio, A)
        assert heard.name == A
        assert heard.services == {SERVICE}
        assert heard.service_data == {DATA_SERVICE: b"\x01\x02"}
        assert heard.rssi_dbm is None or -100 < heard.rssi_dbm < -20
        await measure(room, B, records(1))
        await room.order(A, "sleep")
        names = set()
        async with aclosing(room.radio.scan()) as scan:
            for _ in range(3):
                names.add((await anext(scan)).name)
        assert names == {B}


@pytest.mark.anyio
async def test_has_read_and_write(open_room: OpenRoom) -> None:
    """A link knows what the device offers, reads it, writes to it; what is not offered is a LinkError."""
    async with open_room() as room:
        await measure(room, A, records(1))
        async with link_to(room, A) as link:
            assert link.has(FEATURE)
            assert not link.has(ABSENT)
            assert await link.read(FEATURE) == b"feature"
            await link.subscribe(ECHO)
            await link.write(ORDERS, b"\x07")
            assert await link.receive(timeout_s=QUIET_S) == (ECHO, b"\x07")
            await link.write(ORDERS, b"\x08", with_response=False)
            assert await link.receive(timeout_s=QUIET_S) == (ECHO, b"\x08")
            with pytest.raises(LinkError):
                await link.read(ABSENT)
            with pytest.raises(LinkError):
                await link.subscribe(ABSENT)


@pytest.mark.anyio
async def test_what_is_secured_needs_no_word_from_the_session(open_room: OpenRoom) -> None:
    """A protected value is read, and a protected subscription made, by whoever asks: pairing is ours."""
    async with open_room() as room:
        await measure(room, A, records(2))
        async with link_to(room, A) as link:
            assert await link.read(SECRET) == b"secret"
            await link.subscribe(TOLD)
            assert await received(link) == records(2)


@pytest.mark.anyio
async def test_backlog_counts_what_has_arrived(open_room: OpenRoom) -> None:
    """What arrived and was not received yet is counted, and received in order."""
    async with open_room() as room:
        await measure(room, A, records(1))
        async with link_to(room, A) as link:
            await link.subscribe(ECHO)
            await link.write(ORDERS, bytes(range(5)))
            first = await link.receive(timeout_s=QUIET_S)
            rest = [await link.receive(timeout_s=QUIET_S) for _ in range(3)]
            await link.write(ORDERS, b"")  # there and back: everything before it is here by now
            assert link.backlog == 1
            assert [first, *rest] == [(ECHO, bytes([number])) for number in range(4)]
            assert await link.receive(timeout_s=QUIET_S) == (ECHO, b"\x04")
            assert link.backlog == 0


@pytest.mark.anyio
async def test_a_silent_device_is_a_link_error(open_room: OpenRoom) -> None:
    """Who waits longer than he wanted to is told so, and the link goes on."""
    async with open_room() as room:
        await measure(room, A, records(1))
        async with link_to(room, A) as link:
            with pytest.raises(LinkError, match="silent"):
                await link.receive(timeout_s=0.05)
            assert await link.read(FEATURE) == b"feature"


@pytest.mark.anyio
async def test_indications_arrive_in_order_confirmed_and_before_the_end(open_room: OpenRoom) -> None:
    """A device that tells and hangs up at once loses nothing: all is handed out, then comes the LinkError."""
    async with open_room() as room:
        await measure(room, A, records(12))
        async with link_to(room, A) as link:
            await link.subscribe(TOLD)
            assert await received(link) == records(12)
            with pytest.raises(LinkError):
                await link.receive(timeout_s=QUIET_S)
            with pytest.raises(LinkError):
                await link.read(FEATURE)
        assert await untold(room, A) == []


@pytest.mark.anyio
async def test_a_lost_link_loses_no_record(open_room: OpenRoom) -> None:
    """Out of range in the middle of a talk: a LinkError soon, and the rest at the next visit."""
    async with open_room() as room:
        await measure(room, A, records(5), stops_after=2)
        async with link_to(room, A) as link:
            await link.subscribe(TOLD)
            got = [(await link.receive(timeout_s=QUIET_S))[1] for _ in range(2)]
            await room.order(A, "lose")
            async with asyncio.timeout(2.0):
                assert await received(link) == []
        assert got == records(2)
        await room.order(A, "find")
        await measure(room, A, records(1, start=5))
        async with link_to(room, A) as link:
            await link.subscribe(TOLD)
            assert await received(link) == records(4, start=2)


@pytest.mark.anyio
async def test_who_went_away_is_a_link_error_in_time(open_room: OpenRoom) -> None:
    """Connecting to a device that sleeps again ends soon, and hinders no later connection."""
    async with open_room() as room:
        await measure(room, A, records(1))
        await hear(room.radio, A)
        await room.order(A, "sleep")
        async with asyncio.timeout(2.0):
            with pytest.raises(LinkError):
                async with room.radio.connect(address_of(A)):
                    raise AssertionError("there was nobody to connect to")
        await measure(room, A, [])
        async with asyncio.timeout(TEST_S), room.radio.connect(address_of(A)) as link:
            assert await link.read(FEATURE) == b"feature"


@pytest.mark.anyio
async def test_who_was_never_heard_is_a_link_error(open_room: OpenRoom) -> None:
    """Only what was heard can be connected to."""
    async with open_room() as room:
        with pytest.raises(LinkError):
            async with room.radio.connect(address_of(A)):
                raise AssertionError("nobody was heard")


@pytest.mark.anyio
@pytest.mark.parametrize("is_scanning", [True, False])
async def test_a_cancelled_connection_leaves_the_radio_usable(open_room: OpenRoom, is_scanning: bool) -> None:
    """Giving up on one device doesn't keep the radio from the next, nor from the same one."""
    async with open_room() as room, asyncio.timeout(TEST_S), aclosing(room.radio.scan()) as scan:
        await measure(room, A, records(1))
        await anext(scan)
        await room.order(A, "sleep")
        if not is_scanning:
            await scan.aclose()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.1), room.radio.connect(address_of(A)):
                raise AssertionError("there was nobody to connect to")
        await measure(room, A, [])
        for _ in range(2):
            async with room.radio.connect(address_of(A)) as link:
                assert await link.read(FEATURE) == b"feature"


@pytest.mark.anyio
async def test_scanning_goes_on_while_connected(open_room: OpenRoom) -> None:
    """A talk with one device doesn't deafen us to the others."""
    async with open_room() as room:
        await measure(room, A, records(1))
        await measure(room, B, records(1))
        async with asyncio.timeout(TEST_S), aclosing(room.radio.scan()) as scan:
            while (await anext(scan)).name != A:
                pass
            async with room.radio.connect(address_of(A)) as link:
                for _ in range(3):
                    while (await anext(scan)).name != B:
                        pass
                    assert await link.read(FEATURE) == b"feature"


@pytest.mark.anyio
async def test_two_devices_at_once(open_room: OpenRoom) -> None:
    """Two talks side by side don't hear each other's words."""

    async def talk(room: Room, name: str) -> list[bytes]:
        async with room.radio.connect(address_of(name)) as link:
            await link.subscribe(TOLD)
            return await received(link)

    async with open_room() as room, asyncio.timeout(TEST_S):
        await measure(room, A, records(8))
        await measure(room, B, records(8, start=100))
        missing = {A, B}
        async with aclosing(room.radio.scan()) as scan:
            while missing:
                missing.discard((await anext(scan)).name)
        both = await asyncio.gather(talk(room, A), talk(room, B))
        assert both == [records(8), records(8, start=100)]


@pytest.mark.anyio
async def test_a_garbled_frame_breaks_nothing(open_room: OpenRoom) -> None:
    """Bytes without sense are handed on as they are, and so are the good ones behind them."""
    junk = [b"", b"\xff" * 40, bytes(1), b"\x1b\x77"]
    async with open_room() as room:
        await measure(room, A, [*junk, *records(2)])
        async with link_to(room, A) as link:
            await link.subscribe(TOLD)
            assert await received(link) == [*junk, *records(2)]


@pytest.mark.anyio
async def test_a_radio_that_dies_says_so_and_may_return() -> None:
    """Dead radio: the link and the scan end with their errors; when it is back, so is the hub."""
    with TemporaryDirectory() as folder:
        process = AirProcess(Path(folder))
        process.start()
        async with contextlib.AsyncExitStack() as stack:
            room = await stack.enter_async_context(open_far(process))
            await measure(room, A, records(1))
            async with asyncio.timeout(TEST_S), aclosing(room.radio.scan()) as scan:
                await anext(scan)
                async with room.radio.connect(address_of(A)) as link:
                    process.die()
                    with pytest.raises(LinkError, match="hung up or went out of reach"):
                        await link.receive(timeout_s=TEST_S)
                with pytest.raises(RadioError, match="pusterom simulate"):
                    async for _ in scan:
                        pass
            radio = room.radio
        with pytest.raises(RadioError):
            await hear(radio, A)
        process.start()
        async with open_far(process) as room:
            await measure(room, A, records(1))
            assert (await hear(radio, A)).name == A
            async with radio.connect(address_of(A)) as link:
                assert await link.read(FEATURE) == b"feature"
        process.die()
