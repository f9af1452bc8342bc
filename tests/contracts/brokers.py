"""The three far ends of the broker contract, each reached over roads that can be cut or fall silent."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from random import Random
from typing import Protocol

from cloud_bridge.broker import Broker
from cloud_bridge.flow import Patience
from cloud_bridge.mqtt import PahoBroker
from simulators.broker import SmallBroker
from simulators.virtual_mqtt import VirtualBroker

DENIED = "pusterom/v1/denied"
"""Where every far end lets nobody publish."""

PATIENCE = Patience(connect_timeout_s=5.0, ack_timeout_s=10.0)


class Road(Protocol):
    """One way to the far end; several roads lead to the same."""

    broker: Broker

    def cut(self) -> None:
        """Abort every connection, old and new."""

    def mend(self) -> None:
        """Let new connections through again."""

    def mute_answers(self) -> None:
        """Let what comes from the broker vanish from now on; what is sent still arrives."""


class Far(Protocol):
    """A far end."""

    async def road(self, patience: Patience = PATIENCE) -> Road:
        """Return one more road to it."""


class TcpRoad:
    """A small TCP relay in front of a broker, and paho on this side of it."""

    def __init__(self, far_port: int) -> None:
        self._far_port = far_port
        self._is_cut = False
        self._is_mute = False
        self._writers: list[asyncio.StreamWriter] = []
        self._relays: list[asyncio.Task] = []

    @asynccontextmanager
    async def open(self, patience: Patience) -> AsyncIterator["TcpRoad"]:
        """Listen while somebody uses it."""
        server = await asyncio.start_server(self._relay, "127.0.0.1", 0)
        self.broker = PahoBroker(f"mqtt://127.0.0.1:{server.sockets[0].getsockname()[1]}", patience=patience)
        try:
            yield self
        finally:
            server.close()
            self.cut()
            async with asyncio.timeout(10):
                await asyncio.gather(*self._relays, return_exceptions=True)

    def cut(self) -> None:
        self._is_cut = True
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    def mend(self) -> None:
        self._is_cut = False

    def mute_answers(self) -> None:
        self._is_mute = True

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        self._relays.append(asyncio.current_task())
        if self._is_cut:
            self.cut()
            return
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._far_port)
        self._writers.append(far_writer)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._carry(reader, far_writer, is_answer=False))
            group.create_task(self._carry(far_reader, writer, is_answer=True))

    async def _carry(self, reader, writer, *, is_answer: bool) -> None:
        try:
            while data := await reader.read(65_536):
                if not (is_answer and self._is_mute):
                    writer.write(data)
                    await writer.drain()
        except ConnectionError:
            pass  # the other side went first
        writer.close()


class TcpFar:
    """A broker on a port."""

    def __init__(self, port: int, stack: AsyncExitStack) -> None:
        self._port = port
        self._stack = stack

    async def road(self, patience: Patience = PATIENCE) -> Road:
        """Return one more road to it."""
        return await self._stack.enter_async_context(TcpRoad(self._port).open(patience))


class VirtualRoad:
    """A virtual client."""

    def __init__(self, far: SmallBroker, patience: Patience) -> None:
        self.broker = VirtualBroker(far, Random(0), patience=patience)

    def cut(self) -> None:
        self.broker.set_reachable(False)

    def mend(self) -> None:
        self.broker.set_reachable(True)

    def mute_answers(self) -> None:
        self.broker.mute_answers()


class VirtualFar:
    """The small broker, without a port."""

    def __init__(self) -> None:
        self._small = SmallBroker()
        self._small.deny(DENIED)

    async def road(self, patience: Patience = PATIENCE) -> Road:
        """Return one more road to it."""
        return VirtualRoad(self._small, patience)


@asynccontextmanager
async def paho_to_small() -> AsyncIterator[Far]:
    """Paho over TCP to our own broker."""
    small = SmallBroker()
    small.deny(DENIED)
    async with small.listening() as port, AsyncExitStack() as stack:
        yield TcpFar(port, stack)


@asynccontextmanager
async def paho_to(port: int) -> AsyncIterator[Far]:
    """Paho over TCP to whatever listens on this port."""
    async with AsyncExitStack() as stack:
        yield TcpFar(port, stack)
