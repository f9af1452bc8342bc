"""What one connection has in flight and in its inbox, and how both end when it is lost.

Every Session is built on it, the real one and the virtual one, so that the simulation runs the
same window, the same time-out and the same ending as the hub in the home.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from cloud_bridge.broker import DeniedError, Message, UplinkError

WINDOW = 20
"""Publishes in flight at once; Mosquitto's own default. More than 100 were measured to be slower."""

RECEIVE_MAX = 20
"""Messages the broker may send before the first of them is acknowledged: the rest waits there."""

INBOX_COUNT_MAX = 1000
"""More than this unread is a broker that does not keep RECEIVE_MAX, or a flood at QoS 0."""

PACKET_BYTES_MAX = 5_000_000
"""The largest packet sent or taken; a batch is at most 4 MB."""

PACKET_OVERHEAD_BYTES = 16
"""Room for a PUBLISH packet's header, packet id and properties, besides topic and payload."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a session waits for the broker, and how long the broker keeps what is for us.

    A publish without an answer for `ack_timeout_s` means a dead connection, whatever the socket
    says. `session_expiry_s` spans a restart of ours, not a holiday: the log needs none of it.
    """

    connect_timeout_s: float = 10.0
    ack_timeout_s: float = 30.0
    keepalive_s: int = 60
    session_expiry_s: int = 3600


PATIENCE = Patience()


class Flow:
    """The window of publishes, the inbox of messages, and the one reason why both end."""

    def __init__(self, on_lost: Callable[[], None], ack_timeout_s: float) -> None:
        self._on_lost = on_lost
        self._ack_timeout_s = ack_timeout_s
        self._slots = asyncio.Semaphore(WINDOW)
        self._packet_bytes_max = PACKET_BYTES_MAX
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self._inbox: deque[tuple[Message, Callable[[], None]]] = deque()
        self._news = asyncio.Event()
        self.reason: str | None = None
        """Why the connection ended; None while it lasts."""

    def agree(self, receive_max: int | None, packet_bytes_max: int | None) -> None:
        """Take over what the broker's CONNACK allows, where it is less than our own limits."""
        self._slots = asyncio.Semaphore(min(WINDOW, receive_max or WINDOW))
        self._packet_bytes_max = min(PACKET_BYTES_MAX, packet_bytes_max or PACKET_BYTES_MAX)

    async def publish(self, size_bytes: int, send: Callable[[], int]) -> None:
        """Send when the window has room, and return once the packet is acknowledged."""
        if size_bytes + PACKET_OVERHEAD_BYTES > self._packet_bytes_max:
            raise UplinkError(
                f"a message of {size_bytes} bytes; at most {self._packet_bytes_max} can be sent"
            )
        await self._slots.acquire()
        try:
            self._check()
            packet_id = send()
        except BaseException:
            self._slots.release()
            raise
        # From here the slot belongs to the packet, not to us: if we are cancelled, it is still in flight.
        acked = self._waiting[packet_id] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(self._ack_timeout_s):
                await acked
        except TimeoutError:
            self.lose(f"no acknowledgement within {self._ack_timeout_s:g} s")
            self._check()

    def acked(self, packet_id: int, refusal: str | None, *, is_denied: bool = False) -> None:
        """Wake the publish that waits for this packet's acknowledgement; a denied one is a DeniedError."""
        acked = self._waiting.pop(packet_id, None)
        if acked is None:
            return  # acknowledged twice: the first one counted
        self._slots.release()
        if not acked.done():
            if refusal is None:
                acked.set_result(None)
            else:
                acked.set_exception(_refused(refusal, is_denied=is_denied))

    def arrived(self, message: Message, take: Callable[[], None]) -> None:
        """Put a message into the inbox; `take` is called, to acknowledge it, when somebody has it."""
        if len(self._inbox) >= INBOX_COUNT_MAX:
            self.lose(f"the broker sent more than {INBOX_COUNT_MAX} messages that nobody has taken yet")
            return
        self._inbox.append((message, take))
        self._news.set()

    async def receive(self) -> Message:
        """Return the next message; what arrived before the end is handed out before the UplinkError."""
        while not self._inbox:
            self._check()
            self._news.clear()
            await self._news.wait()
        message, take = self._inbox.popleft()
        if self.reason is None:
            take()
        return message

    def lose(self, reason: str) -> None:
        """End everything, once: only the first reason counts."""
        if self.reason is not None:
            return
        self.reason = reason
        for acked in self._waiting.values():
            self._slots.release()
            if not acked.done():
                acked.set_exception(UplinkError(reason))
        self._waiting.clear()
        self._news.set()
        self._on_lost()

    def _check(self) -> None:
        if self.reason is not None:
            raise UplinkError(self.reason)


def _refused(refusal: str, *, is_denied: bool) -> UplinkError:
    said = f"the broker refused the message: {refusal}"
    if not is_denied:
        return UplinkError(said)
    return DeniedError(f"{said}; whoever keeps the broker's access list must allow it")
