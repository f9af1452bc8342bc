"""The internet between one home and its broker: a forwarder on loopback that can be cut, silent or slow."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

CHUNK_BYTES = 65536


class Internet:
    """Forwards TCP to a broker.

    Cut: every connection dies and no new one comes about. Silent: connections stay open and come
    about, and nothing passes. Slow: every piece takes `delay_s` longer.
    """

    def __init__(self, host: str, port: int) -> None:
        self.is_cut = False
        self.is_silent = False
        self.delay_s = 0.0
        self._target = (host, port)
        self._open: list[asyncio.StreamWriter] = []
        self._robbed: list[asyncio.StreamWriter] = []
        self._audible = asyncio.Event()
        self._audible.set()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[int]:
        """Hand out the loopback port at which the home finds its broker."""
        server = await asyncio.start_server(self._forward, "127.0.0.1", 0)
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            server.close()
            self.set_silent(False)
            self._abort(self._open)

    def set_cut(self, is_cut: bool) -> None:
        """Break every connection without a word and let no new one through; or mend the line."""
        self.is_cut = is_cut
        if is_cut:
            self._abort(self._open)

    def set_silent(self, is_silent: bool) -> None:
        """Swallow whatever comes, either way; afterwards a connection that lost bytes is no connection."""
        self.is_silent = is_silent
        if is_silent:
            self._audible.clear()
        else:
            self._audible.set()
            self._abort(self._robbed)

    def _abort(self, writers: list[asyncio.StreamWriter]) -> None:
        for writer in writers:
            writer.transport.abort()
        writers.clear()

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
                both.create_task(self._pour(reader, far_writer))
                both.create_task(self._pour(far_reader, writer))
        finally:
            for end in ends:
                end.transport.abort()
                with contextlib.suppress(ValueError):
                    self._open.remove(end)

    async def _pour(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry bytes one way; when this way ends, so does the other."""
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK_BYTES):
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                if self.is_silent:
                    self._robbed.append(writer)
                    continue
                writer.write(data)
                await writer.drain()
        await self._audible.wait()  # an end that nobody hears is none at the other end
        writer.transport.abort()
