"""The road to a broker in memory: a client of MQTT 5 without sockets, threads or a clock of its own.

It opens its sessions on a SmallBroker over a wire in memory, and can be unkind in seeded ways.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

from cloud_bridge.broker import Message, Session, UplinkError
from cloud_bridge.flow import PATIENCE, Patience
from simulators.broker import SmallBroker
from simulators.virtual_faults import NO_FAULTS, Faults, Luck
from simulators.virtual_session import VirtualSession, connect_packet
from simulators.virtual_wire import join


class VirtualBroker:
    """A Broker in memory; everybody on one SmallBroker hears everybody else."""

    def __init__(
        self,
        broker: SmallBroker,
        dice: Random,
        *,
        faults: Faults = NO_FAULTS,
        patience: Patience = PATIENCE,
    ) -> None:
        self._broker = broker
        self._luck = Luck(dice, faults)
        self._patience = patience
        self.is_reachable = True
        self._sessions: dict[VirtualSession, None] = {}

    @asynccontextmanager
    async def session(
        self, client_id: str, *, subscriptions: tuple[str, ...] = (), will: Message | None = None
    ) -> AsyncIterator[Session]:
        """Connect over a wire of its own."""
        if not self.is_reachable:
            raise UplinkError("can't reach the broker: the internet is cut")
        session = VirtualSession(connect_packet(client_id, self._patience, will), self._luck, self._patience)
        self._sessions[session] = None
        join(session, self._broker.connection(), self._luck.latency_s)
        try:
            try:
                async with asyncio.timeout(self._patience.connect_timeout_s):
                    await session.open()
                    await session.subscribe(subscriptions)
            except TimeoutError as error:
                raise UplinkError(f"no answer within {self._patience.connect_timeout_s:g} s") from error
            yield session
        finally:
            del self._sessions[session]
            session.leave()

    def set_faults(self, faults: Faults) -> None:
        """Be as unkind as this from now on."""
        self._luck.faults = faults

    def set_reachable(self, is_reachable: bool) -> None:
        """Cut this client's own line, or mend it; others on the same SmallBroker go on."""
        self.is_reachable = is_reachable
        if not is_reachable:
            for session in list(self._sessions):
                session.abort()

    def mute(self) -> None:
        """Let the bytes of all present sessions vanish, unnoticed: a half-open connection."""
        for session in list(self._sessions):
            session.mute()

    def mute_answers(self) -> None:
        """Let only the broker's bytes to the present sessions vanish: what they send still arrives."""
        for session in list(self._sessions):
            session.mute_answers()
