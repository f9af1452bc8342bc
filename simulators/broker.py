"""Our own small MQTT 5 broker, for demo and simulation: loopback only, QoS 0 and 1, nothing on disk.

It keeps no access rules and does not age a message by its expiry: for real use there is Mosquitto.
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
        self.connections: dict[Connection, None] = {}
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
            server.close()
            self._abort_all()
            await server.wait_closed()

    def connection(self) -> Connection:
        """Return the broker's end of a new connection, to be given a transport."""
        return Connection(self)

    def set_reachable(self, is_reachable: bool) -> None:
        """Cut the internet, or mend it: while it is cut every connection is aborted, old or new."""
        self.is_reachable = is_reachable
        if not is_reachable:
            self._abort_all()

    def forget(self) -> None:
        """Fall over and start again without sessions, queues and retained messages."""
        self._dropped_before += self.state.dropped_count
        for session in list(self.state.sessions.values()):
            if session.expiry is not None:
                session.expiry.cancel()
        self.state = BrokerState()
        for connection in list(self.connections):
            connection.forget()

    def _abort_all(self) -> None:
        for connection in list(self.connections):
            connection.abort()


def _refuse_all_but_loopback(host: str) -> None:
    try:
        is_loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise ValueError(f"the small broker listens on loopback only (127.0.0.1 or ::1), not on {host!r}")
