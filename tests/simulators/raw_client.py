"""A client that says exactly what a test wants, on a wire in memory, in virtual time."""

import asyncio
import selectors

import mqtt5

from simulators.mqtt_packets import Framer
from simulators.virtual_wire import join

AT_LEAST_ONCE = mqtt5.QoS.AT_LEAST_ONCE


class _Jump(selectors.DefaultSelector):
    def select(self, timeout=None):
        if timeout is None:
            raise AssertionError("everything waits for something that can no longer happen")
        self.loop.now_s += max(timeout, 0.0)
        return super().select(0)


class JumpLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock jumps to the next timer; any error in a callback fails the run."""

    def __init__(self):
        self.now_s = 0.0
        self.errors = []
        selector = _Jump()
        selector.loop = self
        super().__init__(selector)
        self.set_exception_handler(lambda _loop, context: self.errors.append(context))

    def time(self):
        return self.now_s


def run(main):
    """Run a coroutine in virtual time; return its result."""
    with asyncio.Runner(loop_factory=JumpLoop) as runner:
        result = runner.run(main)
        assert runner.get_loop().errors == []
    return result


class RawClient(asyncio.Protocol):
    """Keeps every packet it gets; `lost` is set when the broker has closed."""

    def __init__(self, broker):
        self.packets = []
        self.bytes = b""
        self.lost = asyncio.Event()
        self._framer = Framer(10**9)
        self._wire, _ = join(self, broker.connection(), lambda: 0.0)

    def data_received(self, data):
        self.bytes += data
        if not data.startswith(b"\x20\x02\x00\x01"):  # the one answer that is not of MQTT 5
            self.packets += self._framer.feed(data)

    def connection_lost(self, _error):
        self.lost.set()

    async def send(self, *packets):
        """Send packets or bytes, and let the broker answer."""
        self._wire.write(b"".join(p if isinstance(p, bytes) else p.write() for p in packets))
        await settle()

    def hang_up(self):
        """Cut the wire."""
        self._wire.abort()

    def of(self, kind):
        """Return what has arrived of this kind of packet."""
        return [packet for packet in self.packets if isinstance(packet, kind)]

    @property
    def heard(self):
        """The payloads of the messages that have arrived."""
        return [packet.payload for packet in self.of(mqtt5.PublishPacket)]

    @property
    def goodbye(self):
        """The reason of the broker's DISCONNECT, by name."""
        return [packet.reason_code.name for packet in self.of(mqtt5.DisconnectPacket)]


async def connected(broker, client_id, **said):
    """Return a client that has said CONNECT."""
    client = RawClient(broker)
    await client.send(mqtt5.ConnectPacket(client_id, **said))
    return client


async def subscribed(broker, client_id, *patterns, **said):
    """Return a client that has connected and subscribed at QoS 1."""
    client = await connected(broker, client_id, **said)
    filters = [mqtt5.TopicFilter(pattern, max_qos=AT_LEAST_ONCE) for pattern in patterns]
    await client.send(mqtt5.SubscribePacket(1, filters))
    return client


def message(payload, topic="a/b", packet_id=1, **said):
    """Return a PUBLISH at QoS 1."""
    return mqtt5.PublishPacket(topic, payload, qos=AT_LEAST_ONCE, packet_id=packet_id, **said)


async def settle():
    """Let everything happen that needs no time."""
    for _ in range(8):
        await asyncio.sleep(0)
