"""The internet between one home and its broker: a forwarder on loopback that can be cut."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

CHUNK_BYTES = 65536


class Internet:
    """Forwards TCP to a broker; when it is cut, every connection dies and no new one comes about."""

    def __init__(self, host: str, port: int) -> None:
        self.is_cut = False
        self._target = (host, port)
        self._open: list[asyncio.StreamWriter] = []

    @asynccontextmanager
    async def open(self) -> AsyncIterator[int]:
        """Hand out the loopback port at which the home finds its broker."""
        server = await asyncio.start_server(self._forward, "127.0.0.1", 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            self._abort()

    def set_cut(self, is_cut: bool) -> None:
        """Break every connection without a word and let no new one through; or mend the line."""
        self.is_cut = is_cut
        if is_cut:
            self._abort()

    def _abort(self) -> None:
        for writer in self._open:
            writer.transport.abort()
        self._open.clear()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.is_cut:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._target)
        except OSError:
            writer.transport.abort()
            return
        ends = [writer, far_writer]
        self._open += ends
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(_pour(reader, far_writer))
                both.create_task(_pour(far_reader, writer))
        finally:
            for end in ends:
                end.transport.abort()
                with contextlib.suppress(ValueError):
                    self._open.remove(end)


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Carry bytes one way; when this way ends, so does the other."""
    with contextlib.suppress(OSError):
        while data := await reader.read(CHUNK_BYTES):
            writer.write(data)
            await writer.drain()
    writer.transport.abort()
