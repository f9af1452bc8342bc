"""The door to a broker: what the hub and the ward need of MQTT 5, and nothing more.

One suite, tests/contracts/test_broker.py, runs over every implementation: paho against Mosquitto,
paho against our own small broker, and the virtual client of the simulation.
"""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol


class UplinkError(Exception):
    """The far end can't be reached, or refused. Expected: back off and try again."""


class DeniedError(UplinkError):
    """The broker's rules forbid this publish (0x87): a person must mend them, waiting does not."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message, as it came."""

    topic: str
    payload: bytes


class Session(Protocol):
    """One connection to a broker, from CONNACK until it is lost or left."""

    async def publish(self, topic: str, payload: bytes, *, is_retained: bool = False) -> None:
        """Publish at QoS 1 and return once the broker has acknowledged it.

        Raises UplinkError when the connection is lost first, or when the reason code is an error
        (>= 0x80); DeniedError, which is one, when it is 0x87. "No matching subscribers" (0x10) is a
        success: the far end may be away.
        """
        ...

    async def receive(self) -> Message:
        """Return the next message of the subscriptions; raise UplinkError once the connection is lost."""
        ...


class Broker(Protocol):
    """Opens sessions."""

    def session(
        self, client_id: str, *, subscriptions: tuple[str, ...] = (), will: Message | None = None
    ) -> AbstractAsyncContextManager[Session]:
        """Connect, subscribe, and hand out the session; leaving it disconnects cleanly.

        Raises UplinkError when the broker is away, refuses, or speaks no MQTT 5 (with a hint).
        A new session never resends what an earlier one had in flight: the log does that.
        The will, if any, is published (retained, QoS 1) when the connection is lost uncleanly.
        """
        ...
