"""The internet between a home and its broker: cut, silent, slow, and mended."""

import asyncio
from contextlib import asynccontextmanager, suppress

import pytest

from simulators.internet import Internet

SOON_S = 10.0


@asynccontextmanager
async def echoing():
    """Run an echo behind an internet; hand out the internet, its port and the echo's ends."""
    ends: list[asyncio.StreamWriter] = []

    async def echo(reader, writer) -> None:
        ends.append(writer)
        with suppress(ConnectionError):
            while data := await reader.read(100):
                writer.write(data)

    async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
        internet = Internet("127.0.0.1", server.sockets[0].getsockname()[1])
        async with internet.open() as port:
            yield internet, port, ends


async def is_over(reader) -> bool:
    """Wait for the end of a connection: an end is as good as a reset."""
    with suppress(ConnectionError):
        return await reader.read(1) == b""
    return True


def run(life) -> None:
    """Live it through, within a time."""

    async def main() -> None:
        async with asyncio.timeout(SOON_S), echoing() as (internet, port, ends):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                await life(internet, reader, writer)
            finally:
                for end in (writer, *ends):
                    end.transport.abort()

    asyncio.run(main())


def test_what_is_sent_into_silence_is_gone_and_so_is_its_connection_afterwards():
    """Nothing comes and nobody is told; when it is over, a connection that lost bytes is broken."""

    async def life(internet, reader, writer) -> None:
        writer.write(b"before")
        assert await reader.readexactly(6) == b"before"
        internet.set_silent(True)
        writer.write(b"lost")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.2)
        internet.set_silent(False)
        assert await is_over(reader)

    run(life)


def test_a_silence_in_which_nothing_was_said_harms_nobody():
    """A connection that lost no bytes goes on."""

    async def life(internet, reader, writer) -> None:
        writer.write(b"before")
        await reader.readexactly(6)
        internet.set_silent(True)
        internet.set_silent(False)
        writer.write(b"after")
        assert await reader.readexactly(5) == b"after"

    run(life)


def test_a_slow_line_carries_everything_later():
    """Each piece takes so much longer, either way, and none is lost."""

    async def life(internet, reader, writer) -> None:
        internet.delay_s = 0.1
        clock = asyncio.get_running_loop().time
        begun_s = clock()
        writer.write(b"slow")
        assert await reader.readexactly(4) == b"slow"
        assert clock() - begun_s >= 0.2

    run(life)


def test_a_cut_line_breaks_every_connection():
    """Who is connected hears of it, and who comes is let go."""

    async def life(internet, reader, writer) -> None:
        writer.write(b"x")
        await reader.readexactly(1)
        internet.set_cut(True)
        assert await is_over(reader)

    run(life)
