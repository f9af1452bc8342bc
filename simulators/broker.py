"""Our own small MQTT 5 broker, for demo and simulation: loopback only, QoS 0 and 1, nothing on disk.

It knows no users, so what it forbids it forbids everybody, and it does not age a message by its
expiry: for real use there is Mosquitto.
"""

import asyncio
import ipaddress
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from simulators.broker_connection import Connection
from simulators.broker_state import BrokerState


class SmallBroker:
    """A broker in this process, over loopback sockets or over any other asyncio transport."""

    def __init__(self) -> None:
        self.state = BrokerState()
        self.is_reachable = True
        self.denied_topics: set[str] = set()
        """What nobody may publish to from now on: such a publish is answered with 0x87."""
        self._connections: dict[Connection, None] = {}
        self._is_quiet = asyncio.Event()
        self._is_stopping = False
        self._dropped_before = 0

    @property
    def dropped_count(self) -> int:
        """How many messages could neither be sent nor kept, since this broker was made."""
        return self._dropped_before + self.state.dropped_count

    @asynccontextmanager
    async def listening(self, *, port: int = 0, host: str = "127.0.0.1") -> AsyncIterator[int]:
        """Listen on loopback and hand out the port; leaving it cuts every connection."""
        _refuse_all_but_loopback(host)
        loop = asyncio.get_running_loop()
        server = await loop.create_server(self.connection, host, port)
        try:
            yield int(server.sockets[0].getsockname()[1])
        finally:
            await self._stop(server)

    def connection(self) -> Connection:
        """Return the broker's end of a new connection, to be given a transport."""
        connection = Connection(self)
        self._connections[connection] = None
        self._is_quiet.clear()
        return connection

    def is_welcome(self) -> bool:
        """Tell a new connection whether it may stay."""
        return self.is_reachable and not self._is_stopping

    def lost(self, connection: Connection) -> None:
        """Forget a connection that has ended."""
        self._connections.pop(connection, None)
        if not self._connections:
            self._is_quiet.set()

    def set_reachable(self, is_reachable: bool) -> None:
        """Cut the internet, or mend it: while it is cut every connection is aborted, old or new."""
        self.is_reachable = is_reachable
        if not is_reachable:
            self._abort_all()

    def deny(self, *patterns: str) -> None:
        """Refuse every publish on these topics from now on, as an access list does; none: allow all."""
        self.state.denied = frozenset(patterns)

    def forget(self) -> None:
        """Fall over and start again without sessions, queues and retained messages."""
        self._dropped_before += self.state.dropped_count
        for session in list(self.state.sessions.values()):
            if session.expiry is not None:
                session.expiry.cancel()
        denied, self.state = self.state.denied, BrokerState()
        self.state.denied = denied  # a rule stands in a file, and outlives the broker's memory
        for connection in list(self._connections):
            connection.forget()

    def _abort_all(self) -> None:
        for connection in list(self._connections):
            connection.abort()

    async def _stop(self, server: asyncio.Server) -> None:
        """End every connection, and wait until none is left: not even one that was just accepted."""
        self._is_stopping = True
        # asyncio breaks down over a connection that it accepted in the very turn of close(), and
        # never closes its socket: so no more are accepted, and those that were get their turn first.
        for sock in server.sockets:
            asyncio.get_running_loop().remove_reader(sock.fileno())
        await asyncio.sleep(0)
        server.close()
        self._abort_all()
        if self._connections:
            await self._is_quiet.wait()
        self._is_stopping = False


def _refuse_all_but_loopback(host: str) -> None:
    try:
        is_loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise ValueError(f"the small broker listens on loopback only (127.0.0.1 or ::1), not on {host!r}")
